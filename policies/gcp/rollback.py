"""Rollback: a new model version takes a little traffic first and is taken back by itself when it is worse.

`rollback-config-unnamed` of AWS has no meaning here: a changed deployment makes another one beside the old. Instead the
endpoint must have a name that alerts can use; `rollback-endpoint-order` checks that.
"""

import re
from collections.abc import Iterator
from itertools import product
from math import isclose

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import cloudscheduler, mlplatform, monitoring, vertex, workflows
from catalogue.properties import Properties
from catalogue.wording import one_line
from policies.limits import Limits
from policies.rule import Found, limit_rule, resource_rule, stack_rule, whole_stack_rule

_LEAST_BAKE_MINUTES = 9
_SERVED, _ALERT = vertex.ENDPOINT, monitoring.ALERT
_DEPLOYMENT, _MODEL = mlplatform.DEPLOYMENT, mlplatform.MODEL
_WORKFLOW, _SCHEDULE = workflows.WORKFLOW, cloudscheduler.SCHEDULE
_ONLINE = re.compile(r"aiplatform[._]googleapis[._]com[/:]prediction[/_]online")
_PRIVATE = re.compile(r"prediction[/_]online[/_]private[/_]")
_COUNTED = re.compile(r"prediction_online_(|private_)response_count\{[^}]*\}\[\w+\]\)\) or vector\(0\)")
_WINDOW = re.compile(r"\[(\w+)\]")
_ENDPOINT_ID = re.compile(r'endpoint_id\s*=\s*"([^"]+)"')
_EVENT = re.compile(r'jsonPayload\.event\s*=\s*"([^"]+)"')
_VERSION = re.compile(r"@[0-9]+$")
"""Without a version Vertex AI takes the default one, which who approves models may move:
https://cloud.google.com/vertex-ai/docs/model-registry/versioning
"""
_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}|[1-9][0-9]{0,8}")


@resource_rule(
    "rollback-alarms",
    _DEPLOYMENT,
    severity="high",
    says="Each deployment is rolled back when its p95 latency or its share of errors exceeds its own bound.",
    remedy="Set rollback.p95_latency_ms and rollback.error_rate_percent in the stack file.",
)
def alarms(props: Properties) -> Iterator[str]:
    """The deployment itself measures and rolls back; Vertex AI has no alarms in a deployment."""
    if not (props.number_or_none("p95LatencyMs") or 0) > 0:
        yield "is not taken back on its p95 latency"
    if not 0 < (props.number_or_none("errorRatePercent") or 0) <= 100:
        yield "is not taken back on its errors"


@limit_rule(
    "rollback-traffic",
    _DEPLOYMENT,
    severity="high",
    says="A new version takes a canary's share of the traffic first, and bakes.",
    remedy="Set canary.percent within the limit and canary.bake_minutes in the stack file.",
)
def traffic(limits: Limits, props: Properties) -> Iterator[str]:
    """The timeout of the resource bounds an update, so bakeMinutes needs no upper limit."""
    limit = limits["canary-percent"].number
    percent = props.number_or_none("canaryPercent") or 0
    if not 0 < percent <= limit:
        yield f"lets a new version serve {percent} % first, allowed {limit:g} %"
    if not (props.number_or_none("bakeMinutes") or 0) > 0:
        yield "does not bake a new version"


@resource_rule(
    "rollback-canary-seen",
    _DEPLOYMENT,
    severity="high",
    says="What takes a new version back can see it: a bake that outlasts the delay of its figures, and a bound on "
    "errors below the canary's share.",
    remedy="Give canary.bake_minutes nine or more, and rollback.error_rate_percent less than canary.percent.",
)
def canary_seen(props: Properties) -> Iterator[str]:
    """Figures are sampled once a minute and shown up to six minutes later; the provider measures once a minute:
    https://cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform. The alert of the endpoint counts the answers
    of all versions, so a bound at or above the canary's share is one that it never breaks.
    """
    bake, share = props.number_or_none("bakeMinutes") or 0, props.number_or_none("canaryPercent") or 0
    if 0 < bake < _LEAST_BAKE_MINUTES:
        yield f"bakes a new version for {bake:g} minutes, and its first figures may come after {_LEAST_BAKE_MINUTES}"
    if (most := props.number_or_none("errorRatePercent") or 0) >= share > 0:
        yield f"is taken back above {most:g} % of errors, and its canary gives the endpoint {share:g} % of its answers"


@stack_rule(
    "rollback-endpoint-order",
    _DEPLOYMENT,
    _SERVED,
    severity="high",
    says="A deployment is made after its endpoint and its model, and nothing else shifts the endpoint's traffic.",
    remedy="Hand the deployment the endpoint's id and the model's version_name; ignore changes of trafficSplit.",
)
def endpoint_order(graph: Graph, resource: Resource) -> Iterator[str]:
    """An endpoint or model with something deployed cannot be deleted (python-aiplatform issue 1441)."""
    if resource.type == _DEPLOYMENT:
        if not graph.refers(resource, "endpoint", _SERVED):
            yield "does not wait for its endpoint, so destroy would delete that first"
        if not graph.refers(resource, "model", _MODEL):
            yield "does not wait for its model, so destroy would delete that first"
        if (model := resource.props.text_if_known("model")) and not _VERSION.search(model):
            yield f"serves {one_line(model)}, which names no version of the model"
        return
    split = resource.props.is_given("trafficSplit")
    deployed = graph.referring(_DEPLOYMENT, "endpoint", resource)
    if split or (deployed and "trafficSplit" not in resource.ignored_changes):
        yield "takes the traffic back from its deployment on every up"
    if not _NAME.fullmatch(resource.props.text_if_known("name")):
        yield "has no name that Vertex AI takes, so no alert can name it"


@whole_stack_rule(
    "rollback-endpoint-watched",
    _SERVED,
    severity="medium",
    says="An endpoint that is slow or fails tells its owner.",
    remedy="Keep the endpoint component's alerts on its p95 latency and its errors.",
)
def endpoint_watched(graph: Graph) -> Found:
    """Cloud Monitoring's metrics of aiplatform: prediction_latencies at its 95th percentile, response_count by code.

    Google does not say which of the two families an endpoint behind Private Service Connect writes, so both count:
    https://cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform
    """
    watched: set[tuple[str, str, str]] = set()
    for condition, text in _asked(graph):
        threshold = condition.section_or_empty("conditionThreshold")
        family = "private" if _PRIVATE.search(text) else "public"
        for name in _ENDPOINT_ID.findall(text):
            reduced = set(threshold.each_text("aggregations.crossSeriesReducer"))
            if "/prediction_latencies" in text and reduced == {"REDUCE_PERCENTILE_95"}:
                watched.add((name, "p95 latency", family))
            if "/response_count" in text and "response_code" in text and threshold.is_given("denominatorFilter"):
                watched.add((name, "share of errors", family))
    for endpoint in graph.of(_SERVED):
        for what, family in product(("p95 latency", "share of errors"), ("public", "private")):
            if (endpoint.props.text_if_known("name"), what, family) not in watched:
                yield endpoint, f"has no alert on its {what} in the {family} family of metrics"


def _asked(graph: Graph) -> Iterator[tuple[Properties, str]]:
    """Each condition that rings by itself, of every alert, with its query."""
    for alert in graph.of(_ALERT):
        for condition in _ringing(alert.props):
            for text in _queries(condition):
                yield condition, text


def _ringing(alert: Properties) -> list[Properties]:
    """The conditions of an alert that ring by themselves."""
    conditions = list(alert.each_section("conditions"))
    return conditions if len(conditions) == 1 or _any_of_them(alert) else []


def _any_of_them(props: Properties) -> bool:
    """Whether one condition of several is enough to ring (Monitoring API v3, combiner)."""
    return props.text_or_empty("combiner") == "OR"


def _queries(condition: Properties) -> list[str]:
    """The query of a condition, of any kind. Empty where it is not known before `up`."""
    paths = ("conditionThreshold.filter", "conditionAbsent.filter", "conditionMatchedLog.filter")
    paths = (*paths, "conditionPrometheusQueryLanguage.query")
    return [condition.text_if_known(path) for path in paths if condition.is_given(path)]


@resource_rule(
    "rollback-alarm-heard",
    _ALERT,
    severity="medium",
    says="An alert is in force, reaches the owner's channel, has a threshold and rings for each of its conditions.",
    remedy="Set notification_channels, the condition's threshold_value and combiner='OR'; leave out enabled.",
)
def alarm_heard(props: Properties) -> Iterator[str]:
    """A policy without a channel opens incidents that nobody sees."""
    if not props.is_given("notificationChannels") or props.flag_or_none("enabled") is False:
        yield "rings where nobody hears it"
    conditions = list(props.each_section("conditions"))
    if len(conditions) > 1 and not _any_of_them(props):
        yield "rings only when everything it asks for is wrong at once"
    for condition in conditions:
        if len(set(condition.names()) - {"displayName", "name"}) > 1:
            yield "asks for several things in one condition"
        if not _queries(condition):
            yield "asks for nothing"
        if "conditionThreshold" in condition and not condition.is_given("conditionThreshold.thresholdValue"):
            yield "has no threshold"


@whole_stack_rule(
    "rollback-alarm-dimensions",
    _ALERT,
    severity="high",
    says="An alert on an endpoint's metric names an endpoint of the stack: without it, another's traffic is counted.",
    remedy="Filter by resource.labels.endpoint_id, which is the endpoint's name.",
)
def alarm_dimensions(graph: Graph) -> Found:
    """Metrics of all endpoints of a project are under one resource type, aiplatform.googleapis.com/Endpoint."""
    names = {endpoint.props.text_if_known("name") for endpoint in graph.of(_SERVED)}
    for alert in graph.of(_ALERT):
        for condition in alert.props.each_section("conditions"):
            for text in _queries(condition):
                named = set(_ENDPOINT_ID.findall(text))
                if _ONLINE.search(text) and (not named or not named <= names):
                    yield alert, f"watches {', '.join(sorted(named)) or 'every endpoint of the project'}"


@whole_stack_rule(
    "rollback-alarm-bound",
    _ALERT,
    severity="medium",
    says="An alert on an endpoint rings at the bound at which its deployment is taken back.",
    remedy="Give the alert's threshold_value the deployment's p95_latency_ms, or its error_rate_percent as a share.",
)
def alarm_bound(graph: Graph) -> Found:
    """A higher threshold rings for nobody, a lower one for nothing: each is held against the deployments that stand.

    Any of a metric's series above its bound rings, where the condition compares with COMPARISON_GT. A run that failed
    rings at the first, which is one point alone, so nothing that must hold for a time: AlertPolicy, MetricThreshold,
    https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
    """
    bounds: dict[str, set[float]] = {"/prediction_latencies": set(), "/response_count": set()}
    for deployment in graph.of(_DEPLOYMENT):
        bounds["/prediction_latencies"].add(deployment.props.number_or_none("p95LatencyMs") or 0)
        bounds["/response_count"].add((deployment.props.number_or_none("errorRatePercent") or 0) / 100)
    for alert in graph.of(_ALERT):
        for condition in alert.props.each_section("conditions"):
            threshold = condition.section_or_empty("conditionThreshold")
            text, bound = threshold.text_if_known("filter"), threshold.number_or_none("thresholdValue")
            for metric, known in {**bounds, "/finished_execution_count": {0.0}}.items():
                if metric not in text or bound is None or (not graph.ours and 0 < bound < max(known, default=0)):
                    continue  # another program may be warned earlier than it takes a version back
                if known and not any(isclose(bound, one) for one in known):
                    said = " or ".join(f"{one:g}" for one in sorted(known))
                    yield alert, f"rings above {bound:g} (conditions.conditionThreshold.thresholdValue), not {said}"
            if "/finished_execution_count" in text and _seconds(threshold.text_if_known("duration") or "0s"):
                yield alert, "waits for runs that fail one after the other (conditions.conditionThreshold.duration)"


@whole_stack_rule(
    "rollback-idle-watched",
    _SERVED,
    severity="medium",
    says="An endpoint, which cannot scale to zero, tells its owner when nobody uses it.",
    remedy="Keep the endpoint component's idle alert.",
)
def idle_watched(graph: Graph) -> Found:
    """Vertex AI keeps one replica.

    The query counts missing data as zero calls; a threshold alone would not ring on it. It adds up both families of
    metrics, for one that is never written would ring every day. Zero is what it sees of the time before the endpoint
    stood too, so it must hold for at least as long as it looks back before it rings: AlertPolicy,
    PrometheusQueryLanguageCondition.duration,
    https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies
    """
    watched = {
        name
        for _, text in _asked(graph)
        for name in _ENDPOINT_ID.findall(text)
        if {"", "private_"} <= set(_COUNTED.findall(text)) and text.rstrip().endswith("< 1")
    }
    for endpoint in graph.of(_SERVED):
        if endpoint.props.text_if_known("name") not in watched:
            yield endpoint, "may bill while idle and nobody is told"
    for alert in graph.of(_ALERT):
        for text, waits, looks in _silences(alert):
            if waits < (back := max(map(_seconds, _WINDOW.findall(text)))):
                yield alert, f"rings {waits:g} s after it is made, and takes the {back:g} s before that for silence"
            if back < looks:
                yield alert, f"looks each {looks:g} s at the {back:g} s before, and sees no call between"


def _silences(alert: Resource) -> Iterator[tuple[str, float, float]]:
    """The queries of an alert that count a missing series as zero, each with how long it must hold before it rings and
    how often it is asked.
    """
    for condition in _ringing(alert.props):
        asked = condition.section_or_empty("conditionPrometheusQueryLanguage")
        if _COUNTED.search(text := asked.text_if_known("query")):
            waits, looks = (asked.text_or_empty(key) or "0s" for key in ("duration", "evaluationInterval"))
            yield text, _seconds(waits), _seconds(looks)


def _seconds(span: str) -> float:
    """A span of time as Prometheus or Google writes it, such as 2h or 3600s. One that is neither holds for no time."""
    unit = {"s": 1, "m": 60, "h": 3600, "d": 86_400}.get(span[-1:], 0)
    return float(span[:-1]) * unit if span[:-1].isdecimal() else 0.0


# What the alerts of a batch job must say, each with the words that its query has.
_RUNS = {
    _WORKFLOW: {"failed": ("finished_execution_count", '!= "SUCCEEDED"'), "overran": ('event = "overran"',)},
    _SCHEDULE: {"was not started": ("cloud_scheduler_job", "severity >= ERROR")},
}


@stack_rule(
    "rollback-batch-watched",
    *_RUNS,
    severity="medium",
    says="A batch job that fails, overruns or is not started tells its owner.",
    remedy="Keep the batch component's three alerts.",
)
def batch_watched(graph: Graph, resource: Resource) -> Iterator[str]:
    """The schedule only learns that the workflow started.

    So the alerts watch the workflow's end and the schedule's log, and what a pipeline says of the step that failed.
    """
    alerts, name = graph.referring(_ALERT, "conditions", resource), resource.props.text_if_known("name")
    asked = [text for alert in alerts for condition in _ringing(alert.props) for text in _queries(condition)]
    texts = [text for text in asked if not text or f'"{name}"' in text or not name]
    of_steps = {"failed, and at which step": ('event = "failed"',)} if workflows.paths(resource) else {}
    for what, words in {**_RUNS[resource.type], **of_steps}.items():
        if not any(not text or all(word in text for word in words) for text in texts):
            yield f"tells nobody that a run {what}"
    if of_steps and not any(step.is_given("json.error") for step in _told(resource.props, "failed")):
        yield "logs that a run failed, and not why, which its alert says"
    if resource.type == _WORKFLOW:
        waited = {event for text in texts for event in _EVENT.findall(text)}
        for event in sorted(waited - set(_logged(resource.props))):
            yield f"never logs the event {event} as an error, for which its alert waits"


def _told(flow: Properties, event: str) -> Iterator[Properties]:
    """What a workflow logs with an event."""
    for step in flow.document_or_empty(workflows.AT).sections_inside():
        if step.is_given("json.event") and step.text_or_empty("json.event") == event:
            yield step


def _logged(flow: Properties) -> Iterator[str]:
    """The events that a workflow logs with the severity for which its alert waits."""
    for step in flow.document_or_empty(workflows.AT).sections_inside():
        if step.text_or_empty("severity") == "ERROR" and step.is_given("json.event"):
            yield step.text_or_empty("json.event")


RULES = [
    alarms,
    traffic,
    canary_seen,
    endpoint_order,
    endpoint_watched,
    alarm_heard,
    alarm_dimensions,
    alarm_bound,
    idle_watched,
    batch_watched,
]
