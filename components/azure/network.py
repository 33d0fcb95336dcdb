"""A private network: no public address, no NAT; Azure's services through private endpoints only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pulumi
from pulumi_azure_native import network, privatedns

from components.azure.ids import Ids, one_of
from components.given import Args, BadArgument, Tags, Text

ZONES: Mapping[str, tuple[str, ...]] = {
    "amlworkspace": ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"),
    "blob": ("privatelink.blob.core.windows.net",),
    "file": ("privatelink.file.core.windows.net",),
    "registry": ("privatelink.azurecr.io",),
    "vault": ("privatelink.vaultcore.azure.net",),
}
"""The DNS zones of each group of private endpoints.

Source: https://learn.microsoft.com/en-us/azure/private-link/private-endpoint-dns
"""


@dataclass(kw_only=True)
class GivenNetworkArgs(Args):
    """A virtual network that is there already. Nothing of it is made, changed or deleted."""

    virtual_network_id: Text
    """The id of the virtual network."""
    subnet_id: Text
    """The id of its subnet in which private endpoints may stand."""
    zone_ids: Mapping[str, Text] = field(default_factory=dict[str, Text])
    """The ids of the private DNS zones that are linked to it, by their names. The names must be known."""


@dataclass(kw_only=True)
class NetworkArgs(Args):
    """Where the network stands, its addresses, and what is reached through it.

    Raises BadArgument where both a network and the addresses of one are given, or neither.
    """

    group_name: Text
    """The name of the resource group in which the network is created."""
    region: Text
    """The Azure region of the network, such as eastus2."""
    given: GivenNetworkArgs | None = None
    """The network that is there. Where none is given, one is made of `cidr`."""
    cidr: Text | None = None
    """The addresses of the network and of its one subnet, such as 10.40.0.0/20. A /29 is the least."""
    reach: Sequence[str] = field(default_factory=lambda: list(ZONES))
    """The groups of private endpoints that need a DNS zone. Where none are given, all that this package uses.

    The program must know it: it decides which zones there are.
    """
    tags: Tags
    """The tags of everything that is created."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.given is None) is (self.cidr is None):
            raise BadArgument(
                "NetworkArgs.cidr: is the addresses of a network that is made; give it or `given`, one of both"
            )


class Network(pulumi.ComponentResource):
    """Creates a virtual network with one subnet for private endpoints, and the private DNS zones of what is in `reach`.

    People and callers come in by this network. Machines stand in the workspace's managed network, which Azure ML keeps.
    One subnet is enough: Azure's span the zones of a region, and private endpoints survive the loss of one zone.

    The network refuses everything but HTTPS within itself, in and out, and gives no machine a way out by default. The
    component refuses a group in `reach` that it has no zones for. It keeps no flow logs, for they need the region's
    network watcher, which is not this network's own. The services behind the private endpoints log who came.

    Where a network is given, only the private DNS zones that it lacks are made, and linked to it.

    Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-configure-private-link and
    https://learn.microsoft.com/en-us/azure/virtual-network/ip-services/default-outbound-access
    """

    subnet_id: pulumi.Output[str]
    """The id of the subnet in which private endpoints stand."""
    zone_ids: dict[str, pulumi.Output[str]]
    """The ids of the private DNS zones by their names, such as privatelink.vaultcore.azure.net."""
    virtual_network_id: pulumi.Output[str]
    """The id of the virtual network."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Network", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        for group in args.reach:
            if group not in ZONES:
                raise BadArgument(
                    f"NetworkArgs.reach: {group!r} is no group of private endpoints with DNS zones here; "
                    f"give some of {', '.join(ZONES)}"
                )
        given = args.given
        vnet_id, self.subnet_id = self._made(name, args) if given is None else _outputs(given)
        self.virtual_network_id = vnet_id
        there: Mapping[str, Text] = {} if given is None else given.zone_ids
        self.zone_ids = {
            zone: pulumi.Output.from_input(there[zone]) if zone in there else self._zone(name, zone, args, vnet_id)
            for group in sorted(set(args.reach))
            for zone in ZONES[group]
        }
        self.register_outputs(
            {
                "subnet_id": self.subnet_id,
                "zone_ids": self.zone_ids,
                "virtual_network_id": self.virtual_network_id,
            }
        )

    def _made(self, name: str, args: NetworkArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Make the network and its subnet. Returns the ids of both."""
        vnet = network.VirtualNetwork(
            f"{name}-vnet",
            resource_group_name=args.group_name,
            location=args.region,
            address_space={"address_prefixes": [args.cidr or ""]},
            tags=args.tags,
            # The subnet is a resource of its own; as a property of the network, too, each would undo the other.
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["subnets"]),
        )
        rules = network.NetworkSecurityGroup(
            f"{name}-rules",
            resource_group_name=args.group_name,
            location=args.region,
            security_rules=[
                _rule("https-in", "Inbound", "Allow", 100, "443"),
                _rule("nothing-else-in", "Inbound", "Deny", 4096),
                _rule("https-out", "Outbound", "Allow", 100, "443"),
                _rule("nothing-else-out", "Outbound", "Deny", 4096),
            ],
            tags=args.tags,
            opts=self._child,
        )
        subnet = network.Subnet(
            f"{name}-private",
            subnet_name="private",
            resource_group_name=args.group_name,
            virtual_network_name=vnet.name,
            address_prefix=args.cidr,
            network_security_group={"id": rules.id},
            private_endpoint_network_policies="Enabled",  # else the rules above pass private endpoints by
            default_outbound_access=False,
            opts=self._child,
        )
        return vnet.id, subnet.id

    def _zone(self, name: str, zone: str, args: NetworkArgs, vnet_id: pulumi.Output[str]) -> pulumi.Output[str]:
        label = label_of(zone)
        made = privatedns.PrivateZone(
            f"{name}-{label}",
            private_zone_name=zone,
            resource_group_name=args.group_name,
            location="global",
            tags=args.tags,
            opts=self._child,
        )
        link = privatedns.VirtualNetworkLink(
            f"{name}-{label}-link",
            virtual_network_link_name="network",
            private_zone_name=made.name,
            resource_group_name=args.group_name,
            location="global",
            virtual_network={"id": vnet_id},
            registration_enabled=False,
            tags=args.tags,
            opts=self._child,
        )
        # Whoever registers an address in the zone waits until the network reads it.
        return pulumi.Output.all(made.id, link.id).apply(lambda both: both[0])


def label_of(zone: str) -> str:
    """The word for a private zone in the names of what is made for it, such as api-azureml-ms."""
    return zone.removeprefix("privatelink.").replace(".", "-")


def _outputs(given: GivenNetworkArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
    return pulumi.Output.from_input(given.virtual_network_id), pulumi.Output.from_input(given.subnet_id)


class Private(Protocol):
    """The arguments of a component that is reached in private, as far as its private endpoints need them."""

    group_name: Text
    region: Text
    subnet_id: Text
    zone_ids: Ids
    tags: Tags


def private_endpoint(
    name: str, to: Text, group: str, args: Private, opts: pulumi.ResourceOptions
) -> tuple[network.PrivateEndpoint, network.PrivateDnsZoneGroup]:
    """Create the private endpoint of the resource `to` for one of its groups, which is one of ZONES.

    Returns it, and its DNS zone group, for what must wait until the resource can be reached, and must go before it
    cannot.
    Raises BadArgument where the id of one of its zones is not given.
    """
    endpoint = network.PrivateEndpoint(
        name,
        resource_group_name=args.group_name,
        location=args.region,
        subnet={"id": args.subnet_id},
        private_link_service_connections=[{"name": group, "private_link_service_id": to, "group_ids": [group]}],
        tags=args.tags,
        opts=opts,
    )
    zones = network.PrivateDnsZoneGroup(
        f"{name}-dns",
        private_dns_zone_group_name="default",
        private_endpoint_name=endpoint.name,
        resource_group_name=args.group_name,
        private_dns_zone_configs=[
            {
                "name": zone.replace(".", "-"),
                "private_dns_zone_id": one_of(args.zone_ids, zone, f"{type(args).__name__}.zone_ids"),
            }
            for zone in ZONES[group]
        ],
        opts=opts,
    )
    return endpoint, zones


def _rule(name: str, direction: str, access: str, priority: int, port: str = "*") -> network.SecurityRuleArgsDict:
    where = "VirtualNetwork" if access == "Allow" else "*"
    return {
        "name": name,
        "direction": direction,
        "access": access,
        "priority": priority,
        "protocol": "Tcp" if access == "Allow" else "*",
        "source_address_prefix": where,
        "source_port_range": "*",
        "destination_address_prefix": where,
        "destination_port_range": port,
    }
