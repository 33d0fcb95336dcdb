"""The section `training`: what it takes on every platform, and the sentence for what it does not."""

from typing import Any

import pytest

from catalogue.errors import BadInput
from operations.standing.edits import standing
from stacks.config import validate

AWS = standing("aws")


def refused(**changed: Any) -> str:
    job = {**AWS["training"]["fraud-training"], **changed}
    job = {key: value for key, value in job.items() if value is not None}
    config = {**AWS, "training": {"fraud-training": job}}
    return said_of(config)


def said_of(config: dict[str, Any]) -> str:
    with pytest.raises(BadInput) as found:
        validate({f"mlplatform:{key}": value for key, value in config.items()}, "a.yaml")
    return str(found.value)


def test_what_stands_is_taken() -> None:
    validate({f"mlplatform:{key}": value for key, value in AWS.items()}, "a.yaml")


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"runs_per_month": 8}, "a schedule, or runs_per_month where people start the runs"),
        ({"schedule": None}, "a schedule, or runs_per_month where people start the runs"),
        ({"data": {}}, "training.fraud-training.data"),
        ({"hyperparameters": {"train": "1"}}, "training.fraud-training.hyperparameters.train: would be two arguments"),
        ({"hyperparameters": {"output": "1"}}, "training.fraud-training.hyperparameters.output: would be two argu"),
        ({"data": {"output": "s3://bucket/folder/"}}, "training.fraud-training.data.output: would be two arguments"),
        ({"data": {"checkpoints": "s3://bucket/x/"}}, "training.fraud-training.data.checkpoints: would be two argum"),
        ({"data": {"train": "gs://x/y/"}}, "training.fraud-training.data.train"),
        ({"data": {"train": "s3://bucket/file.csv"}}, "a folder, which ends with '/'"),
        ({"data": {"../x": "s3://bucket/folder/"}}, "training.fraud-training.data"),
        ({"output_uri": "s3://bucket/model"}, "a folder, which ends with '/'"),
        ({"hyperparameters": {"token": "abc"}}, "looks like a secret"),
        ({"hyperparameters": {"a": "AKIAABCDEFGHIJKLMNOP"}}, "looks like a secret"),
        ({"max_hours": 25}, "max_hours"),
        ({"replicas": 0}, "replicas"),
        ({"image": "docker.io/library/python:3.11"}, "an image of"),
        ({"spot": {"checkpoint_uri": "s3://bucket/x", "wait_hours": 1}}, "a folder, which ends with '/'"),
        ({"spot": {"checkpoint_uri": "s3://bucket/x/", "wait_hours": 0}}, "wait_hours"),
        ({"spot": True}, "found true, allowed: a mapping with checkpoint_uri and wait_hours"),
        ({"data": {"my train": "s3://bucket/x/"}}, "at most 32 lower-case letters, digits and '_'"),
        ({"output_uri": "s3://bucket"}, "such as s3://aws-pilot-artifacts-111122223333/training/fraud-training/"),
        ({"schedule": "30 2 29 3 *", "timezone": "Europe/Berlin"}, "no run starts then"),
        ({"family": "cpu-smal"}, "did you mean cpu-small"),
    ],
)
def test_what_it_does_not_take_is_one_sentence(changed: dict[str, Any], said: str) -> None:
    assert said in refused(**changed)


def test_a_name_of_a_batch_job_is_taken() -> None:
    config = {**AWS, "training": {"fraud-backfill": AWS["training"]["fraud-training"]}}
    assert "is the name of a batch job too" in said_of(config)
