"""What the sandbox starts for the steps of a pipeline on Vertex AI: words, folders and addresses of the run."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.errors import BadInput
from catalogue.kinds.gcp import WORKFLOW
from catalogue.kinds.gcp.storage import BUCKET_MEMBER
from sandbox.state import State
from sandbox.state.records import New, Record
from sandbox.training import Asked, RunFailed, gcp
from stacks.config import STACKS
from tests.previewing import preview
from tests.sandbox.training.started import launched

BUCKET = "gcp-full-artifacts-payments-risk-pilot"


@pytest.fixture
def state(tmp_path: Path) -> State:
    """The workflows of the full stack and the grants on its buckets, as the offline preview answers them."""
    graph, state = preview(STACKS / "Pulumi.gcp-full.yaml"), State(tmp_path / "state.sqlite")
    place = graph.placement
    assert place is not None
    for one in graph.of(WORKFLOW, BUCKET_MEMBER):
        made = New(
            one.type, str(one.outputs["id"]), "gcp", place.account, place.region, one.name, one.inputs, one.outputs
        )
        state.resources.create(made)
    return state


def path_of(state: State) -> Record:
    (record,) = (one for one in state.resources.all() if one.name == "gcp-full-fraud-path")
    return record


def test_a_pipeline_is_no_training_job_and_no_training_job_a_pipeline(state: State) -> None:
    records = state.resources.all()
    own = [f"gcp-full-fraud-{name}" for name in ("best", "path", "scores")]
    assert sorted(one.name for one in records if gcp.is_pipeline(one)) == own
    assert [one.name for one in records if gcp.trains(one)] == ["gcp-full-fraud-search", "gcp-full-fraud-training"]


def test_each_step_gets_its_words_and_the_folders_of_the_run(state: State) -> None:
    found = launched(gcp.steps(state, path_of(state), 7.0))
    assert list(found) == ["prepare", "train", "evaluate", "gate", "register"]
    run = found["prepare"].variables["MLPLATFORM_RUN"]
    assert {one.variables["MLPLATFORM_RUN"] for one in found.values()} == {run} and "{" not in run
    below = f"{BUCKET}/pipelines/fraud-path/{run}"
    assert found["prepare"].words == [
        "prepare",
        f"--raw=/gcs/{BUCKET}/data/mlplatform-example-raw/",
        f"--output=/gcs/{below}/prepare/",
    ]
    assert found["train"].words[:2] == [f"--train=/gcs/{below}/prepare/", "--regularization=0.1"]
    assert found["gate"].words == [
        "gate",
        f"--metrics=/gcs/{below}/evaluate/",
        "--metric=accuracy",
        "--bound=0.9",
        f"--output=/gcs/{below}/gate/",
    ]
    assert found["evaluate"].reads == {
        f"/gcs/{below}/prepare/": f"gs://{below}/prepare/",
        f"/gcs/{below}/train/model/": f"gs://{below}/train/model/",
    }
    assert found["train"].output == (f"/gcs/{below}/train/model/", f"gs://{below}/train/model/")
    assert found["register"].output == (f"/gcs/{below}/register/", f"gs://{below}/register/")
    assert (found["train"].spot, found["gate"].spot) == (True, False)
    assert (found["train"].hours, found["gate"].hours) == (2, 1)
    assert {one.identity for one in found.values()} == {"gcp-full-training@payments-risk-pilot.iam.gserviceaccount.com"}


_ITSELF = f' || resource.name == "projects/_/buckets/{BUCKET}"'


def narrowed(state: State, grants: str) -> None:
    """Bound grants by their folders alone, and take those away that have no condition."""
    for one in (one for one in state.resources.find(type=BUCKET_MEMBER) if grants in one.name):
        if "condition" in one.inputs:
            alone = one.inputs["condition"]["expression"].replace(_ITSELF, "")
            state.resources.change_behind(one.key, "condition.expression", alone)
        else:
            state.resources.delete_behind(one.key)


@pytest.mark.parametrize("grants", ["-pipeline-writes-", "-pipeline-sees-"])
def test_a_pipeline_job_is_refused_where_its_account_has_too_little_on_the_bucket(state: State, grants: str) -> None:
    narrowed(state, grants)
    said = rf'Failed to create pipeline job.*storage.buckets.get, storage.objects.get.*bucket "{BUCKET}"'
    with pytest.raises(RunFailed, match=said):
        gcp.steps(state, path_of(state), 7.0)


@pytest.mark.parametrize("grants", ["-training-writes-", "-training-sees-"])
def test_training_is_refused_where_its_account_has_too_little_on_the_bucket(state: State, grants: str) -> None:
    begun = launched(gcp.steps(state, path_of(state), 7.0))["train"]
    asked = Asked("write", begun.output[1])
    assert not gcp.refused(state, begun, asked)
    narrowed(state, grants)
    assert "Unable to start training" in gcp.refused(state, begun, asked)


def test_another_run_has_other_folders_and_the_same_one_the_same(state: State) -> None:
    begun = [launched(gcp.steps(state, path_of(state), run))["prepare"] for run in (7.0, 7.0, 8.0)]
    first, again, other = (one.output for one in begun)
    assert first == again != other


def test_a_program_that_the_sandbox_does_not_have_is_said(state: State) -> None:
    record = path_of(state)
    source = record.inputs["sourceContents"].replace("examples.steps", "their.steps")
    with pytest.raises(BadInput, match=r"starts python -m their.steps prepare; the sandbox runs `python -m examples"):
        launched(gcp.steps(state, replace(record, inputs={**record.inputs, "sourceContents": source}), 7.0))
