"""An alarm on the logs is judged by what makes it ring: an emptied query is found however it is emptied."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import monitor
from policies.azure.queries import Query, Unread, read
from policies.pack import RULES
from tests import sharing
from tests.catching import caught
from tests.mutate import at, changed, put

QUERY = "criteria.allOf.0.query"
RINGS, WATCHED = (
    "rollback-alarm-rings",
    {
        "errors": "rollback-alarms",
        "idle": "rollback-idle-watched",
        "failed": "rollback-batch-watched",
    },
)
ASKED = (RINGS, *WATCHED.values())
ANSWERS = "AmlOnlineEndpointTrafficLog"
ROW = {"EndpointName": "e", "ResponseCode": 500, "ModelStatusCode": 500, "TimeGenerated": -1, "_ResourceId": ""}


def alarm(graph: Graph, name: str) -> Resource:
    return next(one for one in graph.of(monitor.QUERY_RULE) if one.name.endswith(name))


def asking(graph: Graph, name: str, change: Callable[[str], str]) -> Graph:
    one = alarm(graph, name)
    return changed(graph, one, lambda inputs: put(inputs, QUERY, change(at(inputs, QUERY))))


def setting(graph: Graph, name: str, path: str, value: object) -> Graph:
    return changed(graph, alarm(graph, name), lambda inputs: put(inputs, path, value))


@pytest.mark.parametrize("name", WATCHED)
@pytest.mark.parametrize("part", ["where false", "take 0", "limit 0", "where 1 == 2", "where true and not(1 < 2)"])
def test_a_query_that_lets_nothing_through_is_found_and_told_by_its_part(
    azure_pilot: Graph, name: str, part: str
) -> None:
    def emptied(query: str) -> str:
        head, bar, rest = query.partition(" | summarize")
        return f"{head} | {part}{bar}{rest}"

    assert RINGS in caught(asking(azure_pilot, name, emptied), *ASKED)
    assert RINGS in caught(asking(azure_pilot, name, lambda query: f"{query} | {part}"), *ASKED)


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("errors", "EndpointName == '", "EndpointName != '"),
        ("errors", "EndpointName == '", "DeploymentName == '"),
        ("errors", "Code >= 500", "Code >= 5000"),
        ("errors", "countif(Code >= 500)", "countif(Code >= 500 and Code < 500)"),
        ("errors", "countif(Code >= 500)", "countif(Code < 500)"),
        ("errors", "AmlOnlineEndpointTrafficLog", "AmlComputeJobEvent"),
        ("idle", "Called == 0", "Called < 0"),
        ("idle", "ago(1d)", "ago(3d)"),
        ("idle", "1, 0)", "0, 0)"),
        ("failed", "'JobFailed', ", ""),
        ("failed", "'JobCancelled', ", ""),
        ("failed", "EventType in", "EventType !in"),
    ],
)
def test_a_query_that_means_another_thing_watches_nothing(azure_pilot: Graph, name: str, old: str, new: str) -> None:
    assert old in at(dict(alarm(azure_pilot, name).inputs), QUERY)
    assert caught(asking(azure_pilot, name, lambda query: query.replace(old, new)), *ASKED)


@pytest.mark.parametrize(
    ("name", "path", "value", "rule"),
    [
        ("errors", "criteria.allOf.0.threshold", 100, "rollback-alarms"),
        ("idle", "criteria.allOf.0.threshold", 1, "rollback-idle-watched"),
        ("failed", "criteria.allOf.0.threshold", 5, "rollback-batch-watched"),
        ("idle", "windowSize", "P1D", "rollback-idle-watched"),
        ("errors", "criteria.allOf.0.metricMeasureColumn", "Code", "rollback-alarms"),
        ("errors", "criteria.allOf.0.operator", "LessThan", "rollback-alarms"),
        ("errors", "evaluationFrequency", "PT1H", RINGS),
        ("p95-latency", "windowSize", "PT30S", RINGS),
    ],
)
def test_a_bound_that_is_never_passed_and_a_look_at_less_than_all_are_found(
    azure_pilot: Graph, name: str, path: str, value: object, rule: str
) -> None:
    one = next(one for one in azure_pilot.of(monitor.QUERY_RULE, monitor.METRIC_ALERT) if one.name.endswith(name))
    assert rule in caught(changed(azure_pilot, one, lambda inputs: put(inputs, path, value)), *ASKED)


def test_an_alarm_that_is_muted_is_found(azure_pilot: Graph) -> None:
    assert RINGS in caught(setting(azure_pilot, "errors", "muteActionsDuration", "PT24H"), RINGS)


SINCE = "union isfuzzy=true (datatable(EndpointName: string)[]), "
"""What a query begins with whose table is there from its first row on."""


@pytest.mark.parametrize(
    "query",
    [
        f"{SINCE}AmlOnlineEndpointTrafficLog | where EndpointName == '{{0}}' | project Code = toint(ResponseCode)"
        " | summarize Percent = countif(Code > 499) * 100.0 / count()",
        f"{SINCE}AmlOnlineEndpointTrafficLog | where EndpointName =~ '{{0}}'\n// per five minutes\n"
        "| summarize All = count(), Bad = countif(toint(ResponseCode) >= 500) by bin(TimeGenerated, 5m)"
        " | where All > 0 | extend Percent = Bad * 100.0 / All | where Percent > 1",
    ],
)
def test_the_same_said_in_other_words_is_no_finding(azure_pilot: Graph, query: str) -> None:
    endpoint = read(at(dict(alarm(azure_pilot, "errors").inputs), QUERY)).texts[0]
    assert caught(asking(azure_pilot, "errors", lambda _: query.format(endpoint)), *ASKED) == set()


def test_what_is_not_read_is_a_finding_of_ours_and_advice_elsewhere(azure_pilot: Graph) -> None:
    other = asking(azure_pilot, "errors", lambda query: f"{query} | evaluate bag_unpack(Percent)")
    assert RINGS in caught(other, RINGS)
    assert next(rule for rule in RULES["azure"] if rule.name == RINGS).advice_elsewhere
    stranger = replace(other, ours=False, placement=None)
    assert caught(stranger, *ASKED) == {RINGS}
    assert "rollback-alarms" in caught(other, *ASKED)


@pytest.mark.parametrize(
    ("query", "answer"),
    [
        (f"{ANSWERS} | count", [{"Count": 1}]),
        (f"{ANSWERS} | where ResponseCode == '500' | project EndpointName", [{"EndpointName": "e"}]),
        (f"{ANSWERS} | where ResponseCode !in ('200', '204') | summarize count()", [{"count_": 1}]),
        (f"{ANSWERS} | where TimeGenerated > ago(30s) | count", [{"Count": 0}]),
        (f"union (datatable(A: int)[]), ({ANSWERS} | project A = 2 + 3 * 4) | summarize B = max(A)", [{"B": 14}]),
        (f"{ANSWERS} | summarize A = avg(ResponseCode) by EndpointName", [{"EndpointName": "e", "A": 500}]),
        (f"{ANSWERS} | where EndpointName has 'e' and not(isempty(EndpointName)) | count", [{"Count": 1}]),
    ],
)
def test_a_query_answers_what_kusto_would(query: str, answer: list[dict[str, object]]) -> None:
    assert read(query).rows({ANSWERS: [ROW]}) == answer


@settings(max_examples=sharing.examples(60), deadline=None)
@given(
    st.lists(
        st.sampled_from([ANSWERS, "union", "|", "where", "take", "0", "'a'", "(", ")", "==", "count", "and", "1d", "*"])
    ).map(" ".join)
    | st.text(max_size=20)
)
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        found = read(text)
    except Unread:
        return
    assert isinstance(found, Query)
    assert isinstance(found.rows({}), list)
