"""A run in a sandbox that searches hyperparameters: its trials train for real, each apart, and the best is named."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from catalogue.registries import as_written
from examples.pack import STEPS, digest_of, digest_of_image
from examples.train import prepared
from sandbox import batch, byhand
from sandbox.state import State
from sandbox.state.records import New, Record
from sandbox.training import RunFailed, azure, gcp
from sandbox.training.search import Range, Search, Trial
from tests.mutate import put
from tests.stacks.sections.test_tuning import NAME, SWEEP, of, tuned

LOSS = re.compile(r"validation:log_loss=([0-9.]+)")
IMAGE = "111122223333.dkr.ecr.us-east-1.amazonaws.com/aws-full-registry-images:mlplatform-example-train-1"


def _smaller(inputs: Any) -> Any:
    """The state machine with two trials on one machine of the one hyperparameter that the example has."""
    definition = json.loads(inputs["definition"])
    sent = definition["States"]["Tune"]["Parameters"]
    put(sent, "HyperParameterTuningJobConfig.ResourceLimits.MaxNumberOfTrainingJobs", 2)
    put(sent, "TrainingJobDefinition.ResourceConfig.InstanceCount", 1)
    for sort in ("Integer", "Categorical"):
        put(sent, f"HyperParameterTuningJobConfig.ParameterRanges.{sort}ParameterRanges", [])
    return {**inputs, "definition": json.dumps(definition)}


def standing(platform: str, folder: Path, search: Any, small: bool = False) -> tuple[State, Record, str]:
    """A stack with a training job that searches, that job and where its data lie."""
    graph, state = tuned(platform, folder, tuning=search), State(folder / "state.sqlite")
    place = graph.placement
    assert place is not None
    for one in (one for one in graph.cloud if not one.type.endswith(":ApprovedVersion")):
        inputs = _smaller(one.inputs) if small and one.name.endswith(f"-{NAME}") else one.inputs
        id_ = str(one.outputs.get("id", one.name))
        new = New(one.type, id_, platform, place.account, place.region, one.name, inputs, one.outputs)
        state.resources.create(new)
    ((record, uri),) = ((one, uri) for one, (uri, *_) in batch.jobs(state) if f"-{NAME}" in one.name)
    return state, record, uri


def test_the_trials_of_a_run_train_apart_and_the_best_is_named(tmp_path: Path) -> None:
    state, record, uri = standing("aws", tmp_path, of("aws"), small=True)
    data = prepared(tmp_path / "prepared")
    state.content.keep(digest_of(data), data)
    state.account.upload(uri, digest_of(data))
    assert "ends as `assumed`" in byhand.run(state, record.name), "before its image is pushed"
    state.account.push(IMAGE, digest_of_image(STEPS))
    *trials, best = byhand.run(state, record.name).splitlines()
    losses = [float(found[1]) for line in trials for found in [LOSS.search(line)] if found]
    assert len(trials) == len(set(losses)) == 2
    named = trials[losses.index(min(losses))].partition(":")[0]
    assert f"the best of 2 trials is {named}: validation:log_loss=" in best and "with regularization=" in best
    written = [as_written(one) for one in state.account.artifacts() if f"/training/{NAME}/" in one]
    assert len([one for one in written if re.search(r"-00[12]-[0-9a-f]{8}/output/model.tar.gz", one)]) == 2


def test_a_run_whose_trials_leave_no_figure_has_failed(tmp_path: Path) -> None:
    state, record, uri = standing("aws", tmp_path, of("aws"), small=True)
    state.account.upload(uri, "sha256:" + "0" * 64)
    state.account.push(IMAGE, digest_of_image(STEPS))
    (role,) = (one for one in state.resources.all() if one.name.endswith("-identity-training"))
    state.resources.delete(role.key)
    with pytest.raises(RunFailed, match="none of its 2 trials left a figure validation:log_loss"):
        byhand.run(state, record.name)


def test_a_trial_of_vertex_has_its_values_a_folder_and_a_file_for_its_figure(tmp_path: Path) -> None:
    state, record, _ = standing("gcp", tmp_path, of("gcp"))
    search = gcp.search(record)
    assert search is not None and (search.total, search.at_once, search.maximize) == (7, 2, False)
    trial = Trial(3, search.values(3))
    launch = gcp.launch(state, record, 0, 0, trial)
    assert {f"--{name}={value}" for name, value in trial.values.items()} < {*launch.words}
    assert launch.variables["CLOUD_ML_TRIAL_ID"] == "3" and launch.output[1].endswith("/3/model/")
    assert launch.figure is not None and launch.figure(tmp_path, "") is None
    (tmp_path / "tmp" / "hypertune").mkdir(parents=True)
    said = '{"validation:log_loss": "0.9"}\n{"validation:log_loss": "0.25", "trial": "3"}\n'
    (tmp_path / "tmp" / "hypertune" / "output.metrics").write_text(said, encoding="utf-8")
    assert launch.figure(tmp_path, "") == 0.25


def test_a_trial_of_a_sweep_has_its_values_a_folder_a_time_and_a_run_of_mlflow(tmp_path: Path) -> None:
    state, record, _ = standing("azure", tmp_path, SWEEP)
    search = azure.search(record)
    assert search is not None and (search.total, search.at_once, search.maximize) == (7, 2, False)
    assert search.ranges["depth"].values == ["2", "3", "4", "5", "6", "7", "8", "9"]
    assert search.ranges["solver"].values == ["newton", "saga"]
    rate = search.ranges["regularization"]
    assert (rate.low, rate.high, rate.log) == (pytest.approx(0.00001), pytest.approx(10), True)
    trial = Trial(3, search.values(3))
    launch = azure.launch(state, record, 0, 0, trial)
    assert {f"--{name}={value}" for name, value in trial.values.items()} < {*launch.words}
    assert launch.name.endswith("_2") and launch.output[1].endswith(f"/{launch.name}/")
    assert (launch.hours, azure.hours(record)) == (1, 4), "a trial has an hour, and a run its four rounds"
    assert launch.variables["WORLD_SIZE"] == "2", "those of one trial, and not of the two that run at once"
    assert launch.figure is not None and launch.figure(tmp_path, "validation_log_loss=0.1") is None
    for folder in launch.folders:
        (tmp_path / folder.removeprefix("/")).mkdir(parents=True)
    told = tmp_path / "mlruns" / "0" / launch.variables["MLFLOW_RUN_ID"] / "metrics" / search.metric
    told.write_text("1 0.9 0\n2 0.25 1\n", encoding="utf-8")
    assert launch.figure(tmp_path, "") == 0.25, "the last that was logged"
    told.write_text("1 nan 0\n", encoding="utf-8")
    assert launch.figure(tmp_path, "") is None, "no trial is better than one whose figure is no number"


def test_trials_are_spread_over_the_ranges_and_are_the_same_in_each_run() -> None:
    ranges = {
        "rate": Range(0.001, 10, log=True),
        "depth": Range(2, 5, integer=True),
        "momentum": Range(0, 1),
        "solver": Range(values=["a", "b", "c"]),
    }
    search = Search("loss", False, 24, 2, ranges)
    tried = [search.values(number) for number in range(1, 25)]
    assert tried == [search.values(number) for number in range(1, 25)]
    assert {one["depth"] for one in tried} == {"2", "3", "4", "5"} and {one["solver"] for one in tried} == {
        "a",
        "b",
        "c",
    }
    rates = sorted(float(one["rate"]) for one in tried)
    assert 0.001 <= rates[0] < 0.01 and 1 < rates[-1] <= 10 and sum(rate < 0.1 for rate in rates) == 12
    assert len({one["momentum"] for one in tried}) == 24
    assert search.better(1, 2) and not Search("auc", True, 1, 1, {}).better(1, 2)
