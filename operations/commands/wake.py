"""`mlplatform wake STACK [ENDPOINT...]`: bring back what `idle --off` took off."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from operations.arguments import StackArgument, StandingOption, file_of
from stacks.config import display, read_stack_file


def wake(
    stack: StackArgument,
    endpoints: Annotated[
        list[str] | None,
        typer.Argument(metavar="ENDPOINT...", help="Which endpoints; else all that `mlplatform idle --off` took off."),
    ] = None,
    standing: StandingOption = None,
    only_file: Annotated[bool, typer.Option("--only-file", help="Write the stack file and run nothing.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Take `enabled: false` out of the stack file again, show the step, ask, and run it.

    An endpoint that a person took off comes back only by its name. Exits 1 where the step was not done.
    """
    from operations.idle import acting, asking, switching

    file = file_of(stack)
    read_stack_file(file)
    text, woken = acting.edited(file, partial(switching.brought_back, names=endpoints or ()))
    if not woken:
        typer.echo(
            f"{display(file)}: `mlplatform idle --off` took no endpoint off; name the endpoint that is to come back"
        )
        return
    cli = None if only_file else acting.engine(standing)
    (one,) = asking.stacks([str(file)], Path(standing) if standing else None)
    today = datetime.now(UTC).date()
    if not acting.carried_out(file, text, one.standing, today, cli, f"bring back {', '.join(woken)}", yes=yes):
        raise typer.Exit(1)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform wake aws-pilot fraud-scorer")(wake)
