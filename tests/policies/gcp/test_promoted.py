"""Versions that go to another project: exactly what copies one is let through, and every wider grant is found."""

from collections.abc import Callable
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.kinds.gcp import artifactregistry, projects, storage
from operations.evaluation import evaluate
from policies import pack
from tests.mutate import changed, without
from tests.promoting import PUBLISHERS, graphs

MEMBER = f"serviceAccount:{PUBLISHERS['gcp']}"
ON_BUCKET, ON_IMAGES = storage.BUCKET_MEMBER, artifactregistry.REPOSITORY_MEMBER


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Graph, Graph]:
    return graphs("gcp", tmp_path_factory.mktemp("stacks"))


def findings(graph: Graph) -> set[str]:
    return {one.rule for one in evaluate(graph, pack.RULES["gcp"]).findings if one.mandatory}


def given(graph: Graph, type_: str, end: str) -> Any:
    return next(
        one for one in graph.of(type_) if one.props.text_if_known("member") == MEMBER and one.name.endswith(end)
    )


def test_what_the_two_stack_files_say_is_found_nowhere(both: tuple[Graph, Graph]) -> None:
    for graph in both:
        assert findings(graph) == set()


def test_a_stack_that_shares_nothing_has_no_such_grant(gcp_pilot: Graph) -> None:
    assert not [one for one in gcp_pilot.of(ON_BUCKET, ON_IMAGES) if "-given-" in one.name]


def _below(folder: str, more: str = "") -> Callable[[dict[str, Any]], None]:
    def change(inputs: dict[str, Any]) -> None:
        said = inputs["condition"]["expression"]
        inputs["condition"] = {**inputs["condition"], "expression": said.replace("registry/", folder) + more}

    return change


WIDER: list[tuple[str, str, Callable[[dict[str, Any]], object]]] = [
    (ON_BUCKET, "registry", lambda one: one.update(role="roles/storage.objectUser")),
    (ON_BUCKET, "registry", lambda one: one.update(role="roles/storage.objectCreator")),
    (ON_BUCKET, "registry", lambda one: one.update(role="roles/storage.objectAdmin")),
    (ON_BUCKET, "registry", lambda one: one.pop("condition")),
    (ON_BUCKET, "registry", _below("data/")),
    (ON_BUCKET, "registry", _below("")),
    (ON_BUCKET, "registry", _below("registry")),
    (ON_BUCKET, "registry", _below("registry/", " || true")),
    (ON_BUCKET, "registry", lambda one: one.update(bucket="gcp-dev-approvals-payments-risk-pilot")),
    (
        ON_BUCKET,
        "registry",
        lambda one: one.update(member="serviceAccount:a@payments-risk-test.iam.gserviceaccount.com"),
    ),
    (ON_BUCKET, "registry", lambda one: one.update(member="allUsers")),
    (ON_BUCKET, "registry", lambda one: one.update(member="domain:example.com")),
    (ON_BUCKET, "approvals", lambda one: one.update(role="roles/storage.objectCreator")),
    (ON_IMAGES, "images", lambda one: one.update(role="roles/artifactregistry.writer")),
    (ON_IMAGES, "images", lambda one: one.update(role="roles/artifactregistry.repoAdmin")),
]


@pytest.mark.sweep(2)
@pytest.mark.parametrize(("type_", "end", "edit"), WIDER, ids=[str(n) for n in range(len(WIDER))])
def test_a_wider_grant_is_found(
    both: tuple[Graph, Graph], type_: str, end: str, edit: Callable[[dict[str, Any]], object]
) -> None:
    assert findings(changed(both[0], given(both[0], type_, end), edit))


def test_a_grant_of_another_sort_to_the_publisher_is_found(both: tuple[Graph, Graph]) -> None:
    for type_ in (projects.MEMBER, "gcp:serviceaccount/iAMMember:IAMMember"):
        one = both[0].of(type_)[0]
        assert findings(changed(both[0], one, lambda inputs: inputs.update(member=MEMBER)))


@pytest.mark.parametrize(("type_", "end"), [(ON_BUCKET, "registry"), (ON_BUCKET, "approvals"), (ON_IMAGES, "images")])
def test_a_grant_without_which_no_copy_works_is_missed(both: tuple[Graph, Graph], type_: str, end: str) -> None:
    assert "registry-shared" in findings(without(both[0], given(both[0], type_, end)))


def test_another_way_to_say_the_same_is_not(both: tuple[Graph, Graph]) -> None:
    def narrower(inputs: dict[str, Any]) -> None:
        said = inputs["condition"]["expression"].partition(" || ")[0]
        inputs["condition"] = {"title": "promotion", "expression": said}

    assert findings(changed(both[0], given(both[0], ON_BUCKET, "registry"), narrower)) == set()
