"""What is sent for an item has the item's own numbers: below a limit another is a finding all the same."""

from dataclasses import replace
from typing import Any, cast

import pytest

from catalogue.graph import Graph
from operations.evaluation import evaluate
from policies import pack
from stacks.config import STACKS
from tests.mutate import changed, keyless, put, swapped
from tests.policies.gcp.test_rules import first
from tests.previewing import preview

(RULE,) = (one for one in pack.RULES["gcp"] if one.name == "limits-stated")
DEPLOYMENT, ENDPOINT, DATASET = (
    "mlplatform:gcp:Deployment",
    "gcp:vertex/aiEndpoint:AiEndpoint",
    "gcp:bigquery/dataset:Dataset",
)
SCHEDULE, BUDGET, WORKBENCH = (
    "gcp:cloudscheduler/job:Job",
    "gcp:billing/budget:Budget",
    "gcp:workbench/instance:Instance",
)
WORKFLOW = "gcp:workflows/workflow:Workflow"
SAMPLING, UNITS = "predictRequestResponseLoggingConfig.samplingRate", "amount.specifiedAmount.units"


def found(graph: Graph) -> list[str]:
    """What the rule says of a graph."""
    return [finding.message for finding in evaluate(graph, [RULE]).findings]


def another(graph: Graph, type_: str, path: str, value: Any) -> Graph:
    """The graph with another value in the first resource of a type, or of a pair the second text for the first."""
    resource = first(graph, type_, "fraud" if type_ in (WORKFLOW, SCHEDULE) else "")

    def edit(properties: dict[str, Any]) -> None:
        if isinstance(value, tuple):
            old, new = cast("tuple[str, str]", value)
            assert old in properties[path]
            put(properties, path, properties[path].replace(old, new))
        else:
            put(properties, path, value)

    return changed(graph, resource, edit)


@pytest.mark.parametrize("engine", [False, True])
@pytest.mark.parametrize(
    ("type_", "path", "value", "said"),
    [
        (DEPLOYMENT, "minReplicas", 2, "endpoints.fraud-scorer.min_replicas of the stack file says 1"),
        (DEPLOYMENT, "maxReplicas", 9, "endpoints.fraud-scorer.max_replicas of the stack file says 4"),
        (DEPLOYMENT, "machineType", "e2-standard-4", "says cpu-small, which is e2-standard-2"),
        (DEPLOYMENT, "canaryPercent", 50, "canary.percent of the stack file says 10"),
        (DEPLOYMENT, "bakeMinutes", 1, "canary.bake_minutes of the stack file says 10"),
        (DEPLOYMENT, "p95LatencyMs", 900, "rollback.p95_latency_ms of the stack file says 250"),
        (DEPLOYMENT, "errorRatePercent", 4, "rollback.error_rate_percent of the stack file says 1"),
        (DEPLOYMENT, "scalingTarget", 60, "requests_per_replica_per_minute of the stack file says 600"),
        (ENDPOINT, SAMPLING, 0.2, "capture.percent of the stack file says 10"),
        (DATASET, "defaultTableExpirationMs", 86_400_000, "capture.days of the stack file says 30"),
        (SCHEDULE, "schedule", "0 5 * * *", "schedule of the stack file says 30 4 * * *"),
        (SCHEDULE, "timeZone", "UTC", "timezone of the stack file says Europe/Berlin"),
        ("mlplatform:gcp:Model", "startUpSeconds", 3600, "of the stack file says none"),
        ("mlplatform:gcp:Model", "predictRoute", "/admin", "answers at /admin, where /predict is asked"),
        ("mlplatform:gcp:Model", "healthRoute", "/predict", "answers at /predict, where /health is asked"),
        ("mlplatform:gcp:Model", "ports", [22], "listens on the port 22, where 8080 is asked"),
        (BUDGET, UNITS, "2499", "budget.monthly_usd of the stack file says 2500"),
        (WORKBENCH, "location", "us-central1-f", "workspace.zone of the stack file says us-central1-a"),
        (WORKFLOW, "sourceContents", ('"maxReplicaCount": 2', '"maxReplicaCount": 3'), "replicas of the stack file"),
        (WORKFLOW, "sourceContents", ('"instancesFormat": "jsonl"', '"instancesFormat": "csv"'), "file says jsonl"),
        (
            WORKFLOW,
            "sourceContents",
            ('"serviceAccount"', '"manualBatchTuningParameters": {"batchSize": 9}, "serviceAccount"'),
            "records_per_request of the stack file is unsaid",
        ),
        (
            WORKFLOW,
            "sourceContents",
            ("data/transactions/*", "data/documents/*"),
            "of the stack file says gs://",
        ),
        (
            WORKFLOW,
            "sourceContents",
            ("/batch/fraud-backfill/", "/batch/document-embedder/"),
            "output_uri of the stack",
        ),
        (WORKFLOW, "sourceContents", ("e2-standard-2", "e2-standard-4"), "says cpu-small, which is e2-standard-2"),
        (WORKFLOW, "sourceContents", ("sys.now() + 10800", "sys.now() + 7200"), "max_hours of the stack file"),
    ],
)
def test_a_number_that_the_file_does_not_say_is_found(
    gcp_pilot: Graph, engine: bool, type_: str, path: str, value: Any, said: str
) -> None:
    """On the engine no resource has a `stack_key`; there the component's name tells the item."""
    graph = another(gcp_pilot, type_, path, value)
    if engine:
        graph = keyless(graph)
    messages = found(graph)
    assert any(said in message for message in messages), messages


def test_what_the_file_says_is_no_finding_and_what_it_leaves_out_is_the_limits(gcp_pilot: Graph) -> None:
    assert found(gcp_pilot) == []
    place = gcp_pilot.placement
    assert place is not None and place.states("batch_jobs.fraud-backfill.max_hours") == "3"
    silent = replace(another(gcp_pilot, DEPLOYMENT, "maxReplicas", 9), placement=replace(place, stated=()))
    assert not any("max_replicas" in message for message in found(silent))
    assert found(replace(another(gcp_pilot, DEPLOYMENT, "maxReplicas", 9), ours=False)) == []


def test_a_capture_that_the_file_does_not_ask_for_is_found(gcp_pilot: Graph) -> None:
    place = gcp_pilot.placement
    assert place is not None
    stated = tuple(one for one in place.stated if ".capture." not in one[0])
    (message,) = found(replace(gcp_pilot, placement=replace(place, stated=stated)))
    assert "says no capture" in message


def test_an_edit_of_the_file_and_of_what_is_sent_alike_is_no_finding(gcp_pilot: Graph) -> None:
    place = gcp_pilot.placement
    assert place is not None
    words = {**dict(place.stated), "endpoints.fraud-scorer.max_replicas": "5"}
    graph = another(gcp_pilot, DEPLOYMENT, "maxReplicas", 5)
    assert found(replace(graph, placement=replace(place, stated=tuple(words.items())))) == []


def test_a_model_answers_where_its_own_file_says(gcp_pilot: Graph) -> None:
    assert gcp_pilot.placement is not None
    models = [one.inputs for one in gcp_pilot.of("mlplatform:gcp:Model")]
    said = (("models.fraud-scorer.predict_route", "/v1/score"), ("models.fraud-scorer.port", "9000"))
    asked = replace(gcp_pilot, placement=replace(gcp_pilot.placement, stated=(*gcp_pilot.placement.stated, *said)))
    assert any("of the stack file says /v1/score" in sentence for sentence in found(asked)) and len(models) > 1
    for one in asked.of("mlplatform:gcp:Model"):
        if "fraud" in one.name:
            asked = changed(asked, one, lambda inputs: inputs.update(predictRoute="/v1/score", ports=[9000]))
    assert found(asked) == []


def test_runs_by_hand_are_counted_as_the_file_says() -> None:
    full = preview(STACKS / "Pulumi.gcp-full.yaml")
    (flow,) = (one for one in full.of(WORKFLOW) if one.name == "gcp-full-fraud-training")
    assert found(full) == []
    more = changed(full, flow, lambda inputs: put(inputs, "labels.runs-per-month", "80"))
    (said,) = found(more)
    assert "start in a month: 80, where training.fraud-training.runs_per_month of the stack file says 8" in said


def test_an_endpoint_deploys_the_model_that_is_made_for_it() -> None:
    graph = preview(STACKS / "Pulumi.gcp-full.yaml")
    deployment, other = first(graph, DEPLOYMENT), first(graph, "mlplatform:gcp:Model", "backfill")
    refers = {**deployment.property_dependencies, "model": (other.urn,)}
    moved = replace(
        deployment, inputs={**deployment.inputs, "model": other.outputs["id"]}, property_dependencies=refers
    )
    graph = swapped(graph, moved)
    for one in (graph, keyless(graph)):
        assert any("which is made for batch_jobs.fraud-backfill" in message for message in found(one))
