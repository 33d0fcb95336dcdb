"""Rollback: a new model version takes a little traffic first and is taken back by itself when it is worse."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from cronsim import CronSim, CronSimError

from catalogue.durations import minutes_or_none
from catalogue.graph import Graph, Resource
from catalogue.kinds.aws import count, pipelines, sfn
from catalogue.kinds.aws.appautoscaling import YEAR_BEGINS, YEAR_ENDS
from catalogue.kinds.aws.cloudwatch import ALARM, MUTE
from catalogue.kinds.aws.sagemaker import CONFIGURATION, ENDPOINT, configurations, is_async, off_hours, variants
from catalogue.kinds.aws.scheduler import SCHEDULE, longest_pause_of
from catalogue.once import once_a_graph
from catalogue.pauses import LOOKS_BACK_HOURS, is_watched
from catalogue.properties import Properties
from catalogue.runs import by_hand
from policies import limits
from policies.aws.alarms import LOST, MACHINES, NEW, OLDEST, NotArithmetic, rings
from policies.rule import Found, resource_rule, stack_rule, whole_stack_rule


@stack_rule(
    "rollback-alarms",
    ENDPOINT,
    severity="high",
    says="Each endpoint rolls back on alarms that watch its own errors and, where it answers at once, its p95 latency.",
    remedy="Keep the endpoint component's alarms in auto_rollback_configuration.",
)
def alarms(graph: Graph, resource: Resource) -> Iterator[str]:
    """Follows deploymentConfig to the alarms of this stack. They must watch each variant that answers callers."""
    named, known, watching = _named(graph, resource)
    for other in sorted(set(known) - _by_name(graph).keys()):
        yield f"rolls back on {other or 'an alarm without a name'}, which is not in the stack"
    wanted = {"Invocation5XXErrors"} if is_async(graph, resource) else {"Invocation5XXErrors", "ModelLatency"}
    names = [v.text_or_empty("variantName") for c in configurations(graph, resource) for v in variants(c)]
    # An alarm that is only waited for, and not named, takes nothing back. Nobody can tell which one that is.
    counted = watching if len(set(known)) + named - len(known) >= len(watching) else []
    for name in names:
        seen = {a.props.text_or_empty("metricName") for a in counted if _variant_of(a) == name}
        for metric in sorted(wanted - seen):
            yield f"does not roll back on {metric}{f' of {name}' if len(names) > 1 else ''}"
    if named < len(wanted) * len(names):
        yield f"names {named} rollback alarms where {len(wanted) * len(names)} are needed"
    for alarm in watching:
        latency = alarm.props.text_or_empty("metricName") == "ModelLatency"
        if latency and alarm.props.text_or_empty("extendedStatistic") != "p95":
            yield f"rolls back on another statistic than p95 ({alarm.name})"


def _named(graph: Graph, endpoint: Resource) -> tuple[int, list[str], list[Resource]]:
    """How many alarms the endpoint rolls back on, their names that are known, and those of the stack that watch it."""
    path = "deploymentConfig.autoRollbackConfiguration.alarms"
    named, known = count(endpoint.props, path), list(endpoint.props.each_text_if_known(f"{path}.alarmName"))
    # A known name identifies an alarm. One that is not known yet is identified by the reference.
    if len(known) == named:
        found = [alarm for name in dict.fromkeys(known) for alarm in _by_name(graph).get(name, ())]
    else:
        found = graph.refers(endpoint, "deploymentConfig", ALARM)
    return named, known, [alarm for alarm in found if _watches(alarm, endpoint)]


@once_a_graph
def _by_name(graph: Graph) -> Mapping[str, list[Resource]]:
    """The alarms of the stack by their names."""
    found: dict[str, list[Resource]] = {}
    for alarm in graph.of(ALARM):
        found.setdefault(alarm.props.text_if_known("name"), []).append(alarm)
    return found


@once_a_graph
def _by_endpoint(graph: Graph) -> Mapping[str, list[Resource]]:
    """The alarms of the stack by the name of the endpoint that they watch."""
    found: dict[str, list[Resource]] = {}
    for alarm in graph.of(ALARM):
        found.setdefault(alarm.props.text_or_empty("dimensions.EndpointName"), []).append(alarm)
    return found


def _watching(graph: Graph, endpoint: Resource) -> list[Resource]:
    return _by_endpoint(graph).get(endpoint.props.text_or_empty("name"), [])


def _watches(alarm: Resource, endpoint: Resource) -> bool:
    return alarm.props.text_or_empty("dimensions.EndpointName") == endpoint.props.text_or_empty("name")


def _variant_of(alarm: Resource) -> str:
    return alarm.props.text_or_empty("dimensions.VariantName")


@stack_rule(
    "rollback-traffic",
    ENDPOINT,
    severity="high",
    says="An endpoint that answers at once shifts a canary first; every update bakes, waits and ends in bounded time.",
    remedy="Set canary.percent within the limit and canary.bake_minutes in the stack file.",
)
def traffic(graph: Graph, resource: Resource) -> Iterator[str]:
    """blueGreenUpdatePolicy: type, canary size, waits and the execution timeout."""
    limit = limits.of(graph)["canary-percent"].number
    policy = resource.props.section_or_empty("deploymentConfig.blueGreenUpdatePolicy")
    routing = policy.section_or_empty("trafficRoutingConfiguration")
    if not is_async(graph, resource):
        size = routing.section_or_empty("canarySize")
        share = size.number_or_none("value") or 0
        if routing.text_or_empty("type") != "CANARY" or size.text_or_empty("type") != "CAPACITY_PERCENT":
            yield "shifts all traffic to a new version at once"
        elif not 0 < share <= limit:
            yield f"lets a new version serve {share:g} % first, allowed {limit:g} %"
    if not routing.number_or_none("waitIntervalInSeconds"):
        yield "does not bake a new version"
    if not policy.number_or_none("terminationWaitInSeconds"):
        yield "takes the old version away at once"
    if not policy.number_or_none("maximumExecutionTimeoutInSeconds"):
        yield "has no timeout for an update"


@stack_rule(
    "rollback-canary-seen",
    ENDPOINT,
    severity="high",
    says="What takes a new version back can see it: enough replicas, alarms on its own fleet, and a bake that outlasts "
    "them.",
    remedy="Give the endpoint two replicas or more and five minutes or more to bake, and keep its component's alarms.",
)
def canary_seen(graph: Graph, resource: Resource) -> Iterator[str]:
    """The new fleet's replicas, and what its alarms would see of it until the bake ends.

    A canary is at most half of the new fleet, Inf1 has none, and metrics under EndpointConfigName are one fleet's:
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html and -exclusions.html
    and -configuration.html.
    """
    routing = resource.props.section_or_empty("deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration")
    share = routing.number_or_none("canarySize.value") or 0 if routing.text_or_empty("type") == "CANARY" else 100
    found = configurations(graph, resource)
    for variant in (each for configuration in found for each in variants(configuration)):
        type_, number = variant.text_or_empty("instanceType"), variant.number_or_none("initialInstanceCount")
        if type_.startswith("ml.inf1."):
            yield f"runs on {type_}, where SageMaker lets a new version in all at once and takes none back"
        if share < 100 and number is not None and number < 2:
            yield f"has {number:g} replica, and a canary is at most half of them"
    bake = routing.number_or_none("waitIntervalInSeconds") or 0
    for alarm in _named(graph, resource)[2]:
        yield from _blind(graph, alarm, found, share, bake)


def _blind(graph: Graph, alarm: Resource, found: Sequence[Resource], share: float, bake: float) -> Iterator[str]:
    props = alarm.props
    periods = props.number_or_none("datapointsToAlarm") or props.number_or_none("evaluationPeriods") or 1
    needs = periods * (props.number_or_none("period") or 60)
    if 0 < bake <= needs:
        yield f"bakes a new version for {bake:g} s, and {alarm.name} rings after {needs:g} s at the earliest"
    if NEW in props.section_or_empty("dimensions"):
        named = props.text_if_known(f"dimensions.{NEW}")
        known = {configuration.props.text_if_known("name") for configuration in found} - {""}
        meant = named in known if named else any(c in found for c in graph.refers(alarm, "dimensions", CONFIGURATION))
        if not meant and (known or not named):
            yield f"rolls back on {alarm.name}, which watches another configuration than the one that is to serve"
        return
    metric, most = props.text_or_empty("metricName"), props.number_or_none("threshold") or 0
    if metric == "Invocation5XXErrors" and most * 100 >= share:
        yield f"rolls back on {alarm.name} above {most * 100:g} % of all answers, and its canary gives {share:g} %"
    if metric == "ModelLatency" and share < 5:
        yield f"rolls back on {alarm.name}, a p95 of all answers, which does not see the canary's {share:g} %"


@resource_rule(
    "rollback-alarm-heard",
    ALARM,
    severity="medium",
    says="Every alarm notifies the owner's topic or scales an endpoint.",
    remedy="Set alarm_actions.",
)
def alarm_heard(props: Properties) -> Iterator[str]:
    """At least one action, and the actions are not switched off."""
    if not props.is_given("alarmActions") or props.flag_or_none("actionsEnabled") is False:
        yield "rings where nobody hears it"
    if props.number_or_none("threshold") is None:
        yield "has no threshold"


@whole_stack_rule(
    "rollback-alarm-named",
    ALARM,
    severity="high",
    says="Each alarm has a name of its own.",
    remedy="Leave the names to the component, which makes each of its endpoint's or its job's.",
)
def alarm_named(graph: Graph) -> Found:
    """PutMetricAlarm overwrites the alarm of that name, so that what the one watched is watched by nobody:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
    """
    for name, named in _by_name(graph).items():
        for other in named[1:] if name else ():
            yield other, f"is called {name}, as {named[0].name} is, and takes its place"


@stack_rule(
    "rollback-alarm-muted",
    MUTE,
    severity="high",
    says="Only the alarm on the oldest request of a queue is muted, and only where its endpoint has off hours.",
    remedy="Take the mute rule out; an endpoint's hours in the stack file bring their own.",
)
def alarm_muted(graph: Graph, resource: Resource) -> Iterator[str]:
    """A muted alarm goes on ringing and tells nobody, so that what it watches is watched by nobody:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarm-mute-rules.html. Each time of a rule must lie
    in the off hours of the endpoint, or in the two hours after them, in which what came at night is answered.
    """
    muted, names = _muted(graph, resource), set(resource.props.each_text_if_known("muteTargets.alarmNames"))
    for other in sorted(names - {alarm.props.text_if_known("name") for alarm in muted}):
        yield f"mutes {other or 'an alarm without a name'}, which is not in the stack"
    for alarm in muted:
        if alarm.props.text_or_empty("metricName") != OLDEST:
            yield f"mutes {alarm.name}, of which then nobody hears"
        elif not (
            off := [one for each in graph.of(ENDPOINT) if _watches(alarm, each) for one in off_hours(graph, each)]
        ):
            yield f"mutes {alarm.name}, whose endpoint has no off hours"
        elif not all(_mutes_within(resource, *each) for each in off):
            yield f"mutes {alarm.name} while its endpoint is to answer, or nobody can tell when"


_SETTLES = timedelta(hours=2)
_MOST_TIMES = 24 * 366


def _muted(graph: Graph, rule: Resource) -> list[Resource]:
    names = set(rule.props.each_text_if_known("muteTargets.alarmNames")) - {""}
    refers = graph.refers(rule, "muteTargets", ALARM)
    return [alarm for alarm in graph.of(ALARM) if alarm in refers or alarm.props.text_if_known("name") in names]


def _mutes_within(rule: Resource, timezone: str, off: Sequence[tuple[datetime, datetime]]) -> bool:
    """Whether a rule mutes in these hours alone. One that comes once, or whose cron cannot be read, is not known to."""
    schedule = rule.props.section_or_empty("rule.schedule")
    lasts = timedelta(minutes=minutes_or_none(schedule, "duration") or 0)
    kind, _, inner = schedule.text_or_empty("expression").rstrip(")").partition("(")
    if kind != "cron" or (schedule.text_or_empty("timezone") or "UTC") != timezone:
        return False
    begins = [since for since, _ in off]
    try:
        comes = CronSim(inner, YEAR_BEGINS - timedelta(minutes=1))
        for number, time in enumerate(takewhile(lambda time: time < YEAR_ENDS, comes)):
            at = bisect_right(begins, time) - 1
            if number == _MOST_TIMES or at < 0 or min(time + lasts, YEAR_ENDS) > off[at][1] + _SETTLES:
                return False
    except CronSimError:
        return False
    return True


@resource_rule(
    "rollback-config-unnamed",
    CONFIGURATION,
    severity="medium",
    says="Pulumi names each endpoint configuration: the endpoint notices a change only by a new name.",
    remedy="Leave out name; pin the endpoint's name instead (terraform-provider-aws issue 21811).",
)
def config_unnamed(props: Properties) -> Iterator[str]:
    """An auto-name ends in hexadecimal digits on the engine. Offline there is no name."""
    name = props.text_or_empty("name")
    if name and not (len(name) > 8 and name[-8] == "-" and all(c in "0123456789abcdef" for c in name[-7:])):
        yield "has a fixed name, so an endpoint would not notice its replacement"


@whole_stack_rule(
    "rollback-idle-watched",
    ENDPOINT,
    severity="medium",
    says="An endpoint that cannot scale to zero tells its owner when nobody uses it.",
    remedy="Keep the endpoint component's idle alarm.",
)
def idle_watched(graph: Graph) -> Found:
    """An alarm on Invocations that counts silence, by endpoint and variant; each variant has one. One that rings every
    night is soon heard by nobody; in another program its team decides.
    """
    watched = {variant for alarm in graph.of(ALARM) for variant in _idle_of(alarm)}
    for alarm in graph.of(ALARM) if graph.ours else ():
        if any(_idle_of(alarm)) and (waits := _hours_of(alarm)) < _NIGHT_HOURS:
            yield alarm, f"rings after {waits:g} hours without a request, which every night is"
    for endpoint in graph.of(ENDPOINT):
        if not is_async(graph, endpoint):
            name = endpoint.props.text_or_empty("name")
            served = [v for c in configurations(graph, endpoint) for v in variants(c)]
            if any((name, variant.text_or_empty("variantName")) not in watched for variant in served):
                yield endpoint, "may bill while idle and nobody is told"


_NIGHT_HOURS = 12


def _idle_of(alarm: Resource) -> Iterator[tuple[str, str]]:
    """The endpoints and variants whose silence rings the alarm, and of which one call does not.

    SageMaker publishes no Invocations while nobody calls. So silence rings where missing data breaches, or where metric
    math adds what the machines publish as long as they stand, for which a missing value is 0
    (https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/using-metric-math.html).
    """
    silence = alarm.props.text_or_empty("treatMissingData") == "breaching"
    if silence and alarm.props.text_or_empty("metricName") == "Invocations":
        yield _variant_in(alarm.props)
    queries = alarm.props.each_section("metricQueries")
    read = {query.text_or_empty("id"): query.section_or_empty("metric") for query in queries if "metric" in query}
    standing = {_variant_in(each) for each in read.values() if each.text_or_empty("namespace") == MACHINES}
    idle = {id_: float(each.text_or_empty("namespace") == MACHINES) for id_, each in read.items()}
    for id_, each in read.items():
        of = _variant_in(each)
        if each.text_or_empty("metricName") == "Invocations" and (silence or of in standing):
            try:
                told = rings(alarm.props, idle) and not rings(alarm.props, {**idle, id_: 1})
            except NotArithmetic:
                told = True  # rollback-alarm-threshold says that nobody can judge it
            if told:
                yield of


def _variant_in(metric: Properties) -> tuple[str, str]:
    return metric.text_or_empty("dimensions.EndpointName"), metric.text_or_empty("dimensions.VariantName")


@stack_rule(
    "rollback-batch-watched",
    *sfn.DEFINED,
    severity="medium",
    says="A batch job or a pipeline that fails, overruns or never starts tells its owner, and a pipeline which step it "
    "was.",
    remedy="Keep the component's alarms.",
)
def batch_watched(graph: Graph, resource: Resource) -> Iterator[str]:
    """Alarms on the runs of each state machine or pipeline that failed, were stopped or took too long, on each step of
    a pipeline that failed, and on a run that never started.

    EventBridge Scheduler's failure to start a run fails no execution, so silence must ring: ExecutionsSucceeded below 1
    with missing data as breaching. A schedule that pauses for longer than an alarm looks back can have none.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/monitoring-cloudwatch.html
    """
    watching = graph.referring(ALARM, "dimensions", resource)
    metrics = {a.props.text_or_empty("metricName") for a in watching if not _is_silence(a) and _hears_one(a)}
    for metric in sorted(_TOLD[resource.type] - metrics):
        yield f"has no alarm on {metric} that one run rings"
    if resource.type == sfn.PIPELINE:
        steps = [alarm.props for alarm in watching if alarm.props.text_or_empty("metricName") == "StepFailed"]
        told = {one.text_or_empty("dimensions.StepName") for one in steps if one.text_or_empty("alarmDescription")}
        for step in pipelines.steps(resource.props):
            if (name := step.text_or_empty("Name")) not in told:
                yield f"has no alarm that says that the step {name} failed"
    starts = [s.props.text_or_empty("scheduleExpression") for s in graph.referring(SCHEDULE, "target", resource)]
    if graph.ours and not starts and by_hand(resource.props.section_or_empty("tags")) is None:
        yield "is started by no schedule, so that nothing is scored and nobody is told"
    pauses = [longest_pause_of(each) for each in starts]
    silences = [alarm for alarm in watching if _is_silence(alarm)]
    if pauses and is_watched(min(pauses)) and not silences:
        yield "has no alarm that rings where no run starts"
    if resource.type == sfn.PIPELINE:
        lasts = pipelines.longest_hours(graph, resource)
    else:
        lasts = (sfn.definition(resource.props).number_or_none("TimeoutSeconds") or 0) / 3600
    for alarm in silences if pauses else ():
        waits = _hours_of(alarm)
        due = min(pauses)
        if not due - 1 <= waits <= min(max(pauses) + lasts + 48, LOOKS_BACK_HOURS):
            yield f"is due each {due:g} hours, and {alarm.name} rings after {waits:g} hours without a run"


_TOLD: Mapping[str, set[str]] = {
    sfn.STATE_MACHINE: {"ExecutionsFailed", "ExecutionsTimedOut"},
    # Pipelines counts no run that took too long: each of its steps is stopped by its own time, and the run with it.
    sfn.PIPELINE: {"ExecutionFailed", "ExecutionStopped"},
}
"""The metrics that tell the owner of a run that did not end well. https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html
and https://docs.aws.amazon.com/step-functions/latest/dg/procedure-cw-metrics.html
"""


def _hours_of(alarm: Resource) -> float:
    """How long what an alarm is on must last until it rings, by the longest period of what it reads."""
    read = (alarm.props, *alarm.props.each_section("metricQueries.metric"))
    period = max(each.number_or_none("period") or 0 for each in read)
    periods = alarm.props.number_or_none("datapointsToAlarm") or alarm.props.number_or_none("evaluationPeriods") or 0
    return periods * period / 3600


def _hears_one(alarm: Resource) -> bool:
    """Whether a single run rings the alarm: where missing data are well, more periods than one wait for as many."""
    props = alarm.props
    waits = props.number_or_none("datapointsToAlarm") or props.number_or_none("evaluationPeriods") or 1
    return waits == 1 or props.text_or_empty("treatMissingData") not in ("notBreaching", "ignore")


def _is_silence(alarm: Resource) -> bool:
    props = alarm.props
    said = (props.text_or_empty("metricName"), props.text_or_empty("treatMissingData"))
    succeeded = ("ExecutionsSucceeded", "ExecutionSucceeded")
    return said[0] in succeeded and said[1] == "breaching" and "Less" in props.text_or_empty("comparisonOperator")


@resource_rule(
    "rollback-run-named",
    SCHEDULE,
    severity="medium",
    mandatory=False,
    says="A run that a schedule delivers twice has one name.",
    remedy="Name the run by <aws.scheduler.scheduled-time> in place of <aws.scheduler.execution-id>.",
)
def run_named(props: Properties) -> Iterator[str]:
    """The execution's id is another at each attempted invocation, so a second delivery scores all once more.

    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-schedule-context-attributes.html
    """
    if "<aws.scheduler.execution-id>" in props.text_or_empty("target.input"):
        yield "names a run by the attempt to start it"
    if ":pipeline/" in props.text_if_known("target.arn"):
        yield "starts a pipeline by its ARN, with no token by which a start that is delivered twice is one run"


@stack_rule(
    "rollback-async-heard",
    ENDPOINT,
    severity="high",
    says="An endpoint that answers through a queue says which requests failed, and rings when one waits too long.",
    remedy="Set s3_failure_path or an error topic, and keep the endpoint component's alarm on the oldest request.",
)
def async_heard(graph: Graph, resource: Resource) -> Iterator[str]:
    """Without either a failed request is answered nowhere: AsyncInferenceOutputConfig,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_AsyncInferenceOutputConfig.html. What waits is seen in
    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
    """
    for configuration in configurations(graph, resource):
        output = configuration.props.section_or_empty("asyncInferenceConfig.outputConfig")
        if output and not (output.is_given("s3FailurePath") or output.is_given("notificationConfig.errorTopic")):
            yield f"answers a failed request nowhere ({configuration.name})"
    seen = (alarm.props.text_or_empty("metricName") for alarm in _watching(graph, resource))
    if is_async(graph, resource) and OLDEST not in seen:
        yield f"has no alarm on {OLDEST}"


@whole_stack_rule(
    "rollback-async-lost",
    ENDPOINT,
    severity="medium",
    says="An endpoint that answers through a queue tells its owner of each request that is lost: too old, not read, or "
    "its answer not written.",
    remedy="Keep the endpoint component's alarm on lost requests.",
)
def async_lost(graph: Graph) -> Found:
    """None of these is an answer with 5xx, so no alarm on errors hears it; each variant publishes its own:
    https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
    """
    heard = {one for alarm in graph.of(ALARM) for one in _losses_of(alarm)}
    for endpoint in graph.of(ENDPOINT):
        name = endpoint.props.text_or_empty("name")
        served = [v for c in configurations(graph, endpoint) for v in variants(c)] if is_async(graph, endpoint) else []
        for variant in (one.text_or_empty("variantName") for one in served):
            if missing := [metric for metric in LOST if (name, variant, metric) not in heard]:
                yield endpoint, f"loses requests of which nobody is told: no alarm on {', '.join(missing)}"


def _losses_of(alarm: Resource) -> Iterator[tuple[str, str, str]]:
    """The endpoints and variants of which one lost request rings the alarm, by the metric, and none does not."""
    if (metric := alarm.props.text_or_empty("metricName")) in LOST:
        yield (*_variant_in(alarm.props), metric)
    queries = alarm.props.each_section("metricQueries")
    read = {query.text_or_empty("id"): query.section_or_empty("metric") for query in queries if "metric" in query}
    for id_, each in read.items():
        if (metric := each.text_or_empty("metricName")) in LOST:
            try:
                none = dict.fromkeys(read, 0.0)
                told = rings(alarm.props, {**none, id_: 1}) and not rings(alarm.props, none)
            except NotArithmetic:
                told = True  # rollback-alarm-threshold says that nobody can judge it
            if told:
                yield (*_variant_in(each), metric)


@stack_rule(
    "rollback-endpoint-watched",
    ENDPOINT,
    severity="medium",
    says="An endpoint that is slow or fails tells its owner, whichever version answers.",
    remedy="Keep the endpoint component's alarms on the errors and the p95 latency of the whole endpoint.",
)
def endpoint_watched(graph: Graph, resource: Resource) -> Iterator[str]:
    """Alarms by endpoint and variant alone: those of one configuration see nothing once it is replaced or taken back.

    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-configuration.html
    """
    wanted = ["Invocation5XXErrors"] if is_async(graph, resource) else ["Invocation5XXErrors", "ModelLatency"]
    whole = [
        alarm.props for alarm in _watching(graph, resource) if NEW not in alarm.props.section_or_empty("dimensions")
    ]
    for configuration in configurations(graph, resource):
        for variant in variants(configuration):
            name = variant.text_or_empty("variantName")
            heard = {a.text_or_empty("metricName") for a in whole if _variant_in(a)[1] == name}
            yield from (f"tells nobody of its {metric}" for metric in wanted if metric not in heard)


RULES = [
    alarms,
    traffic,
    canary_seen,
    alarm_heard,
    alarm_named,
    alarm_muted,
    config_unnamed,
    idle_watched,
    batch_watched,
    run_named,
    async_heard,
    async_lost,
    endpoint_watched,
]
