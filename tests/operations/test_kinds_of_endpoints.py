"""The kind of an endpoint is one word, which the stack file says and whatever tells of the endpoint repeats."""

from pathlib import Path
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.kinds.aws.sagemaker import CONFIGURATION, ENDPOINT, MODEL, endpoint_kind
from catalogue.platforms import PLATFORMS, Platform
from catalogue.served import ENDPOINT_KINDS, endpoint_of
from operations import judge
from operations.networks import draw
from stacks.config import STACKS, read_stack_file
from stacks.sections import endpoints
from tests.mutate import changed, put
from tests.operations.test_timetable import told
from tests.previewing import preview


def full(platform: str) -> Path:
    return STACKS / f"Pulumi.{platform}-full.yaml"


def test_the_section_has_the_kinds_that_are_told_and_no_other() -> None:
    assert tuple(endpoints.SECTION.kinds) == ENDPOINT_KINDS


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_stack_of_every_section_has_an_endpoint_of_every_kind_that_its_platform_takes(platform: Platform) -> None:
    said = {item.kind for item in endpoints.of(read_stack_file(full(platform))).values()}
    assert said == {kind for kind in ENDPOINT_KINDS if not endpoints.SECTION.refused_kind(kind, platform)}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_report_bill_and_picture_call_an_endpoint_what_the_stack_file_calls_it(platform: str) -> None:
    file = full(platform)
    graph, config = preview(file), read_stack_file(file)
    rows = {row.name: row.what for row in told(graph)}
    picture = draw(graph)
    assert picture is not None
    drawn = {each.name: each.what for each in picture.running}
    words = {endpoint_of(kind) for kind in ENDPOINT_KINDS}
    keys = {one.urn: one.stack_key for one in graph.cloud}
    billed = {(keys[line.urn], line.what) for line in judge.cost_of(graph).lines if line.urn}
    for key, item in endpoints.of(config).items():
        name, word = f"{graph.stack}-{key}", endpoint_of(item.kind)
        assert (rows[name], drawn[name]) == (word, word)
        assert {what for at, what in billed if at == f"endpoints.{key}"} & words == {word}


@pytest.fixture(scope="module")
def aws() -> Graph:
    return preview(full("aws"))


def _kind(graph: Graph, name: str) -> str:
    (endpoint,) = [one for one in graph.of(ENDPOINT) if one.name == f"{graph.stack}-{name}"]
    return endpoint_kind(graph, endpoint)


def _change(graph: Graph, type_: str, key: str, path: str, value: Any) -> Graph:
    (one,) = [one for one in graph.of(type_) if one.stack_key == f"endpoints.{key}"]
    return changed(graph, one, lambda props: put(props, path, value))


def test_the_kind_is_read_from_what_is_deployed_and_not_from_a_name(aws: Graph) -> None:
    alone = _change(aws, MODEL, "fraud-countries", "primaryContainer.mode", "SingleModel")
    assert _kind(alone, "fraud-countries") == "online"
    several = _change(aws, MODEL, "fraud-scorer", "primaryContainer.mode", "MultiModel")
    assert _kind(several, "fraud-scorer") == "multi-model"
    bare: dict[str, Any] = {"modelName": "m", "serverlessConfig": {"maxConcurrency": 5, "memorySizeInMb": 2048}}
    less = _change(aws, CONFIGURATION, "fraud-scorer", "productionVariants", [bare])
    assert _kind(less, "fraud-scorer") == "serverless"
    both = _change(aws, CONFIGURATION, "fraud-scorer", "productionVariants", [bare, {"instanceType": "ml.m5.large"}])
    assert _kind(both, "fraud-scorer") == "online"


def test_a_word_that_nothing_tells_is_told_nowhere() -> None:
    """The words of the stack files' kinds are said by code in one place: the rest asks for them."""
    words = [endpoint_of(kind) for kind in ENDPOINT_KINDS]
    written = {
        str(path.relative_to(STACKS.parent))
        for folder in ("catalogue", "operations")
        for path in (STACKS.parent / folder).rglob("*.py")
        if any(f'"{word}"' in path.read_text(encoding="utf-8") for word in words)
    }
    assert written == set()
