"""`mlplatform idle [STACK...]`: what stands and bills while nobody asks anything of it."""

from datetime import UTC, datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from catalogue.errors import BadInput
from operations.arguments import print_list
from operations.terminal import text_console

if TYPE_CHECKING:
    from operations.idle.asking import Answers
    from operations.idle.report import Row


class IdleFormat(StrEnum):
    """How idle things are printed."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def idle(
    stacks: Annotated[
        list[str] | None,
        typer.Argument(metavar="STACK...", help="Stacks such as aws-pilot, or paths of their files; else all."),
    ] = None,
    since: Annotated[
        str, typer.Option(metavar="72h|3d", help="For how long nobody must have asked anything of what is idle.")
    ] = "72h",
    account: Annotated[
        bool, typer.Option("--account", help="List, too, what stands in the account and no named state has.")
    ] = False,
    standing: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE|DIR", help="What stands: a file of `pulumi stack export`, or a folder of STACK.json."
        ),
    ] = None,
    format: Annotated[IdleFormat, typer.Option(help="A table to read, or the same as JSON or CSV.")] = IdleFormat.TABLE,
    page: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.html", help="Write it as a page for a browser, and a CSV of the same name beside it."
        ),
    ] = None,
    custodian: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Write policies of Cloud Custodian that mark what is idle in the accounts."),
    ] = None,
    off: Annotated[
        bool,
        typer.Option("--off", help="Write `enabled: false` for each idle endpoint, show the step, ask, and run it."),
    ] = False,
    only_file: Annotated[
        bool, typer.Option("--only-file", help="With --off: write the stack file and run nothing, for a pull request.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="With --off: do not ask.")] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who takes it off; else who git says you are.")] = None,
) -> None:
    """Say what stands and bills while nobody asks anything of it: idle, busy, asleep, new or unknown. It only reads.

    Each variant, deployment, cluster and person's machine is judged by itself, from the state and the cloud's own
    figures. Missing data is unknown, never idle. With --off, an endpoint of which every part is idle is switched off in
    its stack file; models, registry, artifacts and features stay. Exits 1 where something is idle and not exempt, or
    unknown; with --off, where a step was not done.
    """
    from operations.idle import acting, asking

    since_hours = asking.hours(since)
    if page is not None and page.suffix != ".html":
        raise BadInput(f"--page: found {page}, allowed: a file whose name ends in .html")
    for option, said in (("--only-file", only_file), ("--yes", yes), ("--by", by)):
        if said and not off:
            raise BadInput(f"{option}: says something of --off, and nothing is switched off here; add --off")
    if off and format is not IdleFormat.TABLE:
        raise BadInput("--off: shows the step beside what was found, so leave --format out")
    cli = acting.engine(standing) if off and not only_file else None
    answers = asking.ask(asking.stacks(stacks or (), standing), since_hours, account)
    if page is not None:
        _write(answers, page, since_hours)
    if custodian is not None:
        _mark(answers, custodian, since_hours)
    _show(answers, format, since_hours)
    if off:
        _off(answers, by, cli, yes=yes)
    elif any(row.fails for row in answers.rows):
        raise typer.Exit(1)


def _show(answers: "Answers", format: IdleFormat, since_hours: int) -> None:
    from operations.idle import report

    if format is IdleFormat.CSV:
        from operations.idle.page import as_csv

        typer.echo(as_csv(answers.rows), nl=False)
        return
    if format is IdleFormat.JSON:
        print_list(
            since_hours=since_hours,
            stacks=[one.name for one in answers.stacks],
            burned_usd=report.total(answers.rows, "burned_usd"),
            month_usd=report.total(answers.rows, "month_usd"),
            unpriced=report.unpriced(answers.rows),
            parts=[row.to_json() for row in answers.rows],
        )
        return
    _print(answers.rows, text_console())


def _write(answers: "Answers", file: Path, since_hours: int) -> None:
    from operations.idle.page import write

    try:
        written = write(answers, file, since_hours, datetime.now(UTC))
    except OSError as error:
        raise BadInput(f"--page: cannot write {file}: {error.strerror}") from None
    typer.echo(f"wrote {' and '.join(map(str, written))}", err=True)


def _mark(answers: "Answers", folder: Path, since_hours: int) -> None:
    from operations.idle.custodian import write

    try:
        written = write(folder, [one.config.platform for one in answers.stacks], answers.rows, since_hours)
    except OSError as error:
        raise BadInput(f"--custodian: cannot write {folder}: {error.strerror}") from None
    typer.echo(f"wrote {' and '.join(map(str, written)) or 'no policy: nothing is to be marked'}", err=True)


def _print(rows: "tuple[Row, ...]", screen: Console) -> None:
    from operations import console, words
    from operations.idle import report
    from operations.idle.decision import State

    table = console.folding_table("", "what", "why")
    for figure in ("burned", "a month"):
        table.add_column(figure, justify="right", no_wrap=True)
    for row in rows:
        what = f"{row.part.name}, {row.part.what} of {row.stack or 'no state'}, {row.owner}"
        since = f"since {report.since(row)}" if row.judged.state is State.IDLE else ""
        why = "; ".join(filter(None, (row.judged.says, since, row.exempt)))
        burned = report.dollars(row.burned_usd) if row.judged.state is State.IDLE else ""
        cells = (row.judged.state, words.one_line(what), words.one_line(why), burned, report.dollars(row.month_usd))
        style = "bold red" if row.idle else ""
        table.add_row(Text(cells[0], style), *map(Text, cells[1:]))
    screen.print(table if rows else "nothing stands", highlight=False)
    for name, ways in {f"{row.stack} {row.part.name}": row.instead for row in rows if row.idle and row.instead}.items():
        for way in ways:
            screen.print(Text(words.one_line(f"{name}: {way}")))
    screen.print(Text(report.summary(rows), "bold"))


def _off(answers: "Answers", by: str | None, cli: str | None, *, yes: bool) -> None:
    from operations.idle import acting, report, switching

    today, left = datetime.now(UTC).date(), False
    for one in answers.stacks:
        found = report.switchable(row for row in answers.rows if row.stack == one.name)
        if not found:
            typer.echo(f"{one.name}: no endpoint is to be taken off")
            continue
        who = by or acting.whoever()
        reasons = {name: switching.Reason(today, who, report.because(parts)) for name, parts in found.items()}
        text = acting.edited(one.file, partial(switching.taken_off, reasons=reasons))
        if not acting.carried_out(one.file, text, one.standing, today, cli, f"take off {', '.join(found)}", yes=yes):
            left = True
    if left:
        raise typer.Exit(1)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform idle aws-pilot --since 72h --account")(idle)
