"""Stated: what is sent for an item of the stack file has the item's own numbers, machine, times and places."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta

from cronsim import CronSim, CronSimError

from catalogue import registered, week
from catalogue.crons import unix_cron
from catalogue.graph import Graph, Resource
from catalogue.kind import Serves
from catalogue.kinds import kind_of
from catalogue.kinds.aws import appautoscaling, budgets, cloudwatch, ec2, sagemaker, scheduler, sfn, studio
from catalogue.kinds.aws.jobs import SCORES, TUNES, Job
from catalogue.kinds.aws.mlplatform import APPROVED_VERSION
from catalogue.once import once_a_graph
from catalogue.placement import Placement
from catalogue.properties import Properties
from catalogue.registered import Registered
from catalogue.runs import ANSWERS_DAYS, CHECKPOINTS_DAYS, PIPELINES_DAYS, SCORES_DAYS, by_hand
from policies import preflights
from policies.aws import steps
from policies.aws.capture import kept_days
from policies.aws.queues import answers, requests_beside
from policies.aws.tuned import LIMITS, searched
from policies.rule import stack_rule
from policies.stated import item_of, other, other_machines, other_places, other_word, rounds, step_of

_ROLLOUT = "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration"
_TRACKING = "targetTrackingScalingPolicyConfiguration"


@stack_rule(
    "limits-stated",
    sagemaker.ENDPOINT,
    sagemaker.CONFIGURATION,
    sagemaker.MODEL,
    APPROVED_VERSION,
    appautoscaling.TARGET,
    appautoscaling.POLICY,
    cloudwatch.ALARM,
    *sfn.DEFINED,
    scheduler.SCHEDULE,
    budgets.BUDGET,
    studio.DOMAIN,
    ec2.VPC,
    severity="high",
    proof="cost visibility",
    says="What is sent for an item of the stack file has the machine, the replicas, the hours, the shares and the "
    "places that the item states, and the budget, the network and the workspace those of theirs.",
    remedy="Say the value in the stack file, where it is reviewed, and hand it on as it is.",
)
def stated(graph: Graph, resource: Resource) -> Iterator[str]:
    """DESIGN's values, not presence: each is compared with what this stack's own file says of this item."""
    place = graph.placement
    if place is None or not graph.ours:
        return
    if resource.type == budgets.BUDGET:
        sent, said = resource.props.number_or_none("limitAmount"), place.figure("budget", "monthly_usd")
        if sent is None or said is None or abs(sent - said) > 0.005:  # it has two decimals
            yield from other(place, "budget.monthly_usd", sent, "allows USD a month:")
    elif resource.type == studio.DOMAIN:
        yield from _workspace(graph, place, resource)
    elif resource.type == ec2.VPC:
        yield from other_word(place, "network.cidr", resource.props.text_if_known("cidrBlock"), "has the addresses")
        subnets = graph.referring(ec2.SUBNET, "vpcId", resource)
        yield from other_word(place, "network.zones", _zones(subnets), "has subnets in")
    elif (item := item_of(graph, resource)) is not None:
        yield from _MEMBERS[resource.type](graph, place, item, resource)


# ---- endpoints ------------------------------------------------------------------------------------------------------


def _endpoint(graph: Graph, place: Placement, item: str, endpoint: Resource) -> Iterator[str]:
    routing = endpoint.props.section_or_empty(_ROLLOUT)
    bakes = (routing.number_or_none("waitIntervalInSeconds") or 0) / 60
    share = routing.number_or_none("canarySize.value")
    yield from other(place, f"{item}.canary.percent", share, "first gives a new version percent:")
    yield from other(place, f"{item}.canary.bake_minutes", bakes, "bakes a new version for minutes:")


def _configuration(graph: Graph, place: Placement, item: str, configuration: Resource) -> Iterator[str]:
    found = [*sagemaker.variants(configuration), *sagemaker.shadows(configuration)]
    yield from other_machines(place, "aws", item, {one.text_or_empty("instanceType") for one in found} - {""})
    least = place.states(f"{item}.min_replicas")
    for variant in found:
        starts = variant.number_or_none("initialInstanceCount")
        if least and starts is not None and starts != max(float(least), 1):
            yield f"starts with replicas: {starts:g}, where {item}.min_replicas of the stack file says {least}"
        yield from _start_up(place, item, variant)
        model = _models(graph).get(variant.text_if_known("modelName"))
        if model is not None and (whose := item_of(graph, model)) not in (None, item):
            yield f"serves {model.name}, which is made for {whose}"
    yield from _captured(graph, place, item, configuration)
    yield from _answered(graph, place, item, configuration)


@once_a_graph
def _models(graph: Graph) -> Mapping[str, Resource]:
    """The models of the stack by their names, as far as they are known."""
    return {name: one for one in graph.of(sagemaker.MODEL) if (name := one.props.text_if_known("name"))}


def _start_up(place: Placement, item: str, variant: Properties) -> Iterator[str]:
    """As many seconds for the artifact as for the container, which a model of the file asks for."""
    key = f"models.{place.states(f'{item}.model')}.start_up_seconds"
    for at in ("containerStartupHealthCheckTimeoutInSeconds", "modelDataDownloadTimeoutInSeconds"):
        takes = variant.number_or_none(at)
        if takes is not None and not place.states(key):
            yield f"may take {takes:g} seconds to start ({at}), where the stack file says nothing under {key}"
        yield from other(place, key, takes, f"may take seconds to start ({at}):")


def _captured(graph: Graph, place: Placement, item: str, configuration: Resource) -> Iterator[str]:
    captures, at = sagemaker.captures(graph, configuration), "dataCaptureConfig"
    share = (configuration.props.number_or_none(f"{at}.initialSamplingPercentage") or 0) if captures else 0
    if share and not place.states(f"{item}.capture.percent"):
        yield f"captures {share:g} % of its requests, where {item} of the stack file says no capture"
    yield from other(place, f"{item}.capture.percent", share, "captures percent:")
    if captures:
        kept = set(configuration.props.each_text(f"{at}.captureOptions.captureMode"))
        for mode in sorted({"Input", "Output"} - kept):
            yield f"does not capture the {mode.lower()}, where {item}.capture of the stack file keeps both"
        uri = f"{configuration.props.text_if_known(f'{at}.destinationS3Uri').rstrip('/')}/"
        yield from _kept(graph, place, f"{item}.capture.days", uri, "keeps what it captures for days:")


def _answered(graph: Graph, place: Placement, item: str, configuration: Resource) -> Iterator[str]:
    """How long answers through a queue are kept, and the requests, which go with the longest of all answers."""
    said = (days for key, days in place.stated if key.startswith("endpoints.") and key.endswith(".keep_days"))
    longest = max([ANSWERS_DAYS, *map(int, said)])
    for uri in answers(configuration):
        folder = f"{uri.rstrip('/')}/"
        yield from _kept(graph, place, f"{item}.keep_days", folder, "keeps answers for days:", ANSWERS_DAYS)
        for days in kept_days(graph, requests_beside(uri)):
            if days != longest:
                yield f"keeps requests for days: {days or 0:g}, where the endpoints of the stack file make it {longest}"


def _kept(graph: Graph, place: Placement, key: str, uri: str, what: str, otherwise: int = 0) -> Iterator[str]:
    """How long a lifecycle of the stack keeps what lies below a folder; nothing of a bucket that is not the stack's.

    Where the file leaves the days out, they are `otherwise`.
    """
    for days in kept_days(graph, uri):
        yield from other(place, key, days, what)
        if otherwise and not place.states(key) and days != otherwise:
            yield f"{what} {days or 0:g}, where the stack file leaves out {key}, which is {otherwise}"


def _target(graph: Graph, place: Placement, item: str, target: Resource) -> Iterator[str]:
    """The range, and what moves it. A range is moved by the hours that the file states, and by nothing else."""
    for path, key in (("minCapacity", "min_replicas"), ("maxCapacity", "max_replicas")):
        yield from other(place, f"{item}.{key}", target.props.number_or_none(path), f"has the {path}")
    actions = appautoscaling.scheduled(graph, target)
    days = _days(place, f"{item}.hours")
    if target.ignored_changes and not days:
        yield f"ignores changes of its range, where {item} of the stack file says no hours that move it"
    if bool(days) != bool(actions):
        says = "no hours" if actions else f"hours under {item}.hours"
        yield f"is {'' if actions else 'not '}moved by the clock, where the stack file says {says}"
        return
    open_ = tuple(place.figure(item, key) for key in ("min_replicas", "max_replicas"))
    for action in actions:
        if appautoscaling.moves(action) not in (open_, (0, 0)):
            yield f"is moved by {action.name} to another range than {item} of the stack file says"
        zone = action.props.text_or_empty("timezone") or "UTC"
        yield from other_word(place, f"{item}.hours.timezone", zone, f"is moved by {action.name} by the clock of")
    if actions and _closed(target, actions) != set(_pauses(days)):
        yield f"is closed at other hours than {item}.hours of the stack file says"


def _days(place: Placement, key: str) -> dict[str, str]:
    """The range of hours of each day that the file names, by itself or with others of its kind."""
    together = {day: place.states(f"{key}.{kind}") for kind, of in week.KINDS_OF_DAY.items() for day in of}
    own = {day: place.states(f"{key}.{day}") for day in week.DAYS}
    return {day: text for day in week.DAYS if (text := own[day] or together[day])}


def _pauses(days: Mapping[str, str]) -> Iterator[tuple[int, int]]:
    """When each pause between the hours begins, in minutes of the week, and how many it lasts."""
    ends = (until for _, until in week.together(days))
    yield from zip((at % week.WEEK for at in ends), week.pauses(days), strict=True)


def _closed(target: Resource, actions: list[Resource]) -> set[tuple[int, int]]:
    """The same by what the actions do. A pause that an end of the year cuts off is that of other weeks too."""
    begins, ends = appautoscaling.YEAR_BEGINS, appautoscaling.YEAR_ENDS
    minute = timedelta(minutes=1)
    return {
        ((since - begins) // minute % week.WEEK, (until - since) // minute)
        for since, until in appautoscaling.closed(target, actions)
        if since > begins and until < ends
    }


def _policy(graph: Graph, place: Placement, item: str, policy: Resource) -> Iterator[str]:
    if not policy.props.is_given(_TRACKING):
        return
    full = policy.props.number_or_none(f"{_TRACKING}.targetValue")
    for key in ("requests_per_replica_per_minute", "backlog_per_replica"):
        yield from other(place, f"{item}.{key}", full, "takes a replica for full at")


_BOUNDS = {
    "Invocation5XXErrors": ("rollback.error_rate_percent", 100),
    "ModelLatency": ("rollback.p95_latency_ms", 1 / 1000),
}
"""The key that states the threshold of an alarm, by its metric, and what the threshold is multiplied by. Errors are a
share, latency is in microseconds: https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html"""


def _alarm(graph: Graph, place: Placement, item: str, alarm: Resource) -> Iterator[str]:
    latency = alarm.props.text_or_empty("metricName") == "ModelLatency"
    if latency and item.startswith("endpoints.") and alarm.props.text_or_empty("extendedStatistic") != "p95":
        yield f"is on another statistic than the p95 that {item}.rollback of the stack file bounds"
    key, times = _BOUNDS.get(alarm.props.text_or_empty("metricName"), ("", 0))
    threshold = alarm.props.number_or_none("threshold")
    if key and item.startswith("endpoints."):
        sent = None if threshold is None else threshold * times
        yield from other(place, f"{item}.{key}", sent, f"is heard above {key.rpartition('.')[2]}:")


def _model(graph: Graph, place: Placement, item: str, model: Resource) -> Iterator[str]:
    """What an item serves is the model of the file that it names, by its version or by image and artifact."""
    if named := place.states(f"{item}.models"):
        folder = place.states(f"{item}.folder_uri")
        yield from _several(place, folder, [f"models.{one}" for one in named.split(", ")], model)
        return
    if item.startswith("pipelines."):
        item = step_of(place, item, steps.model_of_step(graph, place, item, model))
    key, kind = f"models.{place.states(f'{item}.model')}", kind_of(model.type)
    assert kind is not None and isinstance(kind.serves, Serves)
    name, number = place.states(f"{key}.registered"), place.figure(key, "version")
    for uri in kind.serves.artifacts(graph, model):
        if name and number and registered.at(uri) != Registered(name, int(number)):
            yield f"serves {uri}, where {key} of the stack file says {Registered(name, int(number))}"
        yield from other_word(place, f"{key}.artifact_uri", uri, "serves")
    for image in kind.serves.images(graph, model):
        yield from other_word(place, f"{key}.image", image, "runs the image")
    yield from _told(place, key, model)


def _told(place: Placement, key: str, model: Resource) -> Iterator[str]:
    told = dict(model.props.section_or_empty("primaryContainer.environment").values)
    for name in sorted({*told, *place.below(f"{key}.environment")}):
        if str(told.get(name, "")) != place.states(f"{key}.environment.{name}"):
            yield f"is told another {name} than {key}.environment of the stack file says"


def _several(place: Placement, folder: str, keys: Sequence[str], model: Resource) -> Iterator[str]:
    """What an item serves several models from is their folder and no other, and each would run in this container."""
    for container in (*model.props.each_section("primaryContainer"), *model.props.each_section("containers")):
        if (uri := container.text_or_empty("modelDataUrl")) != folder:
            yield f"serves what lies in {uri}, where the stack file says {folder}"
        for key in keys:
            yield from other_word(place, f"{key}.image", container.text_or_empty("image"), "runs the image")
    for key in keys:
        yield from _told(place, key, model)


def _approved(graph: Graph, place: Placement, item: str, version: Resource) -> Iterator[str]:
    # In a pipeline, the model that waits for it says the step, and the step its batch job.
    made_for = (
        steps.model_of_step(graph, place, item, one) for one in preflights.waiting(graph, version, sagemaker.MODEL)
    )
    item = next((step_of(place, item, step) for step in made_for if step), item)
    key = f"models.{place.states(f'{item}.model')}"
    yield from other_word(place, f"{key}.digest", version.props.text_if_known("digest"), "asks for the digest")
    yield from other(place, f"{key}.version", version.props.number_or_none("version"), "asks for the version")


# ---- jobs -----------------------------------------------------------------------------------------------------------


def _runs(graph: Graph, place: Placement, item: str, machine: Resource) -> Iterator[str]:
    """The job of a state machine: its machines, how long a run may last, how many there are, and its places.

    One of a pipeline stops the jobs of its steps: after how many hours is held at each of these.
    """
    if item.startswith("pipelines."):
        return
    jobs = sfn.jobs_of(graph, machine)
    used = [one for job in jobs for one in job.machines(machine.name)]
    yield from other_machines(place, "aws", item, {one.machine_type for one in used})
    for job in jobs:  # one after the other
        trains = sum(count for _, count, _ in job.together())
        high = trains or sum(one.high for one in job.machines(machine.name))
        yield from other(place, f"{item}.replicas", high, "runs on replicas:")
    yield from other_places(place, item, {uri for job in jobs for uri in job.data()})
    runs, waits = place.figure(item, "max_hours"), place.figure(item, "spot", "wait_hours")
    ends = (sfn.definition(machine.props).number_or_none("TimeoutSeconds") or 0) / 3600
    longest = (runs or 0) * rounds(place, item) + (waits or 0)
    if runs and ends != longest:
        yield f"is stopped after {ends:g} hours, where {item} of the stack file makes it {longest:g}"
    counted = by_hand(machine.props.section_or_empty("tags"))
    yield from other(place, f"{item}.runs_per_month", counted, "is started by people a month:")
    for job in jobs:
        yield from steps.told(place, item, job)
        searches = job.request.number_or_none(f"{LIMITS}.MaxRuntimeInSeconds")
        if runs and job.action == TUNES and searches != longest * 3600:
            yield f"searches for seconds: {searches or 0:g}, where {item} of the stack file makes it {longest * 3600:g}"
        for training in job.trainings():
            if runs:
                yield from _lasts(item, training, runs, waits)
            yield from searched(place, item, job)
        yield from _places(graph, place, item, job)


def _pipeline(graph: Graph, place: Placement, item: str, pipeline: Resource) -> Iterator[str]:
    """Each step of a pipeline, how many runs there are, and how long the stack keeps what they write."""
    counted = by_hand(pipeline.props.section_or_empty("tags"))
    yield from other(place, f"{item}.runs_per_month", counted, "is started by people a month:")
    yield from steps.stated(graph, place, item, pipeline)
    for uri in dict.fromkeys(uri for job in sfn.jobs_of(graph, pipeline) for uri in job.written()):
        yield from _kept(graph, place, f"{item}.keep_days", uri, "keeps what it writes for days:", PIPELINES_DAYS)


def _lasts(item: str, request: Properties, runs: float, waits: float | None) -> Iterator[str]:
    """A training job, or a trial, has hours of its own, and may wait for Spot machines beside them."""
    if (request.flag_or_none("EnableManagedSpotTraining") is True) != (waits is not None):
        yield f"asks for Spot machines, or does not, where {item} of the stack file says otherwise"
    for at, hours in (("MaxRuntimeInSeconds", runs), ("MaxWaitTimeInSeconds", runs + (waits or 0))):
        seconds = request.number_or_none(f"StoppingCondition.{at}")
        if seconds is not None and seconds != hours * 3600:
            yield f"has {at} {seconds:g}, where {item} of the stack file makes it {hours * 3600:g}"


def _places(graph: Graph, place: Placement, item: str, job: Job) -> Iterator[str]:
    """What a job runs and where it writes, and how long the stack keeps what passes."""
    for image in job.images():
        yield from other_word(place, f"{item}.image", image, "runs the image")
    passes = SCORES_DAYS if job.action == SCORES else 0
    for uri in job.written():
        yield from other_word(place, f"{item}.output_uri", uri, "writes to")
        yield from _kept(graph, place, f"{item}.keep_days", uri, "keeps what it writes for days:", passes)
    own = job.request.section_or_empty("CheckpointConfig").values.get("S3Uri.$")
    uri = sfn.formatted(own)[0] if isinstance(own, str) else ""
    yield from other_word(place, f"{item}.spot.checkpoint_uri", uri, "keeps checkpoints in")
    yield from _kept(graph, place, f"{item}.spot.keep_days", uri, "keeps checkpoints for days:", CHECKPOINTS_DAYS)


def _schedule(graph: Graph, place: Placement, item: str, schedule: Resource) -> Iterator[str]:
    """By the times that both mean: AWS counts the days of the week from 1, and wants `?` beside a day."""
    if item.startswith("pipelines.") and graph.refers(schedule, "target", sfn.STATE_MACHINE):
        return  # what stops a step in time looks for it as often as it must, which limits-batch-time holds
    said, path = place.states(f"{item}.schedule"), "scheduleExpression"
    sent = schedule.props.text_if_known(path)
    if said and sent and _times(sent.removeprefix("cron(").removesuffix(")")) != _times(said):
        yield f"starts by {sent}, where {item}.schedule of the stack file says {said}"
    zone = schedule.props.text_if_known("scheduleExpressionTimezone") or "UTC"
    yield from other_word(place, f"{item}.timezone", zone, "starts by the clock of")
    if said and zone != "UTC" and not place.states(f"{item}.timezone"):
        yield f"starts by the clock of {zone}, where {item} of the stack file says no timezone, which is UTC"


def _times(cron: str) -> Sequence[object]:
    """What a cron(5), or one of AWS's in every year, comes down to. Nothing like it for what is neither."""
    try:
        if len(cron.split()) == 6 and not cron.endswith(" *"):
            return (cron,)
        comes = CronSim(unix_cron(cron) if len(cron.split()) == 6 else cron, appautoscaling.YEAR_BEGINS)
    except (CronSimError, ValueError):
        return (cron,)
    weekdays = {day % 7 if isinstance(day, int) else day for day in comes.weekdays}
    return comes.minutes, comes.hours, comes.days, comes.months, weekdays


# ---- the workspace --------------------------------------------------------------------------------------------------


def _workspace(graph: Graph, place: Placement, domain: Resource) -> Iterator[str]:
    """When applications stop, and where Studio stands; `identity-people-listed` holds who works there."""
    for idle in domain.props.sections_inside():
        for at in ("idleTimeoutInMinutes", "minIdleTimeoutInMinutes", "maxIdleTimeoutInMinutes"):
            if at in idle:
                sent = idle.number_or_none(at)
                yield from other(place, "workspace.idle_timeout_minutes", sent, f"has {at}")
    yield from other_word(place, "workspace.zones", _zones(graph.refers(domain, "subnetIds", ec2.SUBNET)), "stands in")


def _zones(subnets: Sequence[Resource]) -> str:
    return ", ".join(sorted({one.props.text_if_known("availabilityZone") for one in subnets} - {""}))


_MEMBERS: Mapping[str, Callable[[Graph, Placement, str, Resource], Iterator[str]]] = {
    sagemaker.ENDPOINT: _endpoint,
    sagemaker.CONFIGURATION: _configuration,
    sagemaker.MODEL: _model,
    APPROVED_VERSION: _approved,
    appautoscaling.TARGET: _target,
    appautoscaling.POLICY: _policy,
    cloudwatch.ALARM: _alarm,
    sfn.PIPELINE: _pipeline,
    sfn.STATE_MACHINE: _runs,
    scheduler.SCHEDULE: _schedule,
}

RULES = [stated]
