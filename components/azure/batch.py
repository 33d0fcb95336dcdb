"""Scoring on a schedule: a job that Azure ML starts on a cluster from zero, stops in time and reports."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import machinelearningservices as ml

from components.azure.monitoring import QueryAlarm, Watched, alarm_on_logs
from components.azure.names import digest, regional
from components.azure.registry import RegisteredModel, full_uri
from components.azure.schedules import ncrontab, windows_timezone
from components.azure.workspace import cluster_from_zero
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


@dataclass
class BatchJobArgs:
    """A run is stopped after `max_hours`.

    `endpoint_name` is unique in its region, `job_name` in the workspace. `enabled=False` leaves model and environment
    and takes schedule, endpoint, cluster and alarm.
    """

    subscription: str
    job_name: str
    endpoint_name: str
    enabled: bool
    workspace_name: pulumi.Input[str]
    model: RegisteredModel
    identity_id: pulumi.Input[str]
    client_id: pulumi.Input[str]
    machine: Machine
    replicas: int
    schedule: Schedule
    max_hours: int
    input_uri: str
    output_uri: str
    owner: str
    watched: Watched
    tags: Mapping[str, str]


class BatchJob(pulumi.ComponentResource):
    """Creates, while enabled, a cluster from zero, a schedule that scores on it, and a batch endpoint for runs by hand.

    The schedule creates a job: what its other action, InvokeBatchEndpoint, takes is not documented ("TBD" in the API),
    and a batch deployment bounds a mini-batch, not a run. A job's time limit stops it after `max_hours`; a failed or
    stopped run mails the owner and raises an alarm. A run by hand names the deployment, retries a mini-batch twice and
    gives up at the first file that fails all the same. Nothing runs, and nothing bills by the hour, between runs. The
    image must have MLflow. Rules: Azure ML, "Schedule pipeline jobs", "Deploy MLflow models in batch deployments".
    """

    schedule_id: pulumi.Output[str] | None

    def __init__(self, name: str, args: BatchJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:BatchJob", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._named = pulumi.ResourceOptions(parent=self, delete_before_replace=True)
        self.schedule_id = self._run(name, args) if args.enabled else None
        self.register_outputs({"schedule_id": self.schedule_id})

    def _run(self, name: str, args: BatchJobArgs) -> pulumi.Output[str]:
        cluster = ml.Compute(
            f"{name}-cluster-{digest(args.machine.type)}",
            compute_name=regional(args.job_name, args.subscription, name, f"cluster {args.machine.type}", limit=24),
            workspace_name=args.workspace_name,
            resource_group_name=args.watched.group_name,
            location=args.watched.region,
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
            properties=cluster_from_zero(args.machine.type, args.replicas),
            tags=args.tags,
            opts=self._named,
        )
        self._endpoint(name, args, cluster)
        alarm_on_logs(
            f"{name}-failed",
            QueryAlarm(
                description=f"a run of {args.job_name} failed or was stopped",
                query=f"AmlComputeJobEvent | where ExperimentName == '{args.job_name}'"
                " | summarize Failed = countif(EventType in ('JobFailed', 'JobCancelled', 'JobCanceled'))",
                column="Failed",
                operator="GreaterThan",
                threshold=0,
                window="PT15M",
                every="PT15M",
            ),
            args.watched,
            self._child,
        )
        schedule = ml.Schedule(
            f"{name}-schedule",
            name=args.job_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.watched.group_name,
            properties=ml.SchedulePropertiesArgs(
                is_enabled=True,
                display_name=args.job_name,
                action=ml.JobScheduleActionArgs(action_type="CreateJob", job_definition=self._job(args, cluster)),
                trigger=ml.CronTriggerArgs(
                    trigger_type="Cron",
                    expression=ncrontab(args.schedule.cron),
                    time_zone=windows_timezone(args.schedule.timezone),
                ),
                tags=args.tags,
            ),
            opts=self._child,
        )
        return schedule.id

    def _job(self, args: BatchJobArgs, cluster: ml.Compute) -> ml.CommandJobArgs:
        def full(uri: str) -> pulumi.Output[str]:
            return full_uri(uri, args.subscription, args.watched.group_name, args.workspace_name)

        return ml.CommandJobArgs(
            job_type="Command",
            command=SCORE,
            display_name=args.job_name,
            experiment_name=args.job_name,
            compute_id=cluster.id,
            environment_id=args.model.environment_id,
            identity=ml.ManagedIdentityArgs(identity_type="Managed", client_id=args.client_id),
            distribution=ml.PyTorchArgs(distribution_type="PyTorch", process_count_per_instance=1),
            resources=ml.JobResourceConfigurationArgs(instance_count=args.replicas),
            limits=ml.CommandJobLimitsArgs(job_limits_type="Command", timeout=f"PT{args.max_hours}H"),
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
            notification_setting=ml.NotificationSettingArgs(
                email_on=["JobFailed", "JobCancelled"], emails=[args.owner]
            ),
            tags=args.tags,
        )

    def _endpoint(self, name: str, args: BatchJobArgs, cluster: ml.Compute) -> None:
        endpoint = ml.BatchEndpoint(
            name,
            endpoint_name=args.endpoint_name,
            workspace_name=args.workspace_name,
            resource_group_name=args.watched.group_name,
            location=args.watched.region,
            identity={"type": "UserAssigned", "user_assigned_identities": [args.identity_id]},
            # No default deployment: it would have to stand before the endpoint it stands in.
            properties=ml.BatchEndpointPropertiesArgs(auth_mode="AADToken"),
            tags=args.tags,
            opts=pulumi.ResourceOptions.merge(
                self._named, pulumi.ResourceOptions(ignore_changes=["properties.defaults"])
            ),
        )
        version = f"v-{digest(args.machine.type, args.model.version)}"
        ml.BatchDeployment(
            f"{name}-{version}",
            deployment_name=version,
            endpoint_name=endpoint.name,
            workspace_name=args.workspace_name,
            resource_group_name=args.watched.group_name,
            location=args.watched.region,
            properties=ml.BatchDeploymentPropertiesArgs(
                compute=cluster.id,
                environment_id=args.model.environment_id,
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
