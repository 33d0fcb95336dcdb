"""What a reviewer need not see is no finding: other names, another order, more tags, another description.

`tests/operations/standing/` and the stacks of other teams have what grows within limits.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, cast

import pytest

from catalogue.graph import Graph, Resource
from catalogue.marks import is_marked
from operations.evaluation import evaluate
from policies import pack

Json = Mapping[str, Any]
Change = Callable[[Graph], Graph]


@pytest.fixture(scope="module")
def graph(azure_pilot: Graph) -> Graph:
    return azure_pilot


def renamed(graph: Graph) -> Graph:
    """Every resource that stands in a component has another name in the program; what names it follows."""
    new = {
        one.urn: f"{one.urn.rpartition('::')[0]}::renamed-{number}"
        for number, one in enumerate(graph.resources)
        if one.custom and not one.is_provider
    }

    def follow(urns: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(new.get(urn, urn) for urn in urns)

    def other(one: Resource) -> Resource:
        references = {key: follow(urns) for key, urns in one.property_dependencies.items()}
        urn = new.get(one.urn, one.urn)
        name = urn.rpartition("::")[2]
        return replace(one, urn=urn, name=name, dependencies=follow(one.dependencies), property_dependencies=references)

    return replace(graph, resources=tuple(map(other, graph.resources)))


def reordered(graph: Graph) -> Graph:
    """Resources, and the elements of every list and map in them, stand in the opposite order."""

    def turned(value: Any) -> Any:
        if isinstance(value, Mapping) and not is_marked(cast("Any", value)):
            return {key: turned(one) for key, one in reversed(list(cast("Json", value).items()))}
        return (
            [turned(one) for one in reversed(cast("list[Any]", value))]
            if isinstance(value, list)
            else cast("Any", value)
        )

    return replace(
        graph,
        resources=tuple(
            replace(one, inputs=turned(one.inputs), outputs=turned(one.outputs)) for one in reversed(graph.resources)
        ),
    )


def told_otherwise(graph: Graph) -> Graph:
    """Every resource with tags has one more, and every description says something else."""

    def other(value: Any, key: str = "") -> Any:
        if isinstance(value, Mapping) and not is_marked(cast("Any", value)):
            more = {"data-class": "internal"} if key == "tags" else {}
            return {name: other(one, name) for name, one in cast("Json", value).items()} | more
        if isinstance(value, list):
            return [other(one) for one in cast("list[Any]", value)]
        return "says something else" if key in ("description", "displayName") else cast("Any", value)

    return replace(
        graph,
        resources=tuple(replace(one, inputs=other(one.inputs), outputs=other(one.outputs)) for one in graph.resources),
    )


@pytest.mark.parametrize("change", [renamed, reordered, told_otherwise])
def test_a_benign_change_is_no_finding(graph: Graph, change: Change) -> None:
    found = evaluate(change(graph), pack.RULES[graph.platform]).findings
    assert [f"{one.rule}: {one.message}" for one in found] == []
