"""How often one run of a workflow, or of a state machine, starts a job, and for how many hours its machines bill."""

import json
from typing import Any

import pytest

from catalogue.graph import Resource
from catalogue.kinds.aws import sfn
from catalogue.kinds.gcp import workflows
from catalogue.properties import Malformed, Properties

CREATE = "googleapis.aiplatform.v1.projects.locations.customJobs.create"


def workflow(
    condition: str, first: Any = 0, add: str = "${n + 1}", check_first: bool = False, **more: Any
) -> Properties:
    steps: list[dict[str, Any]] = [
        {"begin": {"assign": [{"n": first}]}},
        {"add": {"assign": [{"n": add}]}},
        {"start": {"try": {"steps": [{"create": {"call": CREATE, "args": {"body": {}}}}]}, **more}},
        {"judge": {"switch": [{"condition": condition, "next": "end"}], "next": "add"}},
    ]
    if check_first:
        steps = [steps[0], {**steps[3], "judge": {"switch": [{"condition": condition, "next": "end"}]}}, *steps[1:3]]
        steps.append({"back": {"assign": [], "next": "judge"}})
    return Properties({"sourceContents": json.dumps({"main": {"steps": steps}})}, "", None)


@pytest.mark.parametrize(
    ("props", "times"),
    [
        (workflow("${n >= 3}"), 3),
        (workflow("${n > 3}"), 4),
        (workflow("${n >= 3}", first=1), 2),
        (workflow("${n >= 3}", add="${n + 2}"), 2),
        (workflow("${n >= 3}", first=9), 1),
        (workflow("${n >= 3}", check_first=True), 3),
        (workflow("${n >= 0}", check_first=True), None),  # it is never come to
        (workflow("${n >= 3}", first="${input.n}"), None),
        (workflow("${n >= 3}", retry={"max_retries": 9}), None),
    ],
)
def test_a_counter_says_how_often_a_run_starts_a_job(props: Properties, times: int | None) -> None:
    assert [job.attempts or None for job in workflows.jobs(props)] == [times]


def test_what_no_counter_bounds_is_refused() -> None:
    with pytest.raises(Malformed, match="without a bound"):
        workflows.jobs(workflow("${other}"))


def machine(retry: Any, hours: int = 22, within: str = "", seconds: int | None = 7200) -> Resource:
    request = {
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1},
        **({"StoppingCondition": {"MaxRuntimeInSeconds": seconds}} if seconds else {}),
    }
    task: dict[str, Any] = {
        "Type": "Task",
        "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
        "Parameters": request,
        "Retry": retry,
        "End": True,
    }
    if within:
        inner = {"StartAt": "Train", "States": {"Train": task}}
        task = {"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": inner, "End": True}
    definition = {"StartAt": "Train", "TimeoutSeconds": hours * 3600, "States": {"Train": task}}
    given = {"definition": json.dumps(definition)}
    return Resource("urn:pulumi:s::p::aws:sfn/stateMachine:StateMachine::m", sfn.STATE_MACHINE, "m", True, inputs=given)


@pytest.mark.parametrize(
    ("resource", "hours"),
    [
        (machine([]), 2),
        (machine([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}]), 6),
        (machine([{"ErrorEquals": ["States.ALL"]}]), 8),  # three times again where nothing is said
        (machine([{"ErrorEquals": ["A"], "MaxAttempts": 0}, {"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}]), 4),
        (machine([{"ErrorEquals": ["States.ALL"], "MaxAttempts": 2}], hours=5), 5),
        (machine([], within="Map"), 22),  # nobody knows how long the list is
        (machine([], seconds=None), 22),
    ],
)
def test_each_attempt_bills_its_own_time_and_all_of_them_no_longer_than_the_run(resource: Resource, hours: int) -> None:
    (job,) = sfn.jobs(resource.props)
    assert sfn.billed_hours(resource, [job]) == hours
