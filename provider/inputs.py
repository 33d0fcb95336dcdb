"""What the resources take: the inputs of each as a pydantic model with wire names, and its faults as sentences."""

import re
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator
from pydantic.alias_generators import to_camel
from pydantic_core import ErrorDetails

# Patterns and bounds of the aiplatform v1 discovery document (UploadModelRequest.modelId, Endpoint.name, PortSpec,
# DedicatedResources) and of Azure's resource names.
ProjectId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
Location = Annotated[str, StringConstraints(pattern=r"^[a-z]+-[a-z]+[0-9]+$")]
ModelId = Annotated[str, StringConstraints(pattern=r"^[a-z_][a-z0-9_-]{0,62}$")]
EndpointName = Annotated[
    str, StringConstraints(pattern=r"^projects/[^/]+/locations/[^/]+/endpoints/([0-9]{1,19}|[a-z][a-z0-9-]{0,62})$")
]
VersionName = Annotated[
    str, StringConstraints(pattern=r"^projects/[^/]+/locations/[^/]+/models/[a-z0-9_-]{1,63}@[0-9]+$")
]
Route = Annotated[str, StringConstraints(pattern=r"^/")]
Port = Annotated[int, Field(ge=1, le=65535)]
CanaryPercent = Annotated[int, Field(ge=1, le=50)]
Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
AzureName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._()-]{0,89}$")]
Labels = Annotated[dict[str, str], Field(max_length=64)]
SCALING_METRICS = tuple(
    f"aiplatform.googleapis.com/prediction/online/{metric}"
    for metric in ("cpu/utilization", "accelerator/duty_cycle", "request_count")
)


Faults = list[tuple[str, str]]
"""Property and sentence."""


def _pinned(image: str) -> str:
    if not re.search(r"(:(?!latest$)[\w][\w.-]*|@sha256:[0-9a-f]{64})$", image):
        raise ValueError("must be pinned, by a tag other than latest or by a digest")
    return image


def _scaling_metric(metric: str) -> str:
    if metric not in SCALING_METRICS:
        raise ValueError(f"must be one of {', '.join(SCALING_METRICS)}")
    return metric


class Inputs(BaseModel):
    """Wire names are the camelCase of the fields; anything else is refused."""

    model_config = ConfigDict(alias_generator=to_camel, extra="forbid", frozen=True)


class ModelInputs(Inputs):
    """Inputs of mlplatform:gcp:Model."""

    project: ProjectId
    location: Location
    model_id: ModelId
    display_name: Annotated[str, StringConstraints(min_length=1, max_length=128)]
    image: Annotated[str, AfterValidator(_pinned)]
    artifact_uri: Annotated[str, StringConstraints(pattern=r"^gs://[^/]+/.+")]
    predict_route: Route
    health_route: Route
    ports: Annotated[list[Port], Field(min_length=1)]
    service_account: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
    kms_key_name: Annotated[
        str, StringConstraints(pattern=r"^projects/[^/]+/locations/[^/]+/keyRings/[^/]+/cryptoKeys/[^/]+$")
    ]
    labels: Labels


class CanaryInputs(Inputs):
    """How a new deployment is tried before it gets everything."""

    canary_percent: CanaryPercent
    bake_minutes: Annotated[int, Field(ge=1, le=24 * 60)]
    p95_latency_ms: Annotated[int, Field(ge=1)]
    error_rate_percent: Annotated[float, Field(ge=0, le=100)]


class DeploymentInputs(CanaryInputs):
    """Inputs of mlplatform:gcp:Deployment."""

    project: ProjectId
    location: Location
    endpoint: EndpointName
    model: VersionName
    machine_type: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)+$")]
    accelerator_type: str | None = None
    accelerator_count: Annotated[int, Field(ge=1)] | None = None
    min_replicas: Annotated[int, Field(ge=1)]
    max_replicas: Annotated[int, Field(ge=1)]
    scaling_metric: Annotated[str, AfterValidator(_scaling_metric)]
    scaling_target: Annotated[int, Field(ge=1)]
    service_account: Annotated[str, StringConstraints(pattern=r"^[^@\s]+@[^@\s]+$")]
    container_logging: bool
    access_logging: bool

    @model_validator(mode="after")
    def _consistent(self) -> "DeploymentInputs":
        if self.max_replicas < self.min_replicas:
            raise ValueError(f"maxReplicas is {self.max_replicas}, below minReplicas {self.min_replicas}")
        if (self.accelerator_type is None) != (self.accelerator_count is None):
            raise ValueError("acceleratorType and acceleratorCount are given together or not at all")
        if self.endpoint.split("/")[3] != self.location:
            raise ValueError(f"location is {self.location}, but the endpoint is in {self.endpoint.split('/')[3]}")
        return self


class TrafficInputs(CanaryInputs):
    """Inputs of mlplatform:azure:Traffic."""

    subscription_id: Uuid
    resource_group: AzureName
    workspace: AzureName
    endpoint: AzureName
    deployment: AzureName
    mirror_percent: Annotated[int, Field(ge=0, le=50)] = 0


def faults(model: type[Inputs], known: Mapping[str, Any], unknown: Collection[str], secret: Collection[str]) -> Faults:
    """Each wrong input with one sentence about it. What is `unknown` is let through; a `secret` is not repeated."""
    try:
        model.model_validate(dict(known))
    except ValidationError as error:
        found: Faults = []
        for fault in error.errors(include_url=False):
            path = ".".join(str(part) for part in fault["loc"])
            name = str(fault["loc"][0]) if fault["loc"] else ""
            if fault["type"] == "missing" and name in unknown:
                continue
            found.append((name, _sentence(path, fault, name in secret)))
        return found
    return []


def _sentence(path: str, fault: ErrorDetails, secret: bool) -> str:
    bounds: Mapping[str, Any] = fault.get("ctx", {})
    match fault["type"]:
        case "missing":
            return f"{path} is missing"
        case "extra_forbidden":
            return f"{path} is not a property of this resource"
        case "string_pattern_mismatch":
            must = f"must match {bounds['pattern']}"
        case "greater_than_equal":
            must = f"must be at least {bounds['ge']}"
        case "less_than_equal":
            must = f"must be at most {bounds['le']}"
        case _:
            said = fault["msg"].removeprefix("Value error, ")
            must = said[0].lower() + said[1:]
    if not path:
        return must
    return f"{path} {must}" if secret else f"{path} is {fault['input']!r}: it {must}"
