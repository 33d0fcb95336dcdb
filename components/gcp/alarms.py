"""Alert policies: an endpoint that is slow, fails or idles; a run that failed, overran or never started."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_gcp import monitoring

from catalogue.week import together
from components.given import Tags, Text
from components.hours import Hours
from components.shapes import Rollout

_METRICS = "aiplatform.googleapis.com/prediction/online"
_FAMILIES = {
    "": (
        ' AND metric.labels.latency_type = "total"',
        ' AND metric.labels.response_code = monitoring.regex.full_match("5.*")',
    ),
    "private/": ("", " AND metric.labels.response_code >= 500"),
}
"""The two families of an endpoint's metrics, each with what its total latency and its errors are filtered by. Google
does not say which one an endpoint behind Private Service Connect writes, so both are watched. The code of an answer is
a class of codes such as 5xx in the first, and a number in the second, which no regular expression matches. Cloud
Monitoring, "Google Cloud metrics", https://cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform, and
"Monitoring filters", https://cloud.google.com/monitoring/api/v3/filters
"""
_A_DAY = " had no request for a day and still bills"
LOOKS_BACK_HOURS = 2
"""How far the idle policy's query looks back. It is asked once an hour and figures come late, so one hour may miss a
call."""


@dataclass(kw_only=True)
class EndpointAlarms:
    """One endpoint. Latency and errors may never pass the bounds that take a new version back."""

    project: Text
    endpoint_name: Text
    endpoint_id: Text
    rollout: Rollout
    hours: Hours | None
    channel_id: Text
    tags: Tags


def endpoint_alarms(name: str, args: EndpointAlarms, opts: pulumi.ResourceOptions) -> None:
    """Create the alert policies of an endpoint: p95 latency, error rate, and a day without a request.

    Metrics: Cloud Monitoring, "Google Cloud metrics", aiplatform; latencies are in milliseconds. An endpoint never
    called has no series, which a threshold would take for good news: the idle policy counts a missing one as zero. So
    a query over a whole day would ring as soon as the policy is made. This one looks back a little and must have been
    true for the rest of the day, which a policy begins to count when it is made, and it is made with the endpoint:
    "AlertPolicy", PrometheusQueryLanguageCondition.duration,
    https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies

    No alert rings while the endpoint is off by its hours. Slow and failing answers are none without a model. The idle
    policy then asks for replicas too, and rings where its longest range of hours passed without a request.
    """
    of = pulumi.Output.concat(
        'resource.type = "aiplatform.googleapis.com/Endpoint" AND resource.labels.endpoint_id = "',
        args.endpoint_id,
        '" AND metric.type = "',
    )
    in_all = {"alignment_period": "60s", "per_series_aligner": "ALIGN_DELTA", "cross_series_reducer": "REDUCE_SUM"}
    percentile = {**in_all, "cross_series_reducer": "REDUCE_PERCENTILE_95"}
    slow = [
        {
            "condition_threshold": {
                "filter": pulumi.Output.concat(of, f'{_METRICS}/{family}prediction_latencies"{total}'),
                "aggregations": [percentile],
                "comparison": "COMPARISON_GT",
                "threshold_value": args.rollout.p95_latency_ms,
                "duration": "180s",
            }
        }
        for family, (total, _) in _FAMILIES.items()
    ]
    failing: list[dict[str, Any]] = []
    for family, (_, errors) in _FAMILIES.items():
        answers = pulumi.Output.concat(of, f'{_METRICS}/{family}response_count"')
        failing.append(
            {
                "condition_threshold": {
                    "filter": pulumi.Output.concat(answers, errors),
                    "aggregations": [in_all],
                    "denominator_filter": answers,
                    "denominator_aggregations": [in_all],
                    "comparison": "COMPARISON_GT",
                    "threshold_value": args.rollout.error_rate_percent / 100,
                    "duration": "180s",
                }
            }
        )
    idle = {
        "condition_prometheus_query_language": {
            "query": pulumi.Output.concat(*_standing(args), *_calls_lately(args.endpoint_id), " < 1"),
            "evaluation_interval": "3600s",
            "duration": f"{_silent_hours(args.hours) * 3600}s",
            "disable_metric_validation": True,  # a new project has no such series yet, for which the policy is refused
        }
    }
    policies: dict[str, tuple[Text, list[dict[str, Any]]]] = {
        "p95-latency": (
            pulumi.Output.concat(
                "the p95 latency of ", args.endpoint_name, f" is above {args.rollout.p95_latency_ms} ms"
            ),
            slow,
        ),
        "errors": (
            pulumi.Output.concat(
                f"more than {args.rollout.error_rate_percent:g} % of the answers of ", args.endpoint_name, " are errors"
            ),
            failing,
        ),
        "idle": (
            pulumi.Output.concat(
                args.endpoint_name,
                " had no request for its hours of a day and bills in them" if args.hours else _A_DAY,
                ": set enabled: false",
            ),
            [idle],
        ),
    }
    for suffix, (words, conditions) in policies.items():
        _policy(f"{name}-{suffix}", words, conditions, args.project, args.channel_id, args.tags, opts)


def _silent_hours(hours: Hours | None) -> int:
    """For how long the query must hold before the policy rings: with what it looks back, a day or the longest range."""
    longest = 24 if hours is None else max(ends - begins for begins, ends in together(hours.days)) // 60
    return max(min(longest, 24) - LOOKS_BACK_HOURS, LOOKS_BACK_HOURS)


def _standing(args: EndpointAlarms) -> list[Text]:
    """The parts of a query that is true while there are replicas; none where there always are.

    Google does not say which of the two metrics an endpoint behind Private Service Connect writes, so either counts.
    """
    if args.hours is None:
        return []
    parts: list[Text] = []
    for metric in ("replicas", "cpu_utilization"):
        parts += [
            " or " if parts else "(",
            f"count(aiplatform_googleapis_com:prediction_online_{metric}{{"
            'monitored_resource="aiplatform.googleapis.com/Endpoint",endpoint_id="',
            args.endpoint_id,
            '"} > 0)',
        ]
    return [*parts, ") and "]


def _calls_lately(endpoint_id: Text) -> list[Text]:
    """The parts of a query that counts the answers of both families, and a series that never was as zero."""
    parts: list[Text] = []
    for family in ("", "private_"):
        parts += [
            " + " if parts else "",
            f"(sum(increase(aiplatform_googleapis_com:prediction_online_{family}response_count{{"
            'monitored_resource="aiplatform.googleapis.com/Endpoint",endpoint_id="',
            endpoint_id,
            f'"}}[{LOOKS_BACK_HOURS}h])) or vector(0))',
        ]
    return parts


@dataclass(kw_only=True)
class RunAlarms:
    """One workflow and the scheduler's jobs that start it, by name; none where people start each run."""

    project: Text
    workflow_name: Text
    scheduler_names: Sequence[Text]
    job_name: Text
    channel_id: Text
    tags: Tags
    tells_why: bool = False
    """Whether the workflow logs what failed, which the alert then says: the step of a pipeline."""


def run_alarms(name: str, args: RunAlarms, opts: pulumi.ResourceOptions) -> None:
    """Create the alert policies of a job, or of hours: a run failed, overran, or was not started by its schedule.

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
    policies: dict[str, dict[str, Any]] = {
        "failed": failed,
        "overran": {"condition_matched_log": {"filter": overran}},
    }
    if args.tells_why:
        why = pulumi.Output.concat(workflow, ' AND severity >= ERROR AND jsonPayload.event = "failed"')
        policies[_AT_A_STEP] = {
            "condition_matched_log": {
                "filter": why,
                "label_extractors": {_WHY: "EXTRACT(jsonPayload.error.message)"},
            }
        }
    if args.scheduler_names:
        policies["did not start"] = {"condition_matched_log": {"filter": _unstarted(args.scheduler_names)}}
    for what, condition in policies.items():
        words = pulumi.Output.concat("a run of ", args.job_name, f" {what}")
        told = pulumi.Output.concat(words, f": ${{log.extracted_label.{_WHY}}}") if what == _AT_A_STEP else words
        called = f"{name}-{what.replace(' ', '-')}"
        _policy(called, words, [condition], args.project, args.channel_id, args.tags, opts, told)


_AT_A_STEP, _WHY = "failed at a step", "why"
"""What a log entry says of a failure, as the owner reads it: Vertex AI names the failed steps there. Cloud Monitoring,
"Using variables in documentation", https://cloud.google.com/monitoring/alerts/doc-variables
"""


def _unstarted(scheduler_names: Sequence[Text]) -> pulumi.Output[str]:
    named = [pulumi.Output.concat('resource.labels.job_id = "', one, '"') for one in scheduler_names]
    started = pulumi.Output.all(*named).apply(lambda each: each[0] if len(each) == 1 else f"({' OR '.join(each)})")
    return pulumi.Output.concat('resource.type = "cloud_scheduler_job" AND ', started, " AND severity >= ERROR")


def _policy(
    name: str,
    words: Text,
    conditions: Sequence[Mapping[str, Any]],
    project: Text,
    channel_id: Text,
    tags: Tags,
    opts: pulumi.ResourceOptions,
    told: Text | None = None,
) -> None:
    """`words` is what a policy waits for, and `told` what the owner reads of it where that is more."""
    strategy: monitoring.AlertPolicyAlertStrategyArgsDict = {"auto_close": "86400s"}
    if any("condition_matched_log" in condition for condition in conditions):
        strategy["notification_rate_limit"] = {"period": "300s"}  # which these, and only these, must have
    monitoring.AlertPolicy(
        name,
        project=project,
        display_name=name,
        combiner="OR",
        conditions=[{"display_name": words, **condition} for condition in conditions],  # pyright: ignore[reportArgumentType]
        documentation={"content": words if told is None else told, "mime_type": "text/markdown"},
        alert_strategy=strategy,
        notification_channels=[channel_id],
        user_labels=tags,
        opts=opts,
    )
