"""The README's table of capabilities says what the code has: each `yes` is built, each refusal is the real sentence."""

from collections.abc import Mapping
from importlib import import_module

import pytest

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from stacks.capabilities import README, capabilities, page, table
from stacks.config import NAMESPACE, read_stack_file, stack_file, validate
from stacks.sections import deployer, refusal, sections
from tests.stack_files import pilot_file
from tests.stacks.sections.test_multi_model import stack_file as several

EACH = pytest.mark.parametrize("platform", PLATFORMS)
KINDS = [(name, kind) for name, section in sections().items() for kind in section.kinds]


@pytest.fixture
def graphs(aws_pilot: Graph, gcp_pilot: Graph, azure_pilot: Graph) -> dict[str, Graph]:
    return {"aws": aws_pilot, "gcp": gcp_pilot, "azure": azure_pilot}


def rows() -> Mapping[str, list[str]]:
    """The cells of each line of the table, by what the line is about."""
    lines = table().partition("\n\n")[0].splitlines()[2:]
    return {line.split("|")[1].strip(): [cell.strip() for cell in line.split("|")[2:-1]] for line in lines}


def notes() -> list[str]:
    """The footnotes; the first is numbered 1."""
    found = table().partition("\n\n")[2].splitlines()
    assert [note.partition(". ")[0] for note in found] == [str(number + 1) for number in range(len(found))]
    return [note.partition(". ")[2] for note in found]


def test_the_readme_has_the_table_of_the_code() -> None:
    readme = README.read_text(encoding="utf-8")
    assert page(readme) == readme, "the code changed: run `make docs`"


def test_the_table_is_replaced_wherever_it_was_wrong() -> None:
    readme = README.read_text(encoding="utf-8")
    assert page(readme.replace("| budget | yes |", "| budget | no |")) == readme


def test_a_readme_without_the_marks_is_refused() -> None:
    with pytest.raises(ValueError, match=r"README\.md: lacks the marks"):
        page("# mlplatform\n")


def test_the_table_is_square_and_says_yes_or_no_with_a_footnote() -> None:
    head, rule, *_ = table().splitlines()
    assert rule == "|---|---|---|---|"
    assert head.count("|") == len(PLATFORMS) + 2
    beside = sum(len(section.also) for section in sections().values())
    assert len(rows()) == len(KINDS) + beside + sum(not section.kinds for section in sections().values())
    told = [f"no <sup>{number}</sup>" for number in range(1, len(notes()) + 1)]
    for called, cells in rows().items():
        assert len(cells) == len(PLATFORMS) and {*cells} <= {"yes", *told}, called
    referred = [cell for cells in rows().values() for cell in cells if cell != "yes"]
    assert list(dict.fromkeys(referred)) == told, "counted from the top, and each footnote is referred to"


@EACH
def test_what_is_yes_is_in_the_pilot(graphs: dict[str, Graph], platform: str) -> None:
    components = (resource for resource in graphs[platform].resources if resource.is_component)
    made = {(resource.type.rpartition(":")[2], resource.name) for resource in components}
    asked = read_stack_file(stack_file(f"{platform}-pilot"))
    known = import_module(f"tests.components.{platform}.examples").EXAMPLES
    for name, section in sections().items():
        if refusal(section, platform):
            continue
        assert section.in_ground is (deployer(name, platform) is None), f"{name}: the ground or its own file makes it"
        # What one platform alone needs is a component there alone, and what nobody asks for is none.
        for noun, named in section.makes.items() if section.of(asked) else ():
            if noun not in known:
                continue
            found = {name for noun_of, name in made if noun_of == noun}
            assert found, f"{section.called}: no {noun} is in the pilot of {platform}"
            if "{item}" not in named:
                assert found == {named.format(stack=f"{platform}-pilot")}


@EACH
def test_every_component_of_the_pilot_is_asked_for_by_a_key_or_stands_in_every_stack(
    graphs: dict[str, Graph], platform: str
) -> None:
    ground = {
        "Access",
        "Audit",
        "Encryption",
        "Group",
        "Identity",
        "Outbound",
        "PrivateBucket",
        "ServiceAgents",
        "Store",
    }
    for resource in graphs[platform].resources:
        if resource.is_component:
            asked = resource.stack_key is not None
            assert asked or resource.type.rpartition(":")[2] in ground, f"{resource.type} {resource.name}"


OF_ITS_OWN = {("aws", "endpoints", "multi-model"): several}
"""The stack files of kinds that no pilot has, whose graph is judged in a test of its own."""


@EACH
@pytest.mark.parametrize(("section", "kind"), KINDS)
def test_a_kind_is_in_a_pilot_or_refused_in_the_words_of_the_table(platform: str, section: str, kind: str) -> None:
    document = OF_ITS_OWN.get((platform, section, kind), lambda: pilot_file(platform))()
    items = document["config"][f"{NAMESPACE}:{section}"]
    cell = rows()[f"`{kind}` {sections()[section].called}"][list(PLATFORMS).index(platform)]
    if cell == "yes":
        assert kind in {item["kind"] for item in items.values()}
        return
    name, item = next(iter(items.items()))
    item["kind"] = kind
    said = notes()[int(cell.removeprefix("no <sup>").removesuffix("</sup>")) - 1]
    with pytest.raises(BadInput) as caught:
        validate(document["config"], "a.yaml")
    assert str(caught.value) == f"a.yaml: mlplatform:{section}.{name}.kind: found {kind!r}: {said}"


def test_two_platforms_with_one_refusal_share_a_footnote() -> None:
    assert len(notes()) == len({*notes()})
    assert {said for _, refused in capabilities() for said in refused.values()} == {*notes()}
