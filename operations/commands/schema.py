"""`mlplatform schema`: the JSON Schema of stack files."""

import json

import typer
from rich.console import Console

from stacks.config import STACKS
from stacks.schema import json_schema

SCHEMA = STACKS / "stack.schema.json"


def schema() -> None:
    """Write the JSON Schema of stack files to stacks/stack.schema.json, which their first line names for editors."""
    SCHEMA.write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
    Console().print(f"wrote {SCHEMA.relative_to(STACKS.parent)}")


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: mlplatform schema")(schema)
