"""Azure networks: the private network of a pilot, and the resources that would lead out of it."""

from catalogue.answers import by_path
from catalogue.behaviour import Ref
from catalogue.graph import Resource
from catalogue.kind import (
    Acts,
    Apart,
    At,
    Bills,
    Evidence,
    Kind,
    No,
    Renders,
    StandsApart,
    assumed,
    documented,
    from_source,
    setting,
)
from catalogue.kinds.azure import CHECKED, NAMED, NETWORK, REPLACED, UNCHECKED, UNMADE, lies, privatedns
from catalogue.pricing import Bill, Pricing, Unpriced
from catalogue.rendering import ArmType

SUBNET = "azure-native:network:Subnet"
SECURITY_GROUP = "azure-native:network:NetworkSecurityGroup"
SECURITY_RULE = "azure-native:network:SecurityRule"
PRIVATE_ENDPOINT = "azure-native:network:PrivateEndpoint"
ZONE_GROUP = "azure-native:network:PrivateDnsZoneGroup"
ROUTE_TABLE = "azure-native:network:RouteTable"
ROUTE = "azure-native:network:Route"
_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/network"
PEERING = "azure-native:network:VirtualNetworkPeering"
WAYS_OUT = (
    "azure-native:network:ApplicationGateway",
    "azure-native:network:AzureFirewall",
    "azure-native:network:BastionHost",
    "azure-native:network:ExpressRouteConnection",
    "azure-native:network:LoadBalancer",
    "azure-native:network:NatGateway",
    "azure-native:network:PublicIPAddress",
    "azure-native:network:PublicIPPrefix",
    "azure-native:network:VirtualNetworkGateway",
    PEERING,
    "azure-native:network:VpnGateway",
)
"""Resources that lead out of a private network."""
_VERSION = "2024-05-01"
_DETAILS = "https://azure.microsoft.com/pricing/details"
_LINK_PRICING = documented(f"{_DETAILS}/private-link/", "2026-11-26")
_NETWORK_PRICING = documented(f"{_DETAILS}/virtual-network/", "2026-11-26")
_ROUTES = documented(
    "https://learn.microsoft.com/en-us/azure/virtual-network/virtual-networks-udr-overview", "2026-11-26"
)
_GROUPS = documented(
    "https://learn.microsoft.com/en-us/azure/virtual-network/network-security-groups-overview", "2026-11-26"
)


def _sdk(name: str) -> Evidence:
    return from_source(f"{_API}/{name.lower()}/", "2026-11-26")


def _endpoint(pricing: Pricing, resource: Resource) -> Bill:
    """The cost of a private endpoint. All private endpoints have an equal share of the data."""
    hour, endpoints = pricing.of("private-endpoint"), len(pricing.graph.of(resource.type))
    data = pricing.assume("endpoint-data-gb") / endpoints * pricing.of("private-endpoint-data")
    standing = pricing.hours * hour
    return Bill("private endpoint", standing, standing + data, f"{pricing.hours} h × ${hour:g}, data in the ceiling")


def _firewall(pricing: Pricing, resource: Resource) -> Bill:
    standing = pricing.hours * pricing.of("firewall-standard")
    return Bill("firewall", standing, standing, f"{pricing.hours} h at the price of the Standard tier, without data")


def _priced_by_nobody(pricing: Pricing, resource: Resource) -> Bill:
    raise Unpriced(f"{resource.type.rpartition(':')[2]} in {pricing.region}")


def _way_out(
    name: str,
    pricing: Evidence,
    under: tuple[str, ...],
    tagged: bool = True,
    regional: bool = True,
    renders: Renders | No = UNCHECKED,
) -> Kind:
    """The record of a kind that leads out of a private network. The rule network-no-internet-gateway refuses it."""
    sdk = _sdk(name)
    return setting(
        f"azure-native:network:{name}",
        "a network",
        sdk,
        bills=Bills(_firewall if name == "AzureFirewall" else _priced_by_nobody, pricing, under),
        acts=UNMADE,
        renders=renders,
        **({"tags": At("tags", sdk)} if tagged else {}),
        **({"stands": At("location", sdk)} if regional else {}),
    )


KINDS: tuple[Kind, ...] = (
    _way_out(
        "ApplicationGateway", documented(f"{_DETAILS}/application-gateway/", "2026-11-26"), ("Application Gateway",)
    ),
    _way_out("AzureFirewall", documented(f"{_DETAILS}/azure-firewall/", "2026-11-26"), ("Azure Firewall",)),
    _way_out("BastionHost", documented(f"{_DETAILS}/azure-bastion/", "2026-11-26"), ("Azure Bastion",)),
    _way_out(
        "ExpressRouteConnection",
        documented(f"{_DETAILS}/expressroute/", "2026-11-26"),
        ("Azure ExpressRoute", "Virtual Network"),
        tagged=False,
        regional=False,
    ),
    _way_out("LoadBalancer", documented(f"{_DETAILS}/load-balancer/", "2026-11-26"), ("Load Balancer",)),
    _way_out(
        "NatGateway",
        assumed("Azure bills a NAT gateway by the hour; no price was looked up", "2026-11-26"),
        ("Azure NAT Gateway",),
        renders=Renders(ArmType("Microsoft.Network/natGateways", _VERSION, "natGatewayName"), CHECKED),
    ),
    setting(
        SECURITY_GROUP,
        "a network",
        _sdk("NetworkSecurityGroup"),
        tags=At("tags", _sdk("NetworkSecurityGroup")),
        bills=No("security groups are free", _GROUPS),
        stands=At("location", _sdk("NetworkSecurityGroup")),
        acts=Acts(
            by_path("Microsoft.Network/networkSecurityGroups", "networkSecurityGroupName"),
            lies("networkSecurityGroupName", pattern=r"[a-zA-Z0-9]([\w.-]{0,78}\w)?"),
            NAMED,
        ),
        renders=Renders(
            ArmType("Microsoft.Network/networkSecurityGroups", _VERSION, "networkSecurityGroupName"), CHECKED
        ),
    ),
    setting(
        ZONE_GROUP,
        "a private endpoint",
        _sdk("PrivateDnsZoneGroup"),
        bills=No("a setting of a private endpoint is free; its zone bills", _LINK_PRICING),
        acts=Acts(
            by_path(
                "Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups",
                "privateDnsZoneGroupName",
            ),
            lies(
                "privateDnsZoneGroupName",
                "privateEndpointName",
                refs=(Ref("privateDnsZoneConfigs.privateDnsZoneId", (privatedns.ZONE,)),),
            ),
            REPLACED,
        ),
        renders=Renders(
            ArmType(
                "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
                _VERSION,
                "privateEndpointName privateDnsZoneGroupName",
            ),
            CHECKED,
        ),
    ),
    setting(
        PRIVATE_ENDPOINT,
        "a network",
        _sdk("PrivateEndpoint"),
        tags=At("tags", _sdk("PrivateEndpoint")),
        bills=Bills(_endpoint, _LINK_PRICING, ("Azure Private Link",)),
        stands=At("location", _sdk("PrivateEndpoint")),
        acts=Acts(
            by_path("Microsoft.Network/privateEndpoints", "privateEndpointName"),
            lies(
                "privateEndpointName",
                pattern=r"[a-zA-Z0-9][\w.-]{0,62}\w",
                refs=(Ref("subnet.id", (SUBNET,), holds=True),),
            ),
            NAMED,
        ),
        renders=Renders(ArmType("Microsoft.Network/privateEndpoints", _VERSION, "privateEndpointName"), CHECKED),
    ),
    _way_out(
        "PublicIPAddress",
        documented(f"{_DETAILS}/ip-addresses/", "2026-11-26"),
        ("Virtual Network",),
        renders=Renders(ArmType("Microsoft.Network/publicIPAddresses", _VERSION, "publicIpAddressName"), CHECKED),
    ),
    _way_out("PublicIPPrefix", documented(f"{_DETAILS}/ip-addresses/", "2026-11-26"), ("Virtual Network",)),
    setting(
        ROUTE,
        "a route table",
        _sdk("Route"),
        bills=No("routes are free", _ROUTES),
        acts=UNMADE,
        renders=Renders(ArmType("Microsoft.Network/routeTables/routes", _VERSION, "routeTableName routeName"), CHECKED),
    ),
    setting(
        ROUTE_TABLE,
        "a network",
        _sdk("RouteTable"),
        tags=At("tags", _sdk("RouteTable")),
        bills=No("route tables are free", _ROUTES),
        stands=At("location", _sdk("RouteTable")),
        acts=UNMADE,
        renders=Renders(ArmType("Microsoft.Network/routeTables", _VERSION, "routeTableName"), CHECKED),
    ),
    setting(
        SECURITY_RULE,
        "a security group",
        _sdk("SecurityRule"),
        bills=No("security rules are free", _GROUPS),
        acts=UNMADE,
        renders=Renders(
            ArmType(
                "Microsoft.Network/networkSecurityGroups/securityRules",
                _VERSION,
                "networkSecurityGroupName securityRuleName",
            ),
            CHECKED,
        ),
    ),
    setting(
        SUBNET,
        "a network",
        _sdk("Subnet"),
        bills=No("subnets are free", _NETWORK_PRICING),
        acts=Acts(
            by_path("Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets", "subnetName"),
            lies(
                "subnetName",
                "virtualNetworkName",
                pattern=r"[a-zA-Z0-9]([\w.-]{0,78}\w)?",
                refs=(Ref("networkSecurityGroup.id", (SECURITY_GROUP,), holds=True),),
                # "Change subnet settings", https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-manage-subnet
                fixed=frozenset({"addressPrefix", "addressPrefixes"}),
            ),
            NAMED,
        ),
        renders=Renders(
            ArmType("Microsoft.Network/virtualNetworks/subnets", _VERSION, "virtualNetworkName subnetName"), CHECKED
        ),
    ),
    setting(
        NETWORK,
        "a resource group",
        _sdk("VirtualNetwork"),
        tags=At("tags", _sdk("VirtualNetwork")),
        bills=No("a virtual network is free", _NETWORK_PRICING),
        stands=At("location", _sdk("VirtualNetwork")),
        acts=Acts(
            by_path("Microsoft.Network/virtualNetworks", "virtualNetworkName"),
            lies("virtualNetworkName", pattern=r"[a-zA-Z0-9][\w.-]{0,62}\w"),
            NAMED,
        ),
        renders=Renders(ArmType("Microsoft.Network/virtualNetworks", _VERSION, "virtualNetworkName"), CHECKED),
        apart=StandsApart((Apart("subnets", "each subnet is a resource of its own"),), _sdk("VirtualNetwork")),
    ),
    _way_out(
        "VirtualNetworkGateway",
        documented(f"{_DETAILS}/vpn-gateway/", "2026-11-26"),
        ("Virtual Network", "VPN Gateway"),
    ),
    setting(
        PEERING,
        "a network",
        _sdk("VirtualNetworkPeering"),
        bills=No("a peering has no price of its own; what passes it bills", _NETWORK_PRICING),
        acts=Acts(
            by_path(
                "Microsoft.Network/virtualNetworks/{virtualNetworkName}/virtualNetworkPeerings",
                "virtualNetworkPeeringName",
            ),
            # The other network may be another subscription's, which no sandbox of this stack has.
            lies("virtualNetworkPeeringName", "virtualNetworkName", pattern=r"[a-zA-Z0-9]([\w.-]{0,78}\w)?"),
            NAMED,
        ),
        renders=Renders(
            ArmType(
                "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
                _VERSION,
                "virtualNetworkName virtualNetworkPeeringName",
            ),
            CHECKED,
        ),
    ),
    _way_out("VpnGateway", documented(f"{_DETAILS}/vpn-gateway/", "2026-11-26"), ("VPN Gateway",)),
)
