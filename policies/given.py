"""What a landing zone gives a stack, as rules need it: the networks that the resources of a graph name."""

from collections.abc import Mapping
from typing import TypeVar

from catalogue import landing_zones
from catalogue.graph import Graph
from catalogue.landing_zones import AwsNetwork, AzureNetwork, GcpNetwork
from catalogue.marked import texts_in
from catalogue.once import once_a_graph

Network = TypeVar("Network", AwsNetwork, GcpNetwork, AzureNetwork)


@once_a_graph
def networks(graph: Graph) -> Mapping[str, AwsNetwork | GcpNetwork | AzureNetwork]:
    """The network of each landing zone that a resource of the graph names by its id, by the landing zone's name.

    Raises BadInput for a file of landing zones that cannot be read.
    """
    zones = {name: zone for name, zone in landing_zones.load().items() if zone.platform == graph.platform}
    known = {name: zone.network for name, zone in zones.items() if zone.network is not None}
    if not known:
        return {}
    named = {text.casefold() for resource in graph.cloud for text in texts_in(resource.inputs)}
    return {name: network for name, network in known.items() if network.named_by.casefold() in named}


def of(graph: Graph, shape: type[Network]) -> list[Network]:
    """The networks of one platform's shape."""
    return [network for network in networks(graph).values() if isinstance(network, shape)]
