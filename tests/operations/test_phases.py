"""The phases: the ground of a plan is the plan of the ground, on each platform, and it stands by itself."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from operations.evaluation import evaluate
from operations.phases import ground_of
from policies import pack
from stacks.config import STACKS
from tests.previewing import preview


@pytest.fixture(params=PLATFORMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


def in_ground(platform: str, folder: Path) -> Graph:
    document: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{platform}-pilot.yaml").read_text(encoding="utf-8"))
    document["config"]["mlplatform:phase"] = "ground"
    file = folder / f"Pulumi.{platform}-pilot.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return preview(file)


def test_the_ground_of_a_plan_is_the_plan_of_the_ground(graph: Graph, tmp_path: Path) -> None:
    alone, part = in_ground(graph.platform, tmp_path), ground_of(graph)
    assert [replace(r, source=None) for r in alone.resources] == [replace(r, source=None) for r in part.resources]
    assert ground_of(alone).resources == alone.resources


def test_what_serves_is_left_out_and_nothing_else(graph: Graph) -> None:
    left_out = {r.stack_key for r in graph.resources} - {r.stack_key for r in ground_of(graph).resources}
    assert left_out >= {"endpoints.fraud-scorer", "batch_jobs.fraud-backfill"}
    assert {str(key).partition(".")[0] for key in left_out} <= {"endpoints", "batch_jobs", "models"}


def test_nothing_of_the_ground_refers_to_what_serves(graph: Graph) -> None:
    ground = ground_of(graph)
    for resource in ground.resources:
        urns = {*resource.dependencies, *(urn for urns in resource.property_dependencies.values() for urn in urns)}
        assert urns <= set(ground.by_urn), resource.name


def test_where_artifacts_and_images_go_is_said_before_anything_serves(graph: Graph, tmp_path: Path) -> None:
    outputs = in_ground(graph.platform, tmp_path).outputs
    assert {"roles", "artifacts", "images"} <= set(outputs)
    assert not {"endpoints", "batch_jobs"} & set(outputs)


def test_the_ground_of_a_pilot_breaks_no_rule(graph: Graph) -> None:
    assert evaluate(ground_of(graph), pack.RULES[graph.platform]).findings == []
