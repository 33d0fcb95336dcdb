"""Which alarms on endpoints ring in the simulated clouds: the alarms that stand there, read against the metrics.

An alarm is judged by its own inputs: metric, comparison, threshold, and what it makes of silence. How long a metric
must show something before an alarm rings is left out: what is played in is taken to last. Alarms on anything but an
endpoint's requests, errors and latency (a batch job's run, a queue) have no metrics here and are left out too.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from sandbox.state import Json, Played, Record, State

ENDPOINTS = (
    "aws:sagemaker/endpoint:Endpoint",
    "gcp:vertex/aiEndpoint:AiEndpoint",
    "azure-native:machinelearningservices:OnlineEndpoint",
)
"""The types that serve; metrics are played in by the last part of their id."""


@dataclass(frozen=True)
class Alarm:
    """An alarm on an endpoint: its name, what its mail says, whom it mails, and whether it rings."""

    name: str
    words: str
    mails: tuple[str, ...]
    rings: bool


@dataclass(frozen=True)
class _Bound:
    """What an alarm watches: an endpoint's figure, and what it must pass. `silent` is the figure of a silent one."""

    endpoint: str
    figure: Callable[[Played], float | None]
    above: bool
    threshold: float
    silent: float | None

    def passed(self, metrics: Mapping[str, Played]) -> bool:
        """Whether the figure is beyond the threshold; an endpoint of which nothing is played in passes nothing."""
        played = metrics.get(self.endpoint)
        if played is None:
            return False
        figure = self.figure(played) if played.requests else self.silent
        if figure is None:
            return False
        return figure > self.threshold if self.above else figure < self.threshold


def alarms(state: State) -> list[Alarm]:
    """The alarms on endpoints, in the order in which they were made."""
    metrics = state.played()
    found: list[Alarm] = []
    for type_, (read, mails) in _READERS.items():
        for record in state.find(type=type_):
            read_ = read(record.inputs)
            if read_ is not None:
                words, bound = read_
                found.append(Alarm(_name(record), words, tuple(mails(state, record)), bound.passed(metrics)))
    return found


def _name(record: Record) -> str:
    """What the alarm is called in its cloud."""
    return str(record.inputs.get("displayName") or record.inputs.get("ruleName") or record.inputs["name"])


def _errors(percent: float) -> Callable[[Played], float]:
    """The share of errors, where the whole is `percent`."""
    return lambda played: played.error_percent * percent / 100


def _requests(played: Played) -> float:
    return played.requests


def _latency(factor: float) -> Callable[[Played], float | None]:
    """The p95 latency, `factor` units a millisecond."""
    return lambda played: None if played.p95_ms is None else played.p95_ms * factor


_CLOUDWATCH: Mapping[tuple[str, str], Callable[[Played], float | None]] = {
    ("Invocations", "Sum"): _requests,
    ("Invocation5XXErrors", "Average"): _errors(1),
    ("ModelLatency", "p95"): _latency(1000),  # in microseconds
}


def _metric_alarm(inputs: Json) -> tuple[str, _Bound] | None:
    statistic = inputs.get("statistic") or inputs.get("extendedStatistic")
    figure = _CLOUDWATCH.get((inputs.get("metricName", ""), str(statistic)))
    endpoint = inputs.get("dimensions", {}).get("EndpointName")
    if inputs.get("namespace") != "AWS/SageMaker" or figure is None or endpoint is None:
        return None
    above = inputs["comparisonOperator"].startswith("GreaterThan")
    breaching = inputs.get("treatMissingData") == "breaching"
    beyond = inputs["threshold"] + (1 if above else -1)  # what is missing is taken as beyond the threshold
    bound = _Bound(endpoint, figure, above, inputs["threshold"], beyond if breaching else None)
    return inputs.get("alarmDescription", ""), bound


def _alert_policy(inputs: Json) -> tuple[str, _Bound] | None:
    condition: Json = inputs["conditions"][0]
    query: str = condition.get("conditionPrometheusQueryLanguage", {}).get("query", "")
    if query:
        found = re.search(r'online_response_count\{.*endpoint_id="([^"]+)".*vector\(0\).* < (\d+)$', query)
        bound = _Bound(found[1], _requests, False, float(found[2]), 0) if found else None
        return (condition["displayName"], bound) if bound else None
    threshold: Json = condition.get("conditionThreshold", {})
    filter_: str = threshold.get("filter", "")
    endpoint = re.search(r'resource\.labels\.endpoint_id = "([^"]+)"', filter_)
    if endpoint is None:
        return None
    if "online/prediction_latencies" in filter_:
        figure = _latency(1)
    elif "online/response_count" in filter_ and threshold.get("denominatorFilter"):
        figure = _errors(1)
    else:
        return None
    above = threshold["comparison"] == "COMPARISON_GT"
    return condition["displayName"], _Bound(endpoint[1], figure, above, threshold["thresholdValue"], None)


def _metric_alert(inputs: Json) -> tuple[str, _Bound] | None:
    criterion: Json = inputs["criteria"]["allOf"][0]
    endpoint = str(inputs["scopes"][0]).partition("/onlineEndpoints/")[2]
    if criterion["metricName"] != "RequestLatency_P95" or not endpoint:
        return None
    above = criterion["operator"].startswith("GreaterThan")
    return inputs.get("description", ""), _Bound(endpoint, _latency(1), above, criterion["threshold"], None)


def _query_rule(inputs: Json) -> tuple[str, _Bound] | None:
    criterion: Json = inputs["criteria"]["allOf"][0]
    found = re.fullmatch(
        r"AmlOnlineEndpointTrafficLog \| where EndpointName == '([^']+)' \| summarize \w+ = (.*)", criterion["query"]
    )
    above = criterion["operator"].startswith("GreaterThan")
    if found is None:
        return None
    figures: Mapping[str, tuple[Callable[[Played], float], float | None]] = {
        "count()": (_requests, 0),
        "100.0 * countif(toint(ResponseCode) >= 500) / count()": (_errors(100), None),  # 0 of 0 is no number
    }
    if found[2] not in figures:
        return None
    figure, silent = figures[found[2]]
    return inputs.get("description", ""), _Bound(found[1], figure, above, criterion["threshold"], silent)


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
