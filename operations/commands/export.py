"""`mlplatform export STACK NAME@N`: a model version leaves its platform, and `--verify` shows that it still answers."""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from catalogue.errors import BadInput
from catalogue.wording import one_line, typed
from operations.arguments import file_of

if TYPE_CHECKING:
    from catalogue.versions import Approval
    from operations.export.packing import Packed

LINE = 600
"""The longest line that tells what stands in a bundle: anybody may have written it."""


def export(
    stack: Annotated[
        str | None, typer.Argument(metavar="STACK", help="A stack such as aws-pilot, or the path of its file.")
    ] = None,
    version: Annotated[str | None, typer.Argument(metavar="NAME@N", help="The model's name, and its version.")] = None,
    to: Annotated[
        Path | None, typer.Option("--to", metavar="DIR", help="Write the bundle there; nothing may lie in it yet.")
    ] = None,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="FOLDER|URI",
            help="Where the version lies: the folder that `register` wrote, or the address where it was uploaded: "
            "s3://, gs:// or az://account/container/path.",
        ),
    ] = None,
    sandbox: Annotated[
        str | None, typer.Option("--sandbox", metavar="NAME", help="The address is in this sandbox, and in no account.")
    ] = None,
    verify: Annotated[
        Path | None,
        typer.Option("--verify", metavar="DIR", help="Serve a bundle on no platform, and compare what it answers."),
    ] = None,
) -> None:
    """Pack a model version with all that it needs elsewhere, or verify what was packed.

    A bundle is an OCI image layout after the ModelPack specification: artifact, record with signature, preprocessing,
    metrics and lineage, what was decided on it, and the names of what cannot leave the platform. --verify holds each
    byte against its hash, serves the version as the Open Inference Protocol says, and compares the recorded answer. It
    runs no code out of a bundle. Exit 1: the bundle is not whole, answers otherwise, or nothing here can serve it yet.
    """
    if verify is not None:
        if stack or version or to or from_ or sandbox:
            raise BadInput("--verify: takes the folder of a bundle and nothing beside it")
        _verify(verify)
        return
    if not (stack and version and to and from_):
        raise BadInput("export: name STACK, NAME@N, --from and --to; or --verify with the folder of a bundle")
    found = re.fullmatch(r"([a-z0-9]+(?:-[a-z0-9]+)*)@([1-9][0-9]{0,8})", version)
    if found is None:
        raise BadInput(f"{version[:80]!r}: no version of a model; write NAME@N, such as fraud-scorer@3")
    _export(stack, (found[1], int(found[2])), from_, sandbox, to)


def _export(stack: str, wanted: tuple[str, int], place: str, sandbox: str | None, to: Path) -> None:
    from operations.export import packing, sources
    from operations.export.leaving import STAYS
    from stacks.config import read_stack_file

    platform = read_stack_file(file_of(stack)).platform
    packing.free(to)
    with sources.opened(place, sandbox) as folder:
        packed = packing.Packed(folder)
        lies = (packed.version.name, packed.version.version)
        if lies != wanted:
            raise BadInput(
                f"{place}: is {lies[0]}@{lies[1]}, not {wanted[0]}@{wanted[1]}; name the version that lies there"
            )
        manifest = packing.pack(packed, platform, to)
        _told(packed, to, manifest.sha256)
    for one in STAYS[platform]:
        typer.echo(f"stays on {platform}: {one.what}; {one.why} ({one.source})")
    typer.echo(f"next: `{typed('export', '--verify', str(to))}`")


def _told(packed: "Packed", to: Path, manifest: str) -> None:
    version = packed.version
    size = sum(file.size for file in version.artifact.files)
    typer.echo(f"{version.name}@{version.version} is in {to}: an OCI image layout, manifest {manifest}")
    typer.echo(f"record {packed.digest}; {len(version.artifact.files)} files of the artifact, {size} bytes")
    typer.echo(_decision(packed.approval))


def _decision(made: "Approval | None") -> str:
    """What was decided on a version. The words are those of whoever wrote the file."""
    if made is None:
        return "decision: nobody decided on it"
    return one_line(f"decision: {made.decision} by {made.by} at {made.at.isoformat()}: {made.why}", LINE)


def _verify(folder: Path) -> None:
    from operations.export.reading import Broken
    from operations.export.serving import NotYet
    from operations.export.verifying import verify as run

    try:
        done = run(folder)
    except (Broken, NotYet) as error:
        why = f"not yet: {error}" if isinstance(error, NotYet) else str(error)
        for line in why.splitlines():
            typer.echo(one_line(f"{folder}: {line}", LINE), err=True)
        raise typer.Exit(1) from None
    bundle = done.bundle
    version = bundle.version
    typer.echo(
        f"{version.name}@{version.version} answers outside of its platform as it was recorded: {done.values} values"
    )
    typer.echo(f"record {bundle.digest}; {len(bundle.files)} files, each as its hash says")
    typer.echo(_decision(bundle.approval))
    for what in bundle.stays:
        typer.echo(f"stayed behind: {what}")


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(
        epilog="Example: uv run mlplatform export aws-pilot tumours@1 --from out/example/version/aws --to out/tumours-1"
    )(export)
