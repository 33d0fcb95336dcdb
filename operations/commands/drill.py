"""`mlplatform drill`: rehearse a failure on the engine, in a sandbox."""

import typer

from operations.drill import command


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command("drill", epilog="Example: mlplatform drill bad-version aws-pilot")(command.drill)
