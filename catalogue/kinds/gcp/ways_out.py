"""Resources that would lead out of a pilot's network: NAT, VPN, interconnect, peering. A rule forbids them all.

Each has a record, so that this rule stops it, and not the rule on unknown kinds.
"""

from typing import Any

from catalogue.graph import Resource
from catalogue.kind import At, Bills, Evidence, Kind, No, Renders, assumed, documented, setting
from catalogue.kinds.gcp import NETWORK, NOT_MADE, READ, in_terraform, registry
from catalogue.pricing import Bill, Pricing, Unpriced

_NAT = documented("https://cloud.google.com/nat/pricing", READ)
_NOT_READ = assumed("its price list was not read, for no pilot may have it", READ)
_UNCHECKED = No(
    "nobody has checked its shape against Terraform's schema",
    assumed("a rule forbids it whatever its properties say, so Checkov has nothing to add", READ),
)


def _forbidden(pricing: Pricing, resource: Resource) -> Bill:
    """It bills by the hour or by data. The catalogue has no figure."""
    raise Unpriced(f"{resource.type.rpartition(':')[2]} in {pricing.region}")


def _way_out(
    token: str,
    page: str,
    bills: Evidence = _NOT_READ,
    labels: bool = False,
    stands: str = "",
    renders: Renders | No = _UNCHECKED,
) -> Kind:
    sdk = registry(page)
    answers: dict[str, Any] = {"bills": Bills(_forbidden, bills, ("Networking", "Compute Engine"))}
    if labels:
        answers["tags"] = At("labels", sdk)
    if stands:
        answers["stands"] = At(stands, sdk)
    return setting(token, "a network", sdk, acts=NOT_MADE, renders=renders, **answers)


KINDS = (
    _way_out("gcp:compute/externalVpnGateway:ExternalVpnGateway", "compute/externalvpngateway", labels=True),
    _way_out("gcp:compute/haVpnGateway:HaVpnGateway", "compute/havpngateway", labels=True, stands="region"),
    _way_out(
        "gcp:compute/interconnectAttachment:InterconnectAttachment",
        "compute/interconnectattachment",
        labels=True,
        stands="region",
    ),
    _way_out(
        "gcp:compute/networkPeering:NetworkPeering",
        "compute/networkpeering",
        NETWORK,
        renders=in_terraform("google_compute_network_peering"),
    ),
    _way_out(
        "gcp:compute/routerNat:RouterNat",
        "compute/routernat",
        _NAT,
        stands="region",
        renders=in_terraform("google_compute_router_nat", {"subnetworks": "subnetwork"}),
    ),
    _way_out("gcp:compute/vPNGateway:VPNGateway", "compute/vpngateway", stands="region"),
    _way_out("gcp:networkconnectivity/spoke:Spoke", "networkconnectivity/spoke", labels=True, stands="location"),
    _way_out("gcp:servicenetworking/connection:Connection", "servicenetworking/connection", NETWORK),
    _way_out("gcp:vpcaccess/connector:Connector", "vpcaccess/connector", stands="region"),
)
