"""What a stack file may say of its callers: one of two ways each, in the platform's own words."""

from ipaddress import IPv4Network
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from stacks.config import validate
from stacks.schema import json_schema
from tests.operations.test_other_teams import moved
from tests.stacks.test_platforms import CONFIGS

EACH = pytest.mark.parametrize("platform", PLATFORMS)
VPC, OTHER_VPC = "vpc-0123456789abcdef0", "vpc-0bbbbbbbbbbbbbbb1"
ROLE, OTHER_ROLE = "arn:aws:iam::111122223333:role/payments-app", "arn:aws:iam::444455556666:role/team/scorer"
OTHER_SUBSCRIPTION = "44445555-3333-4444-5555-666677778888"
VNET = f"/subscriptions/{OTHER_SUBSCRIPTION}/resourceGroups/apps/providers/Microsoft.Network/virtualNetworks/apps"
PRINCIPAL = "0a1b2c3d-0000-4000-8000-00000000000c"
SHARED = "projects/company-network-host/global/networks/shared-ml"
TAKEN: list[tuple[str, dict[str, str]]] = [
    ("aws", {"network": VPC, "cidr": "10.60.0.0/20", "identity": ROLE}),
    ("aws", {"network": VPC, "cidr": "10.60.0.0/20", "account": "444455556666", "identity": OTHER_ROLE}),
    ("aws", {"account": "444455556666", "network": OTHER_VPC, "identity": OTHER_ROLE}),
    ("gcp", {"account": "payments-app"}),
    ("azure", {"network": VNET, "cidr": "10.60.0.0/20"}),
    ("azure", {"network": VNET, "cidr": "10.60.0.0/20", "identity": PRINCIPAL}),
    ("azure", {"account": OTHER_SUBSCRIPTION, "identity": PRINCIPAL}),
]
REFUSED: list[tuple[str, dict[str, str], str]] = [
    ("aws", {}, "app.network: is missing; add the network"),
    ("gcp", {}, "app.network: is missing; add the network"),
    ("azure", {"identity": PRINCIPAL}, "app.network: is missing; add the network"),
    ("aws", {"network": VPC, "cidr": "10.60.0.0/20"}, "app.identity: is missing; add the ARN of the role"),
    ("aws", {"network": VPC, "cidr": "10.60.0.0/20", "identity": OTHER_ROLE}, "app.identity: found 'arn"),
    ("aws", {"network": VPC, "identity": ROLE}, "app.account: is missing; add the account"),
    ("aws", {"account": "444455556666", "identity": OTHER_ROLE}, "app.network: is missing; add the VPC"),
    ("aws", {"network": VPC, "cidr": "10.40.4.0/24", "identity": ROLE}, "app.cidr: found '10.40.4.0/24', allowed: a n"),
    ("aws", {"network": VPC, "cidr": "10.60.0.1/20", "identity": ROLE}, "app.cidr: found '10.60.0.1/20', allowed: an "),
    ("aws", {"network": VNET, "cidr": "10.60.0.0/20", "identity": ROLE}, "app.network: found '/subscriptions"),
    ("aws", {"network": "vpc-x", "cidr": "10.60.0.0/20", "identity": ROLE}, "app.network: found 'vpc-x', allowed: the"),
    ("gcp", {"network": SHARED, "cidr": "10.60.0.0/20"}, "app.network: found 'projects/company-network-host"),
    (
        "gcp",
        {"account": "payments-app", "identity": "a@b.iam.gserviceaccount.com"},
        "app.identity: gcp takes none: a p",
    ),
    ("gcp", {"account": "payments-app", "network": SHARED}, "app.network: an endpoint of the caller's own"),
    ("azure", {"network": VNET}, "app.cidr: is missing; add the caller's addresses"),
    (
        "azure",
        {"cidr": "10.60.0.0/20", "account": OTHER_SUBSCRIPTION},
        "app.cidr: found '10.60.0.0/20' without a network",
    ),
    (
        "azure",
        {"network": VNET, "cidr": "10.60.0.0/20", "account": OTHER_SUBSCRIPTION},
        "app.account: the network's id",
    ),
    ("azure", {"account": OTHER_SUBSCRIPTION, "identity": ROLE}, "app.identity: found 'arn:aws"),
    (
        "azure",
        {"account": OTHER_SUBSCRIPTION, "identiti": PRINCIPAL},
        "app.identiti: unknown key; did you mean identity",
    ),
]


def said(platform: str, says: Any) -> list[str]:
    try:
        validate(CONFIGS[platform] | {"mlplatform:callers": says}, "a.yaml")
    except BadInput as error:
        return str(error).splitlines()
    return []


@pytest.mark.parametrize(("platform", "caller"), TAKEN)
def test_a_caller_with_one_of_the_two_ways_is_taken(platform: str, caller: dict[str, str]) -> None:
    assert said(platform, {"app": caller}) == []


@pytest.mark.parametrize(("platform", "caller", "sentence"), REFUSED)
def test_any_other_is_one_sentence_with_what_is_allowed(platform: str, caller: dict[str, str], sentence: str) -> None:
    (only,) = said(platform, {"app": caller})
    assert only.startswith(f"a.yaml: mlplatform:callers.{sentence}")


def test_what_gcp_cannot_join_names_the_nearest_thing_that_it_can() -> None:
    (only,) = said("gcp", {"app": {"network": SHARED, "cidr": "10.60.0.0/20"}})
    assert "the nearest thing is the caller's project under account, or the landing zone's Shared VPC" in only


@EACH
def test_the_people_of_the_workspace_are_meant_where_nothing_is_said_and_by_their_word(platform: str) -> None:
    plain = validate(CONFIGS[platform], "a.yaml")
    assert validate(CONFIGS[platform] | {"mlplatform:callers": "workspace"}, "a.yaml") == plain
    assert said(platform, "everybody") == [
        "a.yaml: mlplatform:callers: found 'everybody', allowed: workspace, or a mapping of names, each with "
        "keys such as network, cidr and account",
    ]
    assert {"const": "workspace"} in json_schema()["properties"]["config"]["properties"]["mlplatform:callers"]["anyOf"]


@pytest.mark.parametrize("platform", ["aws", "azure"])
@settings(max_examples=10, deadline=None)
@given(third=st.integers(0, 255), mask=st.integers(16, 24))
def test_networks_that_are_joined_share_no_address(platform: str, third: int, mask: int) -> None:
    one = next(caller for name, caller in TAKEN if name == platform and "cidr" in caller)
    second = IPv4Network(f"10.60.{third}.0/{mask}", strict=False)
    other = one | {"network": f"{one['network'][:-1]}9", "cidr": str(second)}
    found = said(platform, {"app": one, "billing": other})
    assert bool(found) is second.overlaps(IPv4Network(one["cidr"]))
    assert all(f"does not overlap that of app, {one['cidr']}" in line for line in found)


@EACH
def test_callers_of_a_stack_without_an_endpoint_are_refused(platform: str) -> None:
    caller = next(caller for name, caller in TAKEN if name == platform)
    config = {f"mlplatform:{key}": value for key, value in moved(platform, PLATFORMS[platform].region).items()}
    with pytest.raises(BadInput, match="callers: names callers, but the stack has no endpoint to call"):
        validate(config | {"mlplatform:endpoints": {}, "mlplatform:callers": {"app": caller}}, "a.yaml")
