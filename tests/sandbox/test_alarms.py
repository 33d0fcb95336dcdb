"""The pilots' own alarms, in the simulated cloud, read against what is played in."""

from pathlib import Path

import pytest

from catalogue.graph import Graph
from sandbox.alarms import alarms
from sandbox.state import State
from sandbox.state.metrics import Played
from sandbox.state.records import New

ALARMS = {
    "aws:cloudwatch/metricAlarm:MetricAlarm",
    "aws:sns/topicSubscription:TopicSubscription",
    "gcp:monitoring/alertPolicy:AlertPolicy",
    "gcp:monitoring/notificationChannel:NotificationChannel",
    "azure-native:monitor:MetricAlert",
    "azure-native:monitor:ScheduledQueryRule",
    "azure-native:monitor:ActionGroup",
}
HEALTHY = Played(p95_ms=80, error_percent=0.1)


@pytest.fixture(params=["aws", "gcp", "azure"])
def stood_up(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[State, str]:
    """The alarms of a pilot, as its own program makes them, and the name of its online endpoint."""
    graph: Graph = request.getfixturevalue(f"{request.param}_pilot")
    state = State(tmp_path / "state.sqlite")
    for one in graph.cloud:
        if one.type in ALARMS:
            id_ = str(one.outputs["id"])
            handles = {str(one.outputs[key]) for key in ("arn", "name") if key in one.outputs}
            where = (request.param, "account", "region", one.name)
            state.resources.create(New(one.type, id_, *where, one.inputs, one.outputs, handles=sorted(handles)))
    endpoint = graph.outputs["endpoints"]["fraud-scorer"]
    return state, str(endpoint).rpartition("/")[2]


def ringing(state: State) -> set[str]:
    """What rings; the alarms on a new version of aws do as those on the endpoint, for one plays in no version's own."""
    names = [alarm.name.rpartition("fraud-scorer-")[2] for alarm in alarms(state) if alarm.rings]
    assert all(name.removeprefix("new-") in names for name in names)
    return {name for name in names if not name.startswith("new-")}


@pytest.mark.parametrize(
    ("played", "rings"),
    [
        (None, set()),
        (HEALTHY, set()),
        (Played(p95_ms=250, error_percent=1), set()),
        (Played(p95_ms=80, error_percent=1.01), {"errors"}),
        (Played(p95_ms=250.5), {"p95-latency"}),
        (Played(p95_ms=900, error_percent=50), {"errors", "p95-latency"}),
        (Played(requests=0), {"idle"}),
        (Played(p95_ms=900, error_percent=50, requests=0), {"idle"}),
        (Played(requests=1), set()),
    ],
)
def test_an_endpoints_alarms_ring_beyond_their_bounds_and_not_at_them(
    stood_up: tuple[State, str], played: Played | None, rings: set[str]
) -> None:
    state, endpoint = stood_up
    state.metrics.play(endpoint, played)
    assert ringing(state) == rings


def test_another_endpoints_metrics_ring_nothing(stood_up: tuple[State, str]) -> None:
    state, _ = stood_up
    state.metrics.play("another", Played(p95_ms=900, error_percent=50))
    assert ringing(state) == set()


def test_an_alarm_says_what_its_mail_says_and_to_whom(stood_up: tuple[State, str]) -> None:
    state, endpoint = stood_up
    state.metrics.play(endpoint, Played(error_percent=50))
    rang = next(alarm for alarm in alarms(state) if alarm.rings)
    assert "1 %" in rang.words and "errors" in rang.words
    assert rang.mails == ("payments-risk@example.com",)


def test_alarms_on_runs_and_queues_are_left_out(stood_up: tuple[State, str]) -> None:
    state, _ = stood_up
    assert {
        name for alarm in alarms(state) for name in [alarm.name] if "backfill" in name or "waiting" in name
    } == set()
    read = {alarm.name.rpartition("-pilot-")[2] for alarm in alarms(state)}
    assert {"fraud-scorer-errors", "fraud-scorer-p95-latency", "fraud-scorer-idle"} <= read


def condition(metric: str, endpoint: str, bound: float) -> dict[str, object]:
    filter_ = f'metric.type = "aiplatform.googleapis.com/prediction/online/{metric}" AND '
    threshold = {
        "filter": f'{filter_}resource.labels.endpoint_id = "{endpoint}"',
        "denominatorFilter": "all of them",
        "comparison": "COMPARISON_GT",
        "thresholdValue": bound,
    }
    return {"displayName": f"{metric} of {endpoint}", "conditionThreshold": threshold}


SLOW, FAILING = condition("prediction_latencies", "a", 100), condition("response_count", "b", 0.01)
ANOTHER = condition("replicas", "a", 1)


@pytest.mark.parametrize(
    ("combiner", "conditions", "slow", "failing", "rings"),
    [
        ("OR", [SLOW, FAILING], True, False, {("a", True), ("b", False)}),
        ("OR", [SLOW, FAILING], False, True, {("a", False), ("b", True)}),
        ("OR", [ANOTHER, FAILING], False, True, {("b", True)}),
        ("AND", [SLOW, FAILING], True, False, {("a", False), ("b", False)}),
        ("AND", [SLOW, FAILING], True, True, {("a", True), ("b", True)}),
        ("AND", [SLOW, ANOTHER], True, True, set()),
    ],
)
def test_every_condition_of_googles_policies_is_read(
    tmp_path: Path,
    combiner: str,
    conditions: list[dict[str, object]],
    slow: bool,
    failing: bool,
    rings: set[tuple[str, bool]],
) -> None:
    state = State(tmp_path / "state.sqlite")
    inputs = {"displayName": "both", "combiner": combiner, "conditions": conditions}
    state.resources.create(New("gcp:monitoring/alertPolicy:AlertPolicy", "p", "gcp", "a", "r", "p", inputs, inputs))
    state.metrics.play("a", Played(p95_ms=200 if slow else 50))
    state.metrics.play("b", Played(error_percent=5 if failing else 0))
    assert {(alarm.endpoint, alarm.rings) for alarm in alarms(state)} == rings


def criterion(metric: str, bound: float) -> dict[str, object]:
    return {"metricName": metric, "operator": "GreaterThan", "threshold": bound}


def query(endpoint: str, bound: float) -> dict[str, object]:
    errors = "100.0 * countif(Code >= 500) / count()"
    calls = f"AmlOnlineEndpointTrafficLog | where EndpointName == '{endpoint}' | project Code = toint(ResponseCode)"
    log = f"union isfuzzy=true (datatable(Code: int)[]), ({calls}) | summarize errors = {errors}"
    return {"query": log, "operator": "GreaterThan", "threshold": bound}


LATE, LATER = criterion("RequestLatency_P95", 100), criterion("RequestLatency_P95", 150)
METRIC, QUERY = "azure-native:monitor:MetricAlert", "azure-native:monitor:ScheduledQueryRule"


@pytest.mark.parametrize(
    ("kind", "criteria", "endpoints", "rings"),
    [
        (METRIC, [LATE], ["a", "b"], {("a", True), ("b", False)}),
        (METRIC, [LATE, LATER], ["a", "b"], {("a", False), ("b", False)}),
        (METRIC, [LATE, criterion("CpuUtilization", 50)], ["a"], set()),
        (QUERY, [query("a", 1)], [], {("a", True)}),
        (QUERY, [query("a", 1), query("b", 1)], [], {("a", False), ("b", False)}),
        (QUERY, [query("a", 1), {"query": "Heartbeat"}], [], set()),
    ],
)
def test_every_criterion_and_scope_of_azures_alerts_is_read(
    tmp_path: Path, kind: str, criteria: list[object], endpoints: list[str], rings: set[tuple[str, bool]]
) -> None:
    state = State(tmp_path / "state.sqlite")
    scopes = [f"/subscriptions/s/workspaces/w/onlineEndpoints/{endpoint}" for endpoint in endpoints]
    actions: object = [] if kind == METRIC else {"actionGroups": []}
    inputs = {"ruleName": "both", "criteria": {"allOf": criteria}, "scopes": scopes, "actions": actions}
    state.resources.create(New(kind, "p", "azure", "s", "r", "p", inputs, inputs))
    state.metrics.play("a", Played(p95_ms=120, error_percent=5))
    state.metrics.play("b", Played(p95_ms=50, error_percent=0))
    assert {(alarm.endpoint, alarm.rings) for alarm in alarms(state)} == rings
