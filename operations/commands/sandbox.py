"""`mlplatform sandbox …`: Pulumi against a cloud without an account."""

import typer

from operations.sandboxes import command


def add(app: typer.Typer) -> None:
    """Add the command with all that stands under it."""
    app.add_typer(command.app, name="sandbox")
