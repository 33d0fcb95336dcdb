"""Versions that go to another account: exactly what copies one is let through, and every wider grant is found."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import ecr, iam, kms, s3, sagemaker
from operations.evaluation import evaluate
from policies import pack
from policies.personas import table
from policies.personas.simulation import allowed
from tests.mutate import changed
from tests.promoting import PUBLISHERS, graphs

OTHER = "arn:aws:iam::444455556666:role/somebody-else"
PATHS = {sagemaker.PACKAGE_GROUP_POLICY: "resourcePolicy"}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, Graph]:
    return graphs("aws", tmp_path_factory.mktemp("stacks"))


def findings(graph: Graph) -> set[str]:
    return {one.rule for one in evaluate(graph, pack.RULES["aws"]).findings if one.mandatory}


def edited(graph: Graph, type_: str, name: str, sid: str, edit: Callable[[dict[str, Any]], object]) -> Graph:
    """The graph with one statement of one document changed."""
    resource = next(one for one in graph.of(type_) if one.name.endswith(name))
    path = PATHS.get(type_, "policy")

    def change(inputs: dict[str, Any]) -> None:
        document = json.loads(inputs[path])
        edit(next(one for one in document["Statement"] if one["Sid"] == sid))
        inputs[path] = json.dumps(document)

    return changed(graph, resource, change)


def test_what_the_two_stack_files_say_is_found_nowhere(both: tuple[Graph, Graph]) -> None:
    for graph in both:
        assert findings(graph) == set()


def test_a_stack_that_shares_nothing_has_neither_grant(aws_pilot: Graph) -> None:
    assert not aws_pilot.of(ecr.REPOSITORY_POLICY)
    assert "GiveVersions" not in json.dumps([one.inputs for one in aws_pilot.of(*{s3.BUCKET_POLICY, kms.KEY})])


def test_the_publisher_copies_and_nobody_else_of_the_stack_can(both: tuple[Graph, Graph]) -> None:
    task = next(one for one in table("aws").tasks if one.name == "take-version")
    can = {persona for persona in table("aws").made if allowed(both[1], persona, task)}
    assert can == {"publisher"}


BUCKET, GROUP = "registry-artifacts-policy", "registry-mlplatform-example-policy"
WIDER: list[tuple[str, str, Callable[[dict[str, Any]], object]]] = [
    (s3.BUCKET_POLICY, BUCKET, lambda one: one.update(Action=["s3:GetObject", "s3:PutObject"])),
    (s3.BUCKET_POLICY, BUCKET, lambda one: one.update(Action="s3:*")),
    (s3.BUCKET_POLICY, BUCKET, lambda one: one.update(Resource="arn:aws:s3:::aws-dev-artifacts-111122223333/*")),
    (s3.BUCKET_POLICY, BUCKET, lambda one: one["Principal"].update(AWS=[PUBLISHERS["aws"], OTHER])),
    (s3.BUCKET_POLICY, BUCKET, lambda one: one["Principal"].update(AWS="arn:aws:iam::444455556666:root")),
    (s3.BUCKET_POLICY, BUCKET, lambda one: one.update(Principal="*")),
    (kms.KEY, "key-data", lambda one: one.update(Action=["kms:Decrypt", "kms:CreateGrant"])),
    (kms.KEY, "key-data", lambda one: one.pop("Condition")),
    (kms.KEY, "key-data", lambda one: one["Condition"]["StringEquals"].pop("kms:EncryptionContext:aws:s3:arn")),
    (kms.KEY, "key-data", lambda one: one["Principal"].update(AWS=OTHER)),
    (ecr.REPOSITORY_POLICY, "images-given", lambda one: one["Action"].append("ecr:PutImage")),
    (ecr.REPOSITORY_POLICY, "images-given", lambda one: one["Principal"].update(AWS="444455556666")),
    (ecr.REPOSITORY_POLICY, "images-given", lambda one: one.update(Principal="*")),
    (sagemaker.PACKAGE_GROUP_POLICY, GROUP, lambda one: one.update(Action="sagemaker:UpdateModelPackage")),
    (sagemaker.PACKAGE_GROUP_POLICY, GROUP, lambda one: one["Principal"].update(AWS=OTHER)),
]


@pytest.mark.sweep(2)
@pytest.mark.parametrize(("type_", "name", "edit"), WIDER, ids=[str(n) for n in range(len(WIDER))])
def test_a_wider_grant_is_found(
    both: tuple[Graph, Graph], type_: str, name: str, edit: Callable[[dict[str, Any]], object]
) -> None:
    assert findings(edited(both[0], type_, name, "GiveVersions", edit))


NARROWER: list[tuple[str, str, Callable[[dict[str, Any]], object]]] = [
    (ecr.REPOSITORY_POLICY, "images-given", lambda one: one.update(Action=one["Action"][:2])),
    (s3.BUCKET_POLICY, BUCKET, lambda one: one.update(Effect="Deny")),
]


@pytest.mark.parametrize(("type_", "name", "edit"), NARROWER, ids=["images", "files"])
def test_a_grant_with_which_no_copy_works_is_found(
    both: tuple[Graph, Graph], type_: str, name: str, edit: Callable[[dict[str, Any]], object]
) -> None:
    assert "registry-shared" in findings(edited(both[0], type_, name, "GiveVersions", edit))


BENIGN: list[tuple[str, str, Callable[[dict[str, Any]], object]]] = [
    (s3.BUCKET_POLICY, BUCKET, lambda one: one.update(Sid="Promotion")),
    (s3.BUCKET_POLICY, BUCKET, lambda one: one.update(Action=["s3:GetObject"])),
    (s3.BUCKET_POLICY, BUCKET, lambda one: one["Principal"].update(AWS=PUBLISHERS["aws"])),
    (ecr.REPOSITORY_POLICY, "images-given", lambda one: one["Action"].reverse()),
]


@pytest.mark.parametrize(("type_", "name", "edit"), BENIGN, ids=["name", "list", "text", "order"])
def test_another_way_to_say_the_same_is_not(
    both: tuple[Graph, Graph], type_: str, name: str, edit: Callable[[dict[str, Any]], object]
) -> None:
    assert findings(edited(both[0], type_, name, "GiveVersions", edit)) == set()


def _grants(graph: Graph, persona: str, actions: list[str], on: str) -> Graph:
    policy: Resource = next(one for one in graph.of(iam.ROLE_POLICY) if one.name.endswith(f"-{persona}-policy"))

    def change(inputs: dict[str, Any]) -> None:
        document = json.loads(inputs["policy"])
        document["Statement"].append({"Sid": "More", "Effect": "Allow", "Action": actions, "Resource": [on]})
        inputs["policy"] = json.dumps(document)

    return changed(graph, policy, change)


@pytest.mark.parametrize(
    ("persona", "actions", "on"),
    [
        ("publisher", ["s3:GetObject"], "arn:aws:s3:::aws-dev-artifacts-111122223333/*"),
        ("publisher", ["s3:PutObject"], "arn:aws:s3:::aws-dev-artifacts-111122223333/registry/*"),
        ("publisher", ["sagemaker:UpdateModelPackage"], "arn:aws:sagemaker:us-east-1:111122223333:model-package/*"),
        ("serving", ["s3:GetObject"], "arn:aws:s3:::aws-dev-artifacts-111122223333/registry/*"),
        ("data-scientist", ["s3:GetObject"], "arn:aws:s3:::aws-dev-artifacts-111122223333/registry/*"),
        ("publisher", ["s3:GetObject"], "arn:aws:s3:::aws-prod-artifacts-777788889999/registry/*"),
    ],
)
def test_nobody_takes_more_than_the_publisher_and_versions(
    both: tuple[Graph, Graph], persona: str, actions: list[str], on: str
) -> None:
    assert findings(_grants(both[1], persona, actions, on))
