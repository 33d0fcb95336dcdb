"""A run on Amazon SageMaker: an execution of a training job's state machine, or of a pipeline.

StartExecution, https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html;
StartPipelineExecution, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartPipelineExecution.html
"""

import json
from datetime import UTC, datetime
from shlex import join
from typing import Any, cast

import boto3

from operations.refusals import asking
from operations.running import Start
from stacks.model import StackConfig

_PIPELINES = "pipelines"


def start(stack: str, config: StackConfig, section: str, name: str) -> Start:
    """What would be sent to start a run of the training job or of the pipeline."""
    if section == _PIPELINES:
        words = ["--pipeline-name", f"{stack}-{name}", "--region", config.region]
        says = f"StartPipelineExecution of {_pipeline(stack, config, name)}"
        return Start(says, join(["aws", "sagemaker", "start-pipeline-execution", *words]))
    arn = _machine(stack, config, name)
    words = ["--state-machine-arn", arn, "--input", _run(), "--region", config.region]
    return Start(f"StartExecution of {arn}", join(["aws", "stepfunctions", "start-execution", *words]))


def send(stack: str, config: StackConfig, section: str, name: str) -> str:
    """Start a run, and return the ARN of its execution.

    Raises BadInput where there are no credentials, AWS refuses, or the job or the pipeline does not stand.
    """
    refused = f"bring {stack} up first, and start it as its data-scientist persona or its deployer"
    service = "sagemaker" if section == _PIPELINES else "stepfunctions"
    with asking(f"{section}.{name}", "start a run", refused, "set AWS_PROFILE, or run `aws sso login`"):
        client: Any = cast(Any, boto3).client(service, region_name=config.region)
        if section == _PIPELINES:
            return str(client.start_pipeline_execution(PipelineName=f"{stack}-{name}")["PipelineExecutionArn"])
        answer = client.start_execution(stateMachineArn=_machine(stack, config, name), input=_run())
    return str(answer["executionArn"])


def _machine(stack: str, config: StackConfig, name: str) -> str:
    return f"arn:aws:states:{config.region}:{config.account}:stateMachine:{stack}-{name}"


def _pipeline(stack: str, config: StackConfig, name: str) -> str:
    return f"arn:aws:sagemaker:{config.region}:{config.account}:pipeline/{stack}-{name}"


def _run() -> str:
    """The input of a run: its time, which names its training job, as a schedule gives it."""
    return json.dumps({"run": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")})
