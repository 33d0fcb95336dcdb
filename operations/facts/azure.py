"""The facts of a stack on Azure Machine Learning."""

from collections.abc import Iterator

from catalogue.graph import Graph
from catalogue.kinds.azure import consumption
from catalogue.kinds.azure.machinelearningservices import MODEL, SERVED
from catalogue.platforms import PLATFORMS
from catalogue.wording import counted
from operations import facts


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


def answers_inside_only(graph: Graph) -> bool:
    """Where no endpoint has public access."""
    path = "properties.publicNetworkAccess"
    return all(served.props.text_if_known(path) == "Disabled" for served in graph.of(SERVED))


def exportable(graph: Graph) -> str:
    """Artifacts in blob storage, and the model versions of the registry."""
    models = counted(len(graph.of(MODEL)), "registered version")
    return f"{counted(len(facts.artifacts(graph)), 'model artifact')} in blob storage and {models}"
