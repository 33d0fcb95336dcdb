"""Private DNS: the names of private endpoints."""

from catalogue.answers import by_path
from catalogue.behaviour import Ref
from catalogue.graph import Resource
from catalogue.kind import Acts, At, Bills, Kind, No, Renders, documented, from_source, setting
from catalogue.kinds.azure import CHECKED, NAMED, NETWORK, REPLACED, lies
from catalogue.pricing import Bill, Pricing
from catalogue.rendering import ArmType

ZONE = "azure-native:privatedns:PrivateZone"
LINK = "azure-native:privatedns:VirtualNetworkLink"
_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/privatedns"
_ZONE = from_source(f"{_API}/privatezone/", "2026-11-26")
_LINK = from_source(f"{_API}/virtualnetworklink/", "2026-11-26")
_PRICING = documented("https://azure.microsoft.com/pricing/details/dns/", "2026-11-26")


def _price(pricing: Pricing, resource: Resource) -> Bill:
    month = pricing.of("private-dns-zone")
    return Bill("private zone", month, month, f"${month:g} a month")


KINDS: tuple[Kind, ...] = (
    setting(
        ZONE,
        "a resource group",
        _ZONE,
        tags=At("tags", _ZONE),
        bills=Bills(_price, _PRICING, ("Azure Private Link", "Azure DNS")),
        stands=No("a private zone is global", _ZONE),
        acts=Acts(
            by_path("Microsoft.Network/privateDnsZones", "privateZoneName"),
            lies("privateZoneName", pattern=r"[\w-]{1,63}(\.[\w-]{1,63})+"),
            NAMED,
        ),
        renders=Renders(ArmType("Microsoft.Network/privateDnsZones", "2024-06-01", "privateZoneName"), CHECKED),
    ),
    setting(
        LINK,
        "a private zone",
        _LINK,
        tags=At("tags", _LINK),
        bills=No("a link is free; its zone is not", _PRICING),
        stands=No("a link of a private zone is global", _LINK),
        acts=Acts(
            by_path(
                "Microsoft.Network/privateDnsZones/{privateZoneName}/virtualNetworkLinks", "virtualNetworkLinkName"
            ),
            lies(
                "virtualNetworkLinkName",
                "privateZoneName",
                refs=(Ref("virtualNetwork.id", (NETWORK,)),),
                within="holds",
            ),
            REPLACED,
        ),
        renders=Renders(
            ArmType(
                "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
                "2024-06-01",
                "privateZoneName virtualNetworkLinkName",
            ),
            CHECKED,
        ),
    ),
)
