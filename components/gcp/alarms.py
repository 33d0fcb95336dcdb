"""Alert policies: an endpoint that is slow, fails or idles; a run that failed, overran or never started."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_gcp import monitoring

from components.shapes import Rollout

_METRICS = "aiplatform.googleapis.com/prediction/online"


@dataclass
class EndpointAlarms:
    """One endpoint; the bounds that take a version back while it bakes hold for good."""

    project: str
    endpoint_name: str
    rollout: Rollout
    channel_id: pulumi.Input[str]
    tags: Mapping[str, str]


def endpoint_alarms(name: str, args: EndpointAlarms, opts: pulumi.ResourceOptions) -> None:
    """Create the alert policies of an endpoint: p95 latency, error rate, and a day without a request.

    Metrics: Cloud Monitoring, "Google Cloud metrics", aiplatform; latencies are in milliseconds. An endpoint never
    called has no series, which a threshold would take for good news: the idle policy counts a missing one as zero.
    """
    of = (
        f'resource.type = "aiplatform.googleapis.com/Endpoint" AND resource.labels.endpoint_id = "{args.endpoint_name}"'
    )
    answers = f'{of} AND metric.type = "{_METRICS}/response_count"'
    in_all = {"alignment_period": "60s", "per_series_aligner": "ALIGN_DELTA", "cross_series_reducer": "REDUCE_SUM"}
    latency = {"alignment_period": "60s", "per_series_aligner": "ALIGN_DELTA"}
    policies: dict[str, tuple[str, dict[str, Any]]] = {
        "p95-latency": (
            f"the p95 latency of {args.endpoint_name} is above {args.rollout.p95_latency_ms} ms",
            {
                "condition_threshold": {
                    "filter": f'{of} AND metric.type = "{_METRICS}/prediction_latencies"'
                    ' AND metric.labels.latency_type = "total"',
                    "aggregations": [{**latency, "cross_series_reducer": "REDUCE_PERCENTILE_95"}],
                    "comparison": "COMPARISON_GT",
                    "threshold_value": args.rollout.p95_latency_ms,
                    "duration": "180s",
                }
            },
        ),
        "errors": (
            f"more than {args.rollout.error_rate_percent:g} % of the answers of {args.endpoint_name} are errors",
            {
                "condition_threshold": {
                    "filter": f'{answers} AND metric.labels.response_code = monitoring.regex.full_match("5.*")',
                    "aggregations": [in_all],
                    "denominator_filter": answers,
                    "denominator_aggregations": [in_all],
                    "comparison": "COMPARISON_GT",
                    "threshold_value": args.rollout.error_rate_percent / 100,
                    "duration": "180s",
                }
            },
        ),
        "idle": (
            f"{args.endpoint_name} had no request for a day and still bills: set enabled: false",
            {
                "condition_prometheus_query_language": {
                    "query": "(sum(increase(aiplatform_googleapis_com:prediction_online_response_count{"
                    f'monitored_resource="aiplatform.googleapis.com/Endpoint",endpoint_id="{args.endpoint_name}"'
                    "}[1d])) or vector(0)) < 1",
                    "evaluation_interval": "3600s",
                    "duration": "3600s",
                }
            },
        ),
    }
    for suffix, (words, condition) in policies.items():
        _policy(f"{name}-{suffix}", words, condition, args.project, args.channel_id, args.tags, opts)


@dataclass
class RunAlarms:
    """One scheduled workflow and the scheduler's job that starts it, by name."""

    project: str
    workflow_name: pulumi.Input[str]
    scheduler_name: pulumi.Input[str]
    job_name: str
    channel_id: pulumi.Input[str]
    tags: Mapping[str, str]


def run_alarms(name: str, args: RunAlarms, opts: pulumi.ResourceOptions) -> None:
    """Create the alert policies of a batch job: a run failed, overran, or was not started.

    The scheduler hears only that the workflow was started and the metric knows no reason, so the workflow logs that it
    overran, and the scheduler's own log says that it could not start one.
    """
    workflow = pulumi.Output.concat(
        'resource.type = "workflows.googleapis.com/Workflow" AND resource.labels.workflow_id = "',
        args.workflow_name,
        '"',
    )
    failed = {
        "condition_threshold": {
            "filter": pulumi.Output.concat(
                workflow,
                ' AND metric.type = "workflows.googleapis.com/finished_execution_count"',
                ' AND metric.labels.status != "SUCCEEDED"',
            ),
            "aggregations": [
                {
                    "alignment_period": "300s",
                    "per_series_aligner": "ALIGN_DELTA",
                    "cross_series_reducer": "REDUCE_SUM",
                }
            ],
            "comparison": "COMPARISON_GT",
            "threshold_value": 0,
            "duration": "0s",
        }
    }
    overran = pulumi.Output.concat(workflow, ' AND severity >= ERROR AND jsonPayload.event = "overran"')
    unstarted = pulumi.Output.concat(
        'resource.type = "cloud_scheduler_job" AND resource.labels.job_id = "',
        args.scheduler_name,
        '" AND severity >= ERROR',
    )
    policies: dict[str, dict[str, Any]] = {
        "failed": failed,
        "overran": {"condition_matched_log": {"filter": overran}},
        "did not start": {"condition_matched_log": {"filter": unstarted}},
    }
    for what, condition in policies.items():
        words = f"a run of {args.job_name} {what}"
        _policy(f"{name}-{what.replace(' ', '-')}", words, condition, args.project, args.channel_id, args.tags, opts)


def _policy(
    name: str,
    words: str,
    condition: Mapping[str, Any],
    project: str,
    channel_id: pulumi.Input[str],
    tags: Mapping[str, str],
    opts: pulumi.ResourceOptions,
) -> None:
    strategy: monitoring.AlertPolicyAlertStrategyArgsDict = {"auto_close": "86400s"}
    if "condition_matched_log" in condition:
        strategy["notification_rate_limit"] = {"period": "300s"}  # which these, and only these, must have
    monitoring.AlertPolicy(
        name,
        project=project,
        display_name=name,
        combiner="OR",
        conditions=[{"display_name": words, **condition}],  # pyright: ignore[reportArgumentType]
        documentation={"content": words, "mime_type": "text/markdown"},
        alert_strategy=strategy,
        notification_channels=[channel_id],
        user_labels=tags,
        opts=opts,
    )
