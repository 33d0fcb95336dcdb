"""A model of a registered version waits for the approver's word: every way round it is found, and nothing else."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from catalogue import registered
from catalogue.graph import Graph, Resource
from policies.gcp.acting import folders
from policies.gcp.registered import approved, kept
from stacks.config import STACKS
from tests.mutate import changed, put, swapped
from tests.previewing import preview

MODEL, ASKS = "mlplatform:gcp:Model", "mlplatform:gcp:ApprovedVersion"
BUCKET, REPOSITORY = "gcp:storage/bucket:Bucket", "gcp:artifactregistry/repository:Repository"
GRANT = "gcp:storage/bucketIAMMember:BucketIAMMember"
PROJECT = "payments-risk-pilot"
ARTIFACTS, APPROVALS = f"gcp-full-artifacts-{PROJECT}", f"gcp-full-approvals-{PROJECT}"
ARTIFACT = f"gs://{ARTIFACTS}/registry/mlplatform-example/1/artifact/"
IMAGE = f"us-central1-docker.pkg.dev/{PROJECT}/gcp-full-registry-images/mlplatform-example:1"


@pytest.fixture(scope="module")
def serving() -> Graph:
    """The full stack, whose scorer is version 1 of the registry."""
    return preview(STACKS / "Pulumi.gcp-full.yaml")


def of(graph: Graph) -> Resource:
    return next(one for one in graph.of(MODEL) if one.name == "gcp-full-fraud-scorer-model")


def asks(graph: Graph) -> Resource:
    return next(one for one in graph.depends(of(graph)) if one.type == ASKS)


def serve(key: str, value: str) -> Callable[[Graph], Graph]:
    return lambda graph: changed(graph, of(graph), lambda inputs: put(inputs, key, value))


def asking(key: str, value: object) -> Callable[[Graph], Graph]:
    return lambda graph: changed(graph, asks(graph), lambda inputs: put(inputs, key, value))


def waiting_for_nothing(graph: Graph) -> Graph:
    model, waits = of(graph), asks(graph).urn
    without: dict[str, Any] = {
        "dependencies": tuple(one for one in model.dependencies if one != waits),
        "property_dependencies": {},
    }
    return swapped(graph, replace(model, **without))


def test_what_is_deployed_follows_from_name_and_number(serving: Graph) -> None:
    served = [one for one in serving.of(MODEL) if "fraud" in one.name]
    assert {(one.inputs["artifactUri"], one.inputs["image"]) for one in served} == {(ARTIFACT, IMAGE)}
    assert len(served) == 3 and {one.inputs["bucket"] for one in serving.of(ASKS)} == {APPROVALS}
    assert all(any(up.type == ASKS for up in serving.depends(one)) for one in served)


def test_what_waits_for_its_own_version_passes(serving: Graph, gcp_pilot: Graph) -> None:
    for rule in (approved, kept):
        assert rule.judge(serving).violations == ()
        assert rule.judge(gcp_pilot).violations == ()


@pytest.mark.parametrize(
    "mutation",
    [
        waiting_for_nothing,
        asking("version", 2),
        asking("digest", f"sha256:{'0' * 64}"),
        asking("model", "other"),
        asking("project", "somebody-elses"),
        asking("bucket", "somebody-elses"),
        asking("bucket", ARTIFACTS),
        serve("image", IMAGE.replace(":1", ":2")),
        serve("image", IMAGE.replace("mlplatform-example", "other")),
        serve("image", IMAGE.replace(PROJECT, "somebody-elses")),
        serve("image", IMAGE.replace("registry-images", "other-images")),
        serve("image", IMAGE.replace("/mlplatform", "/beside/mlplatform")),
        serve("image", f"{IMAGE.partition(':')[0]}@sha256:{'a' * 64}"),
        serve("artifactUri", ARTIFACT.replace("/1/", "/4/")),
        serve("artifactUri", ARTIFACT.replace("/1/", "/1/x/")),
        serve("artifactUri", ARTIFACT.replace(ARTIFACTS, "somebody-elses")),
        serve("artifactUri", ARTIFACT.replace(ARTIFACTS, APPROVALS)),
        serve("artifactUri", ARTIFACT.replace("registry/", "models/")),
    ],
)
def test_every_way_round_is_found(serving: Graph, mutation: Callable[[Graph], Graph]) -> None:
    found = approved.judge(mutation(serving)).violations
    assert found and all(one.waits is None and not one.sentence.startswith("cannot") for one in found)


def expiring(name: str, action: str = "Delete", **condition: object) -> Callable[[Graph], Graph]:
    def mutation(graph: Graph) -> Graph:
        bucket = next(one for one in graph.of(BUCKET) if one.inputs["name"] == name)
        rule = {"action": {"type": action}, "condition": condition}
        return changed(graph, bucket, lambda inputs: inputs["lifecycleRules"].append(rule))

    return mutation


def cleaning(**condition: object) -> Callable[[Graph], Graph]:
    policy = {"id": "more", "action": "DELETE", "condition": condition}
    return lambda graph: changed(
        graph, graph.of(REPOSITORY)[0], lambda inputs: inputs["cleanupPolicies"].append(policy)
    )


@pytest.mark.parametrize(
    "mutation",
    [
        expiring(ARTIFACTS, age=3, withState="LIVE", matchesPrefixes=["training/"]),
        expiring(ARTIFACTS, daysSinceNoncurrentTime=30),
        expiring(ARTIFACTS, age=3, withState="ARCHIVED"),
        expiring(APPROVALS, "AbortIncompleteMultipartUpload", age=7),
        cleaning(tagState="UNTAGGED", olderThan="604800s"),
    ],
)
def test_what_keeps_every_version_passes(serving: Graph, mutation: Callable[[Graph], Graph]) -> None:
    assert kept.judge(mutation(serving)).violations == ()


@pytest.mark.parametrize(
    "mutation",
    [
        expiring(ARTIFACTS, age=365),
        expiring(ARTIFACTS, age=365, matchesPrefixes=["registry/"]),
        expiring(ARTIFACTS, age=365, matchesPrefixes=["data/", "reg"]),
        expiring(ARTIFACTS, createdBefore="2027-01-01", matchesPrefixes=["registry/mlplatform-example/1/"]),
        expiring(ARTIFACTS, daysSinceNoncurrentTime=0),
        expiring(APPROVALS, age=365),
        expiring(APPROVALS, age=365, withState="LIVE", matchesPrefixes=["approvals/other/"]),
        cleaning(tagState="TAGGED", olderThan="604800s"),
        cleaning(tagState="ANY"),
        cleaning(olderThan="604800s"),
    ],
)
def test_whatever_lets_a_version_expire_is_found(serving: Graph, mutation: Callable[[Graph], Graph]) -> None:
    found = kept.judge(mutation(serving)).violations
    assert found and all(one.waits is None and not one.sentence.startswith("cannot") for one in found)


def approver_may(role: str, *, also: str = "") -> Callable[[Graph], Graph]:
    """The approver's grant with a role, or a second one beside it to somebody else."""

    def mutation(graph: Graph) -> Graph:
        grant = next(one for one in graph.of(GRANT) if "approver-creates" in one.name)
        if not also:
            return changed(graph, grant, lambda inputs: put(inputs, "role", role))
        inputs = {**grant.inputs, "role": role, "member": also}
        more = replace(grant, urn=f"{grant.urn}-more", name="more", inputs=inputs, outputs=inputs)
        return replace(graph, resources=(*graph.resources, more))

    return mutation


@pytest.mark.parametrize(
    ("mutation", "said"),
    [
        (approver_may("roles/storage.objectUser"), "lets a decision be replaced"),
        (approver_may("roles/storage.objectAdmin"), "lets a decision be replaced"),
        (approver_may("roles/storage.objectCreator", also="serviceAccount:b@c"), "several may decide"),
        (approver_may("roles/storage.objectViewer", also="serviceAccount:b@c"), None),
    ],
)
def test_one_account_decides_once_in_any_program(
    serving: Graph, mutation: Callable[[Graph], Graph], said: str | None
) -> None:
    elsewhere = replace(mutation(serving), ours=False, placement=None)
    found = {one.sentence for one in approved.judge(elsewhere).violations}
    assert not found if said is None else found and all(said in one for one in found)


@pytest.mark.parametrize("role", ["roles/storage.objectCreator", "roles/storage.objectUser"])
def test_nobody_else_adds_where_approvals_lie(serving: Graph, role: str) -> None:
    grant = next(one for one in serving.of(GRANT) if "publisher-creates" in one.name and "registry" in one.name)
    there = grant.inputs["condition"]["expression"].replace(ARTIFACTS, APPROVALS)
    there = there.replace("registry/mlplatform-example/", "approvals/")

    def edit(inputs: dict[str, Any]) -> None:
        put(inputs, "condition.expression", there)
        put(inputs, "role", role)

    assert any(
        one.resource and one.resource.urn == grant.urn
        for one in folders.judge(changed(serving, grant, edit)).violations
    )


def test_a_version_has_one_address_and_an_address_one_version() -> None:
    version = registered.Registered("mlplatform-example", 1)
    assert f"gs://{ARTIFACTS}/{version.artifact_folder}" == ARTIFACT
    assert version.image(IMAGE.rpartition("/")[0]) == IMAGE
    assert registered.at(ARTIFACT) == version and registered.in_registry(ARTIFACT)
    assert version.decision("approved") == "approvals/mlplatform-example/1/approved.json"
    for other in ("gs://b/models/registry/s/1/artifact/", "gs://b/registry.old/s/1/artifact/"):
        assert not registered.in_registry(other) and registered.at(other) is None
    assert registered.at(ARTIFACT.replace("/1/", "/01/")) is None
