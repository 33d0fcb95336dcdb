"""Training a model: a custom job that a workflow starts, watches, stops in time and reports."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi

from catalogue.platforms import PLATFORMS
from components.gcp.run import OF_THE_RUN, machine_spec
from components.gcp.runs import Runs, workflow_of_runs
from components.gcp.tuning import tuned
from components.given import Args, BadArgument, Tags, Text, hold
from components.shapes import Machine, Schedule, Tuning

REACH: tuple[str, ...] = ()
"""Nothing: Vertex AI fetches and writes on Google's side."""

PLACE = r"gs://[a-z0-9][a-z0-9._-]{1,220}/[^\"\\$\s]{1,200}/"
"""A folder whose address is a text in an expression of Workflows, of which one takes 400 characters. Workflows, "Quotas
and limits", https://cloud.google.com/workflows/quotas
"""
OUTPUT, CHECKPOINTS = "output", "checkpoints"
"""The arguments that name where a run writes; neither a channel nor a hyperparameter can be called so."""
MODEL = "model/"
"""Where a training job writes in its folder: AIP_MODEL_DIR."""


@dataclass
class SpotArgs(Args):
    """Spot machines: Google takes them away when it needs them, and the job goes on from its last checkpoint."""

    checkpoint_uri: Text
    """The gs:// folder below which each run has a folder of checkpoints, which the argument `--checkpoints` names."""
    wait_hours: int
    """How many hours a run may wait for machines, beside those that it may run. It must be known."""


@dataclass(kw_only=True)
class TrainingJobArgs(Args):
    """What trains, on which data and machines, for how long, and who starts it.

    Raises BadArgument for an image of another registry than Google's, for data and output that are no folders in Cloud
    Storage, for a name that two arguments would have, for a search beside what one run alone can have, and where
    neither a schedule nor the number of runs by hand is given, or both.
    """

    job_name: Text
    """What custom jobs and alerts are called: a letter, then `[a-z0-9-]`, at most 47 characters."""
    enabled: bool = True
    """Whether a run can be started; without, workflow, schedule and alerts go. It must be known."""
    project: Text
    """The id of the Google Cloud project."""
    region: Text
    """The region of the jobs, which must be the key's."""
    image: Text
    """The address of the container's image in Artifact Registry, with a pinned tag or digest."""
    hyperparameters: Mapping[str, Text] = field(default_factory=dict[str, str])
    """The hyperparameters, which the container gets as arguments `--NAME=VALUE`. Their names must be known."""
    data: Mapping[str, Text]
    """The gs:// folder of each channel, which the container gets as an argument `--CHANNEL=/gcs/BUCKET/FOLDER/`. The
    names of the channels must be known."""
    output_uri: Text
    """The gs:// folder below which each run has a folder. The container writes to `model/` in it, which the argument
    `--output` and the variable AIP_MODEL_DIR name."""
    service_account: Text
    """The e-mail address of the `training` persona's service account, of Identity. It must be able to read the data and
    to write the output; Vertex AI's agent pulls the image."""
    machine: Machine
    """What each replica runs on. It must be known."""
    replicas: int = 1
    """How many machines train together. It must be known."""
    max_hours: int
    """After how many hours a run is stopped, or each trial of one that searches, beside what it waits for Spot
    machines. It must be known."""
    tuning: Tuning | None = None
    """Search hyperparameters: a run is then a hyperparameter tuning job of several trials. It must be known."""
    spot: SpotArgs | None = None
    """Run on Spot machines; on demand where there are none."""
    schedule: Schedule | None = None
    """When a run starts. It must be known. Without, people start each."""
    runs_per_month: int | None = None
    """How many runs people start in a month at most, where there is no schedule. It must be known: it is a label of the
    workflow, by which the bill's ceiling is made."""
    pipeline_account: Text
    """The e-mail address of the `pipeline` persona's service account, of Identity. The workflow runs as it, so it must
    be able to create custom jobs and to act as `service_account`."""
    scheduler_agent: Text
    """Cloud Scheduler's own agent, of ServiceAgents. The schedule waits until the agent has its role."""
    tensorboard_name: Text | None = None
    """The TensorBoard that each run is recorded to, of Experiments; what the program writes to the folder that
    AIP_TENSORBOARD_LOG_DIR names. Whether one is given must be known. Vertex AI records as `service_account`."""
    data_key_id: Text
    """The KMS key of the jobs and the workflow, of Encryption."""
    channel_id: Text
    """The notification channel that alerts go to, of Alerts."""
    tags: Tags
    """The labels of everything that is created, and of each custom job."""

    def __post_init__(self) -> None:
        super().__post_init__()
        pulled = PLATFORMS["gcp"].image.pattern or ""
        hold(self, "image", pulled, "an image such as us-central1-docker.pkg.dev/project/repository/train:1.4")
        hold(self, "output_uri", PLACE, "a folder in Cloud Storage such as gs://bucket/folder/")
        if self.spot is not None:
            hold(self.spot, "checkpoint_uri", PLACE, "a folder in Cloud Storage such as gs://bucket/folder/")
        searched = self.tuning.ranges if self.tuning is not None else ()
        named = [OUTPUT, CHECKPOINTS, *self.data, *self.hyperparameters, *searched]
        if twice := sorted({name for name in named if named.count(name) > 1}):
            raise BadArgument(
                f"TrainingJobArgs: found {twice[0]!r} twice among channels, hyperparameters, {OUTPUT} and "
                f"{CHECKPOINTS}; each is an argument of the container, so give it another name"
            )
        if self.tuning is not None and (self.spot is not None or self.tensorboard_name is not None):
            raise BadArgument(
                "TrainingJobArgs: found tuning beside spot or tensorboard_name, which are of one run and not of "
                "several trials; give tuning without them"
            )
        if (self.schedule is None) == (self.runs_per_month is None):
            raise BadArgument(
                "TrainingJobArgs: give a schedule, or runs_per_month where people start the runs; one of the two"
            )

    @property
    def hours(self) -> int:
        """How long a run may take: all rounds of its trials, and what it waits for machines."""
        rounds = self.tuning.rounds if self.tuning is not None else 1
        return self.max_hours * rounds + (self.spot.wait_hours if self.spot is not None else 0)


class TrainingJob(pulumi.ComponentResource):
    """Creates, while enabled, a workflow that runs a custom job, by a schedule or by hand.

    Creating it starts nothing. The workflow starts the job, waits for it, retries it twice, stops it in time, and fails
    where the job failed. Alerts say that a run failed, overran or was not started by its schedule. The pipeline account
    alone starts the job, which runs as the training account.

    What the container gets: `--CHANNEL=FOLDER`, `--NAME=VALUE`, `--output=FOLDER` and, on Spot machines,
    `--checkpoints=FOLDER`. The folders are below /gcs, where Vertex AI mounts Cloud Storage. Output and checkpoints are
    in a folder of the run's own, which all its attempts share: a retry goes on from what is there.

    With `tuning` a run is a hyperparameter tuning job, whose trials are custom jobs just like it, some of them at once.
    Each gets what it tries as `--NAME=VALUE` and no `--output`, for Vertex AI gives it a folder below the run's in
    AIP_MODEL_DIR. It reports its figure as cloudml-hypertune does, in the file that CLOUD_ML_HP_METRIC_FILE names:
    https://github.com/GoogleCloudPlatform/cloudml-hypertune.

    Where there are several replicas, the first is the chief, in a pool of its own. CLUSTER_SPEC tells each of them the
    others and its own part, and a job whose replica was started anew starts anew as a whole, from its checkpoints. What
    replicas say to each other is encrypted by Google's network below them.

    A custom job runs on Google's side. It joins no network of yours: an interface in one would let it reach what is
    there, and would not close the ways out that Google's side has. What contains it are the account that it runs as
    and, where the organisation has one, a perimeter of VPC Service Controls. Nobody gets a shell or a dashboard in it.
    Vertex AI bounds the wait for machines by the workflow's own deadline alone: `maxWaitDuration` is of Flex Start.

    Nothing runs, and nothing bills by the hour, between runs.
    Sources: https://cloud.google.com/vertex-ai/docs/reference/rest/v1/CustomJobSpec,
    https://cloud.google.com/vertex-ai/docs/training/cloud-storage-file-system,
    https://cloud.google.com/vertex-ai/docs/training/distributed-training,
    https://cloud.google.com/vertex-ai/docs/training/use-spot-vms,
    https://cloud.google.com/vertex-ai/docs/training/using-hyperparameter-tuning,
    https://cloud.google.com/vertex-ai/docs/training/psc-i-egress,
    https://cloud.google.com/docs/security/encryption-in-transit
    """

    workflow_id: pulumi.Output[str] | None
    """The workflow, `projects/PROJECT/locations/REGION/workflows/NAME`, with which a run is started by hand. There is
    none while the job is switched off."""

    def __init__(self, name: str, args: TrainingJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:TrainingJob", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self.workflow_id = self._run(name, args) if args.enabled else None
        self.register_outputs({"workflow_id": self.workflow_id})

    def _run(self, name: str, args: TrainingJobArgs) -> pulumi.Output[str]:
        job = pulumi.Output.all(
            image=args.image,
            hyperparameters=args.hyperparameters,
            data=args.data,
            output_uri=args.output_uri,
            checkpoint_uri=args.spot.checkpoint_uri if args.spot is not None else None,
            service_account=args.service_account,
            tensorboard_name=args.tensorboard_name,
            data_key_id=args.data_key_id,
            tags=args.tags,
        ).apply(lambda known: _request(args, known))
        return workflow_of_runs(
            name,
            Runs(
                project=args.project,
                region=args.region,
                job_name=args.job_name,
                description=pulumi.Output.concat(args.job_name, ": train to ", args.output_uri),
                does="train",
                collection="customJobs" if args.tuning is None else "hyperparameterTuningJobs",
                request=job,
                schedule=args.schedule,
                runs_per_month=args.runs_per_month,
                max_hours=args.hours,
                pipeline_account=args.pipeline_account,
                scheduler_agent=args.scheduler_agent,
                data_key_id=args.data_key_id,
                channel_id=args.channel_id,
                tags=args.tags,
            ),
            self._child,
        )


def _request(args: TrainingJobArgs, known: Mapping[str, Any]) -> dict[str, Any]:
    job = Training(
        machine=args.machine,
        replicas=args.replicas,
        max_hours=args.max_hours,
        is_trial=args.tuning is not None,
        **known,
    )
    return training(job) if args.tuning is None else tuned(training(job), args.tuning)


@dataclass(kw_only=True)
class Training:
    """What a custom job is to be, once all of it is known; `checkpoint_uri` is given on Spot machines alone.

    A step of a pipeline is the same job: `step` is its folder in that of the run, `run` what stands for the run's id,
    and `program` what is started in place of the image's own entry point.
    """

    image: str
    hyperparameters: Mapping[str, str]
    data: Mapping[str, str]
    output_uri: str
    checkpoint_uri: str | None
    service_account: str
    tensorboard_name: str | None = None
    machine: Machine
    replicas: int
    max_hours: int
    is_trial: bool = False
    data_key_id: str
    tags: Mapping[str, str]
    step: str = ""
    run: str | None = None
    program: Sequence[str] = ()
    variables: Mapping[str, str] = field(default_factory=dict[str, str])


def training(args: Training) -> dict[str, Any]:
    """What a run sends to Vertex AI: one custom job, but its name."""
    container: dict[str, Any] = {"imageUri": args.image, "args": _arguments(args)}
    if args.program:
        container["command"] = list(args.program)
    if args.variables:
        container["env"] = [{"name": name, "value": value} for name, value in args.variables.items()]
    pool = {"machineSpec": machine_spec(args.machine), "containerSpec": container}
    pools = [{**pool, "replicaCount": count} for count in (1, args.replicas - 1) if count]
    return {
        "jobSpec": {
            "workerPoolSpecs": pools,
            "scheduling": {
                "timeout": f"{args.max_hours * 3600}s",
                "strategy": "STANDARD" if args.checkpoint_uri is None else "SPOT",
                "restartJobOnWorkerRestart": args.replicas > 1,
            },
            "serviceAccount": args.service_account,
            "baseOutputDirectory": {"outputUriPrefix": _of_the_run(args, "", args.output_uri, _folder(args))},
            **({"tensorboard": args.tensorboard_name} if args.tensorboard_name is not None else {}),
            "enableWebAccess": False,
            "enableDashboardAccess": False,
        },
        "encryptionSpec": {"kmsKeyName": args.data_key_id},
        "labels": dict(args.tags),
    }


def _arguments(args: Training) -> list[str]:
    output, kept, below = _mounted(args.output_uri), args.checkpoint_uri, "" if args.program else MODEL
    return [
        *(f"--{channel}={_mounted(uri)}" for channel, uri in args.data.items()),
        *(f"--{name}={value}" for name, value in args.hyperparameters.items()),
        *([] if args.is_trial else [_of_the_run(args, f"--{OUTPUT}=", output, f"{_folder(args)}{below}")]),
        *([_of_the_run(args, f"--{CHECKPOINTS}=", _mounted(kept), "/")] if kept else []),
    ]


def _folder(args: Training) -> str:
    return f"/{args.step}/" if args.step else "/"


def _of_the_run(args: Training, before: str, folder: str, below: str) -> str:
    """A folder of each run below a folder: next week's run must not find this week's checkpoints. Where nothing is said
    to stand for the run, it is an expression of Workflows."""
    if args.run is not None:
        return f"{before}{folder}{args.run}{below}"
    return f'${{"{before}{folder}" + {OF_THE_RUN} + "{below}"}}'


def _mounted(uri: str) -> str:
    return "/gcs/" + uri.removeprefix("gs://")
