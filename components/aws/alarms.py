"""The alarms of an endpoint: what takes a new version back, and what the owner hears of at any time."""

from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import cloudwatch

from components.aws.canary import PERIOD_SECONDS, PERIODS
from components.given import Tags, Text
from components.hours import Hours


@dataclass(kw_only=True)
class Watched:
    """One variant of an endpoint, and who hears of it. `configuration` is the endpoint configuration's name."""

    endpoint_name: Text
    variant: str
    configuration: Text
    topic_arn: Text
    tags: Tags
    opts: pulumi.ResourceOptions


def errors(name: str, of: Watched, most_percent: pulumi.Input[float]) -> cloudwatch.MetricAlarm:
    """Create two alarms on answers with 5xx. Returns the one on the new version, which takes it back."""
    most = pulumi.Output.from_input(most_percent)
    said = pulumi.Output.format("more than {} % of the answers of {}", most.apply("{:g}".format), of.endpoint_name)
    # The metric is 1 for a 5xx answer and 0 for any other, so its average is the error rate; asynchronous
    # endpoints publish it too, where they publish no Invocations to divide by.
    return _both(
        name,
        "errors",
        of,
        "Invocation5XXErrors",
        (pulumi.Output.concat(said, "'s new version are errors"), pulumi.Output.concat(said, " are errors")),
        statistic="Average",
        threshold=most.apply(lambda percent: percent / 100),
    )


def latency(name: str, of: Watched, most_ms: int) -> cloudwatch.MetricAlarm:
    """Create two alarms on p95 latency. Returns the one on the new version, which takes it back."""
    said = pulumi.Output.concat("the p95 latency of ", of.endpoint_name)
    return _both(
        name,
        "p95-latency",
        of,
        "ModelLatency",
        (
            pulumi.Output.concat(said, f"'s new version is above {most_ms} ms"),
            pulumi.Output.concat(said, f" is above {most_ms} ms"),
        ),
        extended_statistic="p95",
        threshold=most_ms * 1000,  # ModelLatency is in microseconds
    )


def _both(
    name: str, what: str, of: Watched, metric: str, said: tuple[pulumi.Output[str], pulumi.Output[str]], **how: Any
) -> cloudwatch.MetricAlarm:
    """An alarm on the new version, and one on whatever answers.

    The metrics under EndpointConfigName are those of the new fleet alone, from its first request on. One on both fleets
    would take a good version back for the old one's errors, and would not see a small canary: "Auto-Rollback
    Configuration and Monitoring",
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html. After a version was taken
    back nothing is published under its configuration any more, so the owner has the other.
    """
    dimensions = {"EndpointName": of.endpoint_name, "VariantName": of.variant}
    _alarm(f"{name}-{what}", of, said[1], metric_name=metric, dimensions=dimensions, **how)
    new = {**dimensions, "EndpointConfigName": of.configuration}
    return _alarm(f"{name}-new-{what}", of, said[0], metric_name=metric, dimensions=new, **how)


SETTLES_MINUTES = 120
"""How long an alarm on what waits stays quiet once the hours begin: an hour for the first replica to start and answer
what came at night, and one for the night on which the clock is set back, which is longer by it."""


def oldest(name: str, of: Watched, most_minutes: pulumi.Input[int], hours: Hours | None) -> None:
    """Create the alarm on a queue, quiet outside of the hours, in which a request waits and is no fault.

    Its metrics exist under EndpointName alone, and while there are requests:
    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html. A muted alarm still rings, and tells
    nobody: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules.html
    """
    most = pulumi.Output.from_input(most_minutes)
    alarm = _alarm(
        f"{name}-oldest",
        of,
        pulumi.Output.format("a request to {} has waited for more than {} minutes", of.endpoint_name, most),
        metric_name="ApproximateAgeOfOldestRequest",
        dimensions={"EndpointName": of.endpoint_name},
        statistic="Maximum",
        threshold=most.apply(lambda minutes: minutes * 60),
        evaluation_periods=5,
    )
    if hours is None:
        return
    for moment in hours.quiet(SETTLES_MINUTES):
        cloudwatch.AlarmMuteRule(
            f"{name}-oldest-quiet-{moment.clock}-{moment.lasts}",
            description=pulumi.Output.concat("a request to ", of.endpoint_name, " waits for its hours"),
            mute_targets={"alarm_names": [alarm.name]},
            rule={
                "schedule": {
                    "expression": f"cron({moment.minute} {moment.hour} * * {moment.short_days})",
                    "duration": f"PT{moment.lasts // 60}H{moment.lasts % 60}M",
                    "timezone": hours.timezone,
                }
            },
            tags=of.tags,
            opts=of.opts,
        )


def lost(name: str, of: Watched) -> None:
    """Create the alarm on requests to a queue that nobody answers: they were too old, or SageMaker could not read them
    or write what was answered. None of these is an answer with 5xx.

    Each metric is published where it counts something, and metric math takes a missing value for 0:
    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
    """
    parts = {"expired": "ExpiredRequests", "unread": "RequestDownloadFailures", "unwritten": "ResponseUploadFailures"}
    metric = {
        "namespace": "AWS/SageMaker",
        "dimensions": {"EndpointName": of.endpoint_name, "VariantName": of.variant},
        "stat": "Sum",
        "period": 300,
    }
    _alarm(
        f"{name}-lost",
        of,
        pulumi.Output.concat("a request to ", of.endpoint_name, " expired, or could not be read or answered"),
        namespace=None,
        period=None,
        metric_queries=[
            {"id": "lost", "expression": " + ".join(parts), "label": "requests that were lost", "return_data": True},
            *({"id": id_, "metric": {**metric, "metric_name": called}} for id_, called in parts.items()),
        ],
        threshold=0,
        evaluation_periods=1,
    )


def idle(name: str, of: Watched) -> None:
    """Create the alarm on a day without a request.

    SageMaker publishes Invocations when there are some, and what the machines do as long as they stand. So an hour
    counts as idle where the machines stood and nobody called: metric math takes a missing value for 0, and has none
    where no metric has one. An alarm that took silence for idleness would ring as soon as it is made. "Using metric
    math", https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html; "Endpoint instance
    metrics", https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
    """
    dimensions = {"EndpointName": of.endpoint_name, "VariantName": of.variant}

    def metric(namespace: str, metric_name: str, stat: str) -> dict[str, Any]:
        return {
            "namespace": namespace,
            "metric_name": metric_name,
            "dimensions": dimensions,
            "stat": stat,
            "period": 3600,
        }

    _alarm(
        f"{name}-idle",
        of,
        pulumi.Output.concat(of.endpoint_name, " had no request for a day and still bills: set enabled: false"),
        namespace=None,
        period=None,
        metric_queries=[
            {
                "id": "requests",
                "expression": "calls + 0 * machines",
                "label": "requests while the machines stand",
                "return_data": True,
            },
            {"id": "calls", "metric": metric("AWS/SageMaker", "Invocations", "Sum")},
            {"id": "machines", "metric": metric("/aws/sagemaker/Endpoints", "CPUUtilization", "Maximum")},
        ],
        comparison_operator="LessThanThreshold",
        threshold=1,
        evaluation_periods=24,
    )


def _alarm(name: str, of: Watched, description: Text, **how: Any) -> cloudwatch.MetricAlarm:
    usual: dict[str, Any] = {
        "namespace": "AWS/SageMaker",
        "comparison_operator": "GreaterThanThreshold",
        "period": PERIOD_SECONDS,
        "evaluation_periods": PERIODS,
        "treat_missing_data": "notBreaching",
    }
    return cloudwatch.MetricAlarm(
        name,
        name=name,
        alarm_description=description,
        alarm_actions=[of.topic_arn],
        tags=of.tags,
        opts=of.opts,
        **{**usual, **how},
    )
