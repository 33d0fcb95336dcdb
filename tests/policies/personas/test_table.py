"""The table persona by task against the graphs of stacks: ours, and those of another company's teams elsewhere."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph, Resource
from catalogue.platforms import PLATFORMS, Platform
from policies.personas import azure, gcp, table
from policies.personas.simulation import allowed, cells, cloud, is_about, refusals, requests
from stacks.config import STACKS
from tests.previewing import preview

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
    "azure": {
        "eastus2": "westeurope",
        "11112222-3333-4444-5555-666677778888": "99998888-7777-4666-8555-222211110000",
        "payments-risk": "claims",
        "[ana, ben]": "[carla, dirk]",
        "{ana: 0a1b2c3d-0000": "{carla: 0c1b2c3d-0000",
        "ben: 0a1b2c3d-0000": "dirk: 0c1b2c3d-0000",
    },
}
"""What the words of our pilot's file become in that of another company's team."""


@pytest.fixture(scope="module", params=PLATFORMS)
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


@pytest.fixture(scope="module")
def full(ours: Graph) -> list[Graph]:
    """The stack with every section, where the platform has one: what the pilot has nothing of."""
    file = STACKS / f"Pulumi.{ours.platform}-full.yaml"
    return [preview(file)] if file.is_file() else []


def test_each_task_is_allowed_to_who_needs_it_and_refused_to_everybody_else(
    ours: Graph, claims: Graph, full: list[Graph]
) -> None:
    for graph in (ours, claims, *full):
        said, found = table(graph.platform), cells(graph)
        wrong = [
            (persona, task.name, found[persona, task.name])
            for task in said.tasks
            for persona in said.made
            if persona not in task.also
            and found.get((persona, task.name), persona in task.who) != (persona in task.who)
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
    "azure": set[str](),
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
    for platform in PLATFORMS:
        said = table(platform)
        for task in said.tasks:
            assert task.who | task.also <= set(said.taken_by), task.name
            assert task.page.startswith("https://"), task.name
            assert task.who or task.also or task.each, f"{task.name} is nobody's and guards nothing"


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
    assert {"approve", "deploy", "take-down", "read-bill", "open-notebook", "call-online"} <= held
    assert {"read-training-data", "read-logs", "open-or-stop-anothers", "push-image"} <= flipped
    assert "approve" not in flipped, "nobody but the approver approves, whatever a policy says"


# ---- Google Cloud and Azure: grants are resources of their own -----------------------------------------------------

GRANTS = {
    "gcp": (
        "member",
        "gcp:projects/iAMMember:IAMMember",
        "gcp:storage/bucketIAMMember:BucketIAMMember",
        "gcp:serviceaccount/iAMMember:IAMMember",
        "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
        "gcp:workbench/instanceIamMember:InstanceIamMember",
    ),
    "azure": ("principalId", "azure-native:authorization:RoleAssignment"),
}
"""The property that names who is granted something, and the types of grants."""


def holders(graph: Graph) -> dict[str, list[str]]:
    """The names by which grants name each persona: its own first, then a data scientist's, the first person's."""
    names = {p: [one.props.text_or_empty(GRANTS[graph.platform][0])] for p, one in who_is(graph).items()}
    return {p: [*own, *(people_of(graph)[:1] if p == "data-scientist" else [])] for p, own in names.items()}


def who_is(graph: Graph) -> dict[str, Resource]:
    find = gcp.account_of if graph.platform == "gcp" else azure.identity_of
    return {persona: find(graph, persona) for persona in table(graph.platform).made}  # pyright: ignore[reportArgumentType]


def people_of(graph: Graph) -> list[str]:
    return gcp.people(graph) if graph.platform == "gcp" else azure.people(graph)


def granted_to(graph: Graph, names: list[str]) -> list[Resource]:
    key, *types = GRANTS[graph.platform]
    return [grant for grant in graph.of(*types) if grant.props.text_or_empty(key) in names]


@pytest.fixture(scope="module", params=list(GRANTS))
def granting(request: pytest.FixtureRequest) -> Graph:
    return request.getfixturevalue(f"{request.param}_pilot")


def test_each_grant_that_is_taken_away_keeps_a_persona_from_a_task(granting: Graph) -> None:
    said, needless = table(granting.platform), list[str]()  # pyright: ignore[reportArgumentType]
    for persona, names in holders(granting).items():
        own = [task for task in said.tasks if persona in task.who]
        for grant in granted_to(granting, names):
            less = replace(granting, resources=tuple(r for r in granting.resources if r.urn != grant.urn))
            if all(allowed(less, persona, task) for task in own):
                needless.append(grant.name)
    assert set(needless) == TWICE[granting.platform]


TWICE = {
    # A model that only a batch job scores is granted to serving too: an endpoint may take it in the next step.
    "gcp": {"gcp-pilot-identity-serving-reads-gcp-pilot-artifacts-payments-risk-pilot-models-document-embedder"},
    "azure": {
        # The role that keeps collected requests reads, too.
        "azure-pilot-identity-serving-blob-reader-storage",
        # Somebody's own grant and that of the machine they work on allow the same.
        "azure-pilot-access-data-scientist-workspace",
        "azure-pilot-access-person-ana-blob-contributor-storage",
        "azure-pilot-access-person-ana-file-contributor-storage",
        "azure-pilot-access-person-ana-workspace",
        "azure-pilot-identity-data-scientist-blob-contributor-storage",
        "azure-pilot-identity-data-scientist-file-contributor-storage",
    },
}
"""Grants without which the persona can do its tasks by another one."""


def test_who_is_given_anothers_grants_can_do_anothers_tasks(granting: Graph) -> None:
    """So a refusal of the table is for want of the grant, and not of what the simulation does not know."""
    key, said, names = GRANTS[granting.platform][0], table(granting.platform), holders(granting)  # pyright: ignore[reportArgumentType]
    count = 0
    for persona in said.made:
        if persona == "data-scientist":
            continue  # a machine's owner is who it was made for
        other = "caller" if persona != "caller" else "training"
        given = [
            replace(grant, urn=f"{grant.urn}-more", inputs={**grant.inputs, key: names[other][0]})
            for grant in granted_to(granting, names[persona])
        ]
        more = replace(granting, resources=(*granting.resources, *given))
        for task in said.tasks:
            if is_about(granting, task) and persona in task.who and other not in {*task.who, *task.also}:
                assert not allowed(granting, other, task) and allowed(more, other, task), (persona, task.name)
                count += 1
    assert count >= 7
