"""The words and figures that the report and the terminal share, so that both say the same of a verdict."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Literal, get_args

from catalogue.order import longest
from catalogue.wording import counted, in_words
from operations.verdict import (
    ChangedFinding,
    ChangedProperty,
    ChangedResource,
    Cost,
    CreatedNode,
    Excepted,
    Finding,
    RunPart,
    Standing,
    Step,
    StepChange,
    Verdict,
    Waived,
    WhatRuns,
)

# Characters that XML 1.0 forbids, that control a terminal, that reverse the reading order, or that are invisible.
_UNPRINTABLE = re.compile(
    "[^\t\n\u0020-\u007e\u00a0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    "|[\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]"
)
_STANDINGS: tuple[Standing, ...] = get_args(Standing)
_SEVERITIES = ("critical", "high", "medium", "low")


def printable(text: str) -> str:
    """The text without the characters that a report, an XML file or a terminal must not get."""
    return _UNPRINTABLE.sub("", text)


def unwritten(error: OSError) -> str:
    """Why a file of a stack cannot be written, and what to do. A disk that is full names no file."""
    what = f"{error.filename} cannot" if error.filename else "its report cannot"
    return f"{what} be written ({error.strerror}); make room there, or name another folder with --out"


def one_line(text: str) -> str:
    """The printable text on one line. White space is one space."""
    return " ".join(printable(text).split())


def dollars(amount: float) -> str:
    """An amount of dollars with cents. An amount above zero never reads as zero."""
    if 0 < abs(amount) < 0.005:
        return "<$0.01" if amount > 0 else ">-$0.01"
    return f"{'-' if amount < 0 else ''}${abs(amount):,.2f}"


ROUNDED = "Each figure is rounded to the cent by itself; a sum is of what was not rounded."
"""What is said beside figures and their sum, which may differ by cents from the sum of what is shown."""


def day(when: date) -> str:
    """A day in ISO 8601."""
    return when.isoformat()


def standing(finding: Finding) -> Standing:
    """Whether a finding fails the verdict, only advises, is waived by its stack, or excepted by the design."""
    if finding.excepted is not None:
        return "excepted"
    if finding.waived is not None:
        return "waived"
    return "fails" if finding.mandatory else "advisory"


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """The findings in reading order: failing, advisory, waived, excepted; in each group the most severe first."""
    return sorted(
        findings,
        key=lambda f: (_STANDINGS.index(standing(f)), _SEVERITIES.index(f.severity), f.rule, f.resource or ""),
    )


def grouped(findings: Iterable[Finding]) -> list[list[Finding]]:
    """The findings in reading order, those of one cause together: one standing, rule and remedy, and one sentence of
    several resources, or one component.
    """
    ordered = in_order(findings)
    often = Counter((each.rule, said(each)) for each in ordered)
    groups: dict[tuple[object, ...], list[Finding]] = {}
    for each in ordered:
        cause = said(each) if often[each.rule, said(each)] > 1 else each.component
        groups.setdefault((standing(each), each.severity, each.rule, each.remedy, cause), []).append(each)
    return list(groups.values())


def said(finding: Finding) -> str:
    """The sentence of a finding without the resource that it is about."""
    return finding.message.removeprefix(f"{finding.resource} ") if finding.resource else finding.message


def also(finding: Finding, others: Iterable[Finding]) -> str:
    """Of what else the sentence of a finding is true; empty where of nothing."""
    names = dict.fromkeys(other.resource or "the whole stack" for other in others if said(other) == said(finding))
    return f"The same is true of {in_words(names)}." if names else ""


def findings_in_words(findings: Sequence[Finding]) -> str:
    """The number of failing, advisory, waived and excepted findings, in one phrase."""
    if not findings:
        return "no finding"
    count = standings(findings)
    failing = f"{count['fails']} failing" if count["fails"] else "none failing"
    return f"{counted(len(findings), 'finding')}: {failing}, {rest_in_words(findings)}"


def standings_in_words(findings: Sequence[Finding]) -> str:
    """As `findings_in_words`, for a cell of a table: numbers alone."""
    return f"{standings(findings)['fails']} failing, {rest_in_words(findings)}"


def rest_in_words(findings: Sequence[Finding]) -> str:
    """The number of findings that do not fail, by their standing."""
    count = standings(findings)
    designed = f", {count['excepted']} excepted by the design" if count["excepted"] else ""
    return f"{count['advisory']} advisory, {count['waived']} waived{designed}"


def standings(findings: Iterable[Finding]) -> dict[Standing, int]:
    """How many findings there are of each standing."""
    count = dict.fromkeys(_STANDINGS, 0)
    for finding in findings:
        count[standing(finding)] += 1
    return count


def left(waived: Waived, today: date) -> str:
    """How long a waiver holds still, seen from a day: `12 days left`."""
    days = (waived.expires - today).days
    return f"{counted(days, 'day')} left" if days > 0 else "this is its last day"


def age(excused: Excepted | Waived, today: date) -> str:
    """When somebody decided it, seen from a day: `granted 2026-11-22, 4 days ago`. Empty where nobody says when."""
    verb, when = ("granted", excused.granted) if isinstance(excused, Waived) else ("decided", excused.decided)
    if when is None:
        return ""
    days = (today - when).days
    ago = f"{counted(days, 'day')} ago" if days > 0 else "today" if days == 0 else f"{counted(-days, 'day')} later"
    return f"{verb} {day(when)}, {ago}"


def waivers_in_words(verdict: Verdict) -> str:
    """How many findings are waived of which rule, the first waiver to end and the oldest. Empty where none is."""
    waived = [finding.waived for finding in verdict.findings if finding.waived]
    if not waived:
        return ""
    of = Counter(finding.rule for finding in verdict.findings if finding.waived)
    rules = ", ".join(f"{number} of {rule}" for rule, number in sorted(of.items()))
    first, oldest = min(waived, key=lambda each: each.expires), min(waived, key=lambda each: each.granted)
    ends = f"the first waiver ends on {day(first.expires)}, {left(first, verdict.judged_on)} ({first.owner})"
    oldest_said = f"the oldest was {age(oldest, verdict.judged_on)} ({oldest.owner})"
    return f"{counted(len(waived), 'waived finding')}: {rules}; {ends}; {oldest_said}"


def how_to_waive(finding: Finding, stack: str) -> str:
    """The sentence that says how a finding is waived, or why none may; empty for one that is excused already."""
    if finding.waiver:
        return f"To waive it, {WAIVE.format(stack=stack)}: {finding.waiver}"
    return f"It is never waived, for {finding.never_waived}." if finding.never_waived else ""


WAIVE = (
    "write under waivers, {stack} in organisation/waivers.yaml what follows, with an owner, a reason, the day on "
    "which it is granted and its last day; CODEOWNERS asks its owners to review that"
)
"""How a finding of a stack is waived, before the line that does it."""


def machines_of(part: RunPart) -> str:
    """How many machines of which type a part of a run has at once, and whether they are Spot machines."""
    return f"{part.count} × {part.machine}{', Spot' if part.spot else ''}" if part.machine else "unknown"


def lasts(part: RunPart) -> str:
    """How many hours of a run a part's machines bill at the most. What serves has no end."""
    if part.hours is not None:
        return f"{part.hours:g} h"
    return "no end" if part.does == "serves" else "unknown"


_AND_WAITS = "and the wait for Spot"


def run_lasts(row: WhatRuns) -> str:
    """How long a run lasts at the most. Where nothing bounds what it waits for Spot machines, how long without that;
    nothing where that is not known either.
    """
    if row.run_hours is not None:
        return f"{row.run_hours:g} h"
    if len(row.parts) == 1:
        return f"{lasts(row.parts[0])}{f' {_AND_WAITS}' if row.parts[0].spot and row.parts[0].hours else ''}"
    ends = {part.name: part.hours for part in row.parts}
    hours = {name: hours for name, hours in ends.items() if hours is not None}
    if len(hours) < len(row.parts) or not any(part.spot for part in row.parts):
        return ""
    return f"{longest(hours, {part.name: part.after for part in row.parts}):g} h {_AND_WAITS}"


def run_in_words(row: WhatRuns, trials: Mapping[str, str]) -> str:
    """On what machines a run is, its parts in their order: each of the next waits for one of those before.

    `trials` says of each part that searches how it does, in words.
    """
    stand = [part for part in row.parts if not part.beside]
    if len(stand) == 1:
        return f"{trials.get(stand[0].name, '')} on {_counted_machines(stand[0])}"
    turns, said = dict[str, int](), list[list[str]]()
    for part in stand:  # which come after those that they wait for
        turn = turns[part.name] = max((turns.get(one, -1) + 1 for one in part.after), default=0)
        said += [[] for _ in range(turn + 1 - len(said))]
        said[turn].append(f"{part.name}{trials.get(part.name, '')} on {_counted_machines(part)}")
    return f": {', then '.join(' beside '.join(one) for one in said)}"


def _counted_machines(part: RunPart) -> str:
    return part.machine if part.count == "1" else f"{part.count} × {part.machine}"


def run_cost(row: WhatRuns) -> str:
    """What a run costs at the most, and what that counts, in words."""
    if row.run_usd is None:
        return "at a price that is not known in this region"
    stand = [part for part in row.parts if not part.beside]
    tried = [one for part in stand if (one := _attempts(part))]
    counts = f"{in_words(tried)}," if tried else "each step once," if len(stand) > 1 else "one attempt,"
    beside = "".join(f", with the {part.name} on {_counted_machines(part)}" for part in row.parts if part.beside)
    spot = "; Spot machines cost less, and the wait for them nothing" if any(part.spot for part in stand) else ""
    return f"{dollars(row.run_usd)} at most: {counts} for all its hours{beside}, on demand{spot}"


def _attempts(part: RunPart) -> str:
    """How often a run may start a part, in words; empty where it does once."""
    of = f" of {part.name}" if part.name else ""
    if part.attempts is None:
        return f"any number of attempts{of}"
    return f"up to {part.attempts} attempts{of}" if part.attempts > 1 else ""


def without(stack: str, name: str) -> str:
    """A name without that of its stack before it, where all that is shown is of one stack."""
    return name.removeprefix(f"{stack}-")


def run_price(usd: float | None, ends: float | None) -> str:
    """What a run costs; what has no run bills by the month. `ends` is None where it has none."""
    return dollars(usd) if usd is not None else "by the month" if ends is None else "unknown"


def alarms_of(row: WhatRuns) -> str:
    """The alarms that watch something, without its own name before each."""
    return ", ".join(alarm.removeprefix(f"{row.name}-") for alarm in row.rings)


def known(cost: Cost, amount: float) -> str:
    """An amount of a bill, such as its ceiling. Where lines of the bill are unknown, it is "at least" that."""
    return f"{'at least ' if cost.unpriced else ''}{dollars(amount)}"


def unknown(cost: Cost) -> str:
    """How many lines of a bill are unknown, such as `2 lines unknown`. Empty where all are known."""
    return f"{counted(cost.unknown_lines, 'line')} unknown" if cost.unpriced else ""


def of_team(cost: Cost, team: str, amount: float) -> str:
    """An amount of one team. It is "at least" that where a line of the team is unknown."""
    return known(cost, amount) if any(missing.team == team for missing in cost.unpriced) else dollars(amount)


def phases_in_words(verdict: Verdict) -> str:
    """What stands and bills in each phase, in a sentence."""
    each = [
        f"{phase.name} ({counted(phase.resources, 'resource')}, {known(verdict.cost, phase.idle_usd)} to "
        f"{known(verdict.cost, phase.ceiling_usd)} a month)"
        for phase in verdict.phases
    ]
    return f"In the phases {' and '.join(each)}." if len(each) > 1 else f"In the phase {each[0]}." if each else ""


def bill_in_words(verdict: Verdict) -> str:
    """The bill a month and the budget, in one or two sentences. Where a line is unknown, no room is promised."""
    cost = verdict.cost
    but = f", {unknown(cost)}" if cost.unpriced else ""
    text = (
        f"The idle floor is {known(cost, cost.idle_usd)} a month and the ceiling {known(cost, cost.ceiling_usd)}{but}."
    )
    if cost.budget_usd is None:
        return f"{text} No budget is set."
    room = cost.budget_usd - cost.ceiling_usd
    if cost.idle_usd > cost.budget_usd:
        against = f"even the idle floor is {known(cost, cost.idle_usd - cost.budget_usd)} over it"
    elif room < 0:
        against = f"the ceiling is {known(cost, -room)} over it"
    elif cost.unpriced:
        against = "what is unknown may be more than is left of it"
    else:
        against = f"the ceiling is {dollars(room)} under it"
    return f"{text} The budget is {dollars(cost.budget_usd)}: {against}."


def changes_in_words(verdict: Verdict) -> str:
    """What changed since the earlier verdict, in a few sentences. Empty where nothing was compared."""
    since = verdict.changes
    if since is None:
        return ""
    if since.passed_before is None:
        return f"Compared with {since.since}: the stack did not exist then."
    hows = [(how, sum(resource.how == how for resource in since.resources)) for how in ("new", "gone", "changed")]
    resources = ", ".join(f"{number} {how}" for how, number in hows if number) or "the same"
    came = sum(finding.before is None for finding in since.findings)
    went = sum(finding.after is None for finding in since.findings)
    other = len(since.findings) - came - went
    parts = [(came, "came"), (went, "went"), (other, "stand otherwise")]
    findings = ", ".join(f"{number} {what}" for number, what in parts if number) or "the same"
    verdicts = {True: "PASS", False: "FAIL"}
    was = "" if since.passed_before == verdict.passed else f" It was {verdicts[since.passed_before]}."
    floor = _moved(since.idle_usd_before, verdict.cost.idle_usd)
    ceiling = _moved(since.ceiling_usd_before, verdict.cost.ceiling_usd)
    return (
        f"Compared with {since.since}:{was} Resources: {resources}. Findings: {findings}. "
        f"Idle floor: {floor}. Ceiling: {ceiling}."
    )


def _moved(before: float, after: float) -> str:
    more = round(after - before, 2)
    return f"{dollars(before)} before, {'+' if more > 0 else ''}{dollars(more)}" if more else "the same"


def changed_finding(finding: ChangedFinding) -> str:
    """How a finding's standing changed: `new, fails`, `gone, was advisory`, `waived, was fails`."""
    if finding.before is None:
        return f"new, {finding.after}"
    return f"{finding.after or 'gone'}, was {finding.before}"


def changed_property(item: ChangedProperty) -> str:
    """A changed property with both values."""
    return f"{item.path}: {item.before or 'nothing'} → {item.after or 'nothing'}"


def changed_properties(resource: ChangedResource, most: int) -> str:
    """The changed properties of a resource in one phrase, at most this many."""
    rest = len(resource.properties) - most
    said = [changed_property(item) for item in resource.properties[:most]]
    return "; ".join([*said, *([f"{rest} more"] if rest > 0 else [])])


def noun(type_: str) -> str:
    """The last word of a Pulumi type, such as `Subnet`."""
    return one_line(type_).rsplit(":", 1)[-1]


def times(number: int, kind: str) -> str:
    """A resource type counted, with a proper multiplication sign."""
    return f"{number} \N{MULTIPLICATION SIGN} {kind}"


def is_component(node: CreatedNode) -> bool:
    """Whether a node of the tree is a component: it has parts, or it is empty and counts zero."""
    return bool(node.children) or node.count == 0


def held(node: CreatedNode) -> int:
    """The number of resources in a node of the tree.

    A component itself does not count, for it is nothing in the cloud.
    """
    return sum(held(child) for child in node.children) if node.children else node.count


def kinds(node: CreatedNode, deep: bool) -> list[tuple[str, int]]:
    """The counted resource types in a component, the most frequent first.

    With `deep`, those of inner components too.
    """
    count: dict[str, int] = {}
    for child in node.children:
        if not is_component(child):
            count[noun(child.type)] = count.get(noun(child.type), 0) + child.count
        elif deep:
            for kind, number in kinds(child, deep):
                count[kind] = count.get(kind, 0) + number
    return sorted(count.items(), key=lambda item: (-item[1], item[0]))


def step_in_words(step: Step) -> str:
    """A step in one sentence: how many resources change, how, and what that changes a month."""
    told = hows_in_words(step.changes)
    stays = step.stands - sum(change.how != "create" for change in step.changes)
    if step.idle_usd is None or step.ceiling_usd is None:
        money = "What it costs a month more or less is unknown"
    else:
        idle, ceiling = signed_dollars(step.idle_usd), signed_dollars(step.ceiling_usd)
        money = f"It changes the idle floor by {idle} and the ceiling by {ceiling} a month"
    source = "the engine's own preview" if step.by == "engine" else step.since
    if not step.changes:
        return f"By {source}, nothing changes: {counted(stays, 'resource')} stay as they are."
    return f"By {source}: {told}; {stays} stay as they are. {money}."


def step_warnings(step: Step) -> list[str]:
    """What is told before anything else of a step: that what stands is not known whole, or stands elsewhere."""
    said: list[str] = []
    if step.pending:
        more = f", and {len(step.pending) - 3} more" if len(step.pending) > 3 else ""
        said.append(
            f"A cut run left {counted(len(step.pending), 'operation')} unfinished, and what was done may stand: "
            f"{', '.join(step.pending[:3])}{more}."
        )
    said += step.not_applied
    if step.moves:
        said.append(f"The stack file moves {step.moves}. Nothing that stands comes along.")
    return said


def signed_dollars(amount: float) -> str:
    """Dollars with their sign: `+$12.00`, `-$3.50`, `$0.00`."""
    sign = "" if round(amount, 2) == 0 else "+" if amount > 0 else "-"
    return f"{sign}{dollars(abs(amount))}"


def alike(changes: Sequence[StepChange]) -> list[tuple[StepChange, int]]:
    """The changes, and how many are alike: updates for one reason that cost nothing and endanger nothing are one."""
    groups: dict[tuple[str, ...], list[StepChange]] = {}
    for change in changes:
        quiet = change.how == "update" and change.costs[0] == change.costs[1] and not change.loud
        key = ("update", step_reason(change)) if quiet else (change.how, change.urn)
        groups.setdefault(key, []).append(change)
    return [(group[0], len(group)) for group in groups.values()]


_HOLDS: Mapping[str, str] = {
    "data": "holds data",
    "work": "holds people's work",
    "guard": "guards data",
    "unknown": "may hold data: the catalogue has no kind of its type",
}


def step_by_component(step: Step) -> list[tuple[str, list[StepChange]]]:
    """The changes by the component that makes them, or by `the stack`. A component with a loud one comes first."""
    groups: dict[str, list[StepChange]] = {}
    for change in step.changes:
        groups.setdefault(noun(change.component) if change.component else "the stack", []).append(change)
    return sorted(groups.items(), key=lambda group: (not any(one.loud for one in group[1]), group[0]))


def hows_in_words(changes: Sequence[StepChange]) -> str:
    """How many of the changes create, update, replace and delete: `1 to create, 2 to delete`."""
    hows = Counter(change.how for change in changes)
    return ", ".join(f"{hows[how]} to {how}" for how in ("create", "update", "replace", "delete") if hows[how])


def dollars_of(changes: Sequence[StepChange], which: Literal[0, 1]) -> str:
    """What several changes add a month: to the idle floor (0) or the ceiling (1)."""
    costs = [change.costs for change in changes]
    known = [(before, after) for before, after in costs if before is not None and after is not None]
    if len(known) < len(costs):
        return "unknown"
    return signed_dollars(sum(after[which] - before[which] for before, after in known))


def step_resource(change: StepChange) -> str:
    """The resource of a change, with what it is."""
    return f"{noun(change.type)} {change.resource}"


def step_dangers(change: StepChange) -> list[str]:
    """What a change takes away: what the resource holds or guards, its protection, its name."""
    parts = [_HOLDS[change.holds]] if change.holds else []
    if change.protected:
        parts.append("protected: the engine refuses")
    if change.unguarded:
        parts.append("protected no longer: the next step may delete it")
    if change.retained:
        parts.append("stays in the cloud, outside the stack")
    if change.name_held:
        parts.append(change.name_held)
    if change.name_needed:
        parts.append("the new one needs that name: the cloud refuses it")
    return parts


def step_properties(change: StepChange) -> list[str]:
    """What differs in a resource, at most three properties, and which of them replaces it."""
    parts = [f"{one.path}: {one.before or 'none'} → {one.after or 'none'}" for one in change.properties[:3]]
    if len(change.properties) > len(parts):
        parts.append(f"{len(change.properties) - len(parts)} more")
    if change.forced_by:
        parts.append(f"replaced for {', '.join(change.forced_by)}")
    return parts


def step_reason(change: StepChange) -> str:
    """What a change takes away, and why the resource changes."""
    return "; ".join([*step_dangers(change), *step_properties(change)])
