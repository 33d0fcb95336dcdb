"""The shapes that components of every platform take, such as a machine, a range of replicas or a schedule."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

from components.given import Args

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass
class Machine(Args):
    """One machine, by the platform's own words."""

    type: str
    """The machine type, such as ml.m5.large, n1-standard-4 or Standard_DS3_v2."""
    accelerator: str | None = None
    """The kind of accelerator, where the machine type does not say it by itself, such as NVIDIA_TESLA_T4."""
    accelerators: int | None = None
    """How many accelerators of that kind the machine has."""
    local_nvme: bool = False
    """Whether its storage is local NVMe, which is encrypted in hardware; SageMaker takes no volume key for it."""


@dataclass
class Replicas(Args):
    """How few and how many replicas there may be."""

    least: int
    """The number that always stands; 0 where the platform starts one for a request."""
    most: int
    """The number that is never passed."""


@dataclass
class Rollout(Args):
    """How a new version comes in, and what takes it back."""

    canary_percent: int
    """The percentage of the traffic or of the replicas that tries a new version first."""
    bake_minutes: int
    """For how many minutes it is tried."""
    p95_latency_ms: int
    """The p95 latency in milliseconds above which the new version is taken back."""
    error_rate_percent: float
    """The percentage of 5xx answers above which the new version is taken back."""


@dataclass
class Schedule(Args):
    """When something runs."""

    cron: str
    """A cron(5) expression of five fields, such as 30 2 * * 1-5."""
    timezone: str
    """The time zone in which it is meant, by its IANA name such as Europe/Berlin."""


T = TypeVar("T", bound="DataclassInstance")


def together(shape: type[T], parts: Iterable[T]) -> T:
    """One of this shape, whose fields are all lists, with what the lists of all the parts hold."""
    listed = list(parts)
    return shape(*([item for one in listed for item in getattr(one, field.name)] for field in fields(shape)))
