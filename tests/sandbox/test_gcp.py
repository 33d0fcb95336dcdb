"""The simulated Google Cloud against the installed SDK: its outputs are the SDK's, in the shapes Google gives them."""

import importlib
import inspect
import re

import pytest

from catalogue.answers import Request
from catalogue.graph import Graph
from catalogue.kind import Acts
from catalogue.kinds import kinds
from catalogue.kinds.gcp.mlplatform import APPROVED_VERSION
from catalogue.kinds.gcp.vertex import METADATA_STORE, TENSORBOARD
from provider.resources import services
from sandbox import cloud
from sandbox.lookups.gcp import LOOKUPS
from stacks.config import STACKS
from tests.previewing import preview
from tests.rows import rows

MADE = {token for token, kind in kinds("gcp").items() if isinstance(kind.acts, Acts)}
OURS = sorted(token for token in MADE if token.startswith("mlplatform:"))
TYPES = sorted(MADE - set(OURS))
PROJECT = "payments-risk-pilot"


@pytest.fixture(scope="module")
def pilot() -> Graph:
    return preview(STACKS / "Pulumi.gcp-pilot.yaml")


def sdk_class(token: str, suffix: str = "") -> type:
    """The SDK's class for a token such as gcp:kms/keyRing:KeyRing, or the result of a look-up."""
    _, module, name = token.split(":")
    return getattr(importlib.import_module(f"pulumi_gcp.{module.partition('/')[0]}"), name + suffix)


def wire_names(class_: type) -> set[str]:
    """The properties of an SDK class under their wire names."""
    names = {name for name, value in inspect.getmembers(class_) if isinstance(value, property)}
    return {re.sub(r"_(\w)", lambda m: m.group(1).upper(), name) for name in names}


def request(type_: str, **inputs: str) -> Request:
    given = ("role", "member", "keyRing", "cryptoKeyId", "serviceAccountId", "accountId", "roleId", "repository")
    more = ("bucket", "billingAccount", "managedZone", "type", "endpoint", "modelId", "location")
    anything = dict.fromkeys((*given, *more), "given") | {"service": "aiplatform.googleapis.com"}
    if re.search("recordSet|instanceIamMember|orgpolicy", type_):
        anything |= {"name": "given", "parent": "organizations/1"}
    return Request(type_, f"urn:{type_}::x", "x", anything | inputs, PROJECT, "us-central1")


@rows("type_", TYPES)
def test_outputs_are_properties_of_the_sdk(type_: str) -> None:
    made = cloud.create(request(type_))
    assert set(made.outputs) <= wire_names(sdk_class(type_)), "the sandbox answers what Google's provider does not have"
    assert made.id and "{" not in made.id


@pytest.mark.parametrize("type_", OURS)
def test_outputs_of_our_own_resources_are_theirs(type_: str) -> None:
    assert set(cloud.create(request(type_)).outputs) <= set(services()[type_].outputs)


@pytest.mark.parametrize("token", sorted(LOOKUPS))
def test_look_ups_answer_what_the_sdk_reads(token: str) -> None:
    answer = cloud.look_up(LOOKUPS, token, {}, PROJECT, "us-central1")
    _, module, name = token.split(":")
    result = name[0].upper() + name[1:] + "Result"
    class_ = getattr(importlib.import_module(f"pulumi_gcp.{module.partition('/')[0]}"), result)
    assert {"id"} < set(answer) <= wire_names(class_), "the sandbox answers what the look-up does not"


SHAPES = {
    "gcp:compute/subnetwork:Subnetwork": rf"projects/{PROJECT}/regions/us-central1/subnetworks/[a-z0-9-]+",
    "gcp:kms/cryptoKey:CryptoKey": rf"projects/{PROJECT}/locations/us-central1/keyRings/[\w-]+/cryptoKeys/[\w-]+",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": rf"projects/{PROJECT}/locations/us-central1/buckets/[\w-]+",
    "gcp:monitoring/alertPolicy:AlertPolicy": rf"projects/{PROJECT}/alertPolicies/[1-9]\d{{18}}",
    "gcp:projects/iAMCustomRole:IAMCustomRole": rf"projects/{PROJECT}/roles/[\w.]{{3,64}}",
    "gcp:serviceaccount/account:Account": rf"projects/{PROJECT}/serviceAccounts/[a-z0-9-]{{6,30}}@{PROJECT}\.iam\..+",
    "gcp:vertex/aiEndpoint:AiEndpoint": rf"projects/{PROJECT}/locations/us-central1/endpoints/[a-z][a-z0-9-]{{0,62}}",
    "gcp:workbench/instance:Instance": rf"projects/{PROJECT}/locations/us-central1-[abc]/instances/[a-z0-9-]+",
    "gcp:workflows/workflow:Workflow": rf"projects/{PROJECT}/locations/us-central1/workflows/[a-z0-9-]+",
}


@pytest.mark.parametrize("type_", SHAPES)
def test_ids_have_googles_shape(pilot: Graph, type_: str) -> None:
    resources = pilot.of(type_)
    assert resources
    assert all(re.fullmatch(SHAPES[type_], resource.outputs["id"]) for resource in resources)


def test_a_deployment_has_a_numeric_id_and_an_attachment(pilot: Graph) -> None:
    (deployment,) = pilot.of("mlplatform:gcp:Deployment")
    assert re.fullmatch(r"[1-9]\d{0,9}", deployment.outputs["deployedModelId"])
    attachment = deployment.outputs["serviceAttachment"]
    assert re.fullmatch(r"projects/\w+-tp/regions/us-central1/serviceAttachments/[\w-]+", attachment)


def test_the_sandbox_makes_every_type_of_the_pilot_and_no_other(pilot: Graph) -> None:
    """Constraints of the organisation are a landing zone's own, the pilot serves no registered version, and it records
    no runs and has no pipelines."""
    made = {r.type for r in pilot.cloud if not r.type.startswith(cloud.PROVIDERS)}
    assert made == {type_ for type_ in MADE if "orgpolicy/" not in type_} - {
        APPROVED_VERSION,
        METADATA_STORE,
        TENSORBOARD,
    }


def test_two_resources_never_share_an_id(pilot: Graph) -> None:
    assert len({(r.type, r.outputs["id"]) for r in pilot.cloud}) == len(pilot.cloud) > 100


def test_what_can_carry_labels_carries_all_six(pilot: Graph) -> None:
    expected = {"platform", "stack", "team", "cost-center", "environment", "owner"}
    for resource in pilot.cloud:
        carries = wire_names(sdk_class(resource.type)) if resource.type.startswith("gcp:") else set(resource.inputs)
        key = "userLabels" if "userLabels" in carries else "labels"
        if key in carries:
            labels = resource.inputs[key]
            assert set(labels) == expected, resource.name
            assert all(re.fullmatch(r"[a-z0-9_-]{1,63}", value) for value in labels.values())


def test_an_unknown_type_is_refused_not_waved_through() -> None:
    with pytest.raises(cloud.UnknownType, match="does not know the type gcp:sql/databaseInstance:DatabaseInstance"):
        cloud.create(request("gcp:sql/databaseInstance:DatabaseInstance"))
    with pytest.raises(cloud.UnknownType, match="look-up gcp:index/getRegion"):
        cloud.look_up(LOOKUPS, "gcp:index/getRegion:getRegion", {}, PROJECT, "us-central1")
