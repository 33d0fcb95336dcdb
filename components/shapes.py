"""The shapes that components of every platform take, such as a machine, a range of replicas or a schedule."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, TypeVar

from components.given import Args, BadArgument

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass
class Machine(Args):
    """One machine, by the platform's own words. The program must know it."""

    type: str
    """The machine type, such as ml.m5.large, e2-standard-2 or Standard_D2as_v4."""
    accelerator: str | None = None
    """The kind of accelerator, such as NVIDIA_L4, where the platform names it beside the type. None for none."""
    accelerators: int | None = None
    """How many accelerators of that kind a machine has."""
    local_nvme: bool = False
    """Whether the machine has NVMe storage of its own, which it encrypts in hardware: SageMaker takes no key for it."""


@dataclass
class Replicas(Args):
    """How few and how many replicas there may be. The program must know both."""

    least: int
    """The fewest. It may be 0 where the platform starts a replica for a request."""
    most: int
    """The most."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.least <= self.most or self.most < 1:
            raise BadArgument(
                f"Replicas: found from {self.least} to {self.most}; give a least of 0 or more, and a most of 1 or more "
                "that is not below it"
            )


@dataclass
class Rollout(Args):
    """How a new version comes in, and the bounds that take it back. The program must know them."""

    canary_percent: int
    """The percent of the traffic or of the replicas that tries the new version first."""
    bake_minutes: int
    """How many minutes it is tried for before it takes the rest."""
    p95_latency_ms: int
    """The p95 latency, in milliseconds, above which it is taken back."""
    error_rate_percent: float
    """The percent of answers with a 5xx status above which it is taken back."""

    def __post_init__(self) -> None:
        super().__post_init__()
        # SageMaker's bounds, the narrowest: TrafficRoutingConfig, CapacitySize
        # https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_TrafficRoutingConfig.html
        bounds = {"canary_percent": (1, 50), "bake_minutes": (1, 60)}
        for name, (low, high) in bounds.items():
            if not low <= getattr(self, name) <= high:
                raise BadArgument(f"Rollout.{name}: found {getattr(self, name)}; give {low} to {high}")

    @property
    def wide_bound(self) -> str | None:
        """What is found and allowed where a canary of errors alone would break no bound of the whole endpoint."""
        if self.error_rate_percent < self.canary_percent:
            return None
        return (
            f"{self.error_rate_percent:g}, allowed: less than the canary's {self.canary_percent} %, so that the "
            "endpoint's own alarm would ring too where all of the canary's answers fail"
        )


@dataclass
class Capture(Args):
    """The share of requests and answers that is kept, and for how long. The program must know both."""

    percent: int
    """How many of a hundred requests are kept, each with its answer."""
    days: int
    """After how many days they are deleted."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.percent <= 100:
            raise BadArgument(f"Capture.percent: found {self.percent}; give 1 to 100")
        if self.days < 1:
            raise BadArgument(f"Capture.days: found {self.days}; give 1 or more")


@dataclass
class Schedule(Args):
    """When something runs. The program must know it."""

    cron: str
    """A cron(5) expression of five fields, such as `30 2 * * *`."""
    timezone: str
    """The IANA time zone that the expression is in, such as Europe/Berlin."""


@dataclass
class Range(Args):
    """What a hyperparameter may be in the trials of a search. The program must know it."""

    low: float | None = None
    """The least, where it is a number between two."""
    high: float | None = None
    """The most."""
    log: bool = False
    """Whether trials are spread evenly in the logarithm."""
    integer: bool = False
    """Whether only whole numbers are meant."""
    values: list[str] | None = None
    """The values themselves, in place of the two bounds."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.values is None) == (self.low is None or self.high is None):
            raise BadArgument("Range: give low and high, or values; one of the two")


@dataclass
class Tuning(Args):
    """A search: trials of the same training job, each with other hyperparameters. The program must know it."""

    metric: str
    """The figure that each trial reports."""
    maximize: bool
    """Whether more of it is better; otherwise less of it is."""
    ranges: dict[str, Range]
    """What is searched, by hyperparameter."""
    parallel: int
    """How many trials run at once at most."""
    total: int
    """How many trials a run makes at most."""
    bayesian: bool = True
    """Whether what the trials have shown chooses the next; otherwise chance does."""
    pattern: str | None = None
    """The regular expression by which the figure is read from the log, where the platform reads it there."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 1 <= self.parallel <= self.total:
            raise BadArgument(f"Tuning: found {self.parallel} of {self.total} trials at once; give 1 to {self.total}")

    @property
    def rounds(self) -> int:
        """How many trials come one after the other where each takes its time."""
        return -(-self.total // self.parallel)


T = TypeVar("T", bound="DataclassInstance")


def together(shape: type[T], parts: Iterable[T]) -> T:
    """One of this shape, whose fields are all lists, with what the lists of all the parts hold."""
    listed = list(parts)
    return shape(*([item for one in listed for item in getattr(one, field.name)] for field in fields(shape)))
