"""The part of a sandbox's double that is Vertex AI: endpoints, models and deployed models of each project.

The simulated provider creates endpoints. `provider/` makes models and deployed models through this API; the sandbox
stores them as resources of their own types.
"""

import re
from typing import cast

from catalogue.answers import project_number
from catalogue.graph import Resource
from catalogue.kinds.gcp.mlplatform import DEPLOYMENT, MODEL
from catalogue.kinds.gcp.vertex import ENDPOINT as AI_ENDPOINT
from catalogue.marked import Json
from sandbox.needs import Needs, resource
from sandbox.rest.calls import Call
from sandbox.rest.shown import Shown
from sandbox.rest.vertex import VertexDouble, key
from sandbox.state import State
from sandbox.state.records import New, Record, Reference


class KeptVertex:
    """A double of Vertex AI for each project. It stores in the sandbox what a call changes."""

    TYPES = (AI_ENDPOINT, MODEL, DEPLOYMENT)

    def __init__(self, state: State) -> None:
        self._state = state
        self._projects: dict[str, VertexDouble] = {}

    def project(self, given: str) -> VertexDouble:
        """The double of one project. The project is given by its id or its number."""
        for name, vertex in self._projects.items():
            if given in (name, vertex.number):
                return vertex
        known = {record.account for record in self._state.resources.find(platform="gcp")} | {given}
        project = next((account for account in known if project_number(account) == given), given)
        vertex = VertexDouble(number=project_number(project), models=Shown(), endpoints=Shown())
        return self._projects.setdefault(project, vertex)

    def load(self, changed: set[tuple[str, str]]) -> None:
        """Read from the sandbox which of these resources exist. They are given by type and id."""
        for id_ in {id_ for type_, id_ in changed if type_ == MODEL}:
            self._load_model(id_)
        served = [id_ for type_, id_ in changed if type_ in (AI_ENDPOINT, DEPLOYMENT)]
        for id_ in {id_.partition("/deployedModels/")[0] for id_ in served}:
            self._load_endpoint(id_)

    def keep(self, vertex: VertexDouble) -> None:
        """Store what the call changed in the double of one project."""
        project = next(name for name, one in self._projects.items() if one is vertex)
        for name in cast(Shown, vertex.models).changed():
            self._keep_model(f"projects/{project}/locations/{name}", project, vertex.models.get(name))
        for name in cast(Shown, vertex.endpoints).changed():
            owner = self._state.resources.get(AI_ENDPOINT, f"projects/{project}/locations/{name}")
            if owner is not None:
                self._keep_deployed(owner, vertex.endpoints[name])

    def judge(self, call: Call) -> None:
        """Raises Lacks where the project lacks what a call that makes something needs."""
        path, _, verb = call.path.removeprefix("/v1/").partition(":")
        if verb not in ("upload", "deployModel"):
            return
        if verb == "upload":
            given = call.body["model"]
            inputs = {"image": given.get("containerSpec", {}).get("imageUri"), "artifactUri": given.get("artifactUri")}
            inputs["serviceAccount"] = call.body.get("serviceAccount")
            inputs["kmsKeyName"] = given.get("encryptionSpec", {}).get("kmsKeyName")
            made = resource(MODEL, path, path, {name: value for name, value in inputs.items() if value}, {})
        else:
            made = _deployment(path, call.body["deployedModel"])
        project = path.split("/")[1]
        owner = next(name for name, one in self._projects.items() if one is self.project(project))
        needs = Needs(self._state, "gcp", owner, key(path).split("/")[0], made)
        needs.rights("create")
        needs.service(registers_itself=False)
        needs.contents()
        needs.in_force()
        needs.quota()

    def _load_model(self, id_: str) -> None:
        record = self._state.resources.get(MODEL, id_)
        models = cast(Shown, self.project(id_.split("/")[1]).models)
        models.load(key(id_), record.outputs["versions"] if record else None)

    def _load_endpoint(self, id_: str) -> None:
        record, vertex = self._state.resources.get(AI_ENDPOINT, id_), self.project(id_.split("/")[1])
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
        cast(Shown, vertex.endpoints).load(key(id_), shown)

    def _keep_model(self, id_: str, project: str, versions: Json | None) -> None:
        newest: Json = list(versions.values())[-1] if versions else {}
        wanted = New(
            **_of_google(id_, project),
            type=MODEL,
            name=id_.rpartition("/")[2],
            inputs=newest,
            outputs={"versions": versions},
        )
        self._state.resources.put(self._state.resources.get(MODEL, id_), wanted if versions else None)

    def _keep_deployed(self, owner: Record, endpoint: Json) -> None:
        stood = [row for row in self._state.resources.below(owner.id, owner.account) if row.type == DEPLOYMENT]
        was = {row.id: row for row in stood}
        project, region = owner.account, key(owner.id).split("/")[0]
        for one in endpoint.get("deployedModels", []):
            id_ = f"{owner.id}/deployedModels/{one['id']}"
            model = f"{owner.id.partition('/locations/')[0]}/locations/{key(one['model']).partition('@')[0]}"
            needs = Needs(self._state, "gcp", project, region, _deployment(id_, one))
            wanted = New(
                **_of_google(id_, owner.account),
                type=DEPLOYMENT,
                name=owner.id.rpartition("/")[2],
                inputs=one,
                outputs={"trafficPercent": endpoint.get("trafficSplit", {}).get(one["id"], 0)},
                links=(
                    Reference("endpoint", owner.id, (AI_ENDPOINT,), holds=True),
                    Reference("model", model, (MODEL,), holds=True),
                ),
                draws=needs.takes(),
            )
            self._state.resources.put(was.pop(id_, None), wanted)
        for gone in was.values():
            self._state.resources.put(gone, None)


def changed_by(call: Call) -> tuple[str, str]:
    """Type and name of our resource that a call of Vertex AI changes."""
    if endpoint := re.search(r"/endpoints/([^/:]+)", call.path):
        return DEPLOYMENT, endpoint.group(1)
    named = re.search(r"/models/([^/:@]+)", call.path + "/" + str(call.body.get("parentModel", "")))
    return MODEL, named.group(1) if named else str(call.body.get("modelId", ""))


def _deployment(id_: str, deployed: Json) -> Resource:
    """A deployed model in the words of our provider's resource, which the record reads."""
    given: Json = deployed.get("dedicatedResources") or {}
    spec: Json = given.get("machineSpec") or {}
    words = {
        "minReplicas": given.get("minReplicaCount"),
        "maxReplicas": given.get("maxReplicaCount"),
        "machineType": spec.get("machineType"),
        "acceleratorType": spec.get("acceleratorType"),
        "acceleratorCount": spec.get("acceleratorCount"),
    }
    return resource(DEPLOYMENT, id_, id_, {name: value for name, value in words.items() if value is not None}, {})


def _of_google(id_: str, project: str) -> Json:
    return {"id": id_, "platform": "gcp", "account": project, "region": key(id_).split("/")[0]}
