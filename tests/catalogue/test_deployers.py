"""Whoever deploys is given roles that allow what the kinds ask for, and no role that nothing asks for."""

import pytest

from catalogue.deployers import ROLES, allowed, asked, asked_anywhere, every, granted, lacking, rights_of
from catalogue.generated import generated
from catalogue.graph import Graph
from catalogue.kind import Rights
from catalogue.kinds import kind_of, kinds
from catalogue.platforms import PLATFORMS, Platform

NOBODY_KNOWS = {
    "mlplatform:gcp:GrantsInForce",  # both only read what grants there are
    "mlplatform:azure:RolesInForce",
    "gcp:projects/serviceIdentity:ServiceIdentity",  # the page of the method names no permission
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_roles_allow_every_right_of_every_kind(platform: Platform) -> None:
    roles = [one.role for one in ROLES[platform]]
    assert len(asked_anywhere(platform)) > 50
    assert lacking(platform, roles, asked_anywhere(platform)) == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_without_any_one_role_some_kind_can_not_be_made(platform: Platform) -> None:
    roles = [one.role for one in ROLES[platform]]
    for left_out in roles:
        others = [role for role in roles if role != left_out]
        assert [type_ for type_ in kinds(platform) if lacking(platform, others, rights_of(type_, "create"))], left_out


@pytest.mark.parametrize("platform", PLATFORMS)
def test_of_each_type_that_a_pilot_makes_somebody_knows_the_rights(
    platform: Platform, request: pytest.FixtureRequest
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    types = {one.type for one in graph.cloud}
    unknown = {type_ for type_ in types if not ((kind := kind_of(type_)) and isinstance(kind.rights, Rights))}
    assert unknown <= NOBODY_KNOWS
    assert set(asked(platform, types)) == {one.role for one in ROLES[platform]}, "the pilot needs each role"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_right_is_asked_of_one_role_alone(platform: Platform) -> None:
    found = asked(platform, kinds(platform))
    all_ = [right for rights in found.values() for right in rights]
    assert len(all_) == len(set(all_)) and set(all_) == asked_anywhere(platform)
    assert all(allowed(platform, role, right) for role, rights in found.items() for right in rights)


def test_a_role_allows_what_it_says_and_nothing_else() -> None:
    assert allowed("aws", "PowerUserAccess", "SageMaker:createendpoint"), "AWS does not tell case apart"
    assert not allowed("aws", "PowerUserAccess", "iam:CreateRole")
    assert allowed("aws", "PowerUserAccess", "iam:CreateServiceLinkedRole")
    assert allowed("aws", "IAMFullAccess", "iam:PassRole") and not allowed("aws", "IAMFullAccess", "kms:CreateKey")
    assert not allowed("gcp", "roles/owner", "storage.buckets.setIamPolicy")
    assert not allowed("gcp", "roles/owner", "billing.budgets.create")
    assert allowed("azure", "Owner", "Microsoft.Authorization/roleAssignments/write")
    assert not allowed("gcp", "roles/editor", "compute.networks.create"), "nobody is told to grant it"
    assert granted("gcp", "roles/editor") is None


def test_of_googles_roles_only_what_is_asked_for_is_kept() -> None:
    kept = {one for role in generated("gcp").deployers.values() for one in role.actions}
    assert kept == asked_anywhere("gcp")


def test_what_only_a_trail_of_an_organization_asks_for_is_asked_of_nobody() -> None:
    trail = kind_of("aws:cloudtrail/trail:Trail")
    assert trail is not None and isinstance(trail.rights, Rights)
    assert set(trail.rights.names) - every(trail.rights) == {"organizations:ListAWSServiceAccessForOrganization"}


@pytest.mark.parametrize("type_", ["aws:organizations/policy:Policy", "gcp:orgpolicy/policy:Policy"])
def test_whoever_deploys_a_stack_may_take_off_no_control(type_: str) -> None:
    policy = kind_of(type_)
    assert policy is not None and isinstance(policy.rights, Rights)
    assert policy.rights.names and every(policy.rights) == set()
