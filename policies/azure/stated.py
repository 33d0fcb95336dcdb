"""Stated: what is sent for an item of the stack file has the item's own numbers, machine and times."""

from collections.abc import Callable, Iterator, Mapping

from catalogue.durations import minutes_or_none
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import consumption, monitor
from catalogue.kinds.azure.jobs import COMPUTE, OF_THE_RUN, SCHEDULE, Job, jobs, slug_of
from catalogue.kinds.azure.machinelearningservices import ENVIRONMENT, ONLINE_DEPLOYMENT
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_DEPLOYMENT
from catalogue.kinds.azure.mlplatform import TRAFFIC
from catalogue.ncrontab import ncrontab, windows_timezone
from catalogue.placement import Placement
from catalogue.properties import Properties
from catalogue.runs import RUNS_PER_MONTH, by_hand
from policies.azure.capture import payload_days
from policies.azure.outputs import kept_days
from policies.azure.reading import key_of, keys_on
from policies.azure.runs import components_of, short, words_of
from policies.azure.tuned import search_of
from policies.rule import stack_rule
from policies.stated import (
    hyperparameters,
    is_of_a_pipeline,
    item_of,
    other,
    other_machines,
    other_places,
    other_rollout,
    other_search,
    other_word,
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
    says="What is sent for an item of the stack file has the machine, the replicas, the hours, the times, the "
    "places and the shares that the item states, and the budget its own.",
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
    wanted = place.states(f"{item}.capture.percent")
    kept = set(deployment.props.section_or_empty("properties.dataCollector.collections").names())
    if lost := sorted({"request", "response"} - kept) if wanted else []:
        yield f"captures no {' and no '.join(lost)}, where {item}.capture.percent of the stack file says {wanted}"
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
    low, most = (
        machine.text_or_empty("vmPriority") == "LowPriority",
        machine.number_or_none("scaleSettings.maxNodeCount"),
    )
    for key in keys_on(graph, cluster) if item.startswith("pipelines.") else [item]:
        yield from other_machines(place, "azure", key, {machine.text_if_known("vmSize")} - {""})
        at_once = place.figure(key, "tuning.parallel") or 1  # each trial has all the machines of the job
        if most is not None:
            yield from _replicas(place, key, most / at_once, "grows to")
        spot = place.states(f"{key}.spot.wait_hours")
        if place.states(f"{key}.max_hours") and low != bool(spot):
            yield f"has machines of {'low' if low else 'full'} priority, where {key} of the stack file says " + (
                "spot" if spot else "no spot"
            )


def _replicas(place: Placement, key: str, count: float, does: str) -> Iterator[str]:
    """Another number of replicas than the file says of a job or a step, which is one where it says none."""
    said = place.states(f"{key}.replicas") or ("1" if key.startswith(("training.", "pipelines.")) else "")
    if said and count != float(said):
        yield f"{does} replicas: {count:g}, where {key}.replicas of the stack file says {said}"


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
        key = key_of(graph, schedule, job)
        yield from other_machines(place, "azure", key, {job.machine_type()} - {""})
        search = search_of(job)
        yield from _replicas(place, key, job.nodes() / ((search.parallel if search else None) or 1), "runs on")
        if (minutes := job.minutes_or_none()) is not None:  # that there is one is of `limits-batch-time`
            yield from other(place, f"{key}.max_hours", minutes / 60 / rounds(place, key), "runs for hours:")
        if key.startswith("training."):
            yield from other_search(place, key, search)
        if search is not None:
            each = (job.own.number_or_none("limits.trial_timeout") or 0) / 3600
            yield from other(place, f"{key}.max_hours", each, "lets a trial run for hours:")
        if is_of_a_pipeline(graph, schedule):
            yield from _step(graph, place, item, job, key)
        else:
            yield from _places(place, item, job)
    for key in ("keep_days", "spot.keep_days"):
        for days in kept_days(graph, schedule) if place.states(f"{item}.{key}") else ():
            yield from other(place, f"{item}.{key}", days, "keeps what it writes for days:")
    yield from _times(place, item, schedule.props.section_or_empty("properties.trigger"))


def _places(place: Placement, item: str, job: Job) -> Iterator[str]:
    """What a job reads by each name, for a batch job writes the scores of each input into a folder of its name, and
    where it writes. A model is of other rules.
    """
    given = [one for one in job.places("inputs") if not one[1].text_or_empty("jobInputType").endswith("_model")]
    read = {name: short(one, "uri") for name, one in given if one.is_given("uri")}
    if all(read.values()):
        yield from other_places(place, item, set(read.values()))
    for name, uri in read.items():
        for key in (f"{item}.data.{name}", f"{item}.inputs.{name}"):
            yield from other_word(place, key, uri, f"reads as {name}")
    for name, one in job.places("outputs"):
        key = f"{item}.{'spot.checkpoint_uri' if name == 'checkpoints' else 'output_uri'}"
        yield from other_word(place, key, short(one, "uri").removesuffix(OF_THE_RUN), "writes to")


def _step(graph: Graph, place: Placement, item: str, job: Job, key: str) -> Iterator[str]:
    """A step of a pipeline: what it reads and where it writes, its image, its program and its options. Those of one
    that trains are its job's, but for the hyperparameters that the step says.
    """
    called = slug_of(job.step)
    step = f"{item}.steps.{called}"
    if job.scores != key.startswith("batch_jobs.") or not (job.scores or place.states(f"{key}.image")):
        yield f"has the step {called}, which {item} of the stack file has not"
        return
    said = {name: place.states(f"{key}.data.{name}") for name in place.below(f"{key}.data")}
    if job.scores:
        said = {"data": uri} if (uri := place.states(f"{key}.input_uri")) else said
        said |= {name: place.states(f"{key}.inputs.{name}") for name in place.below(f"{key}.inputs")}
    said |= {name: place.states(f"{step}.inputs.{name}") for name in place.below(f"{step}.inputs")}
    given = [one for one in job.places("inputs") if not one[1].text_or_empty("jobInputType").endswith("_model")]
    reads = {name: short(one, "uri") for name, one in given if one.is_given("uri")}
    reads |= {name: before.replace("_", "-") for name, before in job.after.items()}
    for name in sorted(said.keys() | reads.keys()):
        found, wanted = reads.get(name, "nothing"), said.get(name, "nothing")
        if found and found != wanted:
            yield f"reads as {name} of {called} {found}, where {step} of the stack file says {wanted}"
    written = "scores" if job.scores else "output"
    places = {written: f"{place.states(f'{item}.output_uri')}{called}/"}
    places["checkpoints"] = place.states(f"{key}.spot.checkpoint_uri")
    for name, one in job.places("outputs"):
        uri, wanted = short(one, "uri").removesuffix(OF_THE_RUN), places.get(name, "")
        if uri and uri != wanted:
            yield f"writes as {name} of {called} to {uri}, where {item} of the stack file says {wanted or 'nothing'}"
    for component in components_of(graph, job) if not job.scores else ():
        for environment in graph.refers(component, "properties", ENVIRONMENT):
            yield from other_word(place, f"{key}.image", environment.props.text_if_known("properties.image"), "runs")
        yield from _program(place, step, key, component)


def _program(place: Placement, step: str, key: str, component: Resource) -> Iterator[str]:
    """The program, and behind it the options in any order. `world-containers` says where a command is not read."""
    options = sorted(f"--{name}={place.states(f'{step}.options.{name}')}" for name in place.below(f"{step}.options"))
    if key != step:  # a training job's
        options = sorted(f"--{name}={one}" for name, one in hyperparameters(place, key, step).items())
    program, words = place.states(f"{step}.program").split() or ["train"], words_of(component)
    begins, rest = words[: len(program)], sorted(one for one in words[len(program) :] if not one.endswith("="))
    if words and (begins != program or rest != options):
        yield f"runs {' '.join(words)[:120]}, where {step} of the stack file says {' '.join([*program, *options])[:99]}"


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
