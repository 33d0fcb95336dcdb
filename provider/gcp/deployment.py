"""mlplatform:gcp:Deployment: a model version deployed to an endpoint of Vertex AI, by way of a canary.

A deployed model has an id made from endpoint, model version and machine, and the display name `mlplatform-ID`. By them
the next run finds what an interrupted run deployed. `opts` that name properties (`ignore_changes`,
`replace_on_changes`) use wire names, e.g. `minReplicas`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import pulumi

from provider import Json, Number, Text
from provider.bake import MOST_PERCENT, Bounds, bake, given_back
from provider.errors import Cancelled, ProviderError
from provider.ids import PREFIX, digest
from provider.inputs import Allowed, CanaryInputs, Checked, Location, ProjectId, ServiceAccount, parsed
from provider.service import Created, Service
from provider.steps import step

if TYPE_CHECKING:
    from provider.vertex_endpoint import VertexEndpoint

TOKEN = "mlplatform:gcp:Deployment"


class Deployment(pulumi.CustomResource):
    """Deploys a model version to an endpoint and gives it the endpoint's traffic.

    `endpoint` is a full resource name, `model` a model's `version_name`. `scaling_metric` is an autoscaling metric of
    Vertex AI, for example `aiplatform.googleapis.com/prediction/online/request_count`, and `scaling_target` its value
    for each replica.

    Replicas, scaling and container logging change in place. Any other change deploys a new model beside the old one, as
    a canary: it gets `canary_percent` of the traffic (50 counts as 49) for `bake_minutes`. If its p95 latency or its
    share of errors passes the bound, all traffic goes back, the new model is undeployed, and the update fails with the
    measured figure. So it does where the metrics cannot be read, or a call fails, while the canary has traffic; a
    cancel gives the traffic back and leaves the model. Otherwise it gets all of the traffic and the old model is
    undeployed. Another project, location or endpoint replaces the deployment.

    With `hours` something else undeploys the model as the hours end and deploys it as they begin, the same under the
    same id. They are ranges by day, and a zone: `{"monday": "07:00-19:00", "timezone": "Europe/Berlin"}`. An endpoint
    that has no model outside of them, or in the first half hour of them, is off by schedule: a refresh finds the
    deployment as it was. An update then changes nothing in the cloud, and is refused where it needs another model, for
    there is none beside which a canary could be judged. A first deployment is made at any hour.
    """

    @property
    def bake_result(self) -> pulumi.Output[str]:
        """How the last canary was judged: its figures, or that nobody called it. None before the first."""
        return pulumi.get(self, "bakeResult")

    @property
    def deployed_model_id(self) -> pulumi.Output[str]:
        """The deployed model's id: a number of at most ten digits, as text."""
        return pulumi.get(self, "deployedModelId")

    @property
    def deployed_model(self) -> pulumi.Output[Json]:
        """The deployed model as the API's deployModel takes it: what is put on again as hours begin."""

        def body(known: Json) -> Json:
            inputs = {name: value for name, value in known.items() if name != "id"}
            return deployed_model(parsed(DeploymentInputs, inputs), known["id"])

        return pulumi.Output.all(**self._given, id=self.deployed_model_id).apply(body)

    @property
    def service_attachment(self) -> pulumi.Output[str]:
        """The Private Service Connect attachment that reaches this deployment: `projects/…/serviceAttachments/…`."""
        return pulumi.get(self, "serviceAttachment")

    def __init__(
        self,
        name: str,
        *,
        project: Text,
        location: Text,
        endpoint: Text,
        model: Text,
        machine_type: Text,
        accelerator_type: Text | None = None,
        accelerator_count: Number | None = None,
        min_replicas: Number,
        max_replicas: Number,
        scaling_metric: Text,
        scaling_target: Number,
        service_account: Text,
        container_logging: pulumi.Input[bool],
        access_logging: pulumi.Input[bool],
        canary_percent: Number,
        bake_minutes: Number,
        p95_latency_ms: Number,
        error_rate_percent: pulumi.Input[float],
        hours: pulumi.Input[Mapping[str, Text]] | None = None,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        inputs = {
            "project": project,
            "location": location,
            "endpoint": endpoint,
            "model": model,
            "machineType": machine_type,
            "acceleratorType": accelerator_type,
            "acceleratorCount": accelerator_count,
            "minReplicas": min_replicas,
            "maxReplicas": max_replicas,
            "scalingMetric": scaling_metric,
            "scalingTarget": scaling_target,
            "serviceAccount": service_account,
            "containerLogging": container_logging,
            "accessLogging": access_logging,
            "canaryPercent": canary_percent,
            "bakeMinutes": bake_minutes,
            "p95LatencyMs": p95_latency_ms,
            "errorRatePercent": error_rate_percent,
            "hours": hours,
        }
        outputs = {"deployedModelId": None, "serviceAttachment": None, "bakeResult": None}
        self._given = inputs
        super().__init__(TOKEN, name, {**inputs, **outputs}, opts)


SCALING_METRICS = tuple(
    f"aiplatform.googleapis.com/prediction/online/{metric}"
    for metric in ("cpu/utilization", "accelerator/duty_cycle", "request_count")
)


def _scaling_metric(metric: str) -> str:
    if metric not in SCALING_METRICS:
        raise ValueError(f"must be one of {', '.join(SCALING_METRICS)}")
    return metric


ACCELERATORS = (
    "NVIDIA_TESLA_P4",
    "NVIDIA_TESLA_P100",
    "NVIDIA_TESLA_T4",
    "NVIDIA_TESLA_V100",
    "NVIDIA_TESLA_A100",
    "NVIDIA_A100_80GB",
    "NVIDIA_L4",
    "NVIDIA_H100_80GB",
    "NVIDIA_H100_MEGA_80GB",
    "NVIDIA_H200_141GB",
    "NVIDIA_B200",
    "NVIDIA_GB200",
    "NVIDIA_RTX_PRO_6000",
)
"""The GPUs that MachineSpec.acceleratorType takes. A TPU is given by its machine type alone."""


def _accelerator(name: str) -> str:
    if name not in ACCELERATORS:
        raise ValueError(f"must be one of {', '.join(ACCELERATORS)}")
    return name


# From Endpoint.name, Model.name and DedicatedResources of the aiplatform v1 discovery document.
EndpointName = Annotated[
    str, Allowed(pattern=r"^projects/[^/]+/locations/[^/]+/endpoints/([0-9]{1,19}|[a-z][a-z0-9-]{0,62})$")
]
VersionName = Annotated[str, Allowed(pattern=r"^projects/[^/]+/locations/[^/]+/models/[a-z0-9_-]{1,63}@[0-9]+$")]
Count = Annotated[int, Allowed(ge=1)]
TIMEZONE = "timezone"
"""What stands beside the days of `hours`."""
SETTLES_MINUTES = 30
"""How long after its hours begin an endpoint may still have no model: a schedule starts late, and Vertex AI takes ten
minutes or more to start a replica."""


def _hours(hours: dict[str, str]) -> dict[str, str]:
    from zoneinfo import ZoneInfo

    from catalogue.week import DAYS, minutes_of, wrong

    days = {name: text for name, text in hours.items() if name != TIMEZONE}
    if TIMEZONE not in hours or not days.keys() <= set(DAYS):
        raise ValueError("must have days such as monday, each with a range such as 07:00-19:00, and a timezone")
    for text in days.values():
        minutes_of(text)
    if sentence := wrong(days):
        raise ValueError(sentence)
    try:
        ZoneInfo(hours[TIMEZONE])
    except (KeyError, OSError, ValueError):  # a KeyError is a zone that nobody has
        raise ValueError("must have an IANA time zone such as Europe/Berlin as timezone") from None
    return hours


def off_until(hours: Mapping[str, str] | None, now: float) -> str:
    """Until when an endpoint with these hours may have no model, in words; empty where it must have one now."""
    from catalogue.week import off_until

    if not hours:
        return ""
    zone = hours[TIMEZONE]
    begins = off_until({name: text for name, text in hours.items() if name != TIMEZONE}, zone, now, SETTLES_MINUTES)
    return begins and f"{begins} in {zone}"


@dataclass(frozen=True, kw_only=True)
class DeploymentInputs(CanaryInputs):
    """Inputs of mlplatform:gcp:Deployment."""

    project: ProjectId
    location: Location
    endpoint: EndpointName
    model: VersionName
    machine_type: Annotated[str, Allowed(pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$")]
    accelerator_type: Annotated[str, Checked(_accelerator)] | None = None
    accelerator_count: Count | None = None
    min_replicas: Count
    max_replicas: Count
    scaling_metric: Annotated[str, Checked(_scaling_metric)]
    scaling_target: Count
    service_account: ServiceAccount
    container_logging: bool
    access_logging: bool
    hours: Annotated[dict[str, str], Checked(_hours)] | None = None

    def __post_init__(self) -> None:
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"maxReplicas is {self.max_replicas}, below minReplicas {self.min_replicas}")
        if (self.accelerator_type is None) != (self.accelerator_count is None):
            raise ValueError("acceleratorType and acceleratorCount are given together or not at all")
        if self.endpoint.split("/")[3] != self.location:
            raise ValueError(f"location is {self.location}, but the endpoint is in {self.endpoint.split('/')[3]}")


def deployed_id(inputs: DeploymentInputs) -> str:
    """The deployed model's id: ten digits made from everything that cannot change in place."""
    shape = [
        inputs.endpoint,
        inputs.model,
        inputs.machine_type,
        inputs.accelerator_type,
        inputs.accelerator_count,
        inputs.service_account,
        inputs.access_logging,
    ]
    return str(10**9 + int(digest(shape), 16) % (9 * 10**9))


class DeploymentService(Service[DeploymentInputs]):
    """Deploys, rolls over and undeploys. It owns the traffic of its endpoint."""

    token = TOKEN
    inputs = DeploymentInputs
    outputs: ClassVar = {
        "deployedModelId": "string",
        "serviceAttachment": "string",
        "trafficPercent": "number",
        "bakeResult": "string",
    }
    replaces = frozenset({"project", "location", "endpoint"})
    # A service attachment belongs to its project and region, so a new deployment leaves it as it is.
    steady = frozenset({"serviceAttachment"})
    healed: ClassVar = {"trafficPercent": 100}
    shape = staticmethod(deployed_id)

    def create(self, inputs: DeploymentInputs) -> Created:
        """Deploy as `update` does, for an interrupted run may have left another model on the endpoint."""
        return Created(inputs.endpoint, self.update(inputs))

    def update(self, inputs: DeploymentInputs) -> Json:
        """Deploy what is wanted, give it all of the traffic, undeploy everything else.

        What a killed run left of a canary's share goes back first. If another deployed model has the traffic, the
        wanted one is a canary then. Raises ProviderError where the endpoint is gone, where it serves something that
        this provider did not deploy, and where a call fails for good. While a canary has traffic, that error, a breach
        of a bound, metrics that cannot be read and a cancel all bring the traffic back to the other model.

        While the endpoint is off by its hours, the same model is left to them, and another one is refused.
        """
        mine, endpoint = deployed_id(inputs), self._endpoint(inputs.endpoint)
        if self._is_off(endpoint, inputs, mine):
            return {name: self.stood.get(name) for name in ("deployedModelId", "serviceAttachment", "trafficPercent")}
        _end_canary(endpoint)
        _deploy(endpoint, inputs, mine)
        _scale(endpoint, inputs, mine)
        split: dict[str, int] = endpoint.get().get("trafficSplit", {})
        old = next((id for id, share in split.items() if id != mine and share > 0), None)
        result: Json = {}
        if old is None:
            endpoint.split({mine: 100})
        else:
            result["bakeResult"] = self._try_canary(endpoint, inputs, mine, old)
        try:
            for deployed in endpoint.get()["deployedModels"]:
                if deployed["id"] != mine:
                    endpoint.undeploy(deployed["id"])
            return _outputs(endpoint.get(), mine) | result
        except ProviderError as error:
            raise ProviderError(
                f"{error}; {_last(inputs.model)} has all of the traffic, but what it replaces may still stand and "
                "bill: run the update again"
            ) from None

    def _is_off(self, endpoint: "VertexEndpoint", inputs: DeploymentInputs, mine: str) -> bool:
        """Whether the endpoint is off by its hours, and this model stands again with them.

        Raises ProviderError for another model, which would take all of the traffic unseen.
        """
        stood = self.stood.get("deployedModelId")
        until = off_until(inputs.hours or self.stood.get("hours"), endpoint.clock.now())
        if not stood or not until:
            return False
        endpoint.settle()
        if endpoint.get()["deployedModels"]:
            return False
        if stood != mine:
            raise ProviderError(
                f"{endpoint.doing} is off by its hours until {until}, and {_last(inputs.model)} on "
                f"{inputs.machine_type} is tried beside what serves; run the update in its hours"
            )
        return inputs.hours is not None

    def _try_canary(self, endpoint: "VertexEndpoint", inputs: DeploymentInputs, mine: str, old: str) -> str:
        """Give the canary its share, judge it, then give it everything. Returns how it was judged."""
        share = min(inputs.canary_percent, MOST_PERCENT)
        bounds = Bounds(inputs.bake_minutes, inputs.p95_latency_ms, inputs.error_rate_percent)
        how = f"with {share} % of the traffic on {_last(inputs.model)}"
        try:
            endpoint.split({old: 100 - share, mine: share})
            measured = bake(
                endpoint.clock, bounds, lambda start, end: endpoint.measure(inputs.project, mine, start, end)
            )
            endpoint.split({mine: 100})
        except Exception as error:
            raise self._give_back(error, inputs, mine, old, how) from None
        return f"{how} for {inputs.bake_minutes} minutes, {measured}"

    def _give_back(self, error: Exception, inputs: DeploymentInputs, mine: str, old: str, how: str) -> ProviderError:
        endpoint = self._endpoint(inputs.endpoint, steadfast=True)

        def cleaned() -> str:
            back = f"all traffic is back on deployed model {old}, and {mine}"
            if isinstance(error, Cancelled):  # a person waits, and undeploying takes minutes
                return f"{back} stands and bills without traffic until the next update"
            try:
                endpoint.undeploy(mine)
            except ProviderError as left:
                return f"{back} could not be undeployed ({left}): it bills until the next update"
            return f"{back} is undeployed"

        by_hand = (
            f"gcloud ai endpoints update {_last(inputs.endpoint)} --project {inputs.project} "
            f"--region {inputs.location} --traffic-split {old}=100"
        )
        situation = f"{endpoint.doing}: {how}"
        return given_back(error, endpoint.clock, situation, lambda: endpoint.give({old: 100}), cleaned, by_hand)

    def read(self, id: str, state: Json) -> Json | None:
        """The inputs and outputs as they are in the cloud. None when the endpoint or the deployed model is gone.

        In an import the state has no id. Then it is the model with the most traffic of those that this provider
        deployed. On an endpoint that is off by its hours it is as the state has it.
        """
        found = self._endpoint(id).find()
        if found is None:
            return None
        split: dict[str, int] = found.get("trafficSplit", {})
        ours = [one["id"] for one in found.get("deployedModels", []) if _is_ours(one)]
        deployed = state.get("deployedModelId") or max(ours, key=lambda id: split.get(id, 0), default="")
        mine = _deployed(found, deployed)
        if mine is None:
            off = (
                deployed and not found.get("deployedModels") and off_until(state.get("hours"), self.clouds.clock.now())
            )
            return state if off else None
        resources = mine.get("dedicatedResources", {})
        machine = resources.get("machineSpec", {})
        scalings: list[Json] = resources.get("autoscalingMetricSpecs", [])
        scaling = scalings[0] if scalings else {}
        _, project, _, location, _, _ = id.split("/")
        return {
            "project": project,
            "location": location,
            "endpoint": id,
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
            **_outputs(found, deployed),
        }

    def delete(self, id: str) -> None:
        """Undeploy everything that this provider deployed, after taking its traffic.

        Does nothing when the endpoint is gone.

        The shares of what others deployed are scaled up to 100.
        """
        endpoint = self._endpoint(id)
        endpoint.settle()
        found = endpoint.find()
        if found is None:
            return
        ours = [deployed["id"] for deployed in found.get("deployedModels", []) if _is_ours(deployed)]
        rest = {id: share for id, share in found.get("trafficSplit", {}).items() if id not in ours and share > 0}
        endpoint.split(_scaled(rest))
        for deployed in ours:
            endpoint.undeploy(deployed)

    def _endpoint(self, name: str, *, steadfast: bool = False) -> "VertexEndpoint":
        from provider.vertex_endpoint import VertexEndpoint

        return VertexEndpoint(self.clouds.steadfast() if steadfast else self.clouds, name, self.seconds)


def _end_canary(endpoint: "VertexEndpoint") -> None:
    """Give the share of a canary back that nobody judges any more. Leaves an endpoint alone that others deployed to."""
    found = endpoint.get()
    split = {id: share for id, share in found.get("trafficSplit", {}).items() if share > 0}
    if len(split) > 1 and all(_is_ours(deployed) for deployed in found["deployedModels"]):
        endpoint.split({max(split, key=lambda id: split[id]): 100})


def _deploy(endpoint: "VertexEndpoint", inputs: DeploymentInputs, mine: str) -> None:
    wanted = deployed_model(inputs, mine)

    def standing() -> Json | None:
        endpoint.settle()
        now = endpoint.get()
        found = _deployed(now, mine)
        if found is not None and not _same(found, wanted):
            raise ProviderError(
                f"{endpoint.doing}: its deployed model {mine} is something else's; undeploy it, then update again"
            )
        for other in now["deployedModels"]:
            if not _is_ours(other):
                raise ProviderError(
                    f"{endpoint.doing}: it serves {other.get('displayName') or other['id']}, which was not deployed "
                    "here; undeploy that, or use another endpoint"
                )
        return found

    def deploy() -> None:
        split: dict[str, int] = endpoint.get().get("trafficSplit", {})
        # Beside another model it starts without traffic. "0" stands for the model that is being deployed.
        traffic = {} if split else {"trafficSplit": {"0": 100}}
        endpoint.act("deployModel", f"deploy {_last(inputs.model)}", {"deployedModel": wanted, **traffic})

    step(standing, deploy)


def _scale(endpoint: "VertexEndpoint", inputs: DeploymentInputs, mine: str) -> None:
    """Change what can be changed in place: replicas, scaling and container logging."""
    wanted = deployed_model(inputs, mine)
    resources = wanted["dedicatedResources"]

    def scaled() -> Json | None:
        endpoint.settle()
        found = _deployed(endpoint.get(), mine) or {}
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
        endpoint.act("mutateDeployedModel", "scale", {"deployedModel": change, "updateMask": mask})

    step(scaled, mutate)


def deployed_model(inputs: DeploymentInputs, mine: str) -> Json:
    """The deployed model as deployModel takes it, under this id."""
    accelerator: Json = {}
    if inputs.accelerator_type is not None:
        accelerator = {"acceleratorType": inputs.accelerator_type, "acceleratorCount": inputs.accelerator_count}
    return {
        "id": mine,
        "displayName": f"{PREFIX}{mine}",
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
    """Whether both are equal, without what the cloud adds by itself."""
    pairs = zip(found or [], wanted, strict=False)
    return len(found or []) == len(wanted) and all(has.items() >= one.items() for has, one in pairs)


def _is_ours(deployed: Json) -> bool:
    return deployed.get("displayName") == f"{PREFIX}{deployed['id']}"


def _version_of(deployed: Json) -> str:
    model = str(deployed.get("model", "")).split("@")[0]
    given = str(deployed.get("model", "")).partition("@")[2]
    return f"{model}@{deployed.get('modelVersionId') or given}"


def _tail(version: str) -> str:
    # We name the project by its id, and Vertex AI answers with its number.
    return version.partition("/locations/")[2]


def _deployed(endpoint: Json, id: str) -> Json | None:
    return next((model for model in endpoint.get("deployedModels", []) if model["id"] == id), None)


def _scaled(shares: dict[str, int]) -> dict[str, int]:
    total = sum(shares.values())
    scaled = {id: share * 100 // total for id, share in shares.items()}
    if scaled:
        first = next(iter(scaled))
        scaled[first] += 100 - sum(scaled.values())
    return scaled


def _outputs(endpoint: Json, mine: str) -> Json:
    deployed = _deployed(endpoint, mine) or {}
    return {
        "deployedModelId": mine,
        "serviceAttachment": deployed.get("privateEndpoints", {}).get("serviceAttachment"),
        "trafficPercent": endpoint.get("trafficSplit", {}).get(mine, 0),
    }


def _last(name: str) -> str:
    return name.rsplit("/", 1)[1]
