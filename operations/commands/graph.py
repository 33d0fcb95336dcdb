"""`mlplatform graph STACK`: the resource graph as JSON."""

import json
import sys

import typer

from operations.arguments import StackArgument, graph_of


def graph(stack: StackArgument) -> None:
    """Print the resource graph of a stack as JSON, and nothing else, on standard output."""
    json.dump(graph_of(stack).to_json(), sys.stdout, indent=2)
    sys.stdout.write("\n")


def add(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog="Example: uv run mlplatform graph aws-pilot | jq '.resources[].type'")(graph)
