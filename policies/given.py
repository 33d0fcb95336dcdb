"""What a landing zone gives a stack, as rules need it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeVar

from catalogue import landing_zones
from catalogue.graph import Graph
from catalogue.landing_zones import AwsNetwork, AzureNetwork, GcpNetwork, LandingZone
from catalogue.marked import texts_in
from catalogue.once import once_a_graph
from catalogue.properties import Properties

REMEDY = "Or have the account excepted from the policy, and take it out of the landing zone."
"""What mends a contradiction of the organisation's own policy, where the plan is not to change."""

Network = TypeVar("Network", AwsNetwork, GcpNetwork, AzureNetwork)


@once_a_graph
def networks(graph: Graph) -> Mapping[str, AwsNetwork | GcpNetwork | AzureNetwork]:
    """The network of the landing zone that the stack file names, by the landing zone's name.

    In a stack of another program, that of each landing zone whose network a resource of the graph names by its id.
    Raises BadInput for a file of landing zones that cannot be read.
    """
    zones = {name: zone for name, zone in landing_zones.load().items() if zone.platform == graph.platform}
    known = {name: zone.network for name, zone in zones.items() if zone.network is not None}
    if graph.placement is not None:
        return {name: network for name, network in known.items() if name == graph.placement.landing_zone}
    if not known:
        return {}
    named = {text.casefold() for resource in graph.cloud for text in texts_in(resource.inputs)}
    return {name: network for name, network in known.items() if network.named_by.casefold() in named}


def zone(graph: Graph) -> LandingZone | None:
    """The landing zone that the stack file names; None where it names none, and for a stack of another program.

    Raises BadInput for a file of landing zones that cannot be read, and KeyError where it has lost the entry.
    """
    name = graph.placement.landing_zone if graph.placement else None
    return None if name is None else landing_zones.load()[name]


def org_policy(graph: Graph, id_: str) -> Sequence[str] | None:
    """The values of a policy of the organisation; None where it is not in force. Raises as `zone` does."""
    there = zone(graph)
    return None if there is None else there.org_policies.get(id_)


def logs(graph: Graph) -> str | None:
    """The log store of the landing zone; None where it gives none. Raises as `zone` does."""
    there = zone(graph)
    return there.logs if there else None


def trail(graph: Graph) -> str | None:
    """The trail of the landing zone; None where it gives none. Raises as `zone` does."""
    there = zone(graph)
    return there.trail if there else None


def tags_lacking(graph: Graph, said: Properties) -> Iterator[str]:
    """What the landing zone puts on everything and these tags do not say, each with what follows it in a sentence.

    Raises as `zone` does.
    """
    there = zone(graph)
    for tag, value in there.extra_tags.items() if there else ():
        if said.text_or_empty(tag) != value:
            yield f"{tag}: {value}, which the landing zone gives"


def of(graph: Graph, shape: type[Network]) -> list[Network]:
    """The networks of one platform's shape."""
    return [network for network in networks(graph).values() if isinstance(network, shape)]
