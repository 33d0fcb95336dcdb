"""`mlplatform register STACK NAME@N --from PLACE`: a candidate becomes a version of a stack's registry."""

from typing import TYPE_CHECKING, Annotated

import typer

from operations.arguments import StackArgument, VersionArgument, file_of
from stacks.config import display

if TYPE_CHECKING:
    from operations.promoting.registering import Candidate


def register(
    stack: StackArgument,
    version: VersionArgument,
    from_: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="FOLDER|URI",
            help="The candidate: a folder with version.json and artifact/, or its address: s3://, gs://, "
            "az://account/container/path, or azureml://datastores/artifacts/paths/ of the stack's own.",
        ),
    ],
    number: Annotated[
        int | None,
        typer.Option(
            "--as", metavar="N", min=1, max=99_999, help="The number that it gets, where it is not its record's."
        ),
    ] = None,
    sandbox: Annotated[
        str | None, typer.Option(metavar="NAME", help="Register it in this sandbox, in which the stack stands.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", help="Register it. Without, it is only said what would be done.")
    ] = False,
) -> None:
    """Register what a pipeline or a training left, as the stack's publisher: files, image and record, by their hashes.

    Refused is a record of another name or number, a file that is not what the record says, a gate that did not pass,
    and an image that the registry does not have by that digest. Nothing is written over, and the version comes last, so
    what was cut short is taken up by the same command. It waits for the approver then. The record is the candidate's,
    to the byte, so its digest is what a stack file names. With --as it gets another number, and `origin.json` says so.
    """
    from operations.export.sources import opened
    from operations.promoting import registering

    file = file_of(stack)
    place = registering.readable(version, file, from_) if sandbox is None else from_
    with opened(place, sandbox if "://" in place else None) as folder:
        one = registering.candidate(version, file, place, folder, number)
        typer.echo(f"{version}, {one.digest}: {one.why}")
        if sandbox is not None:
            from operations.sandboxes.ground import Chosen
            from operations.sandboxes.registering import register as in_sandbox

            in_sandbox(Chosen(sandbox, real_time=False), one, yes)
        else:
            _register(one, yes)


def _register(one: "Candidate", yes: bool) -> None:
    from operations.promoting import registering
    from operations.promoting.images import Registries
    from operations.promoting.moving import moved

    registries = Registries()
    move = registering.planned(one, registries)
    if move.there:
        typer.echo(f"{display(one.target.file)}: the registry has it already")
        return
    for line in move.says():
        typer.echo(line)
    if not yes:
        typer.echo("nothing is registered without --yes")
        return
    moved(move, registries, typer.echo)
    typer.echo(move.next())


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: uv run mlplatform register aws-full mlplatform-example@1 --from out/example/version/aws"
    )(register)
