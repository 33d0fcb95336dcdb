"""The programs of other projects give each component what it asks for today. That they come up, `make strangers` shows.

That takes minutes and an engine: without this nobody would notice for weeks that a component asks for one thing more.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import MISSING, fields
from pathlib import Path

import pytest

from catalogue.platforms import PLATFORMS
from components.given import Args
from components.package import components

STRANGERS = Path(__file__).parents[1] / "engine" / "strangers"
ARGUMENTS: dict[str, dict[str, type[Args]]] = {
    platform: {one.__name__: one.__init__.__annotations__["args"] for one in components(platform)}
    for platform in PLATFORMS
}


def required(shape: type[Args]) -> set[str]:
    return {one.name for one in fields(shape) if one.default is MISSING and one.default_factory is MISSING}


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)


def constructed(program: str) -> Iterator[tuple[str, set[str]]]:
    """Each component that a Python program constructs, and the arguments that it names, a dictionary's too."""
    tree = ast.parse(program)
    spread: dict[str, set[str]] = {}
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict) and isinstance(node.targets[0], ast.Name):
            keys = {key.value for key in node.value.keys if isinstance(key, ast.Constant)}
            spread[node.targets[0].id] = {str(key) for key in keys}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and len(node.args) == 1:
            if not isinstance(node.func.value, ast.Name) or node.func.value.id != "ml":
                continue
            names: set[str] = set()
            for word in node.keywords:
                assert word.arg or isinstance(word.value, ast.Name)
                names |= {word.arg} if word.arg else spread[word.value.id]  # pyright: ignore[reportAttributeAccessIssue]
            yield node.func.attr, names


@pytest.mark.parametrize("program", ["aws.py", "gcp.py", "azure.py", "late.py"])
def test_a_python_program_names_the_arguments_of_today(program: str) -> None:
    shapes, found = ARGUMENTS[{"late": "aws"}.get(program[:-3], program[:-3])], 0
    for noun, names in constructed((STRANGERS / program).read_text(encoding="utf-8")):
        assert required(shapes[noun]) <= names, f"{noun} lacks {sorted(required(shapes[noun]) - names)}"
        known = {one.name for one in fields(shapes[noun])}
        assert names <= known, f"{noun} has no {sorted(names - known)}"
        found += 1
    assert found > 1


@pytest.mark.parametrize("program", ["aws.ts", "gcp.ts", "azure.ts", "late.ts"])
def test_a_typescript_program_names_the_arguments_of_today(program: str) -> None:
    text = (STRANGERS / program).read_text(encoding="utf-8")
    shapes, found = ARGUMENTS[{"late": "aws"}.get(program[:-3], program[:-3])], 0
    spread = dict(re.findall(r"^const (\w+) = \{(.*?)\};$", text, re.M | re.S))
    for noun, given in re.findall(r'new ml\.(\w+)\("[\w-]+", (.*?)\);$', text, re.M | re.S):
        whole = given + "".join(said for name, said in spread.items() if re.search(rf"(\.\.\.|^){name}\b", given))
        words = set(re.findall(r"\w+", whole))
        lacking = {camel(name) for name in required(shapes[noun])} - words
        assert not lacking, f"{noun} lacks {sorted(lacking)}"
        found += 1
    assert found == len(re.findall(r"new ml\.", text)) > 1
