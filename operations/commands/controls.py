"""`mlplatform controls`: what the cloud is to refuse by itself, compiled from the limits and a stack's own world."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer
from rich.text import Text

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS, Platform
from catalogue.wording import counted
from operations.arguments import ListFormat, file_of, print_list
from operations.console import folding_table
from operations.terminal import text_console
from operations.writing import put

if TYPE_CHECKING:
    from policies.controls import World


def controls(
    of: Annotated[
        str,
        typer.Argument(
            metavar="STACK|PLATFORM",
            help="A stack such as aws-pilot, the path of its file, or a platform, for which the limits of every stack "
            "hold.",
        ),
    ],
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Write each document into a file of this folder, to be deployed."),
    ] = None,
    format: Annotated[
        ListFormat, typer.Option(help="A table to read, or JSON for another program.")
    ] = ListFormat.TABLE,
) -> None:
    """Compile the controls by which the cloud itself refuses what the policies refuse, for a landing zone to deploy.

    It calls no cloud. docs/controls.md says of each control what it is against and how it could be got round.
    """
    from policies.controls import controls as known
    from policies.controls import documents

    world = _world(of)
    made = documents(world)
    if out is not None:
        _write(out, {name: json.dumps(document, indent=1) + "\n" for name, document in made.items()})
    said = [
        {
            "name": one.name,
            "document": one.document if one.compile(world) else None,
            "prevents": one.prevents,
            "approves": one.approver(world.limits.limits),
            "rules": list(one.rules),
        }
        for one in known(world.platform)
    ]
    if format is ListFormat.JSON:
        print_list(of=of, platform=world.platform, controls=said, documents=made)
        return
    console = text_console()
    console.print(f"{of}: {counted(len(made), 'document')}", highlight=False)
    table = folding_table("control, its document", "refused by the cloud, lifted by")
    for one in said:
        nowhere = "in none: the limits allow any, or no stack says where"
        table.add_row(
            Text(f"{one['name']}\n{one['document'] or nowhere}"), Text(f"{one['prevents']}\n{one['approves']}")
        )
    console.print(table, highlight=False)
    if out is not None:
        console.print(f"wrote {counted(len(made), 'document')} into {out}", highlight=False, soft_wrap=True)


def _world(of: str) -> "World":
    from catalogue.graph import Placement
    from policies.controls import World
    from stacks.config import read_stack_file, stack_name

    if of in PLATFORMS:
        return World.of(cast(Platform, of))
    try:
        file = file_of(of)
    except BadInput as error:
        raise BadInput(f"{error}; or name a platform: {', '.join(PLATFORMS)}") from None
    config = read_stack_file(file)
    return World.of(config.platform, Placement.from_words(config.model_dump()), stack_name(file))


def _write(folder: Path, files: dict[str, str]) -> None:
    """Raises BadInput where the folder cannot be written to."""
    try:
        for name, text in files.items():
            put(folder / f"{name}.json", text)
    except OSError as error:
        raise BadInput(f"--out {folder}: cannot be written ({error.strerror}); name a folder of your own") from None


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform controls aws-pilot --out controls")(controls)
