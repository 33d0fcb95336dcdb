"""`mlplatform promote NAME@N STACK`: let a stack serve another version of the registry, a newer or an older one."""

from datetime import date
from difflib import unified_diff
from functools import partial
from pathlib import Path
from shutil import which
from typing import Annotated

import typer

from operations.arguments import StackArgument, StandingOption, file_of
from stacks.config import display, stack_name


def promote(
    version: Annotated[str, typer.Argument(metavar="NAME@N", help="The version, such as fraud-scorer@3.")],
    stack: StackArgument,
    model: Annotated[
        str | None, typer.Option(metavar="KEY", help="Which model of the file, where several are registered as NAME.")
    ] = None,
    standing: StandingOption = None,
    yes: Annotated[bool, typer.Option("--yes", help="Write the stack file. Without, it is only shown.")] = False,
) -> None:
    """Rewrite `version` and `digest` of a model in the stack file to a version that is approved, and show the step.

    The registry is asked as whoever is signed in. A version that is not approved is refused, and so is one whose digest
    is not that of its record. Nothing is deployed: `pulumi up` does it, and asks the registry again. The way back is
    the same command with the number before. Exits 1 where the step destroys what is guarded, and writes nothing.
    """
    from operations import promoting
    from operations.idle import acting
    from operations.promoting.rewriting import rewritten
    from operations.standing import reading
    from operations.terminal import text_console
    from operations.writing import put

    file = file_of(stack)
    asked = promoting.asked(version, file)
    digest = promoting.promoted(asked.registry.found(asked.stack, asked.config, asked.version), asked.version)
    text, key = acting.edited(file, partial(rewritten, version=asked.version, digest=digest, model=model))
    with file.open(encoding="utf-8", newline="") as opened:
        before = opened.read()
    if text == before:
        typer.echo(f"{display(file)}: {key} is {version} already")
        return
    for line in unified_diff(before.splitlines(), text.splitlines(), display(file), version, n=0, lineterm=""):
        typer.echo(line)
    if standing is None and which("pulumi") is None:
        typer.echo("pulumi is not on PATH, so nobody says what stands; --standing shows the step from a file")
    else:
        stands = reading.stands(Path(standing) if standing else None, stack_name(file), asked.config.platform)
        if not acting.show_step(file, text, stands, date.today(), text_console()):
            typer.echo(f"{display(file)}: this step destroys what is guarded, so nothing was written")
            raise typer.Exit(1)
    if not yes:
        typer.echo(f"nothing is written without --yes; then `pulumi up` serves {version}")
        return
    put(file, text, newline="")
    typer.echo(f"wrote {display(file)}: {key} is {version}; `pulumi up` serves it")


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform promote fraud-scorer@3 aws-full")(promote)
