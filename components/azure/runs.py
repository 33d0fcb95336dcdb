"""The runs of a job: a cluster from zero, a registered step, and the schedule that starts it or says what it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from catalogue.ncrontab import ncrontab, windows_timezone
from components.azure.monitoring import QueryAlarm, alarm_on_logs, rows
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


@dataclass(kw_only=True)
class Runs:
    """What the runs of a job are: the step that does the work, on what, when they start, and who hears of a failure."""

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
    step: str
    """What the one step of a run is called, such as train."""
    command: str
    """What the step does, in bash."""
    version: str
    """The version of the step: another command or environment has another."""
    environment_id: Text
    """The id of the environment's version."""
    environment: Mapping[str, Text]
    """The variables of the step."""
    model_id: Text | None = None
    """The id of the model that the step takes, as its input `model`."""
    inputs: Mapping[str, Text]
    """The folders on datastores that the step reads, by the names of its inputs."""
    outputs: Mapping[str, Text]
    """The folders on datastores that the step writes, by the names of its outputs."""
    identity_id: Text
    """The id of the identity that the cluster acts as."""
    client_id: Text
    """The client id of the same identity."""
    machine: Machine
    """The machine of each replica."""
    replicas: pulumi.Input[int]
    """How many machines a run has, or each trial of one that searches."""
    tuning: Tuning | None = None
    """Search hyperparameters: the step is then a sweep, whose trials do what the step does."""
    spot: bool = False
    """Whether the machines are of low priority, Azure ML's Spot."""
    schedule: Schedule | None
    """When a run starts; None where people start each."""
    runs_per_month: int | None = None
    """How many runs people start in a month at most, where there is no schedule: a tag of the schedule that is off."""
    max_hours: pulumi.Input[int]
    """After how many hours a run is stopped, or each trial of one that searches."""
    owner: Text
    """The e-mail address that hears of a run that failed or was stopped."""
    log_workspace_id: Text
    """The id of the log workspace that its alarm queries."""
    action_group_id: Text
    """The id of the action group that hears of its alarm."""
    tags: Tags
    """The tags of everything that is created."""


def kept(schedule: Schedule, args: str) -> tuple[str, str]:
    """The schedule in Azure ML's words. Raises BadArgument for one that it would not keep."""
    try:
        return ncrontab(schedule.cron), windows_timezone(schedule.timezone)
    except ValueError as error:
        raise BadArgument(f"{args}.schedule: {error}") from error


def cluster_of_runs(name: str, args: Runs, opts: pulumi.ResourceOptions) -> ml.Compute:
    """Create the cluster. Another machine is another cluster, for Azure ML changes none; so is another priority."""
    words = [args.machine.type, *(["low priority"] if args.spot else [])]
    told = pulumi.Output.all(args.job_name, args.subscription, name, f"cluster {' '.join(words)}")
    return ml.Compute(
        f"{name}-cluster-{digest(*words)}",
        compute_name=told.apply(lambda known: regional(*known, limit=24)),
        workspace_name=args.workspace_name,
        resource_group_name=args.group_name,
        location=args.region,
        identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
        properties=cluster_from_zero(args.machine.type, _nodes(args), args.spot),
        tags=args.tags,
        opts=pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(delete_before_replace=True)),
    )


def _nodes(args: Runs) -> pulumi.Input[int]:
    """How many machines the cluster has at most: those of all trials that run at once."""
    if args.tuning is None:
        return args.replicas
    at_once = args.tuning.parallel
    return pulumi.Output.from_input(args.replicas).apply(lambda count: count * at_once)


def schedule_of_runs(name: str, args: Runs, cluster: ml.Compute, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Create the schedule with what it starts, and the alarm on runs that failed or were stopped. Returns its id.

    A schedule that people start from is off: it says what a run is, and `mlplatform run` sends that as a job. Azure's
    own tools switch a schedule off by creating it so (ScheduleOperations.begin_disable,
    https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ml/azure-ai-ml/azure/ai/ml/operations/_schedule_operations.py).
    """
    _alarm_on_failed(name, args, opts)
    cron, time_zone = kept(args.schedule or BY_HAND, "Runs")
    return ml.Schedule(
        f"{name}-schedule",
        name=args.job_name,
        workspace_name=args.workspace_name,
        resource_group_name=args.group_name,
        properties=ml.SchedulePropertiesArgs(
            is_enabled=args.schedule is not None,
            display_name=args.job_name,
            action=ml.JobScheduleActionArgs(
                action_type="CreateJob", job_definition=_job(name, args, cluster, _component(name, args, opts))
            ),
            trigger=ml.CronTriggerArgs(trigger_type="Cron", expression=cron, time_zone=time_zone),
            tags=counted(args.tags, args.runs_per_month),
        ),
        opts=opts,
    ).id


def events(args: Runs, columns: str, names: str) -> pulumi.Output[str]:
    """The events of the job's runs as the head of a query, with the columns, each with its type, and their names.

    Source: https://learn.microsoft.com/en-us/azure/azure-monitor/reference/tables/amlcomputejobevent
    """
    return rows(
        columns,
        pulumi.Output.concat("AmlComputeJobEvent | where ExperimentName == '", args.job_name, f"' | project {names}"),
    )


def _alarm_on_failed(name: str, args: Runs, opts: pulumi.ResourceOptions) -> None:
    alarm_on_logs(
        f"{name}-failed",
        QueryAlarm(
            description=pulumi.Output.concat("a run of ", args.job_name, " failed or was stopped"),
            query=pulumi.Output.concat(
                events(args, "EventType: string", "EventType"),
                " | summarize Failed = countif(EventType in ('JobFailed', 'JobCancelled', 'JobCanceled'))",
            ),
            column="Failed",
            operator="GreaterThan",
            threshold=0,
            window="PT15M",
            every="PT15M",
        ),
        args,
        opts,
    )


def _job(name: str, args: Runs, cluster: ml.Compute, component_id: pulumi.Output[str]) -> ml.PipelineJobArgs:
    def full(uri: Text) -> pulumi.Output[str]:
        return full_uri(uri, args.subscription, args.group_name, args.workspace_name)

    inputs: dict[str, ml.MLFlowModelJobInputArgs | ml.UriFolderJobInputArgs] = {}
    if args.model_id is not None:
        inputs["model"] = ml.MLFlowModelJobInputArgs(
            job_input_type="mlflow_model", mode="ReadOnlyMount", uri=args.model_id
        )
    for key, uri in args.inputs.items():
        inputs[key] = ml.UriFolderJobInputArgs(job_input_type="uri_folder", mode="ReadOnlyMount", uri=full(uri))
    return ml.PipelineJobArgs(
        job_type="Pipeline",
        display_name=args.job_name,
        experiment_name=args.job_name,
        identity=ml.ManagedIdentityArgs(identity_type="Managed", client_id=args.client_id),
        inputs=inputs,
        outputs={
            key: ml.UriFolderJobOutputArgs(job_output_type="uri_folder", mode="ReadWriteMount", uri=full(uri))
            for key, uri in args.outputs.items()
        },
        # A step is free-form in the API. These are the words of Azure's SDK, mostly in snake case.
        jobs={
            args.step: {
                **_does(args, component_id),
                "name": args.step,
                "computeId": cluster.id,
                "identity": {"identity_type": "Managed", "client_id": args.client_id},
                "resources": {"instance_count": args.replicas},
                "inputs": {
                    key: {"job_input_type": "literal", "value": f"${{{{parent.inputs.{key}}}}}"} for key in inputs
                },
                "outputs": {
                    key: {"type": "literal", "value": f"${{{{parent.outputs.{key}}}}}"} for key in args.outputs
                },
            }
        },
        notification_setting=ml.NotificationSettingArgs(email_on=["JobFailed", "JobCancelled"], emails=[args.owner]),
        tags=args.tags,
    )


def _does(args: Runs, component_id: pulumi.Output[str]) -> dict[str, Any]:
    """What the step of a run does: once, or in the trials of a search, which have the component's ranks."""
    if args.tuning is not None:
        return trials(args.tuning, component_id, args.max_hours)
    return {
        "type": "command",
        "componentId": component_id,
        "environment_variables": dict(args.environment),
        "distribution": _RANKS,
        "limits": {"job_limits_type": "Command", "timeout": pulumi.Output.format("PT{0}H", args.max_hours)},
    }


def _component(name: str, args: Runs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Register what the step of a run does. Returns the id of its version."""
    # The name of a component takes no dashes.
    named = pulumi.Output.from_input(args.job_name).apply(lambda job: job.replace("-", "_"))
    container = ml.ComponentContainer(
        f"{name}-step",
        name=named,
        workspace_name=args.workspace_name,
        resource_group_name=args.group_name,
        properties=ml.ComponentContainerPropertiesArgs(description="What a run of it does", tags=args.tags),
        opts=opts,
    )
    models = {} if args.model_id is None else {"model": {"type": "mlflow_model", "mode": "ro_mount"}}
    return ml.ComponentVersion(
        f"{name}-step-{args.version}",
        name=container.name,
        version=args.version,
        workspace_name=args.workspace_name,
        resource_group_name=args.group_name,
        properties=ml.ComponentVersionPropertiesArgs(
            component_spec={
                "type": "command",
                "name": named,
                "version": args.version,
                "command": args.command,
                "environment": pulumi.Output.concat("azureml:", args.environment_id),
                "distribution": {"type": "pytorch", "process_count_per_instance": 1},
                "is_deterministic": False,  # the same folder holds other data tomorrow
                "inputs": {
                    **models,
                    **{key: {"type": "uri_folder", "mode": "ro_mount"} for key in args.inputs},
                    **(searched(args.tuning) if args.tuning is not None else {}),
                },
                "outputs": {key: {"type": "uri_folder", "mode": "rw_mount"} for key in args.outputs},
            },
            tags=args.tags,
        ),
        opts=opts,
    ).id
