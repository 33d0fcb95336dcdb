"""`mlplatform check FILE`: what the policies and Checkov find in what the engine wrote of any program."""

import json
import sys
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalogue.errors import BadInput
from operations.arguments import LIST_SCHEMA_VERSION, TodayOption, day

if TYPE_CHECKING:
    from operations.checking import Checked
    from operations.verdict import ChangedResource, Finding

_MOST_ROWS = 40


class Form(StrEnum):
    """How findings are printed."""

    TABLE = "table"
    JSON = "json"
    SARIF = "sarif"
    MARKDOWN = "markdown"


def check(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="What `pulumi preview --json --show-sames`, `pulumi stack export` or `mlplatform graph` wrote.",
        ),
    ],
    against: Annotated[
        Path | None,
        typer.Option(
            "--against",
            metavar="SIGNED",
            help="Say instead what stands otherwise than it was signed: a kept graph.json, or the report.json beside "
            "it.",
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            "--policy-pack-config",
            metavar="FILE",
            help="The levels that `pulumi up --policy-pack-config` takes: they raise rules, and in a program of others "
            "lower those that may be waived.",
        ),
    ] = None,
    format: Annotated[Form, typer.Option(help="A table to read, JSON, SARIF, or Markdown.")] = Form.TABLE,
    today: TodayOption = None,
) -> None:
    """Judge a file of any Pulumi program by the policies and Checkov. It needs no stack file and calls no cloud.

    Of a stack of this project the stack file is read where it is there. Exits 1 where a mandatory rule finds something,
    or where something stands otherwise than it was signed; 2 where the file cannot be read, is a part, or shows a
    secret that is marked. A secret that the program never marked is plain text in the file: where it looks like one, it
    is printed in no sentence. What somebody changed by hand is in a state only after `pulumi refresh`.

    Where the Pulumi CLI and the backend are at hand, `pulumi policy analyze` judges a state by the same pack.
    """
    from operations import checking

    on = day(today)
    if config is not None and against is not None:
        raise BadInput("--policy-pack-config: says how hard rules bind, and --against asks none; leave one of them out")
    graph = checking.graph_of(file)
    if against is not None:
        drifted = checking.drift(checking.signed(against), graph)
        _tell_drift(drifted, graph.stack, format, file)
        if drifted:
            raise typer.Exit(1)
        return
    from operations import pack_config
    from operations.checkov import Checkov
    from operations.judge_command import CHECKOV

    levels = pack_config.read(config) if config is not None else None
    with Checkov.start(CHECKOV) as checkov:
        checked = checking.check(graph, checkov.scan, on, levels)
    _tell(checked, format, file)
    if any(one.fails for one in checked.findings):
        raise typer.Exit(1)


def _tell(checked: "Checked", format: Form, file: Path) -> None:
    from operations import words
    from operations.checking import shown

    findings = checked.findings
    if format is Form.SARIF:
        from operations.report import sarif_of

        _json(sarif_of(checked.stack, findings, file.name))
    elif format is Form.JSON:
        _json(
            {
                "schema_version": LIST_SCHEMA_VERSION,
                "file": str(file),
                "stack": checked.graph.stack,
                "project": checked.graph.project,
                "ours": checked.graph.ours,
                "platforms": list(checked.platforms),
                "passed": not any(one.fails for one in findings),
                "counts": words.standings(findings),
                "checks_passed": dict(checked.passed),
                "findings": [one.model_dump(mode="json") for one in findings],
            }
        )
    else:
        about = (
            f"{checked.stack} by {shown(file)}: {words.counted(len(checked.graph.cloud), 'resource')} on "
            f"{', '.join(checked.platforms)}; {words.findings_in_words(findings)}"
        )
        _rows(about, ("state", "rule, resource", "finding"), _grouped(findings), format)


def _grouped(findings: "list[Finding]") -> list[tuple[str, ...]]:
    """A row for each sentence of a rule, of all the resources that it is true of, in the order of the findings.

    A remedy stands where it is due for the first time. What somebody has decided already is counted elsewhere, and
    buries nothing here that is open.
    """
    from operations import words

    groups: dict[tuple[str, ...], list[str]] = {}
    for one in findings:
        if not one.excused:
            said = one.message.removeprefix(f"{one.resource} ") if one.resource else one.message
            key = (f"{words.standing(one)}\n{one.severity}", one.rule, words.one_line(said), words.one_line(one.remedy))
            groups.setdefault(key, []).append(words.one_line(one.resource or "the whole stack"))
    rows: list[tuple[str, ...]] = []
    told: set[tuple[str, str]] = set()
    for (state, rule, said, remedy), names in groups.items():
        of = f"{rule}\n{', '.join(names[:3])}{f' and {len(names) - 3} more' if names[3:] else ''}"
        rows.append((state, of, said if (rule, remedy) in told else f"{said}\nRemedy: {remedy}"))
        told.add((rule, remedy))
    return rows


def _tell_drift(drifted: "list[ChangedResource]", stack: str, format: Form, file: Path) -> None:
    from operations import words
    from operations.checking import shown

    if format is Form.JSON:
        told = [one.model_dump(mode="json") for one in drifted]
        _json({"schema_version": LIST_SCHEMA_VERSION, "stack": stack, "passed": not drifted, "drift": told})
        return
    if format is Form.SARIF:
        from operations.report import sarif_of

        _json(sarif_of(stack, _findings(drifted), file.name))
        return
    about = f"{stack} by {shown(file)}: {words.counted(len(drifted), 'resource')} otherwise than signed"
    rows = [
        (
            one.how,
            f"{words.one_line(one.resource)}\n{words.one_line(one.type)}",
            words.changed_property(each) if each else "the whole resource",
        )
        for one in drifted
        for each in (one.properties or (None,))
    ]
    _rows(about, ("how", "resource", "signed → stands"), rows, format)


def _findings(drifted: "list[ChangedResource]") -> "list[Finding]":
    from operations import words
    from operations.verdict import Finding

    return [
        Finding(
            source="step",
            rule="drift",
            severity="high",
            mandatory=True,
            urn=one.urn,
            resource=one.resource,
            type=one.type,
            message=f"{one.resource} is {one.how}: {words.changed_properties(one, 5) or 'the whole resource'}",
            remedy="Bring it back with `pulumi up`, or have what stands signed.",
            place=None,
        )
        for one in drifted
    ]


def _rows(about: str, titles: tuple[str, ...], rows: list[tuple[str, ...]], format: Form) -> None:
    """A sentence, then a row a thing; Markdown has the first forty."""
    from operations import words

    if format is Form.MARKDOWN:
        from operations.report import cell

        lines = [cell(about)]
        if rows:
            lines += ["", f"| {' | '.join(titles)} |", f"|{'---|' * len(titles)}"]
            lines += [f"| {' | '.join(map(cell, row))} |" for row in rows[:_MOST_ROWS]]
        if len(rows) > _MOST_ROWS:
            lines += ["", f"{len(rows) - _MOST_ROWS} more: `mlplatform check FILE` shows all."]
        sys.stdout.write("\n".join(lines) + "\n")
        return
    from rich.text import Text

    from operations.console import folding_table
    from operations.terminal import text_console

    console = text_console()
    console.print(Text(words.one_line(about), overflow="fold"), highlight=False)
    if rows:
        table = folding_table(*titles)
        for row in rows:
            table.add_row(*(Text("\n".join(map(words.one_line, each.split("\n")))) for each in row))
        console.print(table, highlight=False)


def _json(said: object) -> None:
    json.dump(said, sys.stdout, indent=2)
    sys.stdout.write("\n")


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform check preview.json --format sarif")(check)
