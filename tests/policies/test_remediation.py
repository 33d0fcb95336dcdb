"""Tags that are given on the engine: only what lacks them, never over a value, no secret in clear."""

import json
from typing import Any

import pytest
from pulumi_policy import EnforcementLevel, PolicyProviderResource, ResourceValidationArgs, ResourceValidationPolicy
from pulumi_policy.deserialize import deserialize_properties, serialize_properties
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from catalogue.graph import Graph
from catalogue.marks import SECRET_KIND, SECRET_MARK, UNKNOWN
from catalogue.platforms import PLATFORMS
from components.gcp.names import label
from policies import __main__ as engine
from policies import remediation
from policies.everywhere import TAGS

BUCKETS = {
    "aws": "aws:s3/bucket:Bucket",
    "gcp": "gcp:storage/bucket:Bucket",
    "azure": "azure-native:storage:StorageAccount",
}
WANTED = {"team": "shop", "owner": "shop_at_example"}
SECRET = {SECRET_MARK: SECRET_KIND, "value": "hunter2-planted"}


def asked(
    platform: str, inputs: dict[str, Any], provider: dict[str, Any] | None = None, type_: str = "", **more: Any
) -> Any:
    """What the engine gets back, in the form in which it sends and takes properties; None where nothing is changed."""
    (policy,) = [one for one in engine.policies() if one.name == f"{platform}-tags-given"]
    assert isinstance(policy, ResourceValidationPolicy) and policy.enforcement_level is EnforcementLevel.DISABLED
    token = type_ or BUCKETS[platform]
    props = unknown_checking_proxy(deserialize_properties(inputs, proxy_secrets=True))
    of = PolicyProviderResource(f"pulumi:providers:{platform}", provider or {}, "urn:p", "p")
    urn = f"urn:pulumi:dev::shop::{token}::b"
    args = ResourceValidationArgs(token, props, urn, "b", None, of, {"tags": WANTED, **more})  # type: ignore[arg-type]
    changed = policy.remediate(args)
    return None if changed is None else serialize_properties(changed)  # type: ignore[arg-type]


@pytest.fixture(autouse=True)
def theirs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULUMI_PROJECT", "shop")
    monkeypatch.delenv("PULUMI_CONFIG", raising=False)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_lacks_a_tag_is_given_it_and_nothing_else_changes(platform: str) -> None:
    key = "labels" if platform == "gcp" else "tags"
    rest = {"bucket": "b", "password": SECRET, "deep": [{"more": SECRET, "unknown": UNKNOWN}], "late": UNKNOWN}
    assert asked(platform, rest) == {**rest, key: WANTED}
    assert asked(platform, {**rest, key: {}}) == {**rest, key: WANTED}
    mine = {"team": "mine", "sealed": SECRET, "late": UNKNOWN}
    assert asked(platform, {**rest, key: mine}) == {**rest, key: {**mine, "owner": WANTED["owner"]}}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("there", ["", None, "theirs", SECRET, UNKNOWN])
def test_a_tag_that_is_there_is_never_written_over(platform: str, there: Any) -> None:
    key = "labels" if platform == "gcp" else "tags"
    tags = {"team": there, "OWNER" if platform == "azure" else "owner": there}
    assert asked(platform, {key: tags}) is None


@pytest.mark.parametrize("tags", [SECRET, "text", ["team"]])
def test_tags_that_nobody_can_read_are_left_alone(tags: Any) -> None:
    assert asked("aws", {"tags": tags}) is None


def test_tags_that_are_not_known_yet_wait_for_up() -> None:
    with pytest.raises(UnknownValueError):
        asked("aws", {"tags": UNKNOWN})


def test_what_takes_no_tags_or_is_of_another_platform_is_left_alone() -> None:
    assert asked("aws", {}, type_="aws:s3/bucketPolicy:BucketPolicy") is None
    assert asked("aws", {}, type_="aws:lightsail/instance:Instance") is None
    assert asked("aws", {}, type_="gcp:storage/bucket:Bucket") is None


@pytest.mark.parametrize("nested", [True, False])
def test_a_tag_that_the_provider_gives_to_all_is_not_written_over(nested: bool) -> None:
    said: Any = {"tags": {"team": "theirs"}}
    assert asked("aws", {}, {"defaultTags": said if nested else json.dumps(said)}) == {
        "tags": {"owner": WANTED["owner"]}
    }
    labels: Any = {"team": "theirs", "owner": "theirs"}
    assert asked("gcp", {}, {"defaultLabels": labels if nested else json.dumps(labels)}) is None


def test_a_value_that_the_cloud_does_not_take_is_left_out() -> None:
    given = asked("gcp", {}, tags={"team": "Shop & Co", "owner": "shop"})
    assert given == {"labels": {"owner": "shop"}}
    pattern = remediation.schema("gcp")["tags"]["additionalProperties"]["pattern"]
    assert pattern.startswith("^(?:") and pattern.endswith(")$")


def test_a_stack_of_this_program_has_the_values_of_its_stack_file(
    monkeypatch: pytest.MonkeyPatch, aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph
) -> None:
    words = {"team": "Payments Risk", "cost_center": "CC-12", "owner": "a@b.example", "environment": "pilot"}
    for graph in (aws_pilot, gcp_pilot, azure_pilot):
        said = {f"mlplatform:{key}": value for key, value in words.items()}
        of = graph.placement
        assert of is not None
        said |= {
            "mlplatform:platform": graph.platform,
            "mlplatform:account": of.account,
            "mlplatform:region": of.region,
        }
        monkeypatch.setenv("PULUMI_PROJECT", "mlplatform")
        monkeypatch.setenv("PULUMI_CONFIG", json.dumps(said))
        given = asked(graph.platform, {}, tags={})["labels" if graph.platform == "gcp" else "tags"]
        legal = label if graph.platform == "gcp" else str
        assert given == {
            "platform": graph.platform,
            "stack": "dev",
            "team": legal("Payments Risk"),
            "cost-center": legal("CC-12"),
            "environment": "pilot",
            "owner": legal("a@b.example"),
        } and set(given) == set(TAGS)
