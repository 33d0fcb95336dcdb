"""Which alarms on endpoints ring in the simulated clouds: the alarms that stand there, read against the metrics.

An alarm is judged by its own inputs: metric, comparison, threshold, and what it makes of silence. How long a metric
must show something before an alarm rings is left out: what is played in is taken to last. Alarms on anything but an
endpoint's requests, errors and latency (a batch job's run, a queue) have no metrics here and are left out too.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, cast

from sandbox.state import Json, Played, Record, State

ENDPOINTS = (
    "aws:sagemaker/endpoint:Endpoint",
    "gcp:vertex/aiEndpoint:AiEndpoint",
    "azure-native:machinelearningservices:OnlineEndpoint",
)
"""The types that serve."""
Figure = Literal["requests", "errors", "latency"]


@dataclass(frozen=True)
class Alarm:
    """An alarm on an `endpoint`: its name, what it watches, what its mail says and to whom, and whether it rings."""

    name: str
    endpoint: str
    figure: Figure
    words: str
    mails: tuple[str, ...]
    rings: bool


@dataclass(frozen=True)
class _Bound:
    """What an alarm watches: an endpoint's figure, and what it must pass.

    The alarm's metric is the figure times `factor`: milliseconds, a share in percent, requests. `silent` is what it
    makes of an endpoint that nobody calls; None if that rings nothing.
    """

    endpoint: str
    figure: Figure
    factor: float
    above: bool
    threshold: float
    silent: float | None = None

    def passed(self, metrics: Mapping[str, Played]) -> bool:
        """Whether the figure is beyond the threshold; an endpoint of which nothing is played in passes nothing."""
        played = metrics.get(self.endpoint)
        if played is None:
            return False
        shown = {"requests": played.requests, "errors": played.error_percent, "latency": played.p95_ms}[self.figure]
        value = self.silent if not played.requests else None if shown is None else shown * self.factor
        if value is None:
            return False
        return value > self.threshold if self.above else value < self.threshold


def measured_as(endpoint: Record) -> str:
    """The name under which an endpoint's metrics are played in: the last part of its id."""
    return endpoint.id.rpartition("/")[2]


def alarms(state: State) -> list[Alarm]:
    """The alarms on endpoints, in the order in which they were made."""
    metrics = state.played()
    found: list[Alarm] = []
    for type_, (read, mails) in _READERS.items():
        for record in state.find(type=type_):
            read_ = read(record.inputs)
            if read_ is not None:
                words, bound = read_
                mailed, rings = tuple(mails(state, record)), bound.passed(metrics)
                found.append(Alarm(_name(record), bound.endpoint, bound.figure, words, mailed, rings))
    return found


def _name(record: Record) -> str:
    """What the alarm is called in its cloud."""
    return str(record.inputs.get("displayName") or record.inputs.get("ruleName") or record.inputs["name"])


_CLOUDWATCH: Mapping[tuple[str, str], tuple[Figure, float]] = {
    ("Invocations", "Sum"): ("requests", 1),
    ("Invocation5XXErrors", "Average"): ("errors", 0.01),
    ("ModelLatency", "p95"): ("latency", 1000),  # in microseconds
}


def _metric_alarm(inputs: Json) -> tuple[str, _Bound] | None:
    statistic = inputs.get("statistic") or inputs.get("extendedStatistic")
    watched = _CLOUDWATCH.get((inputs.get("metricName", ""), str(statistic)))
    endpoint = inputs.get("dimensions", {}).get("EndpointName")
    if inputs.get("namespace") != "AWS/SageMaker" or watched is None or endpoint is None:
        return None
    above = inputs["comparisonOperator"].startswith("GreaterThan")
    breaching = inputs.get("treatMissingData") == "breaching"
    beyond = inputs["threshold"] + (1 if above else -1)  # what is missing is taken as beyond the threshold
    bound = _Bound(endpoint, *watched, above, inputs["threshold"], beyond if breaching else None)
    return inputs.get("alarmDescription", ""), bound


def _alert_policy(inputs: Json) -> tuple[str, _Bound] | None:
    condition: Json = inputs["conditions"][0]
    query: str = condition.get("conditionPrometheusQueryLanguage", {}).get("query", "")
    if query:
        found = re.search(r'online_response_count\{.*endpoint_id="([^"]+)".*vector\(0\).* < (\d+)$', query)
        bound = _Bound(found[1], "requests", 1, False, float(found[2]), 0) if found else None
        return (condition["displayName"], bound) if bound else None
    threshold: Json = condition.get("conditionThreshold", {})
    filter_: str = threshold.get("filter", "")
    endpoint = re.search(r'resource\.labels\.endpoint_id = "([^"]+)"', filter_)
    if endpoint is None:
        return None
    above, bound = threshold["comparison"] == "COMPARISON_GT", threshold["thresholdValue"]
    if "online/prediction_latencies" in filter_:
        return condition["displayName"], _Bound(endpoint[1], "latency", 1, above, bound)
    if "online/response_count" in filter_ and threshold.get("denominatorFilter"):
        return condition["displayName"], _Bound(endpoint[1], "errors", 0.01, above, bound)
    return None


def _metric_alert(inputs: Json) -> tuple[str, _Bound] | None:
    criterion: Json = inputs["criteria"]["allOf"][0]
    endpoint = str(inputs["scopes"][0]).partition("/onlineEndpoints/")[2]
    if criterion["metricName"] != "RequestLatency_P95" or not endpoint:
        return None
    above = criterion["operator"].startswith("GreaterThan")
    return inputs.get("description", ""), _Bound(endpoint, "latency", 1, above, criterion["threshold"])


def _query_rule(inputs: Json) -> tuple[str, _Bound] | None:
    criterion: Json = inputs["criteria"]["allOf"][0]
    found = re.fullmatch(
        r"AmlOnlineEndpointTrafficLog \| where EndpointName == '([^']+)' \| summarize \w+ = (.*)", criterion["query"]
    )
    above = criterion["operator"].startswith("GreaterThan")
    if found is None:
        return None
    if found[2] == "count()":
        return inputs.get("description", ""), _Bound(found[1], "requests", 1, above, criterion["threshold"], 0)
    if found[2] == "100.0 * countif(toint(ResponseCode) >= 500) / count()":  # no number where there is no row
        return inputs.get("description", ""), _Bound(found[1], "errors", 1, above, criterion["threshold"])
    return None


def _subscribers(state: State, alarm: Record) -> Iterator[str]:
    topics: list[str] = alarm.inputs.get("alarmActions", [])
    for one in state.find(type="aws:sns/topicSubscription:TopicSubscription"):
        if one.inputs["topic"] in topics and one.inputs["protocol"] == "email":
            yield one.inputs["endpoint"]


def _channels(state: State, alarm: Record) -> Iterator[str]:
    for name in alarm.inputs.get("notificationChannels", []):
        for channel in state.named(name):
            yield from (mail for key, mail in channel.inputs.get("labels", {}).items() if key == "email_address")


def _groups(state: State, alarm: Record) -> Iterator[str]:
    actions: Any = alarm.inputs.get("actions", [])
    metric = isinstance(actions, list)  # an alert on a metric has a list of actions, one on a query a list of groups
    ids: list[str] = [one["actionGroupId"] for one in cast(list[Json], actions)] if metric else actions["actionGroups"]
    for name in ids:
        for group in state.named(name):
            yield from (receiver["emailAddress"] for receiver in group.inputs.get("emailReceivers", []))


_Reader = Callable[[Json], tuple[str, _Bound] | None]
_READERS: Mapping[str, tuple[_Reader, Callable[[State, Record], Iterator[str]]]] = {
    "aws:cloudwatch/metricAlarm:MetricAlarm": (_metric_alarm, _subscribers),
    "gcp:monitoring/alertPolicy:AlertPolicy": (_alert_policy, _channels),
    "azure-native:monitor:MetricAlert": (_metric_alert, _groups),
    "azure-native:monitor:ScheduledQueryRule": (_query_rule, _groups),
}
