"""A pipeline: a workflow that creates a pipeline job of Vertex AI, watches it, stops it in time and reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from catalogue.best_trial import BEST
from catalogue.formats import GCP, USUAL
from catalogue.order import longest
from catalogue.platforms import PLATFORMS
from catalogue.runs import RUN_VARIABLE
from catalogue.vertex_jobs import IN_THE_RUN
from components.gcp.batch import ScoringArgs, scoring
from components.gcp.model import ModelArgs, versioned_model
from components.gcp.pipeline_spec import Path, pipeline
from components.gcp.run import PIPELINES
from components.gcp.runs import Runs, workflow_of_runs
from components.gcp.training import CHECKPOINTS, MODEL, OUTPUT, PLACE, SpotArgs, Training, training
from components.gcp.tuning import tuned
from components.given import Args, BadArgument, Tags, Text, hold
from components.shapes import Machine, Schedule, Tuning

REACH: tuple[str, ...] = ()
"""Nothing: Vertex AI fetches and writes on Google's side."""


@dataclass(kw_only=True)
class BatchArgs(Args):
    """What a batch job scores with, and how. Raises BadArgument for a format that Vertex AI does not read."""

    model: ModelArgs
    """The model, as the `batch` persona runs it; it must be able to read what the step reads, and to write below the
    output of the pipeline."""
    format: str = USUAL["gcp"]
    """What the inputs are: jsonl, csv, tf-record or file-list. It must be known."""
    records_per_request: int | None = None
    """How many records a replica gets in one request; 64 where this is left out. It must be known."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.format not in GCP:
            raise BadArgument(f"BatchArgs.format: found {self.format!r}, allowed: {', '.join(GCP)}")


@dataclass(kw_only=True)
class StepArgs(Args):
    """One step of a run: a program in a container, a training job, whose image says itself what it starts, or a batch
    job, which has no image but its model's.

    Raises BadArgument for an image of another registry than Google's, for a name that two arguments would have, and for
    a step that is neither or both.
    """

    step_name: str
    """What the step is called, and its folder in that of the run. It must be known."""
    batch: BatchArgs | None = None
    """The batch job that the step does; None for a container. It must be known."""
    image: Text | None = None
    """The address of the container's image in Artifact Registry, with a pinned tag or digest."""
    program: Sequence[str] | None = None
    """The program and its first words, in place of the image's own entry point. None for a training job, which has the
    contract of TrainingJob: it writes to `model/` in its folder. It must be known."""
    options: Mapping[str, Text] = field(default_factory=dict[str, str])
    """The options of the program, or the hyperparameters of the training job, each an argument `--NAME=VALUE`. Their
    names must be known."""
    inputs: Mapping[str, str]
    """What the step reads, each an argument `--INPUT=/gcs/BUCKET/FOLDER/`: a gs:// folder, or the name of a step
    before, whose output it is. They must be known."""
    machine: Machine
    """What each replica runs on. It must be known."""
    replicas: int = 1
    """How many machines train together. It must be known."""
    max_hours: int
    """After how many hours the step is stopped, or each trial of one that searches, beside what it waits for Spot
    machines. It must be known."""
    tuning: Tuning | None = None
    """Search hyperparameters: the step is then a hyperparameter tuning job, and the step that reads it gets what the
    best trial left. It must be known."""
    spot: SpotArgs | None = None
    """Run on Spot machines; on demand where there are none."""
    tensorboard_name: Text | None = None
    """The TensorBoard that the step is recorded to, of Experiments. Whether one is given must be known."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if (self.image is None) == (self.batch is None) or (self.batch is not None and (self.program or self.options)):
            raise BadArgument("StepArgs: give an image of a container, or a batch job without program and options")
        pulled = PLATFORMS["gcp"].image.pattern or ""
        if self.image is not None:
            hold(self, "image", pulled, "an image such as us-central1-docker.pkg.dev/project/repository/steps:1.4")
        searched = self.tuning.ranges if self.tuning is not None else ()
        named = [OUTPUT, CHECKPOINTS, *self.inputs, *self.options, *searched]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise BadArgument(
                f"StepArgs: found {twice[0]!r} twice among inputs, options, {OUTPUT} and {CHECKPOINTS}, and what is "
                "searched; each is an argument of the container, so give it another name"
            )
        alone = self.program or self.spot is not None or self.tensorboard_name is not None or self.batch is not None
        if self.tuning is not None and alone:
            raise BadArgument(
                "StepArgs: found tuning beside batch, program, spot or tensorboard_name, of which a search has none; "
                "give tuning without them"
            )

    @property
    def hours(self) -> int:
        """How long the step may take: all rounds of its trials, and what it waits for machines."""
        rounds = self.tuning.rounds if self.tuning is not None else 1
        return self.max_hours * rounds + (self.spot.wait_hours if self.spot is not None else 0)

    @property
    def reads(self) -> list[str]:
        """The steps that it reads, and so waits for."""
        return sorted({said for said in self.inputs.values() if "://" not in said})


@dataclass(kw_only=True)
class PipelineArgs(Args):
    """Which steps a run does, as whom, where it writes, and who starts it.

    Raises BadArgument for an output that is no folder in Cloud Storage, for a step that reads none before it, and where
    neither a schedule nor the number of runs by hand is given, or both.
    """

    job_name: Text
    """What pipeline jobs and alerts are called: a letter, then `[a-z0-9-]`, at most 47 characters."""
    enabled: bool = True
    """Whether a run can be started; without, workflow, schedule and alerts go. It must be known."""
    project: Text
    """The id of the Google Cloud project."""
    region: Text
    """The region of the jobs, which must be the key's."""
    steps: Sequence[StepArgs]
    """The steps, each after those that it reads. Which there are must be known."""
    output_uri: Text
    """The gs:// folder below which each run has a folder of its own, with one in it for each step."""
    root_uri: Text
    """The gs:// folder that Vertex AI takes for what steps hand to it, which is nothing here. `pipeline_account` must
    be able to read and write it: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/projects.locations.pipelineJobs"""
    service_account: Text
    """The e-mail address of the `training` persona's service account, of Identity, as which each container runs."""
    schedule: Schedule | None = None
    """When a run starts. It must be known. Without, people start each."""
    runs_per_month: int | None = None
    """How many runs people start in a month at most, where there is no schedule. It must be known."""
    pipeline_account: Text
    """The e-mail address of the `pipeline` persona's service account, of Identity. The workflow and the launchers
    of the steps run as it: it must be able to create pipeline jobs and the steps' jobs, and to act as itself, as
    `service_account`, and as the account of a model that scores."""
    metadata_store: Text
    """The default metadata store of project and region, of Registry, under the stack's key. Vertex AI makes one of
    another kind with the first run where there is none, so the workflow waits for it."""
    scheduler_agent: Text
    """Cloud Scheduler's own agent, of ServiceAgents. The schedule waits until the agent has its role."""
    data_key_id: Text
    """The KMS key of the jobs and the workflow, of Encryption."""
    channel_id: Text
    """The notification channel that alerts go to, of Alerts."""
    tags: Tags
    """The labels of everything that is created, and of each job."""

    def __post_init__(self) -> None:
        super().__post_init__()
        hold(self, "output_uri", PLACE, "a folder in Cloud Storage such as gs://bucket/folder/")
        if (self.schedule is None) == (self.runs_per_month is None):
            raise BadArgument(
                "PipelineArgs: give a schedule, or runs_per_month where people start the runs; one of the two"
            )
        before: list[str] = []
        models = {step.step_name for step in self.steps if step.batch is None and not step.program}
        for step in self.steps:
            if step.batch is not None and (trained := sorted(models.intersection(step.reads))):
                raise BadArgument(
                    f"PipelineArgs.steps: {step.step_name!r} scores what {trained[0]!r} leaves, which is a model; let "
                    "it read a step with a program, or a folder"
                )
            if unknown := [one for one in step.reads if one not in before]:
                raise BadArgument(
                    f"PipelineArgs.steps: {step.step_name!r} reads {unknown[0]!r}, which is no step before it; "
                    f"allowed: {', '.join(before) or 'gs:// folders alone, for this is the first'}"
                )
            if step.step_name in before:
                raise BadArgument(f"PipelineArgs.steps: {step.step_name} is the name of two; give each one of its own")
            before.append(step.step_name)

    @property
    def reads(self) -> Mapping[str, Sequence[str]]:
        """The steps that each step reads, and so waits for."""
        return {step.step_name: step.reads for step in self.steps}


class Pipeline(pulumi.ComponentResource):
    """Creates, while enabled, a workflow that runs a pipeline job of Vertex AI, by a schedule or by hand.

    Creating it starts nothing. The workflow creates the pipeline job, waits for it, stops it in time, and fails where
    it failed. Alerts say that a run failed, and at which step, that it overran or was not started by its schedule. A
    pipeline job that failed is not tried again, and nothing is cached: a run reads what is there today.

    Each step begins once those have ended that it reads, and runs beside what it does not: once one has failed, none
    begins. It is a custom job, exactly as TrainingJob would send it: its machine, account, key, hours and folders below
    /gcs are the stack's own. A container of KFP's says no machine, only the least that it needs, so Google's launcher
    creates the custom job, as its CustomTrainingJobOp does. The launcher runs as the pipeline account, which no
    program of the stack does; it reads and writes no data. A step that searches is a hyperparameter tuning job, which
    Google's launcher creates too. The launcher of a step that reads it asks first which trial is the best
    (catalogue/best_trial.py), and tells the step the folder of that one. A step that scores is the batch prediction job
    that BatchJob would send, as the `batch` persona and with a model of its own, which waits for the approver's word as
    that of BatchJob does; its launcher stops it in time and takes scores in part for a failure
    (catalogue/batch_step.py).

    What a program gets: `--INPUT=FOLDER`, `--output=FOLDER`, `--NAME=VALUE`, and the id of its run in the variable
    MLPLATFORM_RUN. The id is that of the workflow's execution; a step's folder is `RUN/STEP/` below the output.

    Nothing runs, and nothing bills by the hour, between runs.
    Sources: https://cloud.google.com/vertex-ai/docs/pipelines/request-gcp-machine-resources,
    https://cloud.google.com/vertex-ai/docs/pipelines/customjob-component,
    https://github.com/kubeflow/pipelines/blob/master/api/v2alpha1/pipeline_spec.proto
    """

    workflow_id: pulumi.Output[str] | None
    """The workflow, `projects/PROJECT/locations/REGION/workflows/NAME`, with which a run is started by hand. There is
    none while the pipeline is switched off."""

    def __init__(self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Pipeline", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.workflow_id = self._run(name, args) if args.enabled else None
        self.register_outputs({"workflow_id": self.workflow_id})

    def _run(self, name: str, args: PipelineArgs) -> pulumi.Output[str]:
        hours = {step.step_name: step.hours for step in args.steps}
        models = {
            step.step_name: versioned_model(
                f"{name}-{step.step_name}-model", step.batch.model, args.tags, self._child
            ).version_name
            for step in args.steps
            if step.batch is not None
        }
        job = pulumi.Output.all(
            job_name=args.job_name,
            project=args.project,
            region=args.region,
            root_uri=args.root_uri,
            pipeline_account=args.pipeline_account,
            data_key_id=args.data_key_id,
            tags=args.tags,
            jobs=pulumi.Output.all(
                output_uri=args.output_uri,
                service_account=args.service_account,
                data_key_id=args.data_key_id,
                tags=args.tags,
                steps=[_known_later(step, models) for step in args.steps],
            ).apply(lambda known: _jobs(args.steps, **known)),
        ).apply(lambda known: pipeline(Path(reads=args.reads, hours=hours, **known)))
        waited = pulumi.Output.all(args.pipeline_account, args.metadata_store).apply(lambda both: both[0])
        return workflow_of_runs(
            name,
            Runs(
                project=args.project,
                region=args.region,
                job_name=args.job_name,
                description=pulumi.Output.concat(args.job_name, ": run its steps to ", args.output_uri),
                does="path",
                collection=PIPELINES,
                request=job,
                schedule=args.schedule,
                runs_per_month=args.runs_per_month,
                max_hours=int(longest(hours, args.reads)),
                pipeline_account=waited,
                scheduler_agent=args.scheduler_agent,
                data_key_id=args.data_key_id,
                channel_id=args.channel_id,
                tags=args.tags,
            ),
            self._child,
        )


def _known_later(step: StepArgs, models: Mapping[str, pulumi.Output[str]]) -> dict[str, Any]:
    if step.batch is not None:
        return {
            "model": models[step.step_name],
            "service_account": step.batch.model.service_account,
            "data_key_id": step.batch.model.data_key_id,
        }
    return {
        "image": step.image,
        "hyperparameters": step.options,
        "data": step.inputs,
        "checkpoint_uri": step.spot.checkpoint_uri if step.spot is not None else None,
        "tensorboard_name": step.tensorboard_name,
    }


def _jobs(
    args: Sequence[StepArgs], output_uri: str, steps: Sequence[dict[str, Any]], **shared: Any
) -> dict[str, dict[str, Any]]:
    """The job of each step. What it reads of a step before is where that one writes in the same run."""
    written = {step.step_name: f"{output_uri}{IN_THE_RUN}/{step.step_name}/{_left(step)}" for step in args}
    found: dict[str, dict[str, Any]] = {}
    for step, known in zip(args, steps, strict=True):
        if step.batch is not None:
            found[step.step_name] = scoring(
                ScoringArgs(
                    **known,
                    machine=step.machine,
                    replicas=step.replicas,
                    input_uris=[written.get(said, said) for said in step.inputs.values()],
                    output_uri=written[step.step_name],
                    tags=shared["tags"],
                    format=step.batch.format,
                    records_per_request=step.batch.records_per_request,
                )
            )
            continue
        job = training(
            Training(
                **{**known, "data": {name: written.get(said, said) for name, said in known["data"].items()}},
                **shared,
                output_uri=output_uri,
                machine=step.machine,
                replicas=step.replicas,
                max_hours=step.max_hours,
                is_trial=step.tuning is not None,
                step=step.step_name,
                run=IN_THE_RUN,
                program=step.program or (),
                variables={RUN_VARIABLE: IN_THE_RUN},
            )
        )
        found[step.step_name] = job if step.tuning is None else tuned(job, step.tuning)
    return found


def _left(step: StepArgs) -> str:
    """Where in its folder a step leaves what the next one reads: of a search, in that of its best trial."""
    if step.program or step.batch is not None:
        return ""
    return MODEL if step.tuning is None else f"{BEST}/{MODEL}"
