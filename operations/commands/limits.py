"""`mlplatform limits`: the bounds of every stack, or those that hold for one."""

from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from operations.arguments import ListFormat, file_of, print_list
from operations.terminal import text_console

if TYPE_CHECKING:
    from policies.limits import Limit


def limits(
    stack: Annotated[
        str | None, typer.Argument(metavar="[STACK]", help="A stack, or the path of its file; without one, every line.")
    ] = None,
    format: Annotated[
        ListFormat, typer.Option(help="A table to read, or JSON for another program.")
    ] = ListFormat.TABLE,
) -> None:
    """Print each limit and declared quota, with its owner, its reason and the line of the file that says it.

    With a stack, these are the ones that hold for it: of several lines the most specific.
    """
    from catalogue.graph import Placement
    from policies import limits as known
    from stacks.config import read_stack_file

    if stack is None:
        place, found = None, known.load().every()
    else:
        config = read_stack_file(file_of(stack))
        place = Placement.from_words(config.model_dump(exclude_unset=True))
        held = known.load().of(config.platform, place)
        found = [*held.limits.values(), *held.quotas.values()]
    if format is ListFormat.JSON:
        print_list(stack=stack, limits=[_said(limit) for limit in found])
        return
    title = f"{stack}: {place.environment}, {place.team}, {place.account}, {place.region}" if place else None
    table = Table(title=title, title_justify="left", show_lines=True)
    for column in ("limit", "value", "why, who signs, and which line says it"):
        table.add_column(column, overflow="fold")
    for limit in found:
        signed = f"{limit.owner}, {limit.reviewed}"
        where = f"{limit.file}:{known.line_of(limit)} {'.'.join(limit.at[:-1])}"
        table.add_row(limit.at[-1], f"{limit.said}\n({limit.unit})", f"{limit.reason}\n{signed}\n{where}")
    text_console().print(table)


def _said(limit: "Limit") -> dict[str, Any]:
    from policies.limits import line_of

    own = limit.model_dump(mode="json")
    return {"name": limit.at[-1], **own, "file": limit.file, "line": line_of(limit), "at": list(limit.at)}


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform limits aws-pilot")(limits)
