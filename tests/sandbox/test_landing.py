"""What a landing zone gives stands in a sandbox as the organisation's: a stack uses it, and its end leaves it."""

import json
from pathlib import Path
from typing import Any

import pytest

from catalogue.landing_zones import AwsZone, AzureZone, GcpZone
from catalogue.platforms import PLATFORMS
from sandbox.clouds.manners import CloudSaysNo
from sandbox.landing import seed
from sandbox.simulated_cloud import Cloud
from sandbox.state import State
from tests.stacks.sections.test_landing_zone import BOUNDARY, KEPT, NETWORKS, zone

EACH = pytest.mark.parametrize("platform", PLATFORMS)
ZONES = {"aws": AwsZone, "gcp": GcpZone, "azure": AzureZone}
PACKAGES = {"aws": "aws", "gcp": "gcp", "azure": "azure-native"}
OWN = str(zone("gcp")["account"])
OWN_PROJECT = NETWORKS["gcp"] | {"project": OWN}
"""The simulated cloud knows nothing of other projects, so what is given on gcp stands in the stack's own."""


def given(platform: str) -> Any:
    network = OWN_PROJECT if platform == "gcp" else NETWORKS[platform]
    more = {"permissions_boundary_arn": BOUNDARY} if platform == "aws" else {}
    kept = KEPT[platform]
    if platform == "gcp":
        kept = json.loads(json.dumps(kept).replace("company-keys", OWN).replace("company-logs", OWN))
    return ZONES[platform].model_validate(zone(platform, network=network, **kept, **more))


def uses(platform: str) -> list[tuple[str, dict[str, Any]]]:
    """Resources of a stack that name what the landing zone gives."""
    there = given(platform).network
    if platform == "aws":
        role = {"assumeRolePolicy": "{}", "permissionsBoundary": BOUNDARY}
        topic = {"kmsMasterKeyId": given(platform).keys.logs}
        return [
            ("aws:ec2/securityGroup:SecurityGroup", {"vpcId": there.vpc_id}),
            ("aws:iam/role:Role", role),
            ("aws:sns/topic:Topic", topic),
        ]
    if platform == "gcp":
        subnet = {"addressType": "INTERNAL", "subnetwork": there.subnet_id("us-central1")}
        return [("gcp:compute/address:Address", subnet)]
    endpoint = {"resourceGroupName": "lending", "subnet": {"id": there.subnet_id}}
    return [("azure-native:network:PrivateEndpoint", endpoint)]


@pytest.fixture
def clouds(tmp_path: Path) -> dict[str, Cloud]:
    found: dict[str, Cloud] = {}
    for platform in PLATFORMS:
        place = zone(platform)
        state = State(tmp_path / f"{platform}.sqlite")
        state.account.use()
        found[platform] = Cloud(PACKAGES[platform], state, "one", place["account"], place["region"])
    group = "azure-native:resources:ResourceGroup"
    found["azure"].create(group, f"urn:pulumi:lending::mlplatform::{group}::g", "g", {"resourceGroupName": "lending"})
    return found


def make(cloud: Cloud, type_: str, inputs: dict[str, Any]) -> str:
    return cloud.create(type_, f"urn:pulumi:lending::mlplatform::{type_}::own", "own", {"name": "own", **inputs})[0]


@EACH
def test_without_it_the_cloud_knows_none_of_it(clouds: dict[str, Cloud], platform: str) -> None:
    for type_, inputs in uses(platform):
        with pytest.raises(CloudSaysNo):
            make(clouds[platform], type_, inputs)


@EACH
def test_a_stack_uses_it_and_its_end_leaves_it(clouds: dict[str, Cloud], platform: str) -> None:
    cloud = clouds[platform]
    before = {(one.type, one.id) for one in cloud.state.resources.all()}
    seed(cloud.state, given(platform))
    seed(cloud.state, given(platform))  # a second command finds it there
    seeded = {(one.type, one.id): one for one in cloud.state.resources.all()}
    assert len(seeded) - len(before) >= 2
    made = [(type_, make(cloud, type_, inputs)) for type_, inputs in uses(platform)]
    for type_, id_ in made:
        cloud.delete(type_, id_)
    assert {(one.type, one.id): one for one in cloud.state.resources.all()} == seeded


POOL = "principal://iam.googleapis.com/locations/global/workforcePools/partners/subject/cleo"


@pytest.mark.parametrize(
    ("member", "refused"),
    [
        ("user:ana@example.com", False),
        ("user:ana@EXAMPLE.com", False),
        ("user:ben@partner.example", True),
        ("group:ml@notexample.com", True),
        (POOL, False),
        (POOL.replace("partners", "strangers"), True),
        ("serviceAccount:lending-caller@lending.iam.gserviceaccount.com", False),
    ],
)
def test_whom_the_organisation_does_not_let_in_gets_no_role(
    clouds: dict[str, Cloud], member: str, refused: bool
) -> None:
    grant = {"project": OWN, "role": "roles/viewer", "member": member}
    lets_in = ["example.com", "locations/global/workforcePools/partners"]
    said = zone("gcp", org_policies={"constraints/iam.allowedPolicyMemberDomains": lets_in})
    cloud = clouds["gcp"]
    seed(cloud.state, GcpZone.model_validate(said))
    if refused:
        with pytest.raises(CloudSaysNo, match="do not belong to a permitted customer"):
            make(cloud, "gcp:projects/iAMMember:IAMMember", grant)
        seed(cloud.state, GcpZone.model_validate(zone("gcp")))  # the policy is taken back
    make(cloud, "gcp:projects/iAMMember:IAMMember", grant)
