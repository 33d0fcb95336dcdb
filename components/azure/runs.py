"""The runs of a job: for each step a cluster from zero and a registered component, and the schedule that starts a run
or says what one is.
"""

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from catalogue.ncrontab import ncrontab, windows_timezone
from components.azure.names import digest, regional
from components.azure.registry import full_uri
from components.azure.tuning import searched, trials
from components.azure.workspace import cluster_from_zero
from components.given import BadArgument, Tags, Text, counted
from components.shapes import Machine, Schedule, Tuning

BY_HAND = Schedule("0 0 * * 0", "UTC")
"""What the trigger of a schedule says that is off, for Azure ML takes no schedule without one: the rarest that it
knows, once a week, so that one that is switched on by mistake starts little."""

_RANKS = {"distribution_type": "PyTorch", "process_count_per_instance": 1}
"""Azure ML tells the replicas of such a job their ranks: RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT,
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-train-distributed-gpu
"""


OUTPUT, CHECKPOINTS = "output", "checkpoints"
"""The arguments of the folders that a step writes, so that no input and no option has their names."""

OF_ITS_RUN = "${{name}}/"
"""The folder of one run below a folder: Azure ML puts the name of the step's job there when it is submitted, the same
for each attempt, https://learn.microsoft.com/en-us/azure/machine-learning/concept-expressions (server expressions).
The page on schedules (how-to-schedule-pipeline-job) may mean the pipeline's name: that is of the run alone, too.
"""


@dataclass(kw_only=True)
class Step:
    """What a step of a run does, on what, and on which machines."""

    name: str
    """What the step is called, in lower-case letters, digits and `_`, such as train."""
    part: str = ""
    """The name by which the steps of a run are told apart in what is created; empty where a run is this step alone."""
    command: str
    """What the step does, in bash."""
    version: str
    """The version of the step: another command or environment has another."""
    environment_id: Text
    """The id of the environment's version."""
    environment: Mapping[str, Text] = field(default_factory=dict[str, Text])
    """The variables of the step."""
    model_id: Text | None = None
    """The id of the model that the step takes, as its input `model`."""
    acts_as: tuple[Text, Text] | None = None
    """The id and the client id of the identity of the step and its cluster, where it is not that of the runs."""
    inputs: Mapping[str, Text]
    """The folders on datastores that the step reads, by the names of its inputs."""
    after: Mapping[str, str] = field(default_factory=dict[str, str])
    """The steps whose output the step reads, by the names of its inputs."""
    outputs: Mapping[str, Text]
    """The folders on datastores that the step writes, by the names of its outputs. The first is what others read."""
    machine: Machine
    """The machine of each replica."""
    replicas: pulumi.Input[int] = 1
    """How many machines the step has, or each trial of one that searches."""
    tuning: Tuning | None = None
    """Search hyperparameters: the step is then a sweep, whose trials do what the step does."""
    spot: bool = False
    """Whether the machines are of low priority, Azure ML's Spot."""
    max_hours: pulumi.Input[int]
    """After how many hours the step is stopped, or each trial of one that searches."""

    def of(self, name: str) -> str:
        """What begins the names of what is created of the step, where the job's begin with `name`.

        No name in a stack file has two dashes together, so the parts of one job are never those of another.
        """
        return f"{name}--{self.part}" if self.part else name

    def key(self, name: str) -> str:
        """What an input or output of the step is called in the pipeline around it."""
        return f"{self.name}__{name}" if self.part else name


@dataclass(kw_only=True)
class Runs:
    """What the runs of a job are: the steps that do the work, when they start, and who hears of a failure."""

    subscription: Text
    """The id of the subscription that the workspace is in."""
    group_name: Text
    """The name of the resource group that the workspace is in."""
    region: Text
    """The Azure region of the workspace."""
    workspace_name: Text
    """The name of the ML workspace."""
    job_name: Text
    """The name of the schedule, of its runs and of their experiment."""
    steps: Sequence[Step]
    """The steps of a run, each after those that it reads."""
    identity_id: Text
    """The id of the identity that the clusters act as, but for a step that has its own."""
    client_id: Text
    """The client id of the same identity."""
    schedule: Schedule | None
    """When a run starts; None where people start each."""
    runs_per_month: int | None = None
    """How many runs people start in a month at most, where there is no schedule: a tag of the schedule that is off."""
    owner: Text
    """The e-mail address that hears of a run that failed or was stopped."""
    log_workspace_id: Text
    """The id of the log workspace that its alarms query."""
    action_group_id: Text
    """The id of the action group that hears of its alarms."""
    tags: Tags
    """The tags of everything that is created."""


def command(program: str, inputs: Sequence[str], outputs: Sequence[str], values: Mapping[str, str]) -> str:
    """What a step runs: its program with --INPUT=FOLDER, --OUTPUT=FOLDER and --NAME=VALUE.

    The shell reads no value: each is in quotes, and Azure ML's folders have no odd letters.
    """
    folders = [f'--{one}="${{{{inputs.{one}}}}}"' for one in inputs]
    folders += [f'--{one}="${{{{outputs.{one}}}}}"' for one in outputs]
    return " ".join(["exec", program, *folders, *(shlex.quote(f"--{name}={value}") for name, value in values.items())])


def one_argument_each(where: str, inputs: Sequence[str], values: Mapping[str, str]) -> None:
    """Hold the names of a step's inputs apart from those of its values, which stand at this argument of a component,
    and the values to what Azure ML hands on as it is. Raises BadArgument.
    """
    named = [*inputs, *values, OUTPUT, CHECKPOINTS]
    if twice := sorted({name for name in named if named.count(name) > 1}):
        raise BadArgument(
            f"{where}: {twice[0]!r} would be two arguments of the program; name inputs and what stands here apart, and "
            f"none of them {OUTPUT} or {CHECKPOINTS}"
        )
    if odd := [name for name, value in values.items() if re.search(r"\$\{\{|[\r\n\0]", value)]:
        raise BadArgument(
            f"{where}.{odd[0]}: has '${{{{' or a line's end, which Azure ML would not hand on as it is; give it in a "
            "file of an input"
        )


def kept(schedule: Schedule, args: str) -> tuple[str, str]:
    """The schedule in Azure ML's words. Raises BadArgument for one that it would not keep."""
    try:
        return ncrontab(schedule.cron), windows_timezone(schedule.timezone)
    except ValueError as error:
        raise BadArgument(f"{args}.schedule: {error}") from error


def cluster_of(name: str, args: Runs, step: Step, opts: pulumi.ResourceOptions) -> ml.Compute:
    """Create the cluster of a step. Another machine is another cluster, for Azure ML changes none; so is another
    priority.
    """
    return ml.Compute(
        f"{step.of(name)}-cluster-{digest(*_machine(step))}",
        compute_name=cluster_name(name, args, step),
        workspace_name=args.workspace_name,
        resource_group_name=args.group_name,
        location=args.region,
        identity={"type": "UserAssigned", "user_assigned_identities": [_identity(args, step)[0]]},
        properties=cluster_from_zero(step.machine.type, _nodes(step), step.spot),
        tags=args.tags,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True)),
    )


def _identity(args: Runs, step: Step) -> tuple[Text, Text]:
    return (args.identity_id, args.client_id) if step.acts_as is None else step.acts_as


def _nodes(step: Step) -> pulumi.Input[int]:
    """How many machines the cluster has at most: those of all trials that run at once."""
    if step.tuning is None:
        return step.replicas
    at_once = step.tuning.parallel
    return pulumi.Output.from_input(step.replicas).apply(lambda count: count * at_once)


def cluster_name(name: str, args: Runs, step: Step) -> pulumi.Output[str]:
    """What Azure ML calls the cluster of a step, which is known before the cluster stands."""
    kind = f"cluster {' '.join(_machine(step))}"
    told = pulumi.Output.all(step.part or args.job_name, args.subscription, step.of(name), kind)
    return told.apply(lambda known: regional(*known, limit=24))


def _machine(step: Step) -> list[str]:
    return [step.machine.type, *(["low priority"] if step.spot else [])]


def schedule_of(
    name: str, args: Runs, clusters: Sequence[ml.Compute], opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """Create the schedule with what it starts, each step on the cluster in its place. Returns its id.

    A schedule that people start from is off: it says what a run is, and `mlplatform run` sends that as a job. Azure's
    own tools switch a schedule off by creating it so (ScheduleOperations.begin_disable,
    https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ml/azure-ai-ml/azure/ai/ml/operations/_schedule_operations.py).
    """
    cron, time_zone = kept(args.schedule or BY_HAND, "Runs")
    return ml.Schedule(
        f"{name}-schedule",
        name=args.job_name,
        workspace_name=args.workspace_name,
        resource_group_name=args.group_name,
        properties=ml.SchedulePropertiesArgs(
            is_enabled=args.schedule is not None,
            display_name=args.job_name,
            action=ml.JobScheduleActionArgs(action_type="CreateJob", job_definition=_job(name, args, clusters, opts)),
            trigger=ml.CronTriggerArgs(trigger_type="Cron", expression=cron, time_zone=time_zone),
            tags=counted(args.tags, args.runs_per_month),
        ),
        opts=opts,
    ).id


def _job(name: str, args: Runs, clusters: Sequence[ml.Compute], opts: pulumi.ResourceOptions) -> ml.PipelineJobArgs:
    def full(uri: Text) -> pulumi.Output[str]:
        return full_uri(uri, args.subscription, args.group_name, args.workspace_name)

    inputs: dict[str, ml.MLFlowModelJobInputArgs | ml.UriFolderJobInputArgs] = {}
    for step in args.steps:
        if step.model_id is not None:
            inputs[step.key("model")] = ml.MLFlowModelJobInputArgs(
                job_input_type="mlflow_model", mode="ReadOnlyMount", uri=step.model_id
            )
        for key, uri in step.inputs.items():
            inputs[step.key(key)] = ml.UriFolderJobInputArgs(
                job_input_type="uri_folder", mode="ReadOnlyMount", uri=full(uri)
            )
    return ml.PipelineJobArgs(
        job_type="Pipeline",
        display_name=args.job_name,
        experiment_name=args.job_name,
        identity=ml.ManagedIdentityArgs(identity_type="Managed", client_id=args.client_id),
        inputs=inputs,
        outputs={
            step.key(key): ml.UriFolderJobOutputArgs(job_output_type="uri_folder", mode="ReadWriteMount", uri=full(uri))
            for step in args.steps
            for key, uri in step.outputs.items()
        },
        jobs={
            step.name: _step(args, step, cluster, _component(name, args, step, opts))
            for step, cluster in zip(args.steps, clusters, strict=True)
        },
        # A run reads what is there today, and ends at a step that failed:
        # https://learn.microsoft.com/en-us/azure/machine-learning/reference-yaml-job-pipeline (settings)
        settings={"force_rerun": True, "continue_on_step_failure": False},
        notification_setting=ml.NotificationSettingArgs(email_on=["JobFailed", "JobCancelled"], emails=[args.owner]),
        tags=args.tags,
    )


def _step(args: Runs, step: Step, cluster: ml.Compute, component_id: pulumi.Output[str]) -> Mapping[str, Any]:
    """A step is free-form in the API. These are the words of Azure's SDK, mostly in snake case."""
    own = [*(["model"] if step.model_id is not None else []), *step.inputs]
    reads = {key: f"parent.inputs.{step.key(key)}" for key in own}
    written = {one.name: next(iter(one.outputs)) for one in args.steps}
    reads |= {key: f"parent.jobs.{before}.outputs.{written[before]}" for key, before in step.after.items()}
    return {
        **_does(step, component_id),
        "name": step.name,
        "computeId": cluster.id,
        "identity": {"identity_type": "Managed", "client_id": _identity(args, step)[1]},
        "resources": {"instance_count": step.replicas},
        "inputs": {key: {"job_input_type": "literal", "value": f"${{{{{place}}}}}"} for key, place in reads.items()},
        "outputs": {
            key: {"type": "literal", "value": f"${{{{parent.outputs.{step.key(key)}}}}}"} for key in step.outputs
        },
    }


def _does(step: Step, component_id: pulumi.Output[str]) -> dict[str, Any]:
    """What a step does: its command once, or in the trials of a search, which have the component's ranks."""
    if step.tuning is not None:
        return trials(step.tuning, component_id, step.max_hours)
    return {
        "type": "command",
        "componentId": component_id,
        "environment_variables": dict(step.environment),
        "distribution": _RANKS,
        "limits": {"job_limits_type": "Command", "timeout": pulumi.Output.format("PT{0}H", step.max_hours)},
    }


def _component(name: str, args: Runs, step: Step, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Register what a step does. Returns the id of its version."""
    # The name of a component takes no dashes.
    named = pulumi.Output.from_input(args.job_name).apply(lambda job: step.of(job).replace("-", "_"))
    called = f"{step.of(name)}-step"
    container = ml.ComponentContainer(
        called,
        name=named,
        workspace_name=args.workspace_name,
        resource_group_name=args.group_name,
        properties=ml.ComponentContainerPropertiesArgs(description="What a run of it does", tags=args.tags),
        opts=opts,
    )
    models = {} if step.model_id is None else {"model": {"type": "mlflow_model", "mode": "ro_mount"}}
    return ml.ComponentVersion(
        f"{called}-{step.version}",
        name=container.name,
        version=step.version,
        workspace_name=args.workspace_name,
        resource_group_name=args.group_name,
        properties=ml.ComponentVersionPropertiesArgs(
            component_spec={
                "type": "command",
                "name": named,
                "version": step.version,
                "command": step.command,
                "environment": pulumi.Output.concat("azureml:", step.environment_id),
                "distribution": {"type": "pytorch", "process_count_per_instance": 1},
                "is_deterministic": False,  # the same folder holds other data tomorrow
                "inputs": {
                    **models,
                    **{key: {"type": "uri_folder", "mode": "ro_mount"} for key in (*step.inputs, *step.after)},
                    **(searched(step.tuning) if step.tuning is not None else {}),
                },
                "outputs": {key: {"type": "uri_folder", "mode": "rw_mount"} for key in step.outputs},
            },
            tags=args.tags,
        ),
        opts=opts,
    ).id
