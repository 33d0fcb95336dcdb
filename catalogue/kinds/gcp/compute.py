"""Compute Engine's network: the VPC, its subnets and firewall, and the private ways into Google's services."""

from catalogue.graph import Resource
from catalogue.kind import At, Bills, Kind, No, setting
from catalogue.kinds.gcp import NETWORK, OBSERVABILITY, registry
from catalogue.pricing import Bill, Pricing

_ADDRESS, _GLOBAL_ADDRESS = registry("compute/address"), registry("compute/globaladdress")
_FORWARDS, _GLOBAL_FORWARDS = registry("compute/forwardingrule"), registry("compute/globalforwardingrule")
_SUBNET = registry("compute/subnetwork")
_ATTACHED = "gcp:compute/forwardingRule:ForwardingRule"
_GOOGLE = "gcp:compute/globalForwardingRule:GlobalForwardingRule"


def _endpoint(pricing: Pricing, resource: Resource) -> Bill:
    hour = pricing.of("psc-endpoint")
    endpoints = len(pricing.graph.of(_GOOGLE, _ATTACHED))
    data = pricing.assume("endpoint-data-gb") / endpoints * pricing.of("psc-data")
    standing = pricing.hours * hour
    return Bill(
        "Private Service Connect endpoint",
        standing,
        standing + data,
        f"{pricing.hours} h × ${hour:g}, data in the ceiling",
    )


def _subnet(pricing: Pricing, resource: Resource) -> Bill:
    amount = pricing.assume("flow-log-gb")
    return Bill("flow log", 0.0, amount * pricing.of("logging-ingestion"), f"{amount:g} GiB taken in, in the ceiling")


KINDS = (
    setting(
        "gcp:compute/address:Address",
        "a subnet",
        _ADDRESS,
        tags=At("labels", _ADDRESS),
        stands=At("region", _ADDRESS),
        bills=No("an internal address is free, what stands behind it is not; a public one is forbidden", NETWORK),
    ),
    setting(
        "gcp:compute/firewall:Firewall",
        "a network",
        registry("compute/firewall"),
        bills=No("VPC firewall rules are free; their logs count with the flows", NETWORK),
    ),
    setting(
        _ATTACHED,
        "a network",
        _FORWARDS,
        tags=At("labels", _FORWARDS),
        stands=At("region", _FORWARDS),
        bills=Bills(_endpoint, NETWORK),
    ),
    setting(
        "gcp:compute/globalAddress:GlobalAddress",
        "a network",
        _GLOBAL_ADDRESS,
        tags=At("labels", _GLOBAL_ADDRESS),
        bills=No("an internal address is free, its endpoint is not; a public one is forbidden", NETWORK),
    ),
    setting(
        _GOOGLE,
        "a network",
        _GLOBAL_FORWARDS,
        tags=At("labels", _GLOBAL_FORWARDS),
        bills=Bills(_endpoint, NETWORK),
    ),
    setting(
        "gcp:compute/network:Network",
        "the project",
        registry("compute/network"),
        bills=No("a VPC is free", NETWORK),
        stands=No("a VPC is in every region", registry("compute/network")),
    ),
    setting("gcp:compute/route:Route", "a network", registry("compute/route"), bills=No("a route is free", NETWORK)),
    Kind(
        token="gcp:compute/subnetwork:Subnetwork",
        tags=No("a subnet takes no labels", _SUBNET),
        keys=No("nothing rests in it", _SUBNET),
        holds=No("it can be made again from the program", _SUBNET),
        reaches=No("who stands in it says what it needs", _SUBNET),
        runs=No("it runs no machine", _SUBNET),
        bills=Bills(_subnet, OBSERVABILITY),
        stands=At("region", _SUBNET),
        keeps=No("its flow logs go to the log bucket", _SUBNET),
        serves=No("it runs no container", _SUBNET),
    ),
)
