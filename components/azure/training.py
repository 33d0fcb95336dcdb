"""Training a model: a run that a person or a schedule starts on a cluster from zero, stopped in time and reported."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi

from catalogue.platforms import PLATFORMS
from components.azure.names import digest
from components.azure.registry import FOLDER, Environment, environment
from components.azure.run_alarms import RunAlarms
from components.azure.runs import (
    CHECKPOINTS,
    OF_ITS_RUN,
    OUTPUT,
    Runs,
    Step,
    cluster_of,
    command,
    kept,
    one_argument_each,
    schedule_of,
)
from components.azure.tuning import hold_values, told, types
from components.given import Args, BadArgument, Tags, Text, hold
from components.shapes import Machine, Schedule, Tuning

REACH = ("amlworkspace",)
"""Who starts a run by hand reaches the workspace through this private endpoint.

The machines of a run need none: they stand in the managed network, which has its own way to the datastores.
"""

PROGRAM = "train"
"""What runs of an image that trains: the program that SageMaker runs of the same image, for Azure ML has no convention,
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-dockerfile.html
"""


@dataclass
class SpotArgs(Args):
    """Machines of low priority: Azure takes them away when it needs them, and Azure ML starts the run again."""

    checkpoint_uri: Text
    """The folder on a datastore below which each run has a folder of checkpoints, which all attempts of it share."""
    wait_hours: int
    """How many hours a run may wait for machines, beside those that it may run. It must be known.

    Azure ML bounds what a run runs and not what it waits, where nothing bills; an alarm rings when one waits longer.
    """


@dataclass(kw_only=True)
class TrainingJobArgs(Args):
    """What trains, on which data and machines, for how long, and who starts it.

    Raises BadArgument for an image that no identity of Azure can pull, for data and output that are no folders of a
    datastore, for a schedule that Azure ML would not keep, for two arguments of one name, for a value that Azure ML or
    the shell would read as an expression, for a search beside Spot machines, and where neither a schedule nor the
    number of runs by hand is given, or both.
    """

    subscription: Text
    """The id of the subscription that the workspace is in."""
    group_name: Text
    """The name of the resource group that the workspace is in."""
    region: Text
    """The Azure region of the workspace, such as eastus2."""
    workspace_name: Text
    """The name of the ML workspace that the job stands in."""
    job_name: str
    """The name of the schedule, of its runs and of their experiment. A workspace has each name once. It must be known.
    """
    enabled: bool = True
    """Whether a run can be started; without, cluster, schedule, step and alarms go, and the protected
    environment, which says what trained, stays. It must be known."""
    image: str
    """The address of the container's image, with a pinned tag or digest. It must be known: another is another version.
    """
    hyperparameters: Mapping[str, str] = field(default_factory=dict[str, str])
    """The hyperparameters, which the program gets as --NAME=VALUE. They must be known: others are another version."""
    data: Mapping[str, Text]
    """The folder on a datastore of each channel, which the program gets as --CHANNEL=FOLDER. The names of the channels
    must be known."""
    output_uri: Text
    """The folder on a datastore below which each run has a folder of its own, which the program gets as
    --output=FOLDER."""
    identity_id: Text
    """The id of the identity that cluster and container act as, Access's `training`. It must have its roles by then."""
    client_id: Text
    """The client id of the same identity, Identity's `training`."""
    machine: Machine
    """The machine of each replica. It must be known."""
    replicas: pulumi.Input[int] = 1
    """How many machines train together. Nothing but the program encrypts what they say to each other."""
    max_hours: int
    """After how many hours a run is stopped, or each trial of one that searches, beside what it waits for Spot
    machines. It must be known."""
    tuning: Tuning | None = None
    """Search hyperparameters: a run is then a sweep of several trials. It must be known."""
    spot: SpotArgs | None = None
    """Run on machines of low priority; on dedicated ones where it is left out."""
    schedule: Schedule | None = None
    """When a run starts. It must be known. Without, people start each."""
    runs_per_month: int | None = None
    """How many runs people start in a month at most, where there is no schedule. It must be known: it is a tag of the
    schedule that is off, by which the bill's ceiling is made."""
    owner: Text
    """The e-mail address that hears of a run that failed or was stopped."""
    log_workspace_id: Text
    """The id of the log workspace that its alarms query. The ML workspace must log there."""
    action_group_id: Text
    """The id of the action group that hears of its alarms."""
    tags: Tags
    """The tags of everything that is created."""

    def __post_init__(self) -> None:
        super().__post_init__()
        pulled = PLATFORMS["azure"].image.pattern or ""
        hold(self, "image", pulled, "an image of REGISTRY.azurecr.io or of mcr.microsoft.com")
        hold(self, "output_uri", FOLDER, "a datastore's folder such as azureml://datastores/artifacts/paths/folder/")
        if (self.schedule is None) == (self.runs_per_month is None):
            raise BadArgument(
                "TrainingJobArgs: give a schedule, or runs_per_month where people start the runs; one of the two"
            )
        if self.schedule is not None:
            kept(self.schedule, "TrainingJobArgs")
        if self.tuning is not None and self.spot is not None:
            raise BadArgument(
                "TrainingJobArgs: found tuning beside spot, whose trials would share the checkpoints of one run; give "
                "tuning without it"
            )
        tried = self.tuning.ranges if self.tuning is not None else ()
        one_argument_each("TrainingJobArgs.hyperparameters", [*self.data, *tried], self.hyperparameters)
        hold_values("TrainingJobArgs.tuning", self.tuning)

    @property
    def hours(self) -> int:
        """How long a run may take: all rounds of its trials, and what it waits for machines."""
        rounds = self.tuning.rounds if self.tuning is not None else 1
        return self.max_hours * rounds + (self.spot.wait_hours if self.spot is not None else 0)


class TrainingJob(pulumi.ComponentResource):
    """Creates, while enabled, what a run of a training job is: a cluster from zero, a step, and a schedule that starts
    it.

    Creating it starts nothing. Where people start the runs the schedule is off, and `mlplatform run` sends as a job
    what it says. A run is a pipeline of one step, as components/azure/runs.py says why. The container runs the
    program `train` of its image, whatever its entry point is, with --CHANNEL=FOLDER for each folder of data,
    mounted to be read, --output=FOLDER and, on Spot machines, --checkpoints=FOLDER, mounted to be written, and
    --NAME=VALUE for each hyperparameter: Azure ML has no convention of its own, `train` is what SageMaker runs of
    the same image. Each replica runs it, and finds its rank in RANK and the number of all in WORLD_SIZE.

    The machines stand in the workspace's managed network. They act as the training identity, and whoever starts a
    run needs none of its rights. A run is stopped after `max_hours`. Azure ML starts one again whose machine of low
    priority was taken, from its beginning, with the checkpoints of its folder; it tries nothing else again: a run
    that failed has failed. Alarms ring when a run failed or was stopped, when one has not ended in time, and when
    none succeeded that was due, as far as an alarm can look back, which is two days.

    With `tuning` a run is a sweep, whose trials run the same program, some of them at once, each with what it tries as
    --NAME=VALUE. It logs its figure by MLflow, whose address Azure ML leaves in MLFLOW_TRACKING_URI. That each has a
    folder of its own is assumed: each is a job with a name, which stands in the address of the output.

    Nothing runs, and nothing bills by the hour, between runs.
    Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-manage-inputs-outputs-pipeline,
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-tune-hyperparameters,
    https://learn.microsoft.com/en-us/azure/machine-learning/reference-yaml-component-command,
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-use-low-priority-batch (that an interrupted run is
    started again, which Microsoft says of batch deployments alone), and of any run, from users' experience,
    https://hi-ml.readthedocs.io/en/latest/lowpriority.html
    """

    schedule_id: pulumi.Output[str] | None
    """The id of the schedule, which is off where people start the runs. There is none while the job is switched off."""

    def __init__(self, name: str, args: TrainingJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:TrainingJob", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        environment_id = self._environment(name, args)
        self.schedule_id = self._run(name, args, environment_id) if args.enabled else None
        self.register_outputs({"schedule_id": self.schedule_id})

    def _run(self, name: str, args: TrainingJobArgs, environment_id: pulumi.Output[str]) -> pulumi.Output[str]:
        spot = args.spot
        outputs = {
            OUTPUT: pulumi.Output.concat(args.output_uri, OF_ITS_RUN),
            # Next week's run must not find this week's checkpoints and be done at once.
            **({CHECKPOINTS: pulumi.Output.concat(spot.checkpoint_uri, OF_ITS_RUN)} if spot else {}),
        }
        tried = told(args.tuning) if args.tuning is not None else []
        runs_this = " ".join([command(PROGRAM, [*args.data], [*outputs], args.hyperparameters), *tried])
        step = Step(
            name="train",
            command=runs_this,
            version=digest(runs_this, args.image, *types(args.tuning)),
            environment_id=environment_id,
            inputs=args.data,
            outputs=outputs,
            machine=args.machine,
            replicas=args.replicas,
            tuning=args.tuning,
            spot=spot is not None,
            max_hours=args.max_hours,
        )
        runs = Runs(
            subscription=args.subscription,
            group_name=args.group_name,
            region=args.region,
            workspace_name=args.workspace_name,
            job_name=args.job_name,
            steps=[step],
            identity_id=args.identity_id,
            client_id=args.client_id,
            schedule=args.schedule,
            runs_per_month=args.runs_per_month,
            owner=args.owner,
            log_workspace_id=args.log_workspace_id,
            action_group_id=args.action_group_id,
            tags=args.tags,
        )
        alarms = RunAlarms(name, runs, self._child)
        alarms.on_failed()
        alarms.on_late(args.hours)
        if args.schedule is not None:
            alarms.on_missed(args.schedule, args.hours)
        return schedule_of(name, runs, [cluster_of(name, runs, step, self._child)], self._child)

    def _environment(self, name: str, args: TrainingJobArgs) -> pulumi.Output[str]:
        version = digest(args.image)
        return environment(
            f"{name}-image",
            Environment(
                group_name=args.group_name,
                workspace_name=args.workspace_name,
                # A model's environment has the model's name, which has no underscore in a stack file.
                environment_name=f"{args.job_name}_training",
                says=f"What trains in {args.job_name}",
                images={version: args.image},
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=self, protect=True),
            self._child,
        )[version]
