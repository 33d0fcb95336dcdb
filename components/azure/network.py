"""A private network: no public address, no NAT; Azure's services through private endpoints only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import network, privatedns

ZONES: Mapping[str, tuple[str, ...]] = {
    "amlworkspace": ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"),
    "blob": ("privatelink.blob.core.windows.net",),
    "file": ("privatelink.file.core.windows.net",),
    "registry": ("privatelink.azurecr.io",),
    "vault": ("privatelink.vaultcore.azure.net",),
}
"""The DNS zones of each kind of private endpoint, by its group. "Azure Private Endpoint private DNS zone values"."""


@dataclass
class NetworkArgs:
    """`reach` are the groups of private endpoints that the switched-on features need, such as `amlworkspace`.

    There is one subnet: Azure's span the zones of a region, and its private endpoints survive the loss of one.
    """

    group_name: pulumi.Input[str]
    region: str
    cidr: str
    reach: Iterable[str]
    tags: Mapping[str, str]


@dataclass
class Reached:
    """Where private endpoints of one group stand, and the DNS zones that lead to them."""

    group: str
    subnet_id: pulumi.Output[str]
    zone_ids: list[pulumi.Output[str]]


class Network(pulumi.ComponentResource):
    """Creates a virtual network with one subnet for private endpoints, and the DNS zones of what is in `reach`.

    People and callers stand in this network; machines stand in the workspace's managed network, which Azure ML keeps
    (components/azure/workspace.py). Refuses everything but HTTPS within the network, in and out, and gives no machine
    a way out by default (default_outbound_access). Flow logs come later: they want the region's network watcher, which
    is not the pilot's; the services behind the private endpoints log who came. Rules: Azure ML, "Configure a private
    endpoint for an Azure ML workspace"; Virtual Network, "Default outbound access in Azure".
    """

    subnet_id: pulumi.Output[str]
    reached: dict[str, Reached]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Network", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        vnet = network.VirtualNetwork(
            f"{name}-vnet",
            resource_group_name=args.group_name,
            location=args.region,
            address_space={"address_prefixes": [args.cidr]},
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
        self.subnet_id = subnet.id
        self.reached = {
            group: Reached(group, subnet.id, [self._zone(name, zone, args, vnet.id) for zone in ZONES[group]])
            for group in sorted(set(args.reach))
        }
        self.register_outputs({"subnet_id": self.subnet_id})

    def _zone(self, name: str, zone: str, args: NetworkArgs, vnet_id: pulumi.Output[str]) -> pulumi.Output[str]:
        label = zone.removeprefix("privatelink.").replace(".", "-")
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


def private_endpoint(
    name: str,
    to: pulumi.Input[str],
    reached: Reached,
    args: tuple[pulumi.Input[str], str, Mapping[str, str]],
    opts: pulumi.ResourceOptions,
) -> network.PrivateDnsZoneGroup:
    """Create the private endpoint of the resource `to`; `args` are resource group, region and tags.

    Returns its DNS zone group, for what must wait until the resource can be reached, and must go before it cannot.
    """
    group_name, region, tags = args
    endpoint = network.PrivateEndpoint(
        name,
        resource_group_name=group_name,
        location=region,
        subnet={"id": reached.subnet_id},
        private_link_service_connections=[
            {"name": reached.group, "private_link_service_id": to, "group_ids": [reached.group]}
        ],
        tags=tags,
        opts=opts,
    )
    return network.PrivateDnsZoneGroup(
        f"{name}-dns",
        private_dns_zone_group_name="default",
        private_endpoint_name=endpoint.name,
        resource_group_name=group_name,
        private_dns_zone_configs=[
            {"name": zone.replace(".", "-"), "private_dns_zone_id": zone_id}
            for zone, zone_id in zip(ZONES[reached.group], reached.zone_ids, strict=True)
        ],
        opts=opts,
    )


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
