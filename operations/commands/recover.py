"""`mlplatform recover FILE`: the commands that bring back under Pulumi what a cut `pulumi up` made."""

from pathlib import Path
from shlex import join
from typing import Annotated, Any

import typer

from catalogue.errors import BadInput
from catalogue.files import json_of


def recover(
    export: Annotated[
        Path, typer.Argument(metavar="FILE", help="The state, by `pulumi stack export -s STACK --file FILE`.")
    ],
) -> None:
    """Print the commands that bring back under Pulumi what a cut `pulumi up` made. It changes nothing, asks no cloud.

    A resource that was never made has nothing to import: the command then says that it does not exist, and that is
    well. ID stands for an id that only the cloud knows. A few types are imported by another id than the one they have;
    the type's page in the Pulumi Registry says so under Import.
    """
    from operations import words
    from operations.recovery import UNKNOWN_ID, clearing, pending

    deployment = _deployment(export)
    cut = pending(deployment)
    if not deployment.get("pending_operations"):
        typer.echo(
            f"{export}: no create was cut; where a cloud says that something exists, see docs/troubleshooting.md"
        )
        return
    stack = str(deployment["pending_operations"][0]["resource"]["urn"]).split("::")[0].rpartition(":")[2]
    for one in cut:
        typer.echo(words.one_line(f"# {one.type} {one.name}"))
        if one.stands:
            what = words.one_line(one.id or "it")
            typer.echo(f"# {what} was to replace one that stands: delete it in the cloud, if it is there")
            continue
        if not one.id:
            said = words.one_line(
                ", ".join(f"{key} {value}" for key, value in one.inputs.items() if isinstance(value, str))
            )
            typer.echo(
                f"# look in the cloud for one with {said[:200] or 'these inputs'}; without one, there is nothing"
            )
        typer.echo(join(["pulumi", *map(words.one_line, one.importing(stack, one.id or UNKNOWN_ID))]))
    typer.echo(join(["pulumi", *map(words.one_line, clearing(stack))]))
    typer.echo(join(["pulumi", "up", "--stack", words.one_line(stack)]))


def _deployment(export: Path) -> dict[str, Any]:
    """The deployment in an exported state. Raises BadInput."""
    try:
        found = json_of(export.read_bytes())["deployment"]
        found["resources"]
    except OSError as error:
        raise BadInput(f"{export}: cannot be read ({error.strerror}); `pulumi stack export` writes it") from None
    except (ValueError, KeyError, TypeError):
        raise BadInput(
            f"{export}: is no exported state; `pulumi stack export -s STACK --file FILE` writes one"
        ) from None
    return found


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform recover out/aws-pilot.json")(recover)
