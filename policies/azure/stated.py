"""Stated: what is sent for an item of the stack file has the item's own numbers, machine and times."""

from collections.abc import Callable, Iterator, Mapping

from catalogue.durations import minutes_or_none
from catalogue.graph import Graph, Placement, Resource
from catalogue.kinds.azure import consumption, monitor
from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT, ONLINE_DEPLOYMENT
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_DEPLOYMENT, COMPUTE, SCHEDULE, jobs
from catalogue.kinds.azure.mlplatform import TRAFFIC
from catalogue.ncrontab import ncrontab, windows_timezone
from catalogue.properties import Properties
from catalogue.runs import RUNS_PER_MONTH, by_hand
from policies.azure.capture import payload_days
from policies.azure.outputs import kept_days
from policies.azure.tuned import search_of
from policies.rule import stack_rule
from policies.stated import (
    item_of,
    other,
    other_machines,
    other_rollout,
    other_search,
    rounds,
)

_BUDGET, _SCALING, _ALERT = consumption.BUDGET, monitor.AUTOSCALE_SETTING, monitor.METRIC_ALERT


@stack_rule(
    "limits-stated",
    _BUDGET,
    TRAFFIC,
    ONLINE_DEPLOYMENT,
    _SCALING,
    _ALERT,
    ENVIRONMENT,
    COMPUTE,
    BATCH_DEPLOYMENT,
    SCHEDULE,
    severity="high",
    proof="cost visibility",
    says="What is sent for an item of the stack file has the machine, the replicas, the hours, the times and the "
    "shares that the item states, and the budget its own.",
    remedy="Say the value in the stack file, where it is reviewed, and hand it on as it is.",
)
def stated(graph: Graph, resource: Resource) -> Iterator[str]:
    """DESIGN's values, not presence: each is compared with what this stack's own file says of this item."""
    place = graph.placement
    if place is None or not graph.ours:
        return
    if resource.type == _BUDGET:
        amount = resource.props.number_or_none("amount")
        yield from other(place, "budget.monthly_usd", amount, "allows USD a month:")
    elif resource.type == ENVIRONMENT:
        yield from _routes(place, resource)
    elif (item := item_of(graph, resource)) is not None:
        yield from _MEMBERS[resource.type](graph, place, item, resource)


def _traffic(graph: Graph, place: Placement, item: str, shift: Resource) -> Iterator[str]:
    """A canary that bakes for a day keeps a worse version as long. No stack file asks for a mirror, and a mirrored
    request costs as any other.
    """
    yield from other_rollout(place, item, shift)
    if shift.props.number_or_none("mirrorPercent"):
        yield f"mirrors requests, which {item} of the stack file does not ask for"


def _deployment(graph: Graph, place: Placement, item: str, deployment: Resource) -> Iterator[str]:
    """How many replicas there are now is autoscaling's to say, between the two numbers of the file."""
    props = deployment.props
    yield from other_machines(place, "azure", item, {props.text_if_known("properties.instanceType")} - {""})
    first, low, high = props.number_or_none("sku.capacity"), *(place.states(f"{item}.{key}") for key in _REPLICAS)
    if first is not None and low and high and not float(low) <= first <= float(high):
        yield f"starts with replicas: {first:g}, where {item} of the stack file says {low} to {high}"
    takes = _starting(props.section_or_empty("properties.startupProbe"))
    key = f"models.{place.states(f'{item}.model')}.start_up_seconds"
    if takes is not None and not place.states(key):
        yield f"may take {takes:g} seconds to start, where {key} of the stack file is not said"
    elif place.states(key) and not 0 <= (takes or 0) - float(place.states(key)) < _PERIOD:
        yield f"may take {takes or 0:g} seconds to start, where {key} of the stack file says {place.states(key)}"
    yield from _captured(graph, place, item, deployment)


_REPLICAS = ("min_replicas", "max_replicas")
_PERIOD = 60
"""The seconds between two questions of a probe that a start may take longer than its file says, at most."""


def _starting(probe: Properties) -> float | None:
    """The seconds that a container may take until it answers; None where nothing but the other probes waits for it."""
    if not probe:
        return None
    tries = probe.number_or_none("failureThreshold")
    minutes = [minutes_or_none(probe, path) or 0 for path in ("initialDelay", "period")]
    return (minutes[0] + minutes[1] * (tries or 0)) * 60


_ROUTES = {
    "scoringRoute": ("predict_route", "/score"),
    "livenessRoute": ("health_route", "/"),
    "readinessRoute": ("health_route", "/"),
}
"""Where a container answers, by the key of its model; where the file leaves it out, as Azure ML's own server does:
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-inference-server-http
"""
_PORT = "5001"


def _routes(place: Placement, environment: Resource) -> Iterator[str]:
    """A container that is asked where it does not answer never starts, or serves every caller a refusal."""
    key = f"models.{environment.props.text_or_empty('name')}"
    for route, (word, default) in _ROUTES.items():
        at = environment.props.section_or_empty(f"properties.inferenceConfig.{route}")
        for path, said, what in (
            ("path", place.states(f"{key}.{word}") or default, word),
            ("port", place.states(f"{key}.port") or _PORT, "port"),
        ):
            value = at.value_or_none(path)
            if value is not None and str(value) != said:
                yield f"answers at {value} ({route}.{path}), where {key}.{what} of the stack file makes it {said}"


def _captured(graph: Graph, place: Placement, item: str, deployment: Resource) -> Iterator[str]:
    for collection in deployment.props.each_section("properties.dataCollector.collections.*"):
        rate = collection.number_or_none("samplingRate")
        share = (1 if rate is None else rate) * 100
        if collection.text_or_empty("dataCollectionMode").lower() != "enabled":
            share = 0
        if share and not place.states(f"{item}.capture.percent"):
            yield f"captures {share:g} % of its requests, where {item} of the stack file says no capture"
        yield from other(place, f"{item}.capture.percent", share, "captures percent:")
    # Of several rules the one that deletes first decides.
    if days := [one for one in payload_days(graph, deployment) if one is not None]:
        yield from other(place, f"{item}.capture.days", min(days), "keeps what it captures for days:")


def _scaling(graph: Graph, place: Placement, item: str, setting: Resource) -> Iterator[str]:
    for profile in setting.props.each_section("profiles"):
        for path, key, what in (
            ("minimum", "min_replicas", "goes down to replicas:"),
            ("maximum", "max_replicas", "grows to replicas:"),
        ):
            yield from other(place, f"{item}.{key}", profile.number_or_none(f"capacity.{path}"), what)
        for rule in profile.each_section("rules"):
            asked, way = rule.section_or_empty("metricTrigger"), rule.text_or_empty("scaleAction.direction")
            if way == "Increase" and asked.text_or_empty("metricName") == "RequestsPerMinute":
                key = f"{item}.requests_per_replica_per_minute"
                yield from other(place, key, asked.number_or_none("threshold"), "scales out at requests:")


def _alert(graph: Graph, place: Placement, item: str, alert: Resource) -> Iterator[str]:
    """An alarm that rings sooner than what is a breach is one that nobody hears any more."""
    for condition in alert.props.each_section("criteria.allOf"):
        if condition.text_or_empty("metricName") == "RequestLatency_P95":
            bound = condition.number_or_none("threshold")
            yield from other(place, f"{item}.rollback.p95_latency_ms", bound, "rings at milliseconds:")


def _cluster(graph: Graph, place: Placement, item: str, cluster: Resource) -> Iterator[str]:
    machine = cluster.props.section_or_empty("properties.properties")
    yield from other_machines(place, "azure", item, {machine.text_if_known("vmSize")} - {""})
    most = machine.number_or_none("scaleSettings.maxNodeCount")
    at_once = place.figure(item, "tuning.parallel") or 1  # each trial has all the machines of the job
    yield from other(place, f"{item}.replicas", None if most is None else most / at_once, "grows to replicas:")
    low, spot = machine.text_or_empty("vmPriority") == "LowPriority", place.states(f"{item}.spot.wait_hours")
    if place.states(f"{item}.max_hours") and low != bool(spot):
        yield f"has machines of {'low' if low else 'full'} priority, where {item} of the stack file says " + (
            "spot" if spot else "no spot"
        )


def _batch_deployment(graph: Graph, place: Placement, item: str, deployment: Resource) -> Iterator[str]:
    count = deployment.props.number_or_none("properties.resources.instanceCount")
    yield from other(place, f"{item}.replicas", 1 if count is None else count, "runs on replicas:")


def _schedule(graph: Graph, place: Placement, item: str, schedule: Resource) -> Iterator[str]:
    """How many runs, machines and hours: by these the bill has its ceiling, and a run its end. What a folder keeps is
    of the job that writes there.
    """
    runs, key = by_hand(schedule.props.section_or_empty("properties.tags")), f"{item}.runs_per_month"
    if runs is not None and not place.states(key) and place.states(f"{item}.max_hours"):
        yield f"has as {RUNS_PER_MONTH} {runs:g}, where {item} of the stack file says none"
    yield from other(place, key, runs, f"has as {RUNS_PER_MONTH}")
    for job in jobs(schedule.props):
        yield from other_machines(place, "azure", item, {job.machine_type()} - {""})
        replicas = place.states(f"{item}.replicas") or ("1" if item.startswith("training.") else "")
        search = search_of(job)
        count = job.nodes() / ((search.parallel if search else None) or 1)
        if replicas and count != float(replicas):
            yield f"runs on replicas: {count:g}, where {item}.replicas of the stack file says {replicas}"
        if (minutes := job.minutes_or_none()) is not None:  # that there is one is of `limits-batch-time`
            yield from other(place, f"{item}.max_hours", minutes / 60 / rounds(place, item), "runs for hours:")
        if item.startswith("training."):
            yield from other_search(place, item, search)
        if search is not None:
            each = (job.own.number_or_none("limits.trial_timeout") or 0) / 3600
            yield from other(place, f"{item}.max_hours", each, "lets a trial run for hours:")
    for key in ("keep_days", "spot.keep_days"):
        for days in kept_days(graph, schedule) if place.states(f"{item}.{key}") else ():
            yield from other(place, f"{item}.{key}", days, "keeps what it writes for days:")
    yield from _times(place, item, schedule.props.section_or_empty("properties.trigger"))


def _times(place: Placement, item: str, trigger: Properties) -> Iterator[str]:
    """When it starts. The days of a week may be told in several ways, and a zone has a name of its own in Windows."""
    said = place.states(f"{item}.schedule")
    if not said:  # people start it
        return
    zone = place.states(f"{item}.timezone") or "UTC"
    try:
        wanted, where = ncrontab(said), windows_timezone(zone)
    except ValueError:  # the stack file is refused where it is read
        return
    sent, there = trigger.text_or_empty("expression"), trigger.text_or_empty("timeZone")
    if _told(sent) != wanted:
        yield f"has the schedule {sent or 'none'}, where {item}.schedule of the stack file says {said}"
    if there != where:
        yield f"has the timezone {there or 'none'}, where {item}.timezone of the stack file says {zone}"


def _told(cron: str) -> str:
    try:
        return ncrontab(cron)
    except ValueError:
        return cron


_MEMBERS: Mapping[str, Callable[[Graph, Placement, str, Resource], Iterator[str]]] = {
    TRAFFIC: _traffic,
    ONLINE_DEPLOYMENT: _deployment,
    _SCALING: _scaling,
    _ALERT: _alert,
    COMPUTE: _cluster,
    BATCH_DEPLOYMENT: _batch_deployment,
    SCHEDULE: _schedule,
}

RULES = [stated]
