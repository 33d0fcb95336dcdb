"""Scoring on a schedule: a transform job that a state machine starts, watches, stops in time and reports."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi

from catalogue.formats import AWS, USUAL
from components.aws.model import FOLDER, PLACE, ModelArgs, isolated_model
from components.aws.runs import (
    Runs,
    eventbridge_cron,
    named_by_its_run,
    of_its_run,
    state_machine_of_runs,
    tags_of,
)
from components.given import Args, BadArgument, Tags, Text, hold, hold_each
from components.shapes import Machine, Schedule

REACH: tuple[str, ...] = ()
"""Nothing: SageMaker fetches and writes through S3, whose gateway every network has."""


@dataclass(kw_only=True)
class BatchJobArgs(Args):
    """What scores which data, on which machines, and when.

    Raises BadArgument for a schedule that EventBridge cannot say, for an input that is not in S3, for an output that is
    no folder there, and for a format that SageMaker does not read.
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
    inputs: Mapping[str, Text]
    """The s3:// place of each input by its name, letters, digits and `_`. One is scored after the other; their names
    must be known."""
    format: str = USUAL["aws"]
    """What the inputs are: csv, jsonl, json, parquet, images, tf-record or recordio. It must be known."""
    concurrency: int = 1
    """How many requests a replica answers at once. It must be known."""
    records_per_request: int | None = None
    """1 where a request carries one record alone; None where it carries as many as it holds. It must be known."""
    output_uri: Text
    """The s3:// folder below which each run writes a folder of its own, with one for each input."""
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
        refuse_several("BatchJobArgs", self.model)
        hold_each(self, "inputs", PLACE, "a place in S3 such as s3://bucket/folder/")
        hold(self, "output_uri", FOLDER, "a folder in S3 such as s3://bucket/folder/")
        refuse_format("BatchJobArgs", self.format, self.records_per_request)


class BatchJob(pulumi.ComponentResource):
    """Creates a model and, while enabled, a schedule that runs a transform job with it.

    The network is enforced at the model: CreateTransformJob has no VPC condition keys. Each input is a transform job of
    its own, retried twice; the run is stopped after `max_hours`. Alarms ring when it failed, when it ran out of time,
    and when none that was due succeeded. A run that failed goes on from the input that failed (RedriveExecution), and
    writes where it wrote before: what was scored is not scored again.

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
        job = ScoringArgs(
            model_name=model_name,
            machine=args.machine,
            replicas=args.replicas,
            format=args.format,
            concurrency=args.concurrency,
            records_per_request=args.records_per_request,
            data_key_arn=args.data_key_arn,
            volume_key_arn=args.volume_key_arn,
            tags=args.tags,
        )
        return state_machine_of_runs(
            name,
            Runs(
                job_name=args.job_name,
                comment=pulumi.Output.concat(args.job_name, ": score ", *_told(args), " to ", args.output_uri),
                resource="createTransformJob",
                requests={
                    _state(args, input_): scoring(
                        job,
                        {"TransformJobName.$": named_by_its_run(_job_name(args, input_))},
                        uri,
                        {"S3OutputPath.$": of_its_run(args.output_uri, f"{input_}/")},
                    )
                    for input_, uri in args.inputs.items()
                },
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


def _told(args: BatchJobArgs) -> list[Text]:
    """The inputs in words."""
    return [part for uri in args.inputs.values() for part in (" and ", uri)][1:]


def _state(args: BatchJobArgs, name: str) -> str:
    return "Transform" if len(args.inputs) == 1 else f"Transform-{name}"


def _job_name(args: BatchJobArgs, name: str) -> Text:
    return args.job_name if len(args.inputs) == 1 else pulumi.Output.concat(args.job_name, "-", name.replace("_", "-"))


_PAYLOAD_MB = 100
"""What the requests that a replica has at once hold together: CreateTransformJob, MaxPayloadInMB,
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html
"""


@dataclass(kw_only=True)
class ScoringArgs:
    """What a transform job is to be, but for its name, what it reads and where it writes."""

    model_name: Text
    machine: Machine
    replicas: pulumi.Input[int]
    format: str
    concurrency: int
    records_per_request: int | None
    data_key_arn: Text
    volume_key_arn: Text
    tags: Tags


def scoring(args: ScoringArgs, named: Mapping[str, Any], read: Any, written: Mapping[str, Any]) -> dict[str, Any]:
    """What is sent to SageMaker for one input: one transform job. `named` and `written` are the members that say its
    name and its folder, and `read` is the place of the input.

    A request with records holds 6 MB, SageMaker's own measure; one with a whole file as much as there may be.
    """
    resources: dict[str, Any] = {"InstanceType": args.machine.type, "InstanceCount": args.replicas}
    if not args.machine.local_nvme:
        resources["VolumeKmsKeyId"] = args.volume_key_arn
    taken = AWS[args.format]
    bounds: dict[str, Any] = {"MaxConcurrentTransforms": args.concurrency}
    if taken.whole:
        bounds["MaxPayloadInMB"] = _PAYLOAD_MB // args.concurrency
    else:
        bounds["BatchStrategy"] = "MultiRecord" if args.records_per_request is None else "SingleRecord"
    return {
        **named,
        "ModelName": args.model_name,
        "ModelClientConfig": {"InvocationsTimeoutInSeconds": 600, "InvocationsMaxRetries": 3},
        **bounds,
        "TransformInput": {
            "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": read}},
            "ContentType": taken.content_type,
            "SplitType": taken.split,
        },
        "TransformOutput": {**written, "KmsKeyId": args.data_key_arn, "AssembleWith": taken.assemble},
        "TransformResources": resources,
        "Tags": tags_of(args.tags),
    }


def refuse_several(of: str, model: ModelArgs) -> None:
    """Raise BadArgument for a model of which each caller names one."""
    if model.several:
        raise BadArgument(f"{of}.model: serves several, and a batch job runs one; give one artifact")


def refuse_format(of: str, format: str, records_per_request: int | None) -> None:
    """Raise BadArgument for a format that SageMaker does not read, and for records that it does not count."""
    if format not in AWS:
        raise BadArgument(f"{of}.format: found {format!r}, allowed: {', '.join(AWS)}")
    if records_per_request not in ((None,) if AWS[format].whole else (None, 1)):
        raise BadArgument(
            f"{of}.records_per_request: found {records_per_request}; SageMaker fills a request with "
            "records, or sends one alone where a file has several; give 1 of a format of records, or None"
        )
