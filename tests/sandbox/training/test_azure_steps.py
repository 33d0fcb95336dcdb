"""What a run of a pipeline starts on Azure ML: each step in its order, with the outputs of those before it."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.errors import BadInput
from catalogue.kinds.azure.machinelearningservices_jobs import SCHEDULE
from sandbox.state import State
from sandbox.state.records import New, Record
from sandbox.training import azure, run
from stacks.config import STACKS
from tests.previewing import preview
from tests.sandbox.training.started import launched

FOLDER = "azureml://datastores/artifacts/paths/pipelines/fraud-path/"


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The full stack, which stands as the offline preview answers it, with the raw table and the image."""
    graph, state = preview(STACKS / "Pulumi.azure-full.yaml"), State(tmp_path / "state.sqlite")
    place = graph.placement
    assert place is not None
    for one in (one for one in graph.cloud if not one.type.endswith(":ApprovedVersion")):
        id_ = str(one.outputs.get("id", one.name))
        state.resources.create(
            New(one.type, id_, "azure", place.account, place.region, one.name, one.inputs, one.outputs)
        )
    return state


def pipeline(state: State) -> Record:
    (record,) = (one for one in state.resources.find(type=SCHEDULE) if one.inputs["name"] == "fraud-path")
    return record


def short(address: str) -> str:
    return f"azureml://datastores/{address.partition('/datastores/')[2]}"


def test_a_pipeline_is_no_training_job_and_a_training_job_no_pipeline(state: State) -> None:
    told = {
        one.inputs["name"]: (azure.trains(one), azure.is_pipeline(one)) for one in state.resources.find(type=SCHEDULE)
    }
    assert told == {
        "fraud-best": (False, True),
        "fraud-path": (False, True),
        "fraud-scores": (False, True),
        "fraud-training": (True, False),
        "fraud-search": (True, False),
        "fraud-backfill": (False, False),
        "document-embedder": (False, False),
    }


def test_each_step_has_its_words_the_id_of_the_run_and_reads_what_those_before_it_wrote(state: State) -> None:
    found = launched(azure.steps(state, pipeline(state), 7.0))
    assert list(found) == ["prepare", "train", "evaluate", "gate", "register"]
    outputs = {name: launch.output[1] for name, launch in found.items()}
    for name, launch in found.items():
        assert short(outputs[name]) == f"{FOLDER}{name}/{launch.name}/"
        assert launch.words[0] == name and f"--output={launch.output[0]}" in launch.words
        assert "/mnt/azureml/" in launch.output[0] and launch.hours == (2 if name == "train" else 1)
        told = {
            folder: word.partition("=")[0] for word in launch.words for folder in launch.reads if word.endswith(folder)
        }
        assert told.keys() == launch.reads.keys() and set(told.values()) <= {f"--{word}" for word in READS[name]}
        read = {told[folder].removeprefix("--"): address for folder, address in launch.reads.items()}
        assert {key: one for key, one in READS[name].items() if one} == {
            key: step for key, address in read.items() for step, output in outputs.items() if address == output
        }
    assert short(found["prepare"].reads[next(iter(found["prepare"].reads))]).endswith("/mlplatform-example-raw/")
    assert "--metric=accuracy" in found["gate"].words and "--bound=0.9" in found["gate"].words
    assert found["train"].spot and found["train"].keeps and not found["gate"].spot
    (run,) = {launch.variables["MLPLATFORM_RUN"] for launch in found.values()}
    names = {launch.name for launch in found.values()}
    assert len(names) == 5 and run not in names
    other = launched(azure.steps(state, pipeline(state), 8.0))
    assert not {launch.output[1] for launch in other.values()} & set(outputs.values())


READS: dict[str, dict[str, str]] = {
    "prepare": {"raw": ""},
    "train": {"train": "prepare"},
    "evaluate": {"prepared": "prepare", "model": "train"},
    "gate": {"metrics": "evaluate"},
    "register": {"prepared": "prepare", "model": "train", "metrics": "evaluate", "gate": "gate"},
}


def commanded(state: State, step: str, old: str, new: str) -> None:
    """Another command of a step."""
    one = next(one for one in state.resources.all() if f"fraud-path--{step}-step-" in one.name)
    spec = one.inputs["properties"]["componentSpec"]
    other = {**spec, "command": spec["command"].replace(old, new)}
    assert other != spec
    state.resources.update(
        one.key, {**one.inputs, "properties": {**one.inputs["properties"], "componentSpec": other}}, one.outputs
    )


def test_what_the_sandbox_does_not_run_is_said(state: State) -> None:
    record = pipeline(state)
    commanded(state, "gate", "python -m examples.steps gate", "bash -c x")
    with pytest.raises(BadInput, match=r"does not run; it runs `train` alone, and `python -m examples\.steps STEP`"):
        launched(azure.steps(state, record, 0))
    other = replace(record, inputs={**record.inputs})
    jobs = other.inputs["properties"]["action"]["jobDefinition"]["jobs"]
    jobs["prepare"]["inputs"]["raw"]["value"] = "${{parent.jobs.register.outputs.output}}"
    with pytest.raises(BadInput, match="evaluate, gate, prepare, register, train wait for each other"):
        run(state, other)
