"""`mlplatform step STACK`: what an edit of the stack file does to what stands."""

import sys
from datetime import date
from typing import Annotated

import typer

from operations.arguments import ListFormat, StackArgument, StandingOption, TodayOption, day, file_of, print_list


def step(
    stack: StackArgument,
    standing: StandingOption = None,
    format: Annotated[ListFormat, typer.Option(help="A table to read, or the same as JSON.")] = ListFormat.TABLE,
    today: TodayOption = None,
) -> None:
    """Say what the stack file would create, update, replace and delete of what stands, and what that costs a month.

    Without --standing, `pulumi stack export` is asked. Nothing is changed. Exits 1 where the step replaces or deletes
    what holds data or people's work, guards such, or is protected, unless the stack file allows it under `allow`.
    """
    from operations.preview import Program, Programs
    from operations.standing import judgement, reading, steps

    program = Program.of(file_of(stack))
    if said := judgement.revived(program.allow, day(today), date.today()):
        sys.stderr.write(f"{program.file}: {said}\n")
    stands = reading.stands(standing, program.stack, program.platform)
    with Programs() as running:
        planned, _, found = steps.run(program, stands, running, day(today))
    findings = [
        *judgement.allowances(program.allow, day(today), planned),
        *judgement.findings(found, program.allow, day(today), planned),
    ]
    if format is ListFormat.JSON:
        told = [one.model_dump(mode="json") for one in findings]
        print_list(stack=program.stack, **found.model_dump(mode="json"), findings=told)
    else:
        from operations import console
        from operations.terminal import text_console

        console.render_step(program.stack, found, findings, text_console())
    if any(one.fails for one in findings):
        raise typer.Exit(1)


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform step aws-pilot --standing state.json")(step)
