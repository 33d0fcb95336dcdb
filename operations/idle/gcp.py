"""What is asked of what stands on Google Cloud, by REST, with application default credentials.

Which figure says that a deployed model was asked, and which that its machines stand, both by `deployed_model_id`:

- `prediction/online/response_count`, and of an endpoint of a network `prediction/online/private/response_count`. Google
  does not say which of them an endpoint behind Private Service Connect writes, so both are asked, and either counts.
- `prediction/online/replicas` and `prediction/online/cpu/utilization`, which standing replicas have asked or not.
  Google does not say either whether an endpoint behind Private Service Connect writes both, so one is enough.

"Google Cloud metrics", aiplatform: https://docs.cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform. What
was never written has no series, and neither has what Google failed to write: a model with replicas and no answers is
idle, one with neither is unknown.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import mlplatform, vertex, workbench
from catalogue.machines import Machines
from catalogue.properties import Properties
from catalogue.week import off_until
from operations.doctor import Unseen, gcp
from operations.doctor.gcp import Account
from operations.doctor.rest import Read, Refusal, objects
from operations.idle import Part, Stored, Window, by_hour, machines_of, tagged_owner, unread
from operations.idle.decision import Evidence, Figures, LastUse, Unread

_AI = "aiplatform.googleapis.com"
_PLACE = f"https://{{region}}-{_AI}/v1/projects/{{project}}/locations/{{region}}"
_ENDPOINT = Read(f"{_PLACE}/endpoints/{{name}}", "aiplatform.endpoints.get")
_ENDPOINTS = Read(f"{_PLACE}/endpoints", "aiplatform.endpoints.list")
_METRICS = Read("https://monitoring.googleapis.com/v3/projects/{project}/timeSeries", "monitoring.timeSeries.list")
_INSTANCE = Read(
    "https://notebooks.googleapis.com/v2/projects/{project}/locations/{zone}/instances/{name}",
    "notebooks.instances.get",
)
_INSTANCES = Read(
    "https://notebooks.googleapis.com/v2/projects/{project}/locations/-/instances", "notebooks.instances.list"
)
_DISKS = Read("https://compute.googleapis.com/compute/v1/projects/{project}/aggregated/disks", "compute.disks.list")
_BOARDS = Read(f"{_PLACE}/tensorboards", "aiplatform.tensorboards.list")
_SIZE, _VIEWS = (
    Read(f"{_PLACE}/tensorboards/{{name}}:{asked}", "aiplatform.tensorboards.get")
    for asked in ("readSize", "readUsage")
)
READS = (_ENDPOINT, _ENDPOINTS, _METRICS, _INSTANCE, _INSTANCES, _DISKS, _BOARDS, _SIZE, _VIEWS)
"""Every address that is ever asked. None changes anything.

https://docs.cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.endpoints,
https://docs.cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.timeSeries/list,
https://docs.cloud.google.com/vertex-ai/docs/workbench/reference/rest/v2/projects.locations.instances,
https://docs.cloud.google.com/compute/docs/reference/rest/v1/disks/aggregatedList,
https://docs.cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.tensorboards, which does not say what
right it takes to read a size: that of reading the TensorBoard is assumed.
"""

open_account = partial(gcp.open_account, reads=READS)

ANSWERED = ("prediction/online/response_count", "prediction/online/private/response_count")
STANDING = ("prediction/online/replicas", "prediction/online/cpu/utilization")
_DEFAULT_IDLE_MINUTES = 180.0
"""An instance without a timeout of its own stops after three idle hours.

https://docs.cloud.google.com/vertex-ai/docs/workbench/instances/idle-shutdown
"""


def clock(account: Account) -> datetime:
    """What time it is, as the answer of a read says."""
    url = _ENDPOINTS.at(region=account.region, project=account.project)
    answer = account.reader.ask(_ENDPOINTS, url, params={"pageSize": "1"})
    said = answer.headers.get("date") if answer is not None else None
    return parsedate_to_datetime(said).astimezone(UTC) if said else datetime.now(UTC)


def standing(account: Account, graph: Graph, window: Window) -> Iterator[tuple[Part, Evidence]]:
    """The models that the stack has deployed, and the Workbench instances of its people."""
    for deployment in graph.of(mlplatform.DEPLOYMENT):
        try:
            yield from _deployed(account, graph, deployment, window)
        except Exception as error:
            yield Part(deployment.name, "deployment", deployment.stack_key), _unread(error)
    for instance in graph.of(workbench.INSTANCE):
        zone, name = instance.props.text_or_empty("location"), str(instance.outputs.get("id")).rpartition("/")[2]
        part = Part(instance.name, "machine", instance.stack_key, owner=_owner(instance.inputs))
        try:
            there = account.reader.json(_INSTANCE, _INSTANCE.at(project=account.project, zone=zone, name=name))
            if there is None:
                raise Unseen("the state has it, and Workbench does not")
            yield _machine(part, there)
        except Exception as error:
            yield part, _unread(error)


def _unread(error: Exception) -> Unread:
    if isinstance(error, Refusal) and error.code == "SERVICE_DISABLED":
        return Unread("its API is off in the project")
    return unread(error)


def _deployed(account: Account, graph: Graph, deployment: Resource, window: Window) -> Iterator[tuple[Part, Evidence]]:
    """Each model that stands on the endpoint of a deployment: its own, and what a cut canary left beside it."""
    name = deployment.props.text_or_empty("endpoint").rpartition("/")[2]
    own = str(deployment.outputs.get("deployedModelId"))
    there = account.reader.json(_ENDPOINT, _ENDPOINT.at(region=account.region, project=account.project, name=name))
    models = objects(there, "deployedModels")
    timed: dict[str, str] = deployment.inputs.get("hours") or {}
    if timed and there is not None and not models:
        models = [{"id": own}]  # off by its hours: it comes back under the same id, which its figures have
    if not any(model.get("id") == own for model in models):
        raise Unseen("the state has it, and Vertex AI does not")
    (machines,) = machines_of(graph, deployment)
    served = [one.name for one in graph.refers(deployment, "endpoint", vertex.ENDPOINT)]
    for model in models:
        runs = machines if model.get("id") == own else _machines(name, model)
        own = f"{served[0] if served else name}/{model['id']}"
        part = Part(own, "deployment", deployment.stack_key, name, runs, kind="online")
        yield _figures(account, name, model, part, window, timed)


def _machines(endpoint: str, model: Mapping[str, Any]) -> Machines | None:
    """The machines of a deployed model that no state describes; None where Google runs it on machines of its own."""
    spec = Properties(model).section_or_empty("dedicatedResources")
    machine = spec.section_or_empty("machineSpec")
    type_ = machine.text_or_empty("machineType")
    low, high = (int(spec.number_or_none(key) or 1) for key in ("minReplicaCount", "maxReplicaCount"))
    accelerator = machine.text_or_empty("acceleratorType") or None
    return Machines(endpoint, type_, "online", low, high, "", accelerator) if type_ else None


def _replicas(model: Mapping[str, Any]) -> int | None:
    """How many replicas are there now, where Vertex AI says so. It leaves out what it does not know, and zero too."""
    status: Mapping[str, Any] = model.get("status") or {}
    found = status.get("availableReplicaCount")
    return None if found is None else int(found)


def _figures(
    account: Account, endpoint: str, model: Mapping[str, Any], part: Part, window: Window, timed: dict[str, str]
) -> tuple[Part, Evidence]:
    """What was asked of a model and when it stood. One that is `timed` has hours: silence outside of them is known."""
    of = f'resource.labels.endpoint_id = "{endpoint}" AND metric.labels.deployed_model_id = "{model["id"]}"'
    seen, made = replace(part, replicas=_replicas(model)), _time(model.get("createTime"))
    sleeps = bool(timed) or (part.machines is not None and part.machines.low == 0)
    try:
        asked = _series(account, of, ANSWERED, "ALIGN_DELTA", window)
        stood = _series(account, of, STANDING, "ALIGN_MAX", window)
    except Exception as error:
        return seen, _unread(error)
    stood = {**dict.fromkeys(_off(timed, window), 0.0), **stood}
    return seen, Figures(asked, stood, "its replicas", made=made, replicas=seen.replicas, sleeps=sleeps)


def _off(timed: dict[str, str], window: Window) -> Iterator[datetime]:
    """The hours of a window that lie outside of an endpoint's hours, or in which these begin."""
    days = {name: text for name, text in timed.items() if name != "timezone"}
    hour = window.start
    while days and hour < window.now:
        if off_until(days, timed["timezone"], hour.timestamp()):
            yield hour
        hour += timedelta(hours=1)


def _series(account: Account, of: str, metrics: tuple[str, ...], aligner: str, window: Window) -> dict[datetime, float]:
    """The hours of some metrics, added up: of one that was never written there are none."""
    found: dict[datetime, float] = {}
    params = {
        "interval.startTime": _stamp(window.start),
        "interval.endTime": _stamp(window.now),
        "aggregation.alignmentPeriod": "3600s",
        "aggregation.perSeriesAligner": aligner,
        "aggregation.crossSeriesReducer": "REDUCE_SUM",
        "view": "FULL",
    }
    for metric in metrics:
        asked = {**params, "filter": f'metric.type = "{_AI}/{metric}" AND {of}'}
        for series in account.pages(_METRICS, _METRICS.at(project=account.project), "timeSeries", **asked):
            points = {_ended(point): _value(point.get("value") or {}) for point in objects(series, "points")}
            for hour, value in by_hour(points).items():
                found[hour] = found.get(hour, 0.0) + value
    return found


def _ended(point: Mapping[str, Any]) -> datetime:
    """The moment in whose hour a point lies: an aligned point stands at the end of its hour."""
    interval: Mapping[str, Any] = point.get("interval") or {}
    end = _time(interval.get("endTime"))
    if end is None:
        raise Unseen("Cloud Monitoring gives a figure without its time")
    return datetime.fromtimestamp(end.timestamp() - 1, UTC)


def _value(said: Mapping[str, Any]) -> float:
    return float(said.get("int64Value") or said.get("doubleValue") or 0)


def _time(said: object) -> datetime | None:
    return datetime.fromisoformat(said).astimezone(UTC) if isinstance(said, str) else None


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


# ---- Workbench ------------------------------------------------------------------------------------------------------


def _owner(instance: Mapping[str, Any]) -> str:
    owners = instance.get("instanceOwners") or ()
    return str(next(iter(owners), ""))


def _machine(part: Part, there: Mapping[str, Any]) -> tuple[Part, Evidence]:
    """A person's machine. No API says who uses it, and it stops by itself, unless somebody took its timer away."""
    setup = Properties(there)
    type_ = setup.text_or_empty("gceSetup.machineType").rpartition("/")[2]
    seconds = setup.section_or_empty("gceSetup.metadata").number_or_none("idle-timeout-seconds")
    stops = _DEFAULT_IDLE_MINUTES if seconds is None else seconds / 60 or None
    machines = Machines(part.name, type_, "training", 1, 1) if type_ else None
    runs = there.get("state") == "ACTIVE"
    told = Part(
        part.name,
        "machine",
        part.key,
        "",
        machines,
        int(runs),
        part.owner or _owner(there) or tagged_owner(there.get("labels")),
    )
    return told, LastUse(runs, None, _time(there.get("createTime")), stops)


# ---- what no state names --------------------------------------------------------------------------------------------


def strangers(account: Account, graphs: list[Graph], window: Window) -> Iterator[tuple[Part, Evidence]]:
    """The endpoints and TensorBoards of the region, and the Workbench instances and unattached disks of the project, of
    no state.
    """
    lists = (
        (_endpoints, "endpoints"),
        (_instances, "Workbench instances"),
        (_disks, "disks"),
        (_boards, "TensorBoards"),
    )
    for list_, what in lists:
        try:
            yield from list_(account, graphs, window)
        except Exception as error:
            yield Part(f"{what} of the project", "endpoint"), _unread(error)


def _endpoints(account: Account, graphs: list[Graph], window: Window) -> Iterator[tuple[Part, Evidence]]:
    """An endpoint is free; what is deployed to it bills."""
    deployments = (one for graph in graphs for one in graph.of(mlplatform.DEPLOYMENT))
    own = {one.props.text_if_known("endpoint").rpartition("/")[2] for one in deployments}
    url = _ENDPOINTS.at(region=account.region, project=account.project)
    for endpoint in account.pages(_ENDPOINTS, url, "endpoints", pageSize="100"):
        name = str(endpoint["name"]).rpartition("/")[2]
        for model in objects(endpoint, "deployedModels") if name not in own else ():
            if (machines := _machines(name, model)) is not None:
                called = f"{endpoint.get('displayName') or name}/{model['id']}"
                owner = tagged_owner(endpoint.get("labels"))
                part = Part(called, "deployment", None, name, machines, owner=owner)
                yield _figures(account, name, model, part, window, {})


def _instances(account: Account, graphs: list[Graph], _: Window) -> Iterator[tuple[Part, Evidence]]:
    own = {str(one.outputs.get("id")).rpartition("/")[2] for graph in graphs for one in graph.of(workbench.INSTANCE)}
    for there in account.pages(_INSTANCES, _INSTANCES.at(project=account.project), "instances"):
        name = str(there["name"]).rpartition("/")[2]
        if name not in own:
            yield _machine(Part(name, "machine"), there)


def _disks(account: Account, _: list[Graph], __: Window) -> Iterator[tuple[Part, Evidence]]:
    """The disks that no machine uses. When the last machine let go of one is `lastDetachTimestamp`."""
    url, params = _DISKS.at(project=account.project), dict[str, str]()
    while True:
        page = account.reader.json(_DISKS, url, params=params) or {}
        places: Mapping[str, Any] = page.get("items") or {}
        for disk in (disk for place in places.values() for disk in objects(place, "disks") if not disk.get("users")):
            made, called = _time(disk.get("creationTimestamp")), f"{disk['name']} ({disk.get('sizeGb')} GB)"
            part = Part(called, "disk", owner=tagged_owner(disk.get("labels")), stored=_stored(disk))
            yield part, LastUse(True, _time(disk.get("lastDetachTimestamp")) or made, made)
        if not page.get("nextPageToken"):
            return
        params = {"pageToken": str(page["nextPageToken"])}


def _stored(disk: Mapping[str, Any]) -> Stored | None:
    """A disk of one zone by its type, such as pd-balanced; None for a regional one, which is kept and billed twice."""
    type_, zone = (str(disk.get(key, "")).rpartition("/")[2] for key in ("type", "zone"))
    return Stored(type_, float(disk.get("sizeGb") or 0), zone.rpartition("-")[0]) if zone else None


_LOOK = (
    "Google says who looked at a TensorBoard and not which runs record there: look at the last of its experiments, and "
    "delete them, or it with them"
)


def _boards(account: Account, graphs: list[Graph], window: Window) -> Iterator[tuple[Part, Evidence]]:
    """The TensorBoards that keep something, such as what a teardown left. An empty one bills nothing."""
    own = {str(one.outputs.get("name")).rpartition("/")[2] for g in graphs for one in g.of(vertex.TENSORBOARD)}
    place = {"region": account.region, "project": account.project}
    for board in account.pages(_BOARDS, _BOARDS.at(**place), "tensorboards", pageSize="100"):
        name = str(board["name"]).rpartition("/")[2]
        if name in own:
            continue
        size = account.reader.json(_SIZE, _SIZE.at(**place, name=name)) or {}
        kept = float(size.get("storageSizeByte") or 0) / 1024**3
        if not kept:
            continue
        views = account.reader.json(_VIEWS, _VIEWS.at(**place, name=name)) or {}
        made = _time(board.get("createTime"))
        part = Part(
            f"{board.get('displayName') or name} ({kept:.1f} GiB)",
            "board",
            owner=tagged_owner(board.get("labels")),
            stored=Stored("tensorboard-storage", kept, account.region),
            instead=(_LOOK,),
        )
        yield part, LastUse(True, _viewed(views.get("monthlyUsageData") or {}, window.now) or made, made)


def _viewed(months: Mapping[str, Any], now: datetime) -> datetime | None:
    """The latest moment at which somebody may have looked: Google counts by the month, such as 202611."""
    seen = [
        month
        for month, said in months.items()
        if any(int(user.get("viewCount") or 0) for user in objects(said, "userUsageData"))
    ]
    if not seen:
        return None
    year, month = int(max(seen)[:4]), int(max(seen)[4:])
    return min(now, datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC))
