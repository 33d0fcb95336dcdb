"""A sample of the mutants of the pilots' graphs is noticed, or lives for a reason that is written down.

`make mutants` asks about every mutant, and that each reason is still needed; it takes minutes.
"""

import random
from itertools import islice

import pytest

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from tests.mutants.changes import Mutant, mutants
from tests.mutants.survey import reasons, survey, unexplained

SAMPLE = 25


@pytest.fixture(params=PLATFORMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


def sample(graph: Graph) -> list[Mutant]:
    """Mutants from all over the graph, the same in each run."""
    every = 5_000 // SAMPLE
    return list(islice(mutants(graph, 2), random.Random(graph.platform).randrange(every), None, every))


def test_a_mutant_is_noticed_or_its_life_has_a_reason(graph: Graph) -> None:
    found = survey(graph, sample(graph))
    assert found.tried.total() >= SAMPLE // 2
    assert [str(mutant) for mutant in unexplained(found, reasons(graph.platform))] == []


def test_every_reason_says_why_and_where(graph: Graph) -> None:
    assert all(reason.types and reason.paths and len(reason.why) > 20 for reason in reasons(graph.platform))
