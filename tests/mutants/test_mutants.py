"""A sample of the mutants of the pilots' graphs is noticed, or lives for a reason that is written down.

`make mutants` asks about every mutant, and that each reason is still needed; it takes minutes.
"""

import random

import pytest

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from tests.mutants.changes import Mutant, of_resource
from tests.mutants.survey import reasons, survey, unexplained
from tests.mutants.values import World

RESOURCES, EACH = 4, 5


@pytest.fixture(params=PLATFORMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


def sample(graph: Graph) -> list[Mutant]:
    """Mutants of some resources, the same in each run."""
    draw, world = random.Random(graph.platform), World.of(graph)
    chosen = draw.sample(graph.cloud, RESOURCES)
    of_each = [list(of_resource(graph, world, one)) for one in chosen]
    return [mutant for found in of_each for mutant in draw.sample(found, min(EACH, len(found)))]


def test_a_mutant_is_noticed_or_its_life_has_a_reason(graph: Graph) -> None:
    found = survey(graph, sample(graph))
    assert found.tried.total() > 2 * RESOURCES
    assert [str(mutant) for mutant in unexplained(found, reasons(graph.platform))] == []


def test_every_reason_says_why_and_where(graph: Graph) -> None:
    assert all(reason.types and reason.paths and len(reason.why) > 20 for reason in reasons(graph.platform))
