"""Scoring on a schedule: a transform job that a state machine starts, watches, stops in time and reports."""

import json
import re
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch, scheduler, sfn

from catalogue.pauses import LOOKS_BACK_HOURS, longest_pause_hours
from components.aws.model import PLACE, ModelArgs, isolated_model
from components.given import Args, BadArgument, Tags, Text, hold
from components.shapes import Machine, Schedule

REACH: tuple[str, ...] = ()
"""Nothing: SageMaker fetches and writes through S3, whose gateway every network has."""

ATTEMPTS = 3
_WEEKDAYS = re.compile(r"\*|[0-7](-[0-7])?(,[0-7](-[0-7])?)*")


@dataclass(kw_only=True)
class BatchJobArgs(Args):
    """What scores which data, on which machines, and when.

    Raises BadArgument for a schedule that EventBridge cannot say, and for an input or output that is not in S3.
    """

    job_name: Text
    """What the name of each transform job begins with; the pipeline role must be allowed jobs of such names."""
    enabled: bool = True
    """Whether there are runs; without, the model stays, and schedule, state machine and alarms go. It must be known."""
    model: ModelArgs
    """The model that scores; its role must be able to read the input and to write the output."""
    machine: Machine
    """What each replica runs on. It must be known."""
    replicas: pulumi.Input[int]
    """How many machines share the work of a run."""
    schedule: Schedule
    """When a run starts. It must be known."""
    max_hours: pulumi.Input[int]
    """After how many hours a run is stopped."""
    input_uri: Text
    """The s3:// place of the input: CSV, one record a line."""
    output_uri: Text
    """The s3:// place of the predictions."""
    pipeline_role_arn: Text
    """The role of schedule and state machine; it must be able to start runs and transform jobs."""
    data_key_arn: Text
    """The KMS key of the predictions, the schedule and the state machine."""
    logs_key_arn: Text
    """The KMS key of the state machine's log; CloudWatch Logs must be allowed to use it."""
    volume_key_arn: Text
    """The KMS key of the machines' volumes. Machines with local NVMe encrypt in hardware and get none."""
    topic_arn: Text
    """The SNS topic that alarms go to; CloudWatch must be allowed to publish there."""
    tags: Tags
    """The tags of everything that is created, and of each transform job."""

    def __post_init__(self) -> None:
        super().__post_init__()
        eventbridge_cron(self.schedule.cron)
        for field in ("input_uri", "output_uri"):
            hold(self, field, PLACE, "a place in S3 such as s3://bucket/folder/")


class BatchJob(pulumi.ComponentResource):
    """Creates a model and, while enabled, a schedule that runs a transform job with it.

    The network is enforced at the model: CreateTransformJob has no VPC condition keys. A run is retried twice and
    stopped after `max_hours`. Alarms ring when it failed, when it ran out of time, and when no run succeeded for as
    long as the schedule's longest pause and a run take: what never started fails nowhere else. That alarm also rings
    until the first run of all has succeeded. A schedule that pauses for nearly a week has none, for CloudWatch looks
    back seven days at most (PutMetricAlarm,
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html).

    A run is named by the time for which it was scheduled, so that one that is delivered twice runs once
    (https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html). Nothing runs,
    and nothing bills by the hour, between runs. SageMaker reads and writes through S3; the network needs no interface
    endpoint for it.
    """

    state_machine_arn: pulumi.Output[str] | None
    """The ARN of the state machine, which starts a run by hand. There is none while the job is switched off."""

    def __init__(self, name: str, args: BatchJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:BatchJob", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        model = isolated_model(f"{name}-model", args.model, args.tags, self._child)
        self.state_machine_arn = self._run(name, args, model.name) if args.enabled else None
        self.register_outputs({"state_machine_arn": self.state_machine_arn})

    def _run(self, name: str, args: BatchJobArgs, model_name: pulumi.Output[str]) -> pulumi.Output[str]:
        log_group = cloudwatch.LogGroup(
            f"{name}-runs",
            name=f"/aws/vendedlogs/states/{name}",
            retention_in_days=365,
            kms_key_id=args.logs_key_arn,
            tags=args.tags,
            opts=self._child,
        )
        machine = sfn.StateMachine(
            name,
            name=name,
            role_arn=args.pipeline_role_arn,
            definition=pulumi.Output.json_dumps(_definition(args, model_name)),
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
            tags=args.tags,
            opts=self._child,
        )
        scheduler.Schedule(
            f"{name}-schedule",
            schedule_expression=eventbridge_cron(args.schedule.cron),
            schedule_expression_timezone=args.schedule.timezone,
            flexible_time_window={"mode": "OFF"},
            kms_key_arn=args.data_key_arn,
            target={
                "arn": machine.arn,
                "role_arn": args.pipeline_role_arn,
                # The time names the job: the same at each attempt to deliver, where the execution's id is another.
                "input": json.dumps({"run": "<aws.scheduler.scheduled-time>"}),
                "retry_policy": {"maximum_event_age_in_seconds": 3600, "maximum_retry_attempts": ATTEMPTS},
            },
            opts=self._child,
        )
        for suffix, metric in (("failed", "ExecutionsFailed"), ("overran", "ExecutionsTimedOut")):
            cloudwatch.MetricAlarm(
                f"{name}-{suffix}",
                name=f"{name}-{suffix}",
                alarm_description=pulumi.Output.concat("a run of ", args.job_name, f" {suffix}"),
                namespace="AWS/States",
                metric_name=metric,
                dimensions={"StateMachineArn": machine.arn},
                statistic="Sum",
                comparison_operator="GreaterThanThreshold",
                threshold=0,
                period=300,
                evaluation_periods=1,
                treat_missing_data="notBreaching",
                alarm_actions=[args.topic_arn],
                tags=args.tags,
                opts=self._child,
            )
        if (pause := longest_pause_hours(args.schedule.cron)) < LOOKS_BACK_HOURS - 24:
            hours = pulumi.Output.from_input(args.max_hours).apply(lambda most: min(pause + most + 1, LOOKS_BACK_HOURS))
            cloudwatch.MetricAlarm(
                f"{name}-missed",
                name=f"{name}-missed",
                alarm_description=pulumi.Output.concat("no run of ", args.job_name, " succeeded when it was due"),
                namespace="AWS/States",
                metric_name="ExecutionsSucceeded",
                dimensions={"StateMachineArn": machine.arn},
                statistic="Sum",
                comparison_operator="LessThanThreshold",
                threshold=1,
                period=3600,
                evaluation_periods=hours,
                treat_missing_data="breaching",
                alarm_actions=[args.topic_arn],
                tags=args.tags,
                opts=self._child,
            )
        return machine.arn


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


# 2026-11-26 and 02 and 30 of 2026-11-26T02:30:00Z: a job's name takes no colon. At most 10 functions stand in a field:
# https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html
_DAY, _HOUR, _MINUTE = (
    f"States.ArrayGetItem(States.StringSplit($.run, '{marks}'), {at})" for marks, at in (("T", 0), ("T:", 1), ("T:", 2))
)
_RUNS_ALREADY = "SageMaker.ResourceInUseException"


def _definition(args: BatchJobArgs, model_name: pulumi.Output[str]) -> dict[str, Any]:
    """The state machine: one transform job, its name made unique by the run, waited for, retried, stopped in time."""
    resources: dict[str, Any] = {"InstanceType": args.machine.type, "InstanceCount": args.replicas}
    if not args.machine.local_nvme:
        resources["VolumeKmsKeyId"] = args.volume_key_arn
    return {
        "Comment": pulumi.Output.concat(args.job_name, ": score ", args.input_uri, " to ", args.output_uri),
        "StartAt": "Transform",
        "TimeoutSeconds": pulumi.Output.from_input(args.max_hours).apply(lambda hours: hours * 3600),
        "States": {
            "Transform": {
                "Type": "Task",
                "Resource": "arn:aws:states:::sagemaker:createTransformJob.sync",
                "Parameters": {
                    # A retry needs another name: the attempt is counted in.
                    "TransformJobName.$": pulumi.Output.concat(
                        "States.Format('",
                        args.job_name,
                        f"-{{}}-{{}}{{}}-{{}}', {_DAY}, {_HOUR}, {_MINUTE}, $$.State.RetryCount)",
                    ),
                    "ModelName": model_name,
                    "ModelClientConfig": {"InvocationsTimeoutInSeconds": 600, "InvocationsMaxRetries": 3},
                    "TransformInput": {
                        "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": args.input_uri}},
                        "ContentType": "text/csv",
                        "SplitType": "Line",
                    },
                    "TransformOutput": {
                        "S3OutputPath": args.output_uri,
                        "KmsKeyId": args.data_key_arn,
                        "AssembleWith": "Line",
                    },
                    "TransformResources": resources,
                    "Tags": pulumi.Output.from_input(args.tags).apply(
                        lambda tags: [{"Key": key, "Value": value} for key, value in tags.items()]
                    ),
                },
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
                "End": True,
            },
            # The schedule was delivered twice, and the first delivery's job does the work.
            "RunsAlready": {"Type": "Succeed"},
        },
    }
