"""The step: what a stack file would create, update, replace and delete of what stands, and what that costs.

Where what stands was read from a preview of the engine's, the engine's own step is taken. Otherwise the program is run
over what stands, and a kind's record says what replaces it; our own provider says whether an update of its own makes a
new version. The value of a secret is not compared: nobody reads it.
"""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, Literal

from catalogue.differences import not_applied
from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.kind import Holds, Personal, Stays
from catalogue.kinds import kind_of
from catalogue.marked import unmarked, without_defaults
from catalogue.platforms import PLATFORMS
from operations import bill, facts
from operations.changes import differences
from operations.preview import Program, Programs
from operations.recovery import id_of
from operations.standing.reading import How, Standing
from operations.verdict import Cost, Step, StepChange
from stacks.model import NAMESPACE

_ORDER = ("delete", "replace", "update", "create")


def run(program: Program, standing: Standing, programs: Programs, today: date) -> tuple[Graph, float, Step]:
    """Run the offline preview of a stack file. Returns its graph, its processor seconds, and the step to it.

    Raises as `step` and `Programs.run` do.
    """
    planned, seconds = programs.run(program)
    region = facts.of(program.platform).account_and_region(planned)[1]
    return planned, seconds, step(program, standing, programs, planned, region, today)


def step(program: Program, standing: Standing, programs: Programs, planned: Graph, region: str, today: date) -> Step:
    """The step from what stands to what the stack file says. `planned` is the graph of the offline preview.

    Raises as `Programs.step` does, and BadInput where the engine's preview is of another edit, or only of a part.
    """
    if standing.planned is not None:
        _check_preview(program, standing, standing.planned, planned)
    foreseen, changed = _foreseen(program, standing, programs)
    place, hows = place_of(planned), hows_of(standing, foreseen, changed)
    ids = {
        id_
        for urn, how in hows.items()
        if how in ("create", "replace") and urn in planned.by_urn and (id_ := _id(planned.by_urn[urn], place))
    }
    before, after = _bills(bill.price(standing.graph, region, today)), _bills(bill.price(planned, region, today))
    changes = [
        change_of(standing, foreseen, urn, how, changed.get(urn) or {}, before, after) for urn, how in hows.items()
    ]
    was = place_of(standing.graph)
    changes = [
        one.model_copy(update={"name_needed": _id(standing.graph.by_urn[one.urn], was) in ids}) if _held(one) else one
        for one in changes
    ]
    changes += [_going(standing, one) for one in standing.going]
    changes.sort(key=lambda change: (_ORDER.index(change.how), not change.loud, change.resource, change.urn))
    return Step(
        since=standing.since,
        by="engine" if standing.planned is not None else "program",
        stands=len(standing.graph.cloud),
        pending=list(standing.pending),
        not_applied=list(not_applied(planned, standing.graph, lambda urn: hows.get(urn, "update") == "update")),
        moves=moves(was, place),
        changes=changes,
        idle_usd=_sum(changes, 0),
        ceiling_usd=_sum(changes, 1),
    )


def _check_preview(program: Program, standing: Standing, foreseen: Graph, planned: Graph) -> None:
    """Refuse a preview of another edit, of `--target`, of a program that broke, or one that leaves out what stays.

    Each hides what would be deleted or replaced: what has no step is not known to stay.
    """
    again = (
        "write it again with `pulumi preview --json --show-sames --show-replacement-steps`, without --target and "
        "--exclude"
    )
    asked, said = _asked(program.config), _asked(standing.config)
    for key in sorted({*asked, *said}):
        if asked.get(key) != said.get(key):
            raise BadInput(f"--standing: {standing.since} was made of another {key} than {program.file} has; {again}")
    old, new = ({resource.urn: resource.name for resource in graph.cloud} for graph in (foreseen, planned))
    if kept := sorted(name for urn, name in old.items() if urn not in new):
        raise BadInput(f"--standing: {standing.since} keeps {kept[0]}, which {program.file} does not ask for; {again}")
    stands = {resource.urn: resource.name for resource in standing.graph.cloud}
    if untold := sorted(name for urn, name in {**stands, **new}.items() if urn not in standing.told):
        raise BadInput(f"--standing: {standing.since} has no step for {untold[0]}; {again}")


def _asked(config: Mapping[str, str]) -> dict[str, Any]:
    """The values that the program reads, as what they mean: the engine writes the same JSON in another order."""
    ours = {key: said for key, said in config.items() if key.startswith(f"{NAMESPACE}:")}
    not_deployed = (f"{NAMESPACE}:allow", f"{NAMESPACE}:idle")
    return {key: _meant(said) for key, said in ours.items() if key not in not_deployed}


def _meant(said: str) -> Any:
    try:
        return json.loads(said)
    except ValueError:
        return said


Told = Mapping[str, Any]
Money = Mapping[str, tuple[float, float] | None]


def _foreseen(program: Program, standing: Standing, programs: Programs) -> tuple[Graph, Mapping[str, Told]]:
    """The graph after the step, and what differs of each resource that stands in both."""
    if standing.planned is None:
        return programs.step(program, standing.graph)
    old, new = standing.graph.by_urn, standing.planned.by_urn
    told = {
        urn: {
            "changed": one.changed,
            "replaced": one.replaced,
            "how": one.how,
            "before": old[urn].inputs,
            "after": new[urn].inputs,
        }
        for urn, one in standing.foreseen.items()
        if urn in old and urn in new
    }
    return standing.planned, told


def hows_of(standing: Standing, after: Graph, changed: Mapping[str, Told]) -> dict[str, How]:
    """How each resource of the cloud changes. What stays as it is has no entry."""
    old, new = ({r.urn: r for r in graph.cloud} for graph in (standing.graph, after))
    found: dict[str, How] = {}
    for urn in sorted({*old, *new}):
        if urn not in new:
            found[urn] = "delete"
        elif urn not in old:
            found[urn] = "create"
        elif urn in changed:
            replaced = changed[urn]["replaced"] or changed[urn].get("how") == "replace"
            found[urn] = "replace" if replaced else "update"
        elif old[urn].protect != new[urn].protect:
            found[urn] = "update"
    return found


def change_of(
    standing: Standing,
    foreseen: Graph,
    urn: str,
    how: How,
    told: Told,
    before: Money,
    after: Money,
) -> StepChange:
    """How one resource changes. `told` is what differs in it; `before` and `after` are what each costs."""
    old, new = standing.graph.by_urn.get(urn), foreseen.by_urn.get(urn)
    resource = new or standing.graph.by_urn[urn]
    component = (foreseen if new else standing.graph).component_of(resource)
    properties = [
        one
        for key in told.get("changed", ())
        for one in differences(key.partition(".")[0].partition("[")[0], told["before"], told["after"])
    ]
    if old and new and old.protect != new.protect:
        properties += differences("protect", {"protect": old.protect}, {"protect": new.protect})
    goes = old if how in ("replace", "delete") else None
    return StepChange(
        urn=urn,
        resource=resource.name,
        type=resource.type,
        component=component.type if component else None,
        stack_key=resource.stack_key,
        how=how,
        properties=list({one.path: one for one in properties}.values()),
        forced_by=sorted(told.get("replaced", ())),
        holds=_holds(goes) if goes else None,
        protected=bool(goes and goes.protect),
        unguarded=bool(old and new and old.protect and not new.protect),
        retained=bool(goes and urn in standing.retained),
        name_held=_name_held(goes) if goes else None,
        costs=(before.get(urn, (0.0, 0.0)) if old else (0.0, 0.0), after.get(urn, (0.0, 0.0)) if new else (0.0, 0.0)),
    )


def _going(standing: Standing, resource: Resource) -> StepChange:
    """What the next update deletes, whatever the stack file says: its replacement was made, and it was left behind."""
    return StepChange(
        urn=resource.urn,
        resource=resource.name,
        type=resource.type,
        component=None,
        stack_key=None,
        how="delete",
        properties=[],
        holds=_holds(resource),
        protected=resource.protect,
        retained=resource.urn in standing.retained,
        name_held=_name_held(resource),
        costs=(None, (0.0, 0.0)),
    )


def place_of(graph: Graph) -> tuple[str, str]:
    """The account and the region that the stack's provider is of; empty where the graph does not say."""
    record = PLATFORMS[graph.platform]
    return facts.of(graph.platform).account_and_region(graph) if any(graph.of(record.provider)) else ("", "")


def moves(before: tuple[str, str], after: tuple[str, str]) -> str | None:
    """From where to where a stack file moves. The URNs stay the same, so the changes alone would not tell it."""
    said = [
        f"from {what} {old} to {new}"
        for what, old, new in zip(("account", "region"), before, after, strict=True)
        if old and new and old != new
    ]
    return " and ".join(said) or None


def _id(resource: Resource, place: tuple[str, str]) -> str:
    """The id that a resource of these inputs has, where it follows from them."""
    return id_of(resource.urn, resource.type, unmarked(without_defaults(resource.inputs)), *place)


def _held(change: StepChange) -> bool:
    """Whether a create under the name of what goes would be refused at once."""
    kind = kind_of(change.type)
    if change.how not in ("replace", "delete") or kind is None:
        return False
    return change.retained or (isinstance(kind.stays, Stays) and kind.stays.back == 0)


def _holds(resource: Resource) -> Literal["data", "work", "guard", "unknown"] | None:
    kind = kind_of(resource.type)
    if kind is None:
        return "unknown"
    if isinstance(kind.holds, Personal):
        return "work" if kind.holds.of(resource) else None
    return kind.holds.what if isinstance(kind.holds, Holds) else None


def _name_held(resource: Resource) -> str | None:
    """Why and how long the name of a resource stays taken once it is deleted; None where it does not, or is made up."""
    kind = kind_of(resource.type)
    if kind is None:
        return None
    if not isinstance(kind.stays, Stays):
        return None
    until = kind.stays.taken(resource.inputs)[1]
    return f"its name stays taken {'for ever' if until is None else f'for {until:g} days'}"


def _bills(cost: Cost) -> Money:
    """The idle floor and ceiling of each resource by URN; None where its price is unknown."""
    known: dict[str, tuple[float, float] | None] = {line.urn: (line.idle_usd, line.ceiling_usd) for line in cost.lines}
    return {**known, **{one.urn: None for one in cost.unpriced}}


def _sum(changes: list[StepChange], which: Literal[0, 1]) -> float | None:
    """What the step adds a month; None where a price is unknown."""
    found = list(_differences(changes, which))
    return None if None in found else round(sum(one for one in found if one is not None), 2)


def _differences(changes: list[StepChange], which: Literal[0, 1]) -> Iterator[float | None]:
    for change in changes:
        before, after = change.costs
        yield None if before is None or after is None else after[which] - before[which]
