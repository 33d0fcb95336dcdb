"""The inventory of a stack: what it creates, so that a change shows in review. `make inventory` rewrites the files."""

import json
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from catalogue.graph import Graph
from operations.preview import preview
from stacks.config import STACKS
from tests import security_properties
from tests.mutate import at

FOLDER = Path(__file__).parent / "inventory"
_HEAD = "# What {stack} creates: types, counts and security-relevant properties. Written by `make inventory`.\n"


def inventory(graph: Graph) -> dict[str, Any]:
    """Types with their counts, then each resource with its security-relevant properties."""
    types = Counter(resource.type for resource in graph.cloud)
    resources: dict[str, Any] = {}
    relevant = security_properties.of(graph.platform)
    for resource in graph.resources:
        properties = relevant.get(resource.type)
        if properties:
            shown = {path: _readable(at(resource.inputs, path)) for path in properties}
            resources[f"{resource.type} {resource.name}"] = shown | ({"protect": True} if resource.protect else {})
    return {"resources": len(graph.cloud), "types": dict(sorted(types.items())), "security": resources}


def _readable(value: Any) -> Any:
    """A JSON document as a structure, so that a diff shows the statement that changed."""
    return json.loads(value) if isinstance(value, str) and value.startswith(("{", "[")) else value


def written(graph: Graph) -> str:
    """The inventory file's text."""
    body = yaml.safe_dump(inventory(graph), sort_keys=False, width=110)
    return _HEAD.format(stack=graph.stack) + body


def main() -> None:
    """Rewrite the inventory of every stack that has one: an empty file is enough for another stack to get it."""
    for path in sorted(FOLDER.glob("*.yaml")):
        file = STACKS / f"Pulumi.{path.stem}.yaml"
        path.write_text(written(preview(file)), encoding="utf-8")
        sys.stdout.write(f"wrote {path.relative_to(Path.cwd())}\n")


if __name__ == "__main__":
    main()
