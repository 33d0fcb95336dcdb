"""The machines that a resource runs at once. Costs, quotas and limits are counted from them."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from catalogue.hardware.catalogue import Use
from catalogue.order import most_at_once


@dataclass(frozen=True)
class Machines:
    """Machines of one type that a resource runs at once: at least `low`, at most `high`.

    `user` is the name of what runs, such as an endpoint or a batch job. `part` is one part of it where there are
    several, such as a variant or a task. `processing` ones are those of a processing job of SageMaker, which cost what
    training costs and draw on a quota of their own. `accelerator` is what the platform adds to the machine type, and
    `accelerators` how many for each machine; both are None where the type implies them. `spot` machines may be taken
    away at any time, and draw on a quota of their own where the platform has one. `serverless` ones are none that
    anybody chooses: the platform runs as many as there are requests at once, on a machine type that it does not say.
    `turn` is the step of a run in which they run, and `after` are the turns that have ended before it begins: machines
    of two turns of which one is after the other never run at once. `run` is the URN of what starts the run, where its
    machines are several resources'. Machines that `launch` are the platform's own addition: they start a step, wait for
    it, and are no replica of what a stack file asks for.
    """

    user: str
    machine_type: str
    use: Use
    low: int
    high: int
    part: str = ""
    accelerator: str | None = None
    accelerators: int | None = None
    spot: bool = False
    processing: bool = False
    serverless: bool = False
    turn: str = ""
    after: frozenset[str] = frozenset()
    run: str = ""
    launch: bool = False

    @property
    def said(self) -> str:
        """The machines in words: `ml.m5.large (variant blue)`."""
        added = f" + {self.accelerators or 1} × {self.accelerator}" if self.accelerator else ""
        return f"{self.machine_type}{added}{f' ({self.part})' if self.part else ''}"


def standing_at_once(amounts: Iterable[tuple[Machines, int]]) -> int:
    """The most that may be needed at once of what machines of one resource or run need: those without a turn may run
    beside all others.
    """
    turns, after, always = Counter[str](), dict[str, frozenset[str]](), 0
    for machines, amount in amounts:
        if machines.turn:
            turns[machines.turn] += amount
            after[machines.turn] = machines.after
        else:
            always += amount
    return always + most_at_once(turns, after)
