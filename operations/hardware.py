"""Hardware fit: whether each family of a stack is sold in the region, takes its use, and fits its quota."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from catalogue import quotas
from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.machines import Machines
from catalogue.platforms import PLATFORMS
from operations import facts
from operations.verdict import Draw, HardwareUse
from policies import limits

MOST_REGIONS = 6
"""How many regions a sentence names."""


def fit(graph: Graph, region: str) -> list[HardwareUse]:
    """One row for each use of hardware, but for what people start by themselves.

    `needed` is what this row may draw from its quota at once, in the quota's unit.
    """
    hardware = catalogue.load(graph.platform)
    declared = limits.of(graph).quotas
    rows: list[HardwareUse] = []
    for resource, use in facts.uses(graph):
        if use.high == 0:
            continue
        family_name = quotas.family_of(graph.platform, use)
        family = hardware.machine(family_name) if family_name else None
        quota_name, needed = quotas.draw(graph.platform, use)
        limit = declared.get(quota_name)
        beside = [
            Draw(quota_name=name, needed=more, declared=int(own.number) if (own := declared.get(name)) else None)
            for name, more in quotas.beside(graph.platform, use)
        ]
        rows.append(
            HardwareUse(
                urn=resource.urn,
                stack_key=resource.stack_key,
                name=f"{use.user} ({use.part})" if use.part else use.user,
                family=family_name or "unknown",
                machine_type=replace(use, part="").said,  # the name has the part
                use=use.use,
                replicas=str(use.high) if use.low == use.high else f"{use.low} to {use.high}",
                sold_in_region=bool(family and family.sold_in(region, use.use)),
                sold_in=family.sold_for(use.use) if family else [],
                retires=family.retires if family else None,
                may_serve=bool(family and use.use in family.uses),
                quota_name=quota_name,
                needed=needed,
                declared=int(limit.number) if limit else None,
                beside=beside,
            )
        )
    return rows


def problems(rows: list[HardwareUse], platform: str, region: str) -> Iterator[tuple[HardwareUse, str, str]]:
    """Each row that does not fit, with the end of a sentence about it, and what mends that.

    What does not fit a declared quota is the rule `quota-declared`'s to find, and `undeclared` names the others.
    """
    for row in rows:
        uses = f"uses {row.family} ({row.machine_type})"
        if not row.sold_in_region:
            remedy = "Choose a family that is sold there, or another region, in the stack file."
            yield row, f"{uses} for {row.use}, which no source shows in {region}{_elsewhere(row)}", remedy
        if not row.may_serve:
            remedy = f"Choose a family that serves {row.use}, in the stack file."
            yield row, f"{uses} for {row.use}, which {PLATFORMS[platform].product} does not accept", remedy


def retiring(rows: list[HardwareUse]) -> Iterator[tuple[HardwareUse, date]]:
    """Each row whose machine the platform has taken, or will take, out of service, with the day.

    Azure restricts such a series in new subscriptions as soon as its end is announced ("Retired Azure VM size series",
    https://learn.microsoft.com/en-us/azure/virtual-machines/sizes/retirement/retired-sizes-list).
    """
    return ((row, row.retires) for row in rows if row.retires is not None)


def _elsewhere(row: HardwareUse) -> str:
    """Where the machine is sold instead, as the end of a sentence."""
    shown = row.sold_in[:MOST_REGIONS]
    more = f" and {len(row.sold_in) - len(shown)} more" if len(row.sold_in) > len(shown) else ""
    return f"; it is sold in {', '.join(shown)}{more}" if shown else ""


def at_once(graph: Graph) -> Counter[str]:
    """How much of each quota the machines of all resources need at once, but for what people start by themselves."""
    used: dict[str, list[Machines]] = {}
    for resource, machines in facts.uses(graph):
        if machines.high:
            used.setdefault(machines.run or resource.urn, []).append(machines)
    return sum((quotas.at_once(graph.platform, each) for each in used.values()), Counter[str]())


def undeclared(graph: Graph) -> str | None:
    """What is to be asked for before anybody knows that the quotas are enough. None where each is declared."""
    declared = limits.of(graph).quotas
    needed = Counter({name: more for name, more in quotas.of_graph(graph).items() if name not in declared})
    needed.update({name: count for name, count in at_once(graph).items() if name not in declared})
    if not needed:
        return None
    asked = ", ".join(f"{count} of '{name}'" for name, count in needed.items())
    where = limits.where_declared(graph.platform, graph.placement)
    return f"nobody declared that the account has {asked}: ask for it, and write what was granted in {where}"
