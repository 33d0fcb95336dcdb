"""Versions that go to another subscription: exactly what copies one is let through, and every wider role is found."""

from collections.abc import Callable
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT, ROLE_DEFINITION
from catalogue.kinds.azure.resources import GROUP
from catalogue.kinds.azure.storage import ACCOUNT
from operations.evaluation import evaluate
from policies import pack
from policies.personas import table
from policies.personas.simulation import allowed
from tests.mutate import changed, without
from tests.promoting import PUBLISHERS, graphs

BUILT_IN = "/subscriptions/11112222-3333-4444-5555-666677778888/providers/Microsoft.Authorization/roleDefinitions"
PUSH, OWNER = "8311e382-0749-4cb8-b61a-304f252e45ec", "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, Graph]:
    return graphs("azure", tmp_path_factory.mktemp("stacks"))


def findings(graph: Graph) -> set[str]:
    return {one.rule for one in evaluate(graph, pack.RULES["azure"]).findings if one.mandatory}


def given(graph: Graph, end: str) -> Resource:
    of = [one for one in graph.of(ROLE_ASSIGNMENT) if one.props.text_if_known("principalId") == PUBLISHERS["azure"]]
    return next(one for one in of if one.name.endswith(end))


def test_what_the_two_stack_files_say_is_found_nowhere(both: tuple[Graph, Graph]) -> None:
    for graph in both:
        assert findings(graph) == set()


def test_a_stack_that_shares_nothing_has_no_such_role(azure_pilot: Graph) -> None:
    assert not [one for one in azure_pilot.of(ROLE_ASSIGNMENT, ROLE_DEFINITION) if "versions-" in one.name]


def test_the_publisher_registers_and_approves_nothing(both: tuple[Graph, Graph]) -> None:
    tasks = {one.name: one for one in table("azure").tasks}
    for graph in both:  # of which dev takes from nobody
        assert allowed(graph, "publisher", tasks["register-candidate"])
        assert not allowed(graph, "publisher", tasks["approve-version"])


def _id(graph: Graph, type_: str) -> str:
    return graph.of(type_)[0].props.text_or_empty("id")


WIDER: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("versions-reader", lambda one: one.pop("condition")),
    ("versions-reader", lambda one: one.update(condition=one["condition"].replace("registry/", "data/"))),
    ("versions-reader", lambda one: one.update(condition=one["condition"].replace("registry/", ""))),
    ("versions-reader", lambda one: one.update(condition=f"{one['condition']} OR (1 StringEquals 1)")),
    ("versions-reader", lambda one: one.update(principalType="Group")),
    ("versions-reader", lambda one: one.update(principalId="0a1b2c3d-0000-4000-8000-0000000000ff")),
    ("image-pull", lambda one: one.update(roleDefinitionId=f"{BUILT_IN}/{PUSH}")),
    ("image-pull", lambda one: one.update(roleDefinitionId=f"{BUILT_IN}/{OWNER}")),
]


@pytest.mark.sweep(2)
@pytest.mark.parametrize(("end", "edit"), WIDER, ids=[str(n) for n in range(len(WIDER))])
def test_a_wider_role_is_found(both: tuple[Graph, Graph], end: str, edit: Callable[[dict[str, Any]], object]) -> None:
    assert findings(changed(both[0], given(both[0], end), edit))


@pytest.mark.parametrize("type_", [GROUP, ACCOUNT])
@pytest.mark.parametrize("end", ["versions-reader", "versions-finder", "image-pull"])
def test_a_role_on_something_else_is_found(both: tuple[Graph, Graph], end: str, type_: str) -> None:
    on = _id(both[0], type_)
    assert findings(changed(both[0], given(both[0], end), lambda one: one.update(scope=on)))


@pytest.mark.parametrize(
    ("end", "key", "more"),
    [
        ("versions-finder", "actions", "Microsoft.MachineLearningServices/workspaces/models/versions/write"),
        ("versions-finder", "actions", "Microsoft.MachineLearningServices/workspaces/*/read"),
        ("versions-reader", "dataActions", "Microsoft.Storage/storageAccounts/blobServices/containers/blobs/write"),
    ],
)
def test_an_operation_more_is_found(both: tuple[Graph, Graph], end: str, key: str, more: str) -> None:
    role = next(one for one in both[0].of(ROLE_DEFINITION) if one.name.endswith(end))

    def change(inputs: dict[str, Any]) -> None:
        inputs["permissions"][0][key].append(more)

    assert "registry-shared" in findings(changed(both[0], role, change))


@pytest.mark.parametrize("end", ["versions-reader", "versions-finder", "image-pull"])
def test_a_role_without_which_no_copy_works_is_missed(both: tuple[Graph, Graph], end: str) -> None:
    assert "registry-shared" in findings(without(both[0], given(both[0], end)))


def test_another_way_to_say_the_same_is_not(both: tuple[Graph, Graph]) -> None:
    def spaced(inputs: dict[str, Any]) -> None:
        inputs["condition"] = inputs["condition"].replace(" OR ", "\n OR ")

    assert findings(changed(both[0], given(both[0], "versions-reader"), spaced)) == set()
