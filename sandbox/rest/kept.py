"""The double of a sandbox: what it answers and changes is in the sandbox's `state.sqlite`, beside what plugins made.

Endpoints are those that the simulated providers created. Models, deployed models and traffic, which `provider/` makes
through this API, are resources of its own types. What a call changes is stored before it is answered, so several
doubles may serve one sandbox, and one may be killed.
"""

import copy
import fcntl
import json
import re
from collections import UserDict
from collections.abc import Mapping, ValuesView
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from catalogue.answers import project_number
from sandbox.rest.answers import Answer, Call, Json, Operation
from sandbox.rest.arm import ArmDouble
from sandbox.rest.server import Double, Fault
from sandbox.rest.vertex import VertexDouble, key
from sandbox.state import State
from sandbox.state.faults import FaultKind
from sandbox.state.records import Link, New, Record

AI_ENDPOINT = "gcp:vertex/aiEndpoint:AiEndpoint"
ONLINE_ENDPOINT = "azure-native:machinelearningservices:OnlineEndpoint"
ONLINE_DEPLOYMENT = "azure-native:machinelearningservices:OnlineDeployment"
MODEL, DEPLOYMENT, TRAFFIC = "mlplatform:gcp:Model", "mlplatform:gcp:Deployment", "mlplatform:azure:Traffic"
_FAULTS: Mapping[FaultKind, Fault] = {
    "throttle": Fault("throttle", "", message="Quota exceeded for requests per minute."),
    "access-denied": Fault("refuse", "", message="The caller does not have permission."),
    "quota-exceeded": Fault("fail-late", "", message="The quota of this machine type is exceeded."),
    "no-capacity": Fault("fail-late", "", message="There is no capacity for this machine type in this region."),
    "fails-after-success": Fault("drop", ""),
}
"""The sandbox's faults that a REST API shows, as this double's."""
_OWN = ("location", "tags", "kind", "identity", "sku", "properties")
_IN_TRAFFIC = ("traffic", "mirrorTraffic", "provisioningState")


_ON_VERTEX = (AI_ENDPOINT, MODEL, DEPLOYMENT)
_ON_ARM = (ONLINE_ENDPOINT, ONLINE_DEPLOYMENT, TRAFFIC)


class _Shown(UserDict[str, Json]):
    """What a double shows, by key, beside what is stored of it; `asked` are the keys that a call got hold of."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: set[str] = set()
        self._stored: dict[str, str] = {}

    def load(self, name: str, document: Json | None) -> None:
        """Show what is stored now; None: nothing."""
        self.data.pop(name, None)
        self._stored.pop(name, None)
        if document is not None:
            self.data[name] = document
            self._stored[name] = json.dumps(document)

    def changed(self) -> dict[str, Json]:
        """What was changed since the last time, as it is stored."""
        asked, self.asked = self.asked, set()
        now = {name: json.dumps(self.data[name]) if name in self.data else None for name in asked}
        return {name: json.loads(self._stored.get(name, "{}")) for name in asked if now[name] != self._stored.get(name)}

    def values(self) -> ValuesView[Json]:
        """As of a dict; not noted, for nobody changes what is looked through."""
        return self.data.values()

    def __getitem__(self, name: str) -> Json:
        self.asked.add(name)
        return super().__getitem__(name)

    def __setitem__(self, name: str, document: Json) -> None:
        self.asked.add(name)
        super().__setitem__(name, document)

    def __delitem__(self, name: str) -> None:
        self.asked.add(name)
        super().__delitem__(name)


@dataclass
class KeptDouble(Double):
    """A double of the sandbox whose file is `database`.

    What it shows it has in memory, brought up to date before each call with what others changed, and stores what the
    call changed: a thousand endpoints cost a call no more than one.
    """

    database: Path = Path("state.sqlite")

    def __post_init__(self) -> None:
        self._state = State(self.database)
        self._forget()

    def answer(self, call: Call) -> Answer | None:
        """One call, alone among all doubles of this sandbox. An armed fault of the sandbox strikes one that changes."""
        with self._lock, self.database.with_name("rest.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            try:
                if call.method != "GET":
                    self._arm(call)
                return self._answer(call)
            finally:
                self._state.close()

    def _arm(self, call: Call) -> None:
        type_, name = _place(call)
        taken = self._state.faults.take(_FAULTS, type_, name, json.dumps(call.body).split('"'))
        if taken is not None:
            self.faults = [copy.copy(_FAULTS[taken.kind])]

    def _carry_out(self, call: Call, fault: Fault | None) -> Answer:
        self._catch_up()
        self.arm.address, self.arm.metrics = self.address, self._state.metrics.played()
        google = call.path.count("/") > 3 and not call.path.startswith("/subscriptions/")
        self.vertex = self._project(call.path.split("/")[3] if google else "")
        self.vertex.metrics = self.arm.metrics
        try:
            return super()._carry_out(call, fault)
        finally:
            try:
                self._keep_operations()
                self._keep_changed()
            except BaseException:
                self._forget()
                raise

    def _forget(self) -> None:
        """Have nothing in memory."""
        self.arm = ArmDouble(resources=_Shown())
        self._projects: dict[str, VertexDouble] = {}
        self._open: dict[str, tuple[Operation, str]] = {}
        self._known: set[str] = set()
        self._call = self._revision = 0

    def _project(self, given: str) -> VertexDouble:
        """Vertex AI's part for one project, given by its id or its number."""
        for name, vertex in self._projects.items():
            if given in (name, vertex.number):
                return vertex
        known = {record.account for record in self._state.resources.find(platform="gcp")} | {given}
        project = next((account for account in known if project_number(account) == given), given)
        vertex = VertexDouble(number=project_number(project), models=_Shown(), endpoints=_Shown())
        return self._projects.setdefault(project, vertex)

    def _catch_up(self) -> None:
        """Show what others made and changed since the last call, and operations that other doubles began."""
        call, types = self._state.journal.calls(), (*_ON_VERTEX, *_ON_ARM)
        if call < self._call:  # another sandbox has taken its place
            self._forget()
        if self._call:
            changed = self._state.journal.changed_since(self._call, types)
        else:
            changed = {(record.type, record.id) for type_ in types for record in self._state.resources.find(type=type_)}
        self._call = call
        for id_ in {id_ for type_, id_ in changed if type_ == MODEL}:
            self._load_model(id_)
        served = [id_ for type_, id_ in changed if type_ in (AI_ENDPOINT, DEPLOYMENT)]
        for id_ in {id_.partition("/deployedModels/")[0] for id_ in served}:
            self._load_endpoint(id_)
        for id_ in {id_.removesuffix("/traffic") for type_, id_ in changed if type_ in _ON_ARM}:
            self._load_arm(id_)
        operations, self._revision = self._state.operations.since(self._revision)
        for name, kept in operations.items():
            operation = Operation.from_json(kept)
            if name.startswith("projects/"):
                self._project(operation.resource.split("/")[1]).operations[key(name)] = operation
            else:
                self.arm.operations[name] = operation
            self._known.add(name)
            self._open.pop(name, None)
            if not operation.done:
                self._open[name] = (operation, json.dumps(operation.to_json()))

    def _load_model(self, id_: str) -> None:
        record = self._state.resources.get(MODEL, id_)
        models = cast(_Shown, self._project(id_.split("/")[1]).models)
        models.load(key(id_), record.outputs["versions"] if record else None)

    def _load_endpoint(self, id_: str) -> None:
        record, vertex = self._state.resources.get(AI_ENDPOINT, id_), self._project(id_.split("/")[1])
        shown: Json | None = None
        if record is not None:
            mine = [one for one in self._state.resources.below(id_, record.account) if one.type == DEPLOYMENT]
            split = {one.inputs["id"]: one.outputs["trafficPercent"] for one in mine}
            shown = {
                "name": vertex.numbered(id_),
                "displayName": record.inputs.get("displayName", record.name),
                "labels": record.inputs.get("labels", {}),
                "deployedModels": [one.inputs for one in mine],
                "trafficSplit": {id: share for id, share in split.items() if share},
            }
        cast(_Shown, vertex.endpoints).load(key(id_), shown)

    def _load_arm(self, id_: str) -> None:
        record = self._state.resources.get(ONLINE_ENDPOINT, id_) or self._state.resources.get(ONLINE_DEPLOYMENT, id_)
        shown: Json | None = None
        if record is not None:
            shown = {name: value for name, value in {**record.inputs, **record.outputs}.items() if name in _OWN}
            traffic = self._state.resources.get(TRAFFIC, f"{id_}/traffic")
            now: Json = traffic.outputs if traffic else {"traffic": {}, "mirrorTraffic": {}}
            shown["properties"] = {"provisioningState": "Succeeded", **shown.get("properties", {}), **now}
            shown = {"id": id_, "name": id_.rpartition("/")[2], **shown}
        cast(_Shown, self.arm.resources).load(id_, shown)

    def _keep_operations(self) -> None:
        """Store the operations that the call began or moved on; one that is over changes no more."""
        for part in (self.arm, self.vertex):
            newest = next(reversed(part.operations.values()), None)  # a call begins one at most
            if newest is not None and newest.name not in self._known:
                self._known.add(newest.name)
                self._open[newest.name] = (newest, "")
        now = {name: json.dumps(operation.to_json()) for name, (operation, _) in self._open.items()}
        changed = {name: text for name, text in now.items() if text != self._open[name][1]}
        self._state.operations.keep({name: self._open[name][0].to_json() for name in changed})
        for name, text in changed.items():
            operation, _ = self._open[name]
            self._open[name] = (operation, text)
            if operation.done:
                del self._open[name]

    def _keep_changed(self) -> None:
        """Store what the call changed."""
        project = next(name for name, vertex in self._projects.items() if vertex is self.vertex)
        for name in cast(_Shown, self.vertex.models).changed():
            self._keep_model(f"projects/{project}/locations/{name}", project, self.vertex.models.get(name))
        for name in cast(_Shown, self.vertex.endpoints).changed():
            owner = self._state.resources.get(AI_ENDPOINT, f"projects/{project}/locations/{name}")
            if owner is not None:
                self._keep_deployed(owner, self.vertex.endpoints[name])
        for id_, before in cast(_Shown, self.arm.resources).changed().items():
            owner = self._state.resources.get(ONLINE_ENDPOINT, id_) or self._state.resources.get(ONLINE_DEPLOYMENT, id_)
            after = self.arm.resources.get(id_)
            if owner is not None and after is None:
                self._keep(owner, None)
            elif owner is not None and after is not None:
                self._keep_written(owner, before, after, self._state.resources.get(TRAFFIC, f"{id_}/traffic"))

    def _keep_model(self, id_: str, project: str, versions: Json | None) -> None:
        newest: Json = list(versions.values())[-1] if versions else {}
        wanted = New(
            **_of_google(id_, project),
            type=MODEL,
            name=id_.rpartition("/")[2],
            inputs=newest,
            outputs={"versions": versions},
        )
        self._keep(self._state.resources.get(MODEL, id_), wanted if versions else None)

    def _keep_deployed(self, owner: Record, endpoint: Json) -> None:
        was = {row.id: row for row in self._state.resources.below(owner.id, owner.account) if row.type == DEPLOYMENT}
        for one in endpoint.get("deployedModels", []):
            id_ = f"{owner.id}/deployedModels/{one['id']}"
            model = f"{owner.id.partition('/locations/')[0]}/locations/{key(one['model']).partition('@')[0]}"
            wanted = New(
                **_of_google(id_, owner.account),
                type=DEPLOYMENT,
                name=owner.id.rpartition("/")[2],
                inputs=one,
                outputs={"trafficPercent": endpoint.get("trafficSplit", {}).get(one["id"], 0)},
                links=(
                    Link("endpoint", owner.id, (AI_ENDPOINT,), holds=True),
                    Link("model", model, (MODEL,), holds=True),
                ),
            )
            self._keep(was.pop(id_, None), wanted)
        for gone in was.values():
            self._keep(gone, None)

    def _keep_written(self, owner: Record, before: Json, after: Json, traffic: Record | None) -> None:
        changed = {name: after[name] for name in _OWN if name in after and _still(after, name) != _still(before, name)}
        if changed:
            self._state.resources.update(owner.key, owner.inputs, {**owner.outputs, **changed})
        now: Json = {name: after["properties"].get(name) for name in _IN_TRAFFIC}
        shares: Json = {**(now["traffic"] or {}), **(now["mirrorTraffic"] or {})}
        wanted = New(
            type=TRAFFIC,
            id=f"{owner.id}/traffic",
            platform="azure",
            account=owner.account,
            region=owner.region,
            name=owner.id.rpartition("/")[2],
            inputs={},
            outputs=now,
            links=[
                Link("traffic", f"{owner.id}/deployments/{name}", (ONLINE_DEPLOYMENT,), holds=True) for name in shares
            ],
        )
        self._keep(traffic, wanted if shares or now["provisioningState"] != "Succeeded" else None)

    def _keep(self, was: Record | None, wanted: New | None) -> None:
        """Create, update or delete a resource."""
        if wanted is None:
            if was is not None:
                self._state.resources.delete(was.key)
        elif was is None:
            self._state.resources.create(wanted)
        elif (was.inputs, was.outputs) != (wanted.inputs, wanted.outputs):
            self._state.resources.update(was.key, wanted.inputs, wanted.outputs, wanted.links)


def _of_google(id_: str, project: str) -> Json:
    return {"id": id_, "platform": "gcp", "account": project, "region": key(id_).split("/")[0]}


def _still(document: Json, name: str) -> object:
    """A part of an endpoint without what its traffic is."""
    if name != "properties":
        return document.get(name)
    return {key: value for key, value in document["properties"].items() if key not in _IN_TRAFFIC}


def _place(call: Call) -> tuple[str, str]:
    """Which of our resources a call changes: type and name."""
    if call.path.startswith("/subscriptions/"):
        return TRAFFIC, call.path.partition("/onlineEndpoints/")[2].partition("/")[0]
    if endpoint := re.search(r"/endpoints/([^/:]+)", call.path):
        return DEPLOYMENT, endpoint.group(1)
    named = re.search(r"/models/([^/:@]+)", call.path + "/" + str(call.body.get("parentModel", "")))
    return MODEL, named.group(1) if named else str(call.body.get("modelId", ""))
