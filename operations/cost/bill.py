"""What a stack costs a month: the idle floor, with no traffic, and the ceiling, with everything at its maximum.

Read from the resource graph and the hardware catalogue. Every resource type is either priced by its platform's module
beside this one, free for a stated reason, or reported as unpriced: nothing bills unseen.
"""

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Protocol

from pulumi_policy import PolicyResource

from components.hardware import catalogue
from operations import facts
from operations.cost.prices import Bill, Prices, Unpriced
from operations.graph import Graph
from operations.policies import place
from operations.verdict import Cost, CostLine
from policies.rule import Stack, section

_NOBODY = "nobody"


class _Platform(Protocol):
    """What a platform's module has: what bills nothing and why, and a function for what bills."""

    FREE: Mapping[str, str]
    PRICED: Mapping[str, Callable[[Prices, PolicyResource], Bill]]


def _platform(name: str) -> _Platform:
    return import_module(f"operations.cost.{name}")  # pyright: ignore[reportReturnType]  # checked where it is used


def price(graph: Graph, stack: Stack, region: str) -> Cost:
    """Price every resource of the stack. Never raises for a missing price: what has none is in `unpriced`."""
    platform, read = _platform(graph.platform), facts.of(graph.platform)
    hardware = catalogue.load(graph.platform)
    prices = Prices(stack, hardware, region)
    stack_team = next((team for r in stack.resources if (team := _team(read, r)) not in (None, _NOBODY)), _NOBODY)
    lines: list[CostLine] = []
    unpriced: list[str] = []
    for resource in stack.resources:
        if resource.resource_type.startswith("pulumi:") or resource.resource_type in platform.FREE:
            continue
        pricing = platform.PRICED.get(resource.resource_type)
        if pricing is None:
            unpriced.append(f"{resource.name}: nothing is known of the cost of {resource.resource_type}")
            continue
        try:
            bill = pricing(prices, resource)
        except Unpriced as missing:
            unpriced.append(f"{resource.name}: the catalogue has no price of {missing}")
            continue
        node = graph.by_urn[resource.urn]
        parent = graph.by_urn.get(node.parent or "")
        lines.append(
            CostLine(
                resource=resource.name,
                component=parent.type.rpartition(":")[2] if parent else "Stack",
                team=_team(read, resource) or stack_team,
                what=bill.what,
                idle_usd=round(bill.idle, 2),
                ceiling_usd=round(bill.ceiling, 2),
                basis=bill.basis,
                place=place(node),
            )
        )
    lines.sort(key=lambda line: (-line.ceiling_usd, line.resource))
    budgets = list(read.budgets(stack))
    return Cost(
        lines=lines,
        idle_usd=round(sum(line.idle_usd for line in lines), 2),
        ceiling_usd=round(sum(line.ceiling_usd for line in lines), 2),
        by_team=_by_team(lines),
        budget_usd=sum(budgets) if budgets else None,
        assumptions=[f"{a.value:g} {a.unit}: {a.reason}" for a in hardware.assumptions.values()],
        unpriced=unpriced,
        second_hand=sorted(_second_hand(prices, read)),
    )


def _team(read: facts.Facts, resource: PolicyResource) -> str | None:
    """Whose a resource is by its own tags; None where it cannot carry any, and is whose the stack is."""
    at = read.tags_at(resource.resource_type)
    return str(section(resource.props, at).get("team", _NOBODY)) if at else None


def _by_team(lines: list[CostLine]) -> dict[str, tuple[float, float]]:
    teams: dict[str, tuple[float, float]] = {}
    for line in lines:
        idle, ceiling = teams.get(line.team, (0.0, 0.0))
        teams[line.team] = (round(idle + line.idle_usd, 2), round(ceiling + line.ceiling_usd, 2))
    return teams


def _second_hand(prices: Prices, read: facts.Facts) -> Iterator[str]:
    """The second-hand sources that prices in this region rest on: their address and date."""
    names = {prices.hardware.family_of(use.machine_type, use.accelerator) for use in read.uses(prices.stack)}
    families = [prices.hardware.families[name] for name in names if name]
    cited = {f.price_per_hour_usd[prices.region].source for f in families if prices.region in f.price_per_hour_usd}
    cited |= {s.price_sources.get(prices.region, s.source) for s in prices.hardware.services.values()}
    for name in cited:
        source = prices.hardware.sources[name]
        if source.hand == "second":
            yield f"{source.address} ({source.date})"
