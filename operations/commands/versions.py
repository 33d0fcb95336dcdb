"""`mlplatform versions STACK`: what the stack's registry has of each model, and what was decided on it."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from catalogue.errors import BadInput
from catalogue.wording import nearest, one_line
from operations.arguments import ListFormat, StackArgument, file_of, print_list
from stacks.config import display, read_stack_file, stack_name

if TYPE_CHECKING:
    from operations.promoting.listing import Listed


def versions(
    stack: StackArgument,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="A model of the registry; without one, each of the file.")
    ] = None,
    last: Annotated[int, typer.Option(metavar="N", min=1, help="How many of each are read, the newest first.")] = 10,
    format: Annotated[
        ListFormat, typer.Option(help="A table to read, or JSON for another program.")
    ] = ListFormat.TABLE,
) -> None:
    """List the versions of the stack's registry, the newest first: decision, digest, metrics, and which ones serve.

    The registry is asked as whoever is signed in; nothing is changed. A version that is not what its record says is
    told as such. `promote NAME@latest` takes the first of these that is approved.
    """
    from operations.promoting import asked, listing
    from stacks.sections import models

    file = file_of(stack)
    known = models.registered(read_stack_file(file))
    if not known:
        raise BadInput(
            f"{display(file)}: serves no version of the registry; name one under models by registered, version and "
            "digest first"
        )
    if name is not None and name not in known:
        raise BadInput(f"{display(file)}: no model is registered as {one_line(name)}{nearest(name, known)}")
    rows: list[dict[str, Any]] = []
    older: dict[str, int] = {}
    for each in [name] if name else known:
        one = asked(f"{each}@1", file)
        numbers = listing.numbers(one)
        older[each] = len(numbers[last:])
        rows += [_said(row) for row in listing.listed(one, numbers[:last])]
    if format is ListFormat.JSON:
        print_list(stack=stack_name(file), versions=rows, older=older)
    else:
        _show(stack_name(file), rows, older)


def _said(row: "Listed") -> dict[str, Any]:
    found = row.found
    return {
        "name": row.version.name,
        "version": row.version.version,
        "status": found.status if found else "not to be trusted",
        "digest": found.digest if found else "",
        "by": found.by if found else "",
        "because": found.because if found else "",
        "metrics": dict(found.record.metrics) if found else {},
        "run": found.record.lineage.run if found else "",
        "served_as": list(row.served_as),
        "problem": row.problem,
    }


def _show(stack: str, rows: list[dict[str, Any]], older: dict[str, int]) -> None:
    from operations import words

    for row in rows:
        serves = f", serves {', '.join(row['served_as'])}" if row["served_as"] else ""
        by = f", by {row['by']}" if row["by"] else ""
        why = f", because {row['because']}" if row["because"] else ""
        typer.echo(words.one_line(f"{row['name']}@{row['version']}: {row['status']}{by}{why}{serves}"))
        metrics = ", ".join(f"{metric} {value:g}" for metric, value in row["metrics"].items())
        for line in [row["problem"]] if row["problem"] else [row["digest"], f"{metrics}; run {row['run']}"]:
            typer.echo(f"    {words.one_line(line)}")
    for name, count in older.items():
        if not any(row["name"] == name for row in rows):
            typer.echo(f"{stack}: the registry has no version of {name} yet")
        elif count:
            typer.echo(f"{words.counted(count, 'older version')} of {name}; --last shows more")


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform versions aws-full")(versions)
