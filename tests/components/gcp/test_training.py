"""What a training job on Vertex AI makes: what its runs send, how they end, and who starts them."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pulumi
import pytest

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kind import Bills
from catalogue.kinds import kind_of
from catalogue.kinds.gcp import workflows
from catalogue.machines import Machines
from catalogue.pricing import Bill, Pricing
from catalogue.properties import Malformed
from catalogue.quotas import drawn, drawn_beside
from components.gcp.run import RunArgs, definition
from components.gcp.training import SpotArgs, Training, TrainingJob, training
from components.given import BadArgument
from components.shapes import Machine
from tests.components.gcp import examples
from tests.components.gcp.test_components import made
from tests.components.gcp.test_run import FAILED, RUNNING, SUCCEEDED, Execution, Raised, Vertex, strings
from tests.mutate import changed, put

WORKFLOW, SCHEDULE = workflows.WORKFLOW, "gcp:cloudscheduler/job:Job"
TRAINING = Training(
    image="us-central1-docker.pkg.dev/payments-risk-pilot/images/train:1",
    hyperparameters={"regularization": "1.0"},
    data={"train": "gs://data/transactions/"},
    output_uri="gs://own/training/weekly/",
    checkpoint_uri="gs://own/training/weekly/checkpoints/",
    service_account="training@payments-risk-pilot.iam.gserviceaccount.com",
    machine=Machine("e2-standard-4"),
    replicas=1,
    max_hours=2,
    data_key_id="projects/p/locations/us-central1/keyRings/r/cryptoKeys/k",
    tags={"team": "payments-risk"},
)


def graph_of(**other: Any) -> Graph:
    def make(name: str, opts: pulumi.ResourceOptions) -> TrainingJob:
        return TrainingJob(name, replace(examples.TRAINING, **other), opts)

    return made(("weekly", make))


def flow_of(graph: Graph) -> Resource:
    (flow,) = graph.of(WORKFLOW)
    return flow


def sent(**other: Any) -> Mapping[str, Any]:
    (job,) = workflows.jobs(flow_of(graph_of(**other)).props)
    return job.body.values


class CustomJobs(Vertex):
    """Vertex AI with custom jobs in place of batch prediction jobs."""

    def get(self, url: str, query: Mapping[str, str] | None = None) -> dict[str, Any]:
        answer = super().get(url, query)
        return {"customJobs": answer["batchPredictionJobs"]} if "batchPredictionJobs" in answer else answer


def execution(*script: list[str], **errors: list[int]) -> Execution[CustomJobs]:
    run = RunArgs(
        project="payments-risk-pilot",
        region="us-central1",
        job_name="p" * 47,
        does="train",
        collection="customJobs",
        request=training(TRAINING),
        max_hours=6,
    )
    return Execution(definition(run), CustomJobs(script, errors))


def test_attempts_of_a_run_share_its_folders_and_what_the_container_is_told_is_what_is_said() -> None:
    run = execution([RUNNING, FAILED], [RUNNING, SUCCEEDED])
    assert run.run()["displayName"].endswith("-e1-1")
    first, second = (body["jobSpec"] for body in run.vertex.bodies)
    assert first == second
    assert first["baseOutputDirectory"]["outputUriPrefix"] == "gs://own/training/weekly/e1/"
    assert first["workerPoolSpecs"][0]["containerSpec"]["args"] == [
        "--train=/gcs/data/transactions/",
        "--regularization=1.0",
        "--output=/gcs/own/training/weekly/e1/model/",
        "--checkpoints=/gcs/own/training/weekly/checkpoints/e1/",
    ]


def test_a_training_job_whose_creation_went_unanswered_is_found_and_not_made_twice() -> None:
    run = execution([RUNNING, SUCCEEDED], post=[503])
    assert run.run()["state"] == SUCCEEDED and len(run.vertex.jobs) == 1


def test_a_training_job_that_never_ends_is_cancelled_when_run_and_wait_are_over() -> None:
    run = execution([RUNNING])
    with pytest.raises(Raised, match=RUNNING):
        run.run()
    assert len(run.vertex.cancelled) == 1 and 6 * 3600 <= run.now - 1000 < 7 * 3600


def test_the_definition_fits_into_workflows_with_the_longest_folders() -> None:
    """Workflows, "Quotas and limits": 400 characters an expression."""
    longest = f"gs://{'b' * 63}/{'x' * 199}/"
    found = training(replace(TRAINING, output_uri=longest, checkpoint_uri=longest))
    assert max(len(text) for text in strings(found) if text.startswith("${")) <= 400


def test_a_run_is_closed_encrypted_and_ends_in_time() -> None:
    found = sent()
    spec = found["jobSpec"]
    assert found["encryptionSpec"] == {"kmsKeyName": examples.KEY}
    assert spec["enableWebAccess"] is False and spec["enableDashboardAccess"] is False
    assert spec["serviceAccount"] == examples.account("training")
    assert spec["scheduling"] == {"timeout": "7200s", "strategy": "SPOT", "restartJobOnWorkerRestart": False}
    assert max(workflows.deadlines(flow_of(graph_of()).props)) == (2 + 4) * 3600
    assert max(workflows.deadlines(flow_of(graph_of(spot=None)).props)) == 2 * 3600


def test_without_spot_machines_nothing_is_told_of_checkpoints() -> None:
    spec = sent(spot=None)["jobSpec"]
    assert spec["scheduling"]["strategy"] == "STANDARD" and "checkpoints" not in json.dumps(spec)


def test_one_replica_of_several_is_the_chief_and_all_begin_anew_together() -> None:
    spec = sent(replicas=3)["jobSpec"]
    chief, others = spec["workerPoolSpecs"]
    assert (chief["replicaCount"], others["replicaCount"]) == (1, 2)
    assert chief["containerSpec"] == others["containerSpec"]
    assert spec["scheduling"]["restartJobOnWorkerRestart"] is True


def test_people_start_what_has_no_schedule_and_a_label_counts_their_runs() -> None:
    graph = graph_of(schedule=None, runs_per_month=8)
    assert not graph.of(SCHEDULE) and not [one for one in graph.resources if one.name.endswith("did-not-start")]
    assert flow_of(graph).inputs["labels"]["runs-per-month"] == "8"
    bill, hour = _bill(graph), _hour()
    assert bill.idle == 0 and bill.what == "training job"
    assert bill.ceiling >= 8 * (2 + 4) * hour and bill.ceiling == pytest.approx(8 * (2 + 4) * hour, rel=0.1)


def _hour() -> float:
    return Pricing(graph_of(), catalogue.load("gcp"), "us-central1").hour(
        Machines("weekly", "e2-standard-4", "training", 1, 1)
    )


def _bill(graph: Graph) -> Bill:
    kind = kind_of(WORKFLOW)
    assert kind is not None and isinstance(kind.bills, Bills)
    return kind.bills.price(Pricing(graph, catalogue.load("gcp"), "us-central1"), flow_of(graph))


@pytest.mark.parametrize("count", ["0", "many", "-1", "1.5"])
def test_a_count_that_is_none_is_no_bill(count: str) -> None:
    graph = graph_of(schedule=None, runs_per_month=8)
    odd = changed(graph, flow_of(graph), lambda p: put(p, "labels", {**p["labels"], "runs-per-month": count}))
    with pytest.raises(Malformed, match="no number of runs"):
        _bill(odd)


@pytest.mark.parametrize(
    ("machine", "accelerator", "spot", "quotas"),
    [
        ("e2-standard-4", None, False, {"custom_model_training_cpus": 4}),
        ("e2-standard-4", None, True, {"custom_model_training_preemptible_cpus": 4}),
        (
            "g2-standard-4",
            "NVIDIA_L4",
            True,
            {"custom_model_training_preemptible_nvidia_l4_gpus": 1, "custom_model_training_preemptible_cpus": 4},
        ),
    ],
)
def test_spot_machines_draw_on_a_quota_of_their_own(
    machine: str, accelerator: str | None, spot: bool, quotas: Mapping[str, int]
) -> None:
    machines = Machines(
        "x", machine, "training", 1, 1, accelerator=accelerator, accelerators=1 if accelerator else None, spot=spot
    )
    found = dict([drawn("gcp", machines, 1), *drawn_beside("gcp", machines, 1)])
    assert {name.removeprefix("aiplatform.googleapis.com/"): count for name, count in found.items()} == {
        **quotas,
        "custom_model_training_pd_ssd": 100,
    }


def test_nothing_stands_while_it_is_switched_off() -> None:
    assert not graph_of(enabled=False).cloud


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"runs_per_month": 8}, "one of the two"),
        ({"schedule": None}, "one of the two"),
        ({"image": "docker.io/x:1"}, "us-central1-docker"),
        ({"output_uri": "s3://x/y/"}, "a folder in Cloud Storage"),
        ({"output_uri": 'gs://bucket/"+x+"/'}, "a folder in Cloud Storage"),
        ({"spot": SpotArgs(checkpoint_uri="gs://bucket", wait_hours=1)}, "a folder in Cloud Storage"),
        ({"hyperparameters": {"train": "1"}}, "'train' twice"),
        ({"data": {"output": "gs://data/x/"}}, "'output' twice"),
    ],
)
def test_what_cannot_be_is_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(BadArgument, match=said):
        graph_of(**given)
