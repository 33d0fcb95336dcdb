"""A judge of many mutants says of each what the rules say, though it asks few of them."""

from collections.abc import Iterator
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from policies import pack
from tests import sharing
from tests.catching import Judge, caught
from tests.mutate import changed, drop, dropped, paths, put, without

EVERY = 149
"""One mutant in so many: judging each of them whole is what the judge is there to spare."""


def some_rules(graph: Graph) -> list[str]:
    """A judge watches each rule before it says a word."""
    return list(sharing.share([rule.name for rule in pack.RULES[graph.platform]], 3, str))


@pytest.fixture(params=PLATFORMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


def mutants(graph: Graph) -> Iterator[Graph]:
    """Some properties of the resources, each gone or another text."""
    places = [(one, path, value) for one in graph.cloud for path, value in paths(dict(one.inputs))]
    for resource, path, value in places[::EVERY]:

        def change(properties: dict[str, Any], path: str = path, value: Any = value) -> None:
            if not isinstance(value, str):
                drop(properties, path)
            elif path.partition(".")[0] in properties:
                put(properties, path, "*")

        yield changed(graph, resource, change)


@pytest.mark.sweep
def test_it_says_what_all_rules_say(graph: Graph) -> None:
    judge, failing, names = Judge.of(graph), 0, some_rules(graph)
    for mutant in mutants(graph):
        told = caught(mutant, *names)
        assert judge.caught(mutant, *names) == told
        failing += bool(told)
    assert failing > 1


def test_a_mutant_without_a_resource_or_a_reference_is_judged_whole(graph: Graph) -> None:
    judge, names = Judge.of(graph), some_rules(graph)
    first = next(one for one in graph.cloud if one.property_dependencies)
    for mutant in (without(graph, first), dropped(graph, first, next(iter(first.property_dependencies)))):
        assert judge.caught(mutant, *names) == caught(mutant, *names)
