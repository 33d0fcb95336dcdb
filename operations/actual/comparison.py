"""Puts what a stack did cost beside what was foreseen: month by month, by service, meter, resource and team.

What was foreseen are list prices of what runs. So the drift is judged by what was used, at its list cost: no credit,
refund, tax or purchase, and no discount. Those are told beside it, and so is usage that is billed below zero: FOCUS
lets a provider correct the current period without a word (ChargeClass is then null), and netted it would hide what
was used. https://github.com/FinOps-Open-Cost-and-Usage-Spec/FOCUS_Spec/blob/v1.2/specification/columns/chargeclass.md
A month is compared with floor and ceiling of the
hours in it for which the export has charges of the stack, from its first to the last that the account has.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import BaseModel, ConfigDict

from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.kind import Bills
from catalogue.kinds import kind_of
from operations import facts
from operations.actual import charges
from operations.actual.charges import Charge
from operations.findings import finding
from operations.verdict import Cost, Finding
from policies import limits

LEAST_HOURS = 24
"""Of less, no drift is told: logs, images and the first calls of a day are no measure of a month."""
NEGATIVE = "Negative usage"
"""Usage that is billed below zero and not said to be a correction."""
_MOST_UNTAGGED = 20


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Money(_Part):
    """One amount in dollars by each of FOCUS's four costs. None where a charge in it is not known in dollars.

    `billed` is the invoice's, `effective` amortises what was paid in advance and has all discounts, `list` has none,
    `contracted` has those that were negotiated.
    """

    billed: float | None
    effective: float | None
    list: float | None
    contracted: float | None

    @classmethod
    def of(cls, some: Sequence[Charge]) -> "Money":
        """The sum of charges."""
        return cls(**{cost: _rounded(charges.total(some, cost)) for cost in charges.COSTS})


class ServiceBilled(_Part):
    """What one service did cost. It is `foreseen` where something of the stack is billed under it."""

    service: str
    foreseen: bool
    cost: Money
    meters: dict[str, float | None]
    """The list cost by meter, the dearest first."""


class ResourceBilled(_Part):
    """What one resource did cost, by the cloud's id of it.

    `resource` is its name in the stack, where the id is known, with its floor and ceiling for the same hours.
    """

    id: str
    resource: str | None
    cost: Money
    idle_usd: float | None = None
    ceiling_usd: float | None = None


class TeamBilled(_Part):
    """What was used of one team's, at list cost, beside the floor and ceiling of its resources for the same hours."""

    used_usd: float | None
    idle_usd: float
    ceiling_usd: float


class Month(_Part):
    """One month of the bill of one stack. Amounts are dollars.

    `ceiling_usd` is None where something of the stack has no price. `drift_percent` says how far what was used is above
    the ceiling, or, with a minus, below the floor: 0 is within, None is unknown, and `unknown` says why.
    """

    month: str
    since: datetime
    until: datetime
    hours: float
    whole: bool
    idle_usd: float
    ceiling_usd: float | None
    used: Money
    drift_percent: float | None
    unknown: str = ""
    total: Money
    beside: dict[str, Money]
    """Credits, refunds, taxes and purchases, by FOCUS's charge category; `Correction` corrects an invoiced period, and
    `Negative usage` is usage below zero that does not say so."""
    currencies: dict[str, float]
    """What was billed, in each currency of the bill."""
    services: list[ServiceBilled]
    resources: list[ResourceBilled]
    by_team: dict[str, TeamBilled]


class Untagged(_Part):
    """What an account did pay in a month for what carries no tag `stack`, by service.

    `resource` is the name of a resource of this stack where the id is one of its own: then the tag is missing there.
    """

    month: str
    service: str
    resource: str | None
    cost: Money


class Actual(_Part):
    """What the bill says of one stack."""

    stack: str
    months: list[Month]
    untagged: list[Untagged]
    findings: list[Finding]


@dataclass(frozen=True)
class Foreseen:
    """One stack as it was foreseen. `standing` is what stands of it, whose ids a plan does not know."""

    graph: Graph
    cost: Cost
    standing: Graph | None = None

    @property
    def account(self) -> str:
        """The account, project or subscription of the stack, in lower case."""
        return facts.of(self.graph.platform).account_and_region(self.graph)[0].lower()


def compare(foreseen: Foreseen, billed: Sequence[Charge]) -> Actual:
    """What the bill says of a stack. `billed` are the charges of the export, of whatever stack."""
    stack = foreseen.graph.stack
    mine = [one for one in billed if one.stack == stack]
    near = [one for one in billed if one.account == foreseen.account]
    names = _Names(foreseen)
    months = [_month(foreseen, names, month, near) for month in _by_month(mine)]
    untagged = _untagged(names, [one for one in near if one.stack is None])
    findings = [*_findings(foreseen.graph, months, untagged), *_elsewhere(foreseen, mine)]
    return Actual(stack=stack, months=months, untagged=untagged, findings=findings)


def by_team(every: Sequence[Actual]) -> dict[str, dict[str, TeamBilled]]:
    """What each team's resources did cost over several stacks, by month and team."""
    found: dict[str, dict[str, list[TeamBilled]]] = defaultdict(lambda: defaultdict(list))
    for month in (month for one in every for month in one.months):
        for team, billed in month.by_team.items():
            found[month.month][team].append(billed)
    return {
        month: {team: _together(billed) for team, billed in sorted(teams.items())}
        for month, teams in sorted(found.items())
    }


def _together(some: Sequence[TeamBilled]) -> TeamBilled:
    used = [one.used_usd for one in some if one.used_usd is not None]
    return TeamBilled(
        used_usd=_rounded(sum(used)) if len(used) == len(some) else None,
        idle_usd=round(sum(one.idle_usd for one in some), 2),
        ceiling_usd=round(sum(one.ceiling_usd for one in some), 2),
    )


def _rounded(amount: float | None) -> float | None:
    return None if amount is None else round(amount, 2)


class _Names:
    """The resources of a stack by the ids that a cloud's bill may have of them."""

    def __init__(self, foreseen: Foreseen) -> None:
        known = map(kind_of, {resource.type for resource in foreseen.graph.cloud})
        bills = [kind.bills for kind in known if kind is not None and isinstance(kind.bills, Bills)]
        self.services = {name.casefold() for one in bills for name in one.under}
        self._urns: dict[str, tuple[str, str]] = {}
        for graph in (foreseen.graph, foreseen.standing):
            for resource in graph.cloud if graph else ():
                for text in resource.names:
                    # A name alone is nobody's: another account may have one like it.
                    if "/" in text or ":" in text:
                        self._urns.setdefault(_id(text), (resource.urn, resource.name))

    def of(self, id: str) -> tuple[str, str] | None:
        """The URN and name of the resource with this id, or of that in which it lies: a deployment in an endpoint."""
        at = _id(id)
        while at and not at.endswith("/providers"):  # above it is Azure's resource group, in which is everything
            if (found := self._urns.get(at)) is not None:
                return found
            at = at.rpartition("/")[0]
        return None


def _id(text: str) -> str:
    """An id as all of a cloud's pages may write it: without the host of an address, in lower case."""
    text = text.lower().rstrip("/")
    scheme, double, rest = text.partition("//")
    return rest.partition("/")[2] if double and (not scheme or scheme.endswith(":")) else text.lstrip("/")


def _by_month(some: Iterable[Charge]) -> list[list[Charge]]:
    months: dict[datetime, list[Charge]] = defaultdict(list)
    for one in some:
        months[one.month].append(one)
    return [months[month] for month in sorted(months)]


def _is_usage(one: Charge) -> bool:
    return _beside(one) is None


def _beside(one: Charge) -> str | None:
    """Under which word a charge stands beside what was used; None for what was used."""
    if one.correction or one.category != "Usage":
        return "Correction" if one.correction else one.category
    return NEGATIVE if one.negative else None


def _month(foreseen: Foreseen, names: _Names, mine: Sequence[Charge], near: Sequence[Charge]) -> Month:
    used = [one for one in mine if _is_usage(one)]
    begins = mine[0].month
    ends = begins.replace(year=begins.year + begins.month // 12, month=begins.month % 12 + 1)
    told = [one for one in (*near, *mine) if one.month == begins and _is_usage(one)]
    since = min((one.since for one in used), default=begins)
    until = min(ends, max((one.until for one in told), default=begins))
    hours = max(0.0, (until - since).total_seconds() / 3600)
    share = hours / catalogue.load(foreseen.graph.platform).hours_per_month
    cost, money = foreseen.cost, Money.of(used)
    idle, ceiling = round(cost.idle_usd * share, 2), round(cost.ceiling_usd * share, 2)
    drift, unknown = _drift(idle, None if cost.unpriced else ceiling, charges.total(used, "list"), hours)
    beside: dict[str, list[Charge]] = defaultdict(list)
    currencies: dict[str, float] = defaultdict(float)
    for one in mine:
        currencies[one.currency] += one.said
        if (word := _beside(one)) is not None:
            beside[word].append(one)
    return Month(
        month=f"{begins:%Y-%m}",
        since=since,
        until=until,
        hours=round(hours, 1),
        whole=since == begins and until == ends,
        idle_usd=idle,
        ceiling_usd=None if cost.unpriced else ceiling,
        used=money,
        drift_percent=drift,
        unknown=unknown,
        total=Money.of(mine),
        beside={category: Money.of(some) for category, some in sorted(beside.items())},
        currencies={currency: round(amount, 2) for currency, amount in sorted(currencies.items())},
        services=_services(names, used),
        resources=_resources(names, cost, used, share),
        by_team=_teams(cost, used, share),
    )


def _drift(idle: float, ceiling: float | None, used: float | None, hours: float) -> tuple[float | None, str]:
    """How many percent what was used is above the ceiling or below the floor; or why nobody can say."""
    if used is None:
        return None, "a charge is in another currency, and nothing says it in dollars; give --rate"
    if hours < LEAST_HOURS:
        return None, f"the export has {hours:.0f} hours of it, fewer than {LEAST_HOURS}"
    if used < idle:
        return round((used - idle) / idle * 100, 1), ""
    if ceiling is None:
        return None, "something of the stack has no price, so nobody knows its ceiling"
    # What was foreseen to cost nothing has no percent, and a cent of it is everything.
    return (round((used - ceiling) / ceiling * 100, 1) if ceiling else 100.0) if used > ceiling else 0.0, ""


def _grouped(some: Iterable[Charge], by: str) -> Iterator[tuple[str, list[Charge]]]:
    """Charges by one of their words, the dearest at list cost first."""
    found: dict[str, list[Charge]] = defaultdict(list)
    for one in some:
        found[getattr(one, by)].append(one)
    yield from sorted(found.items(), key=lambda item: (-(charges.total(item[1], "list") or 0), item[0]))


def _services(names: _Names, used: Sequence[Charge]) -> list[ServiceBilled]:
    return [
        ServiceBilled(
            service=service,
            foreseen=service.casefold() in names.services,
            cost=Money.of(some),
            meters={meter: _rounded(charges.total(each, "list")) for meter, each in _grouped(some, "meter")},
        )
        for service, some in _grouped(used, "service")
    ]


def _resources(names: _Names, cost: Cost, used: Sequence[Charge], share: float) -> list[ResourceBilled]:
    lines: Mapping[str, list[tuple[float, float]]] = defaultdict(list)
    for line in cost.lines:
        lines[line.urn].append((line.idle_usd, line.ceiling_usd))
    found: list[ResourceBilled] = []
    for id, some in _grouped(used, "resource"):
        urn, name = names.of(id) or ("", None)
        known = lines.get(urn)
        found.append(
            ResourceBilled(
                id=id,
                resource=name,
                cost=Money.of(some),
                idle_usd=round(sum(idle for idle, _ in known) * share, 2) if known else None,
                ceiling_usd=round(sum(ceiling for _, ceiling in known) * share, 2) if known else None,
            )
        )
    return found


def _teams(cost: Cost, used: Sequence[Charge], share: float) -> dict[str, TeamBilled]:
    billed: dict[str, list[Charge]] = {team: [] for team in cost.by_team}
    for one in used:
        billed.setdefault(one.team or "nobody", []).append(one)
    return {
        team: TeamBilled(
            used_usd=_rounded(charges.total(some, "list")),
            idle_usd=round(cost.by_team.get(team, (0, 0))[0] * share, 2),
            ceiling_usd=round(cost.by_team.get(team, (0, 0))[1] * share, 2),
        )
        for team, some in sorted(billed.items())
    }


def _untagged(names: _Names, some: Sequence[Charge]) -> list[Untagged]:
    found: dict[tuple[str, str, str | None], list[Charge]] = defaultdict(list)
    for one in some:
        own = names.of(one.resource)
        found[f"{one.month:%Y-%m}", one.service, own[1] if own else None].append(one)
    every = [
        Untagged(month=month, service=service, resource=resource, cost=Money.of(each))
        for (month, service, resource), each in found.items()
    ]
    return sorted(every, key=lambda one: (one.resource is None, -(one.cost.list or 0), one.month, one.service))


# ---- what is wrong ---------------------------------------------------------------------------------------------------


def _findings(graph: Graph, months: Sequence[Month], untagged: Sequence[Untagged]) -> Iterator[Finding]:
    limit = limits.of(graph)["bill-drift-percent"]
    if not months:
        yield _finding(
            graph,
            "has no charge in the export that carries its tag, so nobody can say what it costs",
            "bill-unknown",
            "Activate the tag `stack` as a cost allocation tag on AWS, or turn on tag inheritance on Azure; the next "
            "charges then carry it. Or name an export of the right account and month.",
        )
    for month in months:
        drift, where = month.drift_percent, f"in {month.month} ({month.hours:,.0f} hours)"
        if drift is None:
            yield _finding(
                graph,
                f"{where}: the drift is unknown: {month.unknown}",
                "bill-unknown",
                "Give what is missing, and ask again; what cannot be judged did not pass."
                if month.used.list is None
                else "It is not judged.",
                fails=month.used.list is None,
            )
        elif abs(drift) > limit.number:
            bound, end = ("above its ceiling", month.ceiling_usd) if drift > 0 else ("below its floor", month.idle_usd)
            yield _finding(
                graph,
                f"{where} used ${month.used.list:,.2f} at list cost, {abs(drift):g} percent {bound} of ${end:,.2f}, "
                f"allowed: {limit.number:g} (bill-drift-percent of {limit.file})",
                "bill-drift",
                "Look at the services and resources that are above or below; then mend the stack file, or the "
                "catalogue's figure.",
            )
        yield from _unforeseen(graph, month, limit)
        yield from _negative(graph, month)
    own = [one for one in untagged if one.resource is not None]
    for one in own[:_MOST_UNTAGGED]:
        amount = "an unknown amount" if one.cost.list is None else f"${one.cost.list:,.2f}"
        yield _finding(
            graph,
            f"in {one.month}: {one.resource} did cost {amount} without the tag `stack`, which no sum above has",
            "bill-untagged",
            "Give it the stack's tags; on AWS, activate them as cost allocation tags.",
            fails=False,
        )


def _elsewhere(foreseen: Foreseen, mine: Sequence[Charge]) -> Iterator[Finding]:
    """A stack stands in one account. What carries its tag in another is somebody else's, and hides what is its own."""
    others = [one for one in mine if _beside(one) in (None, NEGATIVE) and one.account not in ("", foreseen.account)]
    for account, some in _grouped(others, "account") if foreseen.account else ():
        used = _rounded(charges.total(some, "list"))
        amount = "an unknown amount" if used is None else f"${used:,.2f}"
        yield _finding(
            foreseen.graph,
            f"{amount} of what was used under its tag is of the account {account:.60}, and the stack stands in "
            f"{foreseen.account}: no sum here is the stack's alone",
            "bill-elsewhere",
            "Give what stands there the tags of its own stack, or name an export of the stack's account alone.",
        )


def _unforeseen(graph: Graph, month: Month, limit: limits.Limit) -> Iterator[Finding]:
    strange = [one for one in month.services if not one.foreseen]
    amounts = [one.cost.list for one in strange]
    if not strange or not month.used.list or None in amounts:
        return
    share = sum(amount or 0 for amount in amounts) / month.used.list * 100
    if share > limit.number:
        yield _finding(
            graph,
            f"in {month.month}: {share:.0f} percent of what was used is of services under which nothing of the stack "
            f"is billed ({', '.join(one.service or 'no service' for one in strange[:5])}), allowed: {limit.number:g} "
            f"(bill-drift-percent of {limit.file})",
            "bill-unforeseen",
            "Find who carries the stack's tag there; what belongs to the stack goes into its stack file.",
        )


def _negative(graph: Graph, month: Month) -> Iterator[Finding]:
    if (money := month.beside.get(NEGATIVE)) is None:
        return
    amount = "an unknown amount" if money.list is None else f"${-money.list:,.2f}"
    yield _finding(
        graph,
        f"in {month.month}: usage of {amount} at list cost is billed below zero without the charge class Correction; "
        "no sum of what was used has it",
        "bill-negative",
        "Ask who bills it what it takes off. A correction of the month that is not invoiced yet may be right.",
        fails=False,
    )


def _finding(graph: Graph, sentence: str, rule: str, remedy: str, *, fails: bool = True) -> Finding:
    return finding(
        graph,
        None,
        sentence,
        source="cost",
        rule=rule,
        severity="medium" if fails else "low",
        remedy=remedy,
        proof="cost visibility",
        mandatory=fails,
    )
