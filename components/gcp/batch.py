"""Scoring on a schedule: a batch prediction job that a workflow starts, watches, stops in time and reports."""

import base64
import json
from dataclasses import dataclass

import pulumi
from pulumi_gcp import cloudscheduler, workflows

from components.gcp.alarms import RunAlarms, run_alarms
from components.gcp.model import FOLDER, PLACE, ModelArgs, versioned_model
from components.gcp.run import RunArgs, definition
from components.given import Args, Tags, Text, hold
from components.shapes import Machine, Schedule

REACH: tuple[str, ...] = ()
"""Nothing: Vertex AI fetches and writes on Google's side."""


@dataclass(kw_only=True)
class BatchJobArgs(Args):
    """What scores what, when, on which machines, and who hears where it fails.

    Raises BadArgument for an input that is not in Cloud Storage, and for an output that is no folder there.
    """

    job_name: Text
    """What batch prediction jobs and alerts are called: a letter, then `[a-z0-9-]`, at most 47 characters."""
    enabled: bool = True
    """Whether the job is scheduled, which it is where this is left out. `False` leaves the model and takes the
    schedule, the workflow and their alerts. The program must know it."""
    model: ModelArgs
    """The model to score with, as the `batch` persona runs it."""
    machine: Machine
    """The machine type that a run takes. Vertex AI offers it for batch inference in the region."""
    replicas: pulumi.Input[int] = 1
    """How many machines a run takes, from its start to its end; one where this is left out."""
    schedule: Schedule
    """When a run starts."""
    max_hours: pulumi.Input[int]
    """Hours after which a run is stopped, its retries included."""
    input_uri: Text
    """What is scored: JSON lines, one file `gs://BUCKET/FILE` or all in the folder `gs://BUCKET/FOLDER/`. The `batch`
    persona must be able to read it."""
    output_uri: Text
    """The folder below which each run writes a folder of its own, `gs://BUCKET/FOLDER/`. The `batch` persona must be
    able to write there."""
    pipeline_account: Text
    """The e-mail address of the `pipeline` persona's service account, of Identity. The workflow runs as it, so it must
    be able to create batch prediction jobs and to act as the model's service account."""
    scheduler_agent: Text
    """Cloud Scheduler's own agent, of ServiceAgents. The schedule waits until the agent has its role."""
    channel_id: Text
    """The notification channel that alerts go to, of Alerts."""
    tags: Tags
    """The labels of everything that is created, of the batch prediction jobs, too."""

    def __post_init__(self) -> None:
        super().__post_init__()
        hold(self, "input_uri", PLACE, "a file or folder in Cloud Storage such as gs://bucket/folder/")
        hold(self, "output_uri", FOLDER, "a folder in Cloud Storage such as gs://bucket/folder/")


class BatchJob(pulumi.ComponentResource):
    """Creates a model and, while enabled, a schedule that runs a batch prediction job with it, and alerts.

    The model is a resource of the provider `mlplatform`, which your project names under `plugins`.

    Cloud Scheduler starts a workflow and hears no more of it. The workflow starts the job, waits for it, retries it
    twice, stops it after `max_hours`, and fails where the job failed. Alerts say that a run failed, overran or was
    not started. Cloud Scheduler may rarely deliver a start twice: then two runs score the same into two folders.
    Nothing runs and nothing bills between runs.

    A batch prediction job runs on Google's side and takes no network, so no network of yours contains it.
    Rules: Vertex AI, "Get batch inferences", https://cloud.google.com/vertex-ai/docs/predictions/get-batch-predictions;
    Workflows, "Use customer-managed encryption keys", https://cloud.google.com/workflows/docs/use-cmek
    """

    workflow_id: pulumi.Output[str] | None
    """The workflow, `projects/PROJECT/locations/REGION/workflows/NAME`, with which a run can be started by hand. None
    while the job is switched off."""

    def __init__(self, name: str, args: BatchJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:BatchJob", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        model = versioned_model(f"{name}-batch-model", args.model, args.tags, self._child)
        self.workflow_id = self._run(name, args, model.version_name) if args.enabled else None
        self.register_outputs({"workflow_id": self.workflow_id})

    def _run(self, name: str, args: BatchJobArgs, model: pulumi.Output[str]) -> pulumi.Output[str]:
        project, region, key = args.model.project, args.model.region, args.model.data_key_id
        source = pulumi.Output.all(
            project=project,
            region=region,
            job_name=args.job_name,
            model=model,
            replicas=args.replicas,
            max_hours=args.max_hours,
            input_uri=args.input_uri,
            output_uri=args.output_uri,
            service_account=args.model.service_account,
            data_key_id=key,
            tags=args.tags,
        ).apply(lambda known: json.dumps(definition(RunArgs(machine=args.machine, **known))))
        workflow = workflows.Workflow(
            name,
            name=name,
            project=project,
            region=region,
            description=pulumi.Output.concat(args.job_name, ": score ", args.input_uri, " to ", args.output_uri),
            service_account=args.pipeline_account,
            source_contents=source,
            crypto_key_name=key,
            call_log_level="LOG_ALL_CALLS",
            deletion_protection=False,
            labels=args.tags,
            opts=self._child,
        )
        # The scheduler's agent mints the token, so it must have its role before the first start.
        account = pulumi.Output.all(args.pipeline_account, args.scheduler_agent).apply(lambda both: both[0])
        scheduled = cloudscheduler.Job(
            f"{name}-schedule",
            name=f"{name}-schedule",
            project=project,
            region=region,
            description=pulumi.Output.concat("Starts ", args.job_name),
            schedule=args.schedule.cron,
            time_zone=args.schedule.timezone,
            attempt_deadline="60s",
            retry_config={"retry_count": 3, "min_backoff_duration": "30s", "max_retry_duration": "3600s"},
            http_target={
                "http_method": "POST",
                "uri": pulumi.Output.concat(
                    "https://workflowexecutions.googleapis.com/v1/", workflow.id, "/executions"
                ),
                "headers": {"Content-Type": "application/json"},
                "body": base64.b64encode(json.dumps({"argument": "{}"}).encode()).decode(),
                "oauth_token": {
                    "service_account_email": account,
                    "scope": "https://www.googleapis.com/auth/cloud-platform",
                },
            },
            opts=self._child,
        )
        run_alarms(
            name,
            RunAlarms(
                project=project,
                workflow_name=workflow.name,
                scheduler_names=[scheduled.name],
                job_name=args.job_name,
                channel_id=args.channel_id,
                tags=args.tags,
            ),
            self._child,
        )
        return workflow.id
