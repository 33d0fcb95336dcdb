"""What a condition admits and on what a grant is: each way to make one wider is caught, by the rule that is for it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.kinds.aws import ec2, iam
from policies.aws.grants import DOCUMENTS
from policies.aws.reach import Reach
from tests.catching import caught, expect_all_caught
from tests.mutate import changed, put
from tests.policies.aws.test_rules import Mutation, editing, first

BUCKET = "arn:aws:s3:::aws-pilot-artifacts-111122223333"
ROLES = "arn:aws:iam::111122223333:role/aws-pilot"
_EQUIVALENT = {"aws:sourceaccount", "aws:principalaccount", "aws:resourceaccount", "kms:grantisforawsresource"}
"""Their values have no case, or one that Bool does not know."""


def wider(operator: str, key: str) -> Iterator[str]:
    """The operators that admit more than another one."""
    scope, _, base = operator.rpartition(":")
    if base != "Null":
        yield f"{operator}IfExists"
        yield f"ForAllValues:{base}"
        if not scope:
            yield f"ForAnyValue:{base}"
    if base.startswith("String"):
        yield "StringNotEquals"
    if base == "StringEquals" and key.lower() not in _EQUIVALENT:
        yield "StringEqualsIgnoreCase"


def test_any_operator_that_admits_more_is_caught(aws_pilot: Graph) -> None:
    """Of each sort of document, each key once for each operator."""
    seen = set[tuple[str, str, str]]()

    def mutants() -> Iterator[tuple[str, Graph]]:
        for resource in aws_pilot.of(*DOCUMENTS):
            path, sort = DOCUMENTS[resource.type]
            document = json.loads(resource.inputs.get(path) or "{}")
            said = [
                (s, operator, key)
                for s, statement in enumerate(document.get("Statement", ()))
                for operator, keys in statement.get("Condition", {}).items()
                for key in keys
                if statement["Effect"] == "Allow" and (sort, operator, key) not in seen
            ]
            seen.update((sort, operator, key) for _, operator, key in said)
            for s, operator, key in said:
                for other in wider(operator, key):
                    mutant: Any = json.loads(resource.inputs[path])
                    block = mutant["Statement"][s]["Condition"]
                    block.setdefault(other, {})[key] = block[operator].pop(key)
                    text = json.dumps(mutant)
                    yield (
                        f"{resource.name} {s} {other} {key}",
                        changed(aws_pilot, resource, lambda p, path=path, text=text: put(p, path, text)),
                    )

    expect_all_caught(mutants(), "identity-conditions")


def on(persona: str, sid: str, *resources: str) -> Mutation:
    """The policy of a persona with other resources in one statement."""
    return editing(
        iam.ROLE_POLICY,
        "policy",
        lambda d: next(s for s in d["Statement"] if s["Sid"] == sid).update(Resource=list(resources)),
        f"{persona}-policy",
    )


@pytest.mark.parametrize(
    "mutate",
    [
        on("data-scientist", "TrainAsTraining", f"{ROLES}-training", f"{ROLES}-approver"),
        on("data-scientist", "OwnFilesWrite", f"{BUCKET}/workspace/*", f"{BUCKET}/models/*"),
        on("training", "TrainingWrite", f"{BUCKET}/*"),
        on("training", "TrainingWrite", f"{BUCKET}/train*"),
        on("serving", "Capture", f"{BUCKET}/c*"),
        on("serving", "Artifacts", f"{BUCKET}/models/*"),
        on("serving", "AsyncResultsRead", f"{BUCKET}/async/*"),
        on("batch", "Input", f"{BUCKET}/*/transactions/*"),
        on("batch", "Output", f"{BUCKET}/data/transactions/*"),
        on("batch", "Artifacts", f"{BUCKET}/models/?*"),
        on("caller", "Requests", f"{BUCKET}/async/*"),
        on("pipeline", "Transform", "arn:aws:sagemaker:us-east-1:111122223333:transform-job/aws-*"),
        on("publisher", "PushImages", "arn:aws:ecr:us-east-1:763104351884:repository/pytorch-inference"),
    ],
)
def test_a_grant_beyond_the_places_of_a_persona_is_caught(aws_pilot: Graph, mutate: Mutation) -> None:
    assert "identity-permissions" in caught(mutate(aws_pilot), "identity-permissions")


def test_the_logs_key_is_no_key_of_a_persona(aws_pilot: Graph) -> None:
    logs = str(first(aws_pilot, "aws:kms/key:Key", "key-logs").outputs["arn"])
    assert caught(on("batch", "Key", logs)(aws_pilot), "identity-permissions")


def test_a_list_without_its_prefix_is_of_the_whole_bucket(aws_pilot: Graph) -> None:
    unbound = editing(
        iam.ROLE_POLICY,
        "policy",
        lambda d: next(s for s in d["Statement"] if s["Sid"] == "ListInput0").pop("Condition"),
        "batch-policy",
    )
    assert caught(unbound(aws_pilot), "identity-permissions")


def test_folders_stand_for_places_only_for_want_of_room() -> None:
    few = Reach(frozenset({"arn:aws:s3:::b/models/x/*", "arn:aws:s3:::b/models/y/*"}))
    assert few.holds("arn:aws:s3:::b/models/x/1/*") and not few.holds("arn:aws:s3:::b/models/*")
    many = Reach(frozenset(f"arn:aws:s3:::b/models/scorer-{n}/*" for n in range(200)))
    assert many.holds("arn:aws:s3:::b/models/*")
    assert not many.holds("arn:aws:s3:::b/m*") and not many.holds("arn:aws:s3:::b/*/scorer-1/*")
    assert not many.holds("arn:aws:s3:::b/*") and not many.holds("arn:aws:s3:::b/data/*")


def denying(sid: str, operator: str, key: str, value: Any) -> Mutation:
    """The first boundary with another value in one guardrail."""
    return editing(
        iam.POLICY,
        "policy",
        lambda d: next(s for s in d["Statement"] if s["Sid"] == sid)["Condition"][operator].update({key: value}),
    )


ANY, TYPES = "ForAnyValue:StringNotEquals", "sagemaker:InstanceTypes"


@pytest.mark.parametrize(
    "mutate",
    [
        denying("BeyondTimeLimit", "NumericGreaterThan", "sagemaker:MaxRuntimeInSeconds", "864000"),
        denying("OtherHardware", ANY, TYPES, ["ml.g6.xlarge", "ml.m5.large", "ml.m5.2xlarge"]),
        denying("OtherApplications", ANY, TYPES, ["system", "ml.m5.large", "ml.g6.xlarge"]),
        denying("VolumesWithoutKey", ANY, TYPES, ["ml.g6.xlarge", "ml.m5.large"]),
        denying("ApproveVersion", "ArnNotEquals", "aws:PrincipalArn", f"{ROLES}-pipeline"),
        denying("OtherRegion", "StringNotEquals", "aws:RequestedRegion", ["us-east-1", "us-west-2"]),
        denying("CarryDataOut", "StringNotEquals", "aws:ResourceAccount", ["111122223333", "999900001111"]),
        denying("OutsideSubnets", "Null", "sagemaker:VpcSubnets", "false"),
    ],
)
def test_a_guardrail_with_a_value_that_is_not_the_stacks_is_caught(aws_pilot: Graph, mutate: Mutation) -> None:
    assert caught(mutate(aws_pilot), "identity-guardrails")


def test_a_door_to_the_models_names_who_calls(aws_pilot: Graph) -> None:
    door = next(d for d in aws_pilot.of(ec2.VPC_ENDPOINT) if ec2.service_of(d) == "sagemaker.runtime")
    document: Any = json.loads(door.inputs["policy"])
    del document["Statement"][0]["Condition"]["ArnEquals"]
    open_door = changed(aws_pilot, door, lambda p: put(p, "policy", json.dumps(document)))
    assert caught(open_door, "network-endpoint-closed")
