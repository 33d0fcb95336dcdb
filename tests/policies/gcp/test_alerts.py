"""An alert that waits for what never is, or divides by something else, is one that nobody hears."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from catalogue.graph import Graph
from operations.evaluation import evaluate
from policies import pack
from stacks.config import STACKS
from tests.mutate import changed, put
from tests.policies.gcp.test_rules import ALERT, first
from tests.previewing import preview

THRESHOLD, LOGS = "conditionThreshold.filter", "conditionMatchedLog.filter"
QUERY, SHARE = "conditionPrometheusQueryLanguage.query", "conditionThreshold.denominatorFilter"
(RULE,) = (one for one in pack.RULES["gcp"] if one.name == "rollback-alarm-means")


def found(graph: Graph, alert: str, path: str, old: str, new: str) -> list[str]:
    """What the rule says of an alert with other words in its first condition."""
    resource = first(graph, ALERT, alert)
    key, _, name = path.partition(".")
    said: str = resource.inputs["conditions"][0][key][name]
    assert old in said

    def edit(properties: dict[str, Any]) -> None:
        put(properties, f"conditions.0.{path}", said.replace(old, new))

    return [finding.message for finding in evaluate(changed(graph, resource, edit), [RULE]).findings]


@pytest.mark.parametrize(
    ("alert", "path", "old", "new"),
    [
        ("errors", THRESHOLD, "5.*", "9.*"),
        ("errors", THRESHOLD, "5.*", "5[0-9][0-9]"),  # Google's page has 5xx
        ("errors", THRESHOLD, 'monitoring.regex.full_match("5.*")', '"500"'),
        ("errors", THRESHOLD, " AND metric.type", ' AND metric.labels.deployed_model_id = "0" AND metric.type'),
        ("errors", SHARE, "response_count", "error_count"),
        ("latency", THRESHOLD, '"total"', '"model"'),
        ("latency", THRESHOLD, "aiplatform.googleapis.com/Endpoint", "gce_instance"),
        ("latency", THRESHOLD, "resource.type", "NOT resource.type"),
        ("latency", THRESHOLD, " AND metric", " OR metric"),
        ("idle", QUERY, " < 1", " + 5 < 1"),
        ("idle", QUERY, "(sum", "vector(0) > 1 and (sum"),
        ("idle", QUERY, 'endpoint_id="', 'response_code="999",endpoint_id="'),
        ("idle", QUERY, "monitored_resource=", "monitored_resource!="),
        ("backfill-failed", THRESHOLD, '!= "SUCCEEDED"', '= "SUCCEEDED"'),
        ("backfill-overran", LOGS, "ERROR", "EMERGENCY"),
        ("backfill-overran", LOGS, 'workflow_id = "', 'workflow_id = "another-'),
        ("backfill-did-not-start", LOGS, 'job_id = "', 'job_id = "another-'),
    ],
)
def test_what_never_rings_is_found(gcp_pilot: Graph, alert: str, path: str, old: str, new: str) -> None:
    said = found(gcp_pilot, alert, path, old, new)
    assert said and all(len(sentence) < 300 for sentence in said)


@pytest.mark.parametrize(
    ("alert", "path", "old", "new"),
    [
        ("errors", THRESHOLD, "5.*", "5.."),
        ("latency", THRESHOLD, " = ", "="),
        ("idle", QUERY, " + ", "\n  +  "),
        ("backfill-overran", LOGS, "severity >= ERROR", "severity = ERROR"),
    ],
)
def test_what_means_the_same_is_none(gcp_pilot: Graph, alert: str, path: str, old: str, new: str) -> None:
    assert found(gcp_pilot, alert, path, old, new) == []


def test_an_alert_on_logs_has_its_rate_and_no_other_has_one(gcp_pilot: Graph) -> None:
    for name, strategy in (
        ("overran", {"autoClose": "86400s"}),
        ("errors", {"notificationRateLimit": {"period": "300s"}}),
    ):
        alert = first(gcp_pilot, ALERT, name)
        other = changed(gcp_pilot, alert, lambda p, strategy=strategy: p.update(alertStrategy=strategy))
        assert ["notificationRateLimit" in one.message for one in evaluate(other, [RULE]).findings].count(True)


@pytest.mark.parametrize(
    "term",
    ['= monitoring.regex.full_match("5.*")', ">= 600", ">= 400", "> 500", "= 500", '>= "500"'],
)
def test_a_code_that_is_a_number_is_compared_as_one(gcp_pilot: Graph, term: str) -> None:
    alert = first(gcp_pilot, ALERT, "errors")
    said = alert.inputs["conditions"][1]["conditionThreshold"]["filter"]
    other = changed(gcp_pilot, alert, lambda p: put(p, f"conditions.1.{THRESHOLD}", said.replace(">= 500", term)))
    assert said != said.replace(">= 500", term) and evaluate(other, [RULE]).findings


_OF_ENDPOINT = "aiplatform.googleapis.com/Endpoint"
_ONLINE = "aiplatform.googleapis.com/prediction/online"
METRICS: Mapping[str, tuple[str, str, str, Mapping[str, str]]] = {
    f"{_ONLINE}/response_count": (
        *(_OF_ENDPOINT, "DELTA", "INT64"),
        {"deployed_model_id": "STRING", "response_code": "STRING"},
    ),
    f"{_ONLINE}/private/response_count": (
        *(_OF_ENDPOINT, "DELTA", "INT64"),
        {"deployed_model_id": "STRING", "response_code": "INT64"},
    ),
    f"{_ONLINE}/prediction_latencies": (
        *(_OF_ENDPOINT, "DELTA", "DISTRIBUTION"),
        {"deployed_model_id": "STRING", "latency_type": "STRING"},
    ),
    f"{_ONLINE}/private/prediction_latencies": (_OF_ENDPOINT, "DELTA", "DISTRIBUTION", {"deployed_model_id": "STRING"}),
    f"{_ONLINE}/replicas": (_OF_ENDPOINT, "GAUGE", "INT64", {"deployed_model_id": "STRING"}),
    f"{_ONLINE}/cpu/utilization": (_OF_ENDPOINT, "GAUGE", "DOUBLE", {"deployed_model_id": "STRING"}),
    "workflows.googleapis.com/finished_execution_count": (
        *("workflows.googleapis.com/Workflow", "DELTA", "INT64"),
        {"status": "STRING"},
    ),
}
"""The monitored resource, kind, type of values and labels of each metric that an alert asks for, as Google lists them:
https://cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform (2026-11-27) and
https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-workflows. Resources and their labels:
https://cloud.google.com/monitoring/api/resources
"""
RESOURCES = {
    _OF_ENDPOINT: {"resource_container", "location", "endpoint_id"},
    "workflows.googleapis.com/Workflow": {"resource_container", "location", "workflow_id"},
    "cloud_scheduler_job": {"project_id", "location", "job_id"},
}
ALIGNERS = {"DELTA": {"ALIGN_DELTA", "ALIGN_RATE"}, "GAUGE": {"ALIGN_MEAN", "ALIGN_MAX", "ALIGN_MIN"}}
_LABEL = re.compile(r"metric\.labels\.(\w+) (!=|>=|=) (\S+)")


def known(text: str, aggregations: list[dict[str, str]]) -> None:
    """Each word of a filter is one that Google lists, and is compared as its type allows."""
    (kind,) = re.findall(r'resource\.type = "([^"]+)"', text)
    assert set(re.findall(r"resource\.labels\.(\w+)", text)) <= RESOURCES[kind]
    if not aggregations:
        assert "metric." not in text  # of logs
        return
    (metric,) = re.findall(r'metric\.type = "([^"]+)"', text)
    of, grows, values, labels = METRICS[metric]
    assert of == kind
    for label, operator, value in _LABEL.findall(text):
        assert (labels[label] == "INT64") == value.isdigit() and (value.isdigit() or operator != ">=")
    for one in aggregations:
        assert one["perSeriesAligner"] in ALIGNERS[grows]
        assert ("PERCENTILE" in one["crossSeriesReducer"]) == (values == "DISTRIBUTION")


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Graph:
    """The pilot with hours, whose idle alert asks for replicas as well."""
    hours = "      hours: {timezone: Europe/Berlin, monday: 07:00-19:00}\n      capture: {percent: 10, days: 30}\n"
    said = (STACKS / "Pulumi.gcp-pilot.yaml").read_text()
    file = tmp_path_factory.mktemp("timed") / "Pulumi.gcp-pilot.yaml"
    file.write_text(said.replace("      capture: {percent: 10, days: 30}\n", hours))
    return preview(file)


def test_each_alert_asks_for_metrics_resources_and_labels_that_google_has(timed: Graph) -> None:
    names = {re.sub(r"\W", "_", name): name for name in METRICS}
    seen = set[str]()
    for alert in timed.of(ALERT):
        for condition in alert.inputs["conditions"]:
            threshold = condition.get("conditionThreshold", {})
            for key, how in (("filter", "aggregations"), ("denominatorFilter", "denominatorAggregations")):
                if key in threshold:
                    known(threshold[key], threshold[how])
                    seen |= set(re.findall(r'metric\.type = "([^"]+)"', threshold[key]))
            if log := condition.get("conditionMatchedLog"):
                known(log["filter"], [])
            query = condition.get("conditionPrometheusQueryLanguage", {}).get("query", "")
            for metric, labels in re.findall(r"(\w+:\w+)\{([^}]*)\}", query):
                name = names[metric.replace(":", "_")]
                seen.add(name)
                asked = dict(re.findall(r'(\w+)="([^"]*)"', labels))
                assert asked.pop("monitored_resource") == METRICS[name][0]
                assert set(asked) <= RESOURCES[METRICS[name][0]] | set(METRICS[name][3])
    assert seen == set(METRICS), "a metric of the table that no alert asks for, or one that only a query does"


@pytest.mark.parametrize(
    ("key", "text", "is_found"),
    [
        ("content", "sign in at https://console.cloud.google.com.example.net/ now", True),
        ("content", "[mend](http://203.0.113.9/)", True),
        ("content", "see www.example.com/mend", True),
        ("subject", "https://example.com", True),
        ("content", "", True),
        ("content", " \n", True),
        ("content", "see https://cloud.google.com/monitoring/alerts", False),
        ("content", "https://console.cloud.google.com/monitoring", False),
    ],
)
def test_whoever_an_alert_wakes_is_shown_no_address_of_others(
    gcp_pilot: Graph, key: str, text: str, is_found: bool
) -> None:
    alert = first(gcp_pilot, ALERT, "errors")
    other = changed(gcp_pilot, alert, lambda inputs: put(inputs, f"documentation.{key}", text))
    assert bool(evaluate(other, [RULE]).findings) is is_found
