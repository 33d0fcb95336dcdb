"""People's way into the workspace: the networks that they come from, joined to that of its private endpoints."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi

from components.azure.joining import linked, peered
from components.azure.network import label_of
from components.given import Args, Tags, Text


@dataclass(kw_only=True)
class PeopleArgs(Args):
    """The networks that people come from, and what they are joined to."""

    group_name: Text
    """The name of the resource group of the network and of its zones."""
    virtual_network_id: Text | None = None
    """The id of the network to which those of people are joined, of Network. Where none is given, they are joined
    already. Whether it is given must be known."""
    zone_ids: Mapping[str, Text]
    """The ids of the private zones that people's networks are to read, by their names. The names must be known."""
    network_ids: Sequence[str]
    """The ids of the virtual networks that people come from. They must be known."""
    tags: Tags
    """The tags of everything that can carry some."""


class People(pulumi.ComponentResource):
    """Creates, for each network that people come from, this side's half of a peering and a link to each private zone.

    A browser that opens the studio speaks to the workspace, to its notebooks and to its storage. Whoever pushes an
    image or uploads an artifact speaks to the registry and the storage. So people's network reads every zone of the
    stack's. The other side makes its own half of the peering.

    People stand in such a network: at a virtual desktop or a jump host. Whoever comes through a gateway of that network
    is not let through, for the peering uses no gateway. A network whose people do is a landing zone's to join.

    Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-configure-private-link,
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-custom-dns and
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-enable-studio-virtual-network
    """

    network_ids: pulumi.Output[list[str]]
    """The ids of the networks, known once each is joined on this side."""

    def __init__(self, name: str, args: PeopleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:People", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        zones = {label_of(zone): id_ for zone, id_ in args.zone_ids.items()}
        made = list[pulumi.Output[str]]()
        own = args.virtual_network_id
        for network_id in args.network_ids:
            if own is not None:
                made.append(peered(name, "people", network_id, own, args.group_name, child))
            made += linked(name, "people", network_id, zones, args.group_name, args.tags, child)
        self.network_ids = pulumi.Output.all(*made).apply(lambda _: list(args.network_ids))
        self.register_outputs({"network_ids": self.network_ids})
