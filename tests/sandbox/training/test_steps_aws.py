"""The steps of a pipeline that stands on aws, as a run launches them: words, addresses, and what the run says."""

import json
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.kinds.aws.jobs import PIPELINE
from components.aws.pipeline import Pipeline
from sandbox.state import State
from sandbox.state.records import New, Record
from sandbox.training import Launch, aws
from tests.components.aws.examples import BUCKET
from tests.components.aws.test_components import example, inputs, made
from tests.mutate import put
from tests.sandbox.training import started

PATH = f"s3://{BUCKET}/pipelines/path"


def standing(tmp_path: Any, edit: Any = None) -> tuple[State, Record]:
    given = dict(inputs(made(("path", example(Pipeline))), PIPELINE))
    document = json.loads(given["pipelineDefinition"].replace('"steps"', '"examples.steps"'))
    if edit is not None:
        edit(document["Steps"])
    state = State(tmp_path / "state.sqlite")
    new = New(
        PIPELINE, "one", "aws", "111122223333", "us-east-1", "path", {"pipelineDefinition": json.dumps(document)}, {}
    )
    return state, state.resources.create(new)


def launched(tmp_path: Any) -> dict[str, Launch]:
    state, record = standing(tmp_path)
    assert aws.is_pipeline(record) and not aws.trains(record)
    return started.launched(aws.steps(state, record, 1_000.0))


def test_each_step_reads_places_or_what_the_steps_of_its_run_wrote(tmp_path: Any) -> None:
    found = launched(tmp_path)
    run = found["prepare"].variables["MLPLATFORM_RUN"]
    assert list(found) == ["prepare", "train", "gate"] and {
        one.variables["MLPLATFORM_RUN"] for one in found.values()
    } == {run}
    assert found["prepare"].words == [
        "prepare",
        "--raw=/opt/ml/processing/input/raw",
        "--output=/opt/ml/processing/output",
    ]
    assert found["prepare"].output == ("/opt/ml/processing/output", f"{PATH}/{run}/prepare")
    assert found["train"].words == ["train"] and found["train"].hours == 2
    assert found["train"].reads == {"/opt/ml/input/data/train": f"{PATH}/{run}/prepare/"}
    archive = found["train"].output[1]
    assert archive == f"{PATH}/{run}/train/{found['train'].name}/output/model.tar.gz"
    assert found["train"].keeps == ("/opt/ml/checkpoints", f"s3://{BUCKET}/training/weekly/checkpoints/{run}/")
    assert found["gate"].words[0] == "gate" and found["gate"].words[-1] == "--bound=0.9"
    assert found["gate"].reads == {
        "/opt/ml/processing/input/data": f"{PATH}/{run}/prepare/",
        "/opt/ml/processing/input/model": archive,
    }


def run_of(state: State, record: Record, run: float) -> str:
    return started.launched(aws.steps(state, record, run))["prepare"].variables["MLPLATFORM_RUN"]


def test_two_runs_have_two_ids_and_one_has_its_own_again(tmp_path: Any) -> None:
    state, record = standing(tmp_path)
    (first, again), (_, other) = ([run_of(state, record, run) for run in runs] for runs in ((1, 1), (1, 2)))
    assert first == again != other


def test_what_a_program_wrote_is_stored_file_by_file_and_a_model_as_an_archive(tmp_path: Any) -> None:
    found = launched(tmp_path)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "model.json").write_text("{}", encoding="utf-8")
    assert aws.stored(found["gate"], tmp_path / "out") == (found["gate"].output[1], tmp_path / "out")
    assert aws.stored(found["train"], tmp_path / "out")[1].name == "model.tar.gz"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (lambda s: put(s[0], "Type", "Lambda"), "no step of the type Lambda"),
        (lambda s: put(s[0], "Arguments.AppSpecification.ContainerEntrypoint", ["sh"]), "alone"),
        (lambda s: put(s[0], "Arguments.RoleArn", {"Get": "Parameters.Role"}), "Parameters.Role"),
        (lambda s: s[0]["Arguments"].pop("StoppingCondition"), "lacks what SageMaker needs"),
    ],
)
def test_what_the_sandbox_cannot_run_is_refused_in_a_sentence(tmp_path: Any, edit: Any, said: str) -> None:
    state, record = standing(tmp_path, edit)
    with pytest.raises(BadInput, match=said):
        started.launched(aws.steps(state, record, 1.0))
