"""A program that constructs every component of a package once, with the arguments in `examples.json` beside it."""

import importlib
import json
from pathlib import Path

import pulumi

about = json.loads(Path("examples.json").read_text(encoding="utf-8"))
package = importlib.import_module(about["package"])
for noun, arguments in about["examples"].items():
    made = getattr(package, noun)(f"it-{noun.lower()}", **arguments)
    pulumi.export(noun, made.urn)
