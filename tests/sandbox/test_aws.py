"""The simulated AWS against the installed SDK: its outputs are the SDK's, and it makes what the pilot has."""

import importlib
import inspect
import re

import pytest

from catalogue.answers import Request
from catalogue.graph import Graph
from catalogue.kind import Acts
from catalogue.kinds import kinds
from catalogue.kinds.aws import appautoscaling, cloudwatch, ec2, ecr
from catalogue.kinds.aws.experiments import MLFLOW_APP
from catalogue.kinds.aws.jobs import PIPELINE
from sandbox import cloud
from sandbox.lookups.aws import LOOKUPS
from tests.rows import rows

MADE = {token for token, kind in kinds("aws").items() if isinstance(kind.acts, Acts)}
TYPES = sorted(token for token in MADE if token.startswith("aws:"))
"""Those of the SDK; our own provider's are tested with it."""


def sdk_class(type_: str) -> type:
    """The SDK's class for a token such as aws:ec2/vpc:Vpc."""
    _, module, name = type_.split(":")
    return getattr(importlib.import_module(f"pulumi_aws.{module.partition('/')[0]}"), name)


def wire_names(class_: type) -> set[str]:
    """The properties of an SDK class under their wire names."""
    names = {name for name, value in inspect.getmembers(class_) if isinstance(value, property)}
    return {re.sub(r"_(\w)", lambda m: m.group(1).upper(), name) for name in names}


def request(type_: str, **inputs: str) -> Request:
    anything = dict.fromkeys(
        (
            "bucket",
            "role",
            "topic",
            "arn",
            "resourceId",
            "serviceNamespace",
            "domainId",
            "userProfileName",
            "repository",
            "modelPackageGroupName",
            "policyId",
            "targetId",
        ),
        "given",
    )
    return Request(type_, f"urn:{type_}::x", "x", anything | inputs, "111122223333", "us-east-1")


@rows("type_", TYPES)
def test_outputs_are_properties_of_the_sdk(type_: str) -> None:
    made = cloud.create(request(type_))
    assert set(made.outputs) <= wire_names(sdk_class(type_)), "the sandbox answers what AWS's provider does not have"
    assert made.id


@rows("type_", TYPES)
def test_every_output_named_arn_is_an_arn(type_: str) -> None:
    arn = cloud.create(request(type_, topic="arn:aws:sns:us-east-1:111122223333:t")).outputs.get("arn")
    if arn is not None and type_ != "aws:sns/topicPolicy:TopicPolicy":
        assert re.fullmatch(r"arn:aws:[a-z0-9-]+:[a-z0-9-]*:(\d{12})?:.+", str(arn))


def test_two_resources_never_share_an_id(pilot: Graph) -> None:
    attachments = ("bucket", "Policy", "Target")  # whose id is that of what they belong to
    own = [r for r in pilot.cloud if not any(word in r.type.partition("/")[2] for word in attachments)]
    assert len({r.outputs["id"] for r in own}) == len(own) > 40


def test_an_unknown_type_is_refused_not_waved_through() -> None:
    with pytest.raises(cloud.UnknownType, match="does not know the type aws:lambda/function:Function"):
        cloud.create(request("aws:lambda/function:Function"))
    with pytest.raises(cloud.UnknownType, match="makes no aws:ec2/natGateway:NatGateway: no stack of ours makes one"):
        cloud.create(request("aws:ec2/natGateway:NatGateway"))
    with pytest.raises(cloud.UnknownType, match="look-up aws:index/getRegion"):
        cloud.look_up(LOOKUPS, "aws:index/getRegion:getRegion", {}, "1", "us-east-1")


def test_the_sandbox_makes_every_type_of_the_pilot_and_no_other(aws_pilot: Graph) -> None:
    """No pilot has callers in other networks (tests/policies/test_callers.py), hours (tests/components),
    experiments, pipelines, or another stack that versions go to.

    Service control policies are a landing zone's own.
    """
    made = {r.type for r in aws_pilot.cloud if not r.type.startswith(cloud.PROVIDERS)}
    elsewhere = {ec2.PEERING, appautoscaling.SCHEDULED, cloudwatch.MUTE, MLFLOW_APP, ecr.REPOSITORY_POLICY, PIPELINE}
    assert made == {type_ for type_ in TYPES if "organizations/" not in type_} - elsewhere
