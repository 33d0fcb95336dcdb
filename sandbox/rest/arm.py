"""The double of Azure Resource Manager for online endpoints and deployments (2025-12-01), and of their metrics.

It shows role assignments too (2022-04-01), and versions of models.
"""

import copy
import re
from collections.abc import Callable, MutableMapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from catalogue.registered import DIGEST
from sandbox.rest.calls import Call, Json, Operation, Refusal, Response, check_shares, played_of
from sandbox.state.metrics import Played

ENDPOINT = re.compile(
    r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/Microsoft\.MachineLearningServices"
    r"/workspaces/[^/]+/onlineEndpoints/[^/]+"
)
READ_ONLY = ("scoringUri", "provisioningState")
METRICS = "/providers/Microsoft.Insights/metrics"


def role_assignment(path: str, created: float) -> Json:
    """A role assignment as Azure shows it, as far as our provider reads it."""
    made = datetime.fromtimestamp(created, UTC).isoformat()
    return {"id": path, "name": path.rpartition("/")[2], "properties": {"createdOn": made}}


def approval(path: str, digest: str, archived: bool) -> Json:
    """A version of a model as Azure ML shows it, as far as our provider reads it."""
    said = {"isArchived": archived, "modelType": "custom_model", "properties": {DIGEST: digest} if digest else {}}
    return {"id": path, "name": path.rpartition("/")[2], "properties": said}


@dataclass
class ArmDouble:
    """The state of one subscription.

    With `etags`, endpoints carry an etag, and a PUT whose condition is not met is refused. `metrics` has a deployment's
    metrics under its name, and those of all deployments of an endpoint under the endpoint's name.
    """

    looks: int = 2
    etags: bool = False
    address: str = ""
    resources: MutableMapping[str, Json] = field(default_factory=dict[str, Json])
    operations: dict[str, Operation] = field(default_factory=dict[str, Operation])
    metrics: dict[str, Played] = field(default_factory=dict[str, Played])

    def add_endpoint(self, path: str) -> None:
        """An endpoint, as the azure-native provider creates it."""
        workspace, _, name = path.rpartition("/onlineEndpoints/")
        identity = (
            f"{workspace.split('/providers/')[0]}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/serving"
        )
        uri = f"https://{name}.eastus2.inference.ml.azure.com/score"
        self.resources[path] = {
            "id": path,
            "name": name,
            "type": "Microsoft.MachineLearningServices/workspaces/onlineEndpoints",
            "location": "eastus2",
            "tags": {"stack": "azure-pilot"},
            "kind": "Managed",
            "identity": {
                "type": "UserAssigned",
                "principalId": None,
                "userAssignedIdentities": {identity: {"clientId": "c", "principalId": "p"}},
            },
            "systemData": {"createdBy": "somebody"},
            "properties": {
                "authMode": "AADToken",
                "publicNetworkAccess": "Disabled",
                "description": "scores",
                "provisioningState": "Succeeded",
                "scoringUri": uri,
                "traffic": {},
                "mirrorTraffic": {},
            },
        }
        self._stamp(path)

    def add_deployment(self, endpoint: str, name: str, state: str = "Succeeded") -> None:
        """A deployment of that endpoint."""
        path = f"{endpoint}/deployments/{name}"
        self.resources[path] = {"id": path, "name": name, "properties": {"provisioningState": state}}

    def add_role_assignment(self, path: str, created: float) -> None:
        """A role assignment that was made at `created`, in seconds since 1970."""
        self.resources[path] = role_assignment(path, created)

    def add_approval(self, path: str, digest: str, archived: bool = False) -> None:
        """A version of a model by which the approver approved another's, or took that back."""
        self.resources[path] = approval(path, digest, archived)

    def answer(self, call: Call, fault: Callable[[Operation], None]) -> Response | None:
        """The answer to a call, or None for a path that ARM does not have.

        `fault` may spoil an operation that begins.
        """
        if call.path in self.operations:
            return self._status(self.operations[call.path])
        if not call.path.startswith("/subscriptions/"):
            return None
        if "api-version" not in call.query:
            raise Refusal(400, "MissingApiVersionParameter", "The query parameter api-version is required.")
        if call.path.endswith(METRICS):
            return Response(200, self._metrics(call))
        if call.method == "GET":
            return Response(200, copy.deepcopy(self._get(call.path)))
        if call.method == "DELETE":
            return self._delete(call.path)
        if call.method == "PUT" and ENDPOINT.fullmatch(call.path):
            return self._put(call, fault)
        raise Refusal(405, "MethodNotAllowed", f"The double does not know {call.method} {call.path}.")

    def _get(self, path: str) -> Json:
        for operation in self.operations.values():
            if operation.resource == path:
                operation.look(self._written)
                self._settle(operation)
        if path not in self.resources:
            message = f"The Resource '{path.partition('/providers/')[2]}' was not found."
            raise Refusal(404, "ResourceNotFound", message)
        return self.resources[path]

    def _put(self, call: Call, fault: Callable[[Operation], None]) -> Response:
        found = self.resources.get(call.path)
        if found is None:
            raise Refusal(404, "ResourceNotFound", f"The Resource '{call.path}' was not found.")
        if found["properties"]["provisioningState"] == "Updating":
            raise Refusal(409, "Conflict", "Another operation on this endpoint is in progress.")
        if self.etags and call.headers.get("If-Match") not in (None, found["etag"]):
            raise Refusal(412, "PreconditionFailed", "The condition of If-Match is not met.")
        for needed in ("location", "properties"):
            if needed not in call.body:
                raise Refusal(400, "InvalidRequestContent", f"{needed} is required.")
        wanted = call.body["properties"]
        deployments = f"{call.path}/deployments/"
        names = {path.removeprefix(deployments) for path in self.resources if path.startswith(deployments)}
        live: dict[str, int] = wanted.get("traffic") or {}
        mirrored: dict[str, int] = wanted.get("mirrorTraffic") or {}
        check_shares(live, names, "BadArgument")
        if sum(mirrored.values()) > 50 or not set(mirrored) <= names:
            raise Refusal(400, "BadArgument", "Mirrored traffic must name deployments and sum to 50 at most.")
        if any(live.get(name) for name in mirrored):
            raise Refusal(400, "BadArgument", "A deployment has live traffic or mirrored traffic, not both.")
        found["properties"]["provisioningState"] = "Updating"
        number = len(self.operations) + 1
        path = f"{call.path.split('/resourceGroups/')[0]}/providers/Microsoft.MachineLearningServices/status/{number}"
        operation = Operation(path, call.path, "write", copy.deepcopy(call.body), self.looks)
        fault(operation)
        self.operations[path] = operation
        headers = {"Azure-AsyncOperation": f"{self.address}{path}?api-version=2025-12-01", "Retry-After": "1"}
        return Response(201, copy.deepcopy(found), headers)

    def _written(self, operation: Operation) -> Json:
        found = self._get(operation.resource)
        kept = {name: found["properties"][name] for name in READ_ONLY if name in found["properties"]}
        found.update({name: value for name, value in operation.given.items() if name != "etag"})
        written = {name: value for name, value in found["properties"].items() if name not in READ_ONLY}
        found["properties"] = {**written, **kept}
        return {}

    def _status(self, operation: Operation) -> Response:
        operation.look(self._written)
        self._settle(operation)
        if not operation.done:
            return Response(200, {"status": "InProgress"}, {"Retry-After": "1"})
        if operation.error is None:
            return Response(200, {"status": "Succeeded"})
        code, message = operation.error
        return Response(200, {"status": "Failed", "error": {"code": code, "message": message}})

    def _settle(self, operation: Operation) -> None:
        found = self.resources.get(operation.resource)
        if found is not None and operation.done and found["properties"]["provisioningState"] == "Updating":
            found["properties"]["provisioningState"] = "Succeeded" if operation.error is None else "Failed"
            self._stamp(operation.resource)

    def _stamp(self, path: str) -> None:
        if self.etags:
            self.resources[path]["etag"] = f"etag-{len(self.operations)}"

    def _delete(self, path: str) -> Response:
        endpoint, _, name = path.partition("/deployments/")
        if name and self.resources.get(endpoint, {}).get("properties", {}).get("traffic", {}).get(name):
            message = f"Deployment {name} has traffic; set it to 0 before deleting it."
            raise Refusal(400, "DeploymentHasTraffic", message)
        return Response(200 if self.resources.pop(path, None) else 204, {})

    def _metrics(self, call: Call) -> Json:
        metric, where = call.query["metricnames"], call.query["$filter"]
        start, _, end = call.query["timespan"].partition("/")
        if start >= end:
            raise Refusal(400, "BadRequest", "The start of the timespan must be before its end.")
        self._get(call.path.removesuffix(METRICS))
        name = re.search(r"deployment eq '([^']+)'", where)
        endpoint = call.path.removesuffix(METRICS).rpartition("/")[2]
        played = played_of(self.metrics, (name.group(1) if name else "", endpoint))
        series: list[Json] = []
        if played is not None and metric == "RequestLatency_P95" and played.p95_ms is not None:
            series = [{"metadatavalues": [], "data": [{"average": played.p95_ms}, {"timeStamp": end}]}]
        if played is not None and metric == "RequestsPerMinute" and "statusCodeClass eq '*'" in where:
            failed = played.requests * played.error_percent / 100
            series = [
                {
                    "metadatavalues": [{"name": {"value": "statuscodeclass"}, "value": code}],
                    "data": [{"timeStamp": end, "average": count}],
                }
                for code, count in (("2xx", played.requests - failed), ("5xx", failed))
            ]
        return {"value": [{"name": {"value": metric}, "timeseries": series}]}
