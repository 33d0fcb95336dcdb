"""Rollback: a new model version takes a little traffic first and is taken back by itself when it is worse.

`rollback-config-unnamed` of AWS is `rollback-deployment-versioned` here: a deployment's machine, model and image cannot
be changed in place, so its name must change with them, and Pulumi's random name would change with nothing.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource, Severity

from policies.azure.reading import not_before, said
from policies.limits import load
from policies.rule import Stack, get, given, known, refers, resource_rule, section, stack_rule

_ML = "azure-native:machinelearningservices"
_SERVED, _DEPLOYMENT = f"{_ML}:OnlineEndpoint", f"{_ML}:OnlineDeployment"
_SCHEDULE, _BATCH, _BATCH_ENDPOINT = f"{_ML}:Schedule", f"{_ML}:BatchDeployment", f"{_ML}:BatchEndpoint"
_TRAFFIC, _SCALING = "mlplatform:azure:Traffic", "azure-native:monitor:AutoscaleSetting"
_ALERT, _QUERY = "azure-native:monitor:MetricAlert", "azure-native:monitor:ScheduledQueryRule"
_ACTIONS, _LOGS = "azure-native:monitor:ActionGroup", "azure-native:operationalinsights:Workspace"
_VERSIONED = re.compile(r"[a-z][a-z0-9-]*-[0-9a-f]{7,}")

# What each kind of resource publishes: "Supported metrics for Microsoft.MachineLearningServices/workspaces/
# onlineEndpoints" and "…/onlineEndpoints/deployments" (Azure Monitor reference).
_PUBLISHED: Mapping[str, tuple[str, ...]] = {
    _SERVED: (
        "ConnectionsActive",
        "NetworkBytes",
        "NewConnectionsPerSecond",
        "RequestLatency",
        "RequestLatency_P50",
        "RequestLatency_P90",
        "RequestLatency_P95",
        "RequestLatency_P99",
        "RequestsPerMinute",
    ),
    _DEPLOYMENT: (
        "CpuMemoryUtilizationPercentage",
        "CpuUtilizationPercentage",
        "DeploymentCapacity",
        "DiskUtilization",
        "GpuEnergyJoules",
        "GpuMemoryUtilizationPercentage",
        "GpuUtilizationPercentage",
    ),
}
_TRAFFIC_LOG, _JOB_LOG = "AmlOnlineEndpointTrafficLog", "AmlComputeJobEvent"


@stack_rule(
    "rollback-alarms",
    severity=Severity.HIGH,
    says="Each endpoint's traffic goes back on its own errors and p95 latency, and alarms watch the same afterwards.",
    remedy="Keep the endpoint component's traffic, with both bounds, and its two alarms.",
)
def alarms(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """The bounds of our own Traffic while a version bakes; a metric alert and a log query once it serves."""
    for traffic in stack.of(_TRAFFIC):
        for key, what in (("p95LatencyMs", "p95 latency"), ("errorRatePercent", "errors")):
            if not 0 < (traffic.props.get(key) or 0) < (100 if key == "errorRatePercent" else 60_000):
                yield traffic.urn, f"does not take a version back on {what}"
    for endpoint in stack.of(_SERVED):
        watching = [a for a in stack.referring(_ALERT, "scopes", endpoint) if _compares(a)]
        if not any("RequestLatency_P95" in _metrics(alert) for alert in watching):
            yield endpoint.urn, "has no alarm on its p95 latency"
    asked = _asked(stack, _TRAFFIC_LOG, "GreaterThan", "ResponseCode")
    for endpoint in stack.of(_SERVED):
        if endpoint.props.get("endpointName") not in asked:
            yield endpoint.urn, "has no alarm on its errors"


def _metrics(alert: PolicyResource) -> list[str]:
    return [str(item.get("metricName")) for item in get(alert.props, "criteria.allOf") or ()]


def _compares(alert: PolicyResource) -> bool:
    """Whether an alert rings above something that can be passed."""
    return all(
        item.get("operator") in ("GreaterThan", "GreaterThanOrEqual") and (item.get("threshold") or 0) > 0
        for item in get(alert.props, "criteria.allOf") or ()
    )


def _asked(stack: Stack, table: str, operator: str, *words: str) -> set[str]:
    """What log alarms over a log workspace of the stack name in quotes, by table and operator."""
    found: set[str] = set()
    for alarm in stack.of(_QUERY):
        for item in get(alarm.props, "criteria.allOf") or ():
            query = str(item.get("query"))
            if table in query and item.get("operator") == operator and all(word in query for word in words):
                found |= set(re.findall(r"'([^']+)'", query)) if refers(alarm, "scopes", _LOGS) else set()
    return found


@stack_rule(
    "rollback-traffic",
    severity=Severity.HIGH,
    says="An endpoint's traffic is our provider's to shift: a canary within the limit first, which bakes.",
    remedy="Set canary.percent within the limit and canary.bake_minutes in the stack file; keep the Traffic resource.",
)
def traffic(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Each deployment has its traffic; the endpoint's own traffic is empty and let be, for it would be set back."""
    limit = load()["canary-percent"].number
    for item in stack.of(_TRAFFIC):
        if not 0 < (item.props.get("canaryPercent") or 0) <= limit:
            yield item.urn, f"lets a new version serve {item.props.get('canaryPercent')} % first, allowed {limit:g} %"
        if not (item.props.get("bakeMinutes") or 0) > 0:
            yield item.urn, "does not bake a new version"
        if not 0 <= (item.props.get("mirrorPercent") or 0) <= 50:
            yield item.urn, "mirrors more than Azure does (50 %)"
    for endpoint in stack.of(_SERVED):
        # Ignored, it is what a refresh found in the cloud and what an update sends back unchanged.
        if not {"properties", "properties.traffic"} & set(endpoint.opts.ignore_changes):
            yield endpoint.urn, "would set its traffic back at every update (ignore properties.traffic)"
            if said(endpoint.props, "properties.traffic") or said(endpoint.props, "properties.mirrorTraffic"):
                yield endpoint.urn, "shifts its traffic itself, at once"
    for deployment in stack.of(_DEPLOYMENT):
        if not stack.referring(_TRAFFIC, "deployment", deployment):
            yield deployment.urn, "has no traffic, so it bills and serves nobody"


@stack_rule(
    "rollback-endpoint-order",
    severity=Severity.HIGH,
    says="An endpoint is made first, then its deployment, its autoscaling and its traffic; on destroy the reverse.",
    remedy="Pass each the name or id of the one before; let traffic depend on the autoscale setting.",
)
def order(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A deployment with traffic cannot be deleted, nor can an endpoint's traffic name one that does not stand (Azure
    ML, "Perform safe rollout"). A batch endpoint names no default for the same reason.
    """
    for kind, home in ((_DEPLOYMENT, _SERVED), (_BATCH, _BATCH_ENDPOINT)):
        for deployment in stack.of(kind):
            if not refers(deployment, "endpointName", home):
                yield deployment.urn, "may be made before its endpoint"
    for setting in stack.of(_SCALING):
        if not refers(setting, "targetResourceUri", _DEPLOYMENT):
            yield setting.urn, "may be made before its deployment"
    for item in stack.of(_TRAFFIC):
        deployments = refers(item, "deployment", _DEPLOYMENT)
        if not deployments or not refers(item, "endpoint", _SERVED):
            yield item.urn, "may come before the deployment that it names"
        settings = [s for d in deployments for s in stack.referring(_SCALING, "targetResourceUri", d)]
        for setting in not_before(item, settings):
            yield item.urn, f"may come before {setting.name}, while nothing bounds the replicas"


@resource_rule(
    "rollback-deployment-versioned",
    _DEPLOYMENT,
    _BATCH,
    severity=Severity.HIGH,
    says="A deployment is named by what it runs, so that another version stands beside the old one first.",
    remedy="End deployment_name with a digest of machine type, model and image, as the endpoint component does.",
)
def deployment_versioned(props: Mapping[str, Any]) -> Iterator[str]:
    """The instance type of a deployment cannot be changed, and one deleted to make room leaves nothing that serves."""
    if not _VERSIONED.fullmatch(known(props, "deploymentName")):
        yield "has a name that does not change with what it runs"
    if not given(props, "properties.model") or not given(props, "properties.environmentId"):
        yield "names no version of its model and environment"


@stack_rule(
    "rollback-alarm-heard",
    severity=Severity.MEDIUM,
    says="An alarm does something: it reaches the action group.",
    remedy="Set actions to the alerts component's action group, and enabled=True.",
)
def alarm_heard(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """At least one action group of the stack, and not switched off."""
    for alarm in stack.of(_ALERT, _QUERY):
        acts = given(alarm.props, "actions.actionGroupId") or given(alarm.props, "actions.actionGroups")
        if alarm.props.get("enabled") is not True or not acts or not refers(alarm, "actions", _ACTIONS):
            yield alarm.urn, "rings where nobody hears it"
        conditions: list[Mapping[str, Any]] = get(alarm.props, "criteria.allOf") or [{}]
        for item in conditions:
            if item.get("threshold") is None:
                yield alarm.urn, "has no threshold"


@stack_rule(
    "rollback-alarm-dimensions",
    severity=Severity.HIGH,
    says="An alarm watches something: a metric that its resource publishes, or the stack's own log workspace.",
    remedy="Scope latency and requests to the endpoint, a machine's use to the deployment, queries to the workspace.",
)
def alarm_dimensions(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A metric asked of the wrong resource, or a query of a table kept elsewhere, matches nothing and never rings."""
    for alert in stack.of(_ALERT):
        for metric in _metrics(alert) or [""]:
            kinds = [kind for kind, metrics in _PUBLISHED.items() if metric in metrics]
            if not any(refers(alert, "scopes", kind) for kind in kinds):
                yield alert.urn, f"watches nothing: {metric or 'no metric'} is not published by its scope"
    for alarm in stack.of(_QUERY):
        if not refers(alarm, "scopes", _LOGS) or not given(alarm.props, "criteria.allOf.query"):
            yield alarm.urn, "watches nothing: it asks no log workspace of the stack"


@stack_rule(
    "rollback-idle-watched",
    severity=Severity.MEDIUM,
    says="An endpoint, which cannot scale to zero, tells its owner when nobody uses it.",
    remedy="Keep the endpoint component's idle alarm.",
)
def idle_watched(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A log query that counts: a silent metric answers nothing and does not ring, a count answers zero."""
    asked = _asked(stack, _TRAFFIC_LOG, "LessThan", "count()")
    for endpoint in stack.of(_SERVED):
        if endpoint.props.get("endpointName") not in asked:
            yield endpoint.urn, "may bill while idle and nobody is told"


@stack_rule(
    "rollback-batch-watched",
    severity=Severity.MEDIUM,
    says="A batch job that fails or is stopped tells its owner.",
    remedy="Keep the batch component's alarm and the job's notification.",
)
def batch_watched(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A log query on the job's experiment, and the job's own mail: the log may come late, the mail names the run."""
    asked = _asked(stack, _JOB_LOG, "GreaterThan", "JobFailed", "JobCancel")
    for schedule in stack.of(_SCHEDULE):
        job = section(schedule.props, "properties.action.jobDefinition")
        if job.get("experimentName") not in asked:
            yield schedule.urn, "has no alarm on failed or stopped runs"
        mail = section(job, "notificationSetting")
        if not mail.get("emails") or not {"JobFailed", "JobCancelled"} <= set(mail.get("emailOn") or ()):
            yield schedule.urn, "mails nobody when a run fails or is stopped"


RULES = [
    alarms,
    traffic,
    order,
    deployment_versioned,
    alarm_heard,
    alarm_dimensions,
    idle_watched,
    batch_watched,
]
