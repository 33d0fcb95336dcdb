"""The README's table of capabilities says what the code has: each `yes` is built, each refusal is the real sentence."""

import ast
import importlib.util
from pathlib import Path

import pytest
import yaml

from catalogue.graph import Graph
from stacks.capabilities import README, ROOMS, capability, page, table
from stacks.config import NAMESPACE, STACKS, validate
from stacks.errors import BadInput
from stacks.platforms import KINDS, PLATFORMS

COMPONENTS = STACKS.parent / "components"
EACH = pytest.mark.parametrize("platform", PLATFORMS)


@pytest.fixture
def graphs(aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph) -> dict[str, Graph]:
    return {"aws": aws_pilot, "gcp": gcp_pilot, "azure": azure_pilot}


def tokens(file: Path) -> set[str]:
    """The type tokens of the components that a room defines: what its classes hand to `super().__init__`."""
    module = ast.parse(file.read_text(encoding="utf-8"))
    classes = [node for node in module.body if isinstance(node, ast.ClassDef)]
    words = [node.value for made in classes for node in ast.walk(made) if isinstance(node, ast.Constant)]
    return {word for word in words if isinstance(word, str) and word.startswith("mlplatform:") and " " not in word}


def test_the_readme_has_the_table_of_the_code() -> None:
    readme = README.read_text(encoding="utf-8")
    assert page(readme) == readme, "the code changed: run `make docs`"


def test_the_table_is_replaced_wherever_it_was_wrong() -> None:
    readme = README.read_text(encoding="utf-8")
    assert page(readme.replace("| budget | yes |", "| budget | no |")) == readme


def test_a_readme_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"README\.md: lacks the marks"):
        page("# mlplatform\n")


def test_the_table_is_square_and_says_one_thing_a_cell() -> None:
    head, rule, *rows = table().splitlines()
    assert rule == "|---|---|---|---|"
    assert len(rows) == len(KINDS) + len(ROOMS)
    for line in (head, *rows):
        assert line.count("|") == len(PLATFORMS) + 2
        assert all(cell.strip() for cell in line.split("|")[2:-1]), line


@EACH
def test_what_is_yes_is_in_the_pilot_and_what_is_later_is_not_there(graphs: dict[str, Graph], platform: str) -> None:
    made = {resource.type for resource in graphs[platform].resources}
    for what, room in ROOMS.items():
        file = COMPONENTS / platform / f"{room}.py"
        if capability(platform, room) == "yes":
            own = {token for token in tokens(file) if token.startswith(f"mlplatform:{platform}:")}
            assert own, f"{file.name} of {platform} defines no component"
            assert own & made, f"{what}: nothing of {platform}'s {file.name} is in its pilot"
        else:
            assert not file.exists() or not tokens(file) & made, f"{what}: {file.name} is in the pilot of {platform}"


@EACH
def test_a_room_that_is_written_is_used(platform: str) -> None:
    for room in ROOMS.values():
        written = importlib.util.find_spec(f"components.{platform}.{room}") is not None
        assert capability(platform, room) == ("yes" if written else "later")


@EACH
@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_is_in_a_pilot_or_refused_in_the_words_of_the_table(platform: str, kind: str) -> None:
    document = yaml.safe_load((STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8"))
    endpoints = document["config"][f"{NAMESPACE}:endpoints"]
    row = next(line for line in table().splitlines() if line.startswith(f"| `{kind}` endpoint |"))
    cell = row.split("|")[2 + list(PLATFORMS).index(platform)].strip()
    if cell == "yes":
        assert kind in {endpoint["kind"] for endpoint in endpoints.values()}
        return
    name, endpoint = next(iter(endpoints.items()))
    endpoint["kind"] = kind
    with pytest.raises(BadInput) as caught:
        validate(document["config"], "a.yaml")
    assert str(caught.value) == f"a.yaml: mlplatform:endpoints.{name}.kind: found {kind!r}: {cell}"
