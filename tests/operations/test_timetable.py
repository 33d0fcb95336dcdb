"""What runs, and when: every job of a stack file is told once, with its parts in order, and its price is the bill's."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.work import Part, Work, cron_in_words
from operations import facts, judge, pictures, timetable
from operations.verdict import RunPart, WhatRuns
from stacks.config import STACKS, read_stack_file
from stacks.sections import pipelines
from tests.previewing import preview

SIX = [f"{platform}-{stack}" for platform in ("aws", "gcp", "azure") for stack in ("pilot", "full")]


def told(graph: Graph) -> list[WhatRuns]:
    return timetable.of(graph, facts.of(graph.platform).account_and_region(graph)[1])


def said(stack: str, section: str) -> dict[str, Any]:
    file = yaml.safe_load((STACKS / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8"))
    return file["config"].get(f"mlplatform:{section}") or {}


@pytest.mark.parametrize("stack", SIX)
def test_all_that_a_stack_file_runs_is_told_once_with_its_steps_its_start_and_its_alarms(stack: str) -> None:
    rows = told(preview(STACKS / f"Pulumi.{stack}.yaml"))
    by_name = {row.name.removeprefix(f"{stack}-"): row for row in rows}
    asked = {
        name: section
        for section in ("endpoints", "batch_jobs", "training", "pipelines")
        for name, item in said(stack, section).items()
        if section != "batch_jobs" or "schedule" in item  # else steps of pipelines alone do it
    }
    assert by_name.keys() == asked.keys() and len(rows) == len(asked)
    assert not [row.unread for row in rows if row.unread]
    assert all(row.rings for row in rows)
    for name, job in said(stack, "batch_jobs").items():
        if name not in asked:
            continue
        row = by_name[name]
        assert row.what == "batch job"
        assert {part.hours for part in row.parts} == {float(job["max_hours"])}
        assert row.a_month and any("04:" in when for when in row.when) and row.started_by != ["people"]
    for name, path in said(stack, "pipelines").items():
        row, steps = by_name[name], path["steps"]
        waits = any("spot" in said(stack, "training")[one["training"]] for one in steps.values() if "training" in one)
        config = read_stack_file(STACKS / f"Pulumi.{stack}.yaml")
        hours = pipelines.of(config)[name].hours(config)
        assert row.run_hours == (None if waits and stack.startswith("azure") else hours)  # Azure waits without end
        placed = [part.name for part in row.parts if part.name != "launchers"]
        assert row.what == "pipeline" and sorted(placed) == sorted(steps)
        assert row.started_by == ["people"] and row.a_month == path["runs_per_month"]
        for part in row.parts:
            assert all(placed.index(one) < placed.index(part.name) for one in part.after)
            assert part.name == "launchers" or part.hours == steps[part.name].get("max_hours", part.hours)
    for row in rows:
        assert row.run_usd is None if row.what.endswith("endpoint") else row.run_usd


@pytest.mark.parametrize("stack", SIX)
def test_runs_at_their_price_are_what_the_bill_counts_for_their_machines(stack: str) -> None:
    graph = preview(STACKS / f"Pulumi.{stack}.yaml")
    ceilings = {line.urn: line.ceiling_usd for line in judge.cost_of(graph).lines}
    for row in told(graph):
        if row.run_usd is not None and row.a_month is not None:
            # On gcp and azure a bill has logs, launched workflows and load balancers beside the machines.
            machines, ceiling = row.run_usd * row.a_month, ceilings[row.urn]
            assert machines <= ceiling * 1.03 and (graph.platform != "aws" or ceiling <= machines * 1.03), row.name


def edited(graph: Graph, type_: str, edit: Callable[[dict[str, Any]], None]) -> Graph:
    resources = list[Any]()
    for resource in graph.resources:
        inputs = json.loads(json.dumps(resource.inputs)) if resource.type == type_ else None
        if inputs is not None:
            edit(inputs)
        resources.append(resource if inputs is None else replace(resource, inputs=inputs))
    return replace(graph, resources=tuple(resources))


def test_what_cannot_be_read_is_told_and_says_why(aws_pilot: Graph) -> None:
    broken = edited(aws_pilot, "aws:scheduler/schedule:Schedule", lambda i: i.update(scheduleExpression="cron(now)"))
    (row,) = [row for row in told(broken) if row.unread]
    assert row.what == "unknown" and "cron(now)" in row.unread


def test_an_alarm_that_watches_something_else_does_not_ring_for_it(aws_pilot: Graph) -> None:
    def elsewhere(inputs: dict[str, Any]) -> None:
        if "StateMachineArn" in (inputs.get("dimensions") or {}):
            inputs["dimensions"]["StateMachineArn"] += "-another"

    moved = edited(aws_pilot, "aws:cloudwatch/metricAlarm:MetricAlarm", elsewhere)
    made_of = [replace(one, property_dependencies={}) for one in moved.resources]
    (job,) = [row for row in told(replace(moved, resources=tuple(made_of))) if row.what == "batch job"]
    assert job.rings == []


def test_hours_of_an_endpoint_are_said_as_each_platform_has_them(azure_pilot: Graph, gcp_pilot: Graph) -> None:
    def comes_again(inputs: dict[str, Any]) -> None:
        at = {"days": ["Monday"], "hours": [7], "minutes": [30], "timeZone": "UTC"}
        inputs["profiles"][0]["recurrence"] = {"frequency": "Week", "schedule": at}

    graph = edited(azure_pilot, "azure-native:monitor:AutoscaleSetting", comes_again)
    (endpoint,) = [row for row in told(graph) if row.what == "online endpoint"]
    assert endpoint.when == ["Monday at 07:30, UTC: 1 to 4"]
    (always,) = [row for row in told(gcp_pilot) if row.what == "online endpoint"]
    assert always.when == ["all the time"]


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("30 2 * * *", "every day at 02:30, UTC"),
        ("0 4 * * 1-5", "Monday to Friday at 04:00, UTC"),
        ("0 4 * * MON,WED", "Monday and Wednesday at 04:00, UTC"),
        ("0 4 * * 0", "every Sunday at 04:00, UTC"),
        ("0 4 * * 7", "every Sunday at 04:00, UTC"),
        ("0 4 * * 0-6", "every day at 04:00, UTC"),
        ("0 0 1 * *", "on day 1 of each month at 00:00, UTC"),
        ("5 * * * *", "every hour at minute 5, UTC"),
        ("5 * * * 6", "every hour of every Saturday at minute 5, UTC"),
    ],
)
def test_a_schedule_is_said_in_words(cron: str, words: str) -> None:
    assert cron_in_words(cron, "UTC") == words


@pytest.mark.parametrize("cron", ["*/5 * * * *", "0 4 * * 5#2", "0 4 1 * 1", "0 4 * 3 1", "0 6,18 * * *", "0 4 L * *"])
def test_what_is_no_time_on_days_is_shown_as_it_stands(cron: str) -> None:
    assert cron_in_words(cron, "UTC") == f"cron {cron}, UTC"


def test_parts_come_after_what_they_wait_for_even_through_what_is_no_part() -> None:
    parts = tuple(Part(name, "step", (), 1) for name in ("last", "beside", "first"))
    waits = {
        "first": {"start"},
        "start": set[str](),
        "checks": {"first"},
        "last": {"checks", "first"},
        "beside": set[str](),
    }
    rows = {part.name: set(after) for part, after, _ in timetable.ordered(Work(parts, waits, ()))}
    assert rows == {"first": set(), "last": {"first"}, "beside": set()}
    assert list(rows).index("first") < list(rows).index("last")


def test_a_pipeline_is_drawn_from_left_to_right_and_said_in_a_sentence() -> None:
    def step(name: str, *after: str) -> RunPart:
        return RunPart(name=name, does="step", machine="m", count="1", hours=1, after=list(after))

    row = WhatRuns(
        urn="u", name="path", what="pipeline", parts=[step("a"), step("b", "a"), step("c", "a"), step("d", "b", "c")]
    )
    drawn = pictures.path(row)
    at = {box.name: (box.x, box.y) for box in drawn.boxes}
    assert at["a"][0] < at["b"][0] == at["c"][0] < at["d"][0] and at["b"][1] != at["c"][1]
    assert len(drawn.lines) == 4 and all(x1 < x2 for x1, _, x2, _ in drawn.lines)
    assert {(box.under, box.lasts) for box in drawn.boxes} == {("1 × m", "1 h")}
    assert drawn.said == "path: a; b after a; c after a; d after b and c"
    assert not pictures.is_drawn(row.model_copy(update={"parts": [step("a")]}))


def test_what_stands_beside_all_steps_is_drawn_as_wide_as_they_are_and_below_them() -> None:
    """Of gcp the launchers, which no line leads to: a box of a step would look as if it were left over."""
    (row,) = (one for one in told(preview(STACKS / "Pulumi.gcp-full.yaml")) if one.name == "gcp-full-fraud-path")
    drawn = pictures.path(row)
    steps = [box for box in drawn.boxes if box.name != "launchers"]
    (launchers,) = (box for box in drawn.boxes if box.name == "launchers")
    assert launchers.x == min(box.x for box in steps) and launchers.y > max(box.y + drawn.box[1] for box in steps)
    assert launchers.x + launchers.wide == max(box.x + box.wide for box in steps) == drawn.width - 1
    assert launchers.y + drawn.box[1] < drawn.height and len(drawn.lines) == len(steps) - 1
    assert launchers.lasts.startswith("10 h: ") and drawn.said.endswith("; launchers beside all of them")


def test_what_a_step_says_stays_within_its_box() -> None:
    """A letter of 12 pixels is 6.6 wide on the mean, and some have long names of machines."""
    part = RunPart(name="n" * 40, does="step", machine="Standard_NC24ads_A100_v4", count="2", hours=2, spot=True)
    row = WhatRuns(urn="u", name="path", what="pipeline", parts=[part, part.model_copy(update={"name": "b"})])
    drawn = pictures.path(row)
    for box in drawn.boxes:
        assert box.lasts == "2 h" and max(len(box.under), len(box.lasts)) * 6.6 <= drawn.box[0] - 12
        assert len(box.name) * 8 <= drawn.box[0] - 12
