"""What makes a new resource of some changes alone is told of these: no schema says it, the providers' code does."""

from collections.abc import Mapping
from typing import Any

import pytest

from catalogue.kind import Acts
from catalogue.kinds import kind_of
from sandbox.clouds import CLOUDS
from sandbox.difference import difference

CHANGES: list[tuple[str, Mapping[str, Any], Mapping[str, Any], list[str]]] = [
    # IsShrinkageIpCidr: a subnet grows, and does nothing else.
    ("gcp:compute/subnetwork:Subnetwork", {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.0.0.0/19"}, []),
    ("gcp:compute/subnetwork:Subnetwork", {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.0.0.0/21"},
     ["ipCidrRange"]),
    ("gcp:compute/subnetwork:Subnetwork", {"ipCidrRange": "10.0.0.0/20"}, {"ipCidrRange": "10.9.0.0/20"},
     ["ipCidrRange"]),
    # forwardingRuleCustomizeDiff
    ("gcp:compute/forwardingRule:ForwardingRule", {"target": "projects/a/regions/r/serviceAttachments/x"},
     {"target": "projects/a/regions/r/serviceAttachments/y"}, ["target"]),
    ("gcp:compute/forwardingRule:ForwardingRule", {"target": "all-apis"}, {"target": "vpc-sc"}, []),
    ("gcp:compute/forwardingRule:ForwardingRule", {"loadBalancingScheme": "INTERNAL_MANAGED"},
     {"loadBalancingScheme": "INTERNAL_MANAGED", "allowGlobalAccess": True}, ["allowGlobalAccess"]),
    ("gcp:compute/forwardingRule:ForwardingRule", {}, {"allowGlobalAccess": True}, []),
    # isPolicyLocked: what is locked stays so.
    ("gcp:storage/bucket:Bucket", {"retentionPolicy": {"isLocked": True}}, {}, ["retentionPolicy.isLocked"]),
    ("gcp:storage/bucket:Bucket", {"retentionPolicy": {"isLocked": False}}, {"retentionPolicy": {"isLocked": True}},
     []),
    # resourceVPCCustomizeDiff
    ("aws:ec2/vpc:Vpc", {}, {"instanceTenancy": "dedicated"}, ["instanceTenancy"]),
    ("aws:ec2/vpc:Vpc", {"instanceTenancy": "dedicated"}, {}, []),
    # An interface endpoint's private DNS changes in place.
    ("aws:ec2/vpcEndpoint:VpcEndpoint", {"vpcEndpointType": "Interface", "privateDnsEnabled": True},
     {"vpcEndpointType": "Interface"}, []),
    ("aws:ec2/vpcEndpoint:VpcEndpoint", {"privateDnsEnabled": True}, {}, ["privateDnsEnabled"]),
]  # fmt: skip


@pytest.mark.parametrize(("type_", "before", "after", "replaced"), CHANGES)
def test_some_changes_of_an_input_make_a_new_one(
    type_: str, before: dict[str, Any], after: dict[str, Any], replaced: list[str]
) -> None:
    kind = kind_of(type_)
    assert kind is not None and isinstance(kind.acts, Acts)
    found = difference(kind.acts.behaviour, CLOUDS[type_.partition(":")[0]].provider, before, after)
    assert found.changed and list(found.replaced) == replaced
