"""What idle things cost and whose they are: the decision with dollars, owner, exemption, and what to do instead."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.machines import Machines
from catalogue.pricing import Pricing, Unpriced
from operations.bill import MILLIONTHS
from operations.idle import Part, Platform, Window, unread
from operations.idle.decision import Evidence, Judged, State, decide
from operations.idle.exemptions import holds
from stacks.model import StackConfig
from stacks.sections import endpoints

LOOKS_BACK = timedelta(days=14)
"""How far back figures are read, so that what is idle can be told since when."""
NOBODY = "nobody"


@dataclass(frozen=True)
class Row:
    """One part, what is known of it, and what it costs.

    `stack` is empty for what no state names. `owner` is a person or an address, `exempt` the sentence of an exemption
    that holds or has ended. `month_usd` is what it costs a month while it stands as it does now, `burned_usd` what it
    has cost since it is idle; both are None where a price is unknown. `instead` has the cheaper ways, one a sentence.
    """

    stack: str
    part: Part
    judged: Judged
    owner: str
    exempt: str = ""
    excused: bool = False
    month_usd: float | None = None
    burned_usd: float | None = None
    instead: tuple[str, ...] = ()

    @property
    def idle(self) -> bool:
        """Whether it is idle and nobody excused it."""
        return self.judged.state is State.IDLE and not self.excused

    @property
    def fails(self) -> bool:
        """Whether somebody must look at it: it is idle, or nobody knows."""
        return self.idle or (self.judged.state is State.UNKNOWN and not self.excused)

    def to_json(self) -> dict[str, Any]:
        """As `--format json` prints it. Moments are ISO 8601, in UTC."""
        return {
            "stack": self.stack or None,
            "name": self.part.name,
            "sort": self.part.sort,
            "kind": self.part.kind,
            "stack_key": self.part.key,
            "state": self.judged.state,
            "says": self.judged.says,
            "since": self.judged.since.isoformat() if self.judged.since else None,
            "at_least": self.judged.at_least,
            "owner": self.owner,
            "exempt": self.exempt or None,
            "excused": self.excused,
            "month_usd": self.month_usd,
            "burned_usd": self.burned_usd,
            "instead": list(self.instead),
        }


def of_stack(
    stack: str, config: StackConfig, graph: Graph, platform: Platform, account: Any, since_hours: int
) -> list[Row]:
    """Every part of a stack, the dearest first. `graph` is what stands, with the stack file's keys."""
    try:
        window = _window(platform, account, since_hours)
        found = list(platform.standing(account, graph, window))
    except Exception as error:  # no account's answer may end the report on another
        return [Row(stack, Part(stack, "endpoint"), decide(unread(error), datetime.min, since_hours), config.owner)]
    pricing = _pricing(graph, config.region)
    rows = [_row(stack, config, pricing, *one, window.now, since_hours) for one in found]
    return sorted(rows, key=_dearest_first)


def of_account(
    config: StackConfig, graphs: list[Graph], platform: Platform, account: Any, since_hours: int
) -> list[Row]:
    """What stands in the account of a stack file, and none of these states names."""
    try:
        window = _window(platform, account, since_hours)
        found = list(platform.strangers(account, graphs, window))
    except Exception as error:
        return [Row("", Part("the account", "endpoint"), decide(unread(error), datetime.min, since_hours), NOBODY)]
    pricing = _pricing(Graph("", config.platform, (), {}), config.region)
    rows = [
        _priced(
            pricing, Row("", part, decide(seen, window.now, since_hours), part.owner or NOBODY, instead=part.instead)
        )
        for part, seen in found
    ]
    return sorted(rows, key=_dearest_first)


def _window(platform: Platform, account: Any, since_hours: int) -> Window:
    now = platform.clock(account)
    start = (now - max(LOOKS_BACK, timedelta(hours=since_hours + 2))).replace(minute=0, second=0, microsecond=0)
    return Window(start, now)


def _pricing(graph: Graph, region: str) -> Pricing:
    return Pricing(graph, catalogue.load(graph.platform), region)


def _dearest_first(row: Row) -> tuple[bool, float, str]:
    return (not row.fails, -(row.month_usd or 0.0), row.part.name)


def _row(
    stack: str,
    config: StackConfig,
    pricing: Pricing,
    part: Part,
    evidence: Evidence,
    now: datetime,
    since_hours: int,
) -> Row:
    excused, exempt = _exemption(config, part, now.date())
    row = Row(stack, part, decide(evidence, now, since_hours), part.owner or config.owner, exempt, excused)
    return replace(_priced(pricing, row), instead=tuple(_instead(config, pricing, part)))


def _exemption(config: StackConfig, part: Part, today: date) -> tuple[bool, str]:
    """Whether an exemption of the stack file holds for a part, and what is to be said of it."""
    section, _, name = (part.key or "").partition(".")
    given = config.idle.exempt.get(name) if config.idle is not None and section == endpoints.SECTION.name else None
    return holds(given, today) if given is not None else (False, "")


def _priced(pricing: Pricing, row: Row) -> Row:
    """The row with what it costs while it stands as now. One machine that stands is the least of what is idle.

    The disk that a stopped machine keeps is of a size that nobody asked for here, so its price is unknown.
    """
    hour, part = _hour(pricing, row.part), row.part
    if row.judged.state is State.ASLEEP:
        return replace(row, month_usd=None if part.sort in ("machine", "app") else 0.0, burned_usd=0.0)
    if hour is None:
        return row
    least = max(part.machines.low, 1) if part.machines else 1
    replicas = part.replicas if part.replicas is not None else least
    burned = round(hour * replicas * row.judged.hours, MILLIONTHS) if row.judged.state is State.IDLE else None
    return replace(row, month_usd=round(hour * replicas * pricing.hours, MILLIONTHS), burned_usd=burned)


def _hour(pricing: Pricing, part: Part) -> float | None:
    """Dollars an hour for one of its machines, or for what it stores; None where the catalogue has no figure there."""
    if part.stored is not None:
        known = pricing.hardware.services.get(part.stored.service)
        price = known.price_usd.get(part.stored.region) if known else None
        return None if price is None else price * part.stored.units / pricing.hours
    if part.machines is None:
        return None
    try:
        if part.sort == "machine" and pricing.hardware.workspace_list:
            return pricing.workspace(part.machines.machine_type)
        return pricing.hour(part.machines)
    except Unpriced:
        return None


def _instead(config: StackConfig, pricing: Pricing, part: Part) -> Iterator[str]:
    """The ways to serve the same model that cost nothing while nobody asks, as far as the platform has them."""
    if part.machines is None or part.sort not in ("variant", "deployment"):
        return
    each = "each of its models " if part.kind == "multi-model" else ""  # neither a queue nor a job names one of several
    if part.machines.use == "online" and endpoints.SECTION.refused_kind("async", config.platform) is None:
        yield f"{each}as kind: async with min_replicas: 0, $0 while nobody asks, a queue in place of an answer at once"
    hour = _batch_hour(pricing, part.machines)
    price = "for each hour of a run" if hour is None else f"${hour:,.2f} an hour of a run on one machine"
    yield f"{each}as a job under batch_jobs, $0 between runs and {price}"


def _batch_hour(pricing: Pricing, machines: Machines) -> float | None:
    try:
        return pricing.hour(replace(machines, use="batch"))
    except Unpriced:
        return None


def total(rows: Iterable[Row], what: str) -> float:
    """The dollars of what is idle and not excused: `month_usd` or `burned_usd`. An unknown price counts for nothing."""
    return round(sum(getattr(row, what) or 0.0 for row in rows if row.idle), 2)


def switchable(rows: Iterable[Row]) -> dict[str, list[Row]]:
    """The endpoints of a stack file of which every part is idle or asleep, and one at least is idle, by their names.

    An endpoint with a busy, a new or an unknown part stays: what is not known is never taken off.
    """
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        section, _, name = (row.part.key or "").partition(".")
        if section == endpoints.SECTION.name and name:
            by_key.setdefault(name, []).append(row)
    quiet = (State.IDLE, State.ASLEEP)
    return {
        name: found
        for name, found in by_key.items()
        if all(row.judged.state in quiet and not row.excused for row in found) and any(row.idle for row in found)
    }


def since(row: Row) -> str:
    """Since when it is idle, as a person reads it."""
    if row.judged.since is None or row.judged.state is not State.IDLE:
        return ""
    return f"{row.judged.since:%Y-%m-%d %H:%M}{' or longer' if row.judged.at_least else ''}"


def dollars(amount: float | None) -> str:
    """An amount as a person reads it."""
    return "unpriced" if amount is None else f"${amount:,.2f}"


def because(parts: Iterable[Row]) -> str:
    """Why an endpoint is taken off: what was seen of it, and what it burned."""
    found = list(parts)
    hours = max(row.judged.hours for row in found)
    return f"nobody asked anything of it while it stood for {hours} hours, which cost {sum_of(found, 'burned_usd')}"


def unpriced(rows: Iterable[Row]) -> int:
    """How many idle parts have a price that nobody knows here."""
    return sum(row.idle and row.month_usd is None for row in rows)


def sum_of(rows: Iterable[Row], what: str) -> str:
    """The dollars of `total` as a person reads them: "at least" where a price is unknown, no sum where all are."""
    found = list(rows)
    amount, without = dollars(total(found, what)), unpriced(found)
    if without and without == sum(row.idle for row in found):
        return "an unknown amount"
    return f"at least {amount}" if without else amount


def summary(rows: Iterable[Row]) -> str:
    """All of it in a sentence."""
    found = list(rows)
    idle, unknown = sum(row.idle for row in found), sum(row.judged.state is State.UNKNOWN for row in found)
    excused, without = sum(row.excused for row in found), unpriced(found)
    exempt = f", {excused} exempt" if excused else ""
    burned = f"{sum_of(found, 'burned_usd')} burned since then"
    ahead = f"{sum_of(found, 'month_usd')} a month ahead{f' ({without} unpriced)' if without else ''}"
    return f"{idle} idle of {len(found)}: {burned}, {ahead}; {unknown} unknown{exempt}"
