"""What changes nothing for whoever reviews a stack is no finding."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from operations.evaluation import evaluate
from policies import pack
from tests.catching import caught
from tests.mutants.benign import benign
from tests.mutate import at, changed, put

Edit = Callable[[dict[str, Any]], None]
_OWNER = "properties.properties.personalComputeInstanceSettings.assignedUser.objectId"
_SIZE = "properties.properties.vmSize"
WEEKS = {"days": 60}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_other_names_order_words_tags_and_accounts_are_no_finding(
    platform: str, request: pytest.FixtureRequest
) -> None:
    pilot: Graph = request.getfixturevalue(f"{platform}_pilot")
    rules = [rule for rule in pack.RULES[platform] if rule.name != "quota-undeclared"]  # a quota is one account's
    for what, graph in benign(pilot):
        found = [f"{finding.rule}: {finding.message}" for finding in evaluate(graph, rules).findings]
        assert found == [], what


def _text(path: str, old: str, new: str) -> Edit:
    """Another spelling of a part of what stands at a path."""

    def edit(properties: dict[str, Any]) -> None:
        said = at(properties, path)
        if said is not None:  # the outputs of a resource need not have it
            assert old in said, said
            put(properties, path, said.replace(old, new))

    return edit


def _set(path: str, value: Any) -> Edit:
    """An input that says what holds without it, or what nobody is hurt by."""
    above, _, last = path.rpartition(".")

    def edit(properties: dict[str, Any]) -> None:
        part = at(properties, above) if above else properties
        if part is not None:
            part[last] = value

    return edit


def _no_old_tls(policy: str) -> str:
    """The policy of a bucket with a denial of what S3 answers no more."""
    document = json.loads(policy)
    (closed,) = (each for each in document["Statement"] if each["Sid"] == "TlsOnly")
    document["Statement"].append({**closed, "Sid": "Old", "Condition": {"NumericLessThan": {"s3:TlsVersion": "1.2"}}})
    return json.dumps(document)


def _raise(actions: list[str]) -> None:
    actions[:] = [action.upper() for action in actions]


SAME: dict[str, list[tuple[str, str, Edit]]] = {
    "aws": [
        ("aws:iam/role:Role", "serving", _text("assumeRolePolicy", "aws:SourceAccount", "AWS:sourceaccount")),
        ("aws:s3/bucketPolicy:BucketPolicy", "audit", _text("policy", "aws:SourceArn", "AWS:SourceArn")),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "scorer-errors", _set("actionsEnabled", True)),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            "scorer-errors",
            lambda one: one.update(datapointsToAlarm=one["evaluationPeriods"]),
        ),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "lost", _set("metricQueries.0.expression", "SUM(METRICS())")),
        ("aws:s3/bucketPolicy:BucketPolicy", "audit", lambda one: one.update(policy=_no_old_tls(one["policy"]))),
        (
            "aws:cloudwatch/metricAlarm:MetricAlarm",
            "scorer-errors",
            lambda one: one.update(okActions=one["alarmActions"]),
        ),
        (
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
            "artifacts",
            lambda one: one["rules"].append(
                {"id": "x", "status": "Enabled", "filter": {"prefix": "async/document-embedder/"}, "expiration": WEEKS}
            ),
        ),
    ],
    "gcp": [
        ("gcp:logging/projectSink:ProjectSink", "audit", _text("filter", " OR ", "\n  OR ")),
        ("gcp:logging/projectSink:ProjectSink", "audit", lambda one: one.update(filter=f"({one['filter']})")),
        ("gcp:storage/bucketIAMMember:BucketIAMMember", "batch-reads", _text("condition.expression", " || ", "\n||")),
        ("gcp:storage/bucketIAMMember:BucketIAMMember", "batch-reads", _text("condition.expression", '"', "'")),
        ("gcp:serviceaccount/iAMMember:IAMMember", "ana-signs-in", _text("member", "ana@", "Ana@")),
        ("gcp:workbench/instance:Instance", "ana", _set("instanceOwners", ["Ana@example.com"])),
        ("gcp:workflows/workflow:Workflow", "backfill", _text("sourceContents", "${attempt + 1}", "${ attempt+1 }")),
        ("gcp:storage/bucket:Bucket", "artifacts", _set("storageClass", "STANDARD")),
        ("gcp:monitoring/alertPolicy:AlertPolicy", "errors", _set("enabled", True)),
    ],
    "azure": [
        ("azure-native:authorization:RoleDefinition", "caller", lambda one: _raise(one["permissions"][0]["actions"])),
        ("azure-native:authorization:PolicyAssignment", "outbound", _set("parameters.effect.value", "deny")),
        ("azure-native:machinelearningservices:Compute", "ana", _text(_OWNER, "0a1b2c3d", "0A1B2C3D")),
        ("azure-native:machinelearningservices:Compute", "ana", _text(_SIZE, "Standard_D2as_v4", "STANDARD_D2AS_V4")),
        ("azure-native:storage:StorageAccount", "store", _set("location", "East US 2")),
        ("azure-native:authorization:RoleAssignment", "collect", _text("condition", " OR ", "\nOR\n")),
        ("azure-native:network:NetworkSecurityGroup", "rules", _set("securityRules.0.description", "HTTPS")),
        ("azure-native:machinelearningservices:OnlineEndpoint", "scorer", _set("properties.description", "Fraud")),
        ("azure-native:monitor:ScheduledQueryRule", "errors", _set("windowSize", "PT30M")),
    ],
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_same_in_other_letters_and_what_changes_nothing_is_no_finding(
    platform: str, request: pytest.FixtureRequest
) -> None:
    pilot: Graph = request.getfixturevalue(f"{platform}_pilot")
    for type_, name, edit in SAME[platform]:
        one = next(r for r in pilot.of(type_) if name in r.name)
        said = changed(pilot, one, edit)
        assert said.by_urn[one.urn].inputs != one.inputs, (type_, name)
        assert caught(said) == set(), (type_, name)
