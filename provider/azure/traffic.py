"""mlplatform:azure:Traffic: which deployment of an Azure ML online endpoint gets the traffic.

Traffic is a property of the endpoint, and PATCH takes identity, sku and tags only. So a change reads the endpoint,
changes its traffic and writes the whole endpoint back, with the etag as a condition where the cloud gives one. Every
change looks first, so that the next run goes on where an interrupted one stopped. `opts` that name properties
(`ignore_changes`, `replace_on_changes`) use wire names, e.g. `canaryPercent`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import pulumi

from provider import Json, Number, Text
from provider.bake import MOST_PERCENT, Bounds, Measured, bake, given_back
from provider.clock import stamp
from provider.errors import ProviderError
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
    `canary_percent` (50 counts as 49) for `bake_minutes`. If its p95 latency or its share of errors passes the bound,
    all traffic goes back, and the update fails with the measured figure. So it does where the metrics cannot be read, a
    call fails, or the engine cancels, while the canary has traffic. Otherwise it gets all of the traffic. With
    `mirror_percent` (at most 50) it first bakes on a copy of that share of the traffic, and its answers go to nobody.

    Delete takes all traffic away, for a deployment with traffic cannot be deleted. Another subscription, resource
    group, workspace or endpoint replaces the resource. Nothing else on the endpoint changes. The endpoint's own
    resource needs `ignore_changes=["properties.traffic", "properties.mirrorTraffic"]`.
    """

    @property
    def bake_result(self) -> pulumi.Output[str]:
        """How the last canary was judged: its figures, or that nobody called it. None before the first."""
        return pulumi.get(self, "bakeResult")

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
        super().__init__(TOKEN, name, {**inputs, "bakeResult": None}, opts)


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
    outputs: ClassVar = {"trafficPercent": "number", "bakeResult": "string"}
    replaces = frozenset({"subscriptionId", "resourceGroup", "workspace", "endpoint"})
    healed: ClassVar = {"trafficPercent": 100}

    @staticmethod
    def shape(inputs: TrafficInputs) -> object:
        """The endpoint and what serves there."""
        return endpoint_id(inputs), inputs.deployment

    def __init__(self, clouds: "Clouds", seconds: float = 0) -> None:
        from provider.arm import Arm

        super().__init__(clouds, seconds)
        self.arm = Arm(clouds, seconds)

    def create(self, inputs: TrafficInputs) -> Created:
        """Move the traffic as `update` does, for another deployment may have it already."""
        return Created(endpoint_id(inputs), self.update(inputs))

    def update(self, inputs: TrafficInputs) -> Json:
        """Wait until the wanted deployment exists, then give it all of the traffic.

        What a killed run left of a canary's share goes back first. If another deployment has the traffic then, the
        wanted one is tried: on mirrored traffic if that is asked for, then as a canary. This is the order of Azure's
        own safe rollout. Raises ProviderError where endpoint or deployment is missing, where the deployment failed, and
        where a call fails for good. While a canary has traffic, that error, a breach of a bound, metrics that cannot be
        read and a cancel all bring the traffic back.
        """
        path, new, doing = endpoint_id(inputs), inputs.deployment, f"endpoint {inputs.endpoint}"
        left = self._endpoint(path, doing)
        if len(_traffic(left)) > 1 or _traffic(left, "mirrorTraffic"):
            shares = _traffic(left)
            self._set(path, {max(shares, key=lambda name: shares[name]): 100} if shares else {}, {}, doing)
        self._standing(path, new, doing)
        old = next((name for name in _traffic(self._endpoint(path, doing)) if name != new), None)
        if old is not None:
            return {"trafficPercent": 100, "bakeResult": self._try_canary(inputs, path, old, doing)}
        self._set(path, {new: 100}, {}, doing)
        return {"trafficPercent": 100}

    def _try_canary(self, inputs: TrafficInputs, path: str, old: str, doing: str) -> str:
        """Give the deployment its share, judge it, then give it everything. Returns how it was judged."""
        bounds = Bounds(inputs.bake_minutes, inputs.p95_latency_ms, inputs.error_rate_percent)
        new, clock, share = inputs.deployment, self.arm.door.clock, min(inputs.canary_percent, MOST_PERCENT)

        def measure(start: float, end: float) -> Measured:
            return self._measure(path, new, start, end, doing)

        how = f"with {inputs.mirror_percent} % of the traffic mirrored to {new}"
        try:
            if inputs.mirror_percent:
                self._set(path, {old: 100}, {new: inputs.mirror_percent}, doing)
                bake(clock, bounds, measure)
            how = f"with {share} % of the traffic on {new}"
            self._set(path, {old: 100 - share, new: share}, {}, doing)
            measured = bake(clock, bounds, measure)
            self._set(path, {new: 100}, {}, doing)
        except Exception as error:
            after = TrafficService(self.clouds.steadfast(), self.seconds)
            by_hand = (
                f"az ml online-endpoint update --subscription {inputs.subscription_id} "
                f"--resource-group {inputs.resource_group} --workspace-name {inputs.workspace} "
                f'--name {inputs.endpoint} --traffic "{old}=100 {new}=0" --mirror-traffic "{new}=0"'
            )
            raise given_back(
                error,
                after.arm.door.clock,
                f"{doing}: {how}",
                lambda: after._set(path, {old: 100}, {}, doing),
                lambda: f"all traffic is back on {old}",
                by_hand,
            ) from None
        return f"{how} for {inputs.bake_minutes} minutes, {measured}"

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
