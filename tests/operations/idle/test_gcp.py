"""What is asked of deployed models and Workbench instances: answers in the shapes that Google's pages document."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import mlplatform, vertex, workbench
from operations.doctor.gcp import account_of
from operations.doctor.rest import Reader
from operations.idle import Part, Stored, Window, gcp
from operations.idle.decision import Evidence, Figures, LastUse, State, Unread, decide
from tests.operations.doctor.doubles import Answer, Cloud, google_error

PROJECT, REGION = "risk-dev", "europe-west4"
AI = f"{REGION}-aiplatform.googleapis.com/v1/projects/{PROJECT}/locations/{REGION}"
SERIES = f"monitoring.googleapis.com/v3/projects/{PROJECT}/timeSeries"
BOOKS = f"notebooks.googleapis.com/v2/projects/{PROJECT}/locations"
ZONES = "https://www.googleapis.com/compute/v1/projects/payments/zones"
DISKS = f"compute.googleapis.com/compute/v1/projects/{PROJECT}/aggregated/disks"
NOW = datetime(2026, 11, 26, 10, 40, tzinfo=UTC)
HOUR = NOW.replace(minute=0)
WINDOW = Window(HOUR - timedelta(days=14), NOW)
ENDPOINT = f"projects/{PROJECT}/locations/{REGION}/endpoints/77"


def deployment(model: str, least: int = 1) -> Resource:
    return Resource(
        f"urn:{model}",
        mlplatform.DEPLOYMENT,
        f"scores-{model}",
        True,
        inputs={"endpoint": ENDPOINT, "minReplicas": least, "maxReplicas": 3, "machineType": "e2-standard-2"},
        outputs={"id": ENDPOINT, "deployedModelId": model},  # as the engine's state has it
        property_dependencies={"endpoint": ("urn:endpoint",)},
    )


def graph(*resources: Resource) -> Graph:
    endpoint = Resource("urn:endpoint", vertex.ENDPOINT, "scores", True, outputs={"id": ENDPOINT, "name": "77"})
    return Graph("churn-dev", "gcp", (endpoint, *resources), {})


def described(*models: str, **more: Any) -> Mapping[str, Any]:
    each = {"createTime": "2026-01-01T08:00:00.123456Z", **more}
    return {"name": ENDPOINT, "displayName": "scores", "deployedModels": [{"id": id_, **each} for id_ in models]}


def points(*back: int, value: Mapping[str, Any] | None = None) -> list[Mapping[str, Any]]:
    """Aligned points: each stands at the end of its hour, the newest first."""
    ends = [HOUR - timedelta(hours=hours - 1) for hours in sorted(back)]
    return [
        {
            "interval": {"startTime": f"{end - timedelta(hours=1):%Y-%m-%dT%H:%M:%SZ}", "endTime": f"{end:%FT%TZ}"},
            "value": value or {"int64Value": "2"},
        }
        for end in ends
    ]


def monitored(written: Mapping[str, Mapping[str, list[Mapping[str, Any]]]], **places: Answer) -> Cloud:
    """A project in which these metrics of these models were written. `places` are its other answers, by path."""

    def answer(request: httpx.Request) -> Answer:
        path = f"{request.url.host}{request.url.path}"
        if path != SERIES:
            return places.get(path)
        filter_ = request.url.params["filter"]
        metric = filter_.split('"')[1].removeprefix("aiplatform.googleapis.com/")
        model = filter_.rpartition('deployed_model_id = "')[2].rstrip('"')
        found = written.get(model, {}).get(metric)
        if found is None:
            return {}
        page = int(request.url.params.get("pageToken", "0"))
        half = (len(found) + 1) // 2
        series = [{"points": found[page * half : (page + 1) * half]}]
        return {"timeSeries": series, **({"nextPageToken": "1"} if not page else {})}

    return Cloud(answer)


def told(cloud: Cloud, read: Callable[..., Iterator[tuple[Part, Evidence]]], given: Any) -> dict[str, Evidence]:
    account = account_of(lambda: "word", PROJECT, REGION, cloud.transport(), gcp.READS)
    return {part.name: evidence for part, evidence in read(account, given, WINDOW)}


def state(evidence: Evidence) -> State:
    return decide(evidence, NOW, 72).state


CPU = {"doubleValue": 0.01}
ALL = range(1, 101)


@pytest.mark.parametrize("asked", gcp.ANSWERED)
@pytest.mark.parametrize("stood", gcp.STANDING)
def test_a_silent_model_is_told_from_the_busy_one_beside_it_in_either_family(asked: str, stood: str) -> None:
    written = {"1": {asked: points(2), stood: points(*ALL, value=CPU)}, "2": {stood: points(*ALL, value=CPU)}}
    cloud = monitored(written, **{f"{AI}/endpoints/77": described("1", "2")})
    found = told(cloud, gcp.standing, graph(deployment("1")))  # a cut canary left the other
    assert {name: state(evidence) for name, evidence in found.items()} == {
        "scores/1": State.BUSY,
        "scores/2": State.IDLE,
    }
    silent = found["scores/2"]
    assert isinstance(silent, Figures) and len(silent.stood) == 100, "the second page counts"
    assert min(silent.stood) == HOUR - timedelta(hours=100), "a point lies in the hour that it ends"


def test_a_model_of_which_nothing_was_ever_written_is_unknown() -> None:
    found = told(monitored({}, **{f"{AI}/endpoints/77": described("1")}), gcp.standing, graph(deployment("1")))
    assert state(found["scores/1"]) is State.UNKNOWN


def test_a_new_model_and_one_at_zero() -> None:
    new = described("1", createTime="2026-11-26T08:00:00Z")
    written = {"1": {"prediction/online/replicas": points(1, 2)}}
    found = told(monitored(written, **{f"{AI}/endpoints/77": new}), gcp.standing, graph(deployment("1")))
    assert state(found["scores/1"]) is State.NEW
    zero = described("1", status={"availableReplicaCount": 0})
    found = told(monitored({}, **{f"{AI}/endpoints/77": zero}), gcp.standing, graph(deployment("1", least=0)))
    assert state(found["scores/1"]) is State.ASLEEP


def test_a_model_that_only_the_state_has_is_unknown() -> None:
    for there in (None, described("9")):
        found = told(monitored({}, **{f"{AI}/endpoints/77": there}), gcp.standing, graph(deployment("1")))
        assert found == {"scores-1": Unread("the state has it, and Vertex AI does not")}


@pytest.mark.parametrize(
    ("refusal", "says"),
    [
        (google_error(403, "IAM_PERMISSION_DENIED"), "it takes the right aiplatform.endpoints.get"),
        (google_error(403, "SERVICE_DISABLED"), "its API is off"),
        (httpx.Response(200, text="<html>a proxy</html>"), "an answer cannot be read (JSONDecodeError"),
    ],
)
def test_a_refusal_is_unknown_with_a_sentence(refusal: Answer, says: str) -> None:
    found = told(monitored({}, **{f"{AI}/endpoints/77": refusal}), gcp.standing, graph(deployment("1")))
    evidence = found["scores-1"]
    assert isinstance(evidence, Unread) and says in evidence.why


def test_throttling_is_waited_out_and_then_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr(Reader.__init__, "__defaults__", (None, waited.append))
    throttled = httpx.Response(429, headers={"Retry-After": "7"}, json={})
    cloud = monitored({"1": {"prediction/online/replicas": points(*ALL)}}, **{f"{AI}/endpoints/77": described("1")})
    cloud.stumbles += [throttled, throttled]
    assert state(told(cloud, gcp.standing, graph(deployment("1")))["scores/1"]) is State.IDLE and waited == [7, 7]
    cloud.stumbles += [throttled] * 5
    evidence = told(cloud, gcp.standing, graph(deployment("1")))["scores-1"]
    assert isinstance(evidence, Unread) and "answers 429, 5 times" in evidence.why


def instance(name: str, **more: Any) -> Resource:
    inputs = {"location": "europe-west4-a", "instanceOwners": ["ana@example.com"], **more}
    return Resource(f"urn:{name}", workbench.INSTANCE, name, True, inputs=inputs, outputs={"id": f"x/{name}"})


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        ({"state": "STOPPED"}, State.ASLEEP),
        ({"state": "ACTIVE"}, State.BUSY),  # Workbench stops it after three idle hours
        ({"state": "ACTIVE", "gceSetup": {"metadata": {"idle-timeout-seconds": "600"}}}, State.BUSY),
        ({"state": "ACTIVE", "gceSetup": {"metadata": {"idle-timeout-seconds": "0"}}}, State.UNKNOWN),
    ],
)
def test_a_persons_machine_that_stops_by_itself_is_in_use_where_it_runs(
    there: Mapping[str, Any], expected: State
) -> None:
    cloud = monitored({}, **{f"{BOOKS}/europe-west4-a/instances/ana": {"createTime": "2026-01-01T00:00:00Z", **there}})
    found = told(cloud, gcp.standing, graph(instance("ana")))
    assert state(found["ana"]) is expected


def test_what_no_state_names_is_found_page_by_page() -> None:
    labels = {"owner": "ben_example_com", "stack": "old"}
    spec = {"dedicatedResources": {"machineSpec": {"machineType": "n1-standard-4"}, "minReplicaCount": 1}}
    disk = {"name": "left", "sizeGb": "500", "creationTimestamp": "2026-01-01T00:00:00.000-07:00"}
    disk |= {"type": f"{ZONES}/europe-west1-b/diskTypes/pd-ssd", "zone": f"{ZONES}/europe-west1-b"}
    zones: Mapping[str, Any] = {"zones/a": {"disks": [{**disk, "users": ["vm"]}]}, "zones/b": {"warning": {}}}

    def answer(request: httpx.Request) -> Answer:
        path, more = f"{request.url.host}{request.url.path}", "pageToken" in request.url.params
        if path == DISKS:
            left = {"items": {"zones/b": {"disks": [{**disk, "lastDetachTimestamp": "2026-11-20T00:00:00Z"}]}}}
            return left if more else {"items": zones, "nextPageToken": "2"}
        return {
            f"{AI}/endpoints": {
                "endpoints": [described("1"), {**described("5", **spec), "name": f"{ENDPOINT}8", "labels": labels}]
            },
            f"{BOOKS}/-/instances": {"instances": [{"name": "p/i/ana"}, {"name": "p/i/stray", "state": "ACTIVE"}]},
            f"{AI}/tensorboards": {},
            SERIES: {},
        }.get(path)

    account = account_of(lambda: "word", PROJECT, REGION, Cloud(answer).transport(), gcp.READS)
    strangers = list(gcp.strangers(account, [graph(deployment("1"), instance("ana"))], WINDOW))
    found = {part.name: evidence for part, evidence in strangers}
    assert {part.name: part.owner for part, _ in strangers}["scores/5"] == "ben_example_com, stack old"
    assert set(found) == {"scores/5", "stray", "left (500 GB)"}
    assert state(found["left (500 GB)"]) is State.IDLE
    stored = {part.name: part.stored for part, _ in strangers}
    assert stored["left (500 GB)"] == Stored("pd-ssd", 500, "europe-west1") and stored["stray"] is None


@pytest.mark.parametrize(
    ("months", "looked", "expected"),
    [
        ({}, datetime(2025, 10, 1, tzinfo=UTC), State.IDLE),
        ({"202510": 4, "202512": 1, "202601": 0}, datetime(2026, 1, 1, tzinfo=UTC), State.IDLE),
        ({"202611": 1}, NOW, State.BUSY),
    ],
)
def test_a_tensorboard_that_keeps_records_and_has_no_state_is_found(
    months: dict[str, int], looked: datetime, expected: State
) -> None:
    made = {"createTime": "2025-10-01T00:00:00Z", "displayName": "left", "labels": {"owner": "ben_example_com"}}
    names = [f"projects/1/locations/{REGION}/tensorboards/{id_}" for id_ in ("1", "2", "3")]
    usage = {month: {"userUsageData": [{"username": "ben", "viewCount": str(n)}]} for month, n in months.items()}
    boards = f"{AI}/tensorboards"
    cloud = monitored(
        {},
        **{
            f"{AI}/endpoints": {},
            f"{BOOKS}/-/instances": {},
            DISKS: {},
            boards: {"tensorboards": [{**made, "name": name} for name in names]},
            f"{boards}/2:readSize": {"storageSizeByte": str(5 * 1024**3)},
            f"{boards}/3:readSize": {},
            f"{boards}/2:readUsage": {"monthlyUsageData": usage},
        },
    )
    ours = Resource("urn:1", vertex.TENSORBOARD, "own", True, outputs={"name": names[0]})
    account = account_of(lambda: "word", PROJECT, REGION, cloud.transport(), gcp.READS)
    ((part, evidence),) = gcp.strangers(account, [graph(ours)], WINDOW)
    assert (part.name, part.owner) == ("left (5.0 GiB)", "ben_example_com")
    assert part.stored == Stored("tensorboard-storage", 5, REGION)
    assert state(evidence) is expected
    assert isinstance(evidence, LastUse) and evidence.at == looked


def test_a_list_that_is_refused_hides_no_other() -> None:
    lists: dict[str, Answer] = {one: {} for one in (f"{BOOKS}/-/instances", DISKS, f"{AI}/tensorboards")}
    cloud = monitored({}, **{**lists, f"{AI}/endpoints": google_error(403, "IAM_PERMISSION_DENIED")})
    found = told(cloud, gcp.strangers, [])
    assert set(found) == {"endpoints of the project"}


def test_the_clouds_clock_is_asked() -> None:
    answer = httpx.Response(200, headers={"Date": "Thu, 26 Nov 2026 10:40:00 GMT"}, json={})
    cloud = monitored({}, **{f"{AI}/endpoints": answer})
    assert gcp.clock(account_of(lambda: "word", PROJECT, REGION, cloud.transport(), gcp.READS)) == NOW


NIGHTS = [hour for hour in ALL if (HOUR - timedelta(hours=hour)).hour in range(7, 19)]
EVERY_DAY = {f"{day}day": "07:00-19:00" for day in ("mon", "tues", "wednes", "thurs", "fri", "satur", "sun")}
"""The hours back in which a model with hours stood: those of each day from 07:00 to 19:00."""


@pytest.mark.parametrize(("asked", "is_"), [((30,), State.BUSY), ((), State.IDLE)])
@pytest.mark.parametrize("off", [True, False])
def test_a_model_that_is_off_by_its_hours_is_judged_by_those_in_which_it_stood(
    asked: tuple[int, ...], is_: State, off: bool
) -> None:
    timed = deployment("1")
    timed = replace(timed, inputs={**timed.inputs, "hours": {**EVERY_DAY, "timezone": "UTC"}})
    written = {"1": {gcp.STANDING[0]: points(*NIGHTS), gcp.ANSWERED[0]: points(*asked)}}
    cloud = monitored(written, **{f"{AI}/endpoints/77": described(*([] if off else ["1"]))})
    found = told(cloud, gcp.standing, graph(timed))
    assert state(found["scores/1"]) is is_


def test_what_the_state_has_and_vertex_ai_has_not_is_unknown_where_it_has_no_hours() -> None:
    cloud = monitored({}, **{f"{AI}/endpoints/77": described()})
    assert list(map(state, told(cloud, gcp.standing, graph(deployment("1"))).values())) == [State.UNKNOWN]
