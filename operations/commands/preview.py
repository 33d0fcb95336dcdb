"""`mlplatform preview STACK…`: judge the stacks named."""

from typing import Annotated

import typer

from operations.arguments import OUT, AgainstOption, Format, OutOption, StandingOption, TodayOption, day, file_of
from operations.judge_command import judge_and_show


def preview(
    stacks: Annotated[
        list[str], typer.Argument(metavar="STACK...", help="Stacks such as aws-pilot, or paths of their files.")
    ],
    format: Annotated[
        Format, typer.Option(help="A verdict to read, the same as JSON, or a summary in Markdown for a pull request.")
    ] = Format.TABLE,
    out: OutOption = OUT,
    today: TodayOption = None,
    against: AgainstOption = None,
    standing: StandingOption = None,
) -> None:
    """Judge the stacks named: what would be created, findings, cost, and the pilot's five proofs."""
    judge_and_show([file_of(name) for name in stacks], format, out, day(today), against, standing)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform preview aws-pilot --format json")(preview)
