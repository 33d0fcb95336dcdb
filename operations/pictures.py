"""The data of the report's pictures: the network, the bill, and the steps of pipelines. The page lays them out."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from catalogue.wording import one_line
from operations.verdict import (
    Bound,
    Cost,
    CostLine,
    NetworkLink,
    NetworkPicture,
    NetworkPlace,
    ProofState,
    Running,
    RunningPart,
    RunPart,
    Verdict,
    WhatRuns,
)
from operations.words import counted, dollars, in_words, lasts, machines_of, unknown

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
_SHUT = "No route of this network leads to the internet and none leads in from there"
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


MOST_DRAWN = 6
"""How many that are alike are drawn one by one. More are drawn as one with a number, and a table lists them all."""


@dataclass(frozen=True)
class Alike:
    """What runs alike in one place: of one sort, on the same machines, within the same bounds."""

    what: str
    machines: tuple[str, ...]
    bounds: list[Bound]
    members: list[Running]


def alike(picture: NetworkPicture) -> dict[str, list[Alike]]:
    """What runs in each place by its name, those alike together."""
    found: dict[str, list[Alike]] = {place.name: [] for place in picture.places}
    groups: dict[tuple[object, ...], list[Running]] = {}
    for each in picture.running:
        groups.setdefault((each.place, each.what, _on(each), _sorts(each.bounds)), []).append(each)
    for members in groups.values():
        first, bounds = members[0], _merged([each.bounds for each in members])
        found[first.place].append(Alike(first.what, _on(first), bounds, members))
    return found


def _on(runs: Running) -> tuple[str, ...]:
    """The machines of what runs, whatever its parts are called."""
    return tuple(sorted(part.machines for part in runs.parts if part.machines))


@dataclass(frozen=True)
class Ways:
    """Private ways through one endpoint, or through several that are alike: needed by the same, bounded in one way."""

    kind: str
    needed_by: list[str]
    bounds: list[Bound]
    links: list[NetworkLink]

    @property
    def endpoints(self) -> list[str]:
        """The endpoints, each once."""
        return list(dict.fromkeys(link.endpoint for link in self.links))

    @property
    def services(self) -> list[str]:
        """The services, each once."""
        return list(dict.fromkeys(link.service for link in self.links))

    @property
    def leads_to(self) -> list[str]:
        """What runs behind them, each once."""
        return list(dict.fromkeys(name for link in self.links for name in link.leads_to))


def ways(picture: NetworkPicture) -> list[Ways]:
    """The private ways, an endpoint each; those of more than a few alike together."""
    groups: dict[tuple[object, ...], dict[str, list[NetworkLink]]] = {}
    for link in picture.links:
        key = link.kind, tuple(link.needed_by), bool(link.leads_to), link.given, _sorts(link.bounds)
        groups.setdefault(key, {}).setdefault(link.endpoint, []).append(link)
    found: list[Ways] = []
    for by_endpoint in groups.values():
        apart = list(by_endpoint.values())
        for links in [[link for each in apart for link in each]] if len(apart) > MOST_DRAWN else apart:
            found.append(Ways(links[0].kind, links[0].needed_by, _merged([one.bounds for one in links]), links))
    return found


def _sorts(bounds: Sequence[Bound]) -> tuple[tuple[str, str, bool], ...]:
    """What tells bounds apart, whoever it is that bounds."""
    return tuple((each.what, each.says, each.holds) for each in bounds)


def _merged(many: Sequence[Sequence[Bound]]) -> list[Bound]:
    """The bounds of several, which say the same, with all that bound by them."""
    return [
        same[0].model_copy(update={"by": list(dict.fromkeys(name for each in same for name in each.by))})
        for same in zip(*many, strict=True)
    ]


def own(picture: NetworkPicture) -> list[NetworkPlace]:
    """The networks of the stack and of its landing zone."""
    return [place for place in picture.places if place.side != "platform"]


def platforms(picture: NetworkPicture) -> list[NetworkPlace]:
    """The networks of the platform's own."""
    return [place for place in picture.places if place.side == "platform"]


def headed(place: NetworkPlace) -> str:
    """What a network is called above its box."""
    if place.side == "platform":
        return f"On the platform's side: {place.name}"
    where = ", ".join(place.ranges) or place.name
    return f"Private network {where}" if place.side == "stack" else f"Network of the landing zone: {where}"


def inside(runs: Running, part: RunningPart) -> str:
    """One part of what runs, in words. A part without a name of its own is only its machines."""
    return ": ".join(filter(None, [part.name if part.name != runs.name else "", part.machines]))


def by_names(bound: Bound) -> str:
    """Who bounds, in words: two at most by name."""
    rest = len(bound.by) - 2
    return f"{', '.join(bound.by[:2])}{f' and {rest:,} more' if rest > 0 else ''}"


def needed_by(link: NetworkLink | Ways) -> str:
    """The workloads that need a service, in words."""
    return f"needed by {', '.join(link.needed_by) or 'nothing'}"


def named(names: Sequence[str], noun: str) -> str:
    """A few names, or how many there are. `noun` is what one of them is."""
    return ", ".join(names) if len(names) <= MOST_DRAWN else counted(len(names), noun)


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


# ---- the steps of a pipeline ----------------------------------------------------------------------------------------

_BOX, _GAP = (188, 68), (26, 14)
"""How wide and high a step is drawn, and how far apart steps are, in pixels."""
_LETTERS = 26
"""How many letters of a line fit in a step."""


@dataclass(frozen=True)
class Box:
    """A step of a pipeline as it is drawn: its name, under it its machines, and how long it lasts. What stands beside
    all steps is wider than one."""

    x: int
    y: int
    name: str
    under: str
    lasts: str
    wide: int = _BOX[0]


@dataclass(frozen=True)
class Path:
    """A pipeline as it is drawn, from left to right: its steps, and lines from what ends to what waits for it.

    `said` is the same in a sentence, for whoever does not see it. `box` is the size of a step.
    """

    name: str
    said: str
    width: int
    height: int
    boxes: list[Box]
    lines: list[tuple[int, int, int, int]]
    box: tuple[int, int] = _BOX


def is_drawn(row: WhatRuns) -> bool:
    """Whether it is drawn: a pipeline of more than one step, whose names tell them apart."""
    names = {part.name for part in row.parts}
    return row.what == "pipeline" and 1 < len(names) == len(row.parts)


def path(row: WhatRuns) -> Path:
    """A pipeline as it is drawn. Each step stands right of all that it waits for; what stands beside all of them from
    the begin of a run to its end is as wide as they are, below them.
    """
    (wide, high), (between, below) = _BOX, _GAP
    columns, boxes = dict[str, int](), dict[str, Box]()
    for part in (one for one in row.parts if not one.beside):  # which come after those that they wait for
        columns[part.name] = 1 + max((columns.get(one, -1) for one in part.after), default=-1)
        at = list(columns.values()).count(columns[part.name]) - 1
        x, y = columns[part.name] * (wide + between) + 1, at * (high + below) + 1
        said = (one_line(part.name, _LETTERS - 4), one_line(machines_of(part), _LETTERS), lasts(part))  # a name is bold
        boxes[part.name] = Box(x, y, *said)
    across = (wide + between) * (1 + max(columns.values(), default=0)) - between
    for part in (one for one in row.parts if one.beside):
        y = max((box.y + high + below for box in boxes.values()), default=1)
        says = f"{part.does}, beside all steps"
        boxes[part.name] = Box(
            1, y, one_line(part.name, _LETTERS - 4), machines_of(part), f"{lasts(part)}: {says}", across
        )
    lines = [
        (boxes[one].x + wide, boxes[one].y + high // 2, boxes[part.name].x, boxes[part.name].y + high // 2)
        for part in row.parts
        for one in part.after
        if one in boxes
    ]
    steps = (f"{part.name}{_said_after(part)}" for part in row.parts)
    sides = ((box.x + box.wide, box.y + high) for box in boxes.values())
    width, height = (max(side) for side in zip(*sides, strict=True))
    return Path(row.name, f"{row.name}: {'; '.join(steps)}", width + 1, height + 1, list(boxes.values()), lines)


def _said_after(part: RunPart) -> str:
    if part.beside:
        return " beside all of them"
    return f" after {in_words(part.after)}" if part.after else ""
