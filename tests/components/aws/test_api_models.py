"""AWS's own API models take what we send: each input of the pilot as the member of a request, by botocore's models.

The provider's schema says what Terraform takes. This says what the service takes: the member, its type, its bounds, its
pattern, and its values where they are listed. A key that no request has is a finding, and so is a required member that
nothing gives. Names that pulumi-aws has otherwise than the API stand in `CALLS`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
from botocore.session import Session

from catalogue.graph import Graph, Resource
from catalogue.kinds.aws.experiments import MLFLOW_APP
from catalogue.marks import is_unknown
from tests.mutate import changed, drop, put


@dataclass(frozen=True)
class Call:
    """The request that makes a resource.

    `named` are the members that inputs have another name for, by the input's place. `apart` are the inputs of another
    request, or of none. `given` are required members that no input is: the provider fills them in.
    """

    service: str
    operation: str
    named: Mapping[str, str] = field(default_factory=dict)
    apart: frozenset[str] = frozenset()
    given: frozenset[str] = frozenset()


_TAGS = frozenset({"tags", "region"})
CALLS: Mapping[str, Call] = {
    "aws:sagemaker/model:Model": Call("sagemaker", "CreateModel", given=frozenset({"ModelName"})),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": Call(
        "sagemaker", "CreateEndpointConfig", {"kmsKeyArn": "KmsKeyId"}, given=frozenset({"EndpointConfigName"})
    ),
    "aws:sagemaker/endpoint:Endpoint": Call("sagemaker", "CreateEndpoint", {"name": "EndpointName"}),
    # The domain's retention policy is one of DeleteDomain.
    "aws:sagemaker/domain:Domain": Call("sagemaker", "CreateDomain", apart=frozenset({"retentionPolicy"})),
    "aws:sagemaker/userProfile:UserProfile": Call("sagemaker", "CreateUserProfile"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": Call("sagemaker", "CreateModelPackageGroup"),
    "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": Call("sagemaker", "PutModelPackageGroupPolicy"),
    "aws:sagemaker/mlflowApp:MlflowApp": Call("sagemaker", "CreateMlflowApp"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": Call(
        "cloudwatch", "PutMetricAlarm", {"name": "AlarmName", "metricQueries": "Metrics"}
    ),
    "aws:cloudwatch/logGroup:LogGroup": Call(
        "logs", "CreateLogGroup", {"name": "logGroupName"}, apart=frozenset({"retentionInDays"})
    ),
    "aws:scheduler/schedule:Schedule": Call("scheduler", "CreateSchedule", given=frozenset({"Name"})),
    "aws:sfn/stateMachine:StateMachine": Call(
        "stepfunctions", "CreateStateMachine", {"loggingConfiguration.logDestination": "destinations"}
    ),
    "aws:appautoscaling/target:Target": Call("application-autoscaling", "RegisterScalableTarget"),
    "aws:appautoscaling/policy:Policy": Call(
        "application-autoscaling",
        "PutScalingPolicy",
        given=frozenset({"PolicyName"}),
    ),
    "aws:kms/alias:Alias": Call("kms", "CreateAlias", {"name": "AliasName"}),
    # Rotation and the days of grace are of EnableKeyRotation and ScheduleKeyDeletion.
    "aws:kms/key:Key": Call(
        "kms", "CreateKey", apart=frozenset({"enableKeyRotation", "rotationPeriodInDays", "deletionWindowInDays"})
    ),
    "aws:iam/role:Role": Call(
        "iam", "CreateRole", {"name": "RoleName", "assumeRolePolicy": "AssumeRolePolicyDocument"}
    ),
    "aws:iam/policy:Policy": Call("iam", "CreatePolicy", {"policy": "PolicyDocument"}, given=frozenset({"PolicyName"})),
    "aws:iam/rolePolicy:RolePolicy": Call(
        "iam", "PutRolePolicy", {"role": "RoleName", "policy": "PolicyDocument"}, given=frozenset({"PolicyName"})
    ),
    "aws:ecr/repository:Repository": Call(
        "ecr",
        "CreateRepository",
        {"encryptionConfigurations": "encryptionConfiguration", "name": "repositoryName"},
    ),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": Call(
        "ecr", "PutLifecyclePolicy", {"repository": "repositoryName", "policy": "lifecyclePolicyText"}
    ),
    "aws:sns/topicSubscription:TopicSubscription": Call("sns", "Subscribe", {"topic": "TopicArn"}),
    # What is recorded is of PutEventSelectors.
    "aws:cloudtrail/trail:Trail": Call(
        "cloudtrail",
        "CreateTrail",
        apart=frozenset({"advancedEventSelectors"}),
    ),
    "aws:ec2/vpcEndpoint:VpcEndpoint": Call("ec2", "CreateVpcEndpoint", {"policy": "PolicyDocument"}),
    "aws:ec2/flowLog:FlowLog": Call(
        "ec2", "CreateFlowLogs", {"vpcId": "ResourceIds"}, given=frozenset({"ResourceType"})
    ),
}
SERVICES = ("sagemaker", "cloudwatch", "scheduler", "sfn", "appautoscaling", "kms", "iam", "ecr")
"""The services whose every kind in the pilot is looked up."""


@cache
def request(service: str, operation: str) -> Any:
    """The shape of a request, from the models that botocore ships. No network is used."""
    return _models(service).operation_model(operation).input_shape


@cache
def _models(service: str) -> Any:
    return Session().get_service_model(service)


def refused(resource: Resource) -> list[str]:
    """What the service would not take of a resource, each with the place of the input."""
    return refused_as(CALLS[resource.type], resource)


def refused_as(call: Call, resource: Resource) -> list[str]:
    """What the service would not take of a resource that is made by this call."""
    given = {
        key: value for key, value in resource.inputs.items() if key not in call.apart | _TAGS and value is not None
    }
    return list(_structure(call, request(call.service, call.operation), given, "", call.given))


def _structure(
    call: Call, shape: Any, given: Mapping[str, Any], at: str, filled: frozenset[str] = frozenset()
) -> Iterator[str]:
    members = {name.lower(): name for name in shape.members}
    seen = set[str]()
    for key, value in given.items():
        where = f"{at}.{key}".lstrip(".")
        wanted = call.named.get(where, key).lower()
        name = members.get(wanted)
        if value is None or key.startswith("__"):
            continue
        if name is None:
            yield f"{where}: {call.operation} has no such member"
            continue
        seen.add(name)
        yield from _value(call, shape.members[name], _as_sent(name, value), where)
    for name in sorted({*shape.required_members} - seen - filled):
        yield f"{at or call.operation}: {name} is required"


def _as_sent(name: str, value: Any) -> Any:
    """The value in the API's form, where the provider has another one."""
    if name == "destinations":
        return [{"cloudWatchLogsLogGroup": {"logGroupArn": value}}]
    if name == "Dimensions" and isinstance(value, Mapping):  # a map in Pulumi, a list of names and values in CloudWatch
        return [{"name": key, "value": text} for key, text in value.items() if not key.startswith("__")]
    if name == "encryptionConfiguration" and isinstance(value, list):
        return value[0]
    if name == "Metrics":
        return [_query(each) for each in value]
    return [value] if name == "ResourceIds" else value


def _query(given: Mapping[str, Any]) -> dict[str, Any]:
    """A metric of metric math, whose period and statistic the API has beside the metric."""
    metric: Mapping[str, Any] | None = given.get("metric")
    if metric is None:
        return dict(given)
    beside = {key: metric[key] for key in ("period", "stat") if key in metric}
    rest = {key: value for key, value in metric.items() if key not in beside}
    return {**{k: v for k, v in given.items() if k != "metric"}, "metricStat": {"metric": rest, **beside}}


def _value(call: Call, shape: Any, value: Any, where: str) -> Iterator[str]:
    if is_unknown(value):
        return
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        yield from _structure(call, shape, value, where)
    elif kind == "list" and isinstance(value, list):
        yield from _bounds(shape, len(value), where)
        for at, item in enumerate(value):
            yield from _value(call, shape.member, item, f"{where}.{at}")
    elif kind == "map" and isinstance(value, Mapping):
        yield from _bounds(shape, len(value), where)
    elif kind == "string" and isinstance(value, str):
        yield from _text(shape, value, where)
    elif kind == "boolean" and isinstance(value, bool):
        return
    elif kind in ("integer", "long", "double", "float") and _number(value) is not None:
        yield from _bounds(shape, _number(value) or 0, where)
    else:
        yield f"{where}: {type(value).__name__} where {call.operation} takes a {kind}"


def _number(value: Any) -> float | None:
    """Terraform writes some numbers as text."""
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _text(shape: Any, value: str, where: str) -> Iterator[str]:
    if shape.enum and value not in shape.enum:
        yield f"{where}: {value!r} is none of its values"
    yield from _bounds(shape, len(value), where)
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(_in_python(pattern), value, re.S):
        yield f"{where}: {value[:60]!r} does not match {pattern}"


_JAVA = {
    r"\p{L}\p{M}\p{Z}\p{S}\p{N}\p{P}": r"\s\S",
    r"\p{L}\p{Z}\p{N}": r"\w\s",
    r"\p{Print}": "[ -~]",
    r"\uD800\uDC00-\uDBFF\uDFFF": r"\U00010000-\U0010FFFF",
}
"""What the models' patterns write as Java does, in Python's way."""


def _in_python(pattern: str) -> str:
    for java, python in _JAVA.items():
        pattern = pattern.replace(java, python)
    return pattern


def _bounds(shape: Any, size: float, where: str) -> Iterator[str]:
    least, most = shape.metadata.get("min"), shape.metadata.get("max")
    if (least is not None and size < least) or (most is not None and size > most):
        yield f"{where}: {size:g} is not from {least} to {most}"


def of_services(graph: Graph) -> list[Resource]:
    """The resources that are looked up. A kind of these services without a call fails the first test."""
    return [r for r in graph.cloud if r.type in CALLS or r.type.split(":")[1].split("/")[0] in SERVICES]


def test_every_resource_is_taken_by_the_model_of_its_api(pilot: Graph) -> None:
    looked_at = of_services(pilot)
    # No pilot records its runs: tests/stacks/sections/test_experiments.py holds an App against its call.
    assert {resource.type for resource in looked_at} == set(CALLS) - {MLFLOW_APP}, "each kind has its call"
    assert [f"{resource.name}: {each}" for resource in looked_at for each in refused(resource)] == []


@pytest.mark.parametrize(
    ("type_", "path", "value", "said"),
    [
        ("aws:sagemaker/endpoint:Endpoint", "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.type",
         "SLOWLY", "is none of its values"),
        ("aws:sagemaker/endpoint:Endpoint", "deploymentConfig.blueGreenUpdatePolicy.terminationWaitInSeconds", 9999,
         "is not from 0 to 3600"),
        ("aws:sagemaker/endpointConfiguration:EndpointConfiguration", "productionVariants.0.instanceType",
         "m5.large", "is none of its values"),
        ("aws:sagemaker/model:Model", "primaryContainer.modelDataUrl", "gs://x/y", "does not match"),
        ("aws:sagemaker/domain:Domain", "domainName", "two words", "does not match"),
        ("aws:kms/alias:Alias", "name", "alias/x y", "does not match"),
        ("aws:scheduler/schedule:Schedule", "target.retryPolicy.maximumRetryAttempts", 999, "is not from 0 to 185"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "evaluationPeriods", 0, "is not from 1"),
        ("aws:cloudwatch/metricAlarm:MetricAlarm", "comparisonOperator", ["x"], "takes a string"),
    ],
)  # fmt: skip
def test_what_no_api_takes_is_found(pilot: Graph, type_: str, path: str, value: Any, said: str) -> None:
    one = pilot.of(type_)[0]
    (found,) = refused(changed(pilot, one, lambda p: put(p, path, value)).by_urn[one.urn])
    assert found.startswith(path) and said in found


def test_a_member_that_is_missing_or_unknown_is_found(pilot: Graph) -> None:
    schedule = pilot.of("aws:scheduler/schedule:Schedule")[0]
    lost = changed(pilot, schedule, lambda p: drop(p, "flexibleTimeWindow"))
    odd = changed(pilot, schedule, lambda p: p.update(often=True))
    assert refused(lost.by_urn[schedule.urn]) == ["CreateSchedule: FlexibleTimeWindow is required"]
    assert refused(odd.by_urn[schedule.urn]) == ["often: CreateSchedule has no such member"]
