"""What expires in the stack's own store: whose folders, for how long, and what must not lie in them."""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations.standing.edits import standing
from stacks.config import STACKS, read_stack_file, validate
from stacks.expiry import expiring
from tests.previewing import preview

Edit = Callable[[dict[str, Any]], Any]
STORE = "s3://aws-pilot-artifacts-111122223333/"


def said_of(edit: Edit) -> str:
    words = copy.deepcopy(standing("aws"))
    edit(words)
    with pytest.raises(BadInput) as found:
        validate({f"mlplatform:{key}": value for key, value in words.items()}, "a.yaml")
    return str(found.value)


def job(words: dict[str, Any], **changed: Any) -> None:
    words["batch_jobs"]["fraud-backfill"].update(changed)


def checkpoints(words: dict[str, Any], **changed: Any) -> None:
    words["training"]["fraud-training"]["spot"] = {"wait_hours": 1, **changed}


def in_a_bucket_of_others(words: dict[str, Any]) -> None:
    words["sources"] = {"s3://claims-data": {"account": "444455556666", "granted_by": "x@example.com"}}
    job(words, output_uri="s3://claims-data/scores/", keep_days=30)


def queued(words: dict[str, Any], name: str, **changed: Any) -> None:
    words["endpoints"][name] = {**words["endpoints"]["document-embedder"], **changed}


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda w: job(w, keep_days=0), "keep_days"),
        (lambda w: job(w, keep_days=3_651), "keep_days"),
        (lambda w: job(w, output_uri=STORE), "an S3 address with a key"),
        (lambda w: job(w, output_uri=f"{STORE}models/"), "deleted after 365 days"),
        (lambda w: job(w, output_uri=f"{STORE}data/"), "deleted after 365 days"),
        (lambda w: checkpoints(w, checkpoint_uri=f"{STORE}training/", keep_days=3), "deleted after 3 days"),
        (lambda w: checkpoints(w, checkpoint_uri=f"{STORE}checkpoints/", keep_days=2), "spot.keep_days"),
        (lambda w: checkpoints(w, checkpoint_uri=f"{STORE}batch/", keep_days=3), "is to keep its own for 365"),
        (lambda w: queued(w, "document-embedder", keep_days=0), "keep_days"),
        (lambda w: queued(w, "input"), "answers below async/input/, which holds requests"),
        (lambda w: queued(w, "document-embedder-failed"), "which holds what failed of document-embedder"),
        (in_a_bucket_of_others, "whose owner decides how long files stay"),
    ],
)
def test_a_folder_that_expires_has_nothing_in_it_that_stays(edit: Edit, said: str) -> None:
    assert said in said_of(edit)


def test_the_stack_s_own_folders_expire_and_no_other_s() -> None:
    config = read_stack_file(STACKS / "Pulumi.aws-full.yaml")
    own = "s3://aws-full-artifacts-111122223333/"
    assert expiring(config, own) == {
        "batch/fraud-backfill/": 365,
        "pipelines/fraud-best/": 30,
        "pipelines/fraud-path/": 30,
        "pipelines/fraud-scores/": 30,
        "training/fraud-training/checkpoints/": 30,
    }
    assert expiring(config, "s3://another/") == {}


def _aws(graph: Graph) -> dict[str, Any]:
    (lifecycle,) = (
        r for r in graph.of("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration") if "artifacts" in r.name
    )
    return {
        rule["filter"]["prefix"]: rule["expiration"]["days"]
        for rule in lifecycle.inputs["rules"]
        if "expiration" in rule
    }


def _gcp(graph: Graph) -> dict[str, Any]:
    (bucket,) = (one for one in graph.of("gcp:storage/bucket:Bucket") if "artifacts" in one.name)
    when = [rule["condition"] for rule in bucket.inputs["lifecycleRules"]]
    return {folder: one["age"] for one in when for folder in one.get("matchesPrefixes", ())}


def _azure(graph: Graph) -> dict[str, Any]:
    (lifecycle,) = (r for r in graph.resources if r.type.endswith(":ManagementPolicy"))
    found = (rule["definition"] for rule in lifecycle.inputs["policy"]["rules"])
    return {
        folder.removeprefix("artifacts/"): one["actions"]["baseBlob"]["delete"]["daysAfterModificationGreaterThan"]
        for one in found
        for folder in one["filters"].get("prefixMatch", ())
    }


def test_requests_and_answers_through_a_queue_expire() -> None:
    """The requests to all endpoints lie in one folder, which goes with the longest of their days."""
    found = _aws(preview(STACKS / "Pulumi.aws-full.yaml"))
    assert {folder: days for folder, days in found.items() if folder.startswith("async/")} == {
        "async/": 30,
        "async/document-embedder/": 30,
        "async/document-embedder-failed/": 30,
    }


@pytest.mark.parametrize(("platform", "lifecycle"), [("aws", _aws), ("gcp", _gcp), ("azure", _azure)])
def test_each_platform_s_lifecycle_says_so(platform: str, lifecycle: Callable[[Graph], dict[str, Any]]) -> None:
    found = lifecycle(preview(STACKS / f"Pulumi.{platform}-full.yaml"))
    assert found["batch/fraud-backfill/"] == 365
    assert found["training/fraud-training/checkpoints/"] == 30
