"""What a rehearsal says of what it saw, on an engine that is played: every way in which a drill is not as it says."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
from pulumi.automation._cmd import CommandResult
from pulumi.automation.errors import CommandError
from pulumi.automation.events import EngineEvent

from operations.drill.drills import Drill
from operations.drill.rehearsal import OBJECTS, Ran, Rehearsal, Step, Unexpected, parts_of
from sandbox.home import Home
from sandbox.state import State
from sandbox.state.metrics import Played
from sandbox.state.records import New
from stacks.config import STACKS

STACK = "aws-pilot"
ROOT_URN = f"urn:pulumi:{STACK}::mlplatform::pulumi:pulumi:Stack::mlplatform-{STACK}"
BUCKET, ENDPOINT, ALARM = (
    "aws:s3/bucket:Bucket",
    "aws:sagemaker/endpoint:Endpoint",
    "aws:cloudwatch/metricAlarm:MetricAlarm",
)
ERRORS = {
    "name": "aws-pilot-fraud-scorer-errors",
    "namespace": "AWS/SageMaker",
    "metricName": "Invocation5XXErrors",
    "statistic": "Average",
    "dimensions": {"EndpointName": "aws-pilot-fraud-scorer"},
    "comparisonOperator": "GreaterThanThreshold",
    "threshold": 0.01,
    "alarmDescription": "more than 1 % are errors",
}


def urn(type_: str, name: str) -> str:
    return f"urn:pulumi:{STACK}::mlplatform::{type_}::{name}"


def event(data: dict[str, Any]) -> EngineEvent:
    return EngineEvent.from_json({"sequence": 1, "timestamp": 1, **data})


def step(op: str, name: str) -> EngineEvent:
    metadata = {"op": op, "urn": urn(BUCKET, name), "type": BUCKET, "provider": ""}
    return event({"resOutputsEvent": {"metadata": metadata}, "resourcePreEvent": {"metadata": metadata}})


def said(message: str, severity: str = "error") -> EngineEvent:
    return event({"diagnosticEvent": {"message": message, "color": "never", "severity": severity}})


class Api:
    """Pulumi's Automation API, as far as a rehearsal goes: each call plays the next of what is to come."""

    workspace = None

    def __init__(self) -> None:
        self.to_come: list[list[EngineEvent] | str] = []

    def up(self, on_event: Callable[[EngineEvent], None]) -> None:
        coming = self.to_come.pop(0) if self.to_come else []
        if isinstance(coming, str):
            on_event(said(coming))
            raise CommandError(CommandResult(stdout="", stderr="error: update failed", code=255))
        for one in coming:
            on_event(one)

    preview = up


class Engine:
    """An engine whose state is what it is told."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.held: list[dict[str, Any]] = []

    def make(self, stack: str) -> None:
        """It is made by its file."""

    def resources(self, stack: str) -> list[dict[str, Any]]:
        return self.held


class Stage:
    """A pilot of a registry with one bucket and of one endpoint with its alarm, in a sandbox's state."""

    def __init__(self, folder: Path) -> None:
        home = Home(folder)
        home.lay_out()
        home.take(STACKS / f"Pulumi.{STACK}.yaml")
        self.state, self.engine, self.api = State(home.database), Engine(home), Api()
        registry, endpoint = (
            urn("mlplatform-aws:index:Registry", f"{STACK}-registry"),
            urn("e", f"{STACK}-fraud-scorer"),
        )
        self.engine.held = [
            {"urn": ROOT_URN, "type": "pulumi:pulumi:Stack", "custom": False},
            {"urn": registry, "type": "mlplatform-aws:index:Registry", "custom": False, "parent": ROOT_URN},
            {"urn": endpoint, "type": "mlplatform-aws:index:Endpoint", "custom": False, "parent": ROOT_URN},
        ]
        self.stands(BUCKET, f"{STACK}-artifacts", registry, protect=True)
        self.stands(ENDPOINT, f"{STACK}-fraud-scorer", endpoint)
        self.stands(ALARM, f"{STACK}-fraud-scorer-errors", endpoint, inputs=ERRORS)
        self.told: list[str] = []
        self.rehearsal = Rehearsal(STACK, self.engine, self.api, self.told.append)  # type: ignore[arg-type]

    def stands(
        self, type_: str, name: str, parent: str, protect: bool = False, inputs: dict[str, Any] | None = None
    ) -> None:
        self.state.resources.create(
            New(type_, name, "aws", "1", "us-east-1", name, inputs or {}, {}, urn=urn(type_, name), handles=[name])
        )
        one = {"urn": urn(type_, name), "type": type_, "custom": True, "parent": parent, "id": name, "protect": protect}
        self.engine.held = [*self.engine.held, one]

    def key(self, name: str) -> int:
        return self.state.resources.find(name=name)[0].key


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    stage = Stage(tmp_path)
    stage.rehearsal.comes_up()
    return stage


def test_a_part_is_named_by_the_component_below_the_stack() -> None:
    held = [
        {"urn": ROOT_URN, "type": "pulumi:pulumi:Stack", "custom": False},
        {"urn": "b", "type": "mlplatform-aws:index:BatchJob", "custom": False, "parent": ROOT_URN},
        {"urn": "inner::x", "type": "mlplatform-aws:index:Inner", "custom": False, "parent": "b"},
        {"urn": "a::b", "type": BUCKET, "custom": True, "parent": "inner::x"},
        {"urn": "ours", "type": "mlplatform:gcp:Model", "custom": True, "parent": "b"},
    ]
    held[1]["urn"] = held[2]["parent"] = "x::aws-pilot-backfill"
    assert parts_of(STACK, held) == {"a::b": "batch job backfill"}


def test_what_goes_as_it_says_is_reported(stage: Stage) -> None:
    stage.rehearsal.looks()
    stage.rehearsal.converges([])
    assert stage.rehearsal.report.never == ["endpoint fraud-scorer", "registry"]
    assert (
        f"1 protected resources are the very ones of before, with the {OBJECTS} objects in them"
        in (stage.rehearsal.report.again[-1])
    )


def test_an_alarm_says_which_endpoint_is_hurt(stage: Stage) -> None:
    stage.rehearsal.is_called(**{"fraud-scorer": Played(error_percent=5)})
    stage.rehearsal.looks()
    stage.rehearsal.rings("aws-pilot-fraud-scorer-errors")
    stage.rehearsal.converges(["endpoint fraud-scorer"])
    assert stage.rehearsal.report.never == ["registry"]
    assert "more than 1 % are errors" in stage.rehearsal.report.noticed[0]


def test_an_alarm_that_does_not_ring_is_not_as_it_says(stage: Stage) -> None:
    with pytest.raises(Unexpected, match=r"does not ring, but none"):
        stage.rehearsal.rings("aws-pilot-fraud-scorer-errors")


@pytest.mark.parametrize("expected", [[], ["registry"], ["registry", "endpoint fraud-scorer"]])
def test_more_or_less_hurt_than_it_says_is_not_as_it_says(stage: Stage, expected: list[str]) -> None:
    stage.rehearsal.is_called(**{"fraud-scorer": Played(error_percent=5)})
    stage.rehearsal.looks()
    with pytest.raises(Unexpected, match=r"^degraded were endpoint fraud-scorer, and were to be"):
        stage.rehearsal.converges(expected)


def test_what_was_deleted_by_hand_is_hurt_and_what_comes_back_must_be_another(stage: Stage) -> None:
    name = f"{STACK}-artifacts"
    stage.rehearsal.behind("somebody deletes it").delete_behind(stage.key(name))
    stage.rehearsal.looks()
    stage.state.resources.create(New(BUCKET, name, "aws", "1", "us-east-1", name, {}, {}, urn=urn(BUCKET, name)))
    with pytest.raises(Unexpected, match=r"^protected, and not what they were before: aws-pilot-artifacts$"):
        stage.rehearsal.converges(["registry"])
    stage.rehearsal.converges(["registry"], gone=["registry"])


def test_lost_objects_are_noticed(stage: Stage) -> None:
    stage.state.resources.fill(stage.key(f"{STACK}-artifacts"), OBJECTS - 1)
    with pytest.raises(Unexpected, match="objects were lost"):
        stage.rehearsal.converges([])


def test_a_second_up_that_changes_something_is_not_as_it_says(stage: Stage) -> None:
    stage.api.to_come = [[], [step("update", "x"), step("same", "y")]]
    with pytest.raises(Unexpected, match=r"second `pulumi up` would update 1$"):
        stage.rehearsal.converges([])


def test_a_cloud_that_differs_from_pulumis_state_is_not_as_it_says(stage: Stage) -> None:
    stage.state.resources.create(New(BUCKET, "left-over", "aws", "1", "us-east-1", "left-over", {}, {}))
    with pytest.raises(Unexpected, match="left-over"):
        stage.rehearsal.converges([])


def test_a_pilot_that_is_another_than_before_is_not_as_it_says(stage: Stage) -> None:
    stage.engine.held = stage.engine.held[:-1]
    with pytest.raises(Unexpected, match=r"not what stood before: aws-pilot-fraud-scorer-errors"):
        stage.rehearsal.converges([])


def test_a_failure_must_say_what_it_was_to_say(stage: Stage) -> None:
    stage.api.to_come = ["aws:x resource 'y' has a problem: quota <{%reset%}>exceeded", "another thing", []]
    stage.rehearsal.fails("quota .*exceeded")
    assert stage.rehearsal.report.noticed == ["`pulumi up` fails: quota exceeded"]
    with pytest.raises(Unexpected, match=r"did not say 'quota', but: (update failed|another thing)"):
        stage.rehearsal.fails("quota")
    with pytest.raises(Unexpected, match="ended well, and was to fail"):
        stage.rehearsal.fails("quota")


def test_an_up_that_was_to_end_well_and_does_not_is_not_as_it_says(stage: Stage) -> None:
    stage.api.to_come = ["no such thing"]
    with pytest.raises(Unexpected, match="`pulumi up` failed"):
        stage.rehearsal.ends_well()


def test_a_preview_must_show_what_it_was_to_show(stage: Stage) -> None:
    stage.api.to_come = [[step("delete", "x")], [step("delete", "x")]]
    assert stage.rehearsal.shows("delete", ["x"]).steps == (Step("delete", BUCKET, "x"),)
    with pytest.raises(Unexpected, match=r"would not create x, but delete 1"):
        stage.rehearsal.shows("create", ["x"])


def test_edits_are_made_in_the_copy_and_taken_back(stage: Stage) -> None:
    copy = stage.engine.home.path / "stacks" / f"Pulumi.{STACK}.yaml"
    before = copy.read_text(encoding="utf-8")
    stage.rehearsal.edits("something", lambda config: config["endpoints"]["fraud-scorer"].update(enabled=False))
    assert "enabled: false" in copy.read_text(encoding="utf-8")
    stage.rehearsal.reverts()
    assert copy.read_text(encoding="utf-8") == before
    assert "enabled: false" not in (STACKS / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize("ends", [Unexpected("it is otherwise"), KeyboardInterrupt(), None])
def test_however_a_drill_ends_no_edit_and_no_fault_is_left(
    stage: Stage, ends: BaseException | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pulumi.automation.Stack.select", Mock(return_value=stage.api))
    stacks = stage.engine.home.path / "stacks"
    begins = (stacks / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8")

    def steps(r: Rehearsal) -> None:
        for one in (r, r.beside()):
            one.edits("the ground alone", lambda config: config.update(phase="ground"))
        r.refuses("quota-exceeded", "x", "nothing is left")
        if ends is not None:
            raise ends

    with contextlib.suppress(Unexpected, KeyboardInterrupt):
        Drill("two-stacks", steps).play(stage.rehearsal)
    assert not stage.state.faults.armed()
    beside = (stacks / f"Pulumi.{STACK}-next.yaml").read_text(encoding="utf-8")
    assert (stacks / f"Pulumi.{STACK}.yaml").read_text(encoding="utf-8") == begins
    assert "phase" not in beside and f"{STACK}-next-artifacts" in beside


def test_what_ran_is_counted_by_what_was_done() -> None:
    steps = (Step("create", "t", "a"), Step("create", "t", "b"), Step("update", "t", "c"))
    assert Ran(True, steps, ()).ops() == "create 2, update 1"
    assert Ran(True, (), ()).ops() == "change nothing"
    replaced = tuple(Step(op, "t", "a") for op in ("create-replacement", "replace", "delete-replaced"))
    assert Ran(True, replaced, ()).ops() == "replace 1"
