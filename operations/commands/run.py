"""`mlplatform run STACK training|pipelines NAME`: start a run of what `pulumi up` never starts."""

from typing import TYPE_CHECKING, Annotated

import typer

from catalogue.errors import BadInput
from catalogue.wording import found_word
from operations.arguments import StackArgument, file_of
from stacks.config import display, read_stack_file, stack_name
from stacks.sections import batch_jobs, landing_zone

if TYPE_CHECKING:
    from operations.sandboxes.ground import Chosen


def run(
    stack: StackArgument,
    section: Annotated[
        str, typer.Argument(metavar="SECTION", help="The section of the stack file: training or pipelines.")
    ],
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name that the item has there.")],
    yes: Annotated[
        bool, typer.Option("--yes", help="Start it. Without, it is only said what would be started.")
    ] = False,
    sandbox: Annotated[
        str | None, typer.Option(metavar="NAME", help="Start it in this sandbox, in which the stack stands.")
    ] = None,
) -> None:
    """Start a run of a training job or a pipeline that stands, as whoever is signed in.

    Dry without --yes: it says on what the run would be, how long and at what cost at most, and what is sent. The cost
    is the report's: of the machines, for all the hours that the run may have them. Exits 2 where there is no such item,
    or the platform refuses. In a sandbox it is `mlplatform sandbox run`, to the run's end.
    """
    from operations import running
    from operations.preview import Program, Programs

    started = [one.SECTION.name for one in running.STARTED]
    if section not in started:
        why = "; the clock alone starts a batch job" if section == batch_jobs.SECTION.name else ""
        raise BadInput(f"run: found {found_word(section)}, allowed: {' or '.join(started)}{why}")
    file = file_of(stack)
    config = read_stack_file(file)
    # What stands in the cloud begins with the landing zone's prefix, where there is one.
    called = landing_zone.named(stack_name(file), config)
    try:
        running.refuse(config, section, name)
    except BadInput as error:
        raise BadInput(f"{display(file)}: {error}") from None
    chosen = _chosen(sandbox) if sandbox is not None else None
    platform = running.of(config.platform)
    start = platform.start(called, config, section, name)
    with Programs() as programs:
        graph, _ = programs.run(Program.of(file).in_every_phase)
    typer.echo(running.told(graph, config, section, name))
    if chosen is not None and yes:
        from operations.sandboxes.byhand import started

        started(chosen, f"{called}-{name}")
        return
    if not yes:
        typer.echo(f"nothing is started without --yes; it would be: {start.says}\n    {start.command}")
        return
    typer.echo(f"started: {platform.send(called, config, section, name)}")


def _chosen(sandbox: str) -> "Chosen":
    from operations.sandboxes.ground import Chosen

    chosen = Chosen(sandbox, real_time=False)
    chosen.standing()
    return chosen


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform run aws-full training fraud-training")(run)
