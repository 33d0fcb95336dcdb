"""Rollback: a new model version takes a little traffic first and is taken back by itself when it is worse.

`rollback-config-unnamed` of AWS has no meaning here: a deployment is the version it deploys, and a change of it makes
another beside it. What has to be pinned instead is the endpoint's name, for `rollback-endpoint-order`.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource, Severity

from policies.limits import load
from policies.rule import Stack, get, given, known, refers, resource_rule, section, stack_rule

_SERVED, _ALERT = "gcp:vertex/aiEndpoint:AiEndpoint", "gcp:monitoring/alertPolicy:AlertPolicy"
_DEPLOYMENT, _MODEL = "mlplatform:gcp:Deployment", "mlplatform:gcp:Model"
_WORKFLOW, _SCHEDULE = "gcp:workflows/workflow:Workflow", "gcp:cloudscheduler/job:Job"
_CHANNEL = "gcp:monitoring/notificationChannel:NotificationChannel"
_ONLINE = re.compile(r"aiplatform[._]googleapis[._]com[/:]prediction[/_]online")
_ENDPOINT_ID = re.compile(r'endpoint_id\s*=\s*"([^"]+)"')
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}|[1-9][0-9]{0,8}")


@resource_rule(
    "rollback-alarms",
    _DEPLOYMENT,
    severity=Severity.HIGH,
    says="Each deployment is taken back on bounds of its own: its p95 latency and its share of errors.",
    remedy="Set rollback.p95_latency_ms and rollback.error_rate_percent in the stack file.",
)
def alarms(props: Mapping[str, Any]) -> Iterator[str]:
    """The deployment itself measures and rolls back; Vertex AI has no alarms in a deployment."""
    if not (props.get("p95LatencyMs") or 0) > 0:
        yield "is not taken back on its p95 latency"
    if not 0 < (props.get("errorRatePercent") or 0) <= 100:
        yield "is not taken back on its errors"


@resource_rule(
    "rollback-traffic",
    _DEPLOYMENT,
    severity=Severity.HIGH,
    says="A new version takes a canary's share of the traffic first, and bakes.",
    remedy="Set canary.percent within the limit and canary.bake_minutes in the stack file.",
)
def traffic(props: Mapping[str, Any]) -> Iterator[str]:
    """An update of a deployment waits no longer than its resource's timeout, so bakeMinutes bounds itself."""
    limit = load()["canary-percent"].number
    percent = props.get("canaryPercent") or 0
    if not 0 < percent <= limit:
        yield f"lets a new version serve {percent} % first, allowed {limit:g} %"
    if not (props.get("bakeMinutes") or 0) > 0:
        yield "does not bake a new version"


@stack_rule(
    "rollback-endpoint-order",
    severity=Severity.HIGH,
    says="A deployment follows its endpoint and its model, and alone shifts the endpoint's traffic.",
    remedy="Hand the deployment the endpoint's id and the model's version_name; ignore changes of trafficSplit.",
)
def endpoint_order(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """An endpoint or model with something deployed cannot be deleted (python-aiplatform issue 1441)."""
    for deployment in stack.of(_DEPLOYMENT):
        if not refers(deployment, "endpoint", _SERVED):
            yield deployment.urn, "does not wait for its endpoint, so destroy would delete that first"
        if not refers(deployment, "model", _MODEL):
            yield deployment.urn, "does not wait for its model, so destroy would delete that first"
    for endpoint in stack.of(_SERVED):
        if given(endpoint.props, "trafficSplit") or "trafficSplit" not in (endpoint.opts.ignore_changes or ()):
            yield endpoint.urn, "takes the traffic back from its deployment on every up"
        if not _NAME.fullmatch(known(endpoint.props, "name")):
            yield endpoint.urn, "has no pinned name that Vertex AI takes, so no alert can name it"


@stack_rule(
    "rollback-endpoint-watched",
    severity=Severity.MEDIUM,
    says="An endpoint that is slow or fails tells its owner.",
    remedy="Keep the endpoint component's alerts on its p95 latency and its errors.",
)
def endpoint_watched(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Cloud Monitoring's metrics of aiplatform: prediction_latencies at its 95th percentile, response_count by code."""
    watched: set[tuple[str, str]] = set()
    for alert in stack.of(_ALERT):
        for name, text in _watching(alert):
            threshold = section(alert.props, "conditions.conditionThreshold")
            p95 = get(threshold, "aggregations.crossSeriesReducer") == "REDUCE_PERCENTILE_95"
            if "/prediction_latencies" in text and p95:
                watched.add((name, "p95 latency"))
            if "/response_count" in text and "response_code" in text and given(threshold, "denominatorFilter"):
                watched.add((name, "share of errors"))
    for endpoint in stack.of(_SERVED):
        for what in ("p95 latency", "share of errors"):
            if (known(endpoint.props, "name"), what) not in watched:
                yield endpoint.urn, f"has no alert on its {what}"


def _watching(alert: PolicyResource) -> Iterator[tuple[str, str]]:
    """The endpoints that an alert names, each with the text that names it."""
    for condition in alert.props.get("conditions") or ():
        for text in _queries(condition):
            for name in _ENDPOINT_ID.findall(text):
                yield name, text


def _queries(condition: Mapping[str, Any]) -> list[str]:
    """What a condition asks for, of whichever kind it is; empty text where it is not known before `up`."""
    paths = ("conditionThreshold.filter", "conditionAbsent.filter", "conditionMatchedLog.filter")
    paths = (*paths, "conditionPrometheusQueryLanguage.query")
    return [known(condition, path) for path in paths if given(condition, path)]


@resource_rule(
    "rollback-alarm-heard",
    _ALERT,
    severity=Severity.MEDIUM,
    says="An alert is in force, reaches the owner's channel and has a threshold.",
    remedy="Set notification_channels and the condition's threshold_value; leave out enabled.",
)
def alarm_heard(props: Mapping[str, Any]) -> Iterator[str]:
    """A policy without a channel opens incidents that nobody sees."""
    if not given(props, "notificationChannels") or props.get("enabled") is False:
        yield "rings where nobody hears it"
    for condition in props.get("conditions") or ():
        if not _queries(condition):
            yield "asks for nothing"
        if "conditionThreshold" in condition and get(condition, "conditionThreshold.thresholdValue") is None:
            yield "has no threshold"


@stack_rule(
    "rollback-alarm-dimensions",
    severity=Severity.HIGH,
    says="An alert on an endpoint's metric names an endpoint of the stack: without it, another's traffic is counted.",
    remedy="Filter by resource.labels.endpoint_id, which is the endpoint's name.",
)
def alarm_dimensions(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Metrics of all endpoints of a project are under one resource type, aiplatform.googleapis.com/Endpoint."""
    names = {known(endpoint.props, "name") for endpoint in stack.of(_SERVED)}
    for alert in stack.of(_ALERT):
        for condition in alert.props.get("conditions") or ():
            for text in _queries(condition):
                named = set(_ENDPOINT_ID.findall(text))
                if _ONLINE.search(text) and (not named or not named <= names):
                    yield alert.urn, f"watches {', '.join(sorted(named)) or 'every endpoint of the project'}"


@stack_rule(
    "rollback-idle-watched",
    severity=Severity.MEDIUM,
    says="An endpoint, which cannot scale to zero, tells its owner when nobody uses it.",
    remedy="Keep the endpoint component's idle alert.",
)
def idle_watched(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Vertex AI keeps one replica. The query counts missing data as none; a threshold would take it for good news."""
    watched = {
        name
        for alert in stack.of(_ALERT)
        for name, text in _watching(alert)
        if "response_count" in text and "or vector(0)" in text and text.rstrip().endswith("< 1")
    }
    for endpoint in stack.of(_SERVED):
        if known(endpoint.props, "name") not in watched:
            yield endpoint.urn, "may bill while idle and nobody is told"


@stack_rule(
    "rollback-batch-watched",
    severity=Severity.MEDIUM,
    says="A batch job that fails, overruns or is not started tells its owner.",
    remedy="Keep the batch component's three alerts.",
)
def batch_watched(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """The schedule hears only that the workflow was started, so the workflow's end and the schedule's log are asked."""
    wanted = {
        _WORKFLOW: {"failed": ("finished_execution_count", '!= "SUCCEEDED"'), "overran": ('event = "overran"',)},
        _SCHEDULE: {"was not started": ("cloud_scheduler_job", "severity >= ERROR")},
    }
    for type_, kinds in wanted.items():
        for resource in stack.of(type_):
            alerts = stack.referring(_ALERT, "conditions", resource)
            texts = [text for a in alerts for c in a.props.get("conditions") or () for text in _queries(c)]
            for what, words in kinds.items():
                if not any(not text or all(word in text for word in words) for text in texts):
                    yield resource.urn, f"tells nobody that a run {what}"


RULES = [
    alarms,
    traffic,
    endpoint_order,
    endpoint_watched,
    alarm_heard,
    alarm_dimensions,
    idle_watched,
    batch_watched,
]
