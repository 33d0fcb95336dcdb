"""The `mlplatform` command: judges pilots before a cloud account exists, and shows what the judgement rests on.

Exit 0: pass. Exit 1: a mandatory finding, or a stack that broke. Exit 2: bad input, one sentence a problem on standard
error.
"""

import gc
import json
import sys
from collections import Counter
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from operations.drill.command import drill
from operations.sandbox import command as sandbox
from stacks.config import STACKS, stack_file, stack_name
from stacks.errors import BadInput
from stacks.schema import json_schema
from stacks.wording import found_word

if TYPE_CHECKING:
    from catalogue.graph import Graph

OUT = Path("out")
CHECKOV = STACKS.parent / "policies" / "checkov"
SCHEMA = STACKS / "stack.schema.json"

app = typer.Typer(
    name="mlplatform",
    help="Judge managed machine-learning pilots before a cloud account exists.\n\nNothing here changes a cloud; "
    "`pulumi up -s STACK` deploys.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
)
app.add_typer(sandbox.app, name="sandbox")
app.command("drill", epilog="Example: mlplatform drill bad-version aws-pilot")(drill)
StackArgument = Annotated[
    str, typer.Argument(metavar="STACK", help="A stack such as aws-pilot, or the path of its file.")
]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the report of each stack is written.")]
TodayOption = Annotated[
    str | None,
    typer.Option("--today", metavar="YYYY-MM-DD", help="The day on which waivers are judged.", show_default="today"),
]


class Format(StrEnum):
    """How a verdict is printed."""

    TABLE = "table"
    JSON = "json"


@app.command(epilog="Example: mlplatform pilot")
def pilot(out: OutOption = OUT, today: TodayOption = None) -> None:
    """Judge every pilot of stacks/ and write its report; exit 1 when one of them fails."""
    names = sorted(STACKS.glob("Pulumi.*.yaml"))
    if not names:
        raise BadInput(f"{STACKS}: holds no Pulumi.<stack>.yaml; add one such as Pulumi.aws-pilot.yaml")
    _judge_all(names, Format.TABLE, out, _day(today))


@app.command(epilog="Example: mlplatform preview aws-pilot --format json")
def preview(
    stacks: Annotated[
        list[str], typer.Argument(metavar="STACK...", help="Stacks such as aws-pilot, or paths of their files.")
    ],
    format: Annotated[
        Format, typer.Option(help="A verdict to read, or the same as JSON on standard output.")
    ] = Format.TABLE,
    out: OutOption = OUT,
    today: TodayOption = None,
) -> None:
    """Judge the stacks named: what would be created, findings, cost, and the pilot's five proofs."""
    _judge_all([_stack_file(name) for name in stacks], format, out, _day(today))


@app.command(epilog="Example: mlplatform graph aws-pilot | jq '.resources[].type'")
def graph(stack: StackArgument) -> None:
    """Print the resource graph of a stack as JSON, and nothing else, on standard output."""
    json.dump(_graph(stack).to_json(), sys.stdout, indent=2)
    sys.stdout.write("\n")


@app.command(epilog="Example: mlplatform cost aws-pilot")
def cost(stack: StackArgument) -> None:
    """Print what a stack costs a month, by resource and by team: the idle floor and the ceiling."""
    from operations.judge import cost_of

    bill = cost_of(_graph(stack))
    table = Table(
        "resource", "what", "idle floor", "ceiling", "how", title=f"{stack}, dollars a month", title_justify="left"
    )
    for line in bill.lines:
        table.add_row(line.resource, line.what, f"{line.idle_usd:,.2f}", f"{line.ceiling_usd:,.2f}", line.basis)
    table.add_section()
    for team, (idle, ceiling) in bill.by_team.items():
        table.add_row(f"team {team}", "", f"{idle:,.2f}", f"{ceiling:,.2f}", "")
    screen = Console()
    screen.print(table)
    for sentence in bill.unpriced:
        screen.print(f"unpriced: {sentence}", highlight=False)
    for sentence in bill.assumptions:
        screen.print(f"assumed: {sentence}", highlight=False)
    for sentence in bill.second_hand:
        screen.print(f"second hand: {sentence}", highlight=False)


@app.command(epilog="Example: mlplatform limits")
def limits() -> None:
    """Print the limits and declared quotas that every pilot stands under, with owner and reason."""
    from policies import limits as known

    loaded = known.load()
    table = Table("limit", "value", "owner", "reason", title="policies/limits.yaml", title_justify="left")
    for name, limit in loaded.limits.items():
        value = ", ".join(limit.value) if isinstance(limit.value, list) else f"{limit.value:g}"
        table.add_row(name, f"{value} {limit.unit}", limit.owner, limit.reason)
    for platform, quotas in loaded.quotas.items():
        for name, limit in quotas.items():
            table.add_row(f"quota on {platform}: {name}", f"{limit.number:g} {limit.unit}", limit.owner, limit.reason)
    Console().print(table)


@app.command(epilog="Example: mlplatform schema")
def schema() -> None:
    """Write the JSON Schema of stack files to stacks/stack.schema.json, which their first line names for editors."""
    SCHEMA.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
    Console().print(f"wrote {SCHEMA.relative_to(STACKS.parent)}")


def _stack_file(name: str) -> Path:
    """The stack file for a name or a path. Raises BadInput naming the stacks there are."""
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        stack_name(path)
        if path.is_file():
            return path
    return stack_file(name)


def _graph(stack: str) -> "Graph":
    from operations.preview import preview as run

    return run(_stack_file(stack))


def _day(given: str | None) -> date:
    """The day that `--today` gives, or the clock's. Raises BadInput for what is no day."""
    if given is None:
        return date.today()
    try:
        day = date.fromisoformat(given)
    except ValueError:
        day = None
    if day is None or day.isoformat() != given:  # a week or a day without dashes is ISO 8601 too
        raise BadInput(f"--today: found {found_word(given)}, allowed: a day such as 2026-11-26")
    return day


def _judge_all(files: list[Path], format: Format, out: Path, today: date) -> None:
    """Judge the stacks, write and print each verdict; exit 1 when one fails or breaks, 2 when one is refused."""
    from operations.preview import Program

    programs = [Program.of(file) for file in files]  # each file is judged fit before any is worked on
    if twice := [stack for stack, times in Counter(program.stack for program in programs).items() if times > 1]:
        raise BadInput(f"{twice[0]}: is named more than once, allowed: each stack once, for its report has its name")
    if out.exists() and not out.is_dir():
        raise BadInput(f"{out}: is a file; name a folder for the reports with --out")
    from operations.progress import Progress
    from operations.together import Broken, cores, judge_all

    with Progress(Console(stderr=True), len(programs)) as progress:
        ended = judge_all(programs, CHECKOV, out, today, progress, cores())
    verdicts = [one for one in ended if not isinstance(one, Broken)]
    broken = [one for one in ended if isinstance(one, Broken)]
    if format is Format.JSON:
        documents = [verdict.model_dump(mode="json") for verdict in verdicts]
        if len(programs) > 1 or documents:
            json.dump(documents if len(programs) > 1 else documents[0], sys.stdout, indent=2)
            sys.stdout.write("\n")
    else:
        from operations import console

        for verdict in verdicts:
            console.render(verdict, Console(), out / verdict.stack / "report.html")
        if len(verdicts) > 1 and not broken:  # a comparison that passes must not leave out the stack that broke
            from operations.comparison import compare
            from operations.report import write_comparison

            side_by_side = compare(verdicts)
            console.render_comparison(side_by_side, Console(), write_comparison(side_by_side, out))
    sys.stdout.flush()
    for sentence in dict.fromkeys(one.sentence for one in broken):
        sys.stderr.write(f"{sentence}\n")
    code = max([*(one.code for one in broken), *(int(not verdict.passed) for verdict in verdicts)])
    if code:
        raise typer.Exit(code)


def main() -> None:
    """Run the command; bad input ends in exit 2 with its sentence, never in a traceback."""
    gc.disable()  # one command and the process ends; collecting among what never dies is a fifth of a large verdict
    from operations.checkov import CheckovError
    from operations.preview import PreviewFailed
    from policies.waivers import BadWaivers

    try:
        app()
    except (BadInput, BadWaivers) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except (CheckovError, PreviewFailed) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    main()
