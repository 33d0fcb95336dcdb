"""Judges a step: what holds data or people's work, guards such, or is protected, goes only where the file allows it."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date

from catalogue.graph import Graph, Resource
from catalogue.kinds import behaviour_of
from catalogue.wording import counted
from operations.findings import finding
from operations.idle import exemptions
from operations.verdict import Finding, Step, StepChange, Verdict
from operations.words import standings
from policies import limits
from stacks.model import Allow, Exemption

_HOLDS = {
    "data": "holds data that cannot be made again",
    "work": "holds people's work",
    "guard": "guards what holds data: without it, nobody can read that or anybody can",
    "unknown": "may hold data, for the catalogue has no kind of its type",
}


def judged(
    verdict: Verdict, step: Step | None, allow: Allow | None, exempt: Mapping[str, Exemption], graph: Graph
) -> Verdict:
    """The verdict with what the stack file allows steps and lets stand idle, the step where one is judged, and what is
    wrong with either.

    `graph` has the resources that the findings are about.
    """
    today = verdict.judged_on
    found = [*verdict.findings, *allowances(allow, today, graph), *exemptions.findings(exempt, today, graph)]
    found += findings(step, allow, today, graph) if step else ()
    return verdict.model_copy(
        update={
            "step": step,
            "findings": sorted(found, key=lambda f: (not f.fails, f.excused, f.rule, f.resource or "")),
            "counts": {**standings(found)},
            "passed": verdict.passed and not any(one.fails for one in found),
        }
    )


def revived(allow: Allow | None, today: date, clock: date) -> str | None:
    """A sentence where an allowance that has ended holds, for the verdict is asked for a day before; otherwise None.

    A verdict follows from its day alone, so this is for the command that was given the day.
    """
    if allow is None or not today <= date.fromisoformat(allow.until) < clock:
        return None
    return f"--today {today}: mlplatform:allow ended on {allow.until}, and is judged here as if it had not"


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
                f"lets a step {how} {name} until {until}, judged on {today}: {allow.reason}",
                source="step",
                rule="step-allowance",
                severity="medium",
                mandatory=False,
                remedy="Take it out of mlplatform:allow once the step is done.",
            )


def findings(step: Step, allow: Allow | None, today: date, graph: Graph) -> Iterator[Finding]:
    """What a step may not do unless the stack file allows it, and what the stack file allows for nothing."""
    if step.pending:
        yield finding(
            graph,
            None,
            f"has {counted(len(step.pending), 'operation')} that a cut run left unfinished, so more may stand than "
            f"the step knows: {', '.join(step.pending)}",
            source="step",
            rule="step-cut-run",
            severity="high",
            remedy=f"Run `pulumi stack export --stack {graph.stack} --file out/{graph.stack}.json` and "
            f"`uv run mlplatform recover out/{graph.stack}.json`, do what it prints, and ask for the step again.",
        )
    if step.moves:
        yield finding(
            graph,
            None,
            f"moves {step.moves}: what stands does not come along, and the engine deletes it or loses sight of it",
            source="step",
            rule="step-elsewhere",
            severity="critical",
            remedy="Take the edit back, and write a stack file of another name for the other place.",
        )
    used: set[str] = set()
    for change in step.changes:
        yield from _unguarded(change, graph)
        yield from _name_taken(change, graph)
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


def _unguarded(change: StepChange, graph: Graph) -> Iterator[Finding]:
    if change.unguarded:
        yield finding(
            graph,
            graph.by_urn[change.urn],
            "would be protected no longer, so that the next step or `pulumi destroy` may delete it",
            source="step",
            rule="step-unprotects",
            severity="high",
            mandatory=False,
            remedy="Take the edit back, unless it is to go in the next step.",
        )


def _name_taken(change: StepChange, graph: Graph) -> Iterator[Finding]:
    """No allowance helps here: the cloud itself refuses the create, with the old one gone already."""
    if change.name_needed:
        why = change.name_held or "it stays in the cloud, outside the stack"
        yield finding(
            graph,
            replace(graph.by_urn.get(change.urn) or _gone(change), stack_key=change.stack_key),
            f"would go, and the step creates one under the same name: {why}, so that the cloud refuses the new one",
            source="step",
            rule="step-name-taken",
            severity="high",
            remedy="Take the edit back, or give the new one another name by the name of the stack or of the key.",
        )


def _refused(change: StepChange, graph: Graph) -> Iterator[Finding]:
    """What the cloud refuses to change while anything stands in it; half of an `up` would stand by then."""
    behaviour = behaviour_of(change.type)
    fixed = behaviour.fixed if behaviour is not None else ()
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
    if change.holds is None and not change.protected:
        return
    resource = graph.by_urn.get(change.urn) or _gone(change)
    why = _HOLDS[change.holds] if change.holds else "is protected"
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
