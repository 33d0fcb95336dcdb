"""Limits: machines, zones, hours and what is kept stay inside the limits.

policies/everywhere.py checks replicas, machine types, regions and quotas on every platform. `limits-autoscaled` of AWS
has no meaning here: a deployment has its own range of replicas, which `limits-replicas` and `limits-scaling-policy`
check.
"""

import re
from collections.abc import Iterator, Set
from math import ceil
from zoneinfo import ZoneInfo, available_timezones

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.kind import At, Takes
from catalogue.kinds import kind_of, kinds
from catalogue.kinds.gcp import artifactregistry, cloudscheduler, mlplatform, storage, workbench, workflows
from catalogue.kinds.gcp.workflows import by_schedule, deadlines, jobs, texts
from catalogue.pricing import shortest_gap
from catalogue.properties import Malformed, Properties, Unreadable
from catalogue.vertex_jobs import SCORES, longest_way
from catalogue.wording import one_line
from policies.gcp import outputs
from policies.gcp.encryption import seconds
from policies.limits import OWN, Limits, outside
from policies.rule import limit_rule, resource_rule, stack_rule

_DEPLOYMENT, _WORKFLOW = mlplatform.DEPLOYMENT, workflows.WORKFLOW
_WORKBENCH, _BUCKET = workbench.INSTANCE, storage.BUCKET
_REPOSITORY = artifactregistry.REPOSITORY
_METRICS = (
    "aiplatform.googleapis.com/prediction/online/accelerator/duty_cycle",
    "aiplatform.googleapis.com/prediction/online/cpu/utilization",
    "aiplatform.googleapis.com/prediction/online/request_count",
)


@resource_rule(
    "limits-scaling-policy",
    _DEPLOYMENT,
    severity="high",
    says="A deployment has at least one replica. It scales on a metric with a target, so that it shrinks again.",
    remedy="Keep the endpoint component's scaling_metric and scaling_target, and min_replicas of at least 1.",
)
def scaling_policy(props: Properties) -> Iterator[str]:
    """The three metrics that autoscalingMetricSpecs takes, and minReplicaCount (aiplatform v1)."""
    metric, target = props.text_or_empty("scalingMetric"), props.number_or_none("scalingTarget") or 0
    if metric not in _METRICS or not target > 0:
        yield "scales on no metric that Vertex AI knows, or to no target"
    elif target > 100 and not metric.endswith("/request_count"):
        yield f"scales where {target:g} % of a machine are used, so never"
    if (props.number_or_none("minReplicas") or 0) < 1:
        yield "starts with no replica, where Vertex AI keeps at least one"


@resource_rule(
    "limits-replicas-fixed",
    _DEPLOYMENT,
    severity="high",
    proof="hardware fit",
    says="A deployment on a TPU has one number of replicas, for Vertex AI does not scale it.",
    remedy="Set max_replicas to min_replicas in the stack file, or choose a family without a TPU.",
)
def replicas_fixed(props: Properties) -> Iterator[str]:
    """Vertex AI, "Use TPUs for online inference",
    https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/predictions/use-tpu
    """
    machine = catalogue.load("gcp").machine_types.get(props.text_or_empty("machineType"))
    least, most = props.number_or_none("minReplicas"), props.number_or_none("maxReplicas")
    if machine is not None and machine.accelerator and not machine.accelerator.scales and least != most:
        yield f"has {least or 0:g} to {most or 0:g} replicas on {machine.machine_type}, which Vertex AI does not scale"


@limit_rule(
    "limits-workspace-machines",
    _WORKBENCH,
    severity="high",
    proof="hardware fit",
    says="Workbench instances run only on machine types of the limits, with no accelerator added.",
    remedy=f"Choose a hardware family of the limits in the stack file, or have the owner add it in {OWN}.",
)
def workspace_machines(limits: Limits, props: Properties) -> Iterator[str]:
    """`limits-machine-types` leaves out personal machines, for they draw on Compute Engine's quotas."""
    allowed, machine = limits["machine-types"], props.text_or_empty("gceSetup.machineType")
    if not machine or not allowed.allows(machine):
        yield f"starts {machine or 'whatever Workbench takes'}, allowed {allowed.said}"
    for added in props.each_section("gceSetup.acceleratorConfigs"):
        yield f"adds {added.text_or_empty('coreCount') or 1} × {added.text_or_empty('type')}, allowed none"


@stack_rule(
    "limits-zone",
    _WORKBENCH,
    severity="high",
    says="A Workbench instance stands in a zone of the stack's region that has Workbench, in a region of the limits.",
    remedy=f"Choose a zone of the stack's region in the stack file, or have the limit's owner add a region in {OWN}.",
    stack_key="workspace.zone",
)
def zone(graph: Graph, instance: Resource) -> Iterator[str]:
    """The location is a zone, such as `us-central1-a`. `limits-region` checks resources that name a region.

    Not each zone of Compute Engine has Workbench: "Locations for machine learning services", Workbench locations,
    https://docs.cloud.google.com/gemini-enterprise-agent-platform/machine-learning/general/locations
    """
    where = instance.props.text_or_empty("location")
    zoned = re.fullmatch(r"([a-z]+-[a-z]+\d+)-[a-z]", where)
    if zoned is None:
        yield f"is in {where or 'no zone'}, allowed a zone"
        return
    yield from outside(graph, zoned.group(1))
    if where not in (catalogue.load("gcp").workspace_zones or ()):
        yield f"is in {where}, where Google lists no Workbench"


_PLACED = tuple(
    token
    for token, kind in kinds("gcp").items()
    if isinstance(kind.stands, At) or (isinstance(kind.takes, Takes) and "project" in kind.takes.known)
)


@stack_rule(
    "limits-account",
    *_PLACED,
    severity="high",
    says="Each resource names its project, and a regional one its region, so nothing depends on who runs the program.",
    remedy="Keep project and region on the provider, and pass both to each resource.",
)
def account(graph: Graph, resource: Resource) -> Iterator[str]:
    """A provider without a project takes that of the credentials. A dataset without a location is made in `US`.

    Of another program a provider that names both is enough, for what it makes stands there.
    """
    kind = kind_of(resource.type)
    assert kind is not None
    provider = None if graph.ours or resource.is_provider else graph.provider_of(resource)
    says = {key for key in ("project", "region") if provider and provider.props.is_given(key)}
    stands = kind.stands.path if isinstance(kind.stands, At) and not resource.is_provider else ""
    if stands and stands not in says and not resource.props.is_given(stands):
        yield f"does not say in which region it stands ({stands})"
    if "project" not in says and not resource.props.is_given("project"):
        yield "would deploy to whatever project the credentials name"


@limit_rule(
    "limits-idle-shutdown",
    _WORKBENCH,
    severity="high",
    says="A Workbench instance stops when idle.",
    remedy="Set workspace.idle_timeout_minutes in the stack file to at most the limit.",
)
def idle_shutdown(limits: Limits, props: Properties) -> Iterator[str]:
    """Idle shutdown reads guest attributes, and waits three hours without a timeout (Workbench, "Idle shutdown")."""
    limit = limits["idle-timeout-minutes"].number
    metadata = props.section_or_empty("gceSetup.metadata")
    if not 0 < (metadata.number_or_none("idle-timeout-seconds") or 0) <= limit * 60:
        yield f"does not stop within {limit:g} minutes of idling"
    if metadata.text_or_empty("enable-guest-attributes").lower() != "true":
        yield "does not tell when it is idle (enable-guest-attributes)"


@stack_rule(
    "limits-idle-kept",
    _WORKBENCH,
    severity="medium",
    says="An update of a Workbench instance leaves its metadata, and with it the idle timeout, alone.",
    remedy="Set ignore_changes=['gceSetup.metadata'] and replace the instance for another timeout.",
)
def idle_kept(graph: Graph, instance: Resource) -> Iterator[str]:
    """An update of the metadata loses keys (terraform-provider-google issue 22622)."""
    if "gceSetup.metadata" not in instance.ignored_changes:
        yield "may lose its idle timeout when it is updated"


@limit_rule(
    "limits-batch-time",
    _WORKFLOW,
    severity="high",
    says="A run of a batch job ends in time, and is retried a bounded number of times.",
    remedy="Set max_hours in the stack file to at most the limit; keep the workflow's deadline, attempts and cancel.",
)
def batch_time(limits: Limits, props: Properties) -> Iterator[str]:
    """A batch prediction job has no timeout of its own (aiplatform v1), so the workflow keeps one and cancels. A custom
    job has one, which is seven days where nobody says another.

    What puts a model on an endpoint only looks, until its deadline: there is no job to stop. Each step of a pipeline is
    such a job, and the run may take as long as the longest way from step to step.
    """
    limit = limits["batch-hours"].number
    steps = [job for job in jobs(props) if job.step]
    most_hours = limit * (longest_way(steps, lambda _step: 1) or 1)
    takes = longest_way(steps, lambda step: seconds(step.timeout) * step.rounds)
    bounds, source = deadlines(props), "\n".join(texts(props))
    cancels = re.search(r"[\w-]:cancel\b|\":cancel", source)
    if not bounds or not min(bounds) > 0 or max(bounds) > most_hours * 3600:
        yield f"may run longer than {most_hours:g} hours"
    elif not cancels and not all(job.deploys for job in jobs(props)):
        yield "does not stop a job that is late"
    trained = [job.timeout for job in jobs(props) if job.trains or job.stopped_after]
    if any(not 0 < seconds(text) <= limit * 3600 for text in trained):
        yield f"starts jobs that may themselves run longer than {limit:g} hours (scheduling.timeout)"
    if bounds and any(min(bounds) < most for most in (takes, *map(seconds, trained))):
        yield "is stopped before its job may end (scheduling.timeout)"
    attempts = [int(count) for count in re.findall(r"attempt (?:>=|<) (\d+)", source)]
    if not attempts or not min(attempts) > 0 or max(attempts) > 3:
        yield "is not retried, or without a bound"


@stack_rule(
    "limits-hours-kept",
    _DEPLOYMENT,
    severity="high",
    proof="cost visibility",
    says="The hours of a deployment are kept: a schedule in force takes its model off each time that they end, and one "
    "puts it on each time that they begin.",
    remedy="Say an endpoint's hours in the stack file, and keep the endpoint component's workflow and schedules.",
)
def hours_kept(graph: Graph, deployment: Resource) -> Iterator[str]:
    """The provider takes an endpoint without a model for one that is off, and the bill counts its hours alone."""
    hours = deployment.props.section_or_empty("hours")
    for wanted, what in (("off", "takes its model off as they end"), ("on", "puts it on as they begin")):
        if hours.names() and not by_schedule(graph, deployment, wanted):
            yield f"has hours, and no schedule {what}"


@resource_rule(
    "limits-schedule-retries",
    cloudscheduler.SCHEDULE,
    severity="medium",
    says="A schedule tries a start again, and gives up one it cannot deliver.",
    remedy="Set retry_config with a retry_count and a max_retry_duration.",
)
def schedule_retries(props: Properties) -> Iterator[str]:
    """By default Cloud Scheduler does not retry.

    With retries it has no end by default (RetryConfig.maxRetryDuration).
    """
    retry = props.section_or_empty("retryConfig")
    if not 0 < (retry.number_or_none("retryCount") or 0) <= 5:
        yield "does not try a failed start again"
    if not 0 < seconds(retry.text_or_empty("maxRetryDuration")) <= 7200:
        yield "sets no end to its retries"


_MOST_AT_ONCE = 2


@stack_rule(
    "limits-schedule-times",
    cloudscheduler.SCHEDULE,
    severity="high",
    proof="cost visibility",
    says="A schedule fires, in a time zone that there is; no run of a batch job starts while the last may still run, "
    "and of other runs no more than two may meet.",
    remedy="In the stack file, give the job a schedule with more time between its starts, or fewer max_hours.",
)
def schedule_times(graph: Graph, schedule: Resource) -> Iterator[str]:
    """Each run that meets another takes its machines beside it, which `quota-declared` does not count; one that is late
    may meet the next. Fields and time zones: Cloud Scheduler, "Cron job format and time zone",
    https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules
    """
    cron, zone_ = (schedule.props.text_if_known(path) for path in ("schedule", "timeZone"))
    try:
        ZoneInfo(zone_ or "UTC")
    except (OSError, ValueError, KeyError):
        if not available_timezones():
            why = "cannot be held against time zones, for this machine has none: install tzdata"
            raise Malformed("timeZone", why, schedule) from None
        yield f"keeps the time of {one_line(zone_)!r}, which is no time zone"
    if not cron:
        return
    gap = shortest_gap(cron)
    if gap is None:
        yield f"starts nothing: {one_line(cron)!r} never fires, or is no cron of five fields"
        return
    try:
        longest = max(deadlines(cloudscheduler.started(graph, schedule).props), default=0)
    except Unreadable:  # identity-starts-own and limits-batch-time say what cannot be read
        return
    most = 1 if graph.ours and _scores(graph, schedule) else _MOST_AT_ONCE
    if (at_once := ceil(longest / gap)) > most:
        lasts = f"one starts each {gap / 60:g} minutes and may last {longest / 3600:g} hours"
        yield f"may have {at_once} runs at once: {lasts}"


def _scores(graph: Graph, schedule: Resource) -> bool:
    """Whether what a schedule starts scores in batch."""
    started = jobs(cloudscheduler.started(graph, schedule).props)
    return any(job.kind == SCORES for job in started)


@stack_rule(
    "limits-schedule-region",
    cloudscheduler.SCHEDULE,
    severity="high",
    says="A schedule stands in a region that has Cloud Scheduler.",
    remedy="Choose another region in the stack file, or leave the batch job out.",
    stack_key="region",
)
def schedule_region(graph: Graph, schedule: Resource) -> Iterator[str]:
    """Cloud Scheduler, "Locations", https://docs.cloud.google.com/scheduler/docs/locations."""
    region = schedule.props.text_if_known("region")
    if region in catalogue.load("gcp").regions_without_schedules:
        yield f"stands in {region}, which has no Cloud Scheduler"


@stack_rule(
    "limits-stores-expire",
    _BUCKET,
    _REPOSITORY,
    severity="medium",
    says="Old object versions, unfinished uploads and untagged images are deleted after a time.",
    remedy="Keep the lifecycle rules of PrivateBucket and the registry's clean-up policies.",
)
def stores_expire(graph: Graph, store: Resource) -> Iterator[str]:
    """Buckets delete old versions and unfinished uploads. Repositories have a clean-up policy that is no dry run.

    What is current, and an image that has a tag, is what somebody uses: nothing deletes that by itself (Cloud Storage,
    "Object Lifecycle Management"; Artifact Registry, "Configure cleanup policies"). What jobs write for a while is
    `limits-outputs-expire`'s.
    """
    if store.type == _BUCKET:
        yield from _expires(store.props, outputs.written_for_a_while(graph))
    else:
        deletes = [p for p in store.props.each_section("cleanupPolicies") if p.text_or_empty("action") == "DELETE"]
        if not deletes or store.props.flag_or_none("cleanupPolicyDryRun"):
            yield "keeps every image for ever"
        for policy in deletes:
            old = policy.section_or_empty("condition")
            if old.text_or_empty("tagState") != "UNTAGGED" or not _LEAST_DAYS <= _days(old) <= _MOST_DAYS:
                yield f"deletes images that have a tag, or not {_LEAST_DAYS} to {_MOST_DAYS} days after a push"
        kept = (p.number_or_none("mostRecentVersions.keepCount") for p in store.props.each_section("cleanupPolicies"))
        if deletes and not max((count or 0 for count in kept), default=0) >= _LEAST_KEPT:
            yield f"keeps fewer than {_LEAST_KEPT} newest versions: what serves and what a rollback returns to"


_LEAST_KEPT = 2
"""A model may name its image by digest, which no tag holds."""
_LEAST_DAYS, _MOST_DAYS, _STATE = 7, 365, "condition.withState"
"""What was deleted or replaced by mistake can be had back for a week at least, as what a bucket soft-deletes can."""


def _days(condition: Properties) -> float:
    """The age of an image at which a policy deletes it: seconds, or days where a program says so."""
    said = condition.text_or_empty("olderThan")
    return float(said[:-1]) if re.fullmatch(r"\d+d", said) else seconds(said) / 86_400


def _expires(bucket: Properties, passing: Set[str]) -> Iterator[str]:
    rules, place = list(bucket.each_section("lifecycleRules")), f"gs://{bucket.text_if_known('name')}/"
    days = {"Delete": "condition.daysSinceNoncurrentTime", "AbortIncompleteMultipartUpload": "condition.age"}
    at_least = {"Delete": _LEAST_DAYS, "AbortIncompleteMultipartUpload": 1}  # nobody can have half an upload back
    expired = set[str]()
    for rule in rules:
        action = rule.text_or_empty("action.type")
        below = [place + prefix for prefix in rule.each_text_if_known("condition.matchesPrefixes")]
        if action == "Delete" and rule.is_given("condition.age") and below and passing >= {*below}:
            continue
        if action not in days:
            yield f"does {action or 'nothing'} with objects, which no rule of the lifecycle is for"
        elif more := {f"condition.{key}" for key in rule.section_or_empty("condition").names()} - {
            days[action],
            _STATE,
        }:
            yield f"does {action} only under {', '.join(sorted(more))} as well"
        elif action == "Delete" and rule.text_or_empty(_STATE) == "LIVE":
            yield "deletes old versions only while they are current, which none is"
        elif at_least[action] <= (rule.number_or_none(days[action]) or 0) <= _MOST_DAYS:
            expired.add(action)
        else:
            yield f"does {action} with no {days[action].partition('.')[2]} of {at_least[action]} to {_MOST_DAYS} days"
    if "Delete" not in expired and bucket.flag_or_none("versioning.enabled"):  # no version is old without versions
        yield "keeps old versions for ever"
    if "AbortIncompleteMultipartUpload" not in expired:
        yield "keeps unfinished uploads for ever"


RULES = [
    scaling_policy,
    replicas_fixed,
    workspace_machines,
    zone,
    account,
    idle_shutdown,
    idle_kept,
    batch_time,
    hours_kept,
    schedule_retries,
    schedule_times,
    schedule_region,
    stores_expire,
]
