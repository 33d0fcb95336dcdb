"""The facts of a stack on Vertex AI."""

from collections.abc import Iterator

from catalogue.graph import Graph
from catalogue.kinds.gcp import billing, mlplatform
from catalogue.kinds.gcp.provider import PROVIDER
from catalogue.kinds.gcp.vertex import ENDPOINT
from catalogue.properties import Unreadable
from catalogue.wording import counted
from operations import facts

_MODEL, _BUDGET = mlplatform.MODEL, billing.BUDGET


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


def answers_inside_only(graph: Graph) -> bool:
    """Where each endpoint has an address in the network by Private Service Connect, and no other."""
    path = "privateServiceConnectConfig.enablePrivateServiceConnect"
    return all(served.props.flag_or_none(path) is True for served in graph.of(ENDPOINT))


def exportable(graph: Graph) -> str:
    """Artifacts in Cloud Storage, and the models of the registry."""
    models = counted(len(graph.of(_MODEL)), "registered model")
    return f"{counted(len(facts.artifacts(graph)), 'model artifact')} in Cloud Storage and {models}"
