"""The manual steps of each pilot, done in a new account: all of them end in a prediction, and without any one not.

`up` is that of no engine here: the resources of the offline graph go to the simulated cloud in order, and those of our
own provider through its logic to the REST double. tests/engine/test_pilots.py does the steps with the real engine.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from graphlib import TopologicalSorter
from pathlib import Path
from shlex import split
from typing import Any, cast

import pytest

from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.platforms import PLATFORMS
from examples.pack import HERE, NAME, OUT, PACKED, dockerfile
from operations import facts
from operations.doctor import steps_of
from operations.phases import ground_of
from operations.sandboxes import walk
from operations.sandboxes.ground import Chosen
from operations.verdict import Look, ManualStep
from provider.azure.traffic import TrafficInputs
from provider.clouds import AZURE_VARIABLE, GOOGLE_VARIABLE
from provider.errors import CloudError
from provider.gcp.deployment import DeploymentInputs
from provider.gcp.model import ModelInputs
from provider.inputs import parsed
from sandbox import batch, byhand, closed
from sandbox.clouds import CLOUDS
from sandbox.clouds.manners import CloudSaysNo
from sandbox.rest.kept import KeptDouble
from sandbox.simulated_cloud import Cloud
from sandbox.state import State
from tests.provider.cloud import Logic, logic

PAGE = (HERE.parent / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
REFUSALS = {
    "aws": {
        "role": "is not authorized to perform: ",
        "quota": "ResourceLimitExceeded: The account-level service limit",
        "image": "Requested image",
        "artifact": "Could not find model data at",
        "batch input": "No S3 objects found under S3 URL",
        "ground": "does not exist in the registry with id",
    },
    "gcp": {
        "role": "denied on resource",
        "service": "before or it is disabled",
        "quota": "Quota exceeded for ",
        "image": "No such image: ",
        "artifact": "There are no files under",
        "batch input": "No files match",
        "ground": "name unknown: Repository",
    },
    "azure": {
        "role": "authorization to perform action",
        "quota": "ClusterMinNodesExceedCoreQuota",
        "image": "Unable to download user container image",
        "artifact": "Unable to download user model",
        "batch input": "DataAccessError(NotFound)",
        "ground": "bring up the ground first",
    },
}
"""What the cloud says where a step is left out: to a create, or to the first run of a batch job.

AWS's services are on, and azure-native registers resource providers itself.
"""
NEEDED = [(platform, what) for platform, said in REFUSALS.items() for what in said]


class Place:
    """A new sandbox in this process, and `up` of a graph in it."""

    def __init__(self, graph: Graph, state: State, run: Logic, unwaited: str = "") -> None:
        account, region = facts.of(graph.platform).account_and_region(graph)
        package = next(package for package, cloud in CLOUDS.items() if cloud.platform == graph.platform)
        self.state, self._graph, self._unwaited = state, graph, unwaited
        self._cloud = Cloud(package, state, "one", account, region)
        self._ours: dict[str, Callable[[Any], Any]] = {
            "mlplatform:gcp:Model": lambda given: run.models.create(parsed(ModelInputs, given)),
            "mlplatform:gcp:Deployment": lambda given: run.deployments.create(parsed(DeploymentInputs, given)),
            "mlplatform:azure:Traffic": lambda given: run.traffics.create(parsed(TrafficInputs, given)),
        }
        self._made: set[str] = set()
        self._answers: dict[Any, str] = {}  # by the offline preview's

    def up(self, phase: str) -> None:
        """Make what does not stand yet, each after what it depends on. Raises as the cloud or our provider does."""
        graph = ground_of(self._graph) if phase == "ground" else self._graph
        wanted = {one.urn: one for one in graph.cloud}
        for urn in TopologicalSorter({urn: set(one.dependencies) for urn, one in wanted.items()}).static_order():
            if urn in wanted and urn not in self._made:
                self._make(wanted[urn])
                self._made.add(urn)

    def _make(self, one: Resource) -> None:
        given = self._with_answers(dict(one.inputs))
        if one.type.startswith("mlplatform:"):
            if one.name != self._unwaited:  # else as far as our provider's wait for grants
                self.state.clock.move(60.0 * float(given.get("minutes") or 0))
            create = self._ours.get(one.type)
            outputs = create(given).outputs if create else {}
            self._answers |= {
                one.outputs.get(key, key): value for key, value in outputs.items() if isinstance(value, str)
            }
            return
        checked, wrong = self._cloud.check(one.type, one.urn, one.name, given, {}, b"")
        assert wrong == []
        self._cloud.create(one.type, one.urn, one.name, checked)

    def _with_answers(self, tree: Any) -> Any:
        """The inputs with what the double answered in place of what the offline preview foresaw."""
        if isinstance(tree, dict):
            return {key: self._with_answers(value) for key, value in tree.items()}
        if isinstance(tree, list):
            return [self._with_answers(value) for value in tree]
        return self._answers.get(tree, tree) if isinstance(tree, str) else tree

    def does(self, step: ManualStep) -> str | None:
        """Do one step. Returns the prediction where the step calls an endpoint."""
        for words in walk.pulumi(step):
            if words[0] == "up":
                self.up("ground" if "the ground" in step.what else "serve")
        walk.do(self.state, step, self._graph)
        return walk.called(self.state, step)

    def runs(self) -> list[str]:
        """Start a run of each batch job. Returns what is said of each."""
        return [byhand.run(self.state, job.name) for job, _ in batch.jobs(self.state)]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Place]]:
    with ExitStack() as open_:

        def new(graph: Graph, unwaited: str = "") -> Place:
            double = open_.enter_context(KeptDouble(database=tmp_path / "state.sqlite"))
            monkeypatch.setenv(GOOGLE_VARIABLE, double.address)
            monkeypatch.setenv(AZURE_VARIABLE, double.address)
            return Place(graph, State(tmp_path / "state.sqlite"), open_.enter_context(logic()), unwaited)

        yield new


def pilot(request: pytest.FixtureRequest, platform: str) -> Graph:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    return graph


@pytest.mark.parametrize("platform", PLATFORMS)
def test_all_steps_in_order_end_in_the_recorded_prediction(
    platform: str, place: Callable[..., Place], request: pytest.FixtureRequest
) -> None:
    graph = pilot(request, platform)
    new = place(graph)
    answers = [answer for step in steps_of(graph) if (answer := new.does(step)) is not None]
    recorded = (HERE / "recorded" / platform / "prediction.json").read_text(encoding="utf-8")
    assert [json.loads(answer) for answer in answers] == [json.loads(recorded)]
    jobs = {one.name for step in steps_of(graph) for one in step.looks if one.what == "batch job"}
    assert len(new.runs()) == len(jobs) > 0
    brought = [step for step in steps_of(graph) if any(is_(step, what) for what in ("image", "artifact"))]
    for step in brought:
        refusals = [closed.refusal(new.state, look.name, outside=True) for look in step.looks]
        assert all(map(bool, refusals)) is (", from inside the network (" in step.what), "where the publisher stands"
    assert any(closed.refusal(new.state, look.name, True) for step in brought for look in step.looks) is (
        platform == "azure"
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_person_signs_in_by_a_step_and_by_no_other(
    platform: str, place: Callable[..., Place], request: pytest.FixtureRequest
) -> None:
    """No prediction needs it, so what shows it is who is signed in. Before the ground stands, it is refused."""
    graph = pilot(request, platform)
    new, steps = place(graph), steps_of(graph)
    (sign_in,) = (step for step in steps if is_(step, "sign-in"))
    with pytest.raises(BadInput, match="no workspace that stands here knows that person; bring up the ground first"):
        new.does(sign_in)
    answers = [new.does(step) for step in steps if step is not sign_in]
    assert answers[-1] and new.state.account.apps() == []
    new.does(sign_in)
    assert new.state.account.apps() == [sign_in.looks[0].name]


@pytest.mark.parametrize(("platform", "left_out"), NEEDED)
def test_each_step_left_out_ends_in_a_refusal_that_the_page_names(
    platform: str, left_out: str, place: Callable[..., Place], request: pytest.FixtureRequest
) -> None:
    graph, said = pilot(request, platform), REFUSALS[platform][left_out]
    new = place(graph)
    steps = [step for step in steps_of(graph) if not is_(step, left_out)]
    with pytest.raises((CloudSaysNo, CloudError, BadInput), match=re.escape(said)):
        for step in steps:
            new.does(step)
        new.runs()
    assert f"`{said.strip()}`" in PAGE


WAITS = [
    ("gcp", "identity-in-force", "does not have permission to access Artifact Registry repository"),
    ("azure", "identity-in-force", "Startup task failed due to authorization error"),
]
"""Beside the waits for keys: the wait that is taken away, and what is said then to who comes too early.

Azure's own roles are made first of all, so in these pilots other waits let them ripen before they are assigned.
"""


@pytest.mark.parametrize(("platform", "wait", "said"), WAITS)
def test_without_its_wait_a_stack_comes_too_early(
    platform: str, wait: str, said: str, place: Callable[..., Place], request: pytest.FixtureRequest
) -> None:
    graph = pilot(request, platform)
    (unwaited,) = (one.name for one in graph.resources if one.name.endswith(wait))
    new = place(graph, unwaited)
    with pytest.raises((CloudSaysNo, CloudError), match=said):
        for step in steps_of(graph):
            new.does(step)
    assert f"`{said}`" in PAGE


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_step_of_the_account_is_one_that_is_needed(platform: str, request: pytest.FixtureRequest) -> None:
    """But for Azure's resource providers, which azure-native registers itself."""
    asked = {look.what for step in steps_of(pilot(request, platform)) for look in step.looks}
    registered = {"service"} if platform == "azure" else set[str]()
    assert asked & {"role", "quota", "service", "image", "artifact", "batch input"} - registered == set(
        REFUSALS[platform]
    ) - {"ground"}


def is_(step: ManualStep, what: str) -> bool:
    """Whether this is the step that does this."""
    return step.what == "bring up the ground" if what == "ground" else any(look.what == what for look in step.looks)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("name", [None, "mine", "./mine"])
def test_a_printed_command_is_one_that_can_be_typed(
    platform: str, name: str | None, request: pytest.FixtureRequest
) -> None:
    """At the root of the checkout, into the sandbox that was named, with a request that is there."""
    graph = pilot(request, platform)
    steps = steps_of(graph)
    home = Chosen(name, real_time=False).home()
    commands = [split(one) for step in steps for one in walk.by_hand(step, graph, home)]
    start = ["uv", "run", "mlplatform", "sandbox", *(["--name", commands[0][5]] if name else [])]
    assert Chosen(start[-1] if name else None, real_time=False).home() == home, "what is typed names the same sandbox"
    assert split(PACKED) in commands
    commands.remove(split(PACKED))
    assert commands and all(words[: len(start)] == start for words in commands)
    (push,) = (words for words in commands if words[len(start)] == "push" and NAME in words[-2])
    assert (HERE.parent / push[-1]) == dockerfile(platform)
    (upload,) = (words for words in commands if words[len(start)] == "upload" and "/example/" in words[-1])
    assert (HERE.parent / upload[-1]).parent == OUT / platform
    (call,) = (words for words in commands if words[len(start)] == "call")
    assert (HERE.parent / call[-1]) == HERE / "recorded" / platform / "request.json" and (
        HERE.parent / call[-1]
    ).is_file()


@pytest.mark.parametrize("platform", PLATFORMS)
def test_of_another_image_the_last_step_says_that_a_sandbox_does_not_run_it(
    platform: str, request: pytest.FixtureRequest
) -> None:
    """How the call then ends, tests/sandbox/dataplane/test_call.py shows."""
    own = pilot(request, platform)
    renamed = (replace(one, inputs=named(one.inputs), outputs=named(one.outputs)) for one in own.resources)
    graph = replace(own, resources=tuple(renamed))
    steps = steps_of(graph)
    said = [walk.caveat(step, graph) for step in steps]
    assert [bool(each) for each in said] == [is_(step, "call") for step in steps] and "churn-scorer" in "".join(said)
    assert not any(walk.caveat(step, own) for step in steps_of(own))


def named(tree: Any) -> Any:
    """Inputs in which another image stands in the place of the example's, in the same registry."""
    if isinstance(tree, Mapping):
        return {key: named(value) for key, value in cast("Mapping[str, Any]", tree).items()}
    if isinstance(tree, list):
        return [named(value) for value in cast("list[Any]", tree)]
    return re.sub(rf"{NAME}([-:]1)$", r"churn-scorer\1", tree) if isinstance(tree, str) else tree


def test_a_region_on_request_is_enabled_by_a_command(tmp_path: Path, aws_pilot: Graph) -> None:
    from sandbox.home import Home

    step = ManualStep(what="enable it", who="administrator", looks=[Look(what="region", name="il-central-1")])
    (command,) = walk.by_hand(step, aws_pilot, Home(tmp_path / "box"))
    assert command.endswith(" enable-region il-central-1")
    state = State(tmp_path / "state.sqlite")
    walk.do(state, step, aws_pilot)
    assert state.account.has_region("il-central-1")
