"""What is asked of deployments, clusters and people's machines: answers in the shapes that Azure's pages document."""

import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE
from operations.doctor.azure import account_of
from operations.doctor.rest import Reader
from operations.idle import Part, Stored, Window, azure
from operations.idle.decision import Evidence, State, Unread, decide
from tests.operations.doctor.doubles import Answer, Cloud, azure_error

SUBSCRIPTION, REGION = "11112222-3333-4444-5555-666677778888", "westeurope"
ML = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/churn/providers/Microsoft.MachineLearningServices/workspaces/w1"
LIVE, OLD = (f"{ML}/onlineEndpoints/scores/deployments/{name}" for name in ("live", "old"))
SEARCHES = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/churn/providers/Microsoft.Search/searchServices"
METRICS = "/providers/Microsoft.Insights/metrics"
INVENTORY = "/providers/Microsoft.ResourceGraph/resources"
NOW = datetime(2026, 11, 26, 10, 40, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
WINDOW = Window(HOUR - timedelta(days=14), NOW)
ALL = range(1, 101)


def deployment(id_: str) -> Resource:
    sku = {"name": "Default", "capacity": 1}
    inputs = {"sku": sku, "properties": {"endpointComputeType": "Managed", "instanceType": "Standard_DS3_v2"}}
    return Resource(f"urn:{id_}", ONLINE_DEPLOYMENT, id_.rpartition("/")[2], True, inputs=inputs, outputs={"id": id_})


def compute(name: str, kind: str = "ComputeInstance", **machine: Any) -> Resource:
    inside = {"vmSize": "Standard_DS3_v2", "scaleSettings": {"minNodeCount": 0, "maxNodeCount": 2}, **machine}
    inputs = {"properties": {"computeType": kind, "properties": inside}}
    return Resource(f"urn:{name}", COMPUTE, name, True, inputs=inputs, outputs={"id": f"{ML}/computes/{name}"})


def graph(*resources: Resource) -> Graph:
    return Graph("churn-dev", "azure", resources, {})


def figures(aggregation: str, *back: int, value: float = 1.0, unseen: tuple[int, ...] = ()) -> Mapping[str, Any]:
    """Azure Monitor's answer: hours without a figure have no value."""
    points = [{"timeStamp": f"{HOUR - timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}", aggregation: value} for hour in back]
    points += [{"timeStamp": f"{HOUR - timedelta(hours=hour):%Y-%m-%dT%H:%M:%SZ}"} for hour in unseen]
    return {"value": [{"errorCode": "Success", "timeseries": [{"data": points}]}]}


def there(created: str = "2026-01-01T00:00:00.1234567Z", capacity: int = 1) -> Mapping[str, Any]:
    return {"sku": {"capacity": capacity}, "systemData": {"createdAt": created}, "properties": {}}


def cloud(answers: Mapping[str, Answer]) -> Cloud:
    """Answers by path; a metric's by its name and filter too."""

    def answer(request: httpx.Request) -> Answer:
        path = request.url.path
        if path.endswith(METRICS):
            asked = request.url.params
            path = f"{path}?{asked['metricnames']}{' of ' + asked['$filter'] if '$filter' in asked else ''}"
        return answers.get(path)

    return Cloud(answer)


def scored(
    requests: Mapping[str, Any], capacity: Mapping[str, Any], id_: str = LIVE, **more: Any
) -> Mapping[str, Answer]:
    name = id_.rpartition("/")[2]
    return {
        id_: there(**more),
        f"{ML}/onlineEndpoints/scores{METRICS}?RequestsPerMinute of deployment eq '{name}'": requests,
        f"{id_}{METRICS}?DeploymentCapacity": capacity,
    }


def told(double: Cloud, read: Callable[..., Iterator[tuple[Part, Evidence]]], given: Any) -> dict[str, Evidence]:
    account = account_of(lambda scope: "word", SUBSCRIPTION, REGION, double.transport(), azure.READS)
    return {part.name: evidence for part, evidence in read(account, given, WINDOW)}


def state(evidence: Evidence) -> State:
    return decide(evidence, NOW, 72).state


SILENT = figures("average", unseen=tuple(ALL))
STOOD = figures("maximum", *ALL)


def test_a_silent_deployment_is_told_from_the_busy_one_beside_it() -> None:
    answers = {**scored(figures("average", 3), STOOD), **scored(SILENT, STOOD, OLD)}
    found = told(cloud(answers), azure.standing, graph(deployment(LIVE), deployment(OLD)))
    assert {name: state(evidence) for name, evidence in found.items()} == {
        "scores/live": State.BUSY,
        "scores/old": State.IDLE,
    }


@pytest.mark.parametrize(
    ("capacity", "more", "says"),
    [
        (figures("maximum", unseen=tuple(ALL)), {}, "not even of DeploymentCapacity"),
        (figures("maximum", *range(1, 20), *range(25, 101), unseen=(20, 21, 22, 23, 24)), {}, "for 5 of 72 hours"),
        ({"value": [{"errorCode": "InternalError", "timeseries": []}]}, {}, "(InternalError)"),
        (None, {}, "knows no DeploymentCapacity"),
        (azure_error(403, "AuthorizationFailed"), {}, "Microsoft.Insights/metrics/read"),
    ],
)
def test_what_nobody_saw_stand_is_unknown(capacity: Any, more: Mapping[str, Any], says: str) -> None:
    (evidence,) = told(cloud(scored(SILENT, capacity, **more)), azure.standing, graph(deployment(LIVE))).values()
    found = decide(evidence, NOW, 72)
    assert found.state is State.UNKNOWN and says in found.says


def test_a_deployment_of_this_morning_is_new() -> None:
    answers = scored(SILENT, STOOD, created="2026-11-26T01:00:00Z")
    (evidence,) = told(cloud(answers), azure.standing, graph(deployment(LIVE))).values()
    assert state(evidence) is State.NEW


def test_a_deployment_that_only_the_state_has_is_unknown() -> None:
    found = told(cloud({}), azure.standing, graph(deployment(LIVE)))
    assert found == {"live": Unread("the state has it, and Azure Machine Learning does not")}


def test_throttling_is_waited_out(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(Reader.__init__, "__defaults__", (None, waited.append))
    double = cloud(scored(SILENT, STOOD))
    double.stumbles += [httpx.Response(429, headers={"Retry-After": "3"}, json={}), httpx.Response(503, json={})]
    found = told(double, azure.standing, graph(deployment(LIVE)))
    assert state(found["scores/live"]) is State.IDLE and waited == [3, 2]


def nodes(active: Mapping[str, Any], total: Mapping[str, Any], count: int) -> Mapping[str, Answer]:
    inside = {"currentNodeCount": count, "scaleSettings": {"minNodeCount": 0}}
    return {
        f"{ML}/computes/many": {
            "properties": {"computeType": "AmlCompute", "createdOn": "2026-01-01T00:00:00+00:00", "properties": inside}
        },
        f"{ML}{METRICS}?Active Nodes of ClusterName eq 'many'": active,
        f"{ML}{METRICS}?Total Nodes of ClusterName eq 'many'": total,
    }


@pytest.mark.parametrize(
    ("active", "total", "count", "expected"),
    [
        (figures("maximum", *ALL, value=0), STOOD, 1, State.IDLE),
        (figures("maximum", 5), STOOD, 1, State.BUSY),
        (SILENT, SILENT, 0, State.ASLEEP),
        (SILENT, SILENT, 1, State.UNKNOWN),
    ],
)
def test_a_cluster_that_keeps_nodes_without_a_job_is_idle(
    active: Mapping[str, Any], total: Mapping[str, Any], count: int, expected: State
) -> None:
    found = told(cloud(nodes(active, total, count)), azure.standing, graph(compute("many", "AmlCompute")))
    assert state(found["many"]) is expected


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        ({"state": "Stopped"}, State.ASLEEP),
        ({"state": "Running", "idleTimeBeforeShutdown": "PT60M"}, State.BUSY),
        ({"state": "Running"}, State.UNKNOWN),
    ],
)
def test_a_persons_machine_that_stops_by_itself_is_in_use_where_it_runs(
    inside: Mapping[str, Any], expected: State
) -> None:
    answer = {"properties": {"computeType": "ComputeInstance", "properties": inside}}
    found = told(cloud({f"{ML}/computes/ana": answer}), azure.standing, graph(compute("ana")))
    assert state(found["ana"]) is expected


def test_what_no_state_names_is_found_page_by_page() -> None:
    disk: dict[str, Any] = {"id": "/d/1", "type": "microsoft.compute/disks", "name": "left"}
    disk["tags"] = {"Owner": "ben@example.com"}
    disk["properties"] = {"diskSizeGB": 128, "timeCreated": "2026-02-01T00:00:00Z"}
    disk |= {"sku": {"name": "Premium_LRS"}, "location": "eastus"}
    large = {**disk, "id": "/d/2", "name": "large", "properties": {**disk["properties"], "diskSizeGB": 1024}}
    finds = {"type": "Microsoft.Search/searchServices", "sku": {"name": "standard"}}
    searches = [{**finds, "id": f"{SEARCHES}/{name}", "name": name} for name in ("silent", "asked", "unseen")]
    pages = [
        {"data": [{"id": LIVE.lower(), "type": "x/deployments", "name": "live"}], "$skipToken": "2"},
        {
            "data": [
                {"id": OLD, "type": "x/deployments", "name": "old", "properties": {"instanceType": "Standard_DS3_v2"}},
                {"id": ML, "type": "x/workspaces", "name": "w1"},
                disk,
                large,
                *searches,
            ]
        },
    ]
    stray = {"computeType": "ComputeInstance", "properties": {"state": "Running", "vmSize": "Standard_DS3_v2"}}
    answers = {
        **scored(SILENT, STOOD, OLD),
        f"{SEARCHES}/silent{METRICS}?SearchQueriesPerSecond": figures("average", *ALL, value=0.0),
        f"{SEARCHES}/asked{METRICS}?SearchQueriesPerSecond": figures("average", *ALL, value=0.5),
        f"{SEARCHES}/unseen{METRICS}?SearchQueriesPerSecond": SILENT,
        f"{ML}/computes": {
            "value": [
                {"id": f"{ML}/computes/ana", "name": "ana", "properties": stray},
                {"id": f"{ML}/computes/stray", "name": "stray", "properties": stray},
            ]
        },
    }
    double = cloud(answers)
    inner = double.answers
    tokens: list[str | None] = []

    def answer(request: httpx.Request) -> Answer:
        if request.url.path != INVENTORY:
            return inner(request)
        tokens.append(json.loads(request.content)["options"].get("$skipToken"))
        return pages[len(tokens) - 1]

    double.answers = answer
    account = account_of(lambda scope: "word", SUBSCRIPTION, REGION, double.transport(), azure.READS)
    strangers = list(azure.strangers(account, [graph(deployment(LIVE), compute("ana"))], WINDOW))
    found = {part.name: evidence for part, evidence in strangers}
    assert {part.name: part.owner for part, _ in strangers}["left (128 GB)"] == "ben@example.com"
    assert tokens == [None, "2"]
    assert {name: state(evidence) for name, evidence in found.items()} == {
        "scores/old": State.IDLE,
        "w1/stray": State.UNKNOWN,
        "left (128 GB)": State.IDLE,
        "large (1024 GB)": State.IDLE,
        "silent (standard)": State.IDLE,
        "asked (standard)": State.BUSY,
        "unseen (standard)": State.UNKNOWN,
    }
    parts = {part.name: part for part, _ in strangers}
    assert parts["left (128 GB)"].stored == Stored("compute-instance-disk", 1, "eastus")
    assert parts["large (1024 GB)"].stored is None
    assert "cannot be stopped" in "".join(parts["silent (standard)"].instead)


def test_an_inventory_that_is_refused_is_told() -> None:
    (evidence,) = told(cloud({INVENTORY: azure_error(403, "AuthorizationFailed")}), azure.strangers, []).values()
    assert isinstance(evidence, Unread) and "Microsoft.ResourceGraph/resources/read" in evidence.why


def test_the_clouds_clock_is_asked() -> None:
    answer = httpx.Response(200, headers={"Date": "Thu, 26 Nov 2026 10:40:00 GMT"}, json={})
    double = cloud({f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.MachineLearningServices/workspaces": answer})
    assert azure.clock(account_of(lambda scope: "w", SUBSCRIPTION, REGION, double.transport(), azure.READS)) == NOW
