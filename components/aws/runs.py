"""The runs of a job: a state machine that starts them, watches, stops in time and reports, by the clock or by hand."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, scheduler, sfn

from catalogue.jobnames import BESIDE_RUN, BESIDE_SEARCH, shortened
from catalogue.pauses import LOOKS_BACK_HOURS, is_watched, longest_pause_hours
from components.given import BadArgument, Tags, Text, counted
from components.shapes import Schedule

ATTEMPTS = 3
SCHEDULED = "aws.scheduler.scheduled-time"
"""The word for the time of a run in what a schedule sends, the same at each attempt to deliver it:
https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
"""
_WEEKDAYS = re.compile(r"\*|[0-7](-[0-7])?(,[0-7](-[0-7])?)*")


@dataclass(frozen=True, kw_only=True)
class Started:
    """Who starts runs as whom, and who hears of them."""

    job_name: Text
    """What alarms call the job."""
    hours: pulumi.Input[int]
    """After how many hours a run is over, what it waited and tried again included."""
    pipeline_role_arn: Text
    """The role of schedule and runs."""
    data_key_arn: Text
    """The KMS key of schedule and runs."""
    topic_arn: Text
    """The SNS topic that alarms go to."""
    tags: Tags
    """The tags of everything that is created."""


@dataclass(frozen=True, kw_only=True)
class Logged(Started):
    """When a state machine runs, and what keeps its log."""

    schedule: Schedule | None
    """When a run starts; None where people start each."""
    runs_per_month: int | None = None
    """How many runs people start in a month at most, where there is no schedule: a tag of the state machine."""
    logs_key_arn: Text
    """The KMS key of the state machine's log."""


@dataclass(frozen=True, kw_only=True)
class Runs(Logged):
    """What the runs of a job are: the tasks that do the work, and when they start."""

    comment: pulumi.Input[str]
    """What a run does, in words."""
    resource: str
    """The call of SageMaker that each state makes, such as createTrainingJob."""
    requests: Mapping[str, dict[str, Any]]
    """What is sent, by the name of the state that starts the job and waits for it; one state after the other."""


def state_machine_of_runs(name: str, args: Runs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Create the state machine that does the runs of a job, and what tells of them. Returns its ARN."""
    machine, _ = state_machine(name, _definition(args), args, opts)
    return machine.arn


def state_machine(
    name: str, definition: Mapping[str, Any], args: Logged, opts: pulumi.ResourceOptions
) -> tuple[sfn.StateMachine, scheduler.Schedule | None]:
    """Create a state machine with its log, its schedule where there is one, and the alarms.

    Alarms ring when a run failed, when it ran out of time, and, with a schedule, when no run succeeded for as long as
    the schedule's longest pause and a run take: what never started fails nowhere else. That alarm also rings until the
    first run of all has succeeded. A schedule that pauses for nearly a week has none, for CloudWatch looks back seven
    days at most (PutMetricAlarm,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html).
    """
    log_group = cloudwatch.LogGroup(
        f"{name}-runs",
        name=f"/aws/vendedlogs/states/{name}",
        retention_in_days=365,
        kms_key_id=args.logs_key_arn,
        tags=args.tags,
        opts=opts,
    )
    machine = sfn.StateMachine(
        name,
        name=name,
        role_arn=args.pipeline_role_arn,
        definition=pulumi.Output.json_dumps(definition),
        logging_configuration={
            "level": "ALL",
            "include_execution_data": True,
            "log_destination": pulumi.Output.concat(log_group.arn, ":*"),
        },
        encryption_configuration={
            "type": "CUSTOMER_MANAGED_KMS_KEY",
            "kms_key_id": args.data_key_arn,
            "kms_data_key_reuse_period_seconds": 300,
        },
        tracing_configuration={"enabled": True},
        tags=counted(args.tags, args.runs_per_month),
        opts=opts,
    )
    for suffix, metric in (("failed", "ExecutionsFailed"), ("overran", "ExecutionsTimedOut")):
        says = pulumi.Output.concat("a run of ", args.job_name, f" {suffix}")
        rings(f"{name}-{suffix}", says, _counts(machine, metric), args, opts)
    if args.schedule is None:
        return machine, None
    target: dict[str, Text] = {
        "arn": machine.arn,
        # The time names the job: the same at each attempt to deliver, where the execution's id is another.
        "input": json.dumps({"run": f"<{SCHEDULED}>"}),
    }
    return machine, by_the_clock(name, args.schedule, target, _counts(machine, "ExecutionsSucceeded"), args, opts)


def _counts(machine: sfn.StateMachine, metric: str) -> dict[str, Any]:
    return {"namespace": "AWS/States", "metric_name": metric, "dimensions": {"StateMachineArn": machine.arn}}


def rings(
    name: str, says: pulumi.Input[str], counts: Mapping[str, Any], args: Started, opts: pulumi.ResourceOptions
) -> None:
    """Create an alarm that rings at the first run of which something is counted that must not be."""
    cloudwatch.MetricAlarm(
        name,
        name=name,
        alarm_description=says,
        **counts,
        statistic="Sum",
        comparison_operator="GreaterThanThreshold",
        threshold=0,
        period=300,
        evaluation_periods=1,
        treat_missing_data="notBreaching",
        alarm_actions=[args.topic_arn],
        tags=args.tags,
        opts=opts,
    )


def by_the_clock(
    name: str,
    schedule: Schedule,
    target: Mapping[str, Text],
    succeeded: Mapping[str, Any],
    args: Started,
    opts: pulumi.ResourceOptions,
) -> scheduler.Schedule:
    """Create the schedule that starts runs, and the alarm on one that was due and did not succeed."""
    made = scheduler.Schedule(
        f"{name}-schedule",
        schedule_expression=eventbridge_cron(schedule.cron),
        schedule_expression_timezone=schedule.timezone,
        flexible_time_window={"mode": "OFF"},
        kms_key_arn=args.data_key_arn,
        target={
            "arn": target["arn"],
            "input": target["input"],
            "role_arn": args.pipeline_role_arn,
            "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": ATTEMPTS},
        },
        opts=opts,
    )
    if is_watched(pause := longest_pause_hours(schedule.cron)):
        hours = pulumi.Output.from_input(args.hours).apply(lambda most: min(pause + most + 1, LOOKS_BACK_HOURS))
        cloudwatch.MetricAlarm(
            f"{name}-missed",
            name=f"{name}-missed",
            alarm_description=pulumi.Output.concat("no run of ", args.job_name, " succeeded when it was due"),
            **succeeded,
            statistic="Sum",
            comparison_operator="LessThanThreshold",
            threshold=1,
            period=3600,
            evaluation_periods=hours,
            treat_missing_data="breaching",
            alarm_actions=[args.topic_arn],
            tags=args.tags,
            opts=opts,
        )
    return made


def eventbridge_cron(cron: str) -> str:
    """A five-field cron(5) expression in EventBridge's six fields.

    EventBridge counts the days of the week from 1 (Sunday) where cron counts from 0, wants `?` in one of the two day
    fields, and appends the year (https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html). Raises
    BadArgument for what cannot be said so.
    """
    fields = cron.split(" ")
    if len(fields) == 5 and _WEEKDAYS.fullmatch(fields[4]) and "*" in (fields[2], fields[4]):
        minute, hour, day, month, weekday = fields
        if weekday == "*":
            return f"cron({minute} {hour} {day} {month} ? *)"
        if days := sorted({value % 7 + 1 for part in weekday.split(",") for value in _days(part)}):
            return f"cron({minute} {hour} ? {month} {','.join(map(str, days))} *)"
    raise BadArgument(
        f"Schedule.cron: EventBridge cannot say {cron!r}; give five fields such as '0 2 * * 1-5', with '*' for "
        "day-of-month or day-of-week, and days of the week as numbers and ranges"
    )


def _days(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


# 2026-11-26 and 02 and 30 and 00 of 2026-11-26T02:30:00Z: a job's name takes no colon. Two runs that people start in
# one minute are told apart by the seconds. At most 10 functions stand in a field, and these are 8:
# https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
_TIME = ", ".join(
    f"States.ArrayGetItem(States.StringSplit($.run, '{marks}'), {at})"
    for at, marks in enumerate(("T", "T:", "T:", "T:Z"))
)
_RUNS_ALREADY = "SageMaker.ResourceInUseException"


def named_by_its_run(job_name: Text) -> pulumi.Output[str]:
    """The name of a SageMaker job, for a field that ends in `.$`: the job's, the time of its run, and the attempt.

    A retry needs another name: the attempt is counted in. So is each time that people let the run go on, for then the
    retries count from zero again: under the name of the job that failed, SageMaker would answer that it runs already.
    https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
    """
    return pulumi.Output.concat(
        "States.Format('",
        pulumi.Output.from_input(job_name).apply(lambda known: shortened(known, BESIDE_RUN)),
        f"-{{}}-{{}}{{}}{{}}-{{}}{{}}', {_TIME}, $$.Execution.RedriveCount, $$.State.RetryCount)",
    )


def tuned_by_its_run(job_name: Text) -> pulumi.Output[str]:
    """The name of a tuning job, as `named_by_its_run` has it, without the dashes that its 32 characters have no room
    for: the time of the run, and the attempt."""
    return pulumi.Output.concat(
        "States.Format('",
        pulumi.Output.from_input(job_name).apply(lambda known: shortened(known, BESIDE_SEARCH)),
        f"-{{}}{{}}{{}}{{}}{{}}{{}}', {_TIME}, $$.Execution.RedriveCount, $$.State.RetryCount)",
    )


def of_its_run(folder: Text, part: str = "") -> pulumi.Output[str]:
    """The folder of one run below a folder, for a field that ends in `.$`; each attempt of the run has the same.

    `part` is a folder in it, with a `/` at its end.
    """
    return pulumi.Output.concat("States.Format('", folder, f"{{}}-{{}}{{}}{{}}/{part}', {_TIME})")


def tags_of(tags: Tags) -> pulumi.Output[list[dict[str, Text]]]:
    """Tags as a request of SageMaker has them."""
    return pulumi.Output.from_input(tags).apply(
        lambda known: [{"Key": key, "Value": value} for key, value in known.items()]
    )


def _definition(args: Runs) -> dict[str, Any]:
    """The state machine: each job after the other, its name made unique by the run, waited for, retried, and all of
    them stopped in time.

    Only a job that was completed is a run that succeeded. SageMaker calls one that it stops, for its time was up or no
    Spot machine came, Stopped and not Failed (DescribeTrainingJob, SecondaryStatus,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeTrainingJob.html), and no page of Step
    Functions says that a task which waits for such a job fails. The task's answer is the job's description
    ("TrainingJobName", "ModelArtifacts": https://docs.aws.amazon.com/step-functions/latest/dg/sample-train-model.html).

    A run that failed is let go on by RedriveExecution, from the job that failed: what was done before is not done
    again, https://docs.aws.amazon.com/step-functions/latest/dg/redrive-executions.html
    """
    names = list(args.requests)
    return {
        "Comment": args.comment,
        "StartAt": names[0],
        "TimeoutSeconds": pulumi.Output.from_input(args.hours).apply(lambda hours: hours * 3600),
        "States": {
            **{
                state: does
                for name, then in zip(names, [*names[1:], "Completed"], strict=True)
                for state, does in _states(args, name, then).items()
            },
            "Completed": {"Type": "Succeed"},
            "Stopped": {
                "Type": "Fail",
                "Error": "JobStopped",
                "Cause": "SageMaker stopped the job before it was done: its time was up, no Spot machine came, or "
                "somebody stopped it. The answer of the task before says which.",
            },
            # The schedule was delivered twice, and the first delivery's job does the work.
            "RunsAlready": {"Type": "Succeed"},
        },
    }


def _states(args: Runs, name: str, then: str) -> dict[str, Any]:
    """One job, and the question how it ended: the state that follows it is for one that was completed."""
    ended = f"{name}Ended"
    status = f"$.done.{args.resource.removeprefix('create')}Status"
    return {
        name: {
            "Type": "Task",
            "Resource": f"arn:aws:states:::sagemaker:{args.resource}.sync",
            "Parameters": args.requests[name],
            "Retry": [
                {"ErrorEquals": [_RUNS_ALREADY], "MaxAttempts": 0},
                {
                    "ErrorEquals": ["SageMaker.AmazonSageMakerException", "States.TaskFailed"],
                    "IntervalSeconds": 60,
                    "BackoffRate": 2,
                    "MaxAttempts": ATTEMPTS - 1,
                },
            ],
            "Catch": [{"ErrorEquals": [_RUNS_ALREADY], "Next": "RunsAlready"}],
            # The answer lies beside the time of the run, which names the jobs that follow.
            "ResultPath": "$.done",
            "Next": ended,
        },
        ended: {
            "Type": "Choice",
            "Choices": [{"Variable": status, "StringEquals": "Completed", "Next": then}],
            "Default": "Stopped",
        },
    }
