"""A run of a pipeline in a sandbox whose search finds nothing. One that finds the best is in test_best.py."""

import re
import tarfile
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from catalogue.kinds.azure.jobs import SCHEDULE
from examples import train
from examples.pack import STEPS, digest_of, digest_of_image
from examples.serving.predictor import FILE
from sandbox import byhand
from sandbox.state import State
from sandbox.state.records import New
from sandbox.training import RunFailed, below, is_pipeline
from tests import searching
from tests.mutate import put

SAYS = {"aws:sagemaker/pipeline:Pipeline": "pipelineDefinition", SCHEDULE: "properties"}
"""Where what stands says the steps of a pipeline."""
LOSS = re.compile(r"validation:log_loss=([0-9.]+)")


def standing(
    platform: str, folder: Path, edit: Callable[[Any], Any] = lambda said: said, stack: Any = searching
) -> State:
    """The stack as it stands, with the raw table and the image of its steps, and with what says a pipeline edited."""
    graph, state = stack.graph(platform, folder), State(folder / "state.sqlite")
    place, steps = graph.placement, stack.said(platform)["config"]["mlplatform:pipelines"][stack.PIPELINE]
    assert place is not None
    for one in (one for one in graph.cloud if not one.type.endswith(":ApprovedVersion")):
        id_ = str(one.outputs.get("id", one.name))
        pipeline = searching.PIPELINE in one.name and one.type in SAYS
        said = {key: edit(value) if pipeline and key == SAYS[one.type] else value for key, value in one.inputs.items()}
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


def test_a_search_whose_trials_leave_no_figure_fails_the_run_at_its_step(tmp_path: Path) -> None:
    state = standing("aws", tmp_path, lambda said: said.replace('"iterations": "20"', '"iterations": "none"'))
    with pytest.raises(RunFailed, match="its step train: the run failed, for none of its 3 trials left a figure"):
        run(state)
    assert not [one for one in state.account.artifacts() if "/evaluate/" in one], "nothing is done after it"


def _of_another_metric(properties: Any) -> Any:
    told = deepcopy(properties)
    put(told, "action.jobDefinition.jobs.train.objective.primary_metric", "log_loss")
    return told


def test_a_sweep_reads_the_metric_that_it_names_and_no_other(tmp_path: Path) -> None:
    """The program logs validation_log_loss."""
    with pytest.raises(
        RunFailed, match="its step train: the run failed, for none of its 3 trials left a figure log_loss"
    ):
        run(standing("azure", tmp_path, _of_another_metric))
