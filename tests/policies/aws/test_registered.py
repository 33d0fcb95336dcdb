"""A model of a registered version waits for the registry's word: every way round it is found, and nothing else."""

import copy
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from catalogue import registered
from catalogue.graph import Graph, Resource
from components.aws.registry import _clean_up
from policies.aws.encryption import bucket_tls
from policies.aws.registered import approved, kept
from tests.mutate import changed, put, swapped

MODEL, ASKS = "aws:sagemaker/model:Model", "mlplatform:aws:ApprovedVersion"
ARTIFACT = "s3://aws-pilot-artifacts-111122223333/registry/fraud-scorer/3/model.tar.gz"
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/aws-pilot-registry-images:fraud-scorer-3"
ASKED = {
    "account": "111122223333",
    "region": "us-east-1",
    "group": "aws-pilot-registry-fraud-scorer",
    "version": 3,
    "digest": f"sha256:{'a' * 64}",
}


def of(graph: Graph) -> Resource:
    return next(one for one in graph.of(MODEL) if "fraud-scorer" in one.name)


@pytest.fixture
def serving(aws_pilot: Graph) -> Graph:
    """The pilot, whose scorer is version 3 of the registry."""
    urn = f"urn:pulumi:aws-pilot::mlplatform::{ASKS}::asks"
    asks = Resource(urn=urn, type=ASKS, name="asks", custom=True, inputs=ASKED, outputs=dict(ASKED))
    graph = replace(aws_pilot, resources=(*aws_pilot.resources, asks))
    model = of(graph)
    graph = swapped(graph, replace(model, dependencies=(*model.dependencies, urn)))
    return serve(IMAGE, ARTIFACT)(graph)


def serve(image: str, artifact: str) -> Callable[[Graph], Graph]:
    def container(inputs: dict[str, object]) -> None:
        put(inputs, "primaryContainer.image", image)
        put(inputs, "primaryContainer.modelDataUrl", artifact)

    return lambda graph: changed(graph, of(graph), container)


def asking(key: str, value: object) -> Callable[[Graph], Graph]:
    return lambda graph: changed(graph, graph.of(ASKS)[0], lambda inputs: put(inputs, key, value))


def waiting_for_nothing(graph: Graph) -> Graph:
    asks, model = graph.of(ASKS)[0], of(graph)
    return swapped(graph, replace(model, dependencies=tuple(one for one in model.dependencies if one != asks.urn)))


def test_what_waits_for_its_own_version_passes(serving: Graph) -> None:
    assert approved.judge(serving).violations == ()


def test_a_model_that_is_named_by_image_and_artifact_is_none_of_it(aws_pilot: Graph) -> None:
    assert approved.judge(aws_pilot).violations == ()


@pytest.mark.parametrize(
    "mutation",
    [
        waiting_for_nothing,
        asking("version", 2),
        asking("group", "aws-pilot-registry-document-embedder"),
        asking("group", "other-registry-fraud-scorer"),
        asking("account", "999988887777"),
        asking("region", "eu-west-1"),
        serve(IMAGE.replace("-3", "-2"), ARTIFACT),
        serve(IMAGE.replace("fraud-scorer-3", "latest"), ARTIFACT),
        serve(IMAGE.replace("111122223333", "999988887777"), ARTIFACT),
        serve(IMAGE.replace("registry-images", "other-images"), ARTIFACT),
        serve(f"{IMAGE.partition(':')[0]}@sha256:{'a' * 64}", ARTIFACT),
        serve(IMAGE, ARTIFACT.replace("/3/", "/4/")),
        serve(IMAGE, ARTIFACT.replace("/3/", "/3/x/")),
        serve(IMAGE, ARTIFACT.replace("aws-pilot-artifacts", "somebody-elses")),
        serve(IMAGE, ARTIFACT.replace("registry/", "models/")),
    ],
)
def test_every_way_round_is_found(serving: Graph, mutation: Callable[[Graph], Graph]) -> None:
    found = approved.judge(mutation(serving)).violations
    assert found and all(one.waits is None and not one.sentence.startswith("cannot") for one in found)


def on_lifecycle(change: Callable[[list[dict[str, Any]]], object]) -> Callable[[Graph], Graph]:
    """The pilot's image registry with other rules, which it gets from the registry component."""

    def mutation(graph: Graph) -> Graph:
        def edit(inputs: dict[str, Any]) -> None:
            rules = _clean_up(True)["rules"]
            change(rules)
            inputs["policy"] = json.dumps({"rules": rules})

        kept = changed(graph, graph.of("aws:ecr/lifecyclePolicy:LifecyclePolicy")[0], edit)
        return on_policy(lambda once: None)(kept)

    return mutation


ONCE = {
    "Sid": "VersionsOnce",
    "Effect": "Deny",
    "Principal": "*",
    "Action": "s3:PutObject",
    "Resource": "arn:aws:s3:::aws-pilot-artifacts-111122223333/registry/*",
    "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
}


def on_policy(change: Callable[[dict[str, Any]], object]) -> Callable[[Graph], Graph]:
    """The pilot's bucket of artifacts with a deny of a second write, which it gets from the registry component."""

    def mutation(graph: Graph) -> Graph:
        own = next(one for one in graph.of("aws:s3/bucketPolicy:BucketPolicy") if "artifacts" in one.name)

        def edit(inputs: dict[str, Any]) -> None:
            document, once = json.loads(inputs["policy"]), copy.deepcopy(ONCE)
            change(once)
            document["Statement"] = [one for one in document["Statement"] if one.get("Sid") != ONCE["Sid"]]
            inputs["policy"] = json.dumps({**document, "Statement": [*document["Statement"], once]})

        return changed(graph, own, edit)

    return mutation


def expiring(prefix: str, **expiration: object) -> Callable[[Graph], Graph]:
    """The pilot's artifact bucket with a rule that deletes something."""

    def mutation(graph: Graph) -> Graph:
        lifecycles = graph.of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
        own = next(one for one in lifecycles if "artifacts" in one.name)
        rule = {"id": "x", "status": "Enabled", "filter": {"prefix": prefix}, "expiration": expiration}
        return changed(on_lifecycle(lambda rules: None)(graph), own, lambda inputs: inputs["rules"].append(rule))

    return mutation


@pytest.mark.parametrize("mutation", [on_lifecycle(lambda rules: None), expiring("training/", days=3)])
def test_what_keeps_every_version_passes(serving: Graph, mutation: Callable[[Graph], Graph]) -> None:
    assert kept.judge(mutation(serving)).violations == ()


@pytest.mark.parametrize(
    "mutation",
    [
        on_lifecycle(lambda rules: rules.pop(1)),
        on_lifecycle(lambda rules: rules[1].update(rulePriority=9)),
        on_lifecycle(lambda rules: put(rules[1], "selection.countNumber", 20)),
        on_lifecycle(lambda rules: put(rules[1], "selection.tagPatternList", ["other-*"])),
        on_lifecycle(lambda rules: put(rules[1], "selection.tagPatternList", ["fraud-scorer-*", "other-*"])),
        on_lifecycle(lambda rules: put(rules[1], "selection.countType", "sinceImagePushed")),
        expiring("", days=365),
        expiring("registry/", days=365),
        expiring("registry/fraud-scorer/1/", date="2027-01-01"),
        expiring("reg", days=1),
    ],
)
def test_whatever_lets_a_version_expire_is_found(serving: Graph, mutation: Callable[[Graph], Graph]) -> None:
    found = kept.judge(mutation(serving)).violations
    assert found and all(one.waits is None and not one.sentence.startswith("cannot") for one in found)


def moving(graph: Graph) -> Graph:
    def edit(inputs: dict[str, Any]) -> None:
        inputs["rules"][-1] = {"id": "x", "status": "Enabled", "filter": {"prefix": "registry/"}, "transitions": [ICE]}

    lifecycles = graph.of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    return changed(expiring("x/", days=1)(graph), next(one for one in lifecycles if "artifacts" in one.name), edit)


ICE = {"days": 1, "storageClass": "GLACIER"}


@pytest.mark.parametrize(
    "change",
    [
        lambda once: once.update(Effect="Allow"),
        lambda once: once.update(Principal={"AWS": "arn:aws:iam::111122223333:role/somebody"}),
        lambda once: once.update(Action="s3:DeleteObject"),
        lambda once: once.update(Resource=once["Resource"].replace("registry", "models")),
        lambda once: once.update(Resource=once["Resource"].replace("registry/*", "registry/fraud-scorer/3/*")),
        lambda once: put(once, "Condition.Null", {"s3:if-none-match": "false"}),
        lambda once: put(once, "Condition.Null", {"s3:if-match": "true"}),
        lambda once: put(once, "Condition.Bool", {"aws:SecureTransport": "true"}),
        lambda once: put(once, "Condition.StringLike", {"aws:PrincipalArn": "*/somebody"}),
    ],
)
def test_what_lets_a_version_be_written_over_is_found(serving: Graph, change: Callable[[dict[str, Any]], None]) -> None:
    whole = on_lifecycle(lambda rules: None)(serving)
    assert [v.sentence for v in kept.judge(on_policy(change)(whole)).violations] == [
        "is of a version, and aws-pilot-registry-artifacts lets it be written over once it is approved"
    ]


def test_no_other_deny_of_a_bucket_passes_for_it(serving: Graph) -> None:
    whole = on_lifecycle(lambda rules: None)(serving)
    assert bucket_tls.judge(whole).violations == ()
    everywhere = on_policy(lambda once: once.update(Resource=once["Resource"].replace("registry/*", "*")))
    assert "VersionsOnce denies something" in bucket_tls.judge(everywhere(whole)).violations[0].sentence


def test_a_version_that_moves_to_an_archive_is_found(serving: Graph) -> None:
    assert "takes those of" in kept.judge(moving(serving)).violations[0].sentence


@pytest.mark.parametrize("at", ["modelDataSource", "additionalModelDataSources.0"])
def test_an_artifact_is_found_in_whatever_way_it_is_named(aws_pilot: Graph, at: str) -> None:
    def name(inputs: dict[str, Any]) -> None:
        sources = {"s3DataSources": [{"s3Uri": ARTIFACT, "s3DataType": "S3Prefix", "compressionType": "None"}]}
        inputs["primaryContainer"][at.partition(".")[0]] = [sources] if "." in at else sources

    assert approved.judge(changed(aws_pilot, of(aws_pilot), name)).violations


def test_a_version_has_one_address_and_an_address_one_version() -> None:
    version = registered.Registered("fraud-scorer", 3)
    assert version.artifact("aws-pilot-artifacts-111122223333") == ARTIFACT
    assert registered.at(ARTIFACT) == version and registered.in_registry(ARTIFACT)
    for other in ("s3://b/models/registry/s/1/model.tar.gz", "s3://b/registry.old/s/1/model.tar.gz"):
        assert not registered.in_registry(other) and registered.at(other) is None
    assert registered.at(ARTIFACT.replace("/3/", "/03/")) is None
