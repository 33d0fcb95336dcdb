"""`mlplatform drill`: rehearse a failure of a stack in a sandbox, on Pulumi's own engine."""

import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from catalogue.errors import BadInput
from catalogue.wording import nearest
from operations.sandboxes.ground import Chosen, as_typed, in_sandbox, ready, say, told, tools, used
from operations.terminal import text_console
from stacks.config import stack_file

if TYPE_CHECKING:
    from operations.drill.drills import Drill
    from operations.drill.rehearsal import Report
    from sandbox.home import Home

LOG_WIDTH = 160


def drill(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="A drill; without one, all are listed.")] = None,
    stack: Annotated[str | None, typer.Argument(metavar="STACK", help="A stack such as aws-pilot.")] = None,
) -> None:
    """Rehearse a failure in a new sandbox: what degrades, who notices, what to do, and whether all comes back.

    Nothing but out/sandbox/ is changed, and no cloud is asked. Exit 0: it ended as it says. Exit 1: it did not.
    """
    from operations.drill.drills import DRILLS
    from sandbox.tools import without_version

    if name is None:
        table = Table("drill", "what goes wrong", title="The drills", title_justify="left")
        for one in DRILLS.values():
            table.add_row(one.name, one.what)
        _console().print(table)
        typer.echo("`mlplatform drill NAME STACK` plays one in a sandbox; it takes about a minute")
        return
    if name not in DRILLS:
        raise BadInput(f"{name[:80]!r}: no such drill{nearest(name, list(DRILLS))}")
    if stack is None:
        raise BadInput(f"{name}: on which stack? `mlplatform drill {name} aws-pilot`, say")
    stack_file(stack)
    chosen = Chosen(f"drill-{name}-{stack}", real_time=False)
    home = chosen.home()
    cli, _ = tools()
    if said := without_version(cli):
        raise BadInput(said)
    with used(home, alone=True):
        home.empty()
        say(f"{name} on {stack}, in {as_typed(home)}; nothing outside it is changed")
        say(DRILLS[name].what)
        with told():
            report, wrong = _played(DRILLS[name], stack, home)
        _show(f"{name} on {stack}", report, wrong)
        if wrong:
            say(f"the sandbox is kept: `{in_sandbox(home, 'ls')}`")
            raise typer.Exit(1)
        home.remove()


def _played(drill: "Drill", stack: str, home: "Home") -> tuple["Report", str]:
    """Play the drill. Returns its report, and a sentence on what went otherwise than it says, or ""."""
    from operations.drill.rehearsal import Rehearsal, Unexpected
    from sandbox.state import State

    start = time.monotonic()

    def tell(sentence: str) -> None:
        say(f"{time.monotonic() - start:4.0f} s  {sentence}")

    engine = ready(home, stack, real_time=False)
    State(home.database).account.use()  # a drill is of a pilot that runs; what a new account lacks is another story
    with engine.stack(stack) as api:
        rehearsal = Rehearsal(stack, engine, api, tell)
        try:
            drill.play(rehearsal)
        except Unexpected as unexpected:
            return rehearsal.report, str(unexpected)
    return rehearsal.report, ""


def _show(title: str, report: "Report", wrong: str) -> None:
    """Print the report, without the parts that were not reached."""
    table = Table(title=title, title_justify="left", show_header=False, show_lines=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    features = "features: this stack has none"
    rows: list[tuple[str, Sequence[str]]] = [
        ("What degraded first", report.degraded or (["nothing"] if report.never else [])),
        ("What never degraded", [", ".join(report.never), features] if report.never else []),
        ("How it was noticed", report.noticed),
        ("What the operator does", [f"{number}. {does}" for number, does in enumerate(report.operator, 1)]),
        ("Up again", report.again),
        ("Not as it says", [wrong] if wrong else []),
    ]
    for heading, sentences in rows:
        if sentences:
            table.add_row(heading, Text("\n".join(sentences)))
    console = _console()
    console.print(table)
    console.print(Text("FAIL: it did not end as it says" if wrong else "PASS: it ended as it says"))


def _console() -> Console:
    return text_console(width=None if sys.stdout.isatty() else LOG_WIDTH)
