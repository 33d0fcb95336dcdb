"""Starting a run of a pipeline on aws: what is sent, and what a refusal says."""

from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from catalogue.errors import BadInput
from operations.running import aws
from stacks.config import STACKS, read_stack_file

FULL = read_stack_file(STACKS / "Pulumi.aws-full.yaml")
ARN = "arn:aws:sagemaker:us-east-1:111122223333:pipeline/aws-full-fraud-path"


@pytest.fixture
def stub(monkeypatch: pytest.MonkeyPatch) -> Stubber:
    client: Any = boto3.client("sagemaker", region_name="us-east-1", aws_access_key_id="x", aws_secret_access_key="x")
    stub = Stubber(client)
    stub.activate()
    monkeypatch.setattr(aws.boto3, "client", lambda service, **_: client if service == "sagemaker" else None)
    return stub


def test_a_run_of_a_pipeline_is_started_under_its_own_name_with_nothing_else(stub: Stubber) -> None:
    sent = {"PipelineName": "aws-full-fraud-path"}  # botocore makes up the token
    stub.add_response("start_pipeline_execution", {"PipelineExecutionArn": f"{ARN}/execution/x"}, sent)
    assert aws.send("aws-full", FULL, "pipelines", "fraud-path") == f"{ARN}/execution/x"
    stub.assert_no_pending_responses()
    said = aws.start("aws-full", FULL, "pipelines", "fraud-path")
    assert said.says == f"StartPipelineExecution of {ARN}"
    assert said.command == (
        "aws sagemaker start-pipeline-execution --pipeline-name aws-full-fraud-path --region us-east-1"
    )


def test_a_refusal_of_aws_is_one_sentence(stub: Stubber) -> None:
    stub.add_client_error("start_pipeline_execution", "ResourceNotFound", "no\nwords")
    with pytest.raises(BadInput, match=r"AWS refuses to start a run \(ResourceNotFound: no words\)"):
        aws.send("aws-full", FULL, "pipelines", "fraud-path")
