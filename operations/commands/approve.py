"""`mlplatform approve STACK NAME@N --because TEXT`: the approver's word on a version of the registry."""

from typing import Annotated

import typer

from catalogue.errors import BadInput
from catalogue.registered import APPROVED
from operations.arguments import StackArgument, file_of

LONGEST = 1024
"""Characters of an ApprovalDescription:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_UpdateModelPackage.html
"""


def approve(
    stack: StackArgument,
    version: Annotated[str, typer.Argument(metavar="NAME@N", help="The version, such as fraud-scorer@3.")],
    because: Annotated[str, typer.Option(metavar="TEXT", help="Why, for whoever asks later; the registry keeps it.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Approve it. Without, it is only said what would be sent.")
    ] = False,
) -> None:
    """Approve a version that is registered, as whoever is signed in; the approver persona alone may.

    It says by which metrics the version passed its gate, for only such a version has a record. A version whose digest
    is not that of its record is refused. The registry keeps who approved it, when and why.
    """
    from operations import promoting

    said = " ".join(because.split())
    if not 10 <= len(said) <= LONGEST:
        raise BadInput(f"--because: found {len(said)} characters, allowed: 10 to {LONGEST:,}, which say why")
    asked = promoting.asked(version, file_of(stack))
    found = asked.registry.found(asked.stack, asked.config, asked.version)
    metrics = ", ".join(f"{name} {value:g}" for name, value in found.record.metrics.items())
    typer.echo(f"{version}: {found.status}, {found.digest}; {metrics}; {found.record.lineage.run}")
    if found.status == APPROVED:
        typer.echo(f"{version} is approved already{f', because {found.because}' if found.because else ''}")
        return
    if not yes:
        command = asked.registry.approval(asked.stack, asked.config, asked.version, found.digest, said)
        typer.echo(f"nothing is approved without --yes; it would be:\n    {command}")
        return
    asked.registry.approve(asked.stack, asked.config, asked.version, found.digest, said)
    typer.echo(f"{version} is approved")


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog='Example: uv run mlplatform approve aws-full fraud-scorer@3 --because "it passed the review"')(
        approve
    )
