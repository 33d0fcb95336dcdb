"""`mlplatform evidence STACK`: the verdict as an OSCAL assessment-results document."""

import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

from catalogue.errors import BadInput
from operations.arguments import StackArgument, TodayOption, day, file_of
from operations.writing import put
from stacks.config import STACKS


def evidence(
    stack: StackArgument,
    out: Annotated[
        Path | None, typer.Option("--out", metavar="FILE", help="Write the document here, in place of printing it.")
    ] = None,
    commit: Annotated[
        str | None,
        typer.Option("--commit", metavar="TEXT", help="What was judged.", show_default="git's, -dirty where changed"),
    ] = None,
    today: TodayOption = None,
) -> None:
    """Write the evidence of a verdict as OSCAL assessment results, for whoever audits: controls, rules, resources.

    It holds exceptions and waivers with their owners, limits, personas, network, keys and retention. The same stack,
    day and commit give the same document. Exits 1 where the verdict fails; the document is written all the same.
    """
    from operations.checkov import Checkov
    from operations.evidence import assessment, text_of
    from operations.judge import judge
    from operations.preview import Program, Programs

    on, program = day(today), Program.of(file_of(stack)).in_every_phase
    at = _commit() if commit is None else commit.strip()
    if not at:
        raise BadInput("--commit: is empty; name what was judged, such as a commit")
    with Programs() as running, Checkov.start(STACKS.parent / "policies" / "checkov", one=True) as process:
        running.start(program.platform, one=True)
        graph, seconds = running.run(program)
        verdict = judge(graph, process.scan, lambda: seconds, on, lambda stage: None)
    text = text_of(assessment(graph, verdict, at))
    if out is None:
        sys.stdout.write(text)
    else:
        try:
            put(out, text)
        except OSError as error:
            raise BadInput(f"--out {out}: cannot be written ({error.strerror}); name a file of your own") from None
        sys.stdout.write(f"wrote {out}\n")
    if not verdict.passed:
        raise typer.Exit(1)


def _commit() -> str:
    """The commit of the project, or `unknown` where git is not there or the project is no checkout."""
    asked = ["git", "-C", str(STACKS.parent), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        done = subprocess.run(asked, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        return "unknown"
    return done.stdout.strip() if done.returncode == 0 else "unknown"


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform evidence aws-pilot --out aws-pilot.oscal.json")(evidence)
