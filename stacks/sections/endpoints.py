"""Served models: endpoints that answer at once, or through a queue."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from catalogue.platforms import PLATFORMS
from components.shapes import Replicas, Rollout
from stacks.checks import offered
from stacks.fields import Fields, Machine, Slug, machine_type_schema
from stacks.model import Problem, Section, StackConfig
from stacks.sections import models


class Canary(Fields):
    """A new version first serves `percent` of the replicas (SageMaker allows at most 50) for `bake_minutes`."""

    percent: Annotated[int, Field(ge=1, le=50)]
    bake_minutes: Annotated[int, Field(ge=1, le=60)]


class OnlineRollback(Fields):
    """The new version is taken back when either bound is broken while it bakes."""

    p95_latency_ms: Annotated[int, Field(ge=1, le=60_000)]
    error_rate_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class AsyncRollback(Fields):
    """The new version is taken back when more of its requests fail than this."""

    error_rate_percent: Annotated[float, Field(gt=0, le=100, allow_inf_nan=False)]


class OnlineEndpoint(Machine):
    """A model that answers at once; scaled on requests a replica, never below one replica while enabled."""

    kind: Literal["online"]
    enabled: bool = True
    model: Slug
    min_replicas: Annotated[int, Field(ge=1, le=100)]
    max_replicas: Annotated[int, Field(ge=1, le=100)]
    requests_per_replica_per_minute: Annotated[int, Field(ge=1, le=1_000_000)]
    canary: Canary
    rollback: OnlineRollback

    @property
    def replicas(self) -> Replicas:
        """The range of replicas, as components take it."""
        return Replicas(self.min_replicas, self.max_replicas)

    @property
    def rollout(self) -> Rollout:
        """How a new version comes in, as components take it."""
        bounds = self.rollback
        return Rollout(self.canary.percent, self.canary.bake_minutes, bounds.p95_latency_ms, bounds.error_rate_percent)


class AsyncEndpoint(Machine):
    """A model that answers through a queue; scaled on the backlog a replica, to zero when `min_replicas` is 0."""

    kind: Literal["async"]
    enabled: bool = True
    model: Slug
    min_replicas: Annotated[int, Field(ge=0, le=100)]
    max_replicas: Annotated[int, Field(ge=1, le=100)]
    backlog_per_replica: Annotated[int, Field(ge=1, le=10_000)]
    rollback: AsyncRollback

    @property
    def replicas(self) -> Replicas:
        """The range of replicas, as components take it."""
        return Replicas(self.min_replicas, self.max_replicas)


Endpoint = Annotated[OnlineEndpoint | AsyncEndpoint, Field(discriminator="kind")]

_NOT_BUILT = "multi-model endpoints are not built yet; give each model an endpoint of kind 'online'"


def running(config: StackConfig) -> bool:
    """Whether an endpoint of the stack is switched on."""
    return any(endpoint.enabled for endpoint in of(config).values())


def online(config: StackConfig) -> Mapping[str, OnlineEndpoint]:
    """The endpoints of a platform that refuses every other kind. Raises TypeError for one that is of another."""
    found: dict[str, OnlineEndpoint] = {}
    for name, item in of(config).items():
        if not isinstance(item, OnlineEndpoint):
            raise TypeError(f"{name}: the stack config lets no {item.kind} endpoint through to {config.platform}")
        found[name] = item
    return found


def check(config: StackConfig) -> Iterator[Problem]:
    """Each endpoint serves a known model on hardware that its platform offers for it, in a range of replicas."""
    for name, item in of(config).items():
        yield from models.known(config, (SECTION.name, name, "model"), item.model)
        if not SECTION.refused_kind(item.kind, config.platform):
            yield from offered(config, (SECTION.name, name), item, item.kind)
    for name, item in of(config).items():
        if item.min_replicas > item.max_replicas:
            sentence = f"found {item.min_replicas}, allowed at most max_replicas, which is {item.max_replicas}"
            yield Problem((SECTION.name, name, "min_replicas"), sentence)


def _own_schema(platform: str) -> dict[str, Any]:
    return {"additionalProperties": {"properties": {"machine_type": machine_type_schema(platform)}}}


SECTION: Section[Mapping[str, OnlineEndpoint | AsyncEndpoint]] = Section(
    __name__,
    value=Annotated[dict[Slug, Endpoint], Field(max_length=1000)],
    default={},
    called="endpoint",
    makes={"Endpoint": "{stack}-{item}"},
    after=("models", "workspace"),
    check=check,
    own_schema=_own_schema,
    kinds={
        "online": {},
        "async": {
            "gcp": "Vertex AI has no asynchronous endpoint that scales to zero; "
            "make it a batch job under batch_jobs, or an endpoint of kind 'online'",
            "azure": "Azure Machine Learning has no asynchronous endpoint that scales to zero; "
            "make it a batch job under batch_jobs, or an endpoint of kind 'online'",
        },
        "serverless": {
            "aws": "SageMaker serverless endpoints take neither a VPC nor network isolation; "
            "use 'async' with min_replicas 0 to pay nothing while idle",
            "gcp": "Vertex AI serves a model of your own on machines only; "
            "use 'online', or a batch job to pay nothing while idle",
            "azure": "Azure Machine Learning's serverless endpoints serve models of the marketplace only; "
            "use 'online', or a batch job to pay nothing while idle",
        },
        "multi-model": dict.fromkeys(PLATFORMS, _NOT_BUILT),
    },
)
of = SECTION.of
