"""mlplatform:azure:Traffic: which deployment of an Azure ML online endpoint gets the traffic.

Traffic is a property of the endpoint, and PATCH takes identity, sku and tags only. So a change reads the endpoint,
changes its traffic and writes the whole endpoint back, with the etag as a condition where the cloud gives one. Every
change looks first, so that the next run goes on where an interrupted one stopped. `opts` that name properties
(`ignore_changes`, `replace_on_changes`) use wire names, e.g. `canaryPercent`.
"""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import pulumi

from provider import Json, Number, Text
from provider.bake import Bounds, Measured, bake
from provider.clock import stamp
from provider.errors import Cancelled, ProviderError
from provider.inputs import Allowed, AzureName, CanaryInputs, Uuid
from provider.service import Created, Service
from provider.steps import step

if TYPE_CHECKING:
    from provider.clouds import Clouds

TOKEN = "mlplatform:azure:Traffic"
METRICS_VERSION = "2023-10-01"
PATIENCE = 300.0
"""Seconds for which a new deployment may answer 404. After that it counts as absent."""
READ_ONLY = ("provisioningState", "scoringUri", "swaggerUri")


class Traffic(pulumi.CustomResource):
    """Gives a deployment the traffic of its online endpoint.

    The first deployment gets all of the traffic once it exists. Another `deployment` is a canary first: it gets
    `canary_percent` for `bake_minutes`. If its p95 latency or its share of errors passes the bound, all traffic goes
    back, and the update fails with the measured figure. Otherwise it gets all of the traffic. With `mirror_percent` (at
    most 50) it first bakes on a copy of that share of the traffic, and its answers go to nobody.

    Delete takes all traffic away, for a deployment with traffic cannot be deleted. Another subscription, resource
    group, workspace or endpoint replaces the resource. Nothing else on the endpoint changes. The endpoint's own
    resource needs `ignore_changes=["properties.traffic", "properties.mirrorTraffic"]`.
    """

    def __init__(
        self,
        name: str,
        *,
        subscription_id: Text,
        resource_group: Text,
        workspace: Text,
        endpoint: Text,
        deployment: Text,
        canary_percent: Number,
        bake_minutes: Number,
        p95_latency_ms: Number,
        error_rate_percent: pulumi.Input[float],
        mirror_percent: Number = 0,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "subscriptionId": subscription_id,
            "resourceGroup": resource_group,
            "workspace": workspace,
            "endpoint": endpoint,
            "deployment": deployment,
            "canaryPercent": canary_percent,
            "bakeMinutes": bake_minutes,
            "p95LatencyMs": p95_latency_ms,
            "errorRatePercent": error_rate_percent,
            "mirrorPercent": mirror_percent,
        }
        super().__init__(TOKEN, name, inputs, opts)


@dataclass(frozen=True, kw_only=True)
class TrafficInputs(CanaryInputs):
    """Inputs of mlplatform:azure:Traffic."""

    subscription_id: Uuid
    resource_group: AzureName
    workspace: AzureName
    endpoint: AzureName
    deployment: AzureName
    mirror_percent: Annotated[int, Allowed(ge=0, le=50)] = 0


def endpoint_id(inputs: TrafficInputs) -> str:
    """The ARM id of the endpoint. It is the id of the Traffic too."""
    return (
        f"/subscriptions/{inputs.subscription_id}/resourceGroups/{inputs.resource_group}/providers/"
        f"Microsoft.MachineLearningServices/workspaces/{inputs.workspace}/onlineEndpoints/{inputs.endpoint}"
    )


class TrafficService(Service[TrafficInputs]):
    """Moves the traffic of an endpoint. It owns traffic and mirrored traffic."""

    token = TOKEN
    inputs = TrafficInputs
    outputs: ClassVar = {"trafficPercent": "number"}
    replaces = frozenset({"subscriptionId", "resourceGroup", "workspace", "endpoint"})
    healed: ClassVar = {"trafficPercent": 100}
    shape = staticmethod(endpoint_id)

    def __init__(self, clouds: "Clouds", seconds: float = 0) -> None:
        from provider.arm import Arm

        super().__init__(clouds, seconds)
        self.arm = Arm(clouds, seconds)

    def create(self, inputs: TrafficInputs) -> Created:
        """Move the traffic as `update` does, for another deployment may have it already."""
        return Created(endpoint_id(inputs), self.update(inputs))

    def update(self, inputs: TrafficInputs) -> Json:
        """Wait until the wanted deployment exists, then give it all of the traffic.

        If another deployment has the traffic, the wanted one is tried first: on mirrored traffic if that is asked for,
        then as a canary. This is the order of Azure's own safe rollout. Raises ProviderError in three cases: endpoint
        or deployment is missing; the deployment failed; a bound was breached. After a breach, the traffic is back.
        """
        path, new, doing = endpoint_id(inputs), inputs.deployment, f"endpoint {inputs.endpoint}"
        self._standing(path, new, doing)
        traffic = _traffic(self._endpoint(path, doing))
        old = max((name for name in traffic if name != new), key=lambda name: traffic[name], default=None)
        # A canary gets 50 % at most. A wanted deployment that has more than that served before: an update away from it
        # was interrupted, and the program has been changed back. It gets all of the traffic at once.
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

    def read(self, id: str, state: Json) -> Json | None:
        """The inputs and outputs as they are in the cloud. None when the endpoint is gone.

        In an import the state names no deployment. Then it is the deployment with the most traffic.
        """
        found = self.arm.get(id, f"endpoint {_last(id)}")
        if found is None:
            return None
        traffic = _traffic(found)
        parts = id.split("/")
        deployment = state.get("deployment") or max(traffic, key=lambda name: traffic[name], default="")
        return {
            "subscriptionId": parts[2],
            "resourceGroup": parts[4],
            "workspace": parts[8],
            "endpoint": parts[10],
            "deployment": deployment,
            "trafficPercent": traffic.get(deployment, 0),
        }

    def delete(self, id: str) -> None:
        """Take all traffic and mirroring away. Does nothing when the endpoint is gone."""
        doing = f"endpoint {_last(id)}"
        if self.arm.get(id, doing) is not None:
            self._set(id, {}, {}, doing)

    def _standing(self, path: str, deployment: str, doing: str) -> None:
        start = self.arm.door.clock.now()

        def look() -> bool | None:
            found = self.arm.get(f"{path}/deployments/{deployment}", f"{doing}: deployment {deployment}")
            if found is None:
                if self.arm.door.clock.now() - start > PATIENCE:
                    raise ProviderError(f"{doing} has no deployment {deployment}; create it before its traffic")
                return None
            state = self.arm.state(found.get("properties", {}).get("provisioningState"))
            if state in ("Failed", "Canceled"):
                raise ProviderError(
                    f"{doing}: deployment {deployment} is {state}; delete it, then run the update again"
                )
            return True if state == "Succeeded" else None

        self.arm.door.until(look, f"{doing}: deployment {deployment}", self.arm.seconds)

    def _set(self, path: str, traffic: Mapping[str, int], mirror: Mapping[str, int], doing: str) -> None:
        def reached() -> Json | None:
            found = self._endpoint(path, doing)
            return found if _traffic(found) == dict(traffic) and _traffic(found, "mirrorTraffic") == mirror else None

        def write() -> None:
            body = _writable(self._endpoint(path, doing))
            body["properties"] |= {"traffic": dict(traffic), "mirrorTraffic": dict(mirror)}
            self.arm.put(path, body, f"{doing}: traffic")

        step(reached, write)

    def _bake(self, path: str, bounds: Bounds, new: str, old: str, how: str, doing: str) -> None:
        try:
            breach = bake(self.arm.door.clock, bounds, lambda start, end: self._measure(path, new, start, end, doing))
        except Cancelled:
            # Nobody judges the canary any more, so it must not go on serving. The wait for the answer is cancelled too.
            with contextlib.suppress(Cancelled):
                self._set(path, {old: 100}, {}, doing)
            raise
        if breach is not None:
            self._set(path, {old: 100}, {}, doing)
            raise ProviderError(f"{doing}: with {how}, {breach}; all traffic is back on {old}")

    def _measure(self, path: str, deployment: str, start: float, end: float, doing: str) -> Measured:
        # Metrics and dimensions as in Azure Monitor's list for workspaces/onlineEndpoints.
        def series(metric: str, where: str) -> list[Json]:
            params = {
                "api-version": METRICS_VERSION,
                "metricnames": metric,
                "timespan": f"{stamp(min(start, end - 60))}/{stamp(end)}",
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
        missing = f"{doing} does not exist in workspace {path.split('/')[8]}; create it before its traffic"
        return self.arm.settled(path, doing, missing)


def _writable(found: Json) -> Json:
    """The endpoint without the properties that only the cloud sets, so that it can be written back."""
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
