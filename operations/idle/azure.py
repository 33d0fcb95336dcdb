"""What is asked of what stands on Azure, by REST, with the default credential chain.

Which figure says that something was asked, and which that its machines stand:

- `RequestsPerMinute` of an online endpoint, by `deployment`.
  https://learn.microsoft.com/en-us/azure/azure-monitor/reference/supported-metrics/microsoft-machinelearningservices-workspaces-onlineendpoints-metrics
- `DeploymentCapacity` of a deployment: the number of its instances, asked or not.
  https://learn.microsoft.com/en-us/azure/azure-monitor/reference/supported-metrics/microsoft-machinelearningservices-workspaces-onlineendpoints-deployments-metrics
- `Active Nodes` of a cluster, which run a job, and `Total Nodes`, both by `ClusterName`.
  https://learn.microsoft.com/en-us/azure/azure-monitor/reference/supported-metrics/microsoft-machinelearningservices-workspaces-metrics
- `SearchQueriesPerSecond` of a search service. An hour for which Azure Monitor has a value, be it 0, was seen; the
  service itself stands as long as it exists.
  https://learn.microsoft.com/en-us/azure/azure-monitor/reference/supported-metrics/microsoft-search-searchservices-metrics

Azure Monitor lists an hour of which it has no figure without a value. Such an hour is not seen, and never a zero.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial
from typing import Any

from catalogue.durations import minutes_or_none
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT as DEPLOYMENT
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE
from catalogue.machines import Machines
from catalogue.properties import Properties
from operations.doctor import Unseen, azure
from operations.doctor.azure import Account
from operations.doctor.rest import Read, objects
from operations.idle import Part, Stored, Window, by_hour, machines_of, tagged_owner, unread
from operations.idle.decision import Evidence, Figures, LastUse

_ARM = "https://management.azure.com"
_SUBSCRIPTION = f"{_ARM}/subscriptions/{{subscription}}"
_ML = "Microsoft.MachineLearningServices"
_WORKSPACE = f"{_SUBSCRIPTION}/resourceGroups/{{group}}/providers/{_ML}/workspaces/{{workspace}}"
_ENDPOINT_AT = f"{_WORKSPACE}/onlineEndpoints/{{endpoint}}"
_DEPLOYMENT_AT = f"{_ENDPOINT_AT}/deployments/{{deployment}}"
_METRICS_AT = "/providers/Microsoft.Insights/metrics"
_METRICS_RIGHT = "Microsoft.Insights/metrics/read"

_WORKSPACES = Read(f"{_SUBSCRIPTION}/providers/{_ML}/workspaces", f"{_ML}/workspaces/read")
_DEPLOYMENT = Read(_DEPLOYMENT_AT, f"{_ML}/workspaces/onlineEndpoints/deployments/read")
_COMPUTE = Read(f"{_WORKSPACE}/computes/{{compute}}", f"{_ML}/workspaces/computes/read")
_COMPUTES = Read(f"{_WORKSPACE}/computes", f"{_ML}/workspaces/computes/read")
_REQUESTS = Read(f"{_ENDPOINT_AT}{_METRICS_AT}", _METRICS_RIGHT)
_CAPACITY = Read(f"{_DEPLOYMENT_AT}{_METRICS_AT}", _METRICS_RIGHT)
_NODES = Read(f"{_WORKSPACE}{_METRICS_AT}", _METRICS_RIGHT)
_SEARCH = Read(
    f"{_SUBSCRIPTION}/resourceGroups/{{group}}/providers/Microsoft.Search/searchServices/{{search}}{_METRICS_AT}",
    _METRICS_RIGHT,
)
INVENTORY = Read(
    f"{_ARM}/providers/Microsoft.ResourceGraph/resources", "Microsoft.ResourceGraph/resources/read", "POST"
)
READS = (_WORKSPACES, _DEPLOYMENT, _COMPUTE, _COMPUTES, _REQUESTS, _CAPACITY, _NODES, _SEARCH, INVENTORY)
"""Every address that is ever asked. The POST asks Azure Resource Graph a question, and changes nothing:
https://learn.microsoft.com/en-us/rest/api/azureresourcegraph/resourcegraph/resources/resources
"""

open_account = partial(azure.open_account, reads=READS)

_ML_VERSION = {"api-version": "2025-12-01"}
_METRICS_VERSION = "2023-10-01"
_INVENTORY_VERSION = {"api-version": "2022-10-01"}
_STOPPED = frozenset({"Stopped", "Deleting", "CreateFailed"})
"""States of a compute instance in which its machine does not run: `ComputeInstanceState`,
https://learn.microsoft.com/en-us/rest/api/azureml/compute/get"""
_ID = re.compile(
    rf"/subscriptions/([^/]+)/resourceGroups/(?P<group>[^/]+)/providers/{re.escape(_ML)}/workspaces/(?P<workspace>[^/]+)"
    r"(/onlineEndpoints/(?P<endpoint>[^/]+)/deployments/(?P<deployment>[^/]+)|/computes/(?P<compute>[^/]+))?",
    re.IGNORECASE,
)


def clock(account: Account) -> datetime:
    """What time it is, as the answer of a read says."""
    answer = account.reader.ask(_WORKSPACES, _WORKSPACES.at(subscription=account.subscription), params=_ML_VERSION)
    said = answer.headers.get("date") if answer is not None else None
    return parsedate_to_datetime(said).astimezone(UTC) if said else datetime.now(UTC)


def standing(account: Account, graph: Graph, window: Window) -> Iterator[tuple[Part, Evidence]]:
    """The stack's online deployments, and its clusters and people's machines."""
    for type_, look in ((DEPLOYMENT, _deployed), (COMPUTE, _compute)):
        for resource in graph.of(type_):
            try:
                yield look(account, graph, resource, window)
            except Exception as error:
                sort = "deployment" if type_ == DEPLOYMENT else "machine"
                yield Part(resource.name, sort, resource.stack_key), unread(error)


def _names(id_: str) -> Mapping[str, str]:
    """The names in the id of a deployment, a compute or a workspace, the subscription's with them."""
    found = _ID.fullmatch(id_)
    if found is None:
        raise Unseen(f"its id is none that is known: {id_[:120]}")
    return {"subscription": found[1], **{key: name for key, name in found.groupdict().items() if name}}


def _made(there: Mapping[str, Any]) -> datetime | None:
    said = Properties(there)
    return _time(said.text_or_empty("systemData.createdAt") or said.text_or_empty("properties.createdOn"))


def _time(said: str) -> datetime | None:
    return datetime.fromisoformat(said).astimezone(UTC) if said else None


# ---- online deployments ---------------------------------------------------------------------------------------------


def _deployed(account: Account, graph: Graph, deployment: Resource, window: Window) -> tuple[Part, Evidence]:
    (machines,) = machines_of(graph, deployment)
    return _deployment(account, _names(str(deployment.outputs.get("id"))), deployment.stack_key, machines, window)


def _deployment(
    account: Account, names: Mapping[str, str], key: str | None, machines: Machines | None, window: Window
) -> tuple[Part, Evidence]:
    there = account.reader.json(_DEPLOYMENT, _DEPLOYMENT.at(**names), params=_ML_VERSION)
    if there is None:
        raise Unseen("the state has it, and Azure Machine Learning does not")
    count = Properties(there).number_or_none("sku.capacity")
    called = f"{names['endpoint']}/{names['deployment']}"
    replicas = None if count is None else int(count)
    part = Part(called, "deployment", key, names["endpoint"], machines, replicas, kind="online")
    only = f"deployment eq '{names['deployment']}'"
    asked = _metric(account, _REQUESTS, names, "RequestsPerMinute", "Average", window, only)
    stood = _metric(account, _CAPACITY, names, "DeploymentCapacity", "Maximum", window)
    return part, Figures(asked, stood, "DeploymentCapacity", made=_made(there), replicas=part.replicas)


def _metric(
    account: Account,
    read: Read,
    names: Mapping[str, str],
    metric: str,
    aggregation: str,
    window: Window,
    only: str = "",
) -> dict[datetime, float]:
    """The hours of one metric, added up over its series. An hour without a value is left out."""
    params = {
        "api-version": _METRICS_VERSION,
        "metricnames": metric,
        "aggregation": aggregation,
        "interval": "PT1H",
        "timespan": "/".join(moment.strftime("%Y-%m-%dT%H:%M:%SZ") for moment in (window.start, window.now)),
        **({"$filter": only} if only else {}),
    }
    answer = account.reader.json(read, read.at(**names), params=params)
    if answer is None:
        raise Unseen(f"Azure Monitor knows no {metric} of it")
    found: dict[datetime, float] = {}
    for one in objects(answer, "value"):
        if str(one.get("errorCode") or "Success") != "Success":
            raise Unseen(f"Azure Monitor did not read {metric} ({one['errorCode']})")
        for series in objects(one, "timeseries"):
            points = {
                _stamp(p): float(v) for p in objects(series, "data") if (v := p.get(aggregation.lower())) is not None
            }
            for hour, value in by_hour(points).items():
                found[hour] = found.get(hour, 0.0) + value
    return found


def _stamp(point: Mapping[str, Any]) -> datetime:
    return datetime.fromisoformat(str(point["timeStamp"])).astimezone(UTC)


# ---- clusters and people's machines ---------------------------------------------------------------------------------


def _compute(account: Account, graph: Graph, compute: Resource, window: Window) -> tuple[Part, Evidence]:
    (machines,) = machines_of(graph, compute)
    names = _names(str(compute.outputs.get("id")))
    there = account.reader.json(_COMPUTE, _COMPUTE.at(**names), params=_ML_VERSION)
    if there is None:
        raise Unseen("the state has it, and Azure Machine Learning does not")
    return _of_compute(account, names, there, Part(compute.name, "machine", compute.stack_key, "", machines), window)


def _of_compute(
    account: Account, names: Mapping[str, str], there: Mapping[str, Any], part: Part, window: Window
) -> tuple[Part, Evidence]:
    said = Properties(there)
    inside = said.section_or_empty("properties.properties")
    if said.text_or_empty("properties.computeType") == "AmlCompute":
        count = inside.number_or_none("currentNodeCount")
        least = inside.number_or_none("scaleSettings.minNodeCount") or 0
        only = f"ClusterName eq '{names['compute']}'"
        asked, stood = (
            _metric(account, _NODES, names, metric, "Maximum", window, only)
            for metric in ("Active Nodes", "Total Nodes")
        )
        replicas = None if count is None else int(count)
        cluster = Part(part.name, "cluster", part.key, "", part.machines, replicas, part.owner)
        return cluster, Figures(asked, stood, "Total Nodes", {}, _made(there), replicas, least == 0)
    runs = inside.text_or_empty("state") not in _STOPPED
    owner = part.owner or inside.text_or_empty("personalComputeInstanceSettings.assignedUser.objectId")
    owner = owner or inside.text_or_empty("createdBy.userName")
    machine = Part(part.name, "machine", part.key, "", part.machines, int(runs), owner)
    return machine, LastUse(runs, None, _made(there), minutes_or_none(inside, "idleTimeBeforeShutdown"))


# ---- what no state names --------------------------------------------------------------------------------------------

_KEPT = """resources | where type in~ ('microsoft.machinelearningservices/workspaces',
'microsoft.machinelearningservices/workspaces/onlineendpoints/deployments', 'microsoft.compute/disks',
'microsoft.search/searchservices')
| where type !~ 'microsoft.compute/disks' or properties.diskState =~ 'Unattached'
| project id, type, name, location, sku, tags, properties | order by id asc"""


def strangers(account: Account, graphs: list[Graph], window: Window) -> Iterator[tuple[Part, Evidence]]:
    """The deployments, computes, search services and unattached disks of the subscription that no state names."""
    own = {str(r.outputs.get("id")).lower() for graph in graphs for r in graph.of(DEPLOYMENT, COMPUTE)}
    try:
        found = list(inventory_of(account, _KEPT))
    except Exception as error:
        yield Part("what the subscription has", "endpoint"), unread(error)
        return
    for one in found:
        id_, type_ = str(one["id"]), str(one["type"]).lower().rpartition("/")[2]
        if id_.lower() in own:
            continue
        try:
            if type_ == "workspaces":
                yield from _computes(account, id_, own, window)
            elif type_ == "deployments":
                yield _stray(account, one, window)
            elif type_ == "searchservices":
                yield _search(account, one, window)
            else:
                yield _disk(one)
        except Exception as error:
            yield Part(id_, "endpoint"), unread(error)


def inventory_of(account: Account, query: str) -> Iterator[Mapping[str, Any]]:
    """What Azure Resource Graph lists, page after page. Raises Unseen."""
    options: dict[str, str] = {"resultFormat": "objectArray"}
    while True:
        body = {"subscriptions": [account.subscription], "query": query, "options": options}
        page = account.reader.json(INVENTORY, INVENTORY.at(), params=_INVENTORY_VERSION, json=body) or {}
        yield from objects(page, "data")
        if not page.get("$skipToken"):
            return
        options = {**options, "$skipToken": str(page["$skipToken"])}


def _stray(account: Account, one: Mapping[str, Any], window: Window) -> tuple[Part, Evidence]:
    said = Properties(one)
    names, type_ = _names(str(one["id"])), said.text_or_empty("properties.instanceType")
    count = int(said.number_or_none("sku.capacity") or 1)
    machines = Machines(names["endpoint"], type_, "online", count, count) if type_ else None
    part, evidence = _deployment(account, names, None, machines, window)
    return replace(part, owner=tagged_owner(one.get("tags"))), evidence


def _computes(account: Account, workspace: str, own: set[str], window: Window) -> Iterator[tuple[Part, Evidence]]:
    names = _names(workspace)
    url = _COMPUTES.at(**names)
    for there in account.reader.pages(_COMPUTES, url, "value", _ML_VERSION, _next):
        if str(there["id"]).lower() in own:
            continue
        size = Properties(there).text_or_empty("properties.properties.vmSize")
        batch = Properties(there).text_or_empty("properties.computeType") == "AmlCompute"
        machines = Machines(str(there["name"]), size, "batch" if batch else "training", 0, 1) if size else None
        owner = tagged_owner(there.get("tags"))
        part = Part(f"{names['workspace']}/{there['name']}", "machine", machines=machines, owner=owner)
        yield _of_compute(account, {**names, "compute": str(there["name"])}, there, part, window)


def _next(page: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"url": str(page["nextLink"])} if page.get("nextLink") else {}


def _disk(one: Mapping[str, Any]) -> tuple[Part, Evidence]:
    """When the last machine let go of it is `LastOwnershipUpdateTime`; a disk that never had one was made then.

    Of Azure's many sizes the catalogue prices the P10, which is 128 GB:
    https://learn.microsoft.com/en-us/azure/virtual-machines/disks-types#premium-ssds
    """
    said = Properties(one)
    made = _time(said.text_or_empty("properties.timeCreated"))
    since = _time(said.text_or_empty("properties.LastOwnershipUpdateTime")) or made
    size = said.number_or_none("properties.diskSizeGB") or 0
    owner, ten = tagged_owner(one.get("tags")), 64 < size <= 128 and said.text_or_empty("sku.name") == "Premium_LRS"
    stored = Stored("compute-instance-disk", 1, said.text_or_empty("location")) if ten else None
    return Part(f"{one['name']} ({size:g} GB)", "disk", owner=owner, stored=stored), LastUse(True, since, made)


_NO_STOP = (
    "a search service cannot be stopped, and bills as long as it exists: delete it, once its indexes are exported or "
    "can be made again, or scale it to one replica and one partition"
)
"""https://learn.microsoft.com/en-us/azure/search/search-sku-manage-costs"""


def _search(account: Account, one: Mapping[str, Any], window: Window) -> tuple[Part, Evidence]:
    """A search service, which nothing here makes. What AI Search bills depends on its tier, and no list here has it."""
    said = Properties(one)
    found = re.search(r"/resourceGroups/([^/]+)/", str(one["id"]), re.IGNORECASE)
    names = {"subscription": account.subscription, "group": found[1] if found else "", "search": str(one["name"])}
    owner = tagged_owner(one.get("tags"))
    part = Part(f"{one['name']} ({said.text_or_empty('sku.name')})", "search", owner=owner, instead=(_NO_STOP,))
    try:
        asked = _metric(account, _SEARCH, names, "SearchQueriesPerSecond", "Average", window)
    except Exception as error:
        return part, unread(error)
    return part, Figures(asked, dict.fromkeys(asked, 1.0), "SearchQueriesPerSecond")
