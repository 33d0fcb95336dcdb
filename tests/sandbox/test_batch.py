"""A run of a batch job: it finds its data, or fails in the cloud's words; another team's jobs, of other regions."""

import json
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.kinds.aws.jobs import STATE_MACHINE
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_ENDPOINT, SCHEDULE
from catalogue.kinds.gcp import WORKFLOW
from sandbox import byhand
from sandbox.state import State
from sandbox.state.records import New

AZURE = "azureml://subscriptions/s/resourcegroups/g/workspaces/w"


def transform(uri: str) -> dict[str, Any]:
    source = {"DataSource": {"S3DataSource": {"S3Uri": uri}}}
    return {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
        "Parameters": {"TransformInput": source},
    }


def machine(*uris: str) -> dict[str, Any]:
    """A state machine that scores each of these places in a branch of its own."""
    branches = [{"StartAt": "Score", "States": {"Score": transform(uri)}} for uri in uris]
    return {"definition": json.dumps({"StartAt": "All", "States": {"All": {"Type": "Parallel", "Branches": branches}}})}


def workflow(*uris: str) -> dict[str, Any]:
    body = {"inputConfig": {"instancesFormat": "jsonl", "gcsSource": {"uris": list(uris)}}}
    args = {"url": "https://x-aiplatform.googleapis.com/v1/projects/p/locations/r/batchPredictionJobs", "body": body}
    return {"sourceContents": json.dumps({"main": {"steps": [{"score": {"call": "http.post", "args": args}}]}})}


def schedule(*uris: str) -> dict[str, Any]:
    inputs = {f"part{at}": {"jobInputType": "uri_folder", "uri": uri} for at, uri in enumerate(uris)}
    inputs |= {"model": {"jobInputType": "mlflow_model", "uri": f"{AZURE}/models/churn/versions/1"}}
    told = {key: {"job_input_type": "literal", "value": f"${{{{parent.inputs.{key}}}}}"} for key in inputs}
    job = {"jobType": "Pipeline", "inputs": inputs, "jobs": {"score": {"type": "command", "inputs": told}}}
    return {"name": "nightly", "properties": {"action": {"actionType": "CreateJob", "jobDefinition": job}}}


JOBS = {
    "aws": (
        (STATE_MACHINE, machine("s3://lending-data/loans/", "s3://lending-data/cards.csv")),
        ("s3://lending-data/loans/may.csv", "s3://lending-data/cards.csv"),
        'No S3 objects found under S3 URL "{}" given in input data source',
    ),
    "gcp": (
        (WORKFLOW, workflow("gs://lending-data/loans/*", "gs://lending-data/cards.jsonl")),
        ("gs://lending-data/loans/may.jsonl", "gs://lending-data/cards.jsonl"),
        "No files match {}",
    ),
    "azure": (
        (SCHEDULE, schedule(f"{AZURE}/datastores/d/paths/loans/", f"{AZURE}/datastores/d/paths/cards/")),
        ("azureml://datastores/d/paths/loans/may.csv", "azureml://datastores/d/paths/cards/"),
        '{{"NonCompliant":"DataAccessError(NotFound)"}}: {}',
    ),
}
"""The job, what is uploaded for it, and what it says without."""


@pytest.mark.parametrize("platform", JOBS)
def test_a_run_wants_data_at_each_of_its_places(platform: str, tmp_path: Any) -> None:
    (type_, inputs), uploads, says = JOBS[platform]
    state = State(tmp_path / "state.sqlite")
    with pytest.raises(
        BadInput, match="no batch job, training job or pipeline of that name stands here; bring up what serves first"
    ):
        byhand.run(state, "lending-nightly")
    state.resources.create(New(type_, "one", platform, "4444", "eu-central-1", "lending-nightly", inputs, {}))
    wanted = [uploads[0].rpartition("/")[0] + "/", uploads[1]]
    for uri, place in zip(uploads, wanted, strict=True):
        with pytest.raises(BadInput) as refused:
            byhand.run(state, "lending-nightly")
        assert says.format(place) in str(refused.value)
        state.account.upload(uri)
    assert byhand.run(state, "lending-nightly").startswith(f"a run of lending-nightly finds its data at {wanted[0]}, ")
    named = inputs.get("name", "lending-nightly")
    with pytest.raises(
        BadInput, match=f"no batch job, training job or pipeline of that name stands here; allowed: {named}"
    ):
        byhand.run(state, "nightly-lending")


def test_a_job_of_azure_goes_by_each_of_its_names(tmp_path: Any) -> None:
    """The schedule's, that of its batch endpoint, and that of both in the program."""
    (type_, inputs), uploads, _ = JOBS["azure"]
    state = State(tmp_path / "state.sqlite")
    state.resources.create(New(type_, "one", "azure", "4444", "swedencentral", "lending-nightly-schedule", inputs, {}))
    for name, endpoint in (("lending-nightly", "nightly-n1a2b3"), ("lending-other", "other-n1a2b3")):
        by_hand = {"endpointName": endpoint}
        state.resources.create(New(BATCH_ENDPOINT, name, "azure", "4444", "swedencentral", name, by_hand, {}))
    for uri in uploads:
        state.account.upload(uri)
    for name in ("nightly", "lending-nightly", "lending-nightly-schedule", "nightly-n1a2b3"):
        assert byhand.run(state, name).startswith(f"a run of {name} finds its data at ")
    for name in ("lending-other", "other-n1a2b3", "None"):
        with pytest.raises(
            BadInput, match=r"no batch job, training job or pipeline of that name stands here; allowed: nightly$"
        ):
            byhand.run(state, name)
