"""A pipeline: steps of which each reads others, which a person or a schedule starts."""

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import pulumi

from catalogue.formats import AZURE, USUAL
from catalogue.order import in_order, longest
from catalogue.platforms import PLATFORMS
from catalogue.runs import RUN_VARIABLE
from catalogue.scoring import scoring
from components.azure.names import digest
from components.azure.registry import FOLDER, Environment, RegisteredModelArgs, environment, version_of
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
from components.azure.training import PROGRAM, SpotArgs
from components.azure.tuning import hold_values, told, types
from components.given import Args, BadArgument, Tags, Text, hold, hold_each
from components.shapes import Machine, Schedule, Tuning

REACH = ("amlworkspace",)
"""Who starts a run by hand reaches the workspace through this private endpoint, as of a training job."""

RUN = f'env {RUN_VARIABLE}="$AZUREML_ROOT_RUN_ID"'
"""What tells each step the run's id: Azure ML puts the id of the pipeline's job there, as Microsoft's own steps read it
https://github.com/Azure/azureml-assets/blob/main/assets/model_monitoring/components/src/action_analyzer/action_analyzer_output_actions/run.py
"""


_NAME = "[a-z][a-z0-9]*(-[a-z0-9]+)*"
"""What a step may be called: no two dashes together, which part a job's name from that of its step."""


@dataclass(kw_only=True)
class BatchArgs(Args):
    """What a batch job scores with, how, and as whom. Raises BadArgument for a format that MLflow does not read."""

    model: RegisteredModelArgs
    """The registered model, and the environment that runs it. The environment's image must have MLflow."""
    identity_id: Text
    """The id of the identity that the step and its cluster act as, Access's `batch`. It must have its roles by then."""
    client_id: Text
    """The client id of the same identity, Identity's `batch`."""
    format: str = USUAL["azure"]
    """What the inputs are: csv, each file with a line of names, or json, each file one document as MLflow reads it. It
    must be known."""
    concurrency: int = 1
    """How many files a replica scores at once. It must be known."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.format not in AZURE:
            raise BadArgument(f"BatchArgs.format: found {self.format!r}, allowed: {', '.join(AZURE)}")


@dataclass(kw_only=True)
class StepArgs(Args):
    """One step: a program in a container, where no program is given the one that trains, or a batch job, which has no
    image but its model's.

    Raises BadArgument for a step that is neither or both, for an image that no identity of Azure can pull, for an input
    that is neither a folder nor a step's name, for two arguments of one name, for a value that Azure ML would read as
    an expression, and for a search beside a program or Spot machines.
    """

    batch: BatchArgs | None = None
    """The batch job that the step does; None for a container. It must be known."""
    image: str = ""
    """The address of the container's image, with a pinned tag or digest; empty for a batch job. It must be known."""
    program: Sequence[str] | None = None
    """The program and its first words. It must be known. Without, the image's program `train`, as of a training job."""
    options: Mapping[str, str] = field(default_factory=dict[str, str])
    """The options of the program, or the hyperparameters, as --NAME=VALUE. They must be known."""
    inputs: Mapping[str, str]
    """What the step reads, by the name that its program knows: a folder on a datastore, or the name of a step, whose
    output it is. They must be known: they say which step comes after which."""
    machine: Machine
    """The machine of each replica. It must be known."""
    replicas: int = 1
    """How many machines do the step together. It must be known."""
    max_hours: int
    """After how many hours the step is stopped, or each trial of one that searches, beside what it waits for Spot
    machines. It must be known."""
    tuning: Tuning | None = None
    """Search hyperparameters: the step is then a sweep, and the step that reads it gets what the best trial left. It
    must be known."""
    spot: SpotArgs | None = None
    """Run on machines of low priority; on dedicated ones where it is left out."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if bool(self.image) == (self.batch is not None) or (self.batch is not None and (self.program or self.options)):
            raise BadArgument("StepArgs: give an image of a container, or a batch job without program and options")
        if self.batch is not None and "model" in self.inputs:
            raise BadArgument("StepArgs.inputs.model: is what the model itself is called; give it another name")
        pulled = PLATFORMS["azure"].image.pattern or ""
        if self.batch is None:
            hold(self, "image", pulled, "an image of REGISTRY.azurecr.io or of mcr.microsoft.com")
        hold_each(
            self,
            "inputs",
            f"{FOLDER}|{_NAME}",
            "a datastore's folder such as azureml://datastores/artifacts/paths/folder/, or the name of a step",
        )
        tried = self.tuning.ranges if self.tuning is not None else ()
        one_argument_each("StepArgs.options", [*self.inputs, *tried], self.options)
        hold_values("StepArgs.tuning", self.tuning)
        if self.tuning is not None and (self.program is not None or self.spot is not None or self.batch is not None):
            raise BadArgument(
                "StepArgs: found tuning beside batch, program or spot, of which a search has none; give tuning without "
                "them"
            )

    @property
    def hours(self) -> int:
        """How long the step may take: all rounds of its trials, and what it waits for machines."""
        rounds = self.tuning.rounds if self.tuning is not None else 1
        return self.max_hours * rounds + (self.spot.wait_hours if self.spot is not None else 0)

    @property
    def after(self) -> Mapping[str, str]:
        """The steps that it reads, by the names of its inputs."""
        return {key: said for key, said in self.inputs.items() if "://" not in said}


@dataclass(kw_only=True)
class PipelineArgs(Args):
    """What the steps are, where they write, and who starts a run.

    Raises BadArgument for an output that is no folder of a datastore, for a step that reads one that is not there or
    one that waits for it, for a schedule that Azure ML would not keep, and where neither a schedule nor the number of
    runs by hand is given, or both.
    """

    subscription: Text
    """The id of the subscription that the workspace is in."""
    group_name: Text
    """The name of the resource group that the workspace is in."""
    region: Text
    """The Azure region of the workspace, such as eastus2."""
    workspace_name: Text
    """The name of the ML workspace that the pipeline stands in."""
    job_name: str
    """The name of the schedule, of its runs and of their experiment. A workspace has each name once. It must be known.
    """
    enabled: bool = True
    """Whether a run can be started; without, clusters, schedule, steps and alarms go, and the protected environment,
    which says what ran, stays. It must be known."""
    steps: Mapping[str, StepArgs]
    """The steps by name, in lower-case words joined by '-'. They must be known."""
    output_uri: Text
    """The folder on a datastore below which each step has a folder, and each of its jobs one of its own there."""
    identity_id: Text
    """The id of the identity that clusters and containers act as, Access's `training`, but for those of a batch job. It
    must have its roles by then."""
    client_id: Text
    """The client id of the same identity, Identity's `training`."""
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
        hold(self, "output_uri", FOLDER, "a datastore's folder such as azureml://datastores/artifacts/paths/folder/")
        if (self.schedule is None) == (self.runs_per_month is None):
            raise BadArgument(
                "PipelineArgs: give a schedule, or runs_per_month where people start the runs; one of the two"
            )
        if self.schedule is not None:
            kept(self.schedule, "PipelineArgs")
        if odd := [name for name in self.steps or [""] if not re.fullmatch(_NAME, name)]:
            raise BadArgument(
                f"PipelineArgs.steps: found {odd[0][:80]!r}, allowed: lower-case words of letters and digits "
                "joined by '-'"
            )
        models = {name for name, step in self.steps.items() if step.batch is None and step.program is None}
        for name, step in self.steps.items():
            if step.batch is not None and (trained := sorted(models.intersection(step.after.values()))):
                raise BadArgument(
                    f"PipelineArgs.steps.{name}: scores what {trained[0]!r} leaves, which is a model; let it read a "
                    "step with a program, or a folder"
                )
        self.order()

    @property
    def reads(self) -> Mapping[str, Collection[str]]:
        """The steps that each step reads."""
        return {name: step.after.values() for name, step in self.steps.items()}

    def order(self) -> Sequence[str]:
        """The names of the steps, each after those that it reads. Raises BadArgument where there is no such order."""
        order = in_order(self.reads)
        if left := sorted(self.steps.keys() - {*order}):
            raise BadArgument(
                f"PipelineArgs.steps: {', '.join(left)}: none of them can begin; let each step read steps that are "
                "there, and no step that reads it in turn"
            )
        return order


class Pipeline(pulumi.ComponentResource):
    """Creates, while enabled, what a run of a pipeline is: for each step a cluster from zero and a registered command,
    and a schedule that starts a run.

    Creating it starts nothing. Where people start the runs the schedule is off, and `mlplatform run` sends as a job
    what it says. A run is a pipeline job of Azure ML, in which each step begins once those have ended that it reads,
    whose outputs it has mounted; steps that do not read one another run side by side. A step gets --INPUT=FOLDER for
    each input, --output=FOLDER and --NAME=VALUE for each option after its program's words, and the id of the run in
    MLPLATFORM_RUN; one that trains is what a training job's is, with its checkpoints where it has any. Each step writes
    a folder of its own below output_uri, and in it one by the name of its job, for Azure ML has no expression for the
    run's. A step that searches is a sweep, whose outputs are those of its best trial
    (https://learn.microsoft.com/en-us/azure/machine-learning/how-to-use-sweep-in-pipeline).

    A step that scores runs what BatchJob's runs do, on a cluster of its own, as the batch identity. The other steps act
    as the training identity, and whoever starts a run needs none of its rights. Each is stopped after its hours. A step
    that failed has failed, and none begins after it: Azure ML tries again alone what lost a machine of low priority.
    Nothing is taken from an earlier run. Each step has its own cluster, by which the alarms name it
    (components/azure/run_alarms.py): they ring when a step failed or was stopped, when one has not ended in time, and
    when no run succeeded that was due, as far as an alarm can look back.

    Nothing runs, and nothing bills by the hour, between runs.
    Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-create-component-pipelines-cli and
    https://learn.microsoft.com/en-us/azure/machine-learning/concept-expressions
    """

    schedule_id: pulumi.Output[str] | None
    """The id of the schedule, which is off where people start the runs. There is none while the pipeline is switched
    off."""

    def __init__(self, name: str, args: PipelineArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Pipeline", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        environment_ids = self._environment(name, args)
        self.schedule_id = self._run(name, args, environment_ids) if args.enabled else None
        self.register_outputs({"schedule_id": self.schedule_id})

    def _run(
        self, name: str, args: PipelineArgs, environment_ids: Mapping[str, pulumi.Output[str]]
    ) -> pulumi.Output[str]:
        steps = [_step(args, called, environment_ids) for called in args.order()]
        runs = Runs(
            subscription=args.subscription,
            group_name=args.group_name,
            region=args.region,
            workspace_name=args.workspace_name,
            job_name=args.job_name,
            steps=steps,
            identity_id=args.identity_id,
            client_id=args.client_id,
            schedule=args.schedule,
            runs_per_month=args.runs_per_month,
            owner=args.owner,
            log_workspace_id=args.log_workspace_id,
            action_group_id=args.action_group_id,
            tags=args.tags,
        )
        hours, alarms = {key: step.hours for key, step in args.steps.items()}, RunAlarms(name, runs, self._child)
        alarms.on_failed()
        alarms.on_late(max(hours.values()))
        if args.schedule is not None:
            alarms.on_missed(args.schedule, int(longest(hours, args.reads)))
        return schedule_of(name, runs, [cluster_of(name, runs, step, self._child) for step in steps], self._child)

    def _environment(self, name: str, args: PipelineArgs) -> Mapping[str, pulumi.Output[str]]:
        """The versions of the environment, by what stands for their images."""
        return environment(
            f"{name}-images",
            Environment(
                group_name=args.group_name,
                workspace_name=args.workspace_name,
                # A model's environment has the model's name, which has no underscore in a stack file.
                environment_name=f"{args.job_name}_pipeline",
                says=f"What runs the steps of {args.job_name}",
                images={digest(step.image): step.image for step in args.steps.values() if step.batch is None},
                tags=args.tags,
            ),
            pulumi.ResourceOptions(parent=self, protect=True),
            self._child,
        )


def _step(args: PipelineArgs, called: str, environment_ids: Mapping[str, pulumi.Output[str]]) -> Step:
    step = args.steps[called]
    if step.batch is not None:
        return _scores(args, called, step, step.batch)
    outputs = {OUTPUT: pulumi.Output.concat(args.output_uri, called, "/", OF_ITS_RUN)}
    if step.spot is not None:
        # Each run has its own: the next one must not find these and be done at once.
        outputs[CHECKPOINTS] = pulumi.Output.concat(step.spot.checkpoint_uri, OF_ITS_RUN)
    program = shlex.join(step.program) if step.program is not None else PROGRAM
    tried = told(step.tuning) if step.tuning is not None else []
    runs_this = " ".join([command(f"{RUN} {program}", [*step.inputs], [*outputs], step.options), *tried])
    return Step(
        name=_name(called),
        part=called,
        command=runs_this,
        version=digest(runs_this, step.image, *types(step.tuning)),
        environment_id=environment_ids[digest(step.image)],
        inputs={key: said for key, said in step.inputs.items() if key not in step.after},
        after={key: _name(said) for key, said in step.after.items()},
        outputs=outputs,
        machine=step.machine,
        replicas=step.replicas,
        tuning=step.tuning,
        spot=step.spot is not None,
        max_hours=step.max_hours,
    )


def _scores(args: PipelineArgs, called: str, step: StepArgs, batch: BatchArgs) -> Step:
    """The step of a batch job, as its runs have it."""
    runs_this = scoring(step.inputs, AZURE[batch.format], batch.concurrency)
    return Step(
        name=_name(called),
        part=called,
        command=runs_this,
        version=digest(runs_this, version_of(batch.model)),
        environment_id=batch.model.environment_id,
        environment=batch.model.environment,
        model_id=batch.model.model_id,
        acts_as=(batch.identity_id, batch.client_id),
        inputs={key: said for key, said in step.inputs.items() if key not in step.after},
        after={key: _name(said) for key, said in step.after.items()},
        outputs={"scores": pulumi.Output.concat(args.output_uri, called, "/", OF_ITS_RUN)},
        machine=step.machine,
        replicas=step.replicas,
        max_hours=step.max_hours,
    )


def _name(step: str) -> str:
    """What Azure ML calls a step: its expressions take no dashes."""
    return step.replace("-", "_")
