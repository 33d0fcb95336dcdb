"""The table persona by task against the graphs of stacks: ours, and those of another company's teams elsewhere."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph, Resource
from catalogue.platforms import Platform
from policies.personas import table
from policies.personas.simulation import cells, cloud, refusals, requests
from stacks.config import STACKS
from tests.previewing import preview

READY: list[Platform] = ["aws", "gcp"]
ELSEWHERE: Mapping[Platform, Mapping[str, str]] = {
    "aws": {
        "us-east-1": "eu-central-1",
        "111122223333": "444455556666",
        "payments-risk": "claims",
        "[ana, ben]": "[carla, dirk]",
    },
    "gcp": {
        "us-central1": "europe-west4",
        "payments-risk": "claims",
        "[ana, ben]": "[carla, dirk]",
        "{ana: ana@example.com, ben: ben@example.com}": "{carla: carla@acme.example, dirk: dirk@acme.example}",
    },
}
"""What the words of our pilot's file become in that of another company's team."""


@pytest.fixture(scope="module", params=READY)
def ours(request: pytest.FixtureRequest) -> Graph:
    return request.getfixturevalue(f"{request.param}_pilot")


_MADE: dict[tuple[Platform, str], Graph] = {}


def theirs(platform: Platform, folder: Path, team: str = "claims") -> Graph:
    """The stack of a team of another company, in another region, with other people."""
    if (platform, team) not in _MADE:
        text = (STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8")
        for word, other in ELSEWHERE[platform].items():
            text = text.replace(word, other)
        text = text.replace("claims", team).replace(f"{platform}-pilot", f"{team}-{platform}")
        config: dict[str, Any] = yaml.safe_load(text)["config"]
        file = folder / f"Pulumi.{team}-{platform}.yaml"
        file.write_text(yaml.safe_dump({"config": config}))
        _MADE[platform, team] = preview(file)
    return _MADE[platform, team]


@pytest.fixture(scope="module")
def claims(ours: Graph, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return theirs(ours.platform, tmp_path_factory.mktemp("claims"))  # pyright: ignore[reportArgumentType]


@pytest.fixture(scope="module")
def search(ours: Graph, tmp_path_factory: pytest.TempPathFactory) -> Graph:
    return theirs(ours.platform, tmp_path_factory.mktemp("search"), "search")  # pyright: ignore[reportArgumentType]


def test_each_task_is_allowed_to_who_needs_it_and_refused_to_everybody_else(ours: Graph, claims: Graph) -> None:
    for graph in (ours, claims):
        said, found = table(graph.platform), cells(graph)
        wrong = [
            (persona, task.name, found[persona, task.name])
            for task in said.tasks
            for persona in said.made
            if persona not in task.also and found[persona, task.name] != (persona in task.who)
        ]
        assert not wrong, graph.stack


def test_of_a_guarded_task_not_one_call_is_allowed_to_anybody_else(ours: Graph, claims: Graph) -> None:
    for graph in (ours, claims):
        said = table(graph.platform)
        leaks = [
            (persona, str(request))
            for task in said.tasks
            for persona in said.made
            if task.each and persona not in task.who
            for request in requests(graph, task)
            if not cloud(graph).refusal(graph, persona, request)
        ]
        assert not leaks
        assert any(task.each and len(task.who) < len(said.made) for task in said.tasks)


SHARED = {
    "aws": {"anything", "images", "logs", "interfaces", "end-of-jobs"},
    # Vertex AI and Workflows know no grant on one endpoint or workflow: a project is the pilot's own.
    "gcp": {"project", "endpoints", "workflows"},
}
"""The words of what two stacks of an account share, or what no policy can tell apart by name."""


def test_nobody_touches_what_is_of_another_stack_in_the_same_account(claims: Graph, search: Graph) -> None:
    said = table(claims.platform)
    leaks = [
        (persona, f"{do} on {place.name}")
        for task in said.tasks
        for calls in task.calls
        if calls.at not in SHARED[claims.platform]
        for place in cloud(search).places(search)[calls.at]
        for do in calls.do
        for persona in said.made
        for request in requests(search, replace(task, calls=(replace(calls, do=(do,)),)))
        if request.at == place and not cloud(claims).refusal(claims, persona, request)
    ]
    assert not leaks


def test_no_task_is_told_twice_and_every_persona_is_known() -> None:
    for platform in READY:
        said = table(platform)
        for task in said.tasks:
            assert task.who | task.also <= set(said.taken_by), task.name
            assert task.page.startswith("https://"), task.name
            assert task.until or task.who or task.each, f"{task.name} is nobody's and guards nothing"


# ---- a grant less, a grant more -------------------------------------------------------------------------------------


Statement = dict[str, Any]
Edit = Callable[[Statement], Statement]


def without(graph: Graph, persona: str, action: str) -> Graph:
    """The graph, in which the persona's own policies no longer have an action."""

    def less(statement: Statement) -> Statement:
        return {**statement, "Action": [a for a in _list(statement["Action"]) if a != action]}

    return _edited(graph, persona, less)


def with_more(graph: Graph, persona: str, statement: Mapping[str, Any]) -> Graph:
    return _edited(graph, persona, dict, [dict(statement)])


def _list(value: str | list[str]) -> list[str]:
    return value if isinstance(value, list) else [value]


def _edited(graph: Graph, persona: str, edit: Edit, more: list[Statement] | None = None) -> Graph:
    def changed(resource: Resource) -> Resource:
        if resource.type != "aws:iam/rolePolicy:RolePolicy" or not resource.name.endswith(f"-{persona}-policy"):
            return resource
        document = json.loads(resource.inputs["policy"])
        document["Statement"] = [s for s in map(edit, document["Statement"]) if s["Action"]] + (more or [])
        return replace(resource, inputs={**resource.inputs, "policy": json.dumps(document)})

    return replace(graph, resources=tuple(map(changed, graph.resources)))


def granted(graph: Graph, persona: str) -> list[str]:
    return sorted(
        {
            action
            for policy in graph.of("aws:iam/rolePolicy:RolePolicy")
            if policy.name.endswith(f"-{persona}-policy")
            for statement in json.loads(policy.inputs["policy"])["Statement"]
            for action in _list(statement["Action"])
        }
    )


def test_a_persona_has_no_grant_that_none_of_its_tasks_needs(aws_pilot: Graph) -> None:
    """Each action that is taken away keeps the persona from one of its tasks, so the table explains every grant."""
    said, needless = table("aws"), list[tuple[str, str]]()
    for persona in said.made:
        own = [one for task in said.tasks if persona in task.who for one in requests(aws_pilot, task)]
        for action in granted(aws_pilot, persona):
            less = without(aws_pilot, persona, action)
            if not any(one.do == action and cloud(less).refusal(less, persona, one) for one in own):
                needless.append((persona, action))
    assert not needless


def test_a_grant_more_lets_a_persona_do_what_is_anothers_unless_a_guardrail_holds(aws_pilot: Graph) -> None:
    said, flipped, held = table("aws"), set[str](), set[str]()
    for task in said.tasks:
        for persona in said.made:
            if persona in task.who:
                continue
            missing = [r for r in requests(aws_pilot, task) if cloud(aws_pilot).refusal(aws_pilot, persona, r)]
            statement = {
                "Sid": "More",
                "Effect": "Allow",
                "Action": sorted({r.do for r in missing}),
                "Resource": sorted({r.at.name for r in missing}),
            }
            more = with_more(aws_pilot, persona, statement)
            reasons = set(refusals(more, persona, task).values())
            (held if reasons else flipped).add(task.name)
            assert all(reason.endswith(("does not allow it", "denies it")) for reason in reasons), reasons
    assert {"approve", "deploy", "take-down", "read-bill", "open-notebook"} <= held
    assert {"read-training-data", "call-online", "read-logs", "open-or-stop-anothers", "push-image"} <= flipped
    assert "approve" not in flipped, "nobody but the approver approves, whatever a policy says"
