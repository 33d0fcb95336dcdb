"""Judges a step: what holds data or people's work, guards such, or is protected, goes only where the file allows it."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from catalogue.graph import Graph, Resource
from catalogue.kind import Acts
from catalogue.kinds import kind_of
from operations.findings import finding
from operations.verdict import Finding, Step, StepChange, Verdict
from operations.words import standings
from policies import limits
from stacks.model import Allow

_HOLDS = {
    "data": "holds data that cannot be made again",
    "work": "holds people's work",
    "guard": "guards what holds data: without it, nobody can read that or anybody can",
}
_UNKNOWN = "may hold data, for the catalogue has no kind of its type"


def judged(verdict: Verdict, step: Step | None, allow: Allow | None, graph: Graph) -> Verdict:
    """The verdict with what the stack file allows steps, the step where one is judged, and what is wrong with either.

    `graph` has the resources that the findings are about.
    """
    found = [*verdict.findings, *allowances(allow, verdict.judged_on, graph)]
    found += findings(step, allow, verdict.judged_on, graph) if step else ()
    return verdict.model_copy(
        update={
            "step": step,
            "findings": sorted(found, key=lambda f: (not f.fails, f.excused, f.rule, f.resource or "")),
            "counts": {**standings(found)},
            "passed": verdict.passed and not any(one.fails for one in found),
        }
    )


def allowances(allow: Allow | None, today: date, graph: Graph) -> Iterator[Finding]:
    """What the stack file lets a step destroy, told with or without a step, for whoever reviews the file.

    An allowance waives what keeps what stands, so its last day is no further away than the limit `waiver-days`.
    """
    if allow is None:
        return
    most = limits.load().limits["waiver-days"]
    until = date.fromisoformat(allow.until)
    if (days := (until - today).days) > most.number:
        yield finding(
            graph,
            None,
            f"allows steps until {until}, which is {days} days away, allowed: {most.number:g} (waiver-days of "
            f"{most.file})",
            source="step",
            rule="step-allowance-ends",
            severity="high",
            remedy="Set mlplatform:allow.until to the day by which the step is done.",
        )
    for how, named in (("replace", allow.replace), ("delete", allow.delete)):
        for name in named if today <= until else ():
            yield finding(
                graph,
                None,
                f"lets a step {how} {name} until {until}: {allow.reason}",
                source="step",
                rule="step-allowance",
                severity="medium",
                mandatory=False,
                remedy="Take it out of mlplatform:allow once the step is done.",
            )


def findings(step: Step, allow: Allow | None, today: date, graph: Graph) -> Iterator[Finding]:
    """What a step may not do unless the stack file allows it, and what the stack file allows for nothing."""
    used: set[str] = set()
    for change in step.changes:
        if change.how not in ("replace", "delete"):
            yield from _refused(change, graph)
            continue
        allowed = allow is not None and change.resource in (allow.replace if change.how == "replace" else allow.delete)
        used |= {change.resource} if allowed else set()
        if allowed and allow is not None and today <= date.fromisoformat(allow.until):
            continue
        yield from _destroyed(change, allow if allowed else None, graph)
    named = {*allow.replace, *allow.delete} if allow else set[str]()
    for name in sorted(named - used):
        yield finding(
            graph,
            None,
            f"allows a step that destroys {name}, and this step does not",
            source="step",
            rule="step-allowance-used",
            severity="low",
            mandatory=False,
            remedy=f"Take {name} out of mlplatform:allow, so that no later step goes through by it.",
        )


def _refused(change: StepChange, graph: Graph) -> Iterator[Finding]:
    """What the cloud refuses to change while anything stands in it; half of an `up` would stand by then."""
    kind = kind_of(change.type)
    fixed = kind.acts.behaviour.fixed if kind is not None and isinstance(kind.acts, Acts) else ()
    at = sorted({one.path for one in change.properties if one.path.partition(".")[0].partition("[")[0] in fixed})
    if change.how == "update" and at:
        yield finding(
            graph,
            replace(graph.by_urn.get(change.urn) or _gone(change), stack_key=change.stack_key),
            f"would be changed at {', '.join(at)}, which the cloud refuses while anything stands in it",
            source="step",
            rule="step-refused",
            severity="high",
            remedy="Take the edit back; or bring up a stack of another name beside this one, and move what calls it.",
        )


def _destroyed(change: StepChange, expired: Allow | None, graph: Graph) -> Iterator[Finding]:
    known = kind_of(change.type) is not None
    if known and change.holds is None and not change.protected:
        return
    resource = graph.by_urn.get(change.urn) or _gone(change)
    why = _HOLDS.get(change.holds or "") or ("is protected" if change.protected else _UNKNOWN)
    forced = f" because of {', '.join(change.forced_by)}" if change.forced_by else ""
    stays = ", and the cloud keeps it, outside the stack" if change.retained else ""
    held = f"; {change.name_held}" if change.name_held else ""
    ended = f", and the allowance ended on {expired.until}" if expired else ""
    yield finding(
        graph,
        replace(resource, stack_key=change.stack_key),
        f"would be {'replaced' if change.how == 'replace' else 'deleted'}{forced}, and {why}{stays}{held}{ended}",
        source="step",
        rule="step-keeps-state",
        severity="high",
        remedy=f"Take the edit back, or copy what it holds and allow the step: mlplatform:allow: "
        f"{{{change.how}: [{change.resource}], reason: …, until: 'YYYY-MM-DD'}}.",
    )


def _gone(change: StepChange) -> Resource:
    return Resource(urn=change.urn, type=change.type, name=change.resource, custom=True)
