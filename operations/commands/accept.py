"""`mlplatform accept`: try a whole stack in an account, and keep the transcript."""

import typer

from operations.accept import command


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command("accept", epilog="Example: uv run mlplatform accept aws-pilot --hours 3 --dollars 40")(command.accept)
