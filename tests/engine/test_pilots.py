"""Each pilot's life on the real engine, in a new account: every manual step, again, refresh, a new version, down.

One story a platform, for each step stands on the one before; xdist runs the three beside each other.
tests/operations/sandboxes/ leaves out one manual step at a time, without the engine.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.kinds.azure.machinelearningservices import SERVED
from catalogue.kinds.azure.mlplatform import TRAFFIC
from examples.pack import HERE
from operations.doctor import steps_of
from operations.drill.rehearsal import Step, Thing, known, standing
from operations.sandboxes import walk
from sandbox import batch, byhand
from sandbox.engine import Engine
from sandbox.rest.kept_vertex import AI_ENDPOINT, DEPLOYMENT
from sandbox.state import State
from stacks.config import STACKS
from tests.engine.conftest import Fresh

ENDPOINT = {"aws": "aws:sagemaker/endpoint:Endpoint", "gcp": AI_ENDPOINT, "azure": SERVED}
QUIET = ("--yes", "--skip-preview", "--json")


@dataclass(frozen=True)
class Pilot:
    """One pilot in a sandbox of its own."""

    stack: str
    engine: Engine

    @property
    def state(self) -> State:
        return State(self.engine.home.database)

    def steps(self, *arguments: str) -> set[Step]:
        """Run a command and return what it did, but for looking at what there is."""
        lines = self.engine.ask(*arguments, "--stack", self.stack).splitlines()
        events = [json.loads(line) for line in lines if line.startswith("{")]
        done = [event["resOutputsEvent"]["metadata"] for event in events if "resOutputsEvent" in event]
        found = {Step(one["op"], one["type"], one["urn"].rpartition("::")[2]) for one in done}
        return {step for step in found if step.op not in ("refresh", "read", "same")}

    def known(self) -> set[Thing]:
        """The cloud's resources in Pulumi's own state, but for those of our own provider."""
        return known(self.engine.resources(self.stack))

    def in_cloud(self) -> set[Thing]:
        """What stands in the simulated cloud, but for what our own provider made."""
        return set(standing(self.state))


@pytest.fixture(params=["aws", "gcp", "azure"])
def pilot(request: pytest.FixtureRequest, fresh_and_new: Fresh) -> Iterator[Pilot]:
    before = {path: path.read_bytes() for path in STACKS.glob("*.yaml")}
    stack = f"{request.param}-pilot"
    yield Pilot(stack, fresh_and_new(stack))
    assert {path: path.read_bytes() for path in STACKS.glob("*.yaml")} == before, "a checked-in file was touched"


def test_the_life_of_a_pilot(pilot: Pilot, request: pytest.FixtureRequest) -> None:
    platform = pilot.stack.partition("-")[0]
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    ups: list[set[Step]] = []
    stood: list[set[Thing]] = []
    answers: list[str | None] = []
    for step in steps_of(graph):
        for words in walk.pulumi(step):
            if words[0] == "up":
                ups.append(pilot.steps(*(word for word in words if word not in ("--stack", pilot.stack)), *QUIET))
                stood.append(pilot.known())
            else:
                pilot.engine.ask(*words)
        walk.do(pilot.state, step, graph)
        answers.append(walk.called(pilot.state, step))
    recorded = (HERE / "recorded" / platform / "prediction.json").read_text(encoding="utf-8")
    answered = [json.loads(answer) for answer in answers if answer]
    assert answered == [json.loads(recorded)], "the steps lead to the first prediction"

    for job, _ in batch.jobs(pilot.state):
        assert f"a run of {job.name} finds its data" in byhand.run(pilot.state, job.name)

    laid, came_up = ups
    assert {step.op for step in laid} == {"create"}
    assert not {step for step in laid if step.type == ENDPOINT[platform]}
    assert {step.op for step in came_up} == {"create"}, "what serves stands on the ground and changes nothing of it"
    ground, stands = stood
    assert ground < stands
    assert len(stands) > 80 and pilot.in_cloud() == stands
    assert serves(pilot, platform) in ({100}, set())

    assert pilot.steps("up", *QUIET) == set(), "a second up changes nothing"
    assert pilot.steps("refresh", *QUIET, "--expect-no-changes") == set()

    uri = new_version(pilot)
    byhand.upload(pilot.state, uri)
    changed = pilot.steps("up", *QUIET)
    assert changed, f"{uri} is to be served"
    replaced = {step for step in changed if step.type == ENDPOINT[platform] and step.op != "update"}
    assert replaced == set(), "an endpoint keeps its address through a new version"
    endpoints = {thing for thing in stands if thing[0] == ENDPOINT[platform]}
    assert endpoints and endpoints <= pilot.known() == pilot.in_cloud()
    assert serves(pilot, platform) in ({100}, set())

    take_down(pilot)


def new_version(pilot: Pilot) -> str:
    """Let the stack's copied file name the next version of the model, as `pulumi config` does."""
    path = "mlplatform:models.fraud-scorer.artifact_uri"
    was = pilot.engine.ask("config", "get", "--path", path, "--stack", pilot.stack).strip()
    uri = was.replace("/mlplatform-example/1/", "/mlplatform-example/2/")
    assert uri != was
    pilot.engine.ask("config", "set", "--path", path, uri, "--stack", pilot.stack)
    return uri


def serves(pilot: Pilot, platform: str) -> set[int]:
    """The shares of traffic that the REST double keeps of what our provider deployed; AWS has no such."""
    if platform == "azure":
        return {share for row in pilot.state.resources.find(type=TRAFFIC) for share in row.outputs["traffic"].values()}
    return {row.outputs["trafficPercent"] for row in pilot.state.resources.find(type=DEPLOYMENT)}


def take_down(pilot: Pilot) -> None:
    """Destroy takes all but what is protected, and what that stands on; released, nothing is left.

    The rest is named, one `--target` each: `--exclude-protected` follows every path through the dependencies, and there
    are 311 million of them on Azure (`markAsDependency` in the engine's dependency_graph.go never stops at what it has
    marked).
    """
    for user in pilot.state.account.apps():  # on aws they keep their person's profile from being deleted
        byhand.stop_app(pilot.state, user)
    for user in pilot.state.account.spaces():
        byhand.delete_space(pilot.state, user)
    stood = {one["urn"]: one for one in pilot.engine.resources(pilot.stack)}
    needed = what_is_kept(stood)
    assert any(one.get("protect") for one in stood.values()), "what holds state is protected"
    rest = {urn for urn in stood if "pulumi:pulumi:Stack" not in urn} - needed
    pilot.steps("destroy", *QUIET, *(word for urn in sorted(rest) for word in ("--target", urn)))
    assert {one["urn"] for one in pilot.engine.resources(pilot.stack)} == set(stood) - rest
    assert pilot.in_cloud() == pilot.known()

    pilot.engine.ask("state", "unprotect", "--all", "--yes", "--stack", pilot.stack)
    pilot.state.account.empty("")  # a person empties the stores: one that holds something is not deleted
    pilot.steps("destroy", *QUIET)
    assert pilot.engine.resources(pilot.stack) == []
    assert pilot.state.resources.all() == []


def what_is_kept(stood: Mapping[str, dict[str, Any]]) -> set[str]:
    """The URNs of what is protected, and of what it stands on."""
    needed: set[str] = set()
    open_ = [urn for urn, one in stood.items() if one.get("protect")]
    while open_:
        urn = open_.pop()
        if urn in needed:
            continue
        needed.add(urn)
        one = stood[urn]
        provider = str(one.get("provider", "")).rpartition("::")[0]
        named: list[str] = [str(one.get("parent", "")), provider, *one.get("dependencies", [])]
        open_ += [name for name in named if name in stood]
    return needed
