"""Scoring on a schedule: a job that Azure ML starts on a cluster from zero, stops in time and reports."""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from components.azure.monitoring import QueryAlarm, alarm_on_logs, rows
from components.azure.names import digest, regional
from components.azure.registry import FOLDER, PLACE, RegisteredModelArgs, full_uri, version_of
from components.azure.schedules import ncrontab, windows_timezone
from components.azure.workspace import cluster_from_zero
from components.given import Args, BadArgument, Tags, Text, hold
from components.shapes import Machine, Schedule

REACH = ("amlworkspace",)
"""A person who starts a run by hand reaches the workspace through this private endpoint.

The machines of a run need none: they stand in the managed network, which has its own way to the datastores.
"""

ATTEMPTS = 3

SCORE = """\
set -euo pipefail
data="${{inputs.data}}"
count=0
find "$data" -type f | LC_ALL=C sort | while read -r file; do
  if [ $((count % WORLD_SIZE)) -eq "$RANK" ]; then
    scores="${{outputs.scores}}/${file#"$data"/}.json"
    mkdir -p "$(dirname "$scores")"
    mlflow models predict --env-manager local --content-type csv --model-uri "${{inputs.model}}" \\
      --input-path "$file" --output-path "$scores"
  fi
  count=$((count + 1))
done
"""
"""What a run does: each replica scores its share of the files, every WORLD_SIZE-th from its RANK on, as Azure ML
numbers the replicas of a distributed job; the first file that fails ends the run. Scores lie as the files do."""

_RANKS = {"distribution_type": "PyTorch", "process_count_per_instance": 1}
"""Azure ML tells the replicas of such a job their ranks."""


@dataclass(kw_only=True)
class BatchJobArgs(Args):
    """The model that scores, on what data, when, on what, and who hears of a failure."""

    subscription: Text
    """The id of the subscription that the workspace is in."""
    group_name: Text
    """The name of the resource group that the workspace is in."""
    region: Text
    """The Azure region of the workspace, such as eastus2."""
    workspace_name: Text
    """The name of the ML workspace that the job stands in."""
    job_name: Text
    """The name of the schedule, of its runs and of their experiment. A workspace has each name once."""
    endpoint_name: Text
    """The name of the batch endpoint for runs by hand, 3 to 32 letters, digits and dashes. A region has each once."""
    enabled: bool = True
    """Whether the job is scheduled. Where it is not, nothing of it stands; the registered model stays.

    The program must know it: it decides what is created.
    """
    model: RegisteredModelArgs
    """The registered model, and the environment that runs it. The environment's image must have MLflow."""
    identity_id: Text
    """The id of the identity that cluster and endpoint act as, Access's `batch`. It must have its roles by then."""
    client_id: Text
    """The client id of the same identity, Identity's `batch`."""
    machine: Machine
    """The machine of each replica."""
    replicas: pulumi.Input[int] = 1
    """How many replicas share the files of a run, and how many machines the cluster has at most."""
    schedule: Schedule
    """When a run starts. Azure ML takes neither days of a month nor months, nor a time zone that Windows has not."""
    max_hours: pulumi.Input[int]
    """After how many hours a run is stopped."""
    input_uri: Text
    """The folder of the data on a datastore, such as azureml://datastores/artifacts/paths/data/."""
    output_uri: Text
    """The folder on a datastore that the scores are written to."""
    owner: Text
    """The e-mail address that hears of a run that failed or was stopped."""
    log_workspace_id: Text
    """The id of the log workspace that its alarm queries. The ML workspace must log there."""
    action_group_id: Text
    """The id of the action group that hears of its alarm."""
    tags: Tags
    """The tags of everything that is created."""

    def __post_init__(self) -> None:
        super().__post_init__()
        _schedule(self)
        hold(self, "input_uri", PLACE, "a place on a datastore such as azureml://datastores/artifacts/paths/folder/")
        hold(self, "output_uri", FOLDER, "a datastore's folder such as azureml://datastores/artifacts/paths/folder/")


def _schedule(args: BatchJobArgs) -> tuple[str, str]:
    """The schedule in Azure ML's words. Raises BadArgument for one that it would not keep."""
    try:
        return ncrontab(args.schedule.cron), windows_timezone(args.schedule.timezone)
    except ValueError as error:
        raise BadArgument(f"BatchJobArgs.schedule: {error}") from error


class BatchJob(pulumi.ComponentResource):
    """Creates, while enabled, a cluster from zero, a schedule that scores on it, and a batch endpoint for runs by hand.

    Nothing runs, and nothing bills by the hour, between runs. A run is stopped after `max_hours`. A run that failed or
    was stopped mails the owner and raises an alarm.

    The schedule creates a pipeline of one step: Azure's own SDK refuses any other job in a schedule ("Unsupported job
    type"). What the step does is a registered component, for a pipeline takes none that is not. A changed environment
    is another version of it. The schedule's other action, InvokeBatchEndpoint, would take what Azure's pages do not say
    ("TBD" in the API), and a batch deployment bounds a mini-batch, not a run. A run by hand names the deployment. It
    retries a mini-batch twice and gives up at the first file that fails all the same.

    The component refuses a schedule of other than five fields, a schedule that asks for days of a month or for months,
    which Azure ML would ignore, and a time zone that has no name in Windows.

    Sources: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-schedule-pipeline-job,
    https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/ml/azure-ai-ml/azure/ai/ml/entities/_schedule/schedule.py
    and https://learn.microsoft.com/en-us/azure/machine-learning/how-to-mlflow-batch
    """

    schedule_id: pulumi.Output[str] | None
    """The id of the schedule. There is none where the job is not enabled."""

    def __init__(self, name: str, args: BatchJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:BatchJob", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._named = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        self.schedule_id = self._run(name, args) if args.enabled else None
        self.register_outputs({"schedule_id": self.schedule_id})

    def _run(self, name: str, args: BatchJobArgs) -> pulumi.Output[str]:
        cron, time_zone = _schedule(args)
        told = pulumi.Output.all(args.job_name, args.subscription, name, f"cluster {args.machine.type}")
        cluster = ml.Compute(
            f"{name}-cluster-{digest(args.machine.type)}",
            compute_name=told.apply(lambda words: regional(*words, limit=24)),
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            location=args.region,
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
            properties=cluster_from_zero(args.machine.type, args.replicas),
            tags=args.tags,
            opts=self._named,
        )
        self._endpoint(name, args, cluster)
        alarm_on_logs(
            f"{name}-failed",
            QueryAlarm(
                description=pulumi.Output.concat("a run of ", args.job_name, " failed or was stopped"),
                query=pulumi.Output.concat(
                    rows(
                        "EventType: string",
                        pulumi.Output.concat(
                            "AmlComputeJobEvent | where ExperimentName == '", args.job_name, "' | project EventType"
                        ),
                    ),
                    " | summarize Failed = countif(EventType in ('JobFailed', 'JobCancelled', 'JobCanceled'))",
                ),
                column="Failed",
                operator="GreaterThan",
                threshold=0,
                window="PT15M",
                every="PT15M",
            ),
            args,
            self._child,
        )
        schedule = ml.Schedule(
            f"{name}-schedule",
            name=args.job_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            properties=ml.SchedulePropertiesArgs(
                is_enabled=True,
                display_name=args.job_name,
                action=ml.JobScheduleActionArgs(action_type="CreateJob", job_definition=self._job(name, args, cluster)),
                trigger=ml.CronTriggerArgs(
                    trigger_type="Cron",
                    expression=cron,
                    time_zone=time_zone,
                ),
                tags=args.tags,
            ),
            opts=self._child,
        )
        return schedule.id

    def _job(self, name: str, args: BatchJobArgs, cluster: ml.Compute) -> ml.PipelineJobArgs:
        def full(uri: Text) -> pulumi.Output[str]:
            return full_uri(uri, args.subscription, args.group_name, args.workspace_name)

        identity = ml.ManagedIdentityArgs(identity_type="Managed", client_id=args.client_id)
        return ml.PipelineJobArgs(
            job_type="Pipeline",
            display_name=args.job_name,
            experiment_name=args.job_name,
            identity=identity,
            inputs={
                "model": ml.MLFlowModelJobInputArgs(
                    job_input_type="mlflow_model", mode="ReadOnlyMount", uri=args.model.model_id
                ),
                "data": ml.UriFolderJobInputArgs(
                    job_input_type="uri_folder", mode="ReadOnlyMount", uri=full(args.input_uri)
                ),
            },
            outputs={
                "scores": ml.UriFolderJobOutputArgs(
                    job_output_type="uri_folder", mode="ReadWriteMount", uri=full(args.output_uri)
                )
            },
            # A step is free-form in the API. These are the words of Azure's SDK, mostly in snake case.
            jobs={
                "score": {
                    "type": "command",
                    "name": "score",
                    "componentId": self._component(name, args),
                    "computeId": cluster.id,
                    "environment_variables": dict(args.model.environment),
                    "identity": {"identity_type": "Managed", "client_id": args.client_id},
                    "distribution": _RANKS,
                    "resources": {"instance_count": args.replicas},
                    "limits": {
                        "job_limits_type": "Command",
                        "timeout": pulumi.Output.format("PT{0}H", args.max_hours),
                    },
                    "inputs": {
                        key: {"job_input_type": "literal", "value": f"${{{{parent.inputs.{key}}}}}"}
                        for key in ("model", "data")
                    },
                    "outputs": {"scores": {"type": "literal", "value": "${{parent.outputs.scores}}"}},
                }
            },
            notification_setting=ml.NotificationSettingArgs(
                email_on=["JobFailed", "JobCancelled"], emails=[args.owner]
            ),
            tags=args.tags,
        )

    def _component(self, name: str, args: BatchJobArgs) -> pulumi.Output[str]:
        """Register what the step of a run does. Returns the id of its version."""
        # The name of a component takes no dashes.
        named = pulumi.Output.from_input(args.job_name).apply(lambda job: job.replace("-", "_"))
        container = ml.ComponentContainer(
            f"{name}-step",
            name=named,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            properties=ml.ComponentContainerPropertiesArgs(description="What a run of it does", tags=args.tags),
            opts=self._child,
        )
        version = digest(SCORE, version_of(args.model))
        return ml.ComponentVersion(
            f"{name}-step-{version}",
            name=container.name,
            version=version,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            properties=ml.ComponentVersionPropertiesArgs(
                component_spec={
                    "type": "command",
                    "name": named,
                    "version": version,
                    "command": SCORE,
                    "environment": pulumi.Output.concat("azureml:", args.model.environment_id),
                    "distribution": {"type": "pytorch", "process_count_per_instance": 1},
                    "is_deterministic": False,  # the same folder holds other data tomorrow
                    "inputs": {
                        "model": {"type": "mlflow_model", "mode": "ro_mount"},
                        "data": {"type": "uri_folder", "mode": "ro_mount"},
                    },
                    "outputs": {"scores": {"type": "uri_folder", "mode": "rw_mount"}},
                },
                tags=args.tags,
            ),
            opts=self._child,
        ).id

    def _endpoint(self, name: str, args: BatchJobArgs, cluster: ml.Compute) -> None:
        endpoint = ml.BatchEndpoint(
            name,
            endpoint_name=args.endpoint_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            location=args.region,
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
            # No default deployment: it would have to stand before the endpoint it stands in.
            properties=ml.BatchEndpointPropertiesArgs(auth_mode="AADToken"),
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(
                self._named, pulumi.ResourceOptions(ignore_changes=["properties.defaults"])
            ),
        )
        version = f"v-{digest(args.machine.type, version_of(args.model))}"
        ml.BatchDeployment(
            f"{name}-{version}",
            deployment_name=version,
            endpoint_name=endpoint.name,
            workspace_name=args.workspace_name,
            resource_group_name=args.group_name,
            location=args.region,
            properties=ml.BatchDeploymentPropertiesArgs(
                compute=cluster.id,
                environment_id=args.model.environment_id,
                environment_variables=args.model.environment or None,
                model=ml.IdAssetReferenceArgs(reference_type="Id", asset_id=args.model.model_id),
                resources=ml.DeploymentResourceConfigurationArgs(instance_count=args.replicas),
                max_concurrency_per_instance=1,
                mini_batch_size=10,
                retry_settings=ml.BatchRetrySettingsArgs(max_retries=ATTEMPTS - 1, timeout="PT10M"),
                error_threshold=0,
                logging_level="Info",
                output_action="AppendRow",
                output_file_name="predictions.csv",
            ),
            tags=args.tags,
            opts=self._child,
        )
