"""The `mlplatform` command: judges pilots before a cloud account exists, and shows what the judgement rests on.

Exit 0: pass. Exit 1: a mandatory finding. Exit 2: bad input, one sentence a problem on standard error.
"""

import time

STARTED = time.monotonic()  # before the slow imports: the verdict's seconds include them

import difflib  # noqa: E402
import json  # noqa: E402
import sys  # noqa: E402
from collections.abc import Callable  # noqa: E402
from contextlib import ExitStack  # noqa: E402
from enum import StrEnum  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING, Annotated  # noqa: E402

import typer  # noqa: E402
from rich.console import Console  # noqa: E402
from rich.table import Table  # noqa: E402

from stacks.config import STACKS, json_schema, stack_name  # noqa: E402
from stacks.errors import BadInput  # noqa: E402

if TYPE_CHECKING:
    from operations.graph import Graph
    from operations.verdict import Verdict

OUT = Path("out")
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
StackArgument = Annotated[str, typer.Argument(metavar="STACK", help="A stack such as aws-pilot, or the path of its file.")]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the report of each stack is written.")]


class Format(StrEnum):
    """How a verdict is printed."""

    TABLE = "table"
    JSON = "json"


@app.command(epilog="Example: mlplatform pilot")
def pilot(out: OutOption = OUT) -> None:
    """Judge every pilot of stacks/ and write its report; exit 1 when one of them fails."""
    names = sorted(STACKS.glob("Pulumi.*.yaml"))
    if not names:
        raise BadInput(f"{STACKS}: holds no Pulumi.<stack>.yaml; add one such as Pulumi.aws-pilot.yaml")
    _judge_all(names, Format.TABLE, out)


@app.command(epilog="Example: mlplatform preview aws-pilot --format json")
def preview(
    stacks: Annotated[list[str], typer.Argument(metavar="STACK...", help="Stacks such as aws-pilot, or paths of their files.")],
    format: Annotated[Format, typer.Option(help="A verdict to read, or the same as JSON on standard output.")] = Format.TABLE,
    out: OutOption = OUT,
) -> None:
    """Judge the stacks named: what would be created, findings, cost, and the pilot's five proofs."""
    _judge_all([_stack_file(name) for name in stacks], format, out)


@app.command(epilog="Example: mlplatform graph aws-pilot | jq '.resources[].type'")
def graph(stack: StackArgument) -> None:
    """Print the resource graph of a stack as JSON, and nothing else, on standard output."""
    json.dump(_graph(stack).to_json(), sys.stdout, indent=2)
    sys.stdout.write("\n")


@app.command(epilog="Example: mlplatform cost aws-pilot")
def cost(stack: StackArgument) -> None:
    """Print what a stack costs a month, by resource and by team: the idle floor and the ceiling."""
    from operations import console, judge

    console.render_cost(judge.cost_of(_graph(stack)), Console())


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
    else:
        path = STACKS / f"Pulumi.{name}.yaml"
        if path.is_file():
            return path
    known = sorted(stack_name(file) for file in STACKS.glob("Pulumi.*.yaml"))
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}"
    raise BadInput(f"{name[:80]!r}: no such stack; {hint}")


def _graph(stack: str) -> "Graph":
    from operations.preview import preview as run

    return run(_stack_file(stack))


def _judge_all(files: list[Path], format: Format, out: Path) -> None:
    """Judge the stacks side by side; print and write each verdict; exit 1 when one fails."""
    from stacks.config import read_stack_file

    for file in files:
        read_stack_file(file)  # every file is judged fit before any is worked on
    errors = Console(stderr=True)
    with ExitStack() as running:
        verdicts = _verdicts(files, out, errors, running)
    if format is Format.JSON:
        documents = [verdict.model_dump(mode="json") for verdict in verdicts]
        json.dump(documents[0] if len(documents) == 1 else documents, sys.stdout, indent=2)
        sys.stdout.write("\n")
    if any(not verdict.passed for verdict in verdicts):
        raise typer.Exit(1)


def _verdicts(files: list[Path], out: Path, errors: Console, running: ExitStack) -> "list[Verdict]":
    from operations.checkov import CheckovScan
    from operations.preview import Preview

    # Both are started before anything of the judgement is imported: they take seconds, on the other core.
    checkov_home = STACKS.parent / "policies" / "checkov"
    started = [
        (file, running.enter_context(Preview(file)), running.enter_context(CheckovScan.start(checkov_home)))
        for file in files
    ]
    return []


def main() -> None:
    """Run the command; bad input ends in exit 2 with its sentence, never in a traceback."""
    from operations.checkov import CheckovError
    from operations.preview import PreviewFailed

    try:
        app()
    except BadInput as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(2)
    except (CheckovError, PreviewFailed) as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(1)
    except BrokenPipeError:
        sys.exit(1)


if __name__ == "__main__":
    main()
