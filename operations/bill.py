"""What a stack costs a month: the idle floor, with no traffic, and the ceiling, with everything at its maximum.

The bill is read from the resource graph and the catalogue. The record of a kind says what it bills, or why it is free.
A kind without a record is reported as unpriced, and so is a kind whose price is unknown: the bill is then "at least".
The price of a service that is unknown in the region is that of the dearest region known, and its line says so.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from math import fsum, isfinite

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import OLD_DAYS, Source, is_old
from catalogue.kind import Bills, No
from catalogue.kinds import kind_of
from catalogue.pricing import NoFigure, Pricing, Unpriced
from catalogue.properties import Unreadable
from operations import facts
from operations.findings import code_line
from operations.verdict import Cost, CostLine, UnpricedResource

MILLIONTHS = 6
"""To how many places lines and the sums of teams are kept: cents are for who reads them, and a total is of what was not
rounded to cents. Of some ten thousand lines it is right to the cent."""
_NOBODY = "nobody"


def price(graph: Graph, region: str, today: date) -> Cost:
    """Price every resource of the stack. A resource without a price does not raise, but is in `unpriced`.

    `today` tells which figures are old.
    """
    hardware = catalogue.load(graph.platform)
    pricing = Pricing(graph, hardware, region)
    stack_team = next((team for r in graph.cloud if (team := facts.team(r))), _NOBODY)
    lines: list[CostLine] = []
    unpriced: list[UnpricedResource] = []
    for resource in graph.cloud:
        made = _line(replace(pricing, estimated={}), resource, stack_team)
        if isinstance(made, UnpricedResource):
            unpriced.append(made)
        elif made is not None:
            lines.append(made)
    lines.sort(key=lambda line: (-line.ceiling_usd, line.resource))
    try:
        budgets = list(facts.of(graph.platform).budgets(graph))
    except Exception:  # the budget cannot be read; the rule cost-budget says what is wrong with it
        budgets = []
    sources = _sources(pricing)
    return Cost(
        lines=lines,
        idle_usd=round(fsum(line.idle_usd for line in lines), 2),
        ceiling_usd=round(fsum(line.ceiling_usd for line in lines), 2),
        by_team=_by_team(lines, unpriced),
        budget_usd=sum(budgets) if budgets else None,
        assumptions=[
            *(f"{a.value:g} {a.unit}: {a.reason}" for a in hardware.assumptions.values()),
            *(f"{source.note} ({source.date})" for source in sources if source.hand == "assumed"),
            *sorted(_still_holds(source) for source in sources if source.hand == "first" and is_old(source, today)),
        ],
        unpriced=unpriced,
        second_hand=sorted(_cited(source, today) for source in sources if source.hand == "second"),
        per_unit=list(_per_unit(replace(pricing, estimated={}))),
    )


def _line(pricing: Pricing, resource: Resource, stack_team: str) -> CostLine | UnpricedResource | None:
    """The cost of one resource. None where its kind is free."""
    kind = kind_of(resource.type)
    if kind is None:
        return _unpriced(resource, stack_team, f"is of a kind whose cost is unknown ({resource.type})")
    if isinstance(kind.bills, No):
        return None
    try:
        bill = kind.bills.price(pricing, resource)
    except Unpriced as missing:
        without = _unpriced(resource, stack_team, f"bills, and the catalogue has no price of {missing}")
        if not isinstance(missing, NoFigure):
            return without
        dearest = _at_dearest(pricing, kind.bills, resource)
        return without.model_copy(update={"instead": missing.instead, "dearest_usd": dearest})
    except Unreadable as error:
        return _unpriced(resource, stack_team, f"cannot be priced: {error}")
    except Exception as error:  # where the arithmetic breaks there is no price, but the verdict must go on
        said = " ".join(f"{type(error).__name__}: {error}".split())
        return _unpriced(resource, stack_team, f"cannot be priced, for its price broke on it ({said})")
    if not (isfinite(bill.idle) and isfinite(bill.ceiling) and 0 <= bill.idle <= bill.ceiling):
        said = f"{bill.what} comes to {bill.idle:g} to {bill.ceiling:g} dollars"
        return _unpriced(resource, stack_team, f"cannot be priced: {said}")
    component = pricing.graph.component_of(resource)
    estimated = [f"{service} estimated from {region}" for service, region in sorted(pricing.estimated.items())]
    return CostLine(
        urn=resource.urn,
        resource=resource.name,
        component=component.type.rpartition(":")[2] if component else "Stack",
        team=facts.team(resource) or stack_team,
        what=bill.what,
        idle_usd=round(bill.idle, MILLIONTHS),
        ceiling_usd=round(bill.ceiling, MILLIONTHS),
        basis="; ".join([bill.basis, *estimated]),
        estimated=estimated,
        place=code_line(resource),
    )


def _at_dearest(pricing: Pricing, bills: Bills, resource: Resource) -> float | None:
    """The ceiling of a resource where its machines are dearest. None where no region has a price of one of them."""
    try:
        ceiling = bills.price(replace(pricing, estimated={}, dearest=True), resource).ceiling
    except Exception:  # what breaks here is known nowhere, and bounds nothing
        return None
    return ceiling if isfinite(ceiling) else None


def _per_unit(pricing: Pricing) -> Iterator[str]:
    """What follows traffic, each with its price a unit in this region."""
    for name, service in pricing.hardware.services.items():
        if service.by_traffic:
            price, region = pricing.of(name), pricing.estimated.get(name)
            yield f"{name}: ${price:g} per {service.unit}{f', estimated from {region}' if region else ''}"


def _unpriced(resource: Resource, stack_team: str, why: str) -> UnpricedResource:
    return UnpricedResource(
        urn=resource.urn,
        resource=resource.name,
        team=facts.team(resource) or stack_team,
        stack_key=resource.stack_key,
        why=why,
    )


def _by_team(lines: list[CostLine], unpriced: list[UnpricedResource]) -> dict[str, tuple[float, float]]:
    """Each team's floor and ceiling. A team of which nothing has a price is there too, with zero known."""
    of_each = {missing.team: list[CostLine]() for missing in unpriced}
    for line in lines:
        of_each.setdefault(line.team, []).append(line)
    return {
        team: (
            round(fsum(line.idle_usd for line in own), MILLIONTHS),
            round(fsum(line.ceiling_usd for line in own), MILLIONTHS),
        )
        for team, own in of_each.items()
    }


def _sources(pricing: Pricing) -> list[Source]:
    """The sources that prices in this region rest on."""
    hardware, region = pricing.hardware, pricing.region
    names = {hardware.family_of(use.machine_type, use.accelerator) for _, use in facts.uses(pricing.graph)}
    prices = [hardware.machine(name).price_per_hour_usd.get(region) for name in names if name]
    cited = {source for price in prices if price for source in (price.source, *price.others)}
    cited |= {s.price_sources.get(region, s.source) for s in hardware.services.values()}
    cited |= {source for source in (hardware.workspace_list, hardware.workspace_source) if source}
    return [hardware.sources[name] for name in sorted(cited)]


def _still_holds(source: Source) -> str:
    """What is assumed of a first-hand source that is old."""
    says = f": {source.says}" if source.says else ""
    return f"prices are still those of {source.address}{says} ({source.date}, more than {OLD_DAYS} days old)"


def _cited(source: Source, today: date) -> str:
    """A second-hand source as a reader sees it: its address, what it says there, its date, and whether that is old."""
    old = f", more than {OLD_DAYS} days old" if is_old(source, today) else ""
    return f"{source.address}{f': {source.says}' if source.says else ''} ({source.date}{old})"
