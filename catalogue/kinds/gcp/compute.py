"""Compute Engine's network: the VPC, its subnets and firewall, and the private addresses of Google's services."""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from catalogue.answers import Answer, Request, by_resource_name
from catalogue.behaviour import Behaviour, Ref, Sometimes
from catalogue.graph import Resource
from catalogue.kind import Apis, At, Bills, Kind, No, documented, setting
from catalogue.kinds.gcp import (
    NETWORK,
    NOT_MADE,
    OBSERVABILITY,
    READ,
    RFC1035,
    SUBNETWORK,
    VPC,
    acting,
    in_terraform,
    registry,
)
from catalogue.kinds.gcp.logging import FLOWS, left_out
from catalogue.pricing import Bill, Pricing

ADDRESS = "gcp:compute/address:Address"
GLOBAL_ADDRESS = "gcp:compute/globalAddress:GlobalAddress"
FIREWALL = "gcp:compute/firewall:Firewall"
ROUTE = "gcp:compute/route:Route"
FORWARDING_RULE = "gcp:compute/forwardingRule:ForwardingRule"
GLOBAL_FORWARDING_RULE = "gcp:compute/globalForwardingRule:GlobalForwardingRule"

_ADDRESS, _GLOBAL_ADDRESS = registry("compute/address"), registry("compute/globaladdress")
_FORWARDS, _GLOBAL_FORWARDS = registry("compute/forwardingrule"), registry("compute/globalforwardingrule")
_SUBNET = registry("compute/subnetwork")
_GLOBALLY, _REGIONALLY = "projects/{project}/global", "projects/{project}/regions/{region}"
_IN_NETWORK, _IN_SUBNET = Ref("network", (VPC,), holds=True), Ref("subnetwork", (SUBNETWORK,), holds=True)
_AT_ADDRESS = Ref("ipAddress", (ADDRESS, GLOBAL_ADDRESS), holds=True, only=r".*/addresses/.*")


def _address(request: Request) -> Answer:
    """A free address for the answer, in the upper half of the pilot's subnet, 10.40.0.0/21."""
    made = by_resource_name(_REGIONALLY + "/addresses/{name}", link=True)(request)
    low = int(request.hex(4), 16)
    return Answer(made.id, {"address": f"10.40.{4 + low % 4}.{2 + low // 4 % 250}", **made.outputs})


def _endpoint(pricing: Pricing, resource: Resource) -> Bill:
    hour = pricing.of("psc-endpoint")
    endpoints = len(pricing.graph.of(GLOBAL_FORWARDING_RULE, FORWARDING_RULE))
    data = pricing.assume("endpoint-data-gb") / endpoints * pricing.of("psc-data")
    standing = pricing.hours * hour
    return Bill(
        "Private Service Connect endpoint",
        standing,
        standing + data,
        f"{pricing.hours} h × ${hour:g}, data in the ceiling",
    )


_SERVICES = documented("https://cloud.google.com/vpc/docs/configure-private-service-connect-services", READ)
_APIS = documented("https://cloud.google.com/vpc/docs/configure-private-service-connect-apis", READ)


def _another_service(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """An endpoint of Private Service Connect moves to no other service attachment (`forwardingRuleCustomizeDiff`).

    https://github.com/hashicorp/terraform-provider-google-beta/blob/93c65b2d60fea598528f2769b5b09de856f8cb8c/google-beta/services/compute/resource_compute_forwarding_rule.go
    """
    return all("/serviceAttachments/" in str(said.get("target")) for said in (before, after))


def _managed(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """An internal load balancer of Envoy's takes access from other regions at its birth alone, by the same function."""
    return after.get("loadBalancingScheme") == "INTERNAL_MANAGED"


def _leaves_out(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """A subnet grows in place; a range that leaves out some of its addresses is another subnet (`IsShrinkageIpCidr`).

    https://github.com/hashicorp/terraform-provider-google-beta/blob/93c65b2d60fea598528f2769b5b09de856f8cb8c/google-beta/services/compute/resource_compute_subnetwork.go
    """
    try:
        old, new = (IPv4Network(str(said.get("ipCidrRange"))) for said in (before, after))
    except ValueError:
        return False
    return not old.subnet_of(new)


def _subnet(pricing: Pricing, resource: Resource) -> Bill:
    """The flows in the project's own bucket. Where they are left out there, the stack's log bucket alone has them."""
    if left_out(pricing.graph, FLOWS):
        return Bill("flow log", 0.0, 0.0, "left out of the project's own bucket; the log bucket bills them")
    amount = pricing.assume("flow-log-gb")
    return Bill("flow log", 0.0, amount * pricing.of("logging-ingestion"), f"{amount:g} GiB taken in, in the ceiling")


KINDS = (
    setting(
        ADDRESS,
        "a subnet",
        _ADDRESS,
        tags=At("labels", _ADDRESS),
        stands=At("region", _ADDRESS),
        bills=No("an internal address is free, what stands behind it is not; a public one is forbidden", NETWORK),
        acts=acting(
            "compute",
            _address,
            Behaviour(
                name="name",
                pattern=RFC1035,
                refs=(_IN_NETWORK, _IN_SUBNET),
            ),
        ),
        renders=in_terraform("google_compute_address"),
    ),
    setting(
        FIREWALL,
        "a network",
        registry("compute/firewall"),
        bills=No("VPC firewall rules are free; their logs count with the flows", NETWORK),
        acts=acting(
            "compute",
            by_resource_name(_GLOBALLY + "/firewalls/{name}", link=True),
            Behaviour(name="name", pattern=RFC1035, refs=(_IN_NETWORK,)),
        ),
        renders=in_terraform("google_compute_firewall"),
    ),
    setting(
        FORWARDING_RULE,
        "a network",
        _FORWARDS,
        tags=At("labels", _FORWARDS),
        stands=At("region", _FORWARDS),
        bills=Bills(_endpoint, NETWORK, ("Networking", "Compute Engine")),
        acts=acting(
            "compute",
            by_resource_name(
                _REGIONALLY + "/forwardingRules/{name}",
                link=True,
                pscConnectionId="{digits}",
                pscConnectionStatus="ACCEPTED",
            ),
            Behaviour(
                name="name",
                pattern=RFC1035,
                refs=(_IN_NETWORK, _IN_SUBNET, _AT_ADDRESS),
                sometimes=(Sometimes("target", _another_service), Sometimes("allowGlobalAccess", _managed)),
            ),
        ),
        renders=in_terraform("google_compute_forwarding_rule"),
        apis=Apis(("servicedirectory",), _SERVICES),
    ),
    setting(
        GLOBAL_ADDRESS,
        "a network",
        _GLOBAL_ADDRESS,
        tags=At("labels", _GLOBAL_ADDRESS),
        bills=No("an internal address is free, its endpoint is not; a public one is forbidden", NETWORK),
        acts=acting(
            "compute",
            by_resource_name(_GLOBALLY + "/addresses/{name}", link=True),
            Behaviour(
                name="name",
                pattern=RFC1035,
                refs=(_IN_NETWORK,),
            ),
        ),
        renders=in_terraform("google_compute_global_address"),
    ),
    setting(
        GLOBAL_FORWARDING_RULE,
        "a network",
        _GLOBAL_FORWARDS,
        tags=At("labels", _GLOBAL_FORWARDS),
        bills=Bills(_endpoint, NETWORK, ("Networking", "Compute Engine")),
        stands=At("serviceDirectoryRegistrations.serviceDirectoryRegion", _GLOBAL_FORWARDS),  # where it is registered
        acts=acting(
            "compute",
            by_resource_name(
                _GLOBALLY + "/forwardingRules/{name}",
                link=True,
                pscConnectionId="{digits}",
                pscConnectionStatus="ACCEPTED",
            ),
            Behaviour(
                name="name",
                pattern=RFC1035,
                refs=(_IN_NETWORK, _AT_ADDRESS),
            ),
        ),
        renders=in_terraform("google_compute_global_forwarding_rule"),
        apis=Apis(("servicedirectory",), _APIS),
    ),
    setting(
        VPC,
        "the project",
        registry("compute/network"),
        bills=No("a VPC is free", NETWORK),
        stands=No("a VPC is in every region", registry("compute/network")),
        acts=acting(
            "compute",
            by_resource_name(_GLOBALLY + "/networks/{name}", link=True, numericId="{digits}"),
            Behaviour(
                name="name",
                pattern=RFC1035,
            ),
        ),
        renders=in_terraform("google_compute_network"),
    ),
    setting(
        ROUTE,
        "a network",
        registry("compute/route"),
        bills=No("a route is free", NETWORK),
        acts=NOT_MADE,
        renders=in_terraform("google_compute_route"),
    ),
    Kind(
        token=SUBNETWORK,
        tags=No("a subnet takes no labels", _SUBNET),
        keys=No("nothing rests in it", _SUBNET),
        holds=No("it can be made again from the program", _SUBNET),
        reaches=No("who stands in it says what it needs", _SUBNET),
        runs=No("it runs no machine", _SUBNET),
        bills=Bills(_subnet, OBSERVABILITY, ("Networking", "Cloud Logging")),
        stands=At("region", _SUBNET),
        keeps=No("its flow logs go to the log bucket", _SUBNET),
        serves=No("it runs no container", _SUBNET),
        acts=acting(
            "compute",
            by_resource_name(_REGIONALLY + "/subnetworks/{name}", link=True),
            Behaviour(
                name="name",
                pattern=RFC1035,
                refs=(_IN_NETWORK,),
                sometimes=(Sometimes("ipCidrRange", _leaves_out),),
            ),
        ),
        renders=in_terraform("google_compute_subnetwork"),
    ),
)
