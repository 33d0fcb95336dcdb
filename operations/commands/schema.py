"""`mlplatform schema`: the JSON Schemas of stack files and of the records of model versions."""

import json

import typer

from catalogue import environments, organisation, versions
from operations.terminal import text_console
from stacks.config import STACKS
from stacks.schema import json_schema

NAME = "stack.schema.json"
VERSION = "version.schema.json"


def schema() -> None:
    """Write the JSON Schema of stack files, which their first line names for editors.

    It is stacks/stack.schema.json; with sections or environments of the organisation's, which a release must not meet
    there, it is organisation/stack.schema.json. That of the record of a model version is stacks/version.schema.json.
    """
    folder = organisation.folders()[0] if organisation.names("sections") or environments.own() else STACKS
    (folder / NAME).write_text(json.dumps(json_schema(), indent=2) + "\n", encoding="utf-8")
    (STACKS / VERSION).write_text(json.dumps(versions.schema(), indent=2) + "\n", encoding="utf-8")
    text_console().print(f"wrote {folder.name}/{NAME}")


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform schema")(schema)
