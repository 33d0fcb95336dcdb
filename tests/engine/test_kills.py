"""`up` killed at random points, as by a machine that dies: the next one converges, nothing made twice, nothing lost.

Between the two, an operator does what `mlplatform recover` says: no cloud's provider takes over what a cut run made.
A point is a number of calls to the simulated cloud, drawn from all that the run would make. MLPLATFORM_KILLS_SEED
repeats a run.
"""

import logging
import os
import random

import pytest

from catalogue.graph import Graph
from operations.drill.rehearsal import known, standing
from operations.recovery import take_over
from sandbox.engine import Engine
from sandbox.state import State
from tests.engine.conftest import Fresh

KILLS = {"aws": 7, "gcp": 7, "azure": 6}
"""Twenty."""
LOG = logging.getLogger(__name__)
"""What is logged, pytest shows of a test that fails."""
UP = ("up", "--yes", "--skip-preview", "--stack")
SEED = os.environ.get("MLPLATFORM_KILLS_SEED") or str(random.SystemRandom().randrange(10**6))


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("platform", KILLS)
def test_after_twenty_kills_up_converges(fresh: Fresh, platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    stack, wanted = f"{platform}-pilot", len(graph.cloud)
    draw, killed = random.Random(f"{SEED}{platform}"), 0
    LOG.warning("MLPLATFORM_KILLS_SEED=%s", SEED)
    while killed < KILLS[platform]:
        engine = fresh(stack)
        stood, under_way = 0, True
        while under_way and killed < KILLS[platform]:
            after = draw.randint(1, wanted + stood)  # what stands is read again first
            under_way = engine.kill([*UP, stack], after)
            killed += under_way
            stood = len(State(engine.home.database).resources.all())
            how = "killed after" if under_way else "ended before"
            LOG.warning("%s %d calls; %d resources stand", how, after, stood)
            if under_way:
                engine.ask("cancel", "--yes", stack)
                LOG.warning("%s", "; ".join(take_over(engine, State(engine.home.database), stack)))
        converges(engine, stack)


def converges(engine: Engine, stack: str) -> None:
    engine.ask(*UP, stack)
    engine.ask(*UP, stack, "--expect-no-changes")
    stands = standing(State(engine.home.database))
    assert sorted(stands) == sorted(known(engine.resources(stack)))
