"""Models and deployments against Vertex AI's REST API (aiplatform v1, revision 20261106) and Cloud Monitoring v3.

Every change is a step that looks first: what an earlier, interrupted run left is waited for and adopted, not done
twice. So that it can be found, what this provider makes carries ids of its own making: a model version the alias
`mlplatform-HASH` of its content, a deployed model a number derived from endpoint, model version and machine, and the
display name `mlplatform-NUMBER`.
"""

import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime

from provider.bake import Bounds, Measured, bake
from provider.inputs import DeploymentInputs, ModelInputs
from provider.rest import (
    OPERATION_SECONDS,
    Cancelled,
    CloudError,
    Clouds,
    Json,
    Refused,
    Unsure,
    error_text,
    step,
)

MARK = "mlplatform-"
LATENCIES = (
    'metric.type = "aiplatform.googleapis.com/prediction/online/prediction_latencies"'
    ' AND metric.labels.latency_type = "total"',
    'metric.type = "aiplatform.googleapis.com/prediction/online/private/prediction_latencies"',
)
RESPONSES = (
    'metric.type = "aiplatform.googleapis.com/prediction/online/response_count"',
    'metric.type = "aiplatform.googleapis.com/prediction/online/private/response_count"',
)
"""Cloud Monitoring's list names a public and a private family and does not say which one Private Service Connect
endpoints write, so both are read. Points appear up to six minutes late: a bake should be longer than that."""


class Vertex:
    """The calls of one project and location. `seconds` bounds each long-running operation; 0 means the default."""

    def __init__(self, location: str, clouds: Clouds, seconds: float = 0) -> None:
        self.door = clouds.google(f"{location}-aiplatform.googleapis.com")
        self.monitoring = clouds.google("monitoring.googleapis.com")
        self.seconds = seconds or OPERATION_SECONDS

    def act(self, method: str, path: str, doing: str, body: Json | None = None) -> Json:
        """Start a long-running operation and wait for its response. Raises Unsure if it may have been started."""
        try:
            operation = self.door.call(method, f"/v1/{path}", doing, json=body).body
        except CloudError as error:
            if error.status == 409:  # ALREADY_EXISTS or ABORTED: somebody, perhaps we, was here first
                self.door.clock.sleep(5.0)
                raise Unsure(str(error)) from None
            raise
        return self.wait(operation, doing)

    def wait(self, operation: Json, doing: str) -> Json:
        """The response of an operation once it is done. Raises CloudError with its error."""

        def look() -> Json | None:
            nonlocal operation
            if not operation.get("done"):
                operation = self.door.call("GET", f"/v1/{operation['name']}", doing).body
            return operation if operation.get("done") else None

        done = self.door.until(look, doing, self.seconds)
        if "error" in done:
            raise CloudError(f"{doing}: {error_text(done['error'])}", 0)
        response: Json = done.get("response") or {}
        return response

    def settle(self, resource: str, doing: str) -> None:
        """Wait for what an earlier, interrupted run left running on `resource`; how it ends is seen on the resource."""
        listed = self.door.get(f"/v1/{resource}/operations", doing, {"filter": "done=false"}) or {}
        for operation in listed.get("operations", []):
            if not operation.get("done"):
                try:
                    self.wait(operation, doing)
                except CloudError:
                    continue


def model_name(inputs: ModelInputs) -> str:
    """`projects/…/locations/…/models/ID`, with the project as it was given."""
    return f"projects/{inputs.project}/locations/{inputs.location}/models/{inputs.model_id}"


def version_alias(inputs: ModelInputs) -> str:
    """The alias that marks the version holding this content."""
    content = inputs.model_dump(mode="json", exclude={"display_name", "labels"})
    return f"{MARK}{_digest(content)[:20]}"


class Models:
    """mlplatform:gcp:Model."""

    def __init__(self, vertex: Vertex) -> None:
        self.vertex = vertex

    def create(self, inputs: ModelInputs) -> Json:
        """The model, uploaded or adopted. Refused if a model of that id is there that this provider did not make."""
        found = self._get(model_name(inputs), inputs)
        if found is not None and not any(alias.startswith(MARK) for alias in found.get("versionAliases", [])):
            raise Refused(
                f"model {inputs.model_id}: {inputs.project} has a model of that id in {inputs.location} that was not "
                "made here; choose another modelId or delete that model"
            )
        return self.update(inputs)

    def update(self, inputs: ModelInputs) -> Json:
        """The version with this content, uploaded unless it is there; then display name and labels."""
        name, alias, doing = model_name(inputs), version_alias(inputs), f"model {inputs.model_id}"

        def upload() -> None:
            exists = self._get(name, inputs) is not None
            body: Json = {
                "model": {
                    "displayName": inputs.display_name,
                    "versionAliases": [alias],
                    "artifactUri": inputs.artifact_uri,
                    "containerSpec": {
                        "imageUri": inputs.image,
                        "predictRoute": inputs.predict_route,
                        "healthRoute": inputs.health_route,
                        "ports": [{"containerPort": port} for port in inputs.ports],
                    },
                    "encryptionSpec": {"kmsKeyName": inputs.kms_key_name},
                    "labels": inputs.labels,
                },
                "serviceAccount": inputs.service_account,
                **({"parentModel": name} if exists else {"modelId": inputs.model_id}),
            }
            self.vertex.act("POST", f"{name.rsplit('/models/')[0]}/models:upload", f"{doing}: upload", body)

        def version() -> Json | None:
            self.vertex.settle(name, doing)
            return self._get(f"{name}@{alias}", inputs)

        found = step(version, upload)
        if found.get("displayName") != inputs.display_name or found.get("labels", {}) != inputs.labels:
            body: Json = {"displayName": inputs.display_name, "labels": inputs.labels}
            self.vertex.door.call(
                "PATCH", f"/v1/{name}", f"{doing}: labels", params={"updateMask": "displayName,labels"}, json=body
            )
        return _model_outputs(name, str(found["versionId"]))

    def read(self, name: str, version: str) -> Json | None:
        """What is in the registry, as inputs and outputs; None when the model is gone.

        When only the recorded version is gone, the default version is reported: the next update uploads what is wanted.
        """
        doing = f"model {name.rsplit('/', 1)[1]}"
        found = self.vertex.door.get(f"/v1/{name}@{version}", doing) if version else None
        found = found or self.vertex.door.get(f"/v1/{name}", doing)
        if found is None:
            return None
        _, project, _, location, _, model = name.split("/")
        container = found.get("containerSpec", {})
        return {
            "project": project,
            "location": location,
            "modelId": model,
            "displayName": found.get("displayName"),
            "image": container.get("imageUri"),
            "artifactUri": found.get("artifactUri"),
            "predictRoute": container.get("predictRoute"),
            "healthRoute": container.get("healthRoute"),
            "ports": [port["containerPort"] for port in container.get("ports", [])],
            "kmsKeyName": _key(found),
            "labels": found.get("labels", {}),
            **_model_outputs(name, str(found["versionId"])),
        }

    def delete(self, name: str) -> None:
        """All versions. Refused by Vertex AI while one is deployed; nothing to do when it is gone."""
        doing = f"model {name.rsplit('/', 1)[1]}: delete"
        _remove(lambda: self._gone(name, doing), lambda: self.vertex.act("DELETE", name, doing))

    def _gone(self, name: str, doing: str) -> bool | None:
        self.vertex.settle(name, doing)
        return True if self.vertex.door.get(f"/v1/{name}", doing) is None else None

    def _get(self, name: str, inputs: ModelInputs) -> Json | None:
        return self.vertex.door.get(f"/v1/{name}", f"model {inputs.model_id}")


def deployed_id(inputs: DeploymentInputs) -> str:
    """The deployed model's id: ten digits, from everything that cannot be changed in place."""
    shape = [
        inputs.endpoint,
        inputs.model,
        inputs.machine_type,
        inputs.accelerator_type,
        inputs.accelerator_count,
        inputs.service_account,
        inputs.access_logging,
    ]
    return str(10**9 + int(_digest(shape), 16) % (9 * 10**9))


class Deployments:
    """mlplatform:gcp:Deployment. It owns the traffic of its endpoint."""

    def __init__(self, vertex: Vertex) -> None:
        self.vertex = vertex

    def converge(self, inputs: DeploymentInputs) -> Json:
        """Create and update alike: deploy, give traffic by way of a canary if something has it, undeploy the rest.

        Raises Refused when the endpoint is gone, when it serves something this provider did not deploy, or when the
        canary breached a bound: traffic is back and the canary undeployed by then.
        """
        mine = deployed_id(inputs)
        doing = f"endpoint {_last(inputs.endpoint)}"
        self._deploy(inputs, mine, doing)
        self._mutate(inputs, mine, doing)
        endpoint = self._endpoint(inputs.endpoint, doing)
        split: dict[str, int] = endpoint.get("trafficSplit", {})
        old = max((id for id in split if id != mine and split[id] > 0), key=lambda id: split[id], default=None)
        # With most of the traffic it is no canary, but what ran before one that was given up half-way.
        if old is not None and split.get(mine, 0) <= 50:
            self._canary(inputs, mine, old, doing)
        self._split(inputs.endpoint, {mine: 100}, doing)
        for deployed in self._endpoint(inputs.endpoint, doing)["deployedModels"]:
            if deployed["id"] != mine:
                self._undeploy(inputs.endpoint, deployed["id"], doing)
        return _deployment_outputs(self._endpoint(inputs.endpoint, doing), mine)

    def read(self, endpoint: str, deployed: str) -> Json | None:
        """What serves, as inputs and outputs; None when the endpoint or the deployed model is gone.

        Without an id, as in an import, it is the one of ours with the most traffic.
        """
        found = self.vertex.door.get(f"/v1/{endpoint}", f"endpoint {_last(endpoint)}")
        if found is None:
            return None
        split: dict[str, int] = found.get("trafficSplit", {})
        ours = [one["id"] for one in found.get("deployedModels", []) if _is_ours(one)]
        deployed = deployed or max(ours, key=lambda id: split.get(id, 0), default="")
        mine = _find(found, deployed)
        if mine is None:
            return None
        resources = mine.get("dedicatedResources", {})
        machine = resources.get("machineSpec", {})
        scalings: list[Json] = resources.get("autoscalingMetricSpecs", [])
        scaling = scalings[0] if scalings else {}
        _, project, _, location, _, _ = endpoint.split("/")
        return {
            "project": project,
            "location": location,
            "endpoint": endpoint,
            "model": _version_of(mine),
            "machineType": machine.get("machineType"),
            "acceleratorType": machine.get("acceleratorType"),
            "acceleratorCount": machine.get("acceleratorCount"),
            "minReplicas": resources.get("minReplicaCount"),
            "maxReplicas": resources.get("maxReplicaCount"),
            "scalingMetric": scaling.get("metricName"),
            "scalingTarget": scaling.get("target"),
            "serviceAccount": mine.get("serviceAccount"),
            "containerLogging": not mine.get("disableContainerLogging", False),
            "accessLogging": mine.get("enableAccessLogging", False),
            **_deployment_outputs(found, deployed),
        }

    def delete(self, endpoint: str) -> None:
        """Take traffic from all that this provider deployed, and undeploy it; nothing to do when the endpoint is gone.

        What others deployed keeps its share, scaled up to 100.
        """
        doing = f"endpoint {_last(endpoint)}"
        self.vertex.settle(endpoint, doing)
        found = self.vertex.door.get(f"/v1/{endpoint}", doing)
        if found is None:
            return
        ours = [deployed["id"] for deployed in found.get("deployedModels", []) if _is_ours(deployed)]
        rest = {id: share for id, share in found.get("trafficSplit", {}).items() if id not in ours and share > 0}
        self._split(endpoint, _scaled(rest), doing)
        for deployed in ours:
            self._undeploy(endpoint, deployed, doing)

    def _deploy(self, inputs: DeploymentInputs, mine: str, doing: str) -> None:
        wanted = _deployed_model(inputs, mine)

        def standing() -> Json | None:
            self.vertex.settle(inputs.endpoint, doing)
            endpoint = self._endpoint(inputs.endpoint, doing)
            found = _find(endpoint, mine)
            if found is not None and not _same(found, wanted):
                raise Refused(f"{doing}: its deployed model {mine} is something else's; undeploy it, then update again")
            for other in endpoint["deployedModels"]:
                if not _is_ours(other):
                    raise Refused(
                        f"{doing}: it serves {other.get('displayName') or other['id']}, which was not deployed here; "
                        "undeploy that, or use another endpoint"
                    )
            return found

        def deploy() -> None:
            split: dict[str, int] = self._endpoint(inputs.endpoint, doing).get("trafficSplit", {})
            # Beside a predecessor it starts without traffic; "0" stands for the model being deployed.
            traffic = {} if split else {"trafficSplit": {"0": 100}}
            body = {"deployedModel": wanted, **traffic}
            self.vertex.act("POST", f"{inputs.endpoint}:deployModel", f"{doing}: deploy {_last(inputs.model)}", body)

        step(standing, deploy)

    def _mutate(self, inputs: DeploymentInputs, mine: str, doing: str) -> None:
        wanted = _deployed_model(inputs, mine)
        resources = wanted["dedicatedResources"]

        def scaled() -> Json | None:
            self.vertex.settle(inputs.endpoint, doing)
            found = _find(self._endpoint(inputs.endpoint, doing), mine) or {}
            has = found.get("dedicatedResources", {})
            alike = all(has.get(key) == resources[key] for key in ("minReplicaCount", "maxReplicaCount"))
            metrics = _among(has.get("autoscalingMetricSpecs"), resources["autoscalingMetricSpecs"])
            logs = found.get("disableContainerLogging", False) == wanted["disableContainerLogging"]
            return found if alike and metrics and logs else None

        def mutate() -> None:
            mask = (
                "dedicatedResources.minReplicaCount,dedicatedResources.maxReplicaCount,"
                "dedicatedResources.autoscalingMetricSpecs,disableContainerLogging"
            )
            part = {key: value for key, value in resources.items() if key != "machineSpec"}
            logs = wanted["disableContainerLogging"]
            change = {"id": mine, "dedicatedResources": part, "disableContainerLogging": logs}
            body: Json = {"deployedModel": change, "updateMask": mask}
            self.vertex.act("POST", f"{inputs.endpoint}:mutateDeployedModel", f"{doing}: scale", body)

        step(scaled, mutate)

    def _canary(self, inputs: DeploymentInputs, mine: str, old: str, doing: str) -> None:
        share = inputs.canary_percent
        self._split(inputs.endpoint, {old: 100 - share, mine: share}, doing)
        bounds = Bounds(inputs.bake_minutes, inputs.p95_latency_ms, inputs.error_rate_percent)
        try:
            breach = bake(
                self.vertex.door.clock, bounds, lambda start, end: self._measure(inputs, mine, start, end, doing)
            )
        except Cancelled:
            # Nobody judges the canary any more: it must not go on serving.
            self._split(inputs.endpoint, {old: 100}, doing)
            raise
        if breach is not None:
            self._split(inputs.endpoint, {old: 100}, doing)
            self._undeploy(inputs.endpoint, mine, doing)
            raise Refused(
                f"{doing}: with {share} % of the traffic on {_last(inputs.model)}, {breach}; all traffic is back on "
                f"deployed model {old}, and {mine} is undeployed"
            )

    def _measure(self, inputs: DeploymentInputs, mine: str, start: float, end: float, doing: str) -> Measured:
        where = (
            f'resource.labels.endpoint_id = "{_last(inputs.endpoint)}" AND metric.labels.deployed_model_id = "{mine}"'
        )

        def series(metric: str, aligner: str, reducer: str) -> list[Json]:
            seconds = max(int(end - start), 60)
            params = {
                "filter": f"{metric} AND {where}",
                "interval.startTime": _stamp(end - seconds),
                "interval.endTime": _stamp(end),
                "aggregation.alignmentPeriod": f"{seconds}s",
                "aggregation.perSeriesAligner": aligner,
                "aggregation.crossSeriesReducer": reducer,
                "view": "FULL",
                **({"aggregation.groupByFields": "metric.labels.response_code"} if reducer == "REDUCE_SUM" else {}),
            }
            path = f"/v3/projects/{inputs.project}/timeSeries"
            listed: list[Json] = self.vertex.monitoring.call("GET", path, f"{doing}: metrics", params=params).body.get(
                "timeSeries", []
            )
            return listed

        answers: dict[bool, float] = {False: 0.0, True: 0.0}
        for metric in RESPONSES:
            for one in series(metric, "ALIGN_SUM", "REDUCE_SUM"):
                failed = str(one["metric"].get("labels", {}).get("response_code", "")).startswith("5")
                answers[failed] += sum(_number(point["value"]) for point in one["points"])
        latencies = [
            _number(point["value"])
            for metric in LATENCIES
            for one in series(metric, "ALIGN_DELTA", "REDUCE_PERCENTILE_95")
            for point in one["points"]
        ]
        total = answers[True] + answers[False]
        return Measured(max(latencies, default=None), 100 * answers[True] / total if total else None)

    def _split(self, endpoint: str, split: dict[str, int], doing: str) -> None:
        found = self._endpoint(endpoint, doing)
        if {id: share for id, share in found.get("trafficSplit", {}).items() if share > 0} == split:
            return
        body: Json = {"trafficSplit": split}
        self.vertex.door.call(
            "PATCH", f"/v1/{endpoint}", f"{doing}: traffic", params={"updateMask": "trafficSplit"}, json=body
        )

    def _undeploy(self, endpoint: str, deployed: str, doing: str) -> None:
        def gone() -> bool | None:
            self.vertex.settle(endpoint, doing)
            found = self.vertex.door.get(f"/v1/{endpoint}", doing)
            return True if _find(found, deployed) is None else None

        body: Json = {"deployedModelId": deployed}
        _remove(
            gone, lambda: self.vertex.act("POST", f"{endpoint}:undeployModel", f"{doing}: undeploy {deployed}", body)
        )

    def _endpoint(self, name: str, doing: str) -> Json:
        found = self.vertex.door.get(f"/v1/{name}", doing)
        if found is None:
            raise Refused(f"{doing} does not exist in {name.split('/')[3]}; create it before its deployment")
        return {"deployedModels": [], **found}


def _remove(gone: Callable[[], bool | None], act: Callable[[], object]) -> None:
    def remove() -> None:
        try:
            act()
        except CloudError as error:
            if error.status != 404:
                raise

    step(gone, remove)


def _deployed_model(inputs: DeploymentInputs, mine: str) -> Json:
    accelerator: Json = {}
    if inputs.accelerator_type is not None:
        accelerator = {"acceleratorType": inputs.accelerator_type, "acceleratorCount": inputs.accelerator_count}
    return {
        "id": mine,
        "displayName": f"{MARK}{mine}",
        "model": inputs.model,
        "dedicatedResources": {
            "machineSpec": {"machineType": inputs.machine_type, **accelerator},
            "minReplicaCount": inputs.min_replicas,
            "maxReplicaCount": inputs.max_replicas,
            "autoscalingMetricSpecs": [{"metricName": inputs.scaling_metric, "target": inputs.scaling_target}],
        },
        "serviceAccount": inputs.service_account,
        "disableContainerLogging": not inputs.container_logging,
        "enableAccessLogging": inputs.access_logging,
    }


def _same(found: Json, wanted: Json) -> bool:
    machine = found.get("dedicatedResources", {}).get("machineSpec", {})
    keys = ("machineType", "acceleratorType", "acceleratorCount")
    alike = all(machine.get(key) == wanted["dedicatedResources"]["machineSpec"].get(key) for key in keys)
    return alike and _tail(_version_of(found)) == _tail(wanted["model"])


def _among(found: list[Json] | None, wanted: list[Json]) -> bool:
    """Whether they are the same but for what the cloud adds of its own."""
    pairs = zip(found or [], wanted, strict=False)
    return len(found or []) == len(wanted) and all(has.items() >= one.items() for has, one in pairs)


def _is_ours(deployed: Json) -> bool:
    return deployed.get("displayName") == f"{MARK}{deployed['id']}"


def _version_of(deployed: Json) -> str:
    model = str(deployed.get("model", "")).split("@")[0]
    given = str(deployed.get("model", "")).partition("@")[2]
    return f"{model}@{deployed.get('modelVersionId') or given}"


def _tail(version: str) -> str:
    # Vertex AI answers with the project's number where we gave its id.
    return version.partition("/locations/")[2]


def _find(endpoint: Json | None, deployed: str) -> Json | None:
    models: list[Json] = (endpoint or {}).get("deployedModels", [])
    return next((model for model in models if model["id"] == deployed), None)


def _scaled(shares: dict[str, int]) -> dict[str, int]:
    total = sum(shares.values())
    scaled = {id: share * 100 // total for id, share in shares.items()}
    if scaled:
        first = next(iter(scaled))
        scaled[first] += 100 - sum(scaled.values())
    return scaled


def _model_outputs(name: str, version: str) -> Json:
    return {"resourceName": name, "versionId": version, "versionName": f"{name}@{version}"}


def _deployment_outputs(endpoint: Json, mine: str) -> Json:
    deployed = _find(endpoint, mine) or {}
    return {
        "deployedModelId": mine,
        "serviceAttachment": deployed.get("privateEndpoints", {}).get("serviceAttachment"),
        "trafficPercent": endpoint.get("trafficSplit", {}).get(mine, 0),
    }


def _key(found: Json) -> str | None:
    return found.get("encryptionSpec", {}).get("kmsKeyName")


def _digest(content: object) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _last(name: str) -> str:
    return name.rsplit("/", 1)[1]


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _number(value: Json) -> float:
    return float(value.get("doubleValue", value.get("int64Value", 0)))
