"""The runs of a job: a workflow that starts them, watches, stops in time and reports, by the clock or by hand."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_gcp import cloudscheduler, workflows

from components.gcp.alarms import RunAlarms, run_alarms
from components.gcp.run import PIPELINES, RunArgs, definition
from components.given import Tags, Text, counted
from components.shapes import Schedule

DESCRIPTION = 1_000
"""How many characters the description of a workflow may have: Workflows, projects.locations.workflows, description,
https://cloud.google.com/workflows/docs/reference/rest/v1/projects.locations.workflows
"""


@dataclass(frozen=True, kw_only=True)
class Runs:
    """What the runs of a job are: the job that does the work, when they start, and who hears where they fail."""

    project: Text
    """The id of the Google Cloud project."""
    region: Text
    """The region of the workflow and its jobs."""
    job_name: Text
    """What jobs and alerts are called."""
    description: pulumi.Input[str]
    """What a run does, in words; cut off where Workflows takes no more, as may be with long addresses."""
    does: str
    """What one attempt does, in a word: score, train or path."""
    collection: str
    """Where Vertex AI makes such jobs: batchPredictionJobs, customJobs or pipelineJobs."""
    request: pulumi.Input[Mapping[str, Any]]
    """The job that is sent there, but its name."""
    schedule: Schedule | None
    """When a run starts; None where people start each."""
    runs_per_month: int | None = None
    """How many runs people start in a month at most, where there is no schedule: a label of the workflow."""
    max_hours: pulumi.Input[int]
    """After how many hours a run is stopped, what it waited and tried again included."""
    pipeline_account: Text
    """The account that the workflow runs as."""
    scheduler_agent: Text
    """Cloud Scheduler's own agent, which the schedule waits for."""
    data_key_id: Text
    """The KMS key of the workflow."""
    channel_id: Text
    """The notification channel that alerts go to."""
    tags: Tags
    """The labels of everything that is created."""


def workflow_of_runs(name: str, args: Runs, opts: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """Create the workflow, its schedule where there is one, and the alerts. Returns the workflow's id.

    Alerts say that a run failed or overran, and, with a schedule, that one was not started.
    """
    source = pulumi.Output.all(
        project=args.project,
        region=args.region,
        job_name=args.job_name,
        request=args.request,
        max_hours=args.max_hours,
    ).apply(lambda known: json.dumps(definition(RunArgs(does=args.does, collection=args.collection, **known))))
    workflow = workflows.Workflow(
        name,
        name=name,
        project=args.project,
        region=args.region,
        description=pulumi.Output.from_input(args.description).apply(lambda text: text[:DESCRIPTION]),
        service_account=args.pipeline_account,
        source_contents=source,
        crypto_key_name=args.data_key_id,
        call_log_level="LOG_ALL_CALLS",
        deletion_protection=False,
        labels=counted(args.tags, args.runs_per_month),
        opts=opts,
    )
    scheduled = [_by_the_clock(name, args, args.schedule, workflow, opts)] if args.schedule is not None else []
    run_alarms(
        name,
        RunAlarms(
            project=args.project,
            workflow_name=workflow.name,
            scheduler_names=[one.name for one in scheduled],
            job_name=args.job_name,
            channel_id=args.channel_id,
            tags=args.tags,
            tells_why=args.collection == PIPELINES,
        ),
        opts,
    )
    return workflow.id


def _by_the_clock(
    name: str, args: Runs, schedule: Schedule, workflow: workflows.Workflow, opts: pulumi.ResourceOptions
) -> cloudscheduler.Job:
    # The scheduler's agent mints the token, so it must have its role before the first start.
    account = pulumi.Output.all(args.pipeline_account, args.scheduler_agent).apply(lambda both: both[0])
    return cloudscheduler.Job(
        f"{name}-schedule",
        name=f"{name}-schedule",
        project=args.project,
        region=args.region,
        description=pulumi.Output.concat("Starts ", args.job_name),
        schedule=schedule.cron,
        time_zone=schedule.timezone,
        attempt_deadline="60s",
        retry_config={"retry_count": 3, "min_backoff_duration": "30s", "max_retry_duration": "3600s"},
        http_target={
            "http_method": "POST",
            "uri": pulumi.Output.concat("https://workflowexecutions.googleapis.com/v1/", workflow.id, "/executions"),
            "headers": {"Content-Type": "application/json"},
            "body": base64.b64encode(json.dumps({"argument": "{}"}).encode()).decode(),
            "oauth_token": {
                "service_account_email": account,
                "scope": "https://www.googleapis.com/auth/cloud-platform",
            },
        },
        opts=opts,
    )
