"""The arguments that several commands share: a stack, a folder for reports, a day, a format."""

import json
import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalogue.errors import BadInput
from catalogue.wording import found_word
from stacks.config import stack_file, stack_name

if TYPE_CHECKING:
    from catalogue.graph import Graph

OUT = Path("out")
StackArgument = Annotated[
    str, typer.Argument(metavar="STACK", help="A stack such as aws-pilot, or the path of its file.")
]
VersionArgument = Annotated[str, typer.Argument(metavar="NAME@N", help="The version, such as fraud-scorer@3.")]
BecauseOption = Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever asks later; the registry keeps it.")]
YesToDecideOption = Annotated[bool, typer.Option("--yes", help="Decide. Without, it is only said what would be sent.")]
OutOption = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where the report of each stack is written.")]
TodayOption = Annotated[
    str | None,
    typer.Option("--today", metavar="YYYY-MM-DD", help="The day on which waivers are judged.", show_default="today"),
]
AgainstOption = Annotated[
    str | None,
    typer.Option(
        "--against",
        metavar="FILE|DIR|REF",
        help="Show what changed since a report.json, a folder of reports, or a commit, which its own program judges.",
    ),
]


StandingOption = Annotated[
    Path | None,
    typer.Option(
        "--standing",
        metavar="FILE",
        help="What stands: a file that `pulumi stack export`, `pulumi preview --json --show-sames "
        "--show-replacement-steps` or `mlplatform graph` wrote.",
    ),
]


class Format(StrEnum):
    """How a verdict is printed."""

    TABLE = "table"
    JSON = "json"
    MARKDOWN = "markdown"


class ListFormat(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"


LIST_SCHEMA_VERSION = 1
"""The version of the JSON of `cost`, `limits` and `kinds`. It grows where a reader of the last one would break."""


def print_list(**said: Any) -> None:
    """Print a list as JSON: an object with its `schema_version` and what is said of one thing or of several."""
    json.dump({"schema_version": LIST_SCHEMA_VERSION, **said}, sys.stdout, indent=2)
    sys.stdout.write("\n")


def file_of(name: str) -> Path:
    """The stack file for a name or a path. Raises BadInput naming the stacks there are."""
    if name.endswith((".yaml", ".yml")):
        path = Path(name)
        stack_name(path)
        if path.is_file():
            return path
        if len(path.parts) > 1 or path.exists() or path.is_symlink():
            what = "is no file" if path.exists() else "is not there"
            raise BadInput(f"{name}: {what}; give the path of a stack file, or the name of one in stacks/")
    return stack_file(name)


def graph_of(stack: str) -> "Graph":
    """The graph of a stack by its name or the path of its file. Raises BadInput, PreviewFailed."""
    from operations.preview import preview as run

    return run(file_of(stack))


def day(given: str | None) -> date:
    """The day given by `--today`, or else today. Raises BadInput where it is no day."""
    if given is None:
        return date.today()
    try:
        found = date.fromisoformat(given)
    except ValueError:
        found = None
    if found is None or found.isoformat() != given:  # ISO 8601 also has weeks, and days without dashes
        raise BadInput(f"--today: found {found_word(given)}, allowed: a day such as 2026-11-26")
    return found
