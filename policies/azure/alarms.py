"""Alarms on the logs: what rings, judged by running the alarm's query on rows that should make it ring.

No wording is looked for. An alarm watches the errors of an endpoint where a failed answer of it makes the alarm ring
and a good one does not; so an alarm that asks another table, lets nothing through or has a threshold that is never
reached watches nothing.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from uuid import NAMESPACE_URL, uuid5

from catalogue.arm import same
from catalogue.durations import minutes_or_none
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import monitor, operationalinsights
from catalogue.once import once_a_graph
from catalogue.properties import Properties
from policies import given
from policies.azure.queries import DAY, TABLES, Query, Row, Unread, read
from policies.azure.reading import foreign
from policies.rule import Found, whole_stack_rule

_Tables = Mapping[str, Sequence[Row]]
_Case = Callable[[str], _Tables]


def asks_the_logs(graph: Graph, alarm: Resource) -> bool:
    """Whether an alarm asks a log workspace of the stack, or that of its landing zone, and nothing else."""
    own = graph.refers(alarm, "scopes", operationalinsights.WORKSPACE)
    known = list(alarm.props.each_text_if_known("scopes"))
    if own:
        return not any(foreign(alarm.props, "scopes", own))
    return bool(known) and all(same(one, given.logs(graph) or "") for one in known)


# ---- what an alarm is for: the rows that must make it ring, and those that must not ---------------------------------


def _answers(code: int, minutes_ago: float, endpoint: str) -> _Tables:
    row = {"EndpointName": endpoint, "DeploymentName": "v", "ResponseCode": code, "ModelStatusCode": code}
    return {"AmlOnlineEndpointTrafficLog": [{**row, "TimeGenerated": -minutes_ago, "_ResourceId": _id(endpoint)}]}


def _stands(minutes: float, endpoint: str) -> _Tables:
    return {"AmlOnlineEndpointEventLog": [{"TimeGenerated": -minutes, "_ResourceId": _id(endpoint)}]}


def _called(endpoint: str) -> _Tables:
    return {**_stands(DAY + 60, endpoint), **_answers(200, 60, endpoint)}


def _ended(event: str, cluster: str, job: str) -> _Tables:
    return _happened({event: 1}, cluster, job)


def _happened(minutes_ago: Mapping[str, float], cluster: str, job: str, run: str = "") -> _Tables:
    """A run whose id, and a workspace whose, no query can name before."""
    ids = {
        "JobId": str(uuid5(NAMESPACE_URL, f"{job} {run}")),
        "_ResourceId": _id(job).rpartition("/onlineendpoints")[0],
    }
    row = {"ExperimentName": job, "ClusterName": cluster, **ids}
    return {"AmlComputeJobEvent": [{**row, "EventType": e, "TimeGenerated": -m} for e, m in minutes_ago.items()]}


def _beside(minutes: float, cluster: str, job: str) -> _Tables:
    """A run that has not ended, and two beside it: one that has, and one that was begun just now."""
    runs = {
        "": {"JobSubmitted": minutes},
        "ended": {"JobSubmitted": 60, "JobSucceeded": 1},
        "begun": {"JobSubmitted": 1},
    }
    found = [_happened(events, cluster, job, run)["AmlComputeJobEvent"] for run, events in runs.items()]
    return {"AmlComputeJobEvent": [row for rows in found for row in rows]}


def _some_failed(percent: float, endpoint: str) -> _Tables:
    """Of a thousand answers just so many that the percentage is passed."""
    failed = int(percent * 10) + 1
    return {
        "AmlOnlineEndpointTrafficLog": [
            row
            for code, times in ((500, failed), (200, 1000 - failed))
            for row in [*_answers(code, 1, endpoint)["AmlOnlineEndpointTrafficLog"]] * times
        ]
    }


def _id(endpoint: str) -> str:
    return f"/subscriptions/s/resourcegroups/g/providers/p/workspaces/w/onlineendpoints/{endpoint}"


@once_a_graph
def errors_watched(graph: Graph) -> set[str]:
    """The endpoints whose failed answers ring, and whose good ones do not."""
    return _watched(graph, [partial(_answers, 500, 1)], [partial(_answers, 200, 1)], until_looked=True)


@once_a_graph
def idling_watched(graph: Graph) -> set[str]:
    """The endpoints that ring when they have stood for more than a day and nobody called, and not when somebody did."""
    return _watched(graph, [partial(_stands, DAY + 60)], [_called, partial(_stands, 60)])


def failures_watched(graph: Graph, jobs: Collection[str], cluster: str) -> bool:
    """Whether a job of one of these names rings when it fails or is stopped on a cluster, however that is spelled, and
    not when it ends well.
    """
    bad = [partial(_ended, event, cluster) for event in ("JobFailed", "JobCancelled", "JobCanceled")]
    return bool(_watched(graph, bad, [partial(_ended, "JobSucceeded", cluster)], jobs, until_looked=True))


def steps_told(graph: Graph, jobs: Collection[str], clusters: Mapping[str, str]) -> bool:
    """Whether an alarm on what failed says which of these steps did, each by the cluster that it runs on, by what it is
    split by: one that names another sends its owner to the wrong one.
    """
    for name in jobs:
        for alarm in _by_name(graph).get(name, ()):
            try:
                if all(step in alarm.split(_ended("JobFailed", cluster, name)) for step, cluster in clusters.items()):
                    return True
            except Unread:
                continue
    return False


_ENDS = ("JobSucceeded", "JobFailed", "JobCancelled", "JobCanceled")
_WAITS, SEEN_MINUTES = 25 * 60, 2 * DAY - 90
"""The minutes that a run may wait for machines at most, with the alarm's own hour, and those that an alarm on logs
looks back, less the time between two looks:
https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-create-log-alert-rule
"""


def lateness_watched(graph: Graph, jobs: Collection[str], cluster: str, minutes: float) -> bool:
    """Whether a job rings when a run has begun on a cluster, should have ended after so many minutes, and has not; and
    not when it ended, however it did, or has just begun.
    """
    begun = min(minutes + _WAITS, SEEN_MINUTES)
    good = [partial(_happened, {"JobSubmitted": begun, end: 1}, cluster) for end in _ENDS]
    good.append(partial(_happened, {"JobSubmitted": 30}, cluster))
    return bool(
        _watched(
            graph, [partial(_happened, {"JobSubmitted": begun}, cluster), partial(_beside, begun, cluster)], good, jobs
        )
    )


def missing_watched(graph: Graph, jobs: Collection[str], minutes: float, others: Sequence[str], last: str) -> bool:
    """Whether a job rings when nothing ever started, and when no run succeeded in as long as an alarm looks back; and
    not where one did less than so many minutes ago, whatever became of others.

    A run has succeeded with a step on the cluster `last`, which no other reads, and not yet with those on others.
    """
    ends = [partial(_happened, {end: 1}, last) for end in ("JobSubmitted", *_ENDS[1:])]
    ends += [partial(_happened, {"JobSucceeded": 1}, cluster) for cluster in others if cluster != last]
    bad: list[_Case] = [lambda _job: {}, *ends, partial(_ended_before, SEEN_MINUTES, last)]
    good = [partial(_happened, {"JobSubmitted": minutes, "JobSucceeded": minutes - 1}, last)]
    return bool(_watched(graph, bad, good, jobs))


def _ended_before(minutes_ago: float, cluster: str, job: str) -> _Tables:
    return _happened({"JobSubmitted": minutes_ago + 1, "JobSucceeded": minutes_ago}, cluster, job)


def errors_watched_above(graph: Graph, percent: float) -> set[str]:
    """The endpoints that ring as soon as more than so many of a hundred answers fail."""
    return _watched(graph, [partial(_some_failed, percent)], [partial(_answers, 200, 1)])


@dataclass(frozen=True)
class _Alarm:
    """An alarm with its one condition. The query is None where it is not read, which counts in another program.

    It looks at the last `window` minutes, each `every` minutes.
    """

    condition: Properties
    window: float
    every: float
    query: Query | None

    def rings(self, tables: _Tables) -> bool:
        """Whether the condition holds of what the query answers about the rows within the window. Raises Unread."""
        rows, condition = self._rows(tables), self.condition
        column, how = condition.text_or_empty("metricMeasureColumn"), condition.text_or_empty("timeAggregation")
        if how == "Count" or not column:
            values = [float(len(rows))]
        elif any(column not in row for row in rows):
            raise Unread(f"answers no column {column}")
        else:
            values = [row[column] for row in rows if row[column] is not None]
        if how not in _TOGETHER or condition.text_or_empty("operator") not in _PASSES or not values:
            return False
        passes, threshold = _PASSES[condition.text_or_empty("operator")], condition.number_or_none("threshold")
        return threshold is not None and passes(_TOGETHER[how](values), threshold)

    def split(self, tables: _Tables) -> tuple[str, ...]:
        """What it says beside that it rings: the values of the columns that it is split by. Raises Unread."""
        by = [one.text_or_empty("name") for one in self.condition.each_section("dimensions")]
        return tuple(str(row[name]) for row in self._rows(tables) for name in by) if self.rings(tables) else ()

    def _rows(self, tables: _Tables) -> list[Row]:
        """The rows within the window that the query answers, but for those that a dimension leaves out."""
        if self.query is None:
            raise Unread("is not read")
        seen = {name: [row for row in rows if -self.window <= row["TimeGenerated"]] for name, rows in tables.items()}
        found = self.query.rows(seen)
        for one in self.condition.each_section("dimensions"):
            name, values = one.text_or_empty("name"), {*one.each_text("values")}
            if any(name not in row for row in found):
                raise Unread(f"answers no column {name}")
            included = one.text_or_empty("operator").lower() == "include"
            found = [row for row in found if bool({str(row[name]), "*"} & values) is included]
        return found


def _watched(
    graph: Graph,
    rings: Sequence[_Case],
    stays_silent: Sequence[_Case],
    names: Collection[str] | None = None,
    *,
    until_looked: bool = False,
) -> set[str]:
    """The names in the queries of alarms which ring in each of the first cases of that name, and in none of the last;
    of all names, or of these. With `until_looked` they ring as well where it happened just after the last look.

    An alarm with several conditions rings only when all of them hold, so it does not count; nor does one that is not
    read, of which `rollback-alarm-rings` tells. In another program that is advice, and it counts for what it names.
    """

    def watches(alarm: _Alarm, name: str) -> bool:
        if alarm.query is None:
            return not graph.ours
        try:
            waits = (0, max(0, alarm.every - 2)) if until_looked else (0,)
            return all(alarm.rings(_earlier(case(name), wait)) for case in rings for wait in waits) and not any(
                alarm.rings(case(name)) for case in stays_silent
            )
        except Unread:
            return not graph.ours

    by_name = _by_name(graph)
    asked = by_name if names is None else names
    return {name for name in asked if any(watches(alarm, name) for alarm in by_name.get(name, ()))}


def _earlier(tables: _Tables, minutes: float) -> _Tables:
    """The same rows, so many minutes before."""
    return {
        name: [{**row, "TimeGenerated": row["TimeGenerated"] - minutes} for row in rows]
        for name, rows in tables.items()
    }


@once_a_graph
def _by_name(graph: Graph) -> Mapping[str, list[_Alarm]]:
    """The alarms that ask the logs, by each name in their queries."""
    found = defaultdict[str, list[_Alarm]](list)
    for alarm in graph.of(monitor.QUERY_RULE):
        conditions = list(alarm.props.each_section("criteria.allOf"))
        if len(conditions) != 1 or not asks_the_logs(graph, alarm):
            continue
        said, query = conditions[0].text_if_known("query"), None
        try:
            query = read(said)
            names = {text.rpartition("/")[2] for text in query.texts}
        except Unread:
            quoted = {one.rpartition("/")[2] for pair in _QUOTED.findall(said) for one in pair if one}
            names = quoted if any(table in said for table in TABLES) else set[str]()
        for name in names:
            window, every = (minutes_or_none(alarm.props, key) or 0 for key in ("windowSize", "evaluationFrequency"))
            found[name].append(_Alarm(conditions[0], window, every, query))
    return found


_QUOTED = re.compile(r"'([^']+)'|\"([^\"]+)\"")
_TOGETHER: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Average": lambda values: sum(values) / len(values),
    "Count": lambda values: values[0],
    "Maximum": max,
    "Minimum": min,
    "Total": sum,
}
_PASSES: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThan": lambda value, threshold: value > threshold,
    "GreaterThanOrEqual": lambda value, threshold: value >= threshold,
    "LessThan": lambda value, threshold: value < threshold,
    "LessThanOrEqual": lambda value, threshold: value <= threshold,
    "Equal": lambda value, threshold: value == threshold,
}


@whole_stack_rule(
    "rollback-alarm-rings",
    monitor.QUERY_RULE,
    monitor.METRIC_ALERT,
    severity="high",
    says="An alarm can ring: its query can be read and lets something through, it looks at all that comes in, and it "
    "is not muted.",
    remedy="Keep the components' alarms as they are; a window is as long as the time between two looks, or longer.",
    advice_elsewhere=True,
)
def alarm_rings(graph: Graph) -> Found:
    """What each property means: https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-create-log-alert-rule

    What a query may say is in policies/azure/queries.py.
    """
    for alarm in graph.of(monitor.QUERY_RULE, monitor.METRIC_ALERT):
        window, every = (minutes_or_none(alarm.props, key) for key in ("windowSize", "evaluationFrequency"))
        if window is not None and every is not None and window < every:
            yield alarm, f"looks every {every:g} minutes at the last {window:g}, and sees nothing of the rest"
        if window is not None and window > _HOUR and not all("ago(" in said for said in _queries(alarm)):
            yield alarm, f"looks back over {window:g} minutes (windowSize), among which what fails now is few"
        if alarm.props.is_given("muteActionsDuration"):
            yield alarm, "tells nobody what happens after it has rung (muteActionsDuration)"
        for query in _queries(alarm):
            yield from ((alarm, sentence) for sentence in _wrong_with(query, graph.ours))


_HOUR = 60


def _queries(alarm: Resource) -> list[str]:
    return list(alarm.props.each_text_if_known("criteria.allOf.query"))


def _wrong_with(query: str, ours: bool) -> Iterator[str]:
    """A table is there from its first row on, and an alarm whose query fails for a week is switched off:
    https://learn.microsoft.com/en-us/azure/azure-monitor/alerts/alerts-troubleshoot-log
    """
    try:
        found = read(query)
        yield from (f"never rings, for its query lets nothing through ({part})" for part in found.never)
        if ours and found.bare:
            yield f"asks {found.bare[0]} alone, which is not there before its first row: it fails, and is switched off"
    except Unread as error:
        yield f"has a query that nobody can judge: it {error}"


RULES = [alarm_rings]
