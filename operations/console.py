"""The verdict in the terminal. A person reads it in a minute, also in a pipe and without colour."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from catalogue.wording import counted
from operations import words
from operations.comparison import Comparison, proofs_in_words
from operations.verdict import CreatedNode, Finding, Step, Verdict, WhatRuns

_TREE_LINES = 25
_TOP_LINES = 5
_CHANGES = 10
"""The changed findings, and the changed resources, that are shown."""
_GUIDE = 4
"""The width that a tree's guides take on each line and level."""
_STYLES = {
    "PASS": "bold green",
    "FAIL": "bold red",
    "proved": "bold green",
    "rehearsed": "green",
    "planned": "cyan",
    "failed": "bold red",
    "not yet": "yellow",
    "fails": "bold red",
    "advisory": "yellow",
    "waived": "dim",
    "excepted": "dim",
}


def render(verdict: Verdict, console: Console, report: Path | None = None) -> None:
    """Print the verdict. The last line names the page `report`. States are words; colour only helps."""
    _headline(verdict, console)
    _changes(verdict, console)
    if verdict.step is not None:
        _heading(console, "The step from what stands")
        _step(verdict.step, console)
    _created(verdict, console)
    _proofs(verdict, console)
    _findings(verdict, console)
    if verdict.runs:
        _heading(console, "What runs, and when")
        console.print(runs_table(verdict.stack, verdict.runs), highlight=False)
    _cost(verdict, console)
    _manual_steps(verdict, console)
    _apart(verdict, console)
    _last_line(verdict, console, report)


def render_comparison(comparison: Comparison, console: Console, page: Path | None = None) -> None:
    """Print a few verdicts in columns, or more with a row for each. The last line names `page`."""
    if comparison.rows:
        _side_by_side(comparison, console)
    else:
        _one_below_the_other(comparison, console)
    console.print()
    word = "PASS" if comparison.passed else "FAIL"
    where = f", page: {words.one_line(str(page))}" if page is not None else ""
    count = words.counted(len(comparison.verdicts), "stack")
    _say(console, Text(word, _STYLES[word]), f" {count}{where}")


def _one_below_the_other(comparison: Comparison, console: Console) -> None:
    _heading(console, "Every stack")
    table = folding_table("stack", "", "failing", "five proofs")
    for title in ("idle floor", "ceiling"):
        table.add_column(title, justify="right")
    for verdict in comparison.verdicts:
        table.add_row(
            Text(words.one_line(verdict.stack)),
            _word(verdict),
            Text(str(len(verdict.failing))),
            Text(proofs_in_words(verdict)),
            Text(words.known(verdict.cost, verdict.cost.idle_usd)),
            Text(words.known(verdict.cost, verdict.cost.ceiling_usd)),
        )
    console.print(table, highlight=False)


def _side_by_side(comparison: Comparison, console: Console) -> None:
    _heading(console, "Side by side")
    table = folding_table("", *(words.one_line(verdict.stack) for verdict in comparison.verdicts))
    verdicts = [_word(verdict) for verdict in comparison.verdicts]
    table.add_row(Text("verdict"), *verdicts)
    for row in comparison.rows:
        cells = [Text(words.one_line(cell.text), _STYLES.get(cell.text, "")) for cell in row.cells]
        table.add_row(Text(words.one_line(row.label)), *cells)
    console.print(table, highlight=False)


def _word(verdict: Verdict) -> Text:
    word = "PASS" if verdict.passed else "FAIL"
    return Text(word, _STYLES[word])


def _say(console: Console, *parts: str | Text) -> None:
    """Print without markup, so that no name is taken for a style, and without rich's own colours."""
    line = Text()
    for part in parts:
        line.append_text(part if isinstance(part, Text) else Text(words.printable(part)))
    line.overflow = "fold"
    console.print(line, highlight=False)


def _heading(console: Console, text: str) -> None:
    console.print()
    console.print(Text(words.one_line(text), "bold", overflow="fold"))


def folding_table(*columns: str) -> Table:
    """An empty table that cuts nothing where the screen is narrow: its columns fold."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _headline(verdict: Verdict, console: Console) -> None:
    about = f"{verdict.platform}, {verdict.region}, account {verdict.account}"
    _say(console, _word(verdict), f"  {words.one_line(f'{verdict.stack} on {about}')}")
    _say(console, f"{words.counted(verdict.resources, 'resource')}; {words.findings_in_words(verdict.findings)}")


# ---- what would be created ------------------------------------------------------------------------------------------


def _created(verdict: Verdict, console: Console) -> None:
    _heading(console, "What would be created")
    if not verdict.created:
        _say(console, "Nothing would be created.")
        return
    # Of three trees, the most detailed one that fits on a screen.
    for grow in (_every_kind, _kinds_joined, _one_line_each):
        tree = Tree(Text(words.one_line(verdict.stack), overflow="fold"), guide_style="dim")
        grow(tree, verdict.created, verdict.stack, console.width)
        if len(console.render_lines(tree, pad=False)) <= _TREE_LINES:
            break
    else:
        tree = _cut(verdict, console)
    console.print(tree, highlight=False)
    if said := words.phases_in_words(verdict):
        _say(console, said)


def _node(node: CreatedNode, stack: str, width: int) -> Text:
    """A component on one line, however long its name. A tree with wrapped lines cannot be read."""
    noun = words.noun(node.type)
    if not words.is_component(node):
        return Text(words.times(node.count, noun), overflow="ellipsis", no_wrap=True)
    # The root of the tree names the stack, and a component named network need not repeat its type Network.
    name = words.one_line(node.name).removeprefix(f"{words.one_line(stack)}-")
    said = name.replace("-", "").casefold() == noun.casefold()
    about = Text("" if said else f" {noun}")
    about.truncate(width // 3, overflow="ellipsis")
    about.append(f", {words.held(node)}")
    text = Text(name, "bold")
    text.truncate(max(8, width - about.cell_len), overflow="ellipsis")
    return text.append_text(about)


def _every_kind(tree: Tree, nodes: list[CreatedNode], stack: str, width: int) -> None:
    for node in nodes:
        branch = tree.add(_node(node, stack, width - _GUIDE))
        for kind, number in words.kinds(node, deep=False):
            branch.add(Text(words.times(number, kind), overflow="ellipsis", no_wrap=True))
        _every_kind(branch, [child for child in node.children if words.is_component(child)], stack, width - _GUIDE)


def _kinds_joined(tree: Tree, nodes: list[CreatedNode], stack: str, width: int) -> None:
    for node in nodes:
        branch = tree.add(_node(node, stack, width - _GUIDE))
        kinds = words.kinds(node, deep=False)
        if kinds:
            branch.add(Text(", ".join(words.times(number, kind) for kind, number in kinds), overflow="fold"))
        _kinds_joined(branch, [child for child in node.children if words.is_component(child)], stack, width - _GUIDE)


def _one_line_each(tree: Tree, nodes: list[CreatedNode], stack: str, width: int) -> None:
    for node in nodes:
        line = _node(node, stack, width // 2 if words.is_component(node) else width - _GUIDE)
        room = width - _GUIDE - line.cell_len
        kinds = words.kinds(node, deep=True)
        for shown in range(len(kinds), 0, -1):
            rest = f", {len(kinds) - shown} more" if shown < len(kinds) else ""
            text = ": " + ", ".join(words.times(number, kind) for kind, number in kinds[:shown]) + rest
            if cell_len(text) <= room:
                line.append(text, "dim")
                break
        tree.add(line)


def _cut(verdict: Verdict, console: Console) -> Tree:
    shown, rest = verdict.created[: _TREE_LINES - 2], verdict.created[_TREE_LINES - 2 :]
    tree = Tree(Text(words.one_line(verdict.stack), overflow="ellipsis", no_wrap=True), guide_style="dim")
    _one_line_each(tree, shown, verdict.stack, console.width)
    tree.add(Text(f"{len(rest)} more, {sum(map(words.held, rest))} resources", overflow="ellipsis", no_wrap=True))
    return tree


# ---- what changed ----------------------------------------------------------------------------------------------------


def _changes(verdict: Verdict, console: Console) -> None:
    if verdict.changes is None:
        return
    _heading(console, "What changed")
    _say(console, words.one_line(words.changes_in_words(verdict)))
    resources, findings = verdict.changes.resources, verdict.changes.findings
    for changed in findings[:_CHANGES]:
        where = f" on {changed.resource}" if changed.resource else ""
        _say(console, words.one_line(f"{words.changed_finding(changed)}: {changed.rule}{where}: {changed.message}"))
    for resource in resources[:_CHANGES] if verdict.changes.passed_before is not None else ():
        properties = f": {words.changed_properties(resource, 3)}" if resource.properties else ""
        _say(console, words.one_line(f"{resource.how}: {words.noun(resource.type)} {resource.resource}{properties}"))
    rest = max(0, len(findings) - _CHANGES) + max(0, len(resources) - _CHANGES)
    if rest:
        _say(console, f"{words.counted(rest, 'more change')} in the report.")


# ---- the step --------------------------------------------------------------------------------------------------------


def render_step(stack: str, step: Step, findings: Sequence[Finding], console: Console) -> None:
    """Print a step and what is wrong with it."""
    _heading(console, f"{stack}: the step from what stands")
    _step(step, console)
    for one in findings:
        style = "bold red" if one.fails else "yellow"
        _say(console, Text(words.one_line(f"{one.rule}: {one.message}. {one.remedy}"), style))


def _step(step: Step, console: Console) -> None:
    for warning in words.step_warnings(step):
        _say(console, Text(words.one_line(warning), "bold red"))
    _say(console, words.step_in_words(step))
    if not step.changes:
        return
    table = folding_table("", "resource", "why")
    for figure in ("idle floor", "ceiling"):
        table.add_column(figure, justify="right", no_wrap=True)
    for first, alike in words.alike(step.changes):
        more = f" and {counted(alike - 1, 'more resource')}" if alike > 1 else ""
        row = (words.one_line(words.step_resource(first) + more), words.one_line(words.step_reason(first)))
        money = (words.dollars_of([first], 0), words.dollars_of([first], 1))
        table.add_row(Text(first.how, "bold red" if first.loud else ""), *map(Text, (*row, *money)))
    console.print(table, highlight=False)


# ---- what runs ------------------------------------------------------------------------------------------------------


def runs_table(stack: str, runs: Sequence[WhatRuns]) -> Table:
    """What runs, and when: a row for each, and below it one for each of its parts where it has several."""
    table = folding_table("name", "when", "machines", "longest", "a run")
    for row in runs:
        one = row.parts[0] if len(row.parts) == 1 else None
        when = "; ".join(row.when) if not row.unread else f"unknown: {row.unread}"
        machines = words.machines_of(one) if one else counted(len(row.parts), "part") if row.parts else "unknown"
        price = words.run_price(row.run_usd, row.a_month)
        cells = (
            f"{words.without(stack, row.name)}, {row.what}",
            when,
            machines,
            words.run_lasts(row),
            price,
        )
        table.add_row(*map(Text, map(words.one_line, cells)))
        for part in row.parts if one is None else ():
            after = f"after {words.in_words(part.after)}" if part.after else "beside all steps" if part.beside else ""
            cells = (part.name or part.does, after, words.machines_of(part), words.lasts(part))
            price = words.run_price(part.usd, part.hours)
            table.add_row(
                *(
                    Text(f"  {cell}" if at == 0 else cell)
                    for at, cell in enumerate(map(words.one_line, (*cells, price)))
                )
            )
    return table


# ---- what was judged ------------------------------------------------------------------------------------------------


def _proofs(verdict: Verdict, console: Console) -> None:
    _heading(console, "Five proofs")
    if not verdict.proofs:
        _say(console, "No proof was attempted.")
        return
    table = folding_table("proof", "state", "fact")
    for proof in verdict.proofs:
        table.add_row(
            Text(words.one_line(proof.name)), Text(proof.state, _STYLES[proof.state]), Text(words.one_line(proof.fact))
        )
    console.print(table, highlight=False)


def _findings(verdict: Verdict, console: Console) -> None:
    _heading(console, "Findings")
    findings = words.in_order(verdict.findings)
    if verdict.checks_passed:
        passed = ", ".join(f"{source} {number}" for source, number in verdict.checks_passed.items())
        _say(console, f"Checks passed: {passed}.")
    if verdict.policies_only:
        names = words.one_line(", ".join(verdict.policies_only))
        _say(console, f"Judged by our policies alone, for no other tool knows our own provider: {names}.")
    if not findings:
        _say(console, "No finding.")
        return
    open_ = [finding for finding in findings if not finding.excused]
    groups = words.grouped(open_)
    if groups:
        # Three facts share a column, for in three columns they would leave the message no room at 80 characters.
        table = folding_table("state", "rule, resource, place", "message")
        for index, (finding, *others) in enumerate(groups):
            stands = words.standing(finding)
            table.add_row(
                Text(stands, _STYLES[stands]).append(f"\n{finding.severity}", "not bold default"),
                Text("\n".join(_where(finding))),
                Text("\n".join(map(words.one_line, _told(finding, others)))),
                end_section=index == len(groups) - 1,
            )
        console.print(table, highlight=False)
        _how_to_waive(verdict, [finding for finding in open_ if finding.fails], console)
    designed: dict[tuple[str, str], list[Finding]] = {}
    for finding in findings:
        if finding.excepted is not None:
            designed.setdefault((finding.rule, finding.excepted.reason), []).append(finding)
        elif finding.waived is not None:
            waiver = finding.waived
            left, age = (say(waiver, verdict.judged_on) for say in (words.left, words.age))
            until = f"until {words.day(waiver.expires)}, {left}, {age}"
            _excused(console, [finding], f"{until}, by {waiver.owner}: {waiver.reason}")
    for (_, reason), alike in designed.items():
        _excused(console, alike, reason)


def _excused(console: Console, alike: list[Finding], why: str) -> None:
    """What may stand, and why: one finding with its place, or the resources of those that are alike."""
    first, stands = alike[0], words.standing(alike[0])
    where = ", ".join(list(_where(first))[1:])
    if len(alike) > 1:
        where = words.in_words(dict.fromkeys(one.resource or "the whole stack" for one in alike))
    text = words.one_line(f"{first.rule}, {where}: {why}")
    _say(console, Text(f"{stands:<10}", _STYLES[stands]), text)


def _how_to_waive(verdict: Verdict, failing: list[Finding], console: Console) -> None:
    """The lines that waive the failing findings, said once; then the rules that no line waives."""
    lines = [words.one_line(finding.waiver) for finding in failing if finding.waiver]
    if lines:
        where = words.WAIVE.format(stack=words.one_line(verdict.stack))
        _say(console, f"Mend what fails. To waive it instead, {where}:")
        for line in lines:
            _say(console, f"  {line}")
    never = {finding.rule: finding.never_waived for finding in failing if finding.never_waived}
    for rule, why in never.items():
        _say(console, f"Never waived: {words.one_line(f'{rule}, for {why}')}.")
    if lines or never:
        console.print()


def _told(finding: Finding, others: list[Finding]) -> Iterator[str]:
    """The sentence of a finding, the others that it is true of, and the sentences of the rest of its cause."""
    yield finding.message
    if also := words.also(finding, others):
        yield also
    yield from (other.message for other in others if words.said(other) != words.said(finding))
    yield f"Remedy: {finding.remedy}"
    if finding.lowered:
        yield f"Only advises here: {finding.lowered}"


def _where(finding: Finding) -> Iterator[str]:
    yield words.one_line(finding.rule)
    yield words.one_line(finding.resource or "the whole stack")
    if finding.stack_key is not None:
        yield words.one_line(f"in the stack file: {finding.stack_key}")
    if finding.place is not None:
        yield words.one_line(str(finding.place))


def _cost(verdict: Verdict, console: Console) -> None:
    _heading(console, "Cost a month")
    _say(console, words.bill_in_words(verdict))
    cost = verdict.cost
    if cost.lines:
        console.print()
        top = sorted(cost.lines, key=lambda line: (-line.ceiling_usd, -line.idle_usd, line.resource))[:_TOP_LINES]
        rows = [(f"{x.what}, {x.resource}", words.dollars(x.idle_usd), words.dollars(x.ceiling_usd)) for x in top]
        rest = [line for line in cost.lines if line not in top]
        if rest:
            idle, ceiling = sum(line.idle_usd for line in rest), sum(line.ceiling_usd for line in rest)
            rows.append((words.counted(len(rest), "smaller line"), words.dollars(idle), words.dollars(ceiling)))
        if cost.unpriced:
            rows.append((words.unknown(cost), "unknown", "unknown"))
        _amounts(console, "dearest", rows)
    if cost.by_team:
        console.print()
        teams = cost.by_team.items()
        _amounts(console, "team", [(t, words.of_team(cost, t, x), words.of_team(cost, t, y)) for t, (x, y) in teams])
    if cost.lines:
        _say(console, words.ROUNDED)
    if cost.unpriced:
        console.print()
        _say(console, f"Bills, but has no price: {', '.join(map(str, cost.unpriced))}.")


def _amounts(console: Console, title: str, rows: list[tuple[str, str, str]]) -> None:
    table = folding_table(title)
    table.add_column("idle floor", justify="right", no_wrap=True)
    table.add_column("ceiling", justify="right", no_wrap=True)
    for name, idle, ceiling in rows:
        table.add_row(Text(words.one_line(name)), idle, ceiling)
    console.print(table, highlight=False)


def _manual_steps(verdict: Verdict, console: Console) -> None:
    _heading(console, "Manual steps left to a first prediction")
    if not verdict.manual_steps:
        _say(console, "No manual step is left.")
        return
    steps = Table.grid(padding=(0, 1, 0, 0))
    steps.add_column(justify="right", no_wrap=True)
    steps.add_column(overflow="fold")
    for number, step in enumerate(verdict.manual_steps, start=1):
        steps.add_row(f"{number}.", Text(words.one_line(f"{step.who}: {step.what}")))
    console.print(steps, highlight=False)


def _apart(verdict: Verdict, console: Console) -> None:
    apart = [caveat for caveat in verdict.caveats if caveat.apart]
    if not apart:
        return
    _heading(console, "Where what stands may not be what was judged")
    for caveat in apart:
        _say(console, f"- {words.one_line(caveat.says)}")


def _last_line(verdict: Verdict, console: Console, report: Path | None) -> None:
    console.print()
    where = f", report: {words.one_line(str(report))}" if report is not None else ""
    # The start of the command, which is no work on this stack and the same for ten of them, is not counted.
    _say(console, _word(verdict), f", judged in {verdict.seconds:.1f} processor seconds{where}")
