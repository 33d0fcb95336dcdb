"""A training job can mount each bucket that it is told a folder of, and nobody else reads all of another's bucket."""

import json
from collections.abc import Callable
from dataclasses import replace

import pytest

from catalogue.graph import Graph, Resource
from policies.gcp.identity import objects_bounded
from policies.gcp.reach import training_mounts
from stacks.config import STACKS
from tests.catching import caught
from tests.mutants.benign import benign
from tests.mutate import changed, put, without
from tests.previewing import preview

_JOB = {
    "serviceAccount": "gcp-pilot-training@payments-risk-pilot.iam.gserviceaccount.com",
    "workerPoolSpecs": [{"containerSpec": {"args": ["--train=/gcs/their-data/train/"]}}],
}
_CREATES = "https://us-central1-aiplatform.googleapis.com/v1/projects/p/locations/us-central1/customJobs"
TRAINS = json.dumps(
    {"main": {"steps": [{"go": {"call": "http.post", "args": {"url": _CREATES, "body": {"jobSpec": _JOB}}}}]}}
)
"""A workflow of the pilot that trains on data in a bucket of others."""
GRANT, VIEWER = "gcp:storage/bucketIAMMember:BucketIAMMember", "roles/storage.objectViewer"
OWN, THEIRS = "gs://gcp-full-artifacts-payments-risk-pilot/data/mlplatform-example/", "gs://their-data/train/2026/"


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The full stack, whose training job reads a folder in a bucket of others."""
    said = (STACKS / "Pulumi.gcp-full.yaml").read_text()
    file = tmp_path_factory.mktemp("stack") / "Pulumi.gcp-full.yaml"
    file.write_text(said.replace(OWN, THEIRS))
    return preview(file)


def of(graph: Graph, persona: str = "training") -> Resource:
    """The grant by which a persona reads the bucket of others."""
    (found,) = (
        one
        for one in graph.of(GRANT)
        if one.inputs["bucket"] == "their-data" and f"-{persona}-reads" in one.name and one.inputs["role"] == VIEWER
    )
    return found


def test_training_reads_all_of_a_bucket_that_it_mounts_and_the_stack_passes(training: Graph) -> None:
    assert of(training).inputs.get("condition") is None
    assert caught(training) <= {"quota-undeclared"}


def bounded(graph: Graph) -> Graph:
    expression = 'resource.name.startsWith("projects/_/buckets/their-data/objects/train/2026/")'
    return changed(graph, of(graph), lambda inputs: put(inputs, "condition", {"title": "t", "expression": expression}))


def setting(key: str, value: str) -> Callable[[Graph], Graph]:
    return lambda graph: changed(graph, of(graph), lambda inputs: put(inputs, key, value))


@pytest.mark.parametrize(
    "mutation",
    [
        bounded,
        lambda graph: without(graph, of(graph)),
        setting("bucket", "another-bucket"),
        setting("role", "roles/storage.objectCreator"),
        setting("member", "serviceAccount:gcp-full-batch@payments-risk-pilot.iam.gserviceaccount.com"),
    ],
    ids=["bounded", "gone", "bucket", "role", "member"],
)
def test_a_run_that_could_not_mount_is_found(training: Graph, mutation: Callable[[Graph], Graph]) -> None:
    found = training_mounts.judge(mutation(training)).violations
    assert [one.resource and one.resource.name for one in found] == ["gcp-full-fraud-search", "gcp-full-fraud-training"]
    assert all("may not read all of gs://their-data" in one.sentence for one in found)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("member", "serviceAccount:gcp-full-batch@payments-risk-pilot.iam.gserviceaccount.com"),
        ("bucket", "another-bucket"),
        ("role", "roles/storage.objectUser"),
    ],
)
def test_nobody_else_and_nothing_else_is_granted_whole(training: Graph, key: str, value: str) -> None:
    grant = of(training)
    more = replace(grant, urn=f"{grant.urn}-more", name="more", inputs={**grant.inputs, key: value})
    if key == "member":
        account = next(one for one in training.cloud if one.name == "gcp-full-identity-batch")
        more = replace(more, property_dependencies={**grant.property_dependencies, "member": (account.urn,)})
    graph = replace(training, resources=(*training.resources, more))
    assert "grants every object of the bucket" in " ".join(
        one.sentence for one in objects_bounded.judge(graph).violations
    )


def test_a_bucket_of_others_is_none_to_read_whole_where_no_file_says_that_it_is_trained_on(training: Graph) -> None:
    found = objects_bounded.judge(replace(training, placement=None)).violations
    assert any("grants every object of the bucket" in one.sentence for one in found)


def test_what_was_decided_on_versions_is_for_nobody_to_read_whole(training: Graph) -> None:
    approvals = "gcp-full-approvals-payments-risk-pilot"
    (read,) = (
        one for one in training.of(GRANT) if one.name.endswith("training-reads-gcp-full-artifacts-payments-risk-pilot")
    )
    other = changed(training, read, lambda inputs: put(inputs, "bucket", approvals))
    assert [one.sentence for one in objects_bounded.judge(other).violations] == ["grants every object of the bucket"]


def test_the_names_of_resources_decide_nothing(training: Graph) -> None:
    (renamed,) = (graph for words, graph in benign(training) if words == "resources under other names")
    assert objects_bounded.judge(renamed).violations == training_mounts.judge(renamed).violations == ()
    (reads,) = (
        one
        for one in renamed.of(GRANT)
        if "-serving@" in one.inputs["member"] and "registry/" in one.inputs["condition"]["expression"]
    )
    wider = {**reads.inputs["condition"]}
    wider["expression"] = wider["expression"].replace("registry/mlplatform-example/", "training/")
    found = objects_bounded.judge(changed(renamed, reads, lambda inputs: put(inputs, "condition", wider))).violations
    assert any("training/, where no task of it takes them" in one.sentence for one in found)
