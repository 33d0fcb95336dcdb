"""`mlplatform approve STACK NAME@N --because TEXT`: the approver's word on a version of the registry."""

import typer

from catalogue.registered import APPROVED
from operations.arguments import BecauseOption, StackArgument, VersionArgument, YesToDecideOption, file_of


def approve(
    stack: StackArgument, version: VersionArgument, because: BecauseOption, yes: YesToDecideOption = False
) -> None:
    """Approve a version that is registered, as whoever is signed in; the approver persona alone may.

    It says by which metrics the version passed its gate, for only such a version has a record. A version whose digest
    is not that of its record is refused. The registry keeps who approved it, when and why.
    """
    from operations.promoting.deciding import decided

    for line in decided(file_of(stack), version, because, APPROVED, yes):
        typer.echo(line)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog='Example: uv run mlplatform approve aws-full fraud-scorer@3 --because "it passed the review"')(
        approve
    )
