"""What switching endpoints does to what stands, told as a step, and the run of the engine that does it."""

import subprocess
from collections.abc import Callable
from datetime import date
from getpass import getuser
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from typing import TypeVar

import typer
from rich.console import Console

from catalogue.errors import BadInput
from operations import console
from operations.preview import Program, Programs
from operations.standing import judgement, steps
from operations.standing.reading import Standing
from operations.terminal import text_console
from operations.writing import put
from stacks.config import STACKS, display, stack_name

T = TypeVar("T")


def show_step(file: Path, text: str, standing: Standing, today: date, screen: Console) -> bool:
    """Print the step that a stack file with this text takes. Returns whether it takes away nothing that is guarded.

    Raises BadInput where the file would be refused, and as `Programs.step` does.
    """
    with TemporaryDirectory() as folder, Programs() as running:
        edited = Path(folder) / file.name
        edited.write_text(text, encoding="utf-8", newline="")
        program = Program.of(edited)
        planned, _, found = steps.run(program, standing, running, today)
    findings = list(judgement.findings(found, program.allow, today, planned))
    console.render_step(program.stack, found, findings, screen)
    return not any(one.fails for one in findings)


def edited(file: Path, edit: Callable[[str], T]) -> T:
    """What an edit makes of the text of a stack file, with its line ends as they are. A refusal names the file."""
    with file.open(encoding="utf-8", newline="") as opened:
        text = opened.read()
    try:
        return edit(text)
    except BadInput as error:
        raise BadInput(f"{display(file)}: {error}") from None


def whoever() -> str:
    """Who runs this, as git knows them, or else the system."""
    if (git := which("git")) is None:
        return getuser()
    said = subprocess.run(
        [git, "config", "user.email"], cwd=STACKS.parent, capture_output=True, text=True, check=False
    ).stdout.strip()
    return said or getuser()


def carried_out(
    file: Path, text: str, standing: Standing, today: date, cli: str | None, what: str, *, yes: bool
) -> bool:
    """Show the step to a stack file with this text, ask, write the file, and run the step. Returns whether it was done.

    Without `cli` the file is written and nothing is run. A step that destroys what is guarded is not done.
    """
    if not show_step(file, text, standing, today, text_console()):
        typer.echo(f"{display(file)}: this step destroys what is guarded, so nothing was written")
        return False
    then = f"write {display(file)} and run `pulumi up`" if cli else f"write {display(file)}"
    if not yes and not typer.confirm(f"{what[0].upper()}{what[1:]}: {then}?"):
        typer.echo("nothing was written")
        return False
    put(file, text, newline="")
    typer.echo(f"wrote {display(file)}")
    return up(cli, file) if cli else True


def engine(standing: object = None) -> str:
    """The Pulumi CLI. Raises BadInput where there is none, and where `standing` names a file.

    `pulumi up` acts on what the engine has. A step judged by a file of another day would not be the one that is run.
    """
    if standing is not None:
        raise BadInput(
            "--standing: the step is run, so the engine says what stands; leave it out, or add --only-file to write "
            "the stack file alone"
        )
    cli = which("pulumi")
    if cli is None:
        raise BadInput("pulumi is not on PATH, so nobody can run the step; with --only-file the stack file is written")
    return cli


def up(cli: str, file: Path) -> bool:
    """Run `pulumi up` of a stack file under our policies, with the engine's own words. Returns whether it went well."""
    stack = stack_name(file)
    elsewhere = [] if file.resolve().parent == STACKS.resolve() else ["--config-file", str(file.resolve())]
    command = [cli, "up", "--policy-pack", "policies", "--stack", stack, "--yes", "--non-interactive", *elsewhere]
    if subprocess.run(command, cwd=STACKS.parent, stdin=subprocess.DEVNULL, check=False).returncode == 0:
        return True
    said = f"pulumi up --policy-pack policies --stack {stack} failed; {display(file)} says what is meant"
    said += ", so run it again once it is mended"
    typer.echo(said, err=True)
    return False
