"""What stops the transform jobs of a pipeline in time: a state machine that looks for them by the clock.

CreateTransformJob takes no time after which a job ends, and a pipeline of SageMaker stops none of its steps. SageMaker
tells EventBridge when a job begins. A service sends its events durably or by best effort, "in some rare cases an event
might not be delivered", and which of them SageMaker does could not be read
(https://docs.aws.amazon.com/eventbridge/latest/ref/event-delivery-level.html). A bound that waits for an event is none
for the job whose event is lost, and nobody hears of it. What looks by the clock sees at its next turn what it missed at
this one, and where it does not look, silence rings an alarm.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi

from components.aws.runs import Logged, Started, state_machine
from components.given import Text
from components.shapes import Schedule

EVERY_MINUTES = 15
"""How often it looks. It waits so much less than the hours of a step, so that no job lasts longer than them."""
_SUMMARIES = "$.TransformJobSummaries"
_AT_ONCE = 10
_AGAIN = [{"ErrorEquals": ["States.TaskFailed"], "IntervalSeconds": 30, "BackoffRate": 2, "MaxAttempts": 3}]


@dataclass(frozen=True, kw_only=True)
class Watched:
    """The transform jobs of a step: how their names begin, and after how many hours they are stopped."""

    begins: Text
    hours: int


def watch(
    name: str, steps: Mapping[str, Watched], told: Started, logs_key_arn: Text, opts: pulumi.ResourceOptions
) -> Sequence[pulumi.Resource]:
    """Create the state machine that stops the transform jobs of each step in time, by its name. Returns what must stand
    before the first of them begins: it, and the schedule that starts it.

    Each quarter of an hour it lists those in progress. Where there are some it waits, asks again, and stops each that
    still is: in the last quarter of the step's last hour. A turn that fails is made up for by the next one. Alarms ring
    where a turn failed, where it took too long, and where none succeeded.
    """
    hours = max(step.hours for step in steps.values())
    what = pulumi.Output.concat("what stops the transform jobs of ", told.job_name, " in time")
    made = state_machine(
        name,
        {
            "Comment": pulumi.Output.concat("Be ", what),
            "StartAt": "Watch",
            "TimeoutSeconds": hours * 3600,
            "States": {
                "Watch": {
                    "Type": "Parallel",
                    "Branches": [_branch(called, step) for called, step in steps.items()],
                    "End": True,
                },
            },
        },
        Logged(
            job_name=what,
            hours=hours,
            schedule=Schedule(f"*/{EVERY_MINUTES} * * * *", "UTC"),
            pipeline_role_arn=told.pipeline_role_arn,
            data_key_arn=told.data_key_arn,
            logs_key_arn=logs_key_arn,
            topic_arn=told.topic_arn,
            tags=told.tags,
        ),
        opts,
    )
    return [one for one in made if one is not None]


def _branch(step: str, of: Watched) -> dict[str, Any]:
    """Look for the jobs of one step, wait, and stop each that still is in progress.

    The oldest come first, a hundred at a time: ListTransformJobs,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ListTransformJobs.html
    """
    found, waits, ends, none = (f"{step}-{what}" for what in ("found", "waits", "ends", "none"))
    asked = {
        "NameContains": of.begins,
        "StatusEquals": "InProgress",
        "SortBy": "CreationTime",
        "SortOrder": "Ascending",
        "MaxResults": 100,
    }
    return {
        "StartAt": f"{step}-looks",
        "States": {
            f"{step}-looks": {**_call("listTransformJobs", asked), "Next": found},
            found: {
                "Type": "Choice",
                "Choices": [{"Variable": f"{_SUMMARIES}[0]", "IsPresent": True, "Next": waits}],
                "Default": none,
            },
            waits: {"Type": "Wait", "Seconds": of.hours * 3600 - EVERY_MINUTES * 60, "Next": ends},
            ends: {
                "Type": "Map",
                "ItemsPath": _SUMMARIES,
                "MaxConcurrency": _AT_ONCE,
                "ItemProcessor": _stopped(step),
                "End": True,
            },
            none: {"Type": "Succeed"},
        },
    }


def _stopped(step: str) -> dict[str, Any]:
    """Stop one job, if it still is in progress."""
    asks, running, stops, ended = (f"{step}-{what}" for what in ("asks", "running", "stops", "ended"))
    item = {"TransformJobName.$": "$.TransformJobName"}
    return {
        "ProcessorConfig": {"Mode": "INLINE"},
        "StartAt": asks,
        "States": {
            asks: {**_call("describeTransformJob", item), "Next": running},
            running: {
                "Type": "Choice",
                "Choices": [{"Variable": "$.TransformJobStatus", "StringEquals": "InProgress", "Next": stops}],
                "Default": ended,
            },
            stops: {**_call("stopTransformJob", item), "End": True},
            ended: {"Type": "Succeed"},
        },
    }


def _call(action: str, sends: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "Type": "Task",
        "Resource": f"arn:aws:states:::aws-sdk:sagemaker:{action}",
        "Parameters": sends,
        "Retry": _AGAIN,
    }
