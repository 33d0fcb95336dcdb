"""The facts of a stack on Azure Machine Learning."""

from collections.abc import Iterator

from catalogue.graph import Graph
from catalogue.kinds.azure import consumption
from catalogue.kinds.azure.machinelearningservices import MODEL, SERVED, WORKSPACE
from catalogue.platforms import PLATFORMS
from operations import facts

_AZURE = "azure-native:"


def account_and_region(graph: Graph) -> tuple[str, str]:
    """The subscription and location of Azure's provider. Empty where it does not name them."""
    for provider in graph.of(PLATFORMS["azure"].provider):
        return provider.props.text_if_known("subscriptionId"), provider.props.text_if_known("location")
    return "", ""


def budgets(graph: Graph) -> Iterator[float]:
    """The amount of each budget."""
    for budget in graph.of(consumption.BUDGET):
        amount = budget.props.number_or_none("amount")
        if amount:
            yield float(amount)


def exportable(graph: Graph) -> str:
    """Artifacts in blob storage, and the model versions of the registry."""
    models = len(graph.of(MODEL))
    return f"{len(facts.artifacts(graph))} model artifacts in blob storage and {models} registered versions"


def before_up(graph: Graph) -> Iterator[str]:
    """A new subscription must register each namespace that a stack uses."""
    if graph.of(WORKSPACE):
        spaces = sorted({_namespace(r.type) for r in graph.resources if r.type.startswith(_AZURE)})
        yield f"register the subscription's resource providers ({', '.join(spaces)})"


def _namespace(token: str) -> str:
    """The part of a type between its colons, such as `machinelearningservices`."""
    return token.removeprefix(_AZURE).partition(":")[0]


def after_up(graph: Graph) -> Iterator[str]:
    """The action group needs no confirmation. Somebody inside the network must make the first call."""
    names = [served.props.text_if_known("endpointName") or served.name for served in graph.of(SERVED)]
    if names:
        yield f"call {names[0]} from inside the network, for example from a compute instance"
