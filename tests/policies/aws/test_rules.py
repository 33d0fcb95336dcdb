"""Each rule has one graph it passes, the pilot's, and one it catches: the pilot's with the thing it forbids."""

import json
from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from catalogue.placement import Another
from operations.evaluation import evaluate
from policies import pack
from policies.aws.baselines import FEATURES, NOTEBOOK, TRAINING
from tests.mutate import at, changed, drop, dropped, put, swapped, with_a_long_file, without
from tests.policies.test_inputs import CAUGHT as INPUTS
from tests.policies.test_org_policies import CAUGHT
from tests.rows import rows

Mutation = Callable[[Graph], Graph]


def setting(type_: str, path: str, value: Any, name: str = "") -> Mutation:
    """One property of the first resource of a type (whose name contains `name`) set to another value."""
    return lambda graph: changed(graph, first(graph, type_, name), lambda p: put(p, path, value))


def in_prod(graph: Graph) -> Graph:
    """The stack as its file would have it in production."""
    assert graph.placement is not None
    return replace(graph, placement=replace(graph.placement, environment="prod"))


def in_one_zone(graph: Graph) -> Graph:
    """The stack with each of its subnets in one zone."""
    for subnet in graph.of("aws:ec2/subnet:Subnet"):
        graph = changed(graph, subnet, lambda p: p.update(availabilityZone="us-east-1a"))
    return graph


def turning(type_: str, path: str, turn: Callable[[Any], Any], name: str = "") -> Mutation:
    """What stands at a path of the first resource of a type turned into something else."""
    return lambda graph: changed(graph, first(graph, type_, name), lambda p: put(p, path, turn(at(p, path))))


def in_the_group_of_the_doors(graph: Graph) -> Graph:
    """A model in the security group of the interface endpoints."""
    group = first(graph, SG, "-endpoints").outputs["id"]
    return setting(MODEL, "vpcConfig.securityGroupIds", [group])(graph)


def in_the_other_key(path: str, type_: str, name: str = "") -> Mutation:
    """The first resource of a type under the key of the logs, by its ARN alone: nothing of the graph refers to it."""
    return lambda graph: setting(type_, path, first(graph, KEY, "logs").outputs["arn"], name)(graph)


def losing(type_: str, path: str, name: str = "") -> Mutation:
    """One property of the first resource of a type gone."""
    return lambda graph: dropped(graph, first(graph, type_, name), path)


def on_all_answers(what: str, share: int = 10, **changes: Any) -> Mutation:
    """An alarm that takes a version back turned to the whole endpoint, and changed; a canary of some share."""

    def mutate(graph: Graph) -> Graph:
        graph = dropped(graph, first(graph, ALARM, f"scorer-new-{what}"), "dimensions.EndpointConfigName")
        graph = changed(graph, first(graph, ALARM, f"scorer-new-{what}"), lambda p: p.update(changes))
        return setting(SERVED, f"{TRAFFIC}.canarySize.value", share, "fraud-scorer")(graph)

    return mutate


def lacking(type_: str, name: str = "") -> Mutation:
    """The first resource of a type gone."""
    return lambda graph: without(graph, first(graph, type_, name))


def adding(type_: str, **inputs: Any) -> Mutation:
    """A resource more."""

    def mutate(graph: Graph) -> Graph:
        name = f"extra-{len(graph.resources)}"
        urn = f"urn:pulumi:aws-pilot::mlplatform::{type_}::{name}"
        return replace(graph, resources=(*graph.resources, Resource(urn, type_, name, True, inputs=inputs)))

    return mutate


def editing(type_: str, key: str, edit: Callable[[Any], None], name: str = "") -> Mutation:
    """A JSON document that a property holds, edited."""

    def mutate(graph: Graph) -> Graph:
        resource = first(graph, type_, name)
        document = json.loads(resource.inputs[key])
        edit(document)
        return changed(graph, resource, lambda p: put(p, key, json.dumps(document)))

    return mutate


def first(graph: Graph, type_: str, name: str = "") -> Resource:
    return next(r for r in graph.resources if r.type == type_ and name in r.name)


def _lengthen(document: Any, by: int) -> None:
    document["Statement"][0]["Sid"] = "x" * by


def _sid(document: Any, sid: str) -> Any:
    return next(s for s in document["Statement"] if s["Sid"] == sid)


def _only(document: Any, keep: Callable[[Any], bool]) -> None:
    document["Statement"] = [s for s in document["Statement"] if keep(s)]


_KEYLESS: tuple[Callable[[Any], None], ...] = (
    lambda d: _only(d, lambda s: "UseIn" not in s["Sid"]),
    lambda d: _only(d, lambda s: s["Sid"] != "UseInSchedules"),
    lambda d: _only(d, lambda s: s["Sid"] != "DeliverLogsOfRuns"),
    lambda d: put(_sid(d, "UseInRuns"), "Condition.ArnEquals", {"aws:PrincipalArn": "arn:aws:iam::1:role/x"}),
    lambda d: put(_sid(d, "UseInRuns"), "Action", ["kms:Decrypt"]),
    lambda d: put(_sid(d, "UseInRuns"), "Condition.StringEquals", {"kms:ViaService": "states.amazonaws.com"}),
)
"""How the data key is lost to whoever uses it as a role."""
PERSON = "Statement.1.Condition.ArnLike.aws:PrincipalArn"
_ANY = "arn:aws:sagemaker:us-east-1:111122223333:user-profile/*"
_OTHERS: tuple[Callable[[Any], None], ...] = (
    lambda d: put(_sid(d, "OpenStudio"), "Resource", [_ANY]),
    lambda d: put(_sid(d, "OpenStudio"), "Resource", [*_sid(d, "OpenStudio")["Resource"], _ANY]),
    lambda d: drop(_sid(d, "OpenStudio"), "Condition"),  # the same name's profile in every stack of the account
    lambda d: drop(_sid(d, "OwnSpaces"), "Condition"),
    lambda d: drop(_sid(d, "OwnApps"), "Condition"),
    lambda d: drop(_sid(d, "TagAtBirth"), "Condition"),
    lambda d: put(_sid(d, "OwnApps"), "Resource", ["arn:aws:sagemaker:us-east-1:111122223333:app/*"]),
    lambda d: put(_sid(d, "OwnSpaces"), "Condition.ArnLike", {"sagemaker:OwnerUserProfileArn": _ANY}),
)
"""How people reach what is another person's."""

SG, ROLE, INLINE = "aws:ec2/securityGroup:SecurityGroup", "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
DOMAIN, MODEL = "aws:sagemaker/domain:Domain", "aws:sagemaker/model:Model"
USER = "aws:sagemaker/userProfile:UserProfile"
SERVED, TARGET = "aws:sagemaker/endpoint:Endpoint", "aws:appautoscaling/target:Target"
CONFIG = "aws:sagemaker/endpointConfiguration:EndpointConfiguration"
MUTE = "aws:cloudwatch/alarmMuteRule:AlarmMuteRule"
MACHINE, ALARM = "aws:sfn/stateMachine:StateMachine", "aws:cloudwatch/metricAlarm:MetricAlarm"
TRANSFORM, TRAFFIC = "States.Transform.Parameters", "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration"

MLFLOW, RECORDS = "aws:sagemaker/mlflowApp:MlflowApp", "s3://aws-pilot-artifacts-111122223333/experiments/"
CAPTURE, OWN_BUCKET = "dataCaptureConfig", "s3://aws-pilot-artifacts-111122223333"
OWN_IMAGES = "111122223333.dkr.ecr.us-east-1.amazonaws.com/aws-pilot-registry-images"

_KEEPING: tuple[Callable[[Any], Any], ...] = (
    lambda rules: rules[:1],
    lambda rules: [{**rule, "status": "Disabled"} for rule in rules],
    lambda rules: [{**rule, "expiration": {"days": 91}} for rule in rules],
    lambda rules: [{**rule, "noncurrentVersionExpiration": {"noncurrentDays": 91}} for rule in rules],
    lambda rules: [
        {**rule, "noncurrentVersionExpiration": {"noncurrentDays": 30, "newerNoncurrentVersions": 5}} for rule in rules
    ],
    lambda rules: rules[1:],
    lambda rules: [{**rule, "filter": {**rule["filter"], "tag": {"key": "a", "value": "b"}}} for rule in rules],
)
"""How a bucket's lifecycle comes to keep what is captured."""
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
ALARMS = "deploymentConfig.autoRollbackConfiguration.alarms"
BUCKET = "aws:s3/bucket:Bucket"
_EVERYTHING = json.dumps({"Statement": [{"Effect": "Allow", "Principal": "*", "Action": ["*"], "Resource": ["*"]}]})
_PASSES = json.dumps({"Statement": [{"Effect": "Allow", "Action": ["iam:PassRole"], "Resource": ["*"]}]})
_CREATES = {
    "arn": "arn:aws:scheduler:::aws-sdk:sagemaker:createTransformJob",
    "input": json.dumps({"TransformResources": {"InstanceType": "ml.p5.48xlarge", "InstanceCount": 1}}),
}
_NEVER_STOPS = {"appLifecycleManagement": {"idleSettings": {"lifecycleManagement": "DISABLED"}}}


def moving(
    endpoint: str = "aws-pilot-document-embedder", low: int | None = None, high: int | None = None, hour: int = 7
) -> Mutation:
    """A scheduled action that somebody adds for an endpoint."""
    bounds = {"minCapacity": low, "maxCapacity": high}
    return adding(
        "aws:appautoscaling/scheduledAction:ScheduledAction",
        resourceId=f"endpoint/{endpoint}/variant/live",
        serviceNamespace="sagemaker",
        scalableDimension="sagemaker:variant:DesiredInstanceCount",
        schedule=f"cron(0 {hour} ? * MON-FRI *)",
        scalableTargetAction={key: value for key, value in bounds.items() if value is not None},
    )


def muting(*alarms: str, expression: str = "cron(0 19 * * *)", duration: str = "PT12H") -> Mutation:
    """A mute rule that somebody adds, without or with an endpoint's own off hours."""
    schedule = {"expression": expression, "duration": duration}
    return lambda graph: adding(
        MUTE,
        muteTargets={"alarmNames": list(alarms)},
        rule={"schedule": schedule},
        tags=first(graph, ALARM).inputs["tags"],
    )(graph)


def both(*mutations: Mutation) -> Mutation:
    return lambda graph: reduce(lambda so_far, mutation: mutation(so_far), mutations, graph)


OLDEST = "aws-pilot-document-embedder-oldest"
OFF = both(moving(high=0, hour=19), moving(high=2))

OF_AWS = "763104351884.dkr.ecr.us-east-1.amazonaws.com"
IN_MEXICO = "683313688378.dkr.ecr.mx-central-1.amazonaws.com/sagemaker-xgboost:3.0-5"
QUEUED = "asyncInferenceConfig.outputConfig.s3OutputPath"
KEY, BUCKET_POLICY = "aws:kms/key:Key", "aws:s3/bucketPolicy:BucketPolicy"
TOPIC_POLICY, DOOR = "aws:sns/topicPolicy:TopicPolicy", "aws:ec2/vpcEndpoint:VpcEndpoint"
GROUP_POLICY, TRAIL = "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy", "aws:cloudtrail/trail:Trail"
FLOW_LOG, IMAGES = "aws:ec2/flowLog:FlowLog", "aws:ecr/lifecyclePolicy:LifecyclePolicy"
MALLORY = "arn:aws:iam::999988887777:root"


def _grant(document: Any, **said: Any) -> None:
    document["Statement"].append({"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*", **said})


_RUN: tuple[Callable[[Any], Any], ...] = (
    lambda d: d.pop("StartAt"),
    lambda d: d["States"].pop("RunsAlready"),
    lambda d: drop(d, "States.Transform.Next"),
    lambda d: drop(d, "States.TransformEnded.Choices.0.StringEquals"),
    lambda d: drop(d, "States.Transform.Catch.0.Next"),
    lambda d: put(d, "States.Transform.Resource", "arn:aws:states:::sagemaker:createTransformJob"),
    lambda d: put(d, "States.Transform.Retry.1.MaxAttempts", 0),
    lambda d: put(d, "States.Transform.Retry.1.BackoffRate", 2000),
    lambda d: drop(d, "States.Transform.Retry.1.IntervalSeconds"),
    lambda d: put(d, "States.Transform.Retry.1.ErrorEquals", []),
)
"""How a run stops being whole."""
_TOGETHER = {
    "Type": "Task",
    "Resource": "arn:aws:states:::sagemaker:createTrainingJob.sync",
    "Parameters": {
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 2},
        "EnableInterContainerTrafficEncryption": True,
        "VpcConfig": {"SecurityGroupIds": ["sg-1"]},
    },
}
"""A training job of two machines in a group that nobody knows."""
_SENT: tuple[Callable[[Any], Any], ...] = (
    lambda d: drop(d, f"{TRANSFORM}.TransformInput.DataSource.S3DataSource.S3Uri"),
    lambda d: drop(d, f"{TRANSFORM}.ModelName"),
    lambda d: d["States"]["Transform"]["Parameters"].pop("TransformJobName.$"),
    lambda d: put(d, f"{TRANSFORM}.ModelClientConfig.InvocationsMaxRetries", 3000),
    lambda d: d["States"]["Transform"]["Retry"].append(d["States"]["Transform"]["Retry"][1]),
)
"""How it comes to send what nobody judged."""


def _sink(definition: Any) -> Any:
    return definition["States"]["Transform"]["Parameters"]["TransformOutput"]


_SCORES = "s3://aws-pilot-artifacts-111122223333/batch/fraud-backfill/"
_OF_NO_RUN: tuple[Callable[[Any], Any], ...] = (
    lambda d: _sink(d).update({"S3OutputPath": _SCORES, "S3OutputPath.$": _sink(d).pop("S3OutputPath.$")}),
    lambda d: d["States"]["Transform"]["Parameters"].update(
        TransformOutput={key.removesuffix(".$"): _SCORES if "S3" in key else one for key, one in _sink(d).items()}
    ),
    lambda d: _sink(d).update({"S3OutputPath.$": f"States.Format('{_SCORES}{{}}/', $$.State.Name)"}),
    lambda d: put(d, f"{TRANSFORM}.TransformInput.ContentType", "application/jsonlines"),
    lambda d: put(d, f"{TRANSFORM}.TransformInput.SplitType", "None"),
    lambda d: put(d, f"{TRANSFORM}.MaxConcurrentTransforms", 16),
)
"""How two runs come to write into one folder, and how one comes to score otherwise than its file says."""
_KEEPS: tuple[Callable[[Any], Any], ...] = (
    lambda d: d["rules"].pop(),
    lambda d: drop(d, "rules.0.action"),
    lambda d: put(d, "rules.0.selection.countNumber", 7000),
    lambda d: drop(d, "rules.0.selection.countUnit"),
    lambda d: put(d, "rules.0.rulePriority", 2),
    lambda d: put(d, "rules.1.selection.countNumber", 1),
    lambda d: d["rules"].append(
        {**d["rules"][0], "rulePriority": 3, "selection": {**d["rules"][0]["selection"], "tagStatus": "tagged"}}
    ),
)
"""How a registry comes to keep images for ever, or to lose those in use."""
_OWN_REPOSITORY = "arn:aws:ecr:us-east-1:111122223333:repository/aws-pilot-registry-images"
_WRITES_MODELS: tuple[Callable[[Any], Any], ...] = (
    lambda d: _sid(d, "AsyncResultsWrite")["Resource"].append("arn:aws:s3:::aws-pilot-artifacts-111122223333/models/*"),
    lambda d: put(_sid(d, "Capture"), "Resource", "arn:aws:s3:::aws-pilot-artifacts-*"),
    lambda d: _sid(d, "Artifacts")["Action"].append("s3:*"),
    lambda d: d["Statement"].append(
        {"Sid": "Push", "Effect": "Allow", "Action": "ecr:Put*", "Resource": [_OWN_REPOSITORY]}
    ),
)
"""How who serves comes to change what is served."""
_AUDIT = "arn:aws:s3:::aws-pilot-audit-111122223333/flow-logs/*"
_MORE_GRANTABLE: list[Callable[[Any], None]] = [
    lambda d: put(d, "Statement.0.Action", [*d["Statement"][0]["Action"], "SageMaker:CreateDomain"]),
    lambda d: put(d, "Statement.1.Action", ["sagemaker:UpdateD*"]),
    lambda d: d["Statement"].append({"Sid": "More", "Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
]
"""What a boundary lets be granted must be denied in it where a guardrail says so: it denies nothing else."""
_DELETES_RECORDS = {"Sid": "X", "Effect": "Allow", "Action": ["s3:DeleteObject*"], "Resource": [_AUDIT]}
_OF_ANYBODY = ("Condition", {"StringLike": {"kms:EncryptionContext:SourceArn": "arn:aws:logs:*:*:*"}})
PIPELINE_ROLE, SERVING_ROLE = (f"arn:aws:iam::111122223333:role/aws-pilot-{name}" for name in ("pipeline", "serving"))
_UNWHOLE: tuple[Callable[[Any], Any], ...] = (
    lambda d: d.pop("Version"),
    lambda d: d.pop("Statement"),
    lambda d: drop(d, "Statement.0.Effect"),
    lambda d: drop(d, "Statement.0.Action"),
    lambda d: drop(d, "Statement.0.Resource"),
    lambda d: put(d, "Statement.0.Effect", "Deny"),
    lambda d: d["Statement"].append(d["Statement"][0]),
    lambda d: d["Statement"].append({"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}),
    lambda d: d["Statement"][0].update(Principal="*"),
)
"""How a persona's policy stops being a whole document."""


def giving(graph: Graph) -> Graph:
    """The stack file gives versions to another stack, and no policy lets its publisher in."""
    assert graph.placement is not None
    other = Another("aws-test", "444455556666", "arn:aws:iam::444455556666:role/aws-test-publisher")
    return replace(graph, placement=replace(graph.placement, gives_to=(other,)))


CATCHES: list[tuple[str, Mutation]] = [
    *(("identity-documents", editing(INLINE, "policy", edit, "serving")) for edit in _UNWHOLE),
    (
        "identity-documents",
        editing(ROLE, "assumeRolePolicy", lambda d: drop(d, "Statement.0.Principal.Service"), "serving"),
    ),
    ("identity-documents", editing(ROLE, "assumeRolePolicy", lambda d: put(d, "Statement.0.Principal", {"AWS": []}))),
    ("identity-documents", editing(BUCKET_POLICY, "policy", lambda d: drop(d, "Statement.0.Condition"))),
    ("identity-resource-policies", editing(DOOR, "policy", lambda d: _grant(d, Principal="*"), "logs")),
    ("identity-resource-policies", editing(TOPIC_POLICY, "policy", lambda d: _grant(d, Principal={"AWS": "*"}))),
    ("identity-resource-policies", editing(GROUP_POLICY, "resourcePolicy", lambda d: _grant(d, Principal="*"))),
    ("identity-permissions", editing(INLINE, "policy", lambda d: _grant(d, Action="iam:CreateUser"), "caller")),
    ("identity-permissions", editing(INLINE, "policy", lambda d: _grant(d, Action="s3:PutObject"), "approver")),
    ("identity-permissions", editing(KEY, "policy", lambda d: _grant(d, Principal={"AWS": MALLORY}))),
    (
        "identity-permissions",
        editing("aws:iam/policy:Policy", "policy", lambda d: _grant(d, Action="secretsmanager:*")),
    ),
    ("identity-conditions", editing(KEY, "policy", lambda d: put(d, "Statement.1.Condition", {"Bool": {"x:y": "1"}}))),
    (
        "identity-conditions",
        editing(TOPIC_POLICY, "policy", lambda d: put(d, "Statement.0.Principal.Service", ["s3.amazonaws.com"])),
    ),
    (
        "identity-conditions",
        editing(
            ROLE, "assumeRolePolicy", lambda d: put(d, "Statement.0.Condition.StringEquals", {"aws:SourceAccount": "9"})
        ),
    ),
    (
        "identity-conditions",
        editing(INLINE, "policy", lambda d: drop(_sid(d, "KeyForServices"), "Condition"), "serving"),
    ),
    ("identity-tasks", editing(INLINE, "policy", lambda d: drop(_sid(d, "ReadAlarms"), "Action"), "serving")),
    ("identity-tasks", editing("aws:iam/policy:Policy", "policy", lambda d: d["Statement"].pop(0))),
    (
        "identity-alerts-owner",
        setting("aws:sns/topicSubscription:TopicSubscription", "endpoint", "mallory@example.com"),
    ),
    ("world-account", editing(KEY, "policy", lambda d: put(d, "Statement.0.Principal.AWS", MALLORY))),
    ("world-account", setting(DOMAIN, "kmsKeyId", "arn:aws:kms:us-east-1:999988887777:key/a")),
    ("world-region", setting(TRAIL, "kmsKeyId", "arn:aws:kms:sa-east-1:111122223333:key/a")),
    ("world-region", setting(DOOR, "serviceName", "com.amazonaws.sa-east-1.logs")),
    ("world-place", setting(MODEL, "primaryContainer.modelDataUrl", "s3://somebody-elses/model.tar.gz")),
    (
        "world-place",
        editing(INLINE, "policy", lambda d: put(_sid(d, "Artifacts"), "Resource", ["arn:aws:s3:::*"]), "serving"),
    ),
    ("secrets-in-plain", setting(ROLE, "description", "password=hunter2hunter2")),
    ("unasked", adding("aws:ec2/eip:Eip")),
    ("unasked", lacking("aws:iam/rolePolicy:RolePolicy", "caller")),
    ("unasked", lacking("aws:kms/alias:Alias")),
    ("encryption-key", editing(KEY, "policy", lambda d: drop(_sid(d, "UseThroughServices"), "Condition"))),
    ("encryption-bucket-tls", editing(BUCKET_POLICY, "policy", lambda d: drop(d, "Statement.0.Resource.1"))),
    ("encryption-bucket-tls", editing(BUCKET_POLICY, "policy", lambda d: put(d, "Statement.1.Effect", "Deny"))),
    ("audit-delivered", editing(BUCKET_POLICY, "policy", lambda d: _only(d, lambda s: s["Sid"] != "TrailWrites"))),
    ("audit-delivered", editing(BUCKET_POLICY, "policy", lambda d: _only(d, lambda s: s["Sid"] != "FlowLogsReadsAcl"))),
    ("audit-packages-own-account", editing(GROUP_POLICY, "resourcePolicy", lambda d: drop(d, "Statement.0.Action.0"))),
    (
        "audit-packages-own-account",
        editing(GROUP_POLICY, "resourcePolicy", lambda d: drop(d, "Statement.0.Resource.1")),
    ),
    *(("rollback-run-whole", editing(MACHINE, "definition", edit)) for edit in _RUN),
    *(("inputs-request", editing(MACHINE, "definition", edit)) for edit in _SENT),
    ("world-job", editing(MACHINE, "definition", lambda d: put(d, f"{TRANSFORM}.ModelName", "mallory"))),
    (
        "world-run-places",
        editing(MACHINE, "definition", lambda d: put(d, f"{TRANSFORM}.TransformOutput.S3OutputPath", "s3://x/")),
    ),
    *(("world-run-places", editing(MACHINE, "definition", edit)) for edit in _OF_NO_RUN),
    *(("limits-images-kept", editing(IMAGES, "policy", edit)) for edit in _KEEPS),
    ("rollback-alarm-looks", setting(ALARM, "treatMissingData", "breaching", "scorer-errors")),
    ("rollback-alarm-threshold", setting(ALARM, "threshold", 250.0, "scorer-errors")),
    ("rollback-alarm-threshold", losing(ALARM, "namespace", "scorer-errors")),
    ("rollback-alarm-threshold", setting(ALARM, "comparisonOperator", "LessThanThreshold", "scorer-errors")),
    ("rollback-alarm-threshold", setting(ALARM, "comparisonOperator", "GreaterThanThreshold", "missed")),
    ("rollback-alarm-threshold", losing(ALARM, "statistic", "scorer-errors")),
    *(("identity-served-read-only", editing(INLINE, "policy", edit, "serving")) for edit in _WRITES_MODELS),
    (
        "identity-records-apart",
        editing(INLINE, "policy", lambda d: d["Statement"].append(_DELETES_RECORDS), "pipeline"),
    ),
    ("encryption-key", editing(KEY, "policy", lambda d: put(_sid(d, "DeliverLogsOfRuns"), *_OF_ANYBODY), "data")),
    ("encryption-key", editing(KEY, "policy", lambda d: drop(_sid(d, "GrantToServices"), "Condition.Bool"), "data")),
    ("encryption-key-works", editing(KEY, "policy", lambda d: drop(_sid(d, "LogGroups"), "Action.0"), "logs")),
    ("encryption-keys-apart", in_the_other_key("kmsKeyArn", "aws:scheduler/schedule:Schedule")),
    ("world-queue-places", setting(CONFIG, QUEUED, f"{OWN_BUCKET}/capture/fraud-scorer/", "embedder")),
    ("network-groups-apart", in_the_group_of_the_doors),
    ("inputs-allowed", setting(ROLE, "maxSessionDuration", 43_200)),
    ("inputs-allowed", losing(DOMAIN, "defaultUserSettings.defaultLandingUri")),
    ("inputs-allowed", setting(DOMAIN, "defaultUserSettings.studioWebPortal", "DISABLED")),
    ("inputs-allowed", setting(USER, "userSettings.defaultLandingUri", "app:JupyterServer:")),
    ("limits-batch-often", setting("aws:scheduler/schedule:Schedule", "scheduleExpression", "cron(* * * * ? *)")),
    ("workflow-role-reaches", editing(INLINE, "policy", lambda d: drop(_sid(d, "Input"), "Resource.0"), "batch")),
    (
        "world-elsewhere",
        lambda g: setting(MODEL, "primaryContainer.modelDataUrl", "s3://somebody-elses/model.tar.gz")(
            replace(g, placement=None, ours=False)
        ),
    ),
    ("kind-closed", adding("aws:rds/instance:Instance", publiclyAccessible=True)),
    ("identity-people-listed", setting(USER, "userProfileName", "mallory", "ana")),
    ("identity-people-apart", setting(USER, "userSettings.executionRole", PIPELINE_ROLE, "ana")),
    ("identity-people-apart", setting(DOMAIN, "defaultSpaceSettings.executionRole", SERVING_ROLE)),
    ("identity-runs-as", setting(MACHINE, "roleArn", SERVING_ROLE)),
    ("network-addresses", setting("aws:ec2/vpc:Vpc", "cidrBlock", "198.51.100.0/24")),
    ("network-addresses", setting("aws:ec2/subnet:Subnet", "cidrBlock", "10.99.0.0/23")),
    ("network-addresses", setting("aws:ec2/subnet:Subnet", "cidrBlock", "10.40.0.0/20")),
    ("sizes-role-policies", editing(INLINE, "policy", lambda d: _lengthen(d, 10_240), "batch")),
    ("sizes-role-policies", setting(ROLE, "inlinePolicies", [{"policy": json.dumps({"Version": "x" * 10_240})}])),
    ("sizes-document", editing("aws:iam/policy:Policy", "policy", lambda d: _lengthen(d, 2_000))),
    ("sizes-document", editing(ROLE, "assumeRolePolicy", lambda d: _lengthen(d, 2_048))),
    ("sizes-document", editing("aws:s3/bucketPolicy:BucketPolicy", "policy", lambda d: _lengthen(d, 20_480))),
    ("sizes-document", editing("aws:kms/key:Key", "policy", lambda d: _lengthen(d, 32_768))),
    ("network-no-internet-gateway", adding("aws:ec2/internetGateway:InternetGateway")),
    ("network-no-internet-gateway", adding("aws:ec2/natGateway:NatGateway")),
    ("network-no-internet-route", adding("aws:ec2/route:Route", destinationCidrBlock="0.0.0.0/0")),
    ("network-no-internet-route", setting("aws:ec2/routeTable:RouteTable", "routes", [{"cidrBlock": "0.0.0.0/0"}])),
    ("network-subnet-private", setting("aws:ec2/subnet:Subnet", "mapPublicIpOnLaunch", True)),
    ("network-security-group-closed", adding(INGRESS, securityGroupId="sg-1", cidrIpv4="0.0.0.0/0")),
    ("network-security-group-closed", adding(INGRESS, securityGroupId="sg-1", cidrIpv4="10.0.0.0/8")),
    ("network-security-group-closed", adding(SG, egress=[{"cidrBlocks": ["0.0.0.0/0"]}])),
    ("network-default-group-empty", lacking("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")),
    ("network-default-group-empty", setting("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "egress", [{}])),
    ("network-flow-logs", lacking("aws:ec2/flowLog:FlowLog")),
    ("network-flow-logs", setting("aws:ec2/flowLog:FlowLog", "trafficType", "REJECT")),
    ("network-workspace-vpc-only", setting(DOMAIN, "appNetworkAccessType", "PublicInternetOnly")),
    ("network-workspace-vpc-only", setting(USER, "userSettings.securityGroups", ["sg-1"])),
    ("network-workspace-vpc-only", setting(DOMAIN, "defaultSpaceSettings.securityGroups", ["sg-1"])),
    ("network-model-isolated", setting(MODEL, "enableNetworkIsolation", False)),
    ("network-model-isolated", losing(MODEL, "vpcConfig")),
    ("network-model-isolated", turning(MODEL, "vpcConfig.subnets", lambda ids: [ids[0], ids[0]])),
    ("network-model-isolated", turning(MODEL, "vpcConfig.subnets", lambda ids: [ids[0], None])),
    ("network-model-isolated", turning(MODEL, "vpcConfig.subnets", lambda ids: [*ids, "subnet-1"])),
    ("network-model-isolated", turning(MODEL, "vpcConfig.securityGroupIds", lambda ids: [*ids, "sg-1"])),
    ("network-workspace-vpc-only", turning(DOMAIN, "defaultUserSettings.securityGroups", lambda ids: [*ids, "sg-1"])),
    ("network-endpoint-closed", losing("aws:ec2/vpcEndpoint:VpcEndpoint", "policy")),
    ("network-endpoint-closed", setting("aws:ec2/vpcEndpoint:VpcEndpoint", "privateDnsEnabled", False, "sts")),
    ("network-proof", lacking("aws:ec2/vpcEndpoint:VpcEndpoint", "studio")),
    ("network-proof", lacking("aws:ec2/routeTableAssociation:RouteTableAssociation")),
    ("network-proof", lacking(INGRESS, "https-from-workloads")),
    ("network-no-internet-gateway", adding("aws:ec2/vpcPeeringConnection:VpcPeeringConnection", peerVpcId="vpc-1")),
    ("network-call-bound", editing(INLINE, "policy", lambda d: drop(_sid(d, "Predict"), "Condition"), "scientist")),
    ("network-call-named", setting(MODEL, "primaryContainer.mode", "MultiModel")),
    ("network-call-bound", setting(ROLE, "inlinePolicies", [{"name": "n", "policy": _EVERYTHING}])),
    ("network-way-in", lacking("aws:ec2/vpcEndpoint:VpcEndpoint", "sagemaker-runtime")),
    ("network-way-in", lacking(INGRESS, "https-from-workloads")),
    ("network-way-in", losing(DOMAIN, "appNetworkAccessType")),
    ("network-way-in", lacking(DOMAIN)),
    ("network-way-in", editing(INLINE, "policy", lambda d: drop(_sid(d, "Predict"), "Action"), "scientist")),
    (
        "network-way-in",
        editing(
            "aws:ec2/vpcEndpoint:VpcEndpoint", "policy", lambda d: drop(d, "Statement.0.Action"), "sagemaker-runtime"
        ),
    ),
    ("network-studio-paths", lacking(INGRESS, "studio-files")),
    ("network-training-paths", editing(MACHINE, "definition", lambda d: d["States"].update(Transform=_TOGETHER))),
    ("identity-no-wildcard", editing(INLINE, "policy", lambda d: put(d, "Statement.0.Action", ["sagemaker:*"]))),
    ("identity-no-wildcard", editing(INLINE, "policy", lambda d: put(d, "Statement.0.Resource", "*"), "approver")),
    (
        "identity-no-wildcard",
        editing(
            INLINE, "policy", lambda d: _grant(d, Action="kms:Decrypt", Resource="arn:aws:kms:*:111122223333:key/*")
        ),
    ),
    ("identity-no-wildcard", setting(ROLE, "managedPolicyArns", ["arn:aws:iam::aws:policy/AdministratorAccess"])),
    ("identity-no-wildcard", setting(ROLE, "inlinePolicies", [{"name": "n", "policy": _EVERYTHING}])),
    ("identity-pass-role", setting(ROLE, "inlinePolicies", [{"name": "n", "policy": _PASSES}])),
    ("encryption-bucket-tls", setting(BUCKET, "policy", _EVERYTHING)),
    ("encryption-bucket-settings", setting(BUCKET, "acl", "public-read")),
    ("encryption-bucket-settings", setting(BUCKET, "grants", [{"type": "Group", "permissions": ["READ"]}])),
    ("identity-boundary", setting(USER, "userSettings.executionRole", "arn:aws:iam::111122223333:role/admin")),
    ("identity-boundary", setting(DOMAIN, "defaultSpaceSettings.executionRole", "arn:aws:iam::1:role/admin")),
    ("identity-boundary", losing(ROLE, "permissionsBoundary")),
    ("identity-trust", editing(ROLE, "assumeRolePolicy", lambda d: drop(d, "Statement.0.Condition"), "serving")),
    ("identity-trust", editing(ROLE, "assumeRolePolicy", lambda d: put(d, "Statement.0.Principal", "*"), "serving")),
    ("identity-trust", editing(ROLE, "assumeRolePolicy", lambda d: drop(d, "Statement.0.Condition.Bool"), "approver")),
    (
        "identity-pass-role",
        editing(INLINE, "policy", lambda d: d["Statement"][-1].pop("Condition"), "data-scientist"),
    ),
    *(
        (
            "identity-studio-name",
            editing(ROLE, "assumeRolePolicy", lambda d: put(d, "Statement.0.Action", "sts:AssumeRole"), who),
        )
        for who in ("data-scientist", "training")
    ),
    (
        "identity-trust",
        editing(ROLE, "assumeRolePolicy", lambda d: put(d, PERSON, "arn:aws:iam::111122223333:role/*"), "approver"),
    ),
    *(("identity-own-profile", editing(INLINE, "policy", edit, "data-scientist")) for edit in _OTHERS),
    ("identity-guardrails", editing("aws:iam/policy:Policy", "policy", lambda d: d["Statement"].pop())),
    *(("identity-guardrails", editing("aws:iam/policy:Policy", "policy", edit)) for edit in _MORE_GRANTABLE),
    (
        "identity-topic-policy",
        editing("aws:sns/topicPolicy:TopicPolicy", "policy", lambda d: drop(d, "Statement.0.Condition")),
    ),
    ("encryption-customer-key", losing("aws:sns/topic:Topic", "kmsMasterKeyId")),
    ("encryption-customer-key", setting("aws:sns/topic:Topic", "kmsMasterKeyId", "alias/aws/sns")),
    ("encryption-customer-key", losing(CONFIG, "kmsKeyArn", "fraud-scorer")),
    ("encryption-customer-key", losing(CONFIG, "asyncInferenceConfig.outputConfig.kmsKeyId", "document-embedder")),
    ("encryption-batch", editing(MACHINE, "definition", lambda d: drop(d, f"{TRANSFORM}.TransformOutput.KmsKeyId"))),
    *(
        (rule, setting("aws:scheduler/schedule:Schedule", "target", _CREATES))
        for rule in ("encryption-batch", "cost-batch-tags", "limits-machine-types")
    ),
    ("encryption-key", setting("aws:kms/key:Key", "enableKeyRotation", False)),
    ("encryption-key", editing("aws:kms/key:Key", "policy", lambda d: put(d, "Statement.0.Principal", "*"))),
    *(("encryption-key-callers", editing("aws:kms/key:Key", "policy", edit, "key-data")) for edit in _KEYLESS),
    ("encryption-bucket-whole", lacking("aws:s3/bucketVersioning:BucketVersioning")),
    (
        "encryption-bucket-public",
        setting("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "blockPublicAcls", False),
    ),
    ("encryption-bucket-tls", editing("aws:s3/bucketPolicy:BucketPolicy", "policy", lambda d: drop(d, "Statement.0"))),
    (
        "encryption-bucket-settings",
        setting("aws:s3/bucketVersioning:BucketVersioning", "versioningConfiguration.status", "Suspended"),
    ),
    ("cost-tags", losing(SERVED, "tags.team")),
    ("cost-tags", setting(SERVED, "tags.team", "somebody-else")),
    ("cost-tags", setting(SERVED, "tags.owner", "<nobody>")),
    ("kind-known", adding("aws:lambda/function:Function")),
    ("cost-batch-tags", editing(MACHINE, "definition", lambda d: drop(d, f"{TRANSFORM}.Tags.0"))),
    ("cost-budget", lacking("aws:budgets/budget:Budget")),
    ("cost-budget", setting("aws:budgets/budget:Budget", "limitAmount", "1000000.00")),
    ("cost-budget", losing("aws:budgets/budget:Budget", "costFilters")),
    ("cost-alerts-reach-owner", lacking("aws:sns/topicSubscription:TopicSubscription")),
    ("limits-replicas", setting(TARGET, "maxCapacity", 40)),
    ("limits-autoscaled", lacking(TARGET)),
    (
        "limits-replicas",
        editing(MACHINE, "definition", lambda d: put(d, f"{TRANSFORM}.TransformResources.InstanceCount", 50)),
    ),
    ("limits-scaling-policy", lacking("aws:appautoscaling/policy:Policy", "on-requests")),
    ("limits-scaling-policy", lacking(ALARM, "waiting")),
    (
        "limits-scaling-policy",
        both(lacking(ALARM, "waiting"), setting(TARGET, "minCapacity", 1, "embed"), moving(low=0)),
    ),
    ("limits-replicas", moving(high=40)),
    ("limits-replicas", lambda g: in_prod(moving("aws-pilot-fraud-scorer", low=1)(g))),
    ("limits-stated", setting(TARGET, "maxCapacity", 3, "fraud-scorer")),
    ("limits-scheduled-scaling", moving("another", high=3)),
    ("limits-scheduled-scaling", moving(high=0)),
    ("quota-declared", moving("aws-pilot-fraud-scorer", high=5)),
    ("limits-machine-types", setting(CONFIG, "productionVariants.0.instanceType", "ml.p5.48xlarge")),
    ("quota-declared", setting(TARGET, "maxCapacity", 5, "fraud-scorer")),
    ("quota-undeclared", setting(CONFIG, "productionVariants.0.instanceType", "ml.p5.48xlarge")),
    ("limits-zones", lambda g: in_prod(in_one_zone(g))),
    ("limits-replicas", lambda g: in_prod(setting(TARGET, "minCapacity", 1, "fraud-scorer")(g))),
    ("limits-retention", setting("aws:cloudwatch/logGroup:LogGroup", "retentionInDays", 7)),
    ("limits-region", setting("pulumi:providers:aws", "region", "eu-west-1")),
    ("limits-region", setting("pulumi:providers:aws", "region", None)),
    ("limits-region", lambda g: changed(g, first(g, DOMAIN), lambda p: p.update(region="eu-west-1"))),
    ("limits-account", losing("pulumi:providers:aws", "allowedAccountIds")),
    ("limits-account", setting("pulumi:providers:aws", "allowedAccountIds", "[]")),
    *(
        ("limits-machine-types", setting(type_, at, {"defaultResourceSpec": {"instanceType": "ml.p5.48xlarge"}}))
        for type_, at in (
            (DOMAIN, "defaultUserSettings.kernelGatewayAppSettings"),
            (DOMAIN, "defaultSpaceSettings.jupyterLabAppSettings"),
            (DOMAIN, "domainSettings.rStudioServerProDomainSettings"),
            (USER, "userSettings.rSessionAppSettings"),
        )
    ),
    *(
        (
            "limits-idle-shutdown",
            setting(type_, at, _NEVER_STOPS),
        )
        for type_, at in (
            (DOMAIN, "defaultSpaceSettings.jupyterLabAppSettings"),
            (USER, "userSettings.codeEditorAppSettings"),
        )
    ),
    ("limits-idle-shutdown", losing(DOMAIN, "defaultUserSettings.jupyterLabAppSettings")),
    ("limits-batch-time", editing(MACHINE, "definition", lambda d: put(d, "TimeoutSeconds", 86_400))),
    ("limits-schedule-times", setting("aws:scheduler/schedule:Schedule", "scheduleExpression", "rate(2 hours)")),
    ("limits-schedule-retries", losing("aws:scheduler/schedule:Schedule", "target.retryPolicy")),
    ("limits-retention", losing("aws:cloudwatch/logGroup:LogGroup", "retentionInDays")),
    ("limits-stores-expire", lacking("aws:ecr/lifecyclePolicy:LifecyclePolicy")),
    ("limits-stores-expire", setting(LIFECYCLE, "rules.0.expiration.days", 29, "audit")),
    ("limits-stores-expire", setting(LIFECYCLE, "rules.0.expiration", {"date": "2027-01-01T00:00:00Z"}, "audit")),
    ("limits-stores-expire", setting(LIFECYCLE, "rules.0.noncurrentVersionExpiration.noncurrentDays", 29, "audit")),
    ("limits-stores-expire", setting(LIFECYCLE, "rules.1.filter.prefix", "models/", "artifacts")),
    ("limits-outputs-expire", losing(LIFECYCLE, "rules.3", "artifacts")),
    ("limits-outputs-expire", setting(LIFECYCLE, "rules.3.status", "Disabled", "artifacts")),
    ("limits-outputs-expire", setting(LIFECYCLE, "rules.3.filter.prefix", "batch/fraud/", "artifacts")),
    ("limits-outputs-expire", setting(LIFECYCLE, "rules.3.expiration.days", 3_651, "artifacts")),
    ("limits-outputs-expire", losing(LIFECYCLE, "rules.4", "artifacts")),
    ("limits-outputs-expire", setting(LIFECYCLE, "rules.4.status", "Disabled", "artifacts")),
    ("limits-outputs-expire", setting(LIFECYCLE, "rules.4.filter.prefix", "async/answers/", "artifacts")),
    ("limits-stores-expire", setting(LIFECYCLE, "rules.1.filter", {"and": {"prefix": "mod"}}, "artifacts")),
    ("limits-capture", setting(CONFIG, f"{CAPTURE}.initialSamplingPercentage", 26, "fraud-scorer")),
    ("limits-capture", setting(CONFIG, f"{CAPTURE}.destinationS3Uri", "s3://theirs/capture/x", "fraud-scorer")),
    ("limits-capture", setting(CONFIG, f"{CAPTURE}.destinationS3Uri", f"{OWN_BUCKET}/kept/x", "fraud-scorer")),
    *(("limits-capture", turning(LIFECYCLE, "rules", turn, "artifacts")) for turn in _KEEPING),
    ("encryption-customer-key", losing(CONFIG, f"{CAPTURE}.kmsKeyId", "fraud-scorer")),
    (
        "encryption-customer-key",
        setting(CONFIG, f"{CAPTURE}.kmsKeyId", "arn:aws:kms:us-east-1:999988887777:key/1", "fraud-scorer"),
    ),
    ("rollback-alarms", losing(SERVED, "deploymentConfig.autoRollbackConfiguration")),
    ("rollback-alarms", turning(SERVED, ALARMS, lambda named: [*named, {"alarmName": "another"}])),
    ("rollback-alarms", turning(SERVED, ALARMS, lambda named: [named[0], {"alarmName": "another"}], "fraud-scorer")),
    ("rollback-alarms", turning(SERVED, ALARMS, lambda named: [named[0], named[0]], "fraud-scorer")),
    ("rollback-alarms", setting(ALARM, "extendedStatistic", "p50", "new-p95")),
    ("rollback-alarms", setting(ALARM, "dimensions.EndpointName", "another", "new-p95")),
    ("rollback-traffic", setting(SERVED, f"{TRAFFIC}.type", "ALL_AT_ONCE", "fraud-scorer")),
    ("rollback-traffic", setting(SERVED, f"{TRAFFIC}.canarySize.value", 50, "fraud-scorer")),
    ("rollback-alarm-heard", losing(ALARM, "alarmActions")),
    ("rollback-alarm-muted", muting(OLDEST)),
    ("rollback-alarm-muted", both(OFF, muting(OLDEST, "aws-pilot-fraud-scorer-errors"))),
    ("rollback-alarm-muted", both(OFF, muting("another"))),
    ("rollback-alarm-muted", both(OFF, muting(OLDEST, duration="P1D"))),
    ("rollback-alarm-muted", both(OFF, muting(OLDEST), muting(OLDEST, expression="cron(0 7 * * *)"))),
    ("rollback-alarm-muted", both(OFF, muting(OLDEST, expression="cron(0 19 * * whenever)"))),
    # A minute short of a week, the working day in place of the night, and a time that no hours are compared with.
    ("rollback-alarm-muted", both(OFF, muting(OLDEST, expression="cron(0 19 * * FRI)", duration="PT167H59M"))),
    ("rollback-alarm-muted", both(OFF, muting(OLDEST, expression="cron(0 7 * * MON-FRI)"))),
    ("rollback-alarm-muted", both(OFF, muting(OLDEST, expression="at(2026-12-24T19:00:00)"))),
    ("rollback-alarm-muted", both(OFF, muting(OLDEST, duration="PT14H1M"))),
    ("rollback-canary-seen", setting(CONFIG, "productionVariants.0.initialInstanceCount", 1, "fraud-scorer")),
    ("rollback-canary-seen", setting(CONFIG, "productionVariants.0.instanceType", "ml.inf1.xlarge", "document")),
    ("rollback-canary-seen", setting(SERVED, f"{TRAFFIC}.waitIntervalInSeconds", 180, "fraud-scorer")),
    ("rollback-canary-seen", setting(ALARM, "evaluationPeriods", 10, "new-p95")),
    ("rollback-canary-seen", setting(ALARM, "dimensions.EndpointConfigName", "another", "new-errors")),
    ("rollback-canary-seen", on_all_answers("errors", threshold=0.1)),
    ("rollback-canary-seen", on_all_answers("p95-latency", share=4)),
    ("rollback-alarm-dimensions", losing(ALARM, "metricQueries.1.metric.dimensions.VariantName", "fraud-scorer-idle")),
    ("rollback-alarm-dimensions", losing(ALARM, "dimensions.VariantName", "fraud-scorer-errors")),
    ("rollback-alarm-dimensions", losing(ALARM, "dimensions.EndpointName", "waiting")),
    ("rollback-config-unnamed", lambda g: changed(g, first(g, CONFIG), lambda p: p.update(name="fixed"))),
    ("rollback-idle-watched", lacking(ALARM, "idle")),
    ("rollback-idle-watched", losing(ALARM, "metricQueries.2", "idle")),
    ("rollback-idle-watched", setting(ALARM, "metricQueries.2.metric.dimensions.VariantName", "another", "idle")),
    ("rollback-batch-watched", lacking(ALARM, "overran")),
    ("rollback-batch-watched", lacking(ALARM, "missed")),
    ("rollback-async-heard", losing(CONFIG, "asyncInferenceConfig.outputConfig.s3FailurePath", "document-embedder")),
    ("rollback-async-heard", lacking(ALARM, "oldest")),
    ("rollback-async-lost", lacking(ALARM, "lost")),
    ("rollback-async-lost", setting(ALARM, "metricQueries.0.expression", "expired + unread + 0 * unwritten", "lost")),
    ("rollback-async-lost", setting(ALARM, "threshold", 1, "lost")),
    ("rollback-async-lost", setting(ALARM, "metricQueries.2.metric.dimensions.VariantName", "another", "lost")),
    ("rollback-endpoint-watched", lacking(ALARM, "scorer-p95-latency")),
    ("rollback-endpoint-watched", lacking(ALARM, "embedder-errors")),
    ("rollback-endpoint-watched", setting(ALARM, "dimensions.VariantName", "another", "scorer-errors")),
    ("rollback-endpoint-watched", setting(ALARM, "dimensions.EndpointConfigName", "one", "scorer-errors")),
    ("rollback-async-heard", setting(ALARM, "dimensions.EndpointName", "another", "oldest")),
    ("rollback-batch-watched", setting(ALARM, "treatMissingData", "notBreaching", "missed")),
    ("rollback-alarm-named", setting(ALARM, "name", "aws-pilot-fraud-scorer-idle", "scorer-errors")),
    (
        "rollback-run-named",
        setting("aws:scheduler/schedule:Schedule", "target.input", '{"run": "<aws.scheduler.execution-id>"}'),
    ),
    ("audit-logs-first", lacking("aws:cloudwatch/logGroup:LogGroup", "fraud-scorer-logs")),
    ("audit-logs-first", setting("aws:cloudwatch/logGroup:LogGroup", "name", "another", "fraud-scorer-logs")),
    ("audit-logs-written", setting("aws:cloudwatch/logGroup:LogGroup", "name", "another", "fraud-scorer-logs")),
    ("audit-trail", lacking("aws:cloudtrail/trail:Trail")),
    ("audit-trail", losing("aws:cloudtrail/trail:Trail", "advancedEventSelectors.1")),
    ("audit-trail", setting("aws:cloudtrail/trail:Trail", "enableLogging", False)),
    ("audit-state-protected", lambda g: swapped(g, replace(first(g, "aws:s3/bucket:Bucket"), protect=False))),
    ("audit-state-protected", lambda g: swapped(g, replace(first(g, SERVED), protect=True))),
    ("audit-repository-immutable", setting("aws:ecr/repository:Repository", "imageTagMutability", "MUTABLE")),
    (
        "identity-registries",
        setting(MODEL, "primaryContainer.image", "444455556666.dkr.ecr.us-east-1.amazonaws.com/x:1"),
    ),
    (
        "identity-written-places",
        adding(
            "aws:iam/rolePolicy:RolePolicy",
            policy={
                "Statement": [{"Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::claims/a/*"}]
            },
        ),
    ),
    ("sizes-config", with_a_long_file),
    ("sizes-name", setting(SERVED, "name", "x" * 64)),
    ("sizes-name", setting("aws:iam/role:Role", "name", "a role")),
    ("sizes-input", setting(MODEL, "primaryContainer.environment", {f"V{n}": "x" for n in range(101)})),
    ("sizes-input", setting(MODEL, "tags", {"AWS:x": "y"})),
    ("sizes-input", setting(MODEL, "tags", {f"t{n}": "x" for n in range(51)})),
    ("sizes-input", setting("aws:iam/role:Role", "description", "x" * 1_001)),
    ("audit-images-pinned", setting(MODEL, "primaryContainer.image", "1.dkr.ecr.us-east-1.amazonaws.com/x:latest")),
    ("workflow-image-registry", setting(MODEL, "primaryContainer.image", f"{OF_AWS}/sagemaker-xgboost:3.0-5")),
    ("workflow-image-registry", turning(MODEL, "primaryContainer", lambda one: {**one, "image": IN_MEXICO})),
    ("workflow-image-machine", setting(CONFIG, "productionVariants.0.instanceType", "ml.c7g.large")),
    ("workflow-image-machine", setting(CONFIG, "productionVariants.0.instanceType", "ml.inf2.xlarge")),
    ("workflow-image-machine", setting(MODEL, "primaryContainer.image", f"{OF_AWS}/pytorch-inference-graviton:2.4.0")),
    ("workflow-image-machine", setting(MODEL, "primaryContainer.image", f"{OF_AWS}/djl-inference:0.30.0-neuronx-2.20")),
    (
        "workflow-image-machine",
        setting(MODEL, "primaryContainer.image", f"{OF_AWS}/pytorch-inference:2.6.0-cpu-py312", "document-embedder"),
    ),
    ("registry-approved", setting(MODEL, "primaryContainer.modelDataUrl", f"{OWN_BUCKET}/registry/x/1/model.tar.gz")),
    (
        "registry-kept",
        both(
            setting(MODEL, "primaryContainer.modelDataUrl", f"{OWN_BUCKET}/registry/x/1/model.tar.gz"),
            setting(MODEL, "primaryContainer.image", f"{OWN_IMAGES}:x-1"),
        ),
    ),
    ("experiments-own", adding(MLFLOW, artifactStoreUri=RECORDS, modelRegistrationMode="AutoModelRegistrationEnabled")),
    ("experiments-own", adding(MLFLOW, artifactStoreUri=RECORDS, accountDefaultStatus="ENABLED")),
    ("experiments-own", adding(MLFLOW, artifactStoreUri=RECORDS, defaultDomainIdLists=["d-1"])),
    ("experiments-own", adding(MLFLOW, artifactStoreUri="s3://aws-pilot-artifacts-111122223333/models/")),
    ("registry-shared", giving),
    ("audit-packages-own-account", lacking("aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy")),
    ("network-notebook-closed", adding(NOTEBOOK, roleArn="arn:aws:iam::111122223333:role/people")),
    ("network-jobs-isolated", adding(TRAINING, enableNetworkIsolation=True)),
    ("encryption-job-volumes", adding(TRAINING, resourceConfig={"volumeKmsKeyId": "key"})),
    ("encryption-feature-store", adding(FEATURES, onlineStoreConfig={"enableOnlineStore": True})),
]


@rows(("rule", "mutation"), CATCHES, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(CATCHES)])
def test_rule_catches_what_it_forbids(pilot: Graph, rule: str, mutation: Mutation) -> None:
    asked = [one for one in pack.RULES["aws"] if one.name == rule]  # the whole pack takes a tenth of a second
    findings = evaluate(mutation(pilot), asked).findings
    assert findings, f"{rule} did not notice"
    assert all(f.remedy and f.message and len(f.message) < 300 for f in findings)


@pytest.mark.parametrize(
    "mutation",
    [
        setting(LIFECYCLE, "rules.0.expiration.days", 30, "audit"),
    ],
)
def test_a_store_that_keeps_what_is_in_use_is_let_be(pilot: Graph, mutation: Mutation) -> None:
    (rule,) = (rule for rule in pack.RULES["aws"] if rule.name == "limits-stores-expire")
    assert not rule.judge(mutation(pilot)).violations


def test_another_program_empties_the_folders_that_it_likes(pilot: Graph) -> None:
    """In a stack of ours nothing but captures, scores and checkpoints has an age."""
    (rule,) = (rule for rule in pack.RULES["aws"] if rule.name == "limits-stores-expire")
    graph = setting(LIFECYCLE, "rules.1.filter.prefix", "models/old/", "artifacts")(pilot)
    assert rule.judge(graph).violations and not rule.judge(replace(graph, ours=False)).violations


def test_off_hours_and_the_mute_rule_that_goes_with_them_are_let_be(pilot: Graph) -> None:
    weekend = muting(OLDEST, expression="cron(0 19 * * FRI)", duration="PT62H")
    found = evaluate(both(OFF, muting(OLDEST, duration="PT14H"), weekend)(pilot), pack.RULES["aws"]).findings
    # No component makes what this test adds, and its stack file says no hours.
    asked = {rule for rule, _ in CATCHES} - {"unasked", "limits-stated"}
    assert [str(finding) for finding in found if finding.rule in asked] == []


JOB = "aws:sfn/stateMachine:StateMachine"


@pytest.mark.parametrize(
    ("machine_type", "image"),
    [
        ("ml.c7g.large", f"{OF_AWS}/pytorch-inference-graviton:2.4.0-cpu-py311"),
        ("ml.g4dn.xlarge", f"{OF_AWS}/pytorch-inference:2.6.0-gpu-py312"),
        ("ml.inf2.xlarge", f"{OF_AWS}/djl-inference:0.30.0-neuronx-sdk2.20.1"),
        ("ml.m5.large", f"{OF_AWS}/pytorch-inference:2.6.0-gpu-py312"),  # it runs there, on the processor
        ("ml.c7g.large", "444455556666.dkr.ecr.us-east-1.amazonaws.com/scorer:1"),  # nobody knows what it is made for
        ("ml.of-next-year.large", f"{OF_AWS}/pytorch-inference:2.6.0-cpu-py312"),
    ],
)
def test_an_image_on_a_machine_that_it_is_made_for_or_that_nobody_knows_is_let_be(
    pilot: Graph, machine_type: str, image: str
) -> None:
    graph = setting(MODEL, "primaryContainer.image", image, "fraud-scorer")(pilot)
    graph = setting(CONFIG, "productionVariants.0.instanceType", machine_type, "fraud-scorer")(graph)
    found = [f for f in evaluate(graph, pack.RULES["aws"]).findings if f.rule.startswith("workflow-image")]
    assert [str(finding) for finding in found if finding.resource == "aws-pilot-fraud-scorer"] == []


def test_the_image_of_a_batch_job_is_held_against_its_machines(pilot: Graph) -> None:
    graph = editing(
        JOB,
        "definition",
        lambda d: d["States"]["Transform"]["Parameters"]["TransformResources"].update(InstanceType="ml.inf2.xlarge"),
    )(setting(MODEL, "primaryContainer.image", f"{OF_AWS}/pytorch-inference:2.6.0-cpu-py312", "fraud-backfill")(pilot))
    found = [f for f in evaluate(graph, pack.RULES["aws"]).findings if f.rule == "workflow-image-machine"]
    assert [f.resource for f in found] == ["aws-pilot-fraud-backfill"] and not any(f.fails for f in found)


def test_every_rule_has_a_graph_that_it_catches() -> None:
    assert {rule.name for rule in pack.RULES["aws"]} == {rule for rule, _ in CATCHES} | CAUGHT["aws"] | INPUTS


def test_rules_have_names_of_their_own_severity_and_remedy() -> None:
    names = [rule.name for rule in pack.RULES["aws"]]
    assert len(names) == len(set(names))
    for rule in pack.RULES["aws"]:
        assert rule.severity and rule.remedy and rule.says.endswith(".")


def test_findings_point_at_the_line_that_made_the_resource(pilot: Graph) -> None:
    finding, *_ = evaluate(losing(ROLE, "permissionsBoundary", "serving")(pilot), pack.RULES["aws"]).findings
    assert finding.place is not None and finding.place.file == "components/aws/identity.py"
