"""The shapes that components of every platform take, such as a machine, a range of replicas or a schedule."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

from components.given import Args

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass
class Machine(Args):
    """One machine, by the platform's own words: its type, and `accelerators` of the kind `accelerator`.

    Machines with `local_nvme` encrypt that storage in hardware; SageMaker takes no volume key for them.
    """

    type: str
    accelerator: str | None = None
    accelerators: int | None = None
    local_nvme: bool = False


@dataclass
class Replicas(Args):
    """How few and how many replicas there may be. `least` may be 0 where the platform starts one for a request."""

    least: int
    most: int


@dataclass
class Rollout(Args):
    """How a new version comes in: `canary_percent` of the traffic or replicas try it for `bake_minutes`.

    A p95 latency or a share of 5xx answers above its bound takes it back.
    """

    canary_percent: int
    bake_minutes: int
    p95_latency_ms: int
    error_rate_percent: float


@dataclass
class Schedule(Args):
    """When something runs: a five-field cron(5) expression, in an IANA time zone."""

    cron: str
    timezone: str


T = TypeVar("T", bound="DataclassInstance")


def together(shape: type[T], parts: Iterable[T]) -> T:
    """One of this shape, whose fields are all lists, with what the lists of all the parts hold."""
    listed = list(parts)
    return shape(*([item for one in listed for item in getattr(one, field.name)] for field in fields(shape)))
