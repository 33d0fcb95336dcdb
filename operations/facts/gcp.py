"""The facts of a stack on Vertex AI."""

from collections.abc import Iterator

from catalogue.graph import Graph
from catalogue.kind import Apis
from catalogue.kinds import kind_of
from catalogue.kinds.gcp import billing, mlplatform, vertex
from catalogue.kinds.gcp.provider import PROVIDER
from catalogue.properties import Unreadable
from operations import facts

_MODEL, _SERVED, _BUDGET = mlplatform.MODEL, vertex.ENDPOINT, billing.BUDGET


def account_and_region(graph: Graph) -> tuple[str, str]:
    """The project and region of Google's provider."""
    provider = next(r for r in graph.resources if r.type == PROVIDER)
    return str(provider.inputs["project"]), str(provider.inputs["region"])


def budgets(graph: Graph) -> Iterator[float]:
    """The amount of each budget, from whole units and billionths. `cost-budget` reports one that cannot be read."""
    for budget in graph.of(_BUDGET):
        try:
            amount = budget.props.section_or_empty("amount.specifiedAmount")
            units = amount.number_or_none("units")
            if units:
                yield units + (amount.number_or_none("nanos") or 0) / 1e9
        except Unreadable:
            continue


def exportable(graph: Graph) -> str:
    """Artifacts in Cloud Storage, and the models of the registry."""
    models = len(graph.of(_MODEL))
    return f"{len(facts.artifacts(graph))} model artifacts in Cloud Storage and {models} registered models"


def before_up(graph: Graph) -> Iterator[str]:
    """A new project has its APIs off, and no role in the project allows a budget on its billing account."""
    kinds = [kind for kind in map(kind_of, {resource.type for resource in graph.cloud}) if kind is not None]
    apis = sorted({api for kind in kinds if isinstance(kind.apis, Apis) for api in kind.apis.names})
    if apis:
        yield f"enable the project's APIs ({', '.join(apis)})"
    if graph.of(_BUDGET):
        yield "have the right to make budgets on the billing account (roles/billing.costsManager)"


def after_up(graph: Graph) -> Iterator[str]:
    """An e-mail channel needs no confirmation. Somebody inside the network must make the first call."""
    if served := graph.of(_SERVED):
        name = served[0].props.text_if_known("name") or served[0].name
        yield f"call {name} from inside the network, for example from Workbench"
