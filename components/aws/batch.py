"""Scoring on a schedule: a transform job that a state machine starts, watches, stops in time and reports."""

from dataclasses import dataclass
from typing import Any

import pulumi

from components.aws.model import PLACE, ModelArgs, isolated_model
from components.aws.runs import Runs, eventbridge_cron, named_by_its_run, state_machine_of_runs, tags_of
from components.given import Args, Tags, Text, hold
from components.shapes import Machine, Schedule

REACH: tuple[str, ...] = ()
"""Nothing: SageMaker fetches and writes through S3, whose gateway every network has."""


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
    stopped after `max_hours`. Alarms ring when it failed, when it ran out of time, and when none that was due
    succeeded.

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
        return state_machine_of_runs(
            name,
            Runs(
                job_name=args.job_name,
                comment=pulumi.Output.concat(args.job_name, ": score ", args.input_uri, " to ", args.output_uri),
                state="Transform",
                resource="createTransformJob",
                request=_request(args, model_name),
                schedule=args.schedule,
                hours=args.max_hours,
                pipeline_role_arn=args.pipeline_role_arn,
                data_key_arn=args.data_key_arn,
                logs_key_arn=args.logs_key_arn,
                topic_arn=args.topic_arn,
                tags=args.tags,
            ),
            self._child,
        )


def _request(args: BatchJobArgs, model_name: pulumi.Output[str]) -> dict[str, Any]:
    """What a run sends to SageMaker: one transform job."""
    resources: dict[str, Any] = {"InstanceType": args.machine.type, "InstanceCount": args.replicas}
    if not args.machine.local_nvme:
        resources["VolumeKmsKeyId"] = args.volume_key_arn
    return {
        "TransformJobName.$": named_by_its_run(args.job_name),
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
        "Tags": tags_of(args.tags),
    }
