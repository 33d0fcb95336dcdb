"""`mlplatform waivers`: each waiver with its age and last day, and how many there are by environment and rule."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from operations.arguments import ListFormat, TodayOption, day, print_list
from operations.terminal import text_console

if TYPE_CHECKING:
    from policies.waivers import Waiver

ELSEWHERE = "not known"
"""The environment of a stack whose file is not in stacks/: one of another project, or of another folder."""


_NONE = (
    "0 waivers: no stack is excused from a rule.\n"
    "A waiver is what one stack decides against a rule, for one resource, with owner, reason and last day. A finding "
    "of `uv run mlplatform preview STACK` says the line that waives it, which is written under the stack in "
    "organisation/waivers.yaml; organisation/README.md shows how."
)


def waivers(
    format: Annotated[
        ListFormat, typer.Option(help="A table to read, or JSON for another program.")
    ] = ListFormat.TABLE,
    today: TodayOption = None,
) -> None:
    """Print every waiver, the oldest first: whose it is, when it was granted, and how long it holds still.

    Then how many there are in each environment, by rule.
    """
    from policies import waivers as known

    on = day(today)
    known.check(on)
    rows = sorted(_rows(on), key=lambda row: (row["granted"], row["stack"], row["rule"], row["resource"]))
    counts = Counter((row["environment"], row["rule"]) for row in rows)
    by = [{"environment": where, "rule": rule, "waivers": many} for (where, rule), many in sorted(counts.items())]
    if format is ListFormat.JSON:
        print_list(today=str(on), waivers=rows, counts=by)
    else:
        _show(rows, by)


def _rows(on: date) -> Iterator[dict[str, Any]]:
    from policies import waivers as known

    for stack, entries in known.load().items():
        where = _environment(stack)
        for waiver in entries:
            yield {
                "stack": stack,
                "environment": where,
                **waiver.model_dump(mode="json"),
                "file": waiver.file,
                "state": _state(waiver, on),
                "age_days": (on - waiver.granted).days,
                "days_left": (waiver.expires - on).days,
            }


def _environment(stack: str) -> str:
    from stacks.config import STACKS, to_engine

    path = STACKS / f"Pulumi.{stack}.yaml"  # the name of another project's stack has a slash, and no such file
    return to_engine(path).get("mlplatform:environment", ELSEWHERE) if path.is_file() else ELSEWHERE


def _state(waiver: "Waiver", on: date) -> str:
    return "holds" if waiver.holds(on) else "expired" if waiver.expired(on) else "not yet"


def _show(rows: list[dict[str, Any]], counts: list[dict[str, Any]]) -> None:
    from operations import words
    from operations.console import folding_table

    console = text_console()
    if not rows:
        console.print(_NONE, highlight=False)
        return
    console.print(f"{words.counted(len(rows), 'waiver')}", highlight=False)
    each = folding_table("stack", "rule, resource", "granted", "last day", "why, who signs")
    for row in rows:
        left = f"{row['state']}\n{row['days_left']} days left" if row["state"] == "holds" else row["state"]
        cells = (
            f"{row['stack']}\n{row['environment']}",
            f"{row['rule']}\n{row['resource']}",
            f"{row['granted']}\n{row['age_days']} days old",
            f"{row['expires']}\n{left}",
            f"{row['reason']}\n{row['owner']}, {row['file']}",
        )
        each.add_row(*(Text("\n".join(map(words.one_line, cell.split("\n")))) for cell in cells))
    console.print(each, highlight=False)
    by = folding_table("environment", "rule", "waivers")
    for one in counts:
        by.add_row(*(Text(words.one_line(str(cell))) for cell in one.values()))
    console.print()
    console.print(by, highlight=False)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform waivers --format json")(waivers)
