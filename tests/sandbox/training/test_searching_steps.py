"""A run of a pipeline in a sandbox whose step searches: its trials train, and the steps after it read the best one."""

import re
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from examples import train
from examples.pack import STEPS, digest_of, digest_of_image
from examples.serving.predictor import FILE
from sandbox import byhand
from sandbox.state import State
from sandbox.state.records import New
from sandbox.training import RunFailed, below, is_pipeline
from tests import searching

TRIAL = re.compile(r"train: (\S+): (?:wrote|Failed|JOB)")
LOSS = re.compile(r"validation:log_loss=([0-9.]+)")


def standing(platform: str, folder: Path, edit: Callable[[str], str] = str, stack: Any = searching) -> State:
    """The stack as it stands, with the raw table and the image of its steps, and with another pipeline on aws."""
    graph, state = stack.graph(platform, folder), State(folder / "state.sqlite")
    place, steps = graph.placement, stack.said(platform)["config"]["mlplatform:pipelines"][stack.PIPELINE]
    assert place is not None
    for one in (one for one in graph.cloud if not one.type.endswith(":ApprovedVersion")):
        id_ = str(one.outputs.get("id", one.name))
        said = {key: edit(value) if key == "pipelineDefinition" else value for key, value in one.inputs.items()}
        state.resources.create(New(one.type, id_, platform, place.account, place.region, one.name, said, one.outputs))
    raw = folder / "raw"
    raw.mkdir()
    (raw / train.RAW).write_bytes(train.raw())
    state.content.keep(digest_of(raw), raw)
    prepare = steps["steps"]["prepare"]
    state.account.upload(prepare["inputs"]["raw"], digest_of(raw))
    state.account.push(prepare["image"], digest_of_image(STEPS))
    return state


def run(state: State) -> list[str]:
    (record,) = (one for one in state.resources.all() if is_pipeline(one) and searching.PIPELINE in one.name)
    return byhand.run(state, record.name).splitlines()


def model_at(state: State, address: str) -> bytes:
    """The model below an address, in an archive or as it is."""
    (kept,) = (state.content.kept(state.account.digest(one)) for one in below(state, address))
    assert kept is not None
    found = [one for one in (kept.rglob("*") if kept.is_dir() else [kept]) if one.is_file()]
    for one in found:
        if tarfile.is_tarfile(one):
            with tarfile.open(one) as archive:
                member = archive.extractfile(FILE)
                assert member is not None
                return member.read()
    return next(one.read_bytes() for one in found if one.name == FILE)


@pytest.mark.parametrize("platform", ["aws", "gcp"])
def test_the_steps_after_a_search_read_what_the_best_trial_left(platform: str, tmp_path: Path) -> None:
    state = standing(platform, tmp_path)
    said = run(state)
    trials = {found[1]: float(LOSS.findall(line)[-1]) for line in said if (found := TRIAL.match(line))}
    losses = list(trials.values())
    assert len(trials) == len(set(losses)) == 3
    (best,) = (line for line in said if "the best of 3 trials is" in line)
    name = min(trials, key=lambda one: trials[one])
    assert f"is {name}: validation:log_loss=" in best and "with regularization=" in best
    assert name != next(iter(trials)), "the first one is the best by chance, and this test shows nothing"
    folder = f"/{name}/output/" if platform == "aws" else f"/train/{name.rpartition('/')[2]}/model/"
    (place,) = {one.partition(folder)[0] + folder for one in state.account.artifacts() if folder in one}
    (candidate,) = (one for one in state.account.artifacts() if one.rstrip("/").endswith("/register"))
    assert model_at(state, candidate) == model_at(state, place), "what a run leaves is the best trial's model"


def test_a_search_whose_trials_leave_no_figure_fails_the_run_at_its_step(tmp_path: Path) -> None:
    state = standing("aws", tmp_path, lambda said: said.replace('"iterations": "20"', '"iterations": "none"'))
    with pytest.raises(RunFailed, match="its step train: the run failed, for none of its 3 trials left a figure"):
        run(state)
    assert not [one for one in state.account.artifacts() if "/evaluate/" in one], "nothing is done after it"


def test_a_sweep_in_a_pipeline_is_assumed(tmp_path: Path) -> None:
    said = run(standing("azure", tmp_path))
    assert said[0].startswith("prepare: ") and said[-1].startswith("train: a trial tells its figure to MLflow")
