"""What joins a network of others to the stack's own: this side's half of a peering, and links to private zones."""

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import network, privatedns

from components.azure.names import digest
from components.given import Tags, Text


def peered(
    name: str, who: str, network_id: str, own_id: Text, group_name: Text, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Create this side's half of a peering, known by the id of the other network. Returns its own id.

    It lets no traffic of third networks through, and neither side uses the gateway of the other.
    https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-peering-overview
    """
    at = digest(network_id.lower())
    return network.VirtualNetworkPeering(
        f"{name}-peering-{at}",
        virtual_network_peering_name=f"{who}-{at}",
        virtual_network_name=_last(own_id),
        resource_group_name=group_name,
        remote_virtual_network={"id": network_id},
        allow_virtual_network_access=True,
        allow_forwarded_traffic=False,
        allow_gateway_transit=False,
        use_remote_gateways=False,
        opts=opts,
    ).id


def linked(
    name: str,
    who: str,
    network_id: str,
    zone_ids: Mapping[str, Text],
    group_name: Text,
    tags: Tags,
    opts: pulumi.ResourceOptions,
) -> list[pulumi.Output[str]]:
    """Let a network read private zones. `zone_ids` are by the word that the resource's name has for each zone.

    Azure refuses the link where the network reads another zone of the same name already.
    https://learn.microsoft.com/en-us/azure/private-link/private-link-faq
    """
    at = digest(network_id.lower())
    return [
        privatedns.VirtualNetworkLink(
            f"{name}-{word}-{at}",
            virtual_network_link_name=f"{who}-{at}",
            private_zone_name=_last(zone_id),
            resource_group_name=group_name,
            location="global",
            virtual_network={"id": network_id},
            registration_enabled=False,
            tags=tags,
            opts=opts,
        ).id
        for word, zone_id in zone_ids.items()
    ]


def _last(id_: Text) -> pulumi.Output[str]:
    return pulumi.Output.from_input(id_).apply(lambda known: known.rpartition("/")[2])
