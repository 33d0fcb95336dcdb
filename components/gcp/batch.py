"""Scoring on a schedule: a batch prediction job that a workflow starts, watches, stops in time and reports."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import cloudscheduler, workflows

from components.gcp.alarms import RunAlarms, run_alarms
from components.gcp.model import ModelArgs, versioned_model
from components.gcp.run import RunArgs, definition
from components.shapes import Machine, Schedule

REACH: tuple[str, ...] = ()
"""Nothing: Vertex AI fetches and writes on Google's side."""


@dataclass
class BatchJobArgs:
    """A run is stopped after `max_hours`.

    `enabled=False` leaves the model and takes the schedule, the workflow and their alerts.
    """

    job_name: str
    enabled: bool
    model: ModelArgs
    machine: Machine
    replicas: int
    schedule: Schedule
    max_hours: int
    input_uri: str
    output_uri: str
    pipeline_account: pulumi.Input[str]
    scheduler_agent: pulumi.Input[str]
    channel_id: pulumi.Input[str]
    tags: Mapping[str, str]


class BatchJob(pulumi.ComponentResource):
    """Creates a model and, while enabled, a schedule that runs a batch prediction job with it.

    A batch prediction job has no network field: it runs on Google's side, as the batch persona, with the pilot's key,
    and no network of ours contains it. The scheduler sees only that a run was started; the workflow waits for the job,
    retries it twice, stops it after `max_hours`, and fails where it failed (components/gcp/run.py). A start may rarely
    be delivered twice; each run then writes a folder of its own. Nothing runs, and nothing bills, between runs. Rules:
    Vertex AI, "Get batch inferences"; Workflows, "Use customer-managed encryption keys".
    """

    workflow_id: pulumi.Output[str] | None

    def __init__(self, name: str, args: BatchJobArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:BatchJob", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        model = versioned_model(f"{name}-batch-model", args.model, args.tags, self._child)
        self.workflow_id = self._run(name, args, model.version_name) if args.enabled else None
        self.register_outputs({"workflow_id": self.workflow_id})

    def _run(self, name: str, args: BatchJobArgs, model: pulumi.Output[str]) -> pulumi.Output[str]:
        project, region, key = args.model.project, args.model.region, args.model.data_key_id
        run = RunArgs(
            project=project,
            region=region,
            job_name=args.job_name,
            model=model,
            machine=args.machine,
            replicas=args.replicas,
            max_hours=args.max_hours,
            input_uri=args.input_uri,
            output_uri=args.output_uri,
            service_account=args.model.service_account,
            data_key_id=key,
            tags=args.tags,
        )
        workflow = workflows.Workflow(
            name,
            name=name,
            project=project,
            region=region,
            description=f"{args.job_name}: score {args.input_uri} to {args.output_uri}",
            service_account=args.pipeline_account,
            source_contents=pulumi.Output.json_dumps(definition(run)),
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
            description=f"Starts {args.job_name}",
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
                scheduler_name=scheduled.name,
                job_name=args.job_name,
                channel_id=args.channel_id,
                tags=args.tags,
            ),
            self._child,
        )
        return workflow.id
