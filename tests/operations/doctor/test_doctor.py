"""The command `doctor`: each step can be looked at, no look ends another, and without an account nothing is asked."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from catalogue.registries import as_written
from operations import doctor, facts
from operations.__main__ import application
from operations.doctor import NoCredentials, Seen, State, Unseen, Way, done, examine, looked_at, not_done
from operations.verdict import Look, ManualStep


@pytest.fixture(params=PLATFORMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


def ask(graph: Graph, monkeypatch: pytest.MonkeyPatch, platform: object | None, *options: str) -> Result:
    """The command on a graph, with a platform's module in place of the real one."""
    monkeypatch.setattr("operations.commands.doctor.graph_of", lambda _: graph)
    if platform is not None:
        monkeypatch.setattr("operations.doctor.of", lambda _: platform)
    return CliRunner().invoke(application(), ["doctor", graph.stack, *options])


def platform_that(graph: Graph, answers: Iterator[Seen | Exception]) -> SimpleNamespace:
    """A platform of which each look takes the next answer."""

    def see(account: object, look: Look) -> Seen:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    looks = {what: Way(see, way.rights) for what, way in doctor.of(graph.platform).LOOKS.items()}
    return SimpleNamespace(LOOKS=looks, open_account=lambda *_: object())


def always(answer: Seen | Exception) -> Iterator[Seen | Exception]:
    while True:
        yield answer


def test_each_step_has_looks_and_the_platform_has_a_way_for_each(graph: Graph) -> None:
    ways = doctor.of(graph.platform).LOOKS
    for step in looked_at(graph):
        assert step.looks, step.what
        assert {look.what for look in step.looks} <= set(ways), step.what
        assert all(look.name for look in step.looks), step.what


def test_what_a_step_names_is_what_is_looked_at(graph: Graph) -> None:
    looks = [look for step in looked_at(graph) for look in step.looks]
    assert {look.name for look in looks if look.what == "artifact"} == facts.artifacts(graph)
    assert {look.name for look in looks if look.what == "batch input"} == facts.batch_inputs(graph)
    for step in looked_at(graph):
        for look in step.looks:
            if look.what in ("quota", "image", "artifact", "batch input", "e-mail"):
                assert as_written(look.name) in step.what
            if look.what == "quota":
                assert f"{look.amount} of {look.name}" in step.what
            if look.what == "service":
                assert look.name in " ".join(step.commands)


def test_the_last_step_looks_at_what_may_stand_otherwise_with_the_values_that_were_judged(graph: Graph) -> None:
    looks = {(look.what, look.name, look.amount) for look in looked_at(graph)[-1].looks}
    wanted: dict[str, set[tuple[str, str, int | None]]] = {
        "aws": {
            ("replicas", "aws-pilot-fraud-scorer/live", 4),
            ("replicas", "aws-pilot-document-embedder/live", 2),
            ("log group", "/aws/sagemaker/TransformJobs", None),
            ("log group", "/aws/sagemaker/studio", None),
        },
        "gcp": {
            ("traffic", "gcp-pilot-fraud-scorer", None),
            ("idle timeout", "gcp-pilot-workspace-ana", 60),
            ("idle timeout", "gcp-pilot-workspace-ben", 60),
        },
        "azure": {
            ("traffic", "fraud-scorer-nff9a51", None),
            ("replicas", "fraud-scorer-nff9a51/v-0303fef", 4),
            ("idle timeout", "ana-n5cb195", 60),
            ("idle timeout", "ben-n3b18f4", 60),
            ("outbound rules", "storage-queue storage-table", None),
        },
    }
    assert looks == wanted[graph.platform]


def test_without_asking_it_says_what_it_would_look_at_and_the_right_for_it(
    graph: Graph, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = ask(graph, monkeypatch, None, "--dry")
    assert told.exit_code == 0
    lines = told.stdout.splitlines()
    steps = looked_at(graph)
    looked = [line for line in lines if line.startswith("   would look ")]
    assert len(looked) == sum(len(step.looks) for step in steps)
    assert all(" by " in line and not line.endswith("by ") for line in looked)
    assert lines[-1] == f"{len(steps)} of {len(steps)} steps are left: {len(steps)} not asked yet"


def test_without_credentials_nothing_is_asked_and_it_says_so(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    platform = platform_that(graph, always(AssertionError("nothing may be asked")))

    def refuse(*_: str) -> None:
        raise NoCredentials("no credentials: sign in")

    platform.open_account = refuse
    told = ask(graph, monkeypatch, platform)
    assert told.exit_code == 0 and told.stderr == "no credentials: sign in; nothing was asked\n"
    assert "not asked yet" in told.stdout.splitlines()[-1]


def test_all_done_is_exit_0_and_what_is_left_is_counted(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    total = len(looked_at(graph))
    whole = ask(graph, monkeypatch, platform_that(graph, always(done("it is there"))))
    assert whole.exit_code == 0 and whole.stdout.splitlines()[-1] == f"0 of {total} steps are left"
    none = ask(graph, monkeypatch, platform_that(graph, always(not_done("it is not there"))))
    assert none.exit_code == 1
    assert none.stdout.splitlines()[-1] == f"{total} of {total} steps are left: {total} not done"


def test_json_says_the_same(graph: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = looked_at(graph)
    told = ask(graph, monkeypatch, platform_that(graph, always(Unseen("the right is missing"))), "--format", "json")
    said: dict[str, Any] = json.loads(told.stdout)
    assert told.exit_code == 1 and said["asked"] is True and said["left"] == len(steps)
    assert [step["what"] for step in said["steps"]] == [step.what for step in steps]
    for step in said["steps"]:
        assert step["state"] == "cannot be seen"
        assert all(look["says"].endswith("the right is missing") for look in step["looks"])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_platform_imports_the_sdk_of_no_other(platform: str) -> None:
    program = f"import sys; from operations.doctor import of; of('{platform}'); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    sdks = {"boto3": "aws", "azure": "azure", "google.auth": "gcp"}
    assert {sdks[name] for name in done.stdout.split() if name in sdks} <= {platform}


def test_what_goes_wrong_in_one_look_ends_no_other() -> None:
    steps = [
        ManualStep(what=f"step {name}", who="deployer", looks=[Look(what="image", name=name)])
        for name in ("first", "second", "third")
    ]
    answers: Iterator[Seen | Exception] = iter([Unseen("it takes a right"), KeyError("name"), done("it is there")])

    def see(_: object, look: Look) -> Seen:
        answer = next(answers)
        if isinstance(answer, Exception):
            raise answer
        return answer

    found = list(examine(steps, {"image": Way(see, ("read",))}, object()))
    assert [one.state for one in found] == [State.UNSEEN, State.UNSEEN, State.DONE]
    assert [one.seen[0].says for one in found] == [
        "first: it takes a right",
        "second: the look failed (KeyError: 'name')",
        "it is there",
    ]


def test_a_step_without_looks_is_never_done(pilot: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    step = ManualStep(what="ask the owner", who="deployer", checks=["az account show"])
    monkeypatch.setattr("operations.doctor.looked_at", lambda _: [step])
    told = ask(pilot, monkeypatch, platform_that(pilot, iter(())))
    assert told.exit_code == 1
    assert told.stdout.splitlines() == [
        "1. cannot be seen: ask the owner (deployer)",
        "   by hand alone: az account show",
        "1 of 1 steps are left: 1 cannot be seen",
    ]
    assert [one.state for one in examine([step], {}, None)] == [State.NOT_ASKED]


def test_there_is_one_way_out_to_aws_and_one_to_the_others() -> None:
    """What the other tests hold of `Account.client` and of `Reader` is then true of every call."""
    sources = "\n".join(file.read_text(encoding="utf-8") for file in Path(doctor.__file__).parent.glob("*.py"))
    assert len(re.findall(r"\)\.client\(|session\.client\(|\bboto3\.(client|resource)\(", sources)) == 1
    assert len(re.findall(r"httpx\.(Client|AsyncClient|get|post|put|request|stream)\(", sources)) == 1
    assert not re.search(r"(import|from) (requests|urllib\.request|urllib3|http\.client)\b", sources)


@pytest.mark.parametrize(
    ("states", "step"),
    [
        ([State.DONE, State.DONE], State.DONE),
        ([State.DONE, State.UNSEEN], State.UNSEEN),
        ([State.UNSEEN, State.NOT_DONE, State.DONE], State.NOT_DONE),
    ],
)
def test_a_step_is_as_far_as_its_worst_look(states: list[State], step: State) -> None:
    answers = iter(states)
    looks = [Look(what="image", name="scorer") for _ in states]
    ways = {"image": Way(lambda _, __: Seen(next(answers), "so"), ("read",))}
    (found,) = examine([ManualStep(what="push", who="publisher", looks=looks)], ways, object())  # pyright: ignore[reportArgumentType]
    assert found.state is step
