"""The double of a sandbox: what it answers and changes is in the sandbox's `state.sqlite`, beside what plugins made.

Endpoints are those that the simulated providers created. Models, deployed models and traffic, which `provider/` makes
through this API, are resources of its own types. Nothing is held between two calls, so several doubles may serve one
sandbox, and one may be killed.
"""

import copy
import fcntl
import json
import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sandbox.gcp import project_number
from sandbox.rest.answers import Answer, Call, Json, Operation
from sandbox.rest.arm import ArmDouble
from sandbox.rest.server import Double, Fault
from sandbox.rest.vertex import VertexDouble, key
from sandbox.state import FaultKind, Link, New, Record, State

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


@dataclass
class KeptDouble(Double):
    """A double of the sandbox whose file is `database`."""

    database: Path = Path("state.sqlite")

    def __post_init__(self) -> None:
        self._state = State(self.database)

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
        taken = self._state.take_fault(_FAULTS, type_, name, json.dumps(call.body).split('"'))
        if taken is not None:
            self.faults = [copy.copy(_FAULTS[taken.kind])]

    def _carry_out(self, call: Call, fault: Fault | None) -> Answer:
        operations = self._state.operations()
        with (
            self._arm_kept(operations)
            if call.path.startswith("/subscriptions/")
            else self._vertex_kept(call.path.split("/")[3] if call.path.count("/") > 3 else "", operations)
        ):
            return super()._carry_out(call, fault)

    @contextmanager
    def _vertex_kept(self, project: str, operations: dict[str, Json]) -> Generator[None]:
        """Vertex AI's part for one project, given by its id or its number: loaded, and what changed kept."""
        stands = self._state.find(platform="gcp")
        known = {record.account for record in stands}
        known |= {kept["resource"].split("/")[1] for name, kept in operations.items() if name.startswith("projects/")}
        project = next((account for account in known if project_number(account) == project), project)
        prefix = f"projects/{project}/"
        rows = [record for record in stands if record.id.startswith(prefix)]
        endpoints = {key(row.id): row for row in rows if row.type == AI_ENDPOINT}
        models = {key(row.id): row for row in rows if row.type == MODEL}
        deployed = {key(row.id): row for row in rows if row.type == DEPLOYMENT}
        vertex = self.vertex = VertexDouble(number=project_number(project), metrics=self._state.played())
        for name, row in endpoints.items():
            mine = [one for one in deployed.values() if one.id.startswith(f"{row.id}/")]
            split = {one.inputs["id"]: one.outputs["trafficPercent"] for one in mine}
            vertex.endpoints[name] = {
                "name": vertex.numbered(row.id),
                "displayName": row.inputs.get("displayName", row.name),
                "labels": row.inputs.get("labels", {}),
                "deployedModels": [copy.deepcopy(one.inputs) for one in mine],
                "trafficSplit": {id: share for id, share in split.items() if share},
            }
        vertex.models = {name: copy.deepcopy(row.outputs["versions"]) for name, row in models.items()}
        vertex.operations = _under_way(operations, "projects/")
        before = copy.deepcopy((vertex.models, vertex.endpoints))
        try:
            yield
        finally:
            self._state.keep_operations(_changed(operations, vertex.operations))
            for name in {*before[0], *vertex.models}:
                versions = vertex.models.get(name)
                if versions != before[0].get(name):
                    newest = list(versions.values())[-1] if versions else {}
                    wanted = New(
                        **_of_google(f"{prefix}locations/{name}", project),
                        type=MODEL,
                        name=name.rpartition("/")[2],
                        inputs=newest,
                        outputs={"versions": versions},
                    )
                    self._keep(models.get(name), wanted if versions else None)
            for name, endpoint in vertex.endpoints.items():
                if endpoint != before[1].get(name):
                    self._keep_deployed(endpoints[name], endpoint, deployed)

    def _keep_deployed(self, owner: Record, endpoint: Json, before: Mapping[str, Record]) -> None:
        was = {name: row for name, row in before.items() if row.id.startswith(f"{owner.id}/")}
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
            self._keep(was.pop(key(id_), None), wanted)
        for gone in was.values():
            self._keep(gone, None)

    @contextmanager
    def _arm_kept(self, operations: dict[str, Json]) -> Generator[None]:
        """Resource Manager's part: loaded, and what changed kept."""
        arm = self.arm = ArmDouble(address=self.address, metrics=self._state.played())
        traffic = {row.id.removesuffix("/traffic"): row for row in self._state.find(type=TRAFFIC)}
        rows = {row.id: row for kind in (ONLINE_ENDPOINT, ONLINE_DEPLOYMENT) for row in self._state.find(type=kind)}
        for id_, row in rows.items():
            shown = {name: value for name, value in {**row.inputs, **row.outputs}.items() if name in _OWN}
            now: Json = traffic[id_].outputs if id_ in traffic else {"traffic": {}, "mirrorTraffic": {}}
            shown["properties"] = {"provisioningState": "Succeeded", **shown.get("properties", {}), **now}
            arm.resources[id_] = {"id": id_, "name": id_.rpartition("/")[2], **copy.deepcopy(shown)}
        arm.operations = _under_way(operations, "/subscriptions/")
        before = copy.deepcopy(arm.resources)
        try:
            yield
        finally:
            self._state.keep_operations(_changed(operations, arm.operations))
            for id_, row in rows.items():
                after = arm.resources.get(id_)
                if after is None:
                    self._keep(row, None)
                elif after != before[id_]:
                    self._keep_written(row, before[id_], after, traffic.get(id_))

    def _keep_written(self, owner: Record, before: Json, after: Json, traffic: Record | None) -> None:
        changed = {name: after[name] for name in _OWN if name in after and _still(after, name) != _still(before, name)}
        if changed:
            self._state.update(owner.key, owner.inputs, {**owner.outputs, **changed})
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
                self._state.delete(was.key)
        elif was is None:
            self._state.create(wanted)
        elif (was.inputs, was.outputs) != (wanted.inputs, wanted.outputs):
            self._state.update(was.key, wanted.inputs, wanted.outputs, wanted.links)


def _of_google(id_: str, project: str) -> Json:
    return {"id": id_, "platform": "gcp", "account": project, "region": key(id_).split("/")[0]}


def _under_way(operations: Mapping[str, Json], beginning: str) -> dict[str, Operation]:
    """The operations of one cloud, by the key that its double has for them."""
    mine = [Operation.from_json(copy.deepcopy(kept)) for name, kept in operations.items() if name.startswith(beginning)]
    return {key(one.name) if beginning == "projects/" else one.name: one for one in mine}


def _changed(before: Mapping[str, Json], after: Mapping[str, Operation]) -> dict[str, Json]:
    now = {operation.name: operation.to_json() for operation in after.values()}
    return {name: json.loads(json.dumps(kept)) for name, kept in now.items() if kept != before.get(name)}


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
