"""What the offline preview records: secrets stay secret, unknowns unknown; what the sandbox lacks is refused."""

import json
from collections.abc import Callable

import pulumi
import pulumi_aws
import pytest
from pulumi_aws import iam, s3, sns

from catalogue.graph import Graph
from catalogue.marks import SECRET, UNKNOWN
from operations import offline
from operations.offline import record
from sandbox.cloud import UnknownType


def run(program: Callable[[], None]) -> Graph:
    return record(program, "test", "aws", {})


def test_a_secret_is_marked_and_its_value_is_nowhere() -> None:
    def program() -> None:
        secret = pulumi.Output.secret("hunter2-open-sesame")
        topic = sns.Topic("t", display_name=secret, tags={"kept": "x", "hidden": secret})
        pulumi.export("exported", secret)
        pulumi.export("derived", pulumi.Output.concat("pass:", secret))
        pulumi.export("plain", topic.name)

    graph = run(program)
    text = json.dumps(graph.to_json())
    assert "hunter2" not in text
    (topic,) = graph.of("aws:sns/topic:Topic")
    assert topic.inputs["displayName"] == SECRET
    assert topic.inputs["tags"] == {"kept": "x", "hidden": SECRET}
    assert graph.outputs["exported"] == SECRET == graph.outputs["derived"]
    assert graph.outputs["plain"] == topic.outputs["name"]


def test_what_is_not_known_before_up_is_marked() -> None:
    def program() -> None:
        bucket = s3.Bucket("b")
        sns.Topic("t", display_name=bucket.hosted_zone_id)

    (topic,) = run(program).of("aws:sns/topic:Topic")
    assert topic.inputs["displayName"] == UNKNOWN


def test_references_are_recorded_by_property() -> None:
    def program() -> None:
        role = iam.Role("r", assume_role_policy="{}")
        iam.RolePolicy("p", role=role.name, policy=role.arn.apply(lambda arn: json.dumps({"Resource": arn})))

    graph = run(program)
    (role,), (policy,) = graph.of("aws:iam/role:Role"), graph.of("aws:iam/rolePolicy:RolePolicy")
    assert policy.dependencies == (role.urn,)
    assert dict(policy.property_dependencies) == {"policy": (role.urn,), "role": (role.urn,)}


def test_what_a_program_has_read_of_the_sdk_no_later_one_reads_again() -> None:
    def program() -> None:
        sns.Topic("t", display_name=iam.Role("r", assume_role_policy="{}").name)

    def read() -> int:
        return offline._types_noted.cache_info().misses

    first = run(program)
    names = offline.learned()
    assert {f"pulumi_aws.{name}" for name in ("sns.topic:Topic", "iam.role:Role")} <= {*names}
    offline._types_noted.cache_clear()
    offline.learn([*names, "pulumi_aws.sns.topic:NoSuch", "no.such:Class"])
    known = read()
    assert run(program) == first
    assert read() == known, "all were read in advance"


def test_options_and_source_are_recorded() -> None:
    def program() -> None:
        options = pulumi.ResourceOptions(protect=True, delete_before_replace=True, ignore_changes=["tags"])
        s3.Bucket("b", opts=options)

    (bucket,) = run(program).of("aws:s3/bucket:Bucket")
    assert bucket.protect and bucket.options == {"deleteBeforeReplace": True, "ignoreChanges": ["tags"]}
    assert bucket.source is not None and bucket.source.file == "tests/operations/test_offline.py"


def test_urns_are_those_of_the_engine() -> None:
    def program() -> None:
        outer = pulumi.ComponentResource("m:a:Outer", "outer")
        inner = pulumi.ComponentResource("m:a:Inner", "inner", None, pulumi.ResourceOptions(parent=outer))
        s3.Bucket("b", opts=pulumi.ResourceOptions(parent=inner))

    (bucket,) = run(program).of("aws:s3/bucket:Bucket")
    assert bucket.urn == "urn:pulumi:test::mlplatform::m:a:Outer$m:a:Inner$aws:s3/bucket:Bucket::b"


def test_a_type_or_look_up_the_sandbox_lacks_is_refused() -> None:
    with pytest.raises(UnknownType, match="aws:sqs/queue:Queue"):
        run(lambda: pulumi_aws.sqs.Queue("q") and None)


def test_an_error_of_the_program_is_the_programs() -> None:
    def program() -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        run(program)


def test_a_graph_survives_its_json() -> None:
    graph = run(lambda: s3.Bucket("b") and None)
    assert Graph.from_json(json.loads(json.dumps(graph.to_json()))) == graph


def test_two_resources_of_one_name_are_refused_as_the_engine_does() -> None:
    def program() -> None:
        provider = pulumi_aws.Provider("aws", region="us-east-1")
        for _ in range(2):
            sns.Topic("alarms", opts=pulumi.ResourceOptions(provider=provider))

    with pytest.raises(pulumi.RunError, match=r"::aws:sns/topic:Topic::alarms: two resources have this type and name;"):
        record(program, "test", "aws", {})
