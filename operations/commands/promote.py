"""`mlplatform promote NAME@N STACK`: let a stack serve another version of the registry, a newer or an older one.

`mlplatform promote NAME@N FROM TO`: copy a version from the registry of one stack to that of the next.
"""

from datetime import date
from difflib import unified_diff
from functools import partial
from pathlib import Path
from shutil import which
from typing import Annotated

import typer

from catalogue.errors import BadInput
from operations.arguments import StackArgument, StandingOption, file_of
from stacks.config import display, stack_name


def promote(
    version: Annotated[
        str,
        typer.Argument(
            metavar="NAME@N", help="The version, such as fraud-scorer@3, or fraud-scorer@latest: the newest approved."
        ),
    ],
    stack: StackArgument,
    to: Annotated[
        str | None,
        typer.Argument(metavar="TO", help="The stack whose registry gets a copy; STACK then has the version."),
    ] = None,
    model: Annotated[
        str | None, typer.Option(metavar="KEY", help="Which model of the file, where several are registered as NAME.")
    ] = None,
    standing: StandingOption = None,
    number: Annotated[
        int | None,
        typer.Option(
            "--as", metavar="N", min=1, max=99_999, help="The number that the copy gets in the registry of TO."
        ),
    ] = None,
    pull_request: Annotated[
        bool,
        typer.Option(
            "--pull-request",
            help="With --yes: commit the edit on a branch of its own, push it and open a pull request with gh. The "
            "working tree stays as it is.",
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", help="Write the stack file, or copy. Without, it is only shown.")
    ] = False,
) -> None:
    """Rewrite `version` and `digest` of a model in the stack file to a version that is approved, and show the step.

    The registry is asked as whoever is signed in. A version that is not approved is refused, and so is one whose digest
    is not that of its record. Nothing is deployed: `pulumi up` does it, and asks the registry again. The way back is
    the same command with the number before. Exits 1 where the step destroys what is guarded, and writes nothing.

    With TO, the version is copied by its digest to the registry of that stack, as its publisher: files, record and
    image, after each was held against its hash. It is approved there anew, and serves once that stack's file names it.
    """
    from operations import promoting
    from operations.idle import acting
    from operations.promoting.listing import LATEST, asked_or_latest, read_elsewhere
    from operations.promoting.pull_request import branch_of, opened
    from operations.promoting.rewriting import rewritten
    from operations.standing import reading
    from operations.terminal import text_console
    from operations.writing import put

    file = file_of(stack)
    if to is not None:
        if model is not None or standing is not None or pull_request:
            raise BadInput(
                "promote: --model, --standing and --pull-request are of a stack file, and a copy changes none; leave "
                "them out"
            )
        if version.endswith(LATEST):
            raise BadInput(
                f"{version}: a copy needs the number, for another stack's publisher may not list a registry; "
                f"`mlplatform versions {stack}` does, as somebody of its account"
            )
        _copy(version, file, file_of(to), number, yes)
        return
    if number is not None:
        raise BadInput("--as: is the number of a copy; name TO, the stack that gets it, or leave it out")
    asked = asked_or_latest(version, file)
    found = asked.registry.found(asked.stack, asked.config, asked.version)
    digest = promoting.promoted(found, asked.version)
    text, key = acting.edited(file, partial(rewritten, version=asked.version, digest=digest, model=model))
    with file.open(encoding="utf-8", newline="") as there:
        before = there.read()
    if text == before:
        typer.echo(f"{display(file)}: {key} is {asked.version} already")
        return
    diff = unified_diff(before.splitlines(), text.splitlines(), display(file), str(asked.version), n=0, lineterm="")
    for line in (*diff, *read_elsewhere(asked.config, asked.version)):
        typer.echo(line)
    if standing is None and which("pulumi") is None:
        typer.echo("pulumi is not on PATH, so nobody says what stands; --standing shows the step from a file")
    else:
        stands = reading.stands(Path(standing) if standing else None, stack_name(file), asked.config.platform)
        if not acting.show_step(file, text, stands, date.today(), text_console()):
            typer.echo(f"{display(file)}: this step destroys what is guarded, so nothing was written")
            raise typer.Exit(1)
    if not yes:
        where = f", on the branch {branch_of(asked.version, file)}" if pull_request else ""
        typer.echo(f"nothing is written without --yes{where}; then `pulumi up` serves {asked.version}")
        return
    if pull_request:
        for said in opened(file, text, asked.version, digest, found.because):
            typer.echo(said)
        return
    put(file, text, newline="")
    typer.echo(f"wrote {display(file)}: {key} is {asked.version}; `pulumi up` serves it")


def _copy(version: str, source: Path, target: Path, number: int | None, yes: bool) -> None:
    from operations.promoting.copying import planned
    from operations.promoting.images import Registries
    from operations.promoting.moving import moved

    registries = Registries()
    move, found = planned(version, source, target, registries, number)
    typer.echo(f"{version}, {move.digest}: approved by {found.by or 'its approver'}, {found.because}")
    if move.there:
        typer.echo(f"{display(target)}: the registry has it already, as {move.target.version}")
        return
    for line in move.says():
        typer.echo(line)
    if not yes:
        typer.echo(f"nothing is copied from {stack_name(source)} to {stack_name(target)} without --yes")
        return
    moved(move, registries, typer.echo)
    typer.echo(move.next())


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform promote fraud-scorer@3 aws-full")(promote)
