"""`mlplatform reject STACK NAME@N --because TEXT`: the approver's no to a version, or an approval taken back."""

import typer

from catalogue.registered import REJECTED
from operations.arguments import BecauseOption, StackArgument, VersionArgument, YesToDecideOption, file_of


def reject(
    stack: StackArgument, version: VersionArgument, because: BecauseOption, yes: YesToDecideOption = False
) -> None:
    """Reject a version that is registered, or take its approval back, as whoever is signed in; the approver alone may.

    `pulumi up` serves it no more then. What serves it already serves on until a stack file names another version. On
    gcp a rejection stays, and the next version is registered under the next number; elsewhere `approve` takes it back.
    """
    from operations.promoting.deciding import decided

    for line in decided(file_of(stack), version, because, REJECTED, yes):
        typer.echo(line)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog='Example: uv run mlplatform reject aws-full fraud-scorer@3 --because "it drifts since October"')(
        reject
    )
