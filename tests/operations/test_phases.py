"""The phases: the ground of a plan is the plan of the ground, on each platform, and it stands by itself."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from operations import together
from operations.arguments import Format
from operations.commands.cost import cost
from operations.evaluation import evaluate
from operations.judge_command import judge_and_show
from operations.phases import ground_of
from operations.preview import Program, Programs
from policies import pack
from tests.previewing import preview
from tests.stack_files import pilot_file


@pytest.fixture(params=PLATFORMS)
def graph(request: pytest.FixtureRequest) -> Graph:
    made: Graph = request.getfixturevalue(f"{request.param}_pilot")
    return made


def file_in_ground(platform: str, folder: Path) -> Path:
    document: dict[str, Any] = pilot_file(platform)
    document["config"]["mlplatform:phase"] = "ground"
    file = folder / f"Pulumi.{platform}-pilot.yaml"
    file.write_text(yaml.safe_dump(document), encoding="utf-8")
    return file


def in_ground(platform: str, folder: Path) -> Graph:
    return preview(file_in_ground(platform, folder))


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


class Asked(Exception):
    """What was asked for is known, and need not be run."""


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_verdict_and_a_bill_are_of_every_phase_whichever_one_the_file_asks_for(
    platform: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Program] = []

    def seen(programs: Program | list[Program], *others: object) -> NoReturn:
        asked.extend(programs if isinstance(programs, list) else [programs])
        raise Asked

    monkeypatch.setattr(together, "judge_all", seen)
    monkeypatch.setattr(Programs, "run", lambda running, program: seen(program))
    ground = file_in_ground(platform, tmp_path)
    with pytest.raises(Asked):
        judge_and_show([ground], Format.JSON, tmp_path, date(2026, 11, 26))
    with pytest.raises(Asked):
        cost([str(ground)])
    assert [program.config | {"mlplatform:phase": "ground"} for program in asked] == [Program.of(ground).config] * 2
    assert not any("mlplatform:phase" in program.config for program in asked)
