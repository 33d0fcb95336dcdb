"""An alarm on an endpoint, on any cloud: a figure of the endpoint, and the bound at which the alarm rings.

An alarm is judged by its own inputs: metric, comparison, threshold, and what it does when nothing is measured.
Two things are left out. An alarm rings at once, however long its metric must last in the real cloud. And only alarms
on an endpoint's requests, errors and latency have metrics here: those on a batch job's run or on a queue have none.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from catalogue.marked import Json
from sandbox.state import State
from sandbox.state.metrics import Played
from sandbox.state.records import Record

Figure = Literal["requests", "errors", "latency"]


@dataclass(frozen=True)
class Alarm:
    """An alarm on an `endpoint`: its name, what it watches, its mail and who gets it, and whether it rings."""

    name: str
    endpoint: str
    figure: Figure
    words: str
    mails: tuple[str, ...]
    rings: bool


@dataclass(frozen=True)
class Bound:
    """What an alarm watches: an endpoint's figure, and the threshold that it must pass.

    The alarm's metric is the figure times `factor`. The figures are requests, errors in percent of the requests, and
    latency in milliseconds. `silent` is the metric's value while nobody calls the endpoint, or None if it has no value.
    """

    endpoint: str
    figure: Figure
    factor: float
    above: bool
    threshold: float
    silent: float | None = None

    def passed(self, metrics: Mapping[str, Played]) -> bool:
        """Whether the metric is beyond the threshold. It never is for an endpoint without played-in metrics."""
        played = metrics.get(self.endpoint)
        if played is None:
            return False
        shown = {"requests": played.requests, "errors": played.error_percent, "latency": played.p95_ms}[self.figure]
        value = self.silent if not played.requests else None if shown is None else shown * self.factor
        if value is None:
            return False
        return value > self.threshold if self.above else value < self.threshold


@dataclass(frozen=True)
class AlarmKind:
    """How a cloud's resources of one type are read as alarms.

    `read` takes the inputs and gives each thing that can ring: the text of its mail, and its bounds. It rings when all
    bounds are passed. `read` gives nothing for an alarm that is on no endpoint. `mails` gives the addresses mailed to.
    """

    read: Callable[[Json], Iterator[tuple[str, tuple[Bound, ...]]]]
    mails: Callable[[State, Record], Iterator[str]]


def read_alarms(state: State, kinds: Mapping[str, AlarmKind]) -> list[Alarm]:
    """The alarms of these resource types on endpoints, in the order in which they were made.

    An alarm that watches several figures is given once for each figure.
    """
    metrics = state.metrics.played()
    found: list[Alarm] = []
    for type_, kind in kinds.items():
        for record in state.resources.find(type=type_):
            mails = tuple(kind.mails(state, record))
            for words, bounds in kind.read(record.inputs):
                rings = all(bound.passed(metrics) for bound in bounds)
                found += [Alarm(_name(record), one.endpoint, one.figure, words, mails, rings) for one in bounds]
    return found


def _name(record: Record) -> str:
    """What the alarm is called in its cloud."""
    return str(record.inputs.get("displayName") or record.inputs.get("ruleName") or record.inputs["name"])
