"""`mlplatform sandbox …`: Pulumi against a cloud without an account."""

import typer

from operations.sandboxes import command


def add(app: typer.Typer) -> None:
    """Add the command with its subcommands."""
    app.add_typer(command.app, name="sandbox")
