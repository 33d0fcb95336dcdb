"""The traffic of an Azure ML online endpoint, through Azure Resource Manager (2025-12-01) and Azure Monitor metrics.

Traffic is a property of the endpoint, and PATCH carries identity, sku and tags only: the endpoint is read, its traffic
changed and the whole written back, with the etag as a condition where the cloud gives one. Every change looks first, so
that an interrupted run is taken up where it stopped.
"""

import contextlib
from collections.abc import Mapping
from datetime import UTC, datetime

from provider.bake import Bounds, Measured, bake
from provider.inputs import TrafficInputs
from provider.rest import (
    OPERATION_SECONDS,
    Cancelled,
    CloudError,
    Clouds,
    Json,
    Refused,
    Reply,
    Unsure,
    error_text,
    retry_after,
    step,
)

API_VERSION = {"api-version": "2025-12-01"}
METRICS_VERSION = "2023-10-01"
PATIENCE = 300.0
"""Seconds a deployment may be invisible (404) before its absence is believed."""
ENDED = ("Succeeded", "Failed", "Canceled")
READ_ONLY = ("provisioningState", "scoringUri", "swaggerUri")


class Arm:
    """The calls to Azure Resource Manager. `seconds` bounds each long-running operation; 0 means the default."""

    def __init__(self, clouds: Clouds, seconds: float = 0) -> None:
        self.door = clouds.azure()
        self.seconds = seconds or OPERATION_SECONDS

    def get(self, path: str, doing: str) -> Json | None:
        """The resource, or None when there is none."""
        return self.door.get(path, doing, API_VERSION)

    def put(self, path: str, body: Json, doing: str) -> None:
        """Write a resource and wait for the operation. Raises Unsure when somebody else wrote in between."""
        headers = {"If-Match": str(body["etag"])} if "etag" in body else {}
        try:
            answer = self.door.call("PUT", path, doing, params=API_VERSION, json=body, headers=headers)
        except CloudError as error:
            if error.status in (409, 412):
                self.door.clock.sleep(5.0)
                raise Unsure(str(error)) from None
            raise
        self._wait(answer, doing)

    def _wait(self, answer: Reply, doing: str) -> None:
        status, location = answer.headers.get("azure-asyncoperation"), answer.headers.get("location")
        address = status or (location if answer.status == 202 else None)
        if address is None:
            return

        def look() -> Json | None:
            reply = self.door.call("GET", address, doing)
            if status is None and reply.status != 202:
                return {"status": "Succeeded"}
            if status is not None and _state(reply.body.get("status")) in ENDED:
                return reply.body
            self.door.clock.sleep(retry_after(reply.headers, self.door.clock.now()) or 0)
            return None

        ended = self.door.until(look, doing, self.seconds)
        if _state(ended["status"]) != "Succeeded":
            raise CloudError(f"{doing}: {error_text(ended.get('error') or {'code': ended['status']})}", 0)


def endpoint_id(inputs: TrafficInputs) -> str:
    """The endpoint's ARM id: the id of the Traffic resource too."""
    return (
        f"/subscriptions/{inputs.subscription_id}/resourceGroups/{inputs.resource_group}/providers/"
        f"Microsoft.MachineLearningServices/workspaces/{inputs.workspace}/onlineEndpoints/{inputs.endpoint}"
    )


class Traffics:
    """mlplatform:azure:Traffic. It owns traffic and mirrored traffic of its endpoint."""

    def __init__(self, arm: Arm) -> None:
        self.arm = arm

    def converge(self, inputs: TrafficInputs) -> Json:
        """Create and update alike: wait for the deployment, then give it the traffic, by a canary if another has it.

        Raises Refused when endpoint or deployment is missing, the deployment failed, or the canary breached a bound:
        traffic is back by then. Mirroring comes before the canary, as in Azure's own order of a safe rollout.
        """
        path, new, doing = endpoint_id(inputs), inputs.deployment, f"endpoint {inputs.endpoint}"
        self._standing(path, new, doing)
        traffic = _traffic(self._endpoint(path, doing))
        old = max((name for name in traffic if name != new), key=lambda name: traffic[name], default=None)
        # With most of the traffic it is no canary, but what ran before one that was given up half-way.
        if old is not None and traffic.get(new, 0) <= 50:
            bounds = Bounds(inputs.bake_minutes, inputs.p95_latency_ms, inputs.error_rate_percent)
            share = inputs.canary_percent
            if inputs.mirror_percent and not traffic.get(new):
                mirrored = f"{inputs.mirror_percent} % of the traffic mirrored to {new}"
                self._set(path, {old: 100}, {new: inputs.mirror_percent}, doing)
                self._bake(path, bounds, new, old, mirrored, doing)
            self._set(path, {old: 100 - share, new: share}, {}, doing)
            self._bake(path, bounds, new, old, f"{share} % of the traffic on {new}", doing)
        self._set(path, {new: 100}, {}, doing)
        return {"trafficPercent": 100}

    def read(self, path: str, deployment: str) -> Json | None:
        """Where the traffic goes, as inputs and outputs; None when the endpoint is gone."""
        found = self.arm.get(path, f"endpoint {_last(path)}")
        if found is None:
            return None
        traffic = _traffic(found)
        parts = path.split("/")
        deployment = deployment or max(traffic, key=lambda name: traffic[name], default="")
        return {
            "subscriptionId": parts[2],
            "resourceGroup": parts[4],
            "workspace": parts[8],
            "endpoint": parts[10],
            "deployment": deployment,
            "trafficPercent": traffic.get(deployment, 0),
        }

    def delete(self, path: str) -> None:
        """Take all traffic and mirroring away; nothing to do when the endpoint is gone."""
        doing = f"endpoint {_last(path)}"
        if self.arm.get(path, doing) is not None:
            self._set(path, {}, {}, doing)

    def _standing(self, path: str, deployment: str, doing: str) -> None:
        start = self.arm.door.clock.now()

        def look() -> bool | None:
            found = self.arm.get(f"{path}/deployments/{deployment}", f"{doing}: deployment {deployment}")
            if found is None:
                if self.arm.door.clock.now() - start > PATIENCE:
                    raise Refused(f"{doing} has no deployment {deployment}; create it before its traffic")
                return None
            state = _state(found.get("properties", {}).get("provisioningState"))
            if state in ("Failed", "Canceled"):
                raise Refused(f"{doing}: deployment {deployment} is {state}; delete it, then run the update again")
            return True if state == "Succeeded" else None

        self.arm.door.until(look, f"{doing}: deployment {deployment}", self.arm.seconds)

    def _set(self, path: str, traffic: Mapping[str, int], mirror: Mapping[str, int], doing: str) -> None:
        def reached() -> Json | None:
            found = self._endpoint(path, doing)
            return found if _traffic(found) == dict(traffic) and _traffic(found, "mirrorTraffic") == mirror else None

        def write() -> None:
            body = writable(self._endpoint(path, doing))
            body["properties"] |= {"traffic": dict(traffic), "mirrorTraffic": dict(mirror)}
            self.arm.put(path, body, f"{doing}: traffic")

        step(reached, write)

    def _bake(self, path: str, bounds: Bounds, new: str, old: str, how: str, doing: str) -> None:
        try:
            breach = bake(self.arm.door.clock, bounds, lambda start, end: self._measure(path, new, start, end, doing))
        except Cancelled:
            # Nobody judges the canary any more: it must not go on serving. The wait for the answer is cancelled too.
            with contextlib.suppress(Cancelled):
                self._set(path, {old: 100}, {}, doing)
            raise
        if breach is not None:
            self._set(path, {old: 100}, {}, doing)
            raise Refused(f"{doing}: with {how}, {breach}; all traffic is back on {old}")

    def _measure(self, path: str, deployment: str, start: float, end: float, doing: str) -> Measured:
        # Metrics and dimensions as in Azure Monitor's list for workspaces/onlineEndpoints.
        def series(metric: str, where: str) -> list[Json]:
            params = {
                "api-version": METRICS_VERSION,
                "metricnames": metric,
                "timespan": f"{_stamp(min(start, end - 60))}/{_stamp(end)}",
                "interval": "PT1M",
                "aggregation": "Average",
                "$filter": where,
            }
            body = self.arm.door.call("GET", f"{path}/providers/Microsoft.Insights/metrics", doing, params=params).body
            return [one for value in body.get("value", []) for one in value.get("timeseries", [])]

        only = f"deployment eq '{deployment}'"
        minutes = [minute for one in series("RequestLatency_P95", only) for minute in _averages(one)]
        answers: dict[bool, float] = {False: 0.0, True: 0.0}
        for one in series("RequestsPerMinute", f"{only} and statusCodeClass eq '*'"):
            names = {value["name"]["value"].lower(): value["value"] for value in one.get("metadatavalues", [])}
            answers[names.get("statuscodeclass", "").startswith("5")] += sum(_averages(one))
        total = answers[True] + answers[False]
        return Measured(
            sum(minutes) / len(minutes) if minutes else None, 100 * answers[True] / total if total else None
        )

    def _endpoint(self, path: str, doing: str) -> Json:
        """The endpoint, once what an earlier, interrupted run began has ended."""

        def look() -> Json | None:
            found = self.arm.get(path, doing)
            if found is None:
                raise Refused(f"{doing} does not exist in workspace {path.split('/')[8]}; create it before its traffic")
            return found if _state(found["properties"].get("provisioningState", "Succeeded")) in ENDED else None

        return self.arm.door.until(look, doing, self.arm.seconds)


def _state(found: object) -> str:
    """A state as ENDED has it: Azure Resource Manager promises its letters, not which of them are capitals."""
    return str(found).capitalize()


def writable(found: Json) -> Json:
    """The endpoint as it may be written back: everything but what only the cloud sets."""
    body: Json = {key: value for key, value in found.items() if key not in ("id", "name", "type", "systemData")}
    body["properties"] = {key: value for key, value in found["properties"].items() if key not in READ_ONLY}
    identity: Json = found.get("identity") or {}
    if identity:
        given: Json = identity.get("userAssignedIdentities") or {}
        users: Json = {name: {} for name in given}
        body["identity"] = {"type": identity["type"], **({"userAssignedIdentities": users} if users else {})}
    return body


def _traffic(endpoint: Json, key: str = "traffic") -> dict[str, int]:
    shares: Json = endpoint["properties"].get(key) or {}
    return {name: int(share) for name, share in shares.items() if share}


def _averages(series: Json) -> list[float]:
    return [float(point["average"]) for point in series.get("data", []) if point.get("average") is not None]


def _last(path: str) -> str:
    return path.rsplit("/", 1)[1]


def _stamp(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
