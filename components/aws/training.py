"""Training a model: a training job that a state machine starts, watches, stops in time and reports."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pulumi

from components.aws.model import IMAGE, PLACE
from components.aws.runs import (
    Runs,
    eventbridge_cron,
    named_by_its_run,
    of_its_run,
    state_machine_of_runs,
    tags_of,
    tuned_by_its_run,
)
from components.aws.tuning import tuned
from components.given import Args, BadArgument, Tags, Text, hold
from components.shapes import Machine, Schedule, Tuning

REACH: tuple[str, ...] = ()
"""Nothing: SageMaker fetches and writes through S3, whose gateway every network has."""

VOLUME_GIB = 50
"""The volume of a machine. It holds the image, checkpoints and what was trained; the data are streamed from S3."""


@dataclass
class SpotArgs(Args):
    """Spot machines: SageMaker takes them away when it needs them, and goes on from the last checkpoint."""

    checkpoint_uri: Text
    """The s3:// folder below which each run has a folder of checkpoints, which is /opt/ml/checkpoints in the container.
    """
    wait_hours: int
    """How many hours a run may wait for machines, beside those that it may run. It must be known."""


@dataclass(kw_only=True)
class TrainingJobArgs(Args):
    """What trains, on which data and machines, for how long, and who starts it.

    Raises BadArgument for an image that is none of ECR, for data and output that are not in S3, for a schedule that
    EventBridge cannot say, for a search beside what one run alone can have, or without a pattern, and where neither a
    schedule nor the number of runs by hand is given, or both.
    """

    job_name: Text
    """What the name of each training job begins with; the pipeline role must be allowed jobs of such names."""
    enabled: bool = True
    """Whether a run can be started; without, state machine, schedule and alarms go. It must be known."""
    image: Text
    """The address of the container's image in ECR, in the region, with a pinned tag or digest."""
    hyperparameters: pulumi.Input[Mapping[str, Text]] = field(default_factory=dict[str, str])
    """The hyperparameters, which the container finds in /opt/ml/input/config/hyperparameters.json."""
    data: Mapping[str, Text]
    """The s3:// folder of each channel, which the container finds in /opt/ml/input/data/CHANNEL. The names of the
    channels must be known."""
    output_uri: Text
    """The s3:// folder below which SageMaker puts JOB/output/model.tar.gz: what stands in /opt/ml/model at the end."""
    role_arn: Text
    """The role that the container runs as; it must be able to pull the image, read the data and write the output."""
    subnet_ids: pulumi.Input[list[Text]]
    """The private subnets that the container's network interfaces stand in."""
    security_group_id: Text
    """The security group of those interfaces. Its members must reach each other, by UDP 500 and ESP,
    where there are several replicas."""
    machine: Machine
    """What each replica runs on. It must be known."""
    replicas: pulumi.Input[int] = 1
    """How many machines train together."""
    max_hours: int
    """After how many hours a run is stopped, or each trial of one that searches, beside what it waits for Spot
    machines. It must be known."""
    tuning: Tuning | None = None
    """Search hyperparameters: a run is then a tuning job of several trials. It must be known."""
    spot: SpotArgs | None = None
    """Run on Spot machines; on demand where there are none."""
    schedule: Schedule | None = None
    """When a run starts. It must be known. Without, people start each."""
    runs_per_month: int | None = None
    """How many runs people start in a month at most, where there is no schedule. It must be known: it is a tag of the
    state machine, by which the bill's ceiling is made."""
    tracking_arn: Text | None = None
    """The MLflow App that each run is recorded to, of Experiments, as `role_arn`, which the container finds in
    MLFLOW_TRACKING_URI. Whether one is given must be known: such a container has a network, that of the subnets."""
    pipeline_role_arn: Text
    """The role of schedule and state machine; it must be able to start training jobs as `role_arn`."""
    data_key_arn: Text
    """The KMS key of what was trained, the schedule and the state machine."""
    logs_key_arn: Text
    """The KMS key of the state machine's log; CloudWatch Logs must be allowed to use it."""
    volume_key_arn: Text
    """The KMS key of the machines' volumes. Machines with local NVMe encrypt in hardware and get none."""
    topic_arn: Text
    """The SNS topic that alarms go to; CloudWatch must be allowed to publish there."""
    tags: Tags
    """The tags of everything that is created, and of each training job."""

    def __post_init__(self) -> None:
        super().__post_init__()
        hold(self, "image", IMAGE, "an image of ECR such as 111122223333.dkr.ecr.us-east-1.amazonaws.com/train:1.4")
        hold(self, "output_uri", PLACE, "a place in S3 such as s3://bucket/folder/")
        if (self.schedule is None) == (self.runs_per_month is None):
            raise BadArgument(
                "TrainingJobArgs: give a schedule, or runs_per_month where people start the runs; one of the two"
            )
        if self.tuning is not None and (self.spot is not None or self.tracking_arn is not None):
            raise BadArgument(
                "TrainingJobArgs: found tuning beside spot or tracking_arn, which are of one run and not of several "
                "trials; give tuning without them"
            )
        if self.tuning is not None and self.tuning.pattern is None:
            raise BadArgument("TrainingJobArgs.tuning: give the pattern by which SageMaker reads the metric in the log")
        if self.schedule is not None:
            eventbridge_cron(self.schedule.cron)

    @property
    def hours(self) -> int:
        """How long a run may take: all rounds of its trials, and what it waits for machines."""
        rounds = self.tuning.rounds if self.tuning is not None else 1
        return self.max_hours * rounds + (self.spot.wait_hours if self.spot is not None else 0)


class TrainingJob(pulumi.ComponentResource):
    """Creates, while enabled, a state machine that runs a training job, by a schedule or by hand.

    Creating it starts nothing. The container has no network but that to the other replicas, which is encrypted. Where
    its runs are recorded it has the subnets' network, and with it the credentials of its role: MLflow is called
    through an interface endpoint, and nothing there leads out. The
    data are streamed to it from S3 (FastFile mode), and the pipeline role alone starts it, as the training role. A run
    is retried twice and stopped in time. Alarms ring when it failed, when it ran out of time, and when none succeeded
    that was due. On Spot machines each run keeps its checkpoints in a folder of its own, and a retry goes on from them.
    With `tuning` a run is a tuning job, whose trials are training jobs just like it, some of them at once.

    Nothing runs, and nothing bills by the hour, between runs.
    Sources: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTrainingJob.html,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateHyperParameterTuningJob.html,
    https://docs.aws.amazon.com/sagemaker/latest/dg/model-managed-spot-training.html
    """

    state_machine_arn: pulumi.Output[str] | None
    """The ARN of the state machine, which starts a run by hand. There is none while the job is switched off."""

    def __init__(self, name: str, args: TrainingJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:TrainingJob", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.state_machine_arn = self._run(name, args) if args.enabled else None
        self.register_outputs({"state_machine_arn": self.state_machine_arn})

    def _run(self, name: str, args: TrainingJobArgs) -> pulumi.Output[str]:
        return state_machine_of_runs(
            name,
            Runs(
                job_name=args.job_name,
                comment=pulumi.Output.concat(args.job_name, ": train to ", args.output_uri),
                resource="createTrainingJob" if args.tuning is None else "createHyperParameterTuningJob",
                requests={"Train": _request(args)}
                if args.tuning is None
                else {
                    "Tune": tuned(
                        _request(args),
                        args.tuning,
                        {"HyperParameterTuningJobName.$": tuned_by_its_run(args.job_name)},
                        args.hours,
                    )
                },
                schedule=args.schedule,
                runs_per_month=args.runs_per_month,
                hours=args.hours,
                pipeline_role_arn=args.pipeline_role_arn,
                data_key_arn=args.data_key_arn,
                logs_key_arn=args.logs_key_arn,
                topic_arn=args.topic_arn,
                tags=args.tags,
            ),
            self._child,
        )


def _request(args: TrainingJobArgs) -> dict[str, Any]:
    """What a run of its own sends."""
    return training_request(
        args,
        {"TrainingJobName.$": named_by_its_run(args.job_name)},
        # Next week's run must not find this week's checkpoints and be done at once.
        {"S3Uri.$": of_its_run(args.spot.checkpoint_uri)} if args.spot is not None else {},
    )


def training_request(
    args: TrainingJobArgs,
    named: Mapping[str, Any],
    checkpoints: Mapping[str, Any],
    data: Mapping[str, Any] | None = None,
    output: Any = None,
    variables: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """What a run sends to SageMaker: one training job, under what names it, with the run's own folder of checkpoints.

    A step of a pipeline reads other data than the job's own, and writes below another folder: `data` and `output`.
    """
    resources: dict[str, Any] = {
        "InstanceType": args.machine.type,
        "InstanceCount": args.replicas,
        "VolumeSizeInGB": VOLUME_GIB,
    }
    if not args.machine.local_nvme:
        resources["VolumeKmsKeyId"] = args.volume_key_arn
    request: dict[str, Any] = {
        **named,
        "AlgorithmSpecification": {"TrainingImage": args.image, "TrainingInputMode": "FastFile"},
        "RoleArn": args.role_arn,
        "InputDataConfig": [
            {
                "ChannelName": channel,
                "DataSource": {
                    "S3DataSource": {
                        "S3DataType": "S3Prefix",
                        "S3Uri": uri,
                        "S3DataDistributionType": "FullyReplicated",
                    }
                },
            }
            for channel, uri in (args.data if data is None else data).items()
        ],
        "OutputDataConfig": {
            "S3OutputPath": args.output_uri if output is None else output,
            "KmsKeyId": args.data_key_arn,
        },
        "ResourceConfig": resources,
        "VpcConfig": {"Subnets": args.subnet_ids, "SecurityGroupIds": [args.security_group_id]},
        "StoppingCondition": {"MaxRuntimeInSeconds": args.max_hours * 3600},
        "EnableNetworkIsolation": args.tracking_arn is None,
        "EnableInterContainerTrafficEncryption": True,
        "Tags": tags_of(args.tags),
    }
    told = {**(variables or {})}
    if args.tracking_arn is not None:
        told |= {"MLFLOW_TRACKING_URI": args.tracking_arn, "MLFLOW_EXPERIMENT_NAME": args.job_name}
    if told:
        request["Environment"] = told
    if args.hyperparameters:
        request["HyperParameters"] = args.hyperparameters
    if args.spot is not None:
        request["EnableManagedSpotTraining"] = True
        request["StoppingCondition"]["MaxWaitTimeInSeconds"] = args.hours * 3600
        request["CheckpointConfig"] = {**checkpoints}
    return request
