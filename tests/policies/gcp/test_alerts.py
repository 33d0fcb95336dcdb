"""An alert that waits for what never is, or divides by something else, is one that nobody hears."""

from typing import Any

import pytest

from catalogue.graph import Graph
from operations.evaluation import evaluate
from policies import pack
from tests.mutate import changed, put
from tests.policies.gcp.test_rules import ALERT, first

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
