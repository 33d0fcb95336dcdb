"""What a run of a pipeline does side by side on the sandbox's clock, in generated graphs, and what a failure stops."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.order import all_before, longest
from sandbox import training
from sandbox.state import State
from sandbox.state.records import New, Record
from sandbox.training import STARTING, RunFailed, Steps, is_pipeline
from tests import branching
from tests.catalogue.test_order import GRAPHS
from tests.sandbox.training.test_searching_steps import standing as standing_with

DIAMOND: Mapping[str, Sequence[str]] = {
    "prepare": [],
    "one": ["prepare"],
    "other": ["prepare"],
    "compare": ["one", "other"],
}
HOUR = 3600.0
LASTS = {"prepare": HOUR, "one": 10 * HOUR, "other": 3 * HOUR, "compare": HOUR / 2}
NOTES = 30.0
"""Seconds that what is noted of the steps takes on the sandbox's clock, at most."""


@dataclass
class Ran:
    """A run whose steps take so many seconds each, and when each began and what it left, by the clock."""

    state: State
    waits: Mapping[str, Sequence[str]]
    lasts: Mapping[str, float]
    fail: Sequence[str] = ()
    stops: bool = True
    begun: dict[str, float] = field(default_factory=dict[str, float])
    said: str = ""
    took: float = 0.0

    def run(self, monkeypatch: pytest.MonkeyPatch, record: Record) -> "Ran":
        """Do it, as `sandbox run` does, but for the containers."""

        ran = self

        class Fake:
            def is_pipeline(self, record: Record) -> bool:
                return True

            def steps(self, state: State, record: Record, run: float) -> Steps:
                return Steps(ran.waits, str, ran.stops)

        def of(record: Record) -> Fake:
            return Fake()

        def step(state: State, record: Record, service: Any, name: str, starts: str) -> Any:
            self.begun[name] = state.clock.now() - began
            end = "failed" if name in self.fail else "done"
            return training._Done([(name, f"{name}: {end}")], self.lasts[name], end)  # pyright: ignore[reportPrivateUsage]

        monkeypatch.setattr(training, "of", of)
        monkeypatch.setattr(training, "_step", step)
        began = self.state.clock.now()
        try:
            self.said = training.run(self.state, record)
        except RunFailed as failed:
            self.said = str(failed)
        self.took = self.state.clock.now() - began
        return self


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory) -> tuple[State, Record]:
    state = State(tmp_path_factory.mktemp("sandbox") / "state.sqlite")
    return state, state.resources.create(New("x:y:Z", "1", "aws", "111122223333", "us-east-1", "path", {}, {}))


def test_a_run_takes_its_longest_way_and_each_step_begins_once_what_it_reads_has_ended(
    standing: tuple[State, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    state, record = standing
    for number, waits in enumerate(GRAPHS[:40]):
        random = Random(number)
        lasts = {name: HOUR * random.randint(0, 90) for name in waits}
        ran = Ran(state, waits, lasts).run(monkeypatch, record)
        assert ran.took == pytest.approx(longest(lasts, waits), abs=NOTES)
        for name, before in waits.items():
            ready = max((ran.begun[one] + lasts[one] for one in before), default=0.0)
            assert ran.begun[name] == pytest.approx(ready, abs=NOTES)
        ends = [ran.begun[line.partition(":")[0]] + lasts[line.partition(":")[0]] for line in ran.said.splitlines()]
        assert len(ends) == len(waits) and all(one <= other + NOTES for one, other in pairwise(ends))


def test_steps_that_do_not_read_one_another_are_side_by_side(
    standing: tuple[State, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    state, record = standing
    ran = Ran(state, DIAMOND, LASTS).run(monkeypatch, record)
    assert ran.took == pytest.approx(11.5 * HOUR, abs=NOTES)
    assert ran.begun["one"] == ran.begun["other"] == pytest.approx(HOUR, abs=NOTES)
    assert [line.partition(":")[0] for line in ran.said.splitlines()] == ["prepare", "other", "one", "compare"]


def test_a_step_that_failed_stops_what_has_not_begun_and_what_runs_beside_it_ends(
    standing: tuple[State, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    state, record = standing
    waits = {**DIAMOND, "audit": ["one"]}
    ran = Ran(state, waits, {**LASTS, "audit": HOUR}, fail=["other"]).run(monkeypatch, record)
    assert ran.said.splitlines() == [
        "path: the run failed at its step other",
        "prepare: prepare: done",
        "other: other: failed",
        "one: one: done",
        "path: audit, compare did not begin",
    ]
    assert ran.begun.keys() == {"prepare", "one", "other"} and ran.took == pytest.approx(11 * HOUR, abs=NOTES)


def test_where_a_definition_lets_a_run_go_on_what_does_not_read_the_failed_step_is_done(
    standing: tuple[State, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    state, record = standing
    waits = {**DIAMOND, "audit": ["one"]}
    ran = Ran(state, waits, {**LASTS, "audit": HOUR}, fail=["other"], stops=False).run(monkeypatch, record)
    assert "audit: audit: done" in ran.said and ran.said.endswith("path: compare did not begin")
    assert ran.said.startswith("path: the run failed at its step other")


def test_in_generated_graphs_nothing_begins_that_waits_for_a_step_that_failed(
    standing: tuple[State, Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    state, record = standing
    for number, waits in enumerate(GRAPHS[40:70]):
        random, stops = Random(number), bool(number % 2)
        lasts = {name: HOUR * random.randint(1, 90) for name in waits}
        bad = random.choice(sorted(waits))
        ran = Ran(state, waits, lasts, fail=[bad], stops=stops).run(monkeypatch, record)
        ended, behind = ran.begun[bad] + lasts[bad], {one for one, before in all_before(waits).items() if bad in before}
        assert f"the run failed at its step {bad}" in ran.said and not behind & ran.begun.keys()
        if stops:
            assert all(at <= ended + NOTES for at in ran.begun.values())
        else:
            assert ran.begun.keys() == waits.keys() - behind


def test_steps_in_a_circle_are_refused(standing: tuple[State, Record], monkeypatch: pytest.MonkeyPatch) -> None:
    state, record = standing
    with pytest.raises(BadInput, match="path: its steps b, c wait for each other, or for one that is not there"):
        Ran(state, {"a": [], "b": ["c"], "c": ["b"]}, dict.fromkeys("abc", 1.0)).run(monkeypatch, record)


def test_branches_of_the_example_run_for_real_and_a_gate_stops_what_reads_it(tmp_path: Path) -> None:
    """Nine steps of which five come one after the other; then the same with a bound that one gate does not let pass."""
    state = standing_with("aws", tmp_path, stack=branching)
    (record,) = (one for one in state.resources.all() if is_pipeline(one) and branching.PIPELINE in one.name)
    began = state.clock.now()
    said = training.run(state, record).splitlines()
    assert [line.partition(":")[0] for line in said] == [
        *("prepare", "train", "train-other", "evaluate", "evaluate-other", "gate", "gate-other", "register", "score"),
    ]
    assert state.clock.now() - began == pytest.approx(5 * STARTING, abs=NOTES)
    left = {one.rstrip("/").rpartition("/")[2] for one in state.account.artifacts() if "/fraud-path/" in one}
    assert {"register", "score"} <= left
    definition = json.loads(record.inputs["pipelineDefinition"])
    (gate,) = (one for one in definition["Steps"] if one["Name"] == "gate-other")
    words = gate["Arguments"]["AppSpecification"]["ContainerArguments"]
    words[words.index("--bound=0.9")] = "--bound=1.1"
    stricter = replace(record, inputs={**record.inputs, "pipelineDefinition": json.dumps(definition)})
    with pytest.raises(RunFailed) as failed:
        training.run(state, stricter)
    first, *_, last = str(failed.value).splitlines()
    assert first == "aws-full-fraud-path: the run failed at its step gate-other"
    assert last == "aws-full-fraud-path: register, score did not begin"
