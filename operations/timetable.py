"""What runs, and when: endpoints, batch jobs, training jobs, searches and pipelines, each with its parts in order.

All of it is read from the resource graph by the records of the kinds, the same on every platform.
"""

import re
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Use
from catalogue.kind import Runs, Watches
from catalogue.kinds import kind_of
from catalogue.machines import Machines
from catalogue.once import once_a_graph
from catalogue.order import in_order, longest, most_at_once
from catalogue.pricing import Pricing, Unpriced
from catalogue.served import endpoint_of
from catalogue.work import PEOPLE, Part, Work
from operations.bill import MILLIONTHS
from operations.verdict import RunPart, WhatRuns

_STAND: Collection[Use] = ("online", "async")
"""The uses of machines that stand as long as their resource does."""
_FINE = 1_000_000_000
"""How fine the dollars of an hour are counted where they are added up as whole numbers."""
_NAME = re.compile(r"[\w.-]+")


def of(graph: Graph, region: str) -> list[WhatRuns]:
    """Everything that runs, endpoints first. What cannot be read is there too, and says why.

    A person's own machine is not: it runs when that person starts it.
    """
    pricing = Pricing(graph, catalogue.load(graph.platform), region)
    watched = _watched(graph)
    found = list[WhatRuns]()
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is None or not isinstance(kind.runs, Runs):
            continue
        try:
            row = _row(pricing, kind.runs, resource, watched)
        except Exception as error:  # a rule makes the finding of it, and a reader must see that it runs
            said = " ".join(str(error).split()) or type(error).__name__
            row = WhatRuns(urn=resource.urn, name=resource.name, what="unknown", unread=said)
        if row is not None:
            found.append(row)
    return sorted(found, key=lambda row: (bool(row.unread), not row.what.endswith("endpoint"), row.what, row.name))


def _row(
    pricing: Pricing, runs: Runs, resource: Resource, watched: Mapping[str, Sequence[Resource]]
) -> WhatRuns | None:
    if runs.work is None:
        return _standing(pricing.graph, runs, resource, watched)
    work = runs.work(pricing.graph, resource)
    if work is None:
        return None
    order = list(ordered(work))
    costs = [_cost(pricing, part) for part, _, _ in order]
    parts = [_part(part, near, cost) for (part, near, _), cost in zip(order, costs, strict=True)]
    people = [start for start in work.starts if start.by == PEOPLE]
    return WhatRuns(
        urn=resource.urn,
        name=_name(pricing.graph, resource),
        what=work.what,
        parts=parts,
        when=[start.when for start in work.starts] or ["nothing of the stack starts it"],
        started_by=[start.by for start in work.starts if start not in people] + [PEOPLE] * bool(people),
        a_month=round(sum(start.a_month for start in work.starts), 2) if work.starts else None,
        run_hours=_longest(work, parts),
        run_usd=_run(work, parts, costs, {part.name: every for part, _, every in order}),
        rings=_names(watched, (resource, *work.others), work.called),
    )


def _standing(
    graph: Graph, runs: Runs, resource: Resource, watched: Mapping[str, Sequence[Resource]]
) -> WhatRuns | None:
    """What stands as long as its resource does; None where nothing of it serves."""
    stands = [one for one in runs.machines(graph, resource) if one.use in _STAND]
    if not stands:
        return None
    low, high = sum(one.low for one in stands), sum(one.high for one in stands)
    hours = list(runs.hours(graph, resource)) if runs.hours else []
    always = "all the time" if low else "from zero, as it is asked"
    return WhatRuns(
        urn=resource.urn,
        name=stands[0].user,
        what=endpoint_of(runs.serves(graph, resource)) if runs.serves else stands[0].use,
        parts=[
            RunPart(name=one.part, does="serves", machine=replace(one, part="").said, count=_count(one))
            for one in stands
        ],
        when=hours or [always],
        started_by=["its scaling"] if low != high else ["the stack"],
        rings=_names(watched, (resource, *_by_name(graph).get(stands[0].user, ())), ()),
    )


@once_a_graph
def _by_name(graph: Graph) -> Mapping[str, list[Resource]]:
    """The resources of the cloud by their names, such as the endpoint that a deployment is of."""
    found = dict[str, list[Resource]]()
    for resource in graph.cloud:
        found.setdefault(resource.name, []).append(resource)
    return found


def _name(graph: Graph, resource: Resource) -> str:
    """The name of the component where the resource is its child, such as the schedule of a batch job."""
    made_by = graph.component_of(resource)
    return made_by.name if made_by and resource.name.startswith(f"{made_by.name}-") else resource.name


def _cost(pricing: Pricing, part: Part) -> float | None:
    """What the machines of a part cost in a run at the most; None where its hours or a price are unknown."""
    try:
        hour = sum(one.high * pricing.hour(one) for one in part.machines)
    except Unpriced:
        return None
    return hour * part.hours if part.hours is not None else None


def _part(part: Part, after: Iterable[str], cost: float | None) -> RunPart:
    return RunPart(
        name=part.name,
        does=part.does,
        machine="; ".join(dict.fromkeys(replace(one, part="").said for one in part.machines)),
        count=" + ".join(_count(one) for one in part.machines),
        spot=any(one.spot for one in part.machines),
        hours=part.hours,
        attempts=part.attempts,
        beside=part.beside,
        after=sorted(after),
        usd=None if cost is None else round(cost, MILLIONTHS),
    )


def _count(machines: Machines) -> str:
    return f"{machines.high}" if machines.low == machines.high else f"{machines.low} to {machines.high}"


def _longest(work: Work, parts: Sequence[RunPart]) -> float | None:
    """How long a run lasts at the longest: by its own bound, or the longest way from part to part. None where nothing
    bounds a part, or what a part waits for Spot machines.
    """
    if work.hours is not None:
        return work.hours
    lasts = defaultdict[str, float](float)
    for part in parts:
        if part.hours is None or part.spot:
            return None
        lasts[part.name] += part.hours
    return longest(lasts, work.waits)


def _run(
    work: Work, parts: Sequence[RunPart], costs: Sequence[float | None], before: Mapping[str, frozenset[str]]
) -> float | None:
    """What the machines of a run cost at the most: the sum of its parts, rounded once; None where one is unknown.

    Where the run as a whole has a bound, it is no more than all that may be at once costs until then.
    """
    known = [cost for cost in costs if cost is not None]
    if len(known) < len(costs):
        return None
    if work.hours is None or len(before) < len(costs):
        return round(sum(known), 2)
    of_each = zip(parts, costs, strict=True)
    rates = {part.name: round(_FINE * cost / part.hours) for part, cost in of_each if cost and part.hours}
    return round(min(sum(known), most_at_once(rates, before) * work.hours / _FINE), 2)


def ordered(work: Work) -> Iterator[tuple[Part, frozenset[str], frozenset[str]]]:
    """Each part after those that it waits for, with the nearest of these, and all of them. Of what is no part, what it
    waits for counts.

    A part whose place nobody knows comes last, as it was told.
    """
    named = {part.name for part in work.parts}
    before, every = dict[str, frozenset[str]](), dict[str, frozenset[str]]()
    for name in in_order(work.waits):
        direct = [frozenset({one}) if one in named else before[one] for one in work.waits[name]]
        ends = frozenset[str]().union(*direct)
        every[name] = ends.union(*(every[one] for one in ends))
        before[name] = ends - frozenset[str]().union(*(every[one] for one in ends))
    place = {name: number for number, name in enumerate(before)}
    for part in sorted(work.parts, key=lambda part: place.get(part.name, len(place))):
        yield part, before.get(part.name, frozenset()), every.get(part.name, frozenset())


# ---- alarms ---------------------------------------------------------------------------------------------------------


def _watched(graph: Graph) -> Mapping[str, list[Resource]]:
    """The alarms by the URN of what each names or is made of, and by each word of what it says it watches."""
    found = dict[str, list[Resource]]()
    for alarm in graph.cloud:
        kind = kind_of(alarm.type)
        if kind is None or not isinstance(kind.watches, Watches):
            continue
        words = {word for path in kind.watches.at for word in _words(alarm.inputs.get(path))}
        made_of = {urn for path in kind.watches.at for urn in alarm.property_dependencies.get(path, ())}
        for key in words | made_of:
            found.setdefault(key, []).append(alarm)
    return found


def _words(value: object) -> Iterator[str]:
    """The names that a value may have in it: whole texts, and what stands in quotes or at the end of an address."""
    if isinstance(value, str):
        yield value
        yield from _NAME.findall(value)
    elif isinstance(value, Mapping):
        for one in cast("Mapping[str, object]", value).values():
            yield from _words(one)
    elif isinstance(value, list):
        for one in cast("list[object]", value):
            yield from _words(one)


def _names(
    watched: Mapping[str, Sequence[Resource]], resources: Iterable[Resource], called: Iterable[str]
) -> list[str]:
    """The alarms that watch one of these resources, or something that is called so."""
    keys = [key for one in resources for key in (one.urn, *one.names)]
    return sorted({alarm.name for key in (*keys, *called) for alarm in watched.get(key, ())})
