"""The data of the report's two pictures, the network and the bill. The page lays them out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from operations.verdict import Cost, CostLine, NetworkLink, ProofState, Verdict
from operations.words import counted, dollars, unknown

_MOST_BARS = 12
_MOST_TICKS = 5


# ---- the network ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Internet:
    """What is known of a network's ways to the internet. It claims no more than was tested."""

    shut: bool
    what: str
    why: str
    way: str


_NOT_SHUT = "way out not known to be shut"
_SHUT = "No route leads out of this network and none leads in"
_INTERNET: dict[ProofState | None, Internet] = {
    "proved": Internet(True, "No way to the internet", f"{_SHUT}, as was tried in the account.", "no route out"),
    "rehearsed": Internet(True, "No way to the internet", f"{_SHUT}, as was rehearsed.", "no route out"),
    "planned": Internet(True, "No way to the internet", f"{_SHUT}, as planned.", "no route out planned"),
    "failed": Internet(False, "The internet: not shut", "Network fit failed: read its fact above.", _NOT_SHUT),
    "not yet": Internet(False, "The internet: not judged yet", "Network fit was not judged yet.", _NOT_SHUT),
    None: Internet(False, "The internet: not judged", "No proof of network fit was made.", _NOT_SHUT),
}


def internet(fit: ProofState | None) -> Internet:
    """What is known of the ways to the internet, by the state of the proof of network fit. None: no such proof."""
    return _INTERNET[fit]


def needed_by(link: NetworkLink) -> str:
    """The workloads that need a service, in words."""
    return f"needed by {', '.join(link.needed_by) or 'nothing'}"


# ---- the bill -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bar:
    """One row of the chart: the dollars a month of one thing and its component, or of everything."""

    what: str
    where: str
    idle: float
    ceiling: float


def bars(lines: Sequence[CostLine], most: int = _MOST_BARS) -> list[Bar]:
    """The cost lines as bars, one for each thing and component, the dearest first. Those beyond `most` are summed."""
    groups: dict[tuple[str, str], list[CostLine]] = {}
    for line in lines:
        groups.setdefault((line.what, line.component), []).append(line)
    found = [
        Bar(
            what,
            f"{component}, {counted(len(of), 'line')}" if len(of) > 1 else f"{component}: {of[0].resource}",
            sum(line.idle_usd for line in of),
            sum(line.ceiling_usd for line in of),
        )
        for (what, component), of in groups.items()
    ]
    found.sort(key=lambda bar: (-bar.ceiling, -bar.idle, bar.where, bar.what))
    if len(found) <= most:
        return found
    rest = found[most - 1 :]
    return [
        *found[: most - 1],
        Bar(f"{len(rest)} smaller items", "together", sum(b.idle for b in rest), sum(b.ceiling for b in rest)),
    ]


@dataclass(frozen=True)
class Chart:
    """The bill as bars on one scale from zero to `top` dollars: first the total, then its parts."""

    rows: list[Bar]
    top: float
    budget: float | None
    near: bool
    """Whether the budget is on the scale."""
    unknown: str = ""
    """How many lines are unknown, in words. They have no bar, and the total is then "at least" what its bar shows."""

    def percent(self, amount: float) -> float:
        """The position of an amount on the scale."""
        return 100 * min(max(amount, 0.0) / self.top, 1.0)

    @property
    def step(self) -> float:
        """Dollars between two lines of the scale: a round figure that gives few lines."""
        power = 10 ** math.floor(math.log10(self.top / _MOST_TICKS))
        return next(power * factor for factor in (1, 2, 5, 10) if self.top / (power * factor) <= _MOST_TICKS)

    @property
    def ticks(self) -> list[float]:
        """The figures at the lines of the scale."""
        return [index * self.step for index in range(math.floor(self.top / self.step + 1e-9) + 1)]

    @property
    def budget_text(self) -> str:
        """The budget in words; empty where none is set."""
        if self.budget is None:
            return ""
        return f"budget {dollars(self.budget)}{'' if self.near else ', far to the right'}"


def bills(verdicts: Sequence[Verdict]) -> Chart:
    """One bar a stack on one scale, in the order of the stacks. There is no total, for the stacks are not one bill."""
    rows = [Bar(v.stack, f"{v.platform}, {v.region}", v.cost.idle_usd, v.cost.ceiling_usd) for v in verdicts]
    return Chart(rows, max((max(row.idle, row.ceiling) for row in rows), default=0.0) or 1.0, None, near=False)


def bill(cost: Cost) -> Chart:
    """The chart of a bill: the total and its parts, each with idle floor and ceiling, and the budget."""
    rows = [Bar("Everything", "the whole stack", cost.idle_usd, cost.ceiling_usd), *bars(cost.lines)]
    dearest = max(0.0, *(max(row.idle, row.ceiling) for row in rows))
    # A budget far above the bill would make every bar too short, so it is then written beside the chart.
    near = cost.budget_usd is not None and cost.budget_usd <= 2 * dearest
    top = max(dearest, (cost.budget_usd or 0.0) if near else 0.0) or 1.0
    return Chart(rows, top, cost.budget_usd, near, unknown(cost))
