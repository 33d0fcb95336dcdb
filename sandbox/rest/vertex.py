"""The double of Vertex AI v1 (models, endpoints, operations) and of Cloud Monitoring v3's timeSeries.list.

Shapes and rules are those of the aiplatform v1 discovery document. A caller may name a project by its id, and the
double answers with the project's number, as the real API may.
"""

import copy
import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field

from grpc import StatusCode

from catalogue.kinds.gcp.artifactregistry import abroad
from sandbox.rest.calls import Call, Json, Operation, Refusal, Response, check_shares, played_of
from sandbox.state.metrics import Played

NUMBER = "123456789012"
MUTABLE = {
    "dedicatedResources.minReplicaCount",
    "dedicatedResources.maxReplicaCount",
    "dedicatedResources.requiredReplicaCount",
    "dedicatedResources.autoscalingMetricSpecs",
    "disableContainerLogging",
}
_OF_THE_MODEL = "modelLabels"
"""Where the double keeps the labels of a model, beside those of each version. No answer has it: a version shows both.
Source: UpdateModelRequest.model, https://cloud.google.com/vertex-ai/docs/reference/rpc/google.cloud.aiplatform.v1
"""
LATENCIES = "aiplatform.googleapis.com/prediction/online/prediction_latencies"
RESPONSES = "aiplatform.googleapis.com/prediction/online/response_count"


def key(name: str) -> str:
    """A resource name without its project. A project's id and its number mean the same."""
    return name.partition("/locations/")[2]


@dataclass
class VertexDouble:
    """The state of the project with this `number`. An operation ends at the last of `looks` looks.

    `metrics` has a deployed model's metrics under its id, and those of all models of an endpoint under the endpoint's
    id.
    """

    looks: int = 2
    number: str = NUMBER
    models: MutableMapping[str, dict[str, Json]] = field(default_factory=dict[str, dict[str, Json]])
    endpoints: MutableMapping[str, Json] = field(default_factory=dict[str, Json])
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    metrics: dict[str, Played] = field(default_factory=dict[str, Played])

    def add_endpoint(self, name: str) -> None:
        """An endpoint, as the gcp provider creates it. It is reached by Private Service Connect."""
        self.endpoints[key(name)] = {"name": self.numbered(name), "displayName": key(name).rsplit("/", 1)[1]}

    def numbered(self, name: str) -> str:
        """A resource name with the project's number instead of its id."""
        return f"projects/{self.number}/locations/{key(name)}"

    def answer(self, call: Call, fault: Callable[[Operation], None]) -> Response | None:
        """The answer to a call, or None for a path that Google does not have.

        `fault` may spoil an operation that begins.
        """
        if call.path.startswith("/v3/projects/"):
            return Response(200, self._time_series(call))
        if not call.path.startswith("/v1/projects/"):
            return None
        name, _, verb = call.path.removeprefix("/v1/").partition(":")
        handlers: dict[tuple[str, str], Callable[[str, Call], Json | Operation]] = {
            ("POST", "upload"): self._upload,
            ("POST", "deployModel"): self._deploy,
            ("POST", "undeployModel"): self._undeploy,
            ("POST", "mutateDeployedModel"): self._mutate,
            ("GET", ""): self._get,
            ("PATCH", ""): self._patch,
            ("DELETE", ""): self._delete,
        }
        handler = handlers.get((call.method, verb))
        if handler is None:
            raise Refusal(404, "NOT_FOUND", f"Method not found: {call.method} {call.path}")
        result = handler(name, call)
        if isinstance(result, Operation):
            fault(result)
            self.operations[key(result.name)] = result
            return Response(200, {"name": result.name})
        return Response(200, copy.deepcopy(result))

    def _begin(self, resource: str, verb: str, given: Json) -> Operation:
        for operation in self.operations.values():
            if key(operation.resource) == key(resource) and not operation.done:
                message = f"Another operation is running on {resource}: {operation.name}."
                raise Refusal(400, "FAILED_PRECONDITION", message)
        name = f"{self.numbered(resource)}/operations/{len(self.operations) + 1}"
        return Operation(name, resource, verb, copy.deepcopy(given), self.looks)

    def _carry_out(self, operation: Operation) -> Json:
        verbs: dict[str, Callable[[str, Json], Json]] = {
            "upload": self._uploaded,
            "delete": self._deleted,
            "deploy": self._deployed,
            "undeploy": self._undeployed,
            "mutate": self._mutated,
        }
        return verbs[operation.verb](operation.resource, operation.given)

    def _get(self, name: str, call: Call) -> Json:
        if re.search(r"/operations/\d+$", name):
            operation = self.operations.get(key(name))
            if operation is None:
                raise _missing(name)
            operation.look(self._carry_out)
            return _operation(operation)
        if name.endswith("/operations"):
            owner = key(name.removesuffix("/operations"))
            mine = [operation for operation in self.operations.values() if key(operation.resource) == owner]
            listed = [_operation(operation) for operation in mine if not operation.done]
            for operation in mine:
                operation.look(self._carry_out)
            return {"operations": listed} if listed else {}
        if "/models/" in name:
            return self._version(name)
        return self._endpoint(name)

    def _version(self, name: str) -> Json:
        model, _, wanted = key(name).partition("@")
        versions = self.models.get(model)
        if not versions:
            raise _missing(name)
        for version in versions.values():
            if (wanted or "default") in (version["versionId"], *version["versionAliases"]):
                shown = {key: value for key, value in version.items() if key != _OF_THE_MODEL}
                return {**shown, "labels": {**version.get(_OF_THE_MODEL, {}), **version.get("labels", {})}}
        raise _missing(name)

    def _endpoint(self, name: str) -> Json:
        if key(name) not in self.endpoints:
            raise _missing(name)
        return self.endpoints[key(name)]

    def _upload(self, name: str, call: Call) -> Operation:
        model = call.body["model"]
        for needed in ("displayName", "containerSpec"):
            if needed not in model:
                raise _invalid(f"model.{needed} is required.")
        image, region = str(model["containerSpec"].get("imageUri", "")), name.split("/")[3]
        if there := abroad(image, region):  # the sentence is assumed
            raise _invalid(f"Image {image} is in {there}; the repository must be in {region}, where the model is.")
        parent, wanted = call.body.get("parentModel"), call.body.get("modelId", "")
        if parent is None and not re.fullmatch(r"[a-z_][a-z0-9_-]{0,62}", wanted):
            raise _invalid(f"model_id {wanted!r} must match [a-z0-9_-] and not begin with a number or hyphen.")
        full = parent or f"{name.removesuffix('/models')}/models/{wanted}"
        if parent is None and key(full) in self.models:
            raise Refusal(409, "ALREADY_EXISTS", f"Model {full} already exists.")
        if parent is not None and key(parent) not in self.models:
            raise _missing(parent)
        aliases = list(model.get("versionAliases", []))
        for version in self.models.get(key(full), {}).values():
            if set(aliases) & set(version["versionAliases"]):
                raise _invalid(f"Version alias {aliases} is used by version {version['versionId']}.")

        return self._begin(full, "upload", model)

    def _uploaded(self, full: str, model: Json) -> Json:
        versions = self.models.setdefault(key(full), {})
        number = str(max((int(version) for version in versions), default=0) + 1)
        aliases = [*([] if versions else ["default"]), *model.get("versionAliases", [])]
        versions[number] = {
            **model,
            "name": self.numbered(full),
            "versionId": number,
            "versionAliases": aliases,
            _OF_THE_MODEL: next((one[_OF_THE_MODEL] for one in versions.values()), model.get("labels", {})),
        }
        return {"model": self.numbered(full), "modelVersionId": number}

    def _patch(self, name: str, call: Call) -> Json:
        mask = call.query.get("updateMask", "").split(",")
        if "/endpoints/" in name:
            endpoint = self._endpoint(name)
            if mask != ["trafficSplit"]:
                raise _invalid(f"The double knows the update mask trafficSplit only, not {mask}.")
            split = call.body["trafficSplit"]
            check_shares(split, _ids(endpoint), "INVALID_ARGUMENT")
            endpoint["trafficSplit"] = {id: share for id, share in split.items() if share}
            return endpoint
        model, _, one = key(name).partition("@")
        self._version(name)
        if one and mask != ["labels"]:
            raise Refusal(400, "FAILED_PRECONDITION", f"Of a version its labels can be updated here, and not {mask}.")
        for version in self.models[model].values():
            if one in (version["versionId"], *version["versionAliases"]):
                version["labels"] = call.body["labels"]
            elif not one:
                version.update({_OF_THE_MODEL if field == "labels" else field: call.body[field] for field in mask})
        return self._version(name)

    def _delete(self, name: str, call: Call) -> Operation:
        self._version(name)
        for endpoint in self.endpoints.values():
            for deployed in endpoint.get("deployedModels", []):
                if key(deployed["model"]) == key(name):
                    message = f"Model {name} is deployed to {endpoint['name']} as {deployed['id']}; undeploy it first."
                    raise Refusal(400, "FAILED_PRECONDITION", message)

        return self._begin(name, "delete", {})

    def _deleted(self, name: str, given: Json) -> Json:
        del self.models[key(name)]
        return {}

    def _deploy(self, name: str, call: Call) -> Operation:
        endpoint, wanted = self._endpoint(name), call.body["deployedModel"]
        self._version(wanted["model"])
        resources = wanted.get("dedicatedResources", {})
        if not re.fullmatch(r"[0-9]{1,10}", wanted.get("id", "")):
            raise _invalid("deployed_model.id must be 1-10 digits.")
        if wanted["id"] in _ids(endpoint):
            raise Refusal(409, "ALREADY_EXISTS", f"DeployedModel {wanted['id']} already exists on {name}.")
        if "machineType" not in resources.get("machineSpec", {}):
            raise _invalid("dedicated_resources.machine_spec.machine_type is required.")
        if not 1 <= resources.get("minReplicaCount", 0) <= resources.get("maxReplicaCount", 0):
            raise _invalid("min_replica_count must be at least 1 and at most max_replica_count.")
        split = call.body.get("trafficSplit", {})
        check_shares(split, {*_ids(endpoint), "0"}, "INVALID_ARGUMENT")

        return self._begin(name, "deploy", {"deployedModel": wanted, "trafficSplit": split})

    def _deployed(self, name: str, given: Json) -> Json:
        endpoint, wanted, split = self._endpoint(name), given["deployedModel"], given["trafficSplit"]
        version = self._version(wanted["model"])
        wanted["model"] = version["name"]
        wanted["modelVersionId"] = version["versionId"]
        region = key(name).split("/")[0]
        attachment = f"projects/{self.number}-tp/regions/{region}/serviceAttachments/gkedpm-shared"
        wanted["privateEndpoints"] = {"serviceAttachment": attachment}
        endpoint.setdefault("deployedModels", []).append(wanted)
        if split:
            endpoint["trafficSplit"] = {wanted["id"] if id == "0" else id: share for id, share in split.items()}
        return {"deployedModel": copy.deepcopy(wanted)}

    def _undeploy(self, name: str, call: Call) -> Operation:
        endpoint, id = self._endpoint(name), call.body["deployedModelId"]
        if id not in _ids(endpoint):
            raise Refusal(404, "NOT_FOUND", f"DeployedModel {id} is not found on {name}.")
        if endpoint.get("trafficSplit", {}).get(id) and len(_ids(endpoint)) > 1:
            raise Refusal(400, "FAILED_PRECONDITION", f"DeployedModel {id} still has traffic; move it first.")

        return self._begin(name, "undeploy", {"id": id})

    def _undeployed(self, name: str, given: Json) -> Json:
        endpoint = self._endpoint(name)
        endpoint["deployedModels"] = [one for one in endpoint["deployedModels"] if one["id"] != given["id"]]
        if not endpoint["deployedModels"]:
            endpoint["trafficSplit"] = {}
        return {}

    def _mutate(self, name: str, call: Call) -> Operation:
        change, mask = call.body["deployedModel"], call.body["updateMask"].split(",")
        self._serving(name, change["id"])
        for path in mask:
            if path not in MUTABLE:
                raise _invalid(f"{path} cannot be mutated.")
        return self._begin(name, "mutate", {"deployedModel": change, "mask": mask})

    def _mutated(self, name: str, given: Json) -> Json:
        change = given["deployedModel"]
        found = self._serving(name, change["id"])
        for path in given["mask"]:
            first, _, second = path.partition(".")
            if second:
                found[first][second] = change[first][second]
            else:
                found[first] = change[first]
        return {"deployedModel": copy.deepcopy(found)}

    def _serving(self, name: str, id: str) -> Json:
        for deployed in self._endpoint(name).get("deployedModels", []):
            if deployed["id"] == id:
                return deployed
        raise Refusal(404, "NOT_FOUND", f"DeployedModel {id} is not found on {name}.")

    def _time_series(self, call: Call) -> Json:
        types = re.findall(r'metric\.type = "([^"]+)"', call.query["filter"])
        if len(types) != 1:
            raise _invalid("The filter must specify a single metric type.")
        if call.query["interval.startTime"] >= call.query["interval.endTime"]:
            raise _invalid("The start time must be before the end time.")
        labels = dict(re.findall(r'\.labels\.(\w+) = "([^"]+)"', call.query["filter"]))
        played = played_of(self.metrics, (labels.get("deployed_model_id", ""), labels.get("endpoint_id", "")))
        if played is None:
            return {}
        if types[0] == LATENCIES and played.p95_ms is not None:
            return {"timeSeries": [_series(types[0], {}, {"doubleValue": played.p95_ms})]}
        if types[0] == RESPONSES:
            failed = round(played.requests * played.error_percent / 100)
            counts = {"2xx": played.requests - failed, "5xx": failed}
            series = [
                _series(types[0], {"response_code": code}, {"int64Value": str(count)}) for code, count in counts.items()
            ]
            return {"timeSeries": series}
        return {}


def _series(metric: str, labels: Json, value: Json) -> Json:
    return {
        "metric": {"type": metric, "labels": labels},
        "resource": {"type": "aiplatform.googleapis.com/Endpoint", "labels": {}},
        "points": [{"interval": {}, "value": value}],
    }


def _operation(operation: Operation) -> Json:
    body: Json = {"name": operation.name}
    if operation.done:
        body["done"] = True
        if operation.error is None:
            body["response"] = operation.response
        else:
            code, message = operation.error  # as a google.rpc.Status, which has a number and no name
            body["error"] = {"code": StatusCode[code].value[0], "message": message, "details": []}
    return body


def _ids(endpoint: Json) -> set[str]:
    return {deployed["id"] for deployed in endpoint.get("deployedModels", [])}


def _missing(name: str) -> Refusal:
    return Refusal(404, "NOT_FOUND", f"{name} is not found.")


def _invalid(message: str) -> Refusal:
    return Refusal(400, "INVALID_ARGUMENT", message)
