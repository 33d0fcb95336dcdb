"""A run on Amazon SageMaker: an execution of the training job's state machine.

StartExecution, https://docs.aws.amazon.com/step-functions/latest/apireference/API_StartExecution.html
"""

import json
from datetime import UTC, datetime
from shlex import join
from typing import Any, cast

import boto3

from operations.refusals import asking
from operations.running import Start
from stacks.model import StackConfig


def start(stack: str, config: StackConfig, name: str) -> Start:
    """What would be sent to start a run of the training job."""
    arn = _machine(stack, config, name)
    words = ["--state-machine-arn", arn, "--input", _run(), "--region", config.region]
    return Start(f"StartExecution of {arn}", join(["aws", "stepfunctions", "start-execution", *words]))


def send(stack: str, config: StackConfig, name: str) -> str:
    """Start a run, and return the ARN of its execution.

    Raises BadInput where there are no credentials, AWS refuses or the job does not stand.
    """
    refused = f"bring {stack} up first, and start it as its data-scientist persona or its deployer"
    with asking(f"training.{name}", "start a run", refused, "set AWS_PROFILE, or run `aws sso login`"):
        client: Any = cast(Any, boto3).client("stepfunctions", region_name=config.region)
        answer = client.start_execution(stateMachineArn=_machine(stack, config, name), input=_run())
    return str(answer["executionArn"])


def _machine(stack: str, config: StackConfig, name: str) -> str:
    return f"arn:aws:states:{config.region}:{config.account}:stateMachine:{stack}-{name}"


def _run() -> str:
    """The input of a run: its time, which names its training job, as a schedule gives it."""
    return json.dumps({"run": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")})
