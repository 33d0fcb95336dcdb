"""`mlplatform fleet DIR… VERB`: the same for every stack of several folders, and `mlplatform fleet merge DIR…`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from catalogue.errors import BadInput
from operations.arguments import OUT, ListFormat, TodayOption, day
from operations.terminal import text_console

if TYPE_CHECKING:
    from operations.fleet.result import Fleet

_MOST = 20
"""The stacks that a terminal names. The page has all."""


def fleet(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="DIR... [preview|step|cost|idle]",
            help="Folders with stack files, or files, then what to do with each stack: preview where nothing is said. "
            "Or: merge DIR..., the --out folders of several shards.",
        ),
    ],
    shard: Annotated[
        str, typer.Option("--shard", metavar="I/N", help="Do the I-th of N parts, for N machines of a CI matrix.")
    ] = "1/1",
    standing: Annotated[
        Path | None,
        typer.Option(
            "--standing",
            metavar="DIR",
            help="For step and idle: a folder with <stack>.json; without, `pulumi stack export`.",
        ),
    ] = None,
    actual: Annotated[
        list[str] | None,
        typer.Option("--actual", metavar="FILE|URI", help="For cost: what was billed, as `mlplatform cost` reads it."),
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option("--rate", metavar="CUR=USD", help="For --actual: dollars for one EUR, and so on."),
    ] = None,
    format: Annotated[ListFormat, typer.Option(help="A summary to read, or the index as JSON.")] = ListFormat.TABLE,
    out: Annotated[
        Path,
        typer.Option("--out", metavar="DIR", help="Where index.html, fleet.json and a folder a stack are written."),
    ] = OUT / "fleet",
    today: TodayOption = None,
) -> None:
    """Do the same for hundreds of stacks, as many at once as there are cores, and write one page of all.

    A stack that breaks is a result, not the end. A run that was cut goes on where it was: a result is taken as it is
    while the stack file, the day, our code and the company's files are the same. Exits 2 where a stack's file is
    refused, 1 where one fails, breaks or was not done, else 0.
    """
    from operations.fleet import running
    from operations.fleet.verbs import VERBS, Asked
    from operations.judge_command import refuse_unwritable

    refuse_unwritable(out)
    if words[0] == "merge":
        if len(words) == 1:
            raise BadInput("fleet merge: names no folder; name the --out folder of each shard")
        _show(running.merge([Path(one) for one in words[1:]], out), out, format)
        return
    verb, places = (words[-1], words[:-1]) if words[-1] in VERBS else ("preview", words)
    if not places:
        raise BadInput(f"fleet {verb}: names no folder; name the folders with the stack files, such as stacks")
    options = (("standing", standing, ("step", "idle")), ("actual", actual, ("cost",)), ("rate", rate, ("cost",)))
    for option, given, its in options:
        if given and verb not in its:
            raise BadInput(f"--{option}: says something of {' and '.join(its)}, and this is {verb}")
    asked = Asked(out, day(today), standing, tuple(actual or ()), tuple(rate or ()))
    part = running.shard_of(shard)
    files = running.stack_files([Path(one) for one in places])
    _show(running.run(verb, files, asked, part, text_console(stderr=True)), out, format)


def _show(fleet: "Fleet", out: Path, format: ListFormat) -> None:
    import sys

    from operations import console, words
    from operations.fleet import page, result

    if format is ListFormat.JSON:
        sys.stdout.write(result.as_json(fleet))
    else:
        screen = text_console()
        wrong = [one for one in page.in_order(fleet.results) if one.outcome.state != "pass"]
        table = console.folding_table("stack", "result", "what is said")
        for one in wrong[:_MOST]:
            said = (words.one_line(one.stack), page.STATES[one.outcome.state][0], words.one_line(one.outcome.says))
            table.add_row(*map(Text, said))
        if wrong:
            screen.print(table, highlight=False)
        for lack in fleet.lacks:
            screen.print(Text(words.one_line(lack), "bold red"), highlight=False)
        where = words.one_line(f"{page.in_words(fleet)}: {out / result.PAGE}")
        screen.print(Text(where), highlight=False, soft_wrap=True)
    if fleet.code:
        raise typer.Exit(fleet.code)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform fleet stacks preview --shard 1/4")(fleet)
