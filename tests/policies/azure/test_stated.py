"""What is sent for an item has the item's own numbers: below a limit another is a finding all the same."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.runs import RUNS_PER_MONTH
from operations.evaluation import evaluate
from policies import pack
from stacks.config import STACKS
from tests.mutate import changed, keyless, put
from tests.policies.azure.test_rules import (
    ALERT,
    COMPUTE,
    DEPLOYMENT,
    LIFECYCLE,
    ML,
    SCALING,
    SCHEDULE,
    Mutation,
    losing,
    setting,
)
from tests.previewing import preview

(RULE,) = (one for one in pack.RULES["azure"] if one.name == "limits-stated")
BUDGET, TRAFFIC, JOB = "azure-native:consumption:Budget", "mlplatform:azure:Traffic", "properties.action.jobDefinition"
SCORE, TRAIN, NODES = f"{JOB}.jobs.score", f"{JOB}.jobs.train", "properties.properties.scaleSettings.maxNodeCount"
ENVIRONMENT, ROUTES = f"{ML}:EnvironmentVersion", "properties.inferenceConfig"
COLLECTED = "properties.dataCollector.collections"
GONE = "definition.actions.baseBlob.delete.daysAfterModificationGreaterThan"
STORE, TRANSFERS = "azureml://datastores/artifacts/paths/", "${{parent.inputs.transfers}}"
CAPTURE = "endpoints.fraud-scorer.capture.percent"
STEP = "of the stack file says"


@pytest.fixture(scope="module")
def whole() -> Graph:
    """The graph of the stack file that has every section."""
    return preview(STACKS / "Pulumi.azure-full.yaml")


def found(graph: Graph) -> list[str]:
    """What the rule says of a graph."""
    return [finding.message for finding in evaluate(graph, [RULE]).findings]


def saying(graph: Graph, words: Mapping[str, str | None]) -> Graph:
    """The graph, whose stack file says other words under these keys, or none."""
    place = graph.placement
    assert place is not None
    said = {key: value for key, value in {**dict(place.stated), **words}.items() if value is not None}
    return replace(graph, placement=replace(place, stated=tuple(said.items())))


def seconds(tries: int) -> dict[str, Any]:
    """A probe that asks every ten seconds so many times."""
    return {"period": "PT10S", "timeout": "PT10S", "failureThreshold": tries, "successThreshold": 1}


STATED: list[tuple[Mutation, str]] = [
    (setting(BUDGET, "amount", 2499), f"budget.monthly_usd {STEP} 2500"),
    (setting(TRAFFIC, "canaryPercent", 5), f"canary.percent {STEP} 10"),
    (setting(TRAFFIC, "bakeMinutes", 1440), f"canary.bake_minutes {STEP} 10"),
    (setting(TRAFFIC, "p95LatencyMs", 249), f"rollback.p95_latency_ms {STEP} 250"),
    (setting(TRAFFIC, "errorRatePercent", 4), f"rollback.error_rate_percent {STEP} 1"),
    (losing(TRAFFIC, "errorRatePercent"), "sends errorRatePercent nothing, where endpoints.fraud-scorer.rollback"),
    (setting(TRAFFIC, "mirrorPercent", 50), "mirrors requests"),
    (setting(DEPLOYMENT, "properties.instanceType", "Standard_D4as_v5"), f"{STEP} cpu-small"),
    (setting(DEPLOYMENT, "sku.capacity", 9), f"endpoints.fraud-scorer {STEP} 1 to 4"),
    (setting(DEPLOYMENT, "properties.startupProbe", seconds(600)), "start_up_seconds of the stack file is not said"),
    (setting(DEPLOYMENT, f"{COLLECTED}.request.samplingRate", 0.2), f"capture.percent {STEP} 10"),
    (losing(DEPLOYMENT, f"{COLLECTED}.response.samplingRate"), "captures percent: 100, where endpoints"),
    (setting(DEPLOYMENT, f"{COLLECTED}.request.dataCollectionMode", "Disabled"), "captures percent: 0"),
    (losing(DEPLOYMENT, "properties.dataCollector"), f"captures no request and no response, where {CAPTURE} {STEP} 10"),
    (losing(DEPLOYMENT, f"{COLLECTED}.response"), f"captures no response, where {CAPTURE} {STEP} 10"),
    (setting(LIFECYCLE, f"policy.rules.1.{GONE}", 1), f"capture.days {STEP} 30"),
    (setting(SCALING, "profiles.0.capacity.minimum", "2"), f"min_replicas {STEP} 1"),
    (setting(SCALING, "profiles.0.capacity.maximum", "9"), f"max_replicas {STEP} 4"),
    (setting(SCALING, "profiles.0.rules.0.metricTrigger.threshold", 60), f"requests_per_replica_per_minute {STEP} 600"),
    (setting(ALERT, "criteria.allOf.0.threshold", 5), f"p95_latency_ms {STEP} 250"),
    (setting(COMPUTE, "properties.properties.vmSize", "Standard_D4as_v5", "backfill"), f"backfill {STEP} cpu-small"),
    (setting(COMPUTE, NODES, 3, "backfill"), f"batch_jobs.fraud-backfill.replicas {STEP} 2"),
    (setting(COMPUTE, "properties.properties.vmPriority", "Dedicated", "training"), f"training {STEP} spot"),
    (setting(COMPUTE, "properties.properties.vmPriority", "LowPriority", "backfill"), f"backfill {STEP} no spot"),
    (setting(f"{ML}:BatchDeployment", "properties.resources.instanceCount", 1, "backfill"), f"replicas {STEP} 2"),
    (losing(f"{ML}:BatchDeployment", "properties.resources", "backfill"), "runs on replicas: 1, where batch_jobs"),
    (setting(SCHEDULE, f"properties.tags.{RUNS_PER_MONTH}", "7", "training"), f"runs_per_month {STEP} 8"),
    (setting(SCHEDULE, f"properties.tags.{RUNS_PER_MONTH}", "7", "backfill"), f"fraud-backfill {STEP} none"),
    (setting(SCHEDULE, f"{TRAIN}.resources.instance_count", 2, "training"), f"replicas {STEP} 1"),
    (setting(SCHEDULE, f"{SCORE}.resources.instance_count", 1, "backfill"), f"replicas {STEP} 2"),
    (setting(SCHEDULE, f"{SCORE}.limits.timeout", "PT2H", "backfill"), f"max_hours {STEP} 3"),
    (setting(SCHEDULE, f"{TRAIN}.limits.timeout", "PT3H", "training"), f"max_hours {STEP} 2"),
    (setting(SCHEDULE, f"{SCORE}.resources.instance_type", "Standard_D4as_v5", "backfill"), f"{STEP} cpu-small"),
    (setting(SCHEDULE, "properties.trigger.expression", "30 5 * * *", "backfill"), f"schedule {STEP} 30 4 * * *"),
    (setting(SCHEDULE, "properties.trigger.expression", "0 4 * * *", "embedder"), f"schedule {STEP} 0 4 * * 1-5"),
    (losing(SCHEDULE, "properties.trigger.expression", "backfill"), "has the schedule none"),
    (setting(SCHEDULE, "properties.trigger.timeZone", "UTC", "backfill"), f"timezone {STEP} Europe/Berlin"),
    (losing(SCHEDULE, "properties.trigger.timeZone", "backfill"), "has the timezone none"),
    (losing(SCHEDULE, f"{SCORE}.inputs.cards", "backfill"), "paths/transfers/, where batch_jobs.fraud-backfill"),
    (setting(SCHEDULE, f"{JOB}.inputs.cards.uri", f"{STORE}documents/", "backfill"), f"inputs.cards {STEP} {STORE}ca"),
    (setting(SCHEDULE, f"{SCORE}.inputs.cards.value", TRANSFERS, "backfill"), f"inputs.cards {STEP} {STORE}cards/"),
    (
        setting(SCHEDULE, f"{SCORE}.inputs.transfers.value", "x", "backfill"),
        "paths/cards/, where batch_jobs.fraud-backfill",
    ),
    (setting(SCHEDULE, f"{JOB}.inputs.data.uri", f"{STORE}cards/", "embedder"), f"document-embedder {STEP} {STORE}doc"),
    (setting(SCHEDULE, f"{JOB}.inputs.train.uri", f"{STORE}cards/", "training"), f"data.train {STEP} {STORE}mlplatf"),
    (
        setting(SCHEDULE, f"{JOB}.outputs.scores.uri", f"{STORE}batch/x/${{{{name}}}}/", "backfill"),
        f"output_uri {STEP}",
    ),
    (
        setting(SCHEDULE, f"{JOB}.outputs.checkpoints.uri", f"{STORE}x/${{{{name}}}}/", "training"),
        f"checkpoint_uri {STEP}",
    ),
    (
        setting(ENVIRONMENT, f"{ROUTES}.scoringRoute.path", "/scorx", "fraud-scorer"),
        "predict_route of the stack file makes it",
    ),
    (
        setting(ENVIRONMENT, f"{ROUTES}.readinessRoute.path", "/x", "fraud-scorer"),
        "health_route of the stack file makes it /",
    ),
    (
        setting(ENVIRONMENT, f"{ROUTES}.livenessRoute.port", 5002, "fraud-scorer"),
        "port of the stack file makes it 5001",
    ),
]
"""What is sent otherwise than the file says it, and what the finding has to say."""


@pytest.mark.parametrize("engine", [False, True])
@pytest.mark.parametrize(("mutation", "said"), STATED, ids=[f"{i}" for i in range(len(STATED))])
def test_a_number_that_the_file_does_not_say_is_found(
    whole: Graph, engine: bool, mutation: Mutation, said: str
) -> None:
    """On the engine no resource has a `stack_key`; there the component's name tells the item."""
    graph = mutation(whole)
    if engine:
        graph = keyless(graph)
    messages = found(graph)
    assert any(said in message for message in messages), messages


def test_what_the_file_says_is_no_finding_and_what_it_leaves_out_is_the_limits(whole: Graph) -> None:
    assert found(whole) == []
    place, nine = whole.placement, setting(SCALING, "profiles.0.capacity.maximum", "9")(whole)
    assert place is not None
    silent = replace(nine, placement=replace(place, stated=()))
    assert not any("max_replicas" in message for message in found(silent))
    assert found(replace(nine, ours=False)) == []


def test_an_edit_of_the_file_and_of_what_is_sent_alike_is_no_finding(whole: Graph) -> None:
    more = setting(SCALING, "profiles.0.capacity.maximum", "5")(whole)
    assert found(saying(more, {"endpoints.fraud-scorer.max_replicas": "5"})) == []
    later = setting(SCHEDULE, "properties.trigger.expression", "30 5 * * 1-5", "backfill")(whole)
    assert found(saying(later, {"batch_jobs.fraud-backfill.schedule": "30 5 * * 1,2,3,4,5"})) == []
    routed = setting(ENVIRONMENT, f"{ROUTES}.scoringRoute.path", "/invocations", "fraud-scorer")(whole)
    assert found(saying(routed, {"models.fraud-scorer.predict_route": "/invocations"})) == []
    utc = setting(SCHEDULE, "properties.trigger.timeZone", "UTC", "backfill")(whole)
    assert found(saying(utc, {"batch_jobs.fraud-backfill.timezone": None})) == []
    slow, key = (
        setting(DEPLOYMENT, "properties.startupProbe", seconds(91))(whole),
        "models.fraud-scorer.start_up_seconds",
    )
    assert found(saying(slow, {key: "905"})) == []
    assert any("may take 0 seconds" in one for one in found(saying(whole, {key: "905"})))


def test_what_autoscaling_has_set_is_no_finding(whole: Graph) -> None:
    """A refresh finds as many replicas as there are."""
    assert found(setting(DEPLOYMENT, "sku.capacity", 3)(whole)) == []


def test_a_capture_that_the_file_does_not_ask_for_is_found(whole: Graph) -> None:
    said = saying(whole, {f"endpoints.fraud-scorer.capture.{key}": None for key in ("percent", "days")})
    assert all("captures 10 % of its requests, where" in message for message in found(said))
    assert len(found(said)) == 2, "requests and answers"


@pytest.mark.parametrize(("job", "kept"), [("batch_jobs.fraud-backfill", 365), ("training.fraud-training.spot", 30)])
def test_what_a_job_writes_is_kept_as_long_as_its_file_says(whole: Graph, job: str, kept: int) -> None:
    key = f"{job}.keep_days"
    assert found(saying(whole, {key: str(kept)})) == []
    (message,) = found(saying(whole, {key: "5"}))
    assert f"{kept}, where {key} of the stack file says 5" in message


def test_the_cluster_of_a_step_has_the_one_machine_of_a_program(whole: Graph) -> None:
    """A program has no replicas in the file, which is one machine and not any number."""
    for name in ("prepare", "compare"):
        (cluster,) = (one for one in whole.of(COMPUTE) if f"fraud-best--{name}-cluster" in one.name)
        other = changed(whole, cluster, lambda inputs: put(inputs, NODES, 2))
        assert [one.message for one in evaluate(other, [RULE]).findings if f"steps.{name}.replicas" in one.message]
