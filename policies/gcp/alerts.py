"""Alerts: what a condition waits for is what can happen. A filter that nothing matches, or a query that is never true,
rings as little as no alert at all.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import cloudscheduler, monitoring, vertex, workflows
from catalogue.properties import Properties
from policies.rule import stack_rule

_CLASSES = re.compile(r'monitoring\.regex\.full_match\("5(?:\.\*|\.\.|xx)"\)|"5xx"')
_CODES = re.compile(r"500")
_ONLINE = "aiplatform.googleapis.com/prediction/online/"


@dataclass(frozen=True)
class _Watched:
    """What a monitored resource is: the type of the stack's resource that its label names, and what is said of it.

    `metrics` are its metrics with what else a filter of each may ask for; under an empty name is what one of its log
    entries may be asked for. Monitoring, "Google Cloud metrics", https://cloud.google.com/monitoring/api/metrics_gcp
    """

    type: str
    label: str
    metrics: Mapping[str, Mapping[tuple[str, str], re.Pattern[str]]]


def _only(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text))


_CLASS, _CODE = {("metric.labels.response_code", "="): _CLASSES}, {("metric.labels.response_code", ">="): _CODES}
"""What says that an answer is an error: a class of codes in one family, a number in the other, which no regular
expression matches: https://cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform
"""
_ERROR = {("severity", ">="): _only("ERROR"), ("severity", "="): _only("ERROR")}
_WATCHED: Mapping[str, _Watched] = {
    "aiplatform.googleapis.com/Endpoint": _Watched(
        vertex.ENDPOINT,
        "endpoint_id",
        {
            f"{_ONLINE}response_count": _CLASS,
            f"{_ONLINE}private/response_count": _CODE,
            f"{_ONLINE}prediction_latencies": {("metric.labels.latency_type", "="): _only('"total"')},
            f"{_ONLINE}private/prediction_latencies": {},
        },
    ),
    "workflows.googleapis.com/Workflow": _Watched(
        workflows.WORKFLOW,
        "workflow_id",
        {
            "workflows.googleapis.com/finished_execution_count": {
                ("metric.labels.status", "!="): _only('"SUCCEEDED"'),
                ("metric.labels.status", "="): _only('"FAILED"'),
            },
            "": {**_ERROR, ("jsonPayload.event", "="): re.compile(r'"[^"]+"')},  # rollback-batch-watched reads which
        },
    ),
    "cloud_scheduler_job": _Watched(cloudscheduler.SCHEDULE, "job_id", {"": _ERROR}),
}
_LINK = re.compile(r"(?:(?<!\w)\w+://|www\.)(?!(?:console\.|docs\.)?cloud\.google\.com/)[^\s)>\]]+", re.IGNORECASE)
"""An address in the text of an alert that is none of Google Cloud's own pages."""
_TERM = re.compile(r"([\w.]+)\s*(!=|>=|<=|=|>|<|:)\s*(\S.*)", re.DOTALL)


@stack_rule(
    "rollback-alarm-means",
    monitoring.ALERT,
    severity="high",
    says="An alert waits for what can happen: errors, latencies, failed runs or silence of the stack's own resources.",
    remedy="Keep the filters and queries of the components' alerts; what they ask for beside that may never be there.",
)
def alarm_means(graph: Graph, alert: Resource) -> Iterator[str]:
    """Each term of a filter is one that the metric or the log knows, and is there once, for all of them must hold:
    "Monitoring filters", https://cloud.google.com/monitoring/api/v3/filters. Another program's alerts watch what we do
    not know.
    """
    if not graph.ours:
        return
    shown = alert.props.section_or_empty("documentation")
    texts = [shown.text_if_known("content"), shown.text_if_known("subject")]
    if not shown.is_given("content"):
        yield "tells nobody what has happened: it has no text (documentation.content)"
    for address in _LINK.findall(" ".join([*texts, *shown.each_text_if_known("links.url")])):
        yield f"shows {address[:120]} to whoever it wakes, who would open it (documentation)"
    for condition in alert.props.each_section("conditions"):
        threshold = condition.section_or_empty("conditionThreshold")
        for path in ("conditionThreshold.filter", "conditionMatchedLog.filter", "conditionAbsent.filter"):
            if text := condition.text_if_known(path):
                logs = path == "conditionMatchedLog.filter"
                yield from (f"{sentence} (conditions.{path})" for sentence in _filter(graph, text, logs))
        if threshold.is_given("denominatorFilter"):
            yield from _share(threshold)
        strategy, rate = alert.props.section_or_empty("alertStrategy"), "notificationRateLimit"
        of_logs = condition.is_given("conditionMatchedLog")
        if of_logs != (rate in strategy) or (of_logs and not strategy.is_given(f"{rate}.period")):
            yield "waits for logs and has no notificationRateLimit.period, or has one and waits for none: it is refused"
        if query := condition.text_if_known("conditionPrometheusQueryLanguage.query"):
            yield from _query(graph, query)


def _filter(graph: Graph, text: str, logs: bool) -> Iterator[str]:
    """What in a filter asks for what is never there."""
    terms = list(_terms(text))
    said = {(key, operator): value for key, operator, value in terms}
    if not all(key for key, _, _ in terms) or len(said) < len(terms):
        yield f"asks for what cannot be read, or for one thing twice: {text[:120]}"
        return
    kind = said.pop(("resource.type", "="), "").strip('"')
    metric = said.pop(("metric.type", "="), "").strip('"')
    watched = _WATCHED.get(kind)
    known = watched.metrics.get(metric) if watched and logs == (not metric) else None
    if watched is None or known is None:
        yield f"asks for {metric or 'logs'} of {kind or 'nothing'}, which no resource of the stack writes"
        return
    names = said.pop((f"resource.labels.{watched.label}", "="), "")
    yield from _names(graph, watched, names)
    for (key, operator), value in said.items():
        allowed = known.get((key, operator))
        if allowed is None or not allowed.fullmatch(value):
            yield f"asks that {key} {operator} {value[:80]} as well, so it may never ring"


def _terms(text: str) -> Iterator[tuple[str, str, str]]:
    """The terms of a filter, which must all hold; one that cannot be read has no key. Names of one label that stand in
    brackets with OR between them are one term.
    """
    for part in text.split(" AND "):
        either = part.strip().removeprefix("(").removesuffix(")").split(" OR ") if part.strip()[:1] == "(" else [part]
        found = [_TERM.fullmatch(one.strip()) for one in either]
        alike = {(one[1], one[2]) for one in found if one}
        if None in found or len(alike) != 1:
            yield "", "", part
        else:
            key, operator = alike.pop()
            yield key, operator, " ".join(one[3] for one in found if one)


def _names(graph: Graph, watched: _Watched, names: str) -> Iterator[str]:
    """Whether a label names resources of the stack. A name that is not known yet may be the one."""
    there = {one.props.text_if_known("name") for one in graph.of(watched.type)}
    for name in re.findall(r'"([^"]*)"', names) or [""]:
        if name not in there and "" not in there:
            yield f"names {name or 'nothing'} as its {watched.label}, which is none of the stack's"


def _share(threshold: Properties) -> Iterator[str]:
    """A share is one of all answers: the denominator asks for the same but the code, over the same time."""
    above, below = (threshold.text_if_known(path) for path in ("filter", "denominatorFilter"))
    all_ = [term for term in _terms(above) if term[:2] not in {**_CLASS, **_CODE}]
    if above and below and sorted(all_) != sorted(_terms(below)):
        yield "is no share of all answers (conditions.conditionThreshold.denominatorFilter)"
    spans = [
        sorted({one.text_or_empty("alignmentPeriod") for one in threshold.each_section(path)})
        for path in ("aggregations", "denominatorAggregations")
    ]
    if spans[0] != spans[1]:
        yield "divides what is counted over one time by what is counted over another, or is not aligned"


_SELECTED = re.compile(r"aiplatform_googleapis_com:prediction_online_(\w+)\{([^{}]*)\}")
_LABEL = re.compile(r'(?<!\w)(\w+)(=|!=|=~|!~)"([^"]*)"')
_COUNTS = r"\(sum\(increase\((?:private_)?response_count\[\d+[mhd]\]\)\)orvector\(0\)\)"
_SILENT = re.compile(
    rf"(?:\(count\((?:replicas|cpu_utilization)>0\)(?:orcount\((?:replicas|cpu_utilization)>0\))*\)and)?{_COUNTS}\+{_COUNTS}<1"
)


def _query(graph: Graph, query: str) -> Iterator[str]:
    """What of a query in PromQL counts other than the answers of an endpoint, or compares them with other than none."""
    names = {one.props.text_if_known("name") for one in graph.of(vertex.ENDPOINT)}
    for metric, labels in _SELECTED.findall(query):
        said = {key: value for key, operator, value in _LABEL.findall(labels) if operator == "="}
        rest = said.keys() - {"monitored_resource", "endpoint_id"}
        kind = said.get("monitored_resource", "aiplatform.googleapis.com/Endpoint")
        named = said.get("endpoint_id", "") in names or "" in names
        if rest or labels.count("=") != len(said) or not named or kind != "aiplatform.googleapis.com/Endpoint":
            yield f"counts {metric} of {labels[:120]}, which may be none for ever (query)"
    if not _SILENT.fullmatch(re.sub(r"\s", "", _SELECTED.sub(r"\1", query))):
        yield "asks in PromQL for other than the answers of both families, none of which must have been (query)"


RULES = [alarm_means]
