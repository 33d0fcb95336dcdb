"""What an alarm on an endpoint is, whatever the cloud: a figure of the endpoint's, and the bound that rings it.

An alarm is judged by its own inputs: metric, comparison, threshold, and what it makes of silence. How long a metric
must show something before an alarm rings is left out: what is played in is taken to last. Alarms on anything but an
endpoint's requests, errors and latency (a batch job's run, a queue) have no metrics here and are left out too.
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
    """An alarm on an `endpoint`: its name, what it watches, what its mail says and to whom, and whether it rings."""

    name: str
    endpoint: str
    figure: Figure
    words: str
    mails: tuple[str, ...]
    rings: bool


@dataclass(frozen=True)
class Bound:
    """What an alarm watches: an endpoint's figure, and the threshold that it must pass.

    The alarm's metric is the figure times `factor`. The figures are requests, errors as a share in percent, and latency
    in milliseconds. `silent` is the metric's value while nobody calls the endpoint; None where it then has none.
    """

    endpoint: str
    figure: Figure
    factor: float
    above: bool
    threshold: float
    silent: float | None = None

    def passed(self, metrics: Mapping[str, Played]) -> bool:
        """Whether the metric is beyond the threshold. An endpoint of which nothing is played in passes nothing."""
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

    `read` gives, from the inputs, each thing that can ring: what the mail says, and the bounds that must all be passed
    for it. It gives nothing for an alarm that is on no endpoint. `mails` gives the addresses that it mails to.
    """

    read: Callable[[Json], Iterator[tuple[str, tuple[Bound, ...]]]]
    mails: Callable[[State, Record], Iterator[str]]


def read_alarms(state: State, kinds: Mapping[str, AlarmKind]) -> list[Alarm]:
    """The alarms of these resource types on endpoints, in the order in which they were made.

    One that watches several figures is given once for each of them.
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
