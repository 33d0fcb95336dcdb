"""Rollback: a new model version takes a little traffic first and is taken back by itself when it is worse.

`rollback-config-unnamed` of AWS is `rollback-deployment-versioned` here. A deployment's machine, model and image cannot
change in place, so its name must change with them. Pulumi's random name would not.
"""

import re
from collections.abc import Iterator
from math import inf

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import monitor
from catalogue.kinds.azure.jobs import JOB, SCHEDULE, Job, jobs, last_steps, slug_of, trains
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT, SERVED
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_DEPLOYMENT, BATCH_ENDPOINT
from catalogue.kinds.azure.mlplatform import TRAFFIC
from catalogue.pauses import longest_pause_hours
from catalogue.properties import Properties
from policies.azure.alarms import (
    SEEN_MINUTES,
    asks_the_logs,
    errors_watched,
    errors_watched_above,
    failures_watched,
    idling_watched,
    lateness_watched,
    missing_watched,
    steps_told,
)
from policies.azure.published import asked_wrongly, kinds_with
from policies.azure.reading import foreign, longest_minutes, not_before
from policies.limits import Limits, of
from policies.rule import resource_rule, stack_rule

_VERSIONED = re.compile(r"[a-z][a-z0-9-]*-[0-9a-f]{7,}")


@stack_rule(
    "rollback-alarms",
    TRAFFIC,
    SERVED,
    severity="high",
    says="An endpoint's traffic goes back when its errors or p95 latency exceed bounds; alarms watch both afterwards, "
    "by the same bounds.",
    remedy="Keep the endpoint component's traffic, with both bounds, and its two alarms.",
)
def alarms(graph: Graph, resource: Resource) -> Iterator[str]:
    """While a version bakes, our own Traffic watches its bounds. Later a metric alert and a log query do. An alarm with
    several conditions rings only when all of them hold, so it does not count.
    """
    if resource.type == TRAFFIC:
        for key, what, too_much in (("p95LatencyMs", "p95 latency", 60_001), ("errorRatePercent", "errors", 100)):
            if not 0 < (resource.props.number_or_none(key) or 0) < too_much:
                yield f"does not take a version back on {what}"
        return
    watching = graph.referring(monitor.METRIC_ALERT, "scopes", resource)
    latency, errors = (_bound(graph, resource, key) for key in ("p95LatencyMs", "errorRatePercent"))
    if not any(_metrics(alert) == ["RequestLatency_P95"] and _compares(alert, latency) for alert in watching):
        yield "has no alarm on its p95 latency, or one that rings later than its traffic goes back"
    name = resource.props.text_or_empty("endpointName")
    if name not in errors_watched(graph):
        yield "has no alarm on its errors"
    elif errors is not None and name not in errors_watched_above(graph, errors):
        yield f"has no alarm that rings when more than {errors:g} % of its answers fail, as its traffic goes back"


def _bound(graph: Graph, endpoint: Resource, key: str) -> float | None:
    """The least bound of the endpoint's traffic; None where none says one, and in a program that is not ours."""
    shifts = graph.referring(TRAFFIC, "endpoint", endpoint) if graph.ours else []
    return min((bound for one in shifts if (bound := one.props.number_or_none(key)) is not None), default=None)


def _metrics(alert: Resource) -> list[str]:
    return [condition.text_or_empty("metricName") for condition in alert.props.each_section("criteria.allOf")]


def _compares(alert: Resource, most: float | None) -> bool:
    """Whether an alert rings above a threshold that can be passed, and that is no more than a bound."""
    return all(
        condition.text_or_empty("operator") in ("GreaterThan", "GreaterThanOrEqual")
        and 0 < (condition.number_or_none("threshold") or 0) <= (inf if most is None else most)
        for condition in alert.props.each_section("criteria.allOf")
    )


@stack_rule(
    "rollback-traffic",
    TRAFFIC,
    SERVED,
    ONLINE_DEPLOYMENT,
    severity="high",
    says="This project's provider shifts an endpoint's traffic: first a canary within the limit, which bakes.",
    remedy="Set canary.percent within the limit and canary.bake_minutes in the stack file; keep the Traffic resource.",
)
def traffic(graph: Graph, resource: Resource) -> Iterator[str]:
    """Each deployment has its Traffic. The endpoint's own traffic is empty and ignored, or every update would reset it.
    In another program the endpoint may give its traffic itself, to what stands.
    """
    if resource.type == TRAFFIC:
        yield from _shifts(of(graph), resource.props)
    elif resource.type == SERVED:
        # An ignored property has the value that a refresh found, and an update sends it back unchanged.
        itself = any(resource.props.is_given(f"properties.{key}") for key in ("traffic", "mirrorTraffic"))
        if not {"properties", "properties.traffic"} & set(resource.ignored_changes):
            if graph.ours or not itself:
                yield "would set its traffic back at every update (ignore properties.traffic)"
            if itself:
                yield "shifts its traffic itself, at once"
        yield from _to_nobody(graph, resource)
    elif not graph.referring(TRAFFIC, "deployment", resource) and not _given_by_endpoint(graph, resource):
        yield "has no traffic, so it bills and serves nobody"


def _to_nobody(graph: Graph, endpoint: Resource) -> Iterator[str]:
    """The shares of an endpoint's own traffic that go to no deployment of it in the graph, where it has any there."""
    there = {
        one.props.text_if_known("deploymentName").casefold()
        for one in graph.referring(ONLINE_DEPLOYMENT, "endpointName", endpoint)
    }
    for key in ("traffic", "mirrorTraffic"):
        shares = endpoint.props.section_or_empty(f"properties.{key}").names()
        if there and "" not in there:
            yield from (
                f"sends requests to {name}, which is no deployment of it ({key})"
                for name in shares
                if name.casefold() not in there
            )


def _given_by_endpoint(graph: Graph, deployment: Resource) -> bool:
    """Whether the endpoint of another program gives a deployment a share of its requests itself."""
    name = deployment.props.text_if_known("deploymentName").casefold()
    return not graph.ours and any(
        share.casefold() == name and (endpoint.props.number_or_none(f"properties.traffic.{share}") or 0) > 0
        for endpoint in graph.refers(deployment, "endpointName", SERVED)
        for share in endpoint.props.section_or_empty("properties.traffic").names()
    )


def _shifts(limits: Limits, props: Properties) -> Iterator[str]:
    limit, first = limits["canary-percent"].number, props.number_or_none("canaryPercent")
    if not 0 < (first or 0) <= limit:
        yield f"lets a new version serve {first or 'no'} % first, allowed {limit:g} %"
    if not (props.number_or_none("bakeMinutes") or 0) > 0:
        yield "does not bake a new version"
    if not 0 <= (props.number_or_none("mirrorPercent") or 0) <= 50:
        yield "mirrors more than Azure does (50 %)"


@stack_rule(
    "rollback-endpoint-order",
    ONLINE_DEPLOYMENT,
    BATCH_DEPLOYMENT,
    monitor.AUTOSCALE_SETTING,
    TRAFFIC,
    severity="high",
    says="An endpoint is made first, then its deployment, its autoscaling and its traffic; on destroy the reverse.",
    remedy="Pass each the name or id of the one before; let traffic depend on the autoscale setting.",
)
def order(graph: Graph, resource: Resource) -> Iterator[str]:
    """A deployment with traffic cannot be deleted, nor can an endpoint's traffic name one that does not stand (Azure
    ML, "Perform safe rollout"). A batch endpoint names no default for the same reason.
    """
    if resource.type in (ONLINE_DEPLOYMENT, BATCH_DEPLOYMENT):
        if not graph.refers(resource, "endpointName", SERVED if resource.type == ONLINE_DEPLOYMENT else BATCH_ENDPOINT):
            yield "may be made before its endpoint"
    elif resource.type == monitor.AUTOSCALE_SETTING:
        if not graph.refers(resource, "targetResourceUri", ONLINE_DEPLOYMENT):
            yield "may be made before its deployment"
    else:
        deployments = graph.refers(resource, "deployment", ONLINE_DEPLOYMENT)
        if not deployments or not graph.refers(resource, "endpoint", SERVED):
            yield "may come before the deployment that it names"
        settings = [s for d in deployments for s in graph.referring(monitor.AUTOSCALE_SETTING, "targetResourceUri", d)]
        for setting in not_before(graph, resource, settings):
            yield f"may come before {setting.name}, while nothing bounds the replicas"


@resource_rule(
    "rollback-deployment-versioned",
    ONLINE_DEPLOYMENT,
    BATCH_DEPLOYMENT,
    severity="high",
    says="A deployment is named by what it runs, so that another version stands beside the old one first.",
    remedy="End deployment_name with a digest of machine type, model and image, as the endpoint component does.",
)
def deployment_versioned(props: Properties) -> Iterator[str]:
    """The instance type of a deployment cannot change. Deleting the old one first would leave nothing that serves."""
    if not _VERSIONED.fullmatch(props.text_if_known("deploymentName")):
        yield "has a name that does not change with what it runs"
    if not props.is_given("properties.model") or not props.is_given("properties.environmentId"):
        yield "names no version of its model and environment"


@stack_rule(
    "rollback-alarm-heard",
    monitor.METRIC_ALERT,
    monitor.QUERY_RULE,
    severity="medium",
    says="Every alarm notifies the stack's action group, and no other.",
    remedy="Set actions to the alerts component's action group, and enabled=True.",
)
def alarm_heard(graph: Graph, alarm: Resource) -> Iterator[str]:
    """The alarm is switched on and has an action group of the stack. Every condition has a threshold."""
    groups = graph.refers(alarm, "actions", monitor.ACTION_GROUP)
    where = "actions.actionGroupId" if alarm.type == monitor.METRIC_ALERT else "actions.actionGroups"
    if alarm.props.flag_or_none("enabled") is not True or not groups or not alarm.props.is_given_in_each(where):
        yield "rings where nobody hears it"
    elif any(foreign(alarm.props, where, groups)):
        yield "rings at an action group that is not the stack's"
    conditions = list(alarm.props.each_section("criteria.allOf"))
    if not conditions or any(condition.number_or_none("threshold") is None for condition in conditions):
        yield "has no threshold"


@stack_rule(
    "rollback-alarm-dimensions",
    monitor.METRIC_ALERT,
    monitor.QUERY_RULE,
    severity="high",
    says="An alarm watches something: a metric that its resource publishes, or the stack's own log workspace.",
    remedy="Scope latency and requests to the endpoint, a machine's use to the deployment, queries to the workspace.",
)
def alarm_dimensions(graph: Graph, alarm: Resource) -> Iterator[str]:
    """A metric asked of the wrong resource or otherwise than it is published, or a query of a table kept elsewhere,
    matches nothing and never rings.
    """
    if alarm.type == monitor.METRIC_ALERT:
        conditions = list(alarm.props.each_section("criteria.allOf"))
        if not conditions:
            yield "watches nothing: it has no condition"
        for asked in conditions:
            metric = asked.text_or_empty("metricName")
            kinds = kinds_with(metric)
            scopes = graph.refers(alarm, "scopes", *kinds) if kinds else []
            if not scopes or any(foreign(alarm.props, "scopes", scopes)):
                yield f"watches nothing: {metric or 'no metric'} is not published by its scope"
            for kind in sorted({scope.type for scope in scopes}):
                yield from asked_wrongly(kind, asked, "metricNamespace", "timeAggregation")
        return
    if not alarm.props.is_given_in_each("criteria.allOf.query") or not asks_the_logs(graph, alarm):
        yield "watches nothing: it asks no log workspace of the stack"


@stack_rule(
    "rollback-idle-watched",
    SERVED,
    severity="medium",
    says="An endpoint, which cannot scale to zero, tells its owner when nobody uses it.",
    remedy="Keep the endpoint component's idle alarm.",
)
def idle_watched(graph: Graph, endpoint: Resource) -> Iterator[str]:
    """The alarm must be a log query that counts. A metric without data does not ring, but a count is then zero."""
    if endpoint.props.text_or_empty("endpointName") not in idling_watched(graph):
        yield "may bill while idle and nobody is told"


@stack_rule(
    "rollback-batch-watched",
    SCHEDULE,
    severity="medium",
    says="A batch job that fails or is stopped tells its owner, and one that trains also when a run does not end "
    "in time or none succeeded that was due; where a run has several steps, it says which failed.",
    remedy="Keep the component's alarms and the job's notification; give each step a cluster of its own.",
)
def batch_watched(graph: Graph, schedule: Resource) -> Iterator[str]:
    """A log query on the experiment of every job, and each job's own mail, or that of the pipeline it stands in: the
    log may come late, the mail names the run. A run of training may wait for machines, which nothing bounds. The log
    tells the steps of a run apart by their clusters alone.
    """
    late, found = graph.ours and trains(schedule.props), list(jobs(schedule.props))
    clusters = {job.step: _cluster(graph, schedule, job) for job in found}
    for job in found:
        names, cluster = _experiments(job), clusters[job.step]
        if not failures_watched(graph, names, cluster):
            yield "has no alarm on failed or stopped runs"
        if late and not lateness_watched(graph, names, cluster, job.minutes_or_none() or 0):
            yield "has no alarm on a run that does not end"
        if not any(_mails(part.section_or_empty("notificationSetting")) for part in (job.own, *job.around)):
            yield "mails nobody when a run fails or is stopped"
    due, names = _due_within(graph, schedule) if late else None, _experiments(found[0])
    for last in last_steps(schedule.props) if due else ():
        others = [cluster for step, cluster in clusters.items() if step != last.step]
        if due and not missing_watched(graph, _experiments(last), due, others, clusters[last.step]):
            end = f" with its step {last.step}" if len(last_steps(schedule.props)) > 1 else ""
            yield f"has no alarm that rings when no run was started in time, or none succeeded{end}"
    told = {slug_of(job.step): clusters[job.step] for job in found}
    if late and len(found) > 1 and all(told.values()) and not steps_told(graph, names, told):
        yield "has no alarm that says which of its steps failed"


def _experiments(job: Job) -> set[str]:
    return {part.text_or_empty("experimentName") for part in (job.own, *job.around)}


def _cluster(graph: Graph, schedule: Resource, job: Job) -> str:
    """The name of the cluster that a job runs on; empty where it is not known, or Azure makes one."""
    compute = job.compute(graph, schedule)
    return compute.props.text_if_known("computeName") if compute is not None else ""


def _due_within(graph: Graph, schedule: Resource) -> float | None:
    """Within how many minutes a run that trains must have succeeded: the longest pause of its schedule, what a run
    takes, and what its file lets its jobs wait. None where people start it, and where that is longer than alarms look
    back.
    """
    trigger = schedule.props.section_or_empty("properties.trigger")
    off = schedule.props.flag_or_none("properties.isEnabled") is False
    if off or trigger.text_or_empty("triggerType") != "Cron":
        return None
    pause = longest_pause_hours(trigger.text_or_empty("expression"))
    minutes = pause * 60 + longest_minutes(graph, schedule)
    return minutes if minutes + 60 <= SEEN_MINUTES else None


@resource_rule(
    "rollback-batch-starts",
    SCHEDULE,
    severity="high",
    says="A schedule starts a pipeline, for Azure ML does not say that it starts any other job.",
    remedy="Make the job the one step of a pipeline, as the batch component does.",
)
def batch_starts(props: Properties) -> Iterator[str]:
    """The page "Schedule machine learning pipeline jobs" knows pipelines only. azure-ai-ml refuses any other job unless
    private previews are on (`JobSchedule._to_rest_object`: "Unsupported job type"). A step names a registered
    component.
    """
    job = props.section_or_empty(JOB)
    kind = job.text_or_empty("jobType")
    if kind != "Pipeline":
        yield f"starts a job of type {kind or 'none'}, which Azure ML's schedules are not made for; allowed: Pipeline"
    for step in job.each_section("jobs.*"):
        kind = step.text_or_empty("type")
        path = "trial.componentId" if kind == "sweep" else "componentId"
        if not step.is_given(path) and not step.is_given("jobs"):
            yield f"has a step that names no component ({path})"
        if kind == "command" and not step.is_given("limits.job_limits_type"):
            yield "has a step whose limits are of no kind of job (limits.job_limits_type)"


def _mails(mail: Properties) -> bool:
    return mail.is_given("emails") and {"JobFailed", "JobCancelled"} <= set(mail.each_text("emailOn"))


RULES = [
    alarms,
    traffic,
    order,
    deployment_versioned,
    alarm_heard,
    alarm_dimensions,
    idle_watched,
    batch_watched,
    batch_starts,
]
