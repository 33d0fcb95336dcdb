"""The acceptance run on the real engine, rehearsed in a sandbox: whole, and killed while it brings something up."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalogue import transcripts
from catalogue.graph import Graph
from operations.accept.acceptance import MARK, STEPS, Acceptance, Bounds, Versions, first_up
from operations.accept.command import Asked, acceptance_of, rehearsed, run_whole
from operations.accept.doors import Sandbox
from operations.doctor import steps_of
from sandbox.engine import Engine
from stacks.config import STACKS, read_stack_file
from tests.engine.conftest import Fresh


class Killed(BaseException):
    """The machine that ran it is gone."""


@dataclass
class Deadly:
    """The engine, which dies within the `up` of this number, after so many calls to the cloud."""

    engine: Engine
    number: int
    after: int
    ups: int = 0
    dead: bool = False

    def run(self, arguments: Sequence[str], log: Path | None = None, seconds: float | None = None) -> int:
        if self.dead:
            raise Killed
        self.ups += arguments[0] == "up"
        if self.ups == self.number and self.engine.kill(arguments, self.after):
            self.dead = True
            raise Killed
        return self.engine.run(arguments, log, seconds)


@dataclass
class Door(Sandbox):
    """The sandbox's door, with another engine in it."""

    deadly: Deadly | None = None

    @property
    def pulumi(self) -> Engine | Deadly:
        return self.deadly or self.engine


def asked(graph: Graph, folder: Path) -> Asked:
    file = STACKS / f"Pulumi.{graph.stack}.yaml"
    bounds, none = Bounds(2, 100), Versions(None, None)
    return Asked(
        graph.stack, file, read_stack_file(file), graph, bounds, none, True, None, folder / "kept.json", folder
    )


def run(what: Asked, door: Door, clean: bool = False) -> Acceptance:
    what.folder.mkdir(exist_ok=True)
    return run_whole(lambda name: acceptance_of(what, door, name), clean, lambda: {"hours": 2})


def door_of(graph: Graph, fresh_and_new: Fresh) -> Door:
    """The door of a new sandbox, in which the manual steps before the first `up` are done, as the command does."""
    request = STACKS.parent / "examples" / "recorded" / graph.platform / "request.json"
    versions = rehearsed(asked(graph, request.parent))
    door = Door(fresh_and_new(graph.stack), graph, graph.stack, versions, request.read_bytes(), 250)
    steps = steps_of(graph)
    assert door.left_undone(steps[: first_up(steps)], 0) == []
    return door


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_a_whole_rehearsal_meets_what_the_sandbox_says_of_itself(
    fresh_and_new: Fresh, platform: str, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    what, door = asked(graph, tmp_path / "run"), door_of(graph, fresh_and_new)
    one = run(what, door)
    assert {step.name: step.state for step in one.steps} == dict.fromkeys([*STEPS, "leave"], "done"), one.steps
    assert one.accepted and door.state.resources.all() == []
    lies = door.state.account.artifacts()
    assert not [uri for uri in lies if f"//{graph.stack}-artifacts" in uri], "what lies with others is not the run's"
    found = transcripts.read(one.journal.file, "t")
    assert found.wrong == "" and found.door == "sandbox"
    assert [each for each in found.met if each["status"] != "seen"] == [], "the sandbox contradicts itself"
    assert {each["type"] for each in found.met if each["behaviour"] == "create"} >= {one.type for one in graph.cloud}
    text = one.journal.file.read_text(encoding="utf-8")
    assert not [word for word in (graph.stack, one.config.account, one.config.owner, one.config.team) if word in text]


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize(("platform", "number"), [("gcp", 1), ("gcp", 2), ("aws", 2), ("azure", 2)])
def test_killed_while_something_comes_up_clean_leaves_nothing(
    fresh_and_new: Fresh, platform: str, number: int, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    what, door = asked(graph, tmp_path / "run"), door_of(graph, fresh_and_new)
    door.deadly = Deadly(door.engine, number, random.SystemRandom().randint(5, 60))
    with pytest.raises(Killed):
        run(what, door)
    assert (what.folder / MARK).is_file() and door.state.resources.all()
    door.deadly = None
    one = run(what, door, clean=True)
    assert not one.left and door.state.resources.all() == [], door.state.resources.all()
    assert not (what.folder / MARK).exists()
