"""The hours of an endpoint: a workflow that takes its model off as they end, and puts the same one on as they begin."""

import base64
import json
from dataclasses import dataclass

import pulumi
from pulumi_gcp import cloudscheduler, workflows

from components.gcp.alarms import RunAlarms, run_alarms
from components.gcp.switching import OFF, ON, definition, minutes
from components.given import Tags, Text
from components.hours import Hours, Moment
from provider.gcp.deployment import Deployment


@dataclass(kw_only=True)
class EndpointHours:
    """What is taken off and put on, when, and as whom."""

    project: Text
    region: Text
    endpoint_name: Text
    endpoint_id: pulumi.Output[str]
    deployment: Deployment
    forwarding_rule_id: pulumi.Output[str]
    """The way to the model, of which a run that puts it on makes sure: projects/…/forwardingRules/…"""
    hours: Hours
    account: Text
    """The e-mail address of the `hours` persona's account. It may deploy and undeploy, and act as `serving`."""
    scheduler_agent: Text
    data_key_id: Text
    channel_id: Text
    tags: Tags


def endpoint_hours(name: str, args: EndpointHours, opts: pulumi.ResourceOptions) -> None:
    """Create the workflow, a schedule for each time at which the hours begin or end, and the alerts on both.

    Vertex AI keeps a replica of whatever is deployed; scaling to zero is in preview
    (https://docs.cloud.google.com/vertex-ai/docs/predictions/autoscaling). So the model is undeployed and deployed.
    """
    source = pulumi.Output.all(
        args.endpoint_id,
        args.deployment.deployed_model,
        args.deployment.service_attachment,
        args.forwarding_rule_id,
    ).apply(lambda known: json.dumps(definition(known[0], known[1], known[2], known[3], minutes(args.hours))))
    workflow = workflows.Workflow(
        f"{name}-hours",
        name=f"{name}-hours",
        project=args.project,
        region=args.region,
        description=pulumi.Output.concat("Takes the model off ", args.endpoint_name, " and puts it on by its hours"),
        service_account=args.account,
        source_contents=source,
        crypto_key_name=args.data_key_id,
        call_log_level="LOG_ALL_CALLS",
        deletion_protection=False,
        labels=args.tags,
        opts=opts,
    )
    scheduled = [
        _schedule(f"{name}-{word}-{moment.clock}", args, workflow, moment, wanted, opts)
        for word, wanted, moments in (("opens", ON, args.hours.begin), ("closes", OFF, args.hours.end))
        for moment in moments
    ]
    run_alarms(
        f"{name}-hours",
        RunAlarms(
            project=args.project,
            workflow_name=workflow.name,
            scheduler_names=[one.name for one in scheduled],
            job_name=pulumi.Output.concat("the hours of ", args.endpoint_name),
            channel_id=args.channel_id,
            tags=args.tags,
        ),
        opts,
    )


def _schedule(
    name: str,
    args: EndpointHours,
    workflow: workflows.Workflow,
    moment: Moment,
    wanted: str,
    opts: pulumi.ResourceOptions,
) -> cloudscheduler.Job:
    asked = json.dumps({"argument": json.dumps({"wanted": wanted})})
    return cloudscheduler.Job(
        name,
        name=name,
        project=args.project,
        region=args.region,
        description=pulumi.Output.concat("Turns ", args.endpoint_name, f" {wanted}"),
        schedule=f"{moment.minute} {moment.hour} * * {moment.short_days}",
        time_zone=args.hours.timezone,
        attempt_deadline="60s",
        retry_config={"retry_count": 3, "min_backoff_duration": "30s", "max_retry_duration": "600s"},
        http_target={
            "http_method": "POST",
            "uri": pulumi.Output.concat("https://workflowexecutions.googleapis.com/v1/", workflow.id, "/executions"),
            "headers": {"Content-Type": "application/json"},
            "body": base64.b64encode(asked.encode()).decode(),
            "oauth_token": {
                # The scheduler's agent mints the token, so it must have its role before the first start.
                "service_account_email": pulumi.Output.all(args.account, args.scheduler_agent).apply(lambda of: of[0]),
                "scope": "https://www.googleapis.com/auth/cloud-platform",
            },
        },
        opts=opts,
    )
