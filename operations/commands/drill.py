"""`mlplatform drill`: rehearse a failure on the engine, in a sandbox."""

import typer

from operations.drill import command


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command("drill", epilog="Example: uv run mlplatform drill bad-version aws-pilot")(command.drill)
