"""From data to a candidate: a pipeline of SageMaker, whose steps read one another, by the clock or by hand."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import sagemaker

from catalogue.formats import USUAL
from catalogue.jobnames import BESIDE_STEP, scoring_begins, shortened, step_search_begins
from catalogue.order import longest
from catalogue.runs import RUN_VARIABLE, scoring_step
from components.aws.batch import ScoringArgs, refuse_format, refuse_several, scoring
from components.aws.model import IMAGE, PLACE, ModelArgs, isolated_model
from components.aws.runs import SCHEDULED, Started, by_the_clock, eventbridge_cron, rings, tags_of
from components.aws.training import VOLUME_GIB, TrainingJobArgs, training_request
from components.aws.tuning import tuned
from components.aws.watch import Watched, watch
from components.given import Args, BadArgument, Tags, Text, counted, hold
from components.shapes import Machine, Schedule

REACH: tuple[str, ...] = ()
"""Nothing: SageMaker fetches and writes through S3, whose gateway every network has."""

_RUN_ID = {"Get": "Execution.PipelineExecutionId"}
_COUNTED = "AWS/Sagemaker/ModelBuildingPipeline"
_FOLDER = "/opt/ml/processing"
"""Below which SageMaker lays what a processing job reads, and takes what it writes:
https://docs.aws.amazon.com/sagemaker/latest/dg/build-your-own-processing-container.html
"""


@dataclass(kw_only=True)
class BatchArgs(Args):
    """What a batch job scores with, and how. Raises BadArgument for a format that SageMaker does not read."""

    model: ModelArgs
    """The model, as the `batch` persona runs it; it must be able to read what the step reads, and to write below the
    output of the pipeline."""
    format: str = USUAL["aws"]
    """What the inputs are: csv, jsonl, json, parquet, images, tf-record or recordio. It must be known."""
    concurrency: int = 1
    """How many requests a replica answers at once. It must be known."""
    records_per_request: int | None = None
    """1 where a request carries one record alone; None where it carries as many as it holds. It must be known."""

    def __post_init__(self) -> None:
        super().__post_init__()
        refuse_several("BatchArgs", self.model)
        refuse_format("BatchArgs", self.format, self.records_per_request)


@dataclass(kw_only=True)
class StepArgs(Args):
    """One step: a program in a container, which has image, program, machine and hours; or a training job, or the search
    of one that searches; or a batch job, which has machine and hours.

    Raises BadArgument for a step that is none of them, or several.
    """

    step_name: str
    """What the step is called, and its folder in that of the run. It must be known."""
    inputs: Mapping[str, str]
    """What the step reads, by name: an s3:// folder, or the name of a step before. Of a training job these are
    channels, in place of its own of the same name. They must be known."""
    training: TrainingJobArgs | None = None
    """The training job that the step runs. Its name begins that of the step's job. Its schedule, its output and its
    alarms are its own, and no part of the step."""
    batch: BatchArgs | None = None
    """The batch job that the step does; each input is a transform job of its own, side by side. It must be known."""
    image: Text | None = None
    """The address of the image of the program in ECR, in the region, with a pinned tag or digest."""
    program: Sequence[str] | None = None
    """The program and its first words, in place of the image's own entry point. It must be known."""
    options: Mapping[str, Text] = field(default_factory=dict[str, str])
    """The options of the program, each of which it gets as `--NAME=VALUE`. Their names must be known."""
    machine: Machine | None = None
    """What the program runs on, or each replica of the batch job. It must be known."""
    replicas: int = 1
    """How many machines share the work of each input of the batch job. It must be known."""
    max_hours: int = 0
    """After how many hours the program or the batch job is stopped. It must be known."""

    def __post_init__(self) -> None:
        super().__post_init__()
        runs = self.machine is not None and self.max_hours > 0
        program = self.image is not None and bool(self.program) and runs
        if self.training is not None and (self.image is not None or self.program or self.machine is not None):
            raise BadArgument("StepArgs.training: stands beside a program; give one of the two")
        if self.batch is not None and (self.training is not None or self.image is not None or self.program):
            raise BadArgument("StepArgs.batch: stands beside a program or a training job; give one of them")
        if self.training is None and not program and not (self.batch is not None and self.inputs and runs):
            raise BadArgument(
                "StepArgs: give a training job, or image, program, machine and max_hours of a program, or a batch job "
                "with inputs, machine and max_hours"
            )
        if self.image is not None:
            hold(self, "image", IMAGE, "an image of ECR such as 111122223333.dkr.ecr.us-east-1.amazonaws.com/steps:1.4")

    @property
    def hours(self) -> int:
        """How long the step may take, with what it waits for machines."""
        return self.max_hours if self.training is None else self.training.hours

    @property
    def reads(self) -> list[str]:
        """The steps that it reads, and so waits for."""
        return sorted({said for said in self.inputs.values() if "://" not in said})

    @property
    def parts(self) -> Mapping[str, str]:
        """Its steps of SageMaker by their names, each with the input of a batch job that it scores: a transform job has
        one place. No step of a stack file has a `_` in its name. What is no batch job is one step."""
        if self.batch is None:
            return {self.step_name: ""}
        alone = len(self.inputs) == 1
        return {self.step_name if alone else scoring_step(self.step_name, name): name for name in self.inputs}


@dataclass(kw_only=True)
class PipelineArgs(Args):
    """What runs after what, on which data and machines, for how long, and who starts it.

    Raises BadArgument for an image that is none of ECR, for an output that is not in S3, for an input that is neither a
    place nor a step before, for a schedule that EventBridge cannot say, and where neither a schedule nor the number of
    runs by hand is given, or both.
    """

    job_name: Text
    """What the name of each step's job begins with; the pipeline role must be allowed jobs of such names."""
    enabled: bool = True
    """Whether a run can be started; without, pipeline, schedule and alarms go. It must be known."""
    steps: Sequence[StepArgs]
    """The steps, each after those that it reads. Which there are must be known."""
    output_uri: Text
    """The s3:// folder below which each run has a folder of its own, with one for each step."""
    role_arn: Text
    """The role that the programs run as; it must be able to pull the images, read the data and write the output."""
    subnet_ids: pulumi.Input[list[Text]]
    """The private subnets that the programs' network interfaces stand in."""
    security_group_id: Text
    """The security group of those interfaces."""
    schedule: Schedule | None = None
    """When a run starts. It must be known. Without, people start each."""
    runs_per_month: int | None = None
    """How many runs people start in a month at most, where there is no schedule. It must be known: it is a tag of the
    pipeline, by which the bill's ceiling is made."""
    pipeline_role_arn: Text
    """The role of schedule and pipeline; it must be able to start the pipeline, and the steps' jobs as `role_arn`."""
    data_key_arn: Text
    """The KMS key of what the steps write, and of the schedule."""
    logs_key_arn: Text | None = None
    """The KMS key of the log of what stops the batch jobs in time; CloudWatch Logs must be allowed to use it. A
    pipeline whose steps do a batch job has one. Whether it is given must be known."""
    volume_key_arn: Text
    """The KMS key of the machines' volumes. Machines with local NVMe encrypt in hardware and get none."""
    topic_arn: Text
    """The SNS topic that alarms go to; CloudWatch must be allowed to publish there."""
    tags: Tags
    """The tags of everything that is created, and of each step's job."""

    def __post_init__(self) -> None:
        super().__post_init__()
        hold(self, "output_uri", PLACE, "a place in S3 such as s3://bucket/folder/")
        if (self.schedule is None) == (self.runs_per_month is None):
            raise BadArgument(
                "PipelineArgs: give a schedule, or runs_per_month where people start the runs; one of the two"
            )
        if self.schedule is not None:
            eventbridge_cron(self.schedule.cron)
        if self.logs_key_arn is None and any(step.batch is not None for step in self.steps):
            raise BadArgument("PipelineArgs.logs_key_arn: is missing; a step does a batch job, so give the key of logs")
        before: list[str] = []
        for step in self.steps:
            for name, said in step.inputs.items():
                if "://" not in said and said not in before:
                    raise BadArgument(
                        f"PipelineArgs.steps.{step.step_name}.inputs.{name}: found {said!r}, allowed: a place in S3 "
                        f"such as s3://bucket/folder/, or a step before: {', '.join(before) or 'this is the first'}"
                    )
            if step.step_name in before:
                raise BadArgument(f"PipelineArgs.steps: {step.step_name} is the name of two; give each one of its own")
            before.append(step.step_name)

    @property
    def hours(self) -> int:
        """How long a run may take: the longest way from step to step."""
        lasts = {step.step_name: step.hours for step in self.steps}
        return int(longest(lasts, {step.step_name: step.reads for step in self.steps}))


class Pipeline(pulumi.ComponentResource):
    """Creates, while enabled, a pipeline of SageMaker: processing, training and tuning jobs, as they read one another.

    Creating it starts nothing. No container has a network but that to its other replicas, but for a training job whose
    runs are recorded. Each step waits for those that it reads, and for no other: the rest runs beside it. It writes
    below a folder of its run and its own with the data key, and is stopped in time: SageMaker bounds no run as a whole,
    and counts none that took too long. A step that the service could not start is tried again, one whose program failed
    is not, and nothing is cached. Alarms ring when a run failed, each step's with its name, when it was stopped, by its
    own time or by somebody, and when none succeeded that was due. Of a step that searches, those that read it get what
    the best trial left.

    A step that scores is the transform job that BatchJob would send, for each of its inputs, as the `batch` persona and
    with a model of its own, which waits for the approver's word as that of BatchJob does. What stops it in time is a
    state machine that looks for it by the clock (components/aws/watch.py).

    A schedule starts each run once, however often it is delivered: its time is the token of the start. Nothing runs,
    and nothing bills by the hour, between runs. Sources:
    https://docs.aws.amazon.com/sagemaker/latest/dg/build-and-manage-steps.html,
    https://docs.aws.amazon.com/sagemaker/latest/dg/pipelines-retry-policy.html,
    https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html (pipelines metrics) and
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_StartPipelineExecution.html (ClientRequestToken)
    """

    pipeline_arn: pulumi.Output[str] | None
    """The ARN of the pipeline, which starts a run by hand. There is none while it is switched off."""

    def __init__(self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Pipeline", name, None, opts)
        self.pipeline_arn = _made(name, args, pulumi.ResourceOptions(parent=self)) if args.enabled else None
        self.register_outputs({"pipeline_arn": self.pipeline_arn})


def _made(name: str, args: PipelineArgs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    models = {
        step.step_name: isolated_model(f"{name}-{step.step_name}-model", step.batch.model, args.tags, opts).name
        for step in args.steps
        if step.batch is not None
    }
    told = Started(
        job_name=args.job_name,
        hours=args.hours,
        pipeline_role_arn=args.pipeline_role_arn,
        data_key_arn=args.data_key_arn,
        topic_arn=args.topic_arn,
        tags=args.tags,
    )
    # An `up` that is cut short leaves no pipeline whose transform jobs nothing stops.
    guards = _guards(name, args, told, opts)
    pipeline = sagemaker.Pipeline(
        name,
        pipeline_name=name,
        pipeline_display_name=name,
        pipeline_description=pulumi.Output.concat(
            args.job_name, f": {', '.join(step.step_name for step in args.steps)}"
        ),
        role_arn=args.pipeline_role_arn,
        pipeline_definition=pulumi.Output.json_dumps(_definition(args, models)),
        tags=counted(args.tags, args.runs_per_month),
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=guards)),
    )

    def counts(metric: str, **of: str) -> dict[str, Any]:
        dimensions = {"PipelineName": pipeline.pipeline_name, **of}
        return {"namespace": _COUNTED, "metric_name": metric, "dimensions": dimensions}

    for suffix, metric, says in (
        ("failed", "ExecutionFailed", " failed"),
        ("stopped", "ExecutionStopped", " was stopped, for the time of a step was up or somebody stopped it"),
    ):
        said = pulumi.Output.concat("a run of ", args.job_name, says)
        rings(f"{name}-{suffix}", said, counts(metric), told, opts)
    for step in (part for one in args.steps for part in one.parts):
        said = pulumi.Output.concat(f"the step {step} of a run of ", args.job_name, " failed")
        rings(f"{name}-{step}-step-failed", said, counts("StepFailed", StepName=step), told, opts)
    if args.schedule is not None:
        # At least 32 characters, of which the time has 20.
        token = pulumi.Output.concat(f"<{SCHEDULED}>-", pipeline.pipeline_name, f"-<{SCHEDULED}>")
        start = {"PipelineName": pipeline.pipeline_name, "ClientRequestToken": token}
        target: dict[str, Text] = {
            "arn": "arn:aws:scheduler:::aws-sdk:sagemaker:startPipelineExecution",
            "input": pulumi.Output.json_dumps(start),
        }
        by_the_clock(name, args.schedule, target, counts("ExecutionSucceeded"), told, opts)
    return pipeline.arn


def _guards(name: str, args: PipelineArgs, told: Started, opts: pulumi.ResourceOptions) -> Sequence[pulumi.Resource]:
    """Create what stops the transform jobs of the steps that score in time; nothing where none does."""
    late = {
        step.step_name: Watched(begins=_scoring_name(args, step), hours=step.max_hours)
        for step in args.steps
        if step.batch is not None
    }
    if not late or args.logs_key_arn is None:
        return []
    return watch(f"{name}-watch", late, told, args.logs_key_arn, opts)


def _definition(args: PipelineArgs, models: Mapping[str, Text]) -> dict[str, Any]:
    """The pipeline's definition, by its schema:
    https://aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-definition-JSON-schema/
    """
    parts = {step.step_name: list(step.parts) for step in args.steps}
    steps: list[dict[str, Any]] = []
    for step in args.steps:
        waits = [part for one in step.reads for part in parts[one]]
        for name, type_, arguments in _sent(args, step, models):
            steps.append(
                {
                    "Name": name,
                    "Type": type_,
                    **({"DependsOn": waits} if waits else {}),
                    # The first two the service retries by itself, unbounded by what we say. Where no machine was to be
                    # had, a run of a training job alone is tried again, too. Each attempt's job has a new name.
                    "RetryPolicies": [
                        {
                            "ExceptionType": ["Step.SERVICE_FAULT", "Step.THROTTLING", "SageMaker.CAPACITY_ERROR"],
                            "IntervalSeconds": 60,
                            "BackoffRate": 2,
                            "MaxAttempts": 2,
                        }
                    ],
                    "Arguments": arguments,
                }
            )
    return {"Version": "2020-12-01", "Steps": steps}


def _sent(args: PipelineArgs, step: StepArgs, models: Mapping[str, Text]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The steps of SageMaker that a step is: the name, the type and the request of each."""
    if step.training is not None:
        searches = step.training.tuning is not None
        yield step.step_name, "Tuning" if searches else "Training", _training(args, step, step.training)
    elif step.batch is not None:
        for name, input_ in step.parts.items():
            yield name, "Transform", _transform(args, step, step.batch, models[step.step_name], input_)
    else:
        yield step.step_name, "Processing", _processing(args, step)


def _transform(args: PipelineArgs, step: StepArgs, batch: BatchArgs, model: Text, input_: str) -> dict[str, Any]:
    """What a step sends for one input of its batch job; it writes to a folder of the input's name."""
    assert step.machine is not None
    return scoring(
        ScoringArgs(
            model_name=model,
            machine=step.machine,
            replicas=step.replicas,
            format=batch.format,
            concurrency=batch.concurrency,
            records_per_request=batch.records_per_request,
            data_key_arn=args.data_key_arn,
            volume_key_arn=args.volume_key_arn,
            tags=args.tags,
        ),
        {"TransformJobName": _scoring_name(args, step)},
        _read(args, step.inputs[input_]),
        {"S3OutputPath": _in_run(args.output_uri, step.step_name, input_, "")},
    )


def _scoring_name(args: PipelineArgs, step: StepArgs) -> pulumi.Output[str]:
    """How the name of each transform job of a step begins: those of all its inputs alike."""
    return pulumi.Output.concat(args.job_name, f"-{step.step_name}").apply(scoring_begins)


def _in_run(folder: Text, *parts: str | Mapping[str, str]) -> dict[str, Any]:
    """A folder of the run below a folder, for whoever reads it with an empty part at its end: a `/`, without which
    `prepare` would begin `prepare-2`, too."""
    start = pulumi.Output.from_input(folder).apply(lambda known: known.rstrip("/"))
    return {"Std:Join": {"On": "/", "Values": [start, _RUN_ID, *parts]}}


def _read(args: PipelineArgs, said: str) -> Any:
    """A place, or what a step before wrote: a program its folder, a training job the archive that SageMaker made, and a
    search that of its best trial, below the trial's name, as `get_top_model_s3_uri` of SageMaker's SDK joins it:
    https://github.com/aws/sagemaker-python-sdk/blob/master/sagemaker-mlops/src/sagemaker/mlops/workflow/steps.py
    """
    if "://" in said:
        return said
    step = next(one for one in args.steps if one.step_name == said)
    if step.training is not None and step.training.tuning is not None:
        best = {"Get": f"Steps.{said}.BestTrainingJob.TrainingJobName"}
        return _in_run(args.output_uri, said, best, "output/model.tar.gz")
    if step.training is not None:
        return {"Get": f"Steps.{said}.ModelArtifacts.S3ModelArtifacts"}
    return _in_run(args.output_uri, said, "")


def _training(args: PipelineArgs, step: StepArgs, job: TrainingJobArgs) -> dict[str, Any]:
    job_name = pulumi.Output.from_input(job.job_name)
    request = training_request(
        job,
        {"TrainingJobName": job_name.apply(lambda known: shortened(known, BESIDE_STEP))},
        {"S3Uri": _in_run(job.spot.checkpoint_uri, "")} if job.spot is not None else {},
        {**job.data, **{channel: _read(args, said) for channel, said in step.inputs.items()}},
        _in_run(args.output_uri, step.step_name),
        {RUN_VARIABLE: _RUN_ID},
    )
    if job.tuning is None:
        return request
    return tuned(request, job.tuning, {"HyperParameterTuningJobName": job_name.apply(step_search_begins)}, job.hours)


def _processing(args: PipelineArgs, step: StepArgs) -> dict[str, Any]:
    """CreateProcessingJob, https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateProcessingJob.html"""
    assert step.machine is not None
    cluster: dict[str, Any] = {
        "InstanceType": step.machine.type,
        "InstanceCount": 1,
        "VolumeSizeInGB": VOLUME_GIB,
    }
    if not step.machine.local_nvme:
        cluster["VolumeKmsKeyId"] = args.volume_key_arn
    folders = {key: f"{_FOLDER}/input/{key}" for key in step.inputs}
    words: list[Text] = [f"--{key}={folder}" for key, folder in {**folders, "output": f"{_FOLDER}/output"}.items()]
    words += [pulumi.Output.concat(f"--{key}=", value) for key, value in step.options.items()]
    job_name = pulumi.Output.concat(args.job_name, f"-{step.step_name}")
    return {
        "ProcessingJobName": job_name.apply(lambda known: shortened(known, BESIDE_STEP)),
        "AppSpecification": {
            "ImageUri": step.image,
            "ContainerEntrypoint": list(step.program or ()),
            "ContainerArguments": words,
        },
        "Environment": {RUN_VARIABLE: _RUN_ID},
        "RoleArn": args.role_arn,
        "ProcessingInputs": [
            {
                "InputName": key,
                "S3Input": {
                    "S3Uri": _read(args, said),
                    "LocalPath": folders[key],
                    "S3DataType": "S3Prefix",
                    "S3InputMode": "File",
                },
            }
            for key, said in step.inputs.items()
        ],
        "ProcessingOutputConfig": {
            "Outputs": [
                {
                    "OutputName": "output",
                    "S3Output": {
                        "S3Uri": _in_run(args.output_uri, step.step_name),
                        "LocalPath": f"{_FOLDER}/output",
                        "S3UploadMode": "EndOfJob",
                    },
                }
            ],
            "KmsKeyId": args.data_key_arn,
        },
        "ProcessingResources": {"ClusterConfig": cluster},
        "StoppingCondition": {"MaxRuntimeInSeconds": step.max_hours * 3600},
        "NetworkConfig": {
            "EnableNetworkIsolation": True,
            "EnableInterContainerTrafficEncryption": True,
            "VpcConfig": {"Subnets": args.subnet_ids, "SecurityGroupIds": [args.security_group_id]},
        },
        "Tags": tags_of(args.tags),
    }
