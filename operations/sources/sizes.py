"""Reads how long a text, a list or a map may be that an AWS service takes, from the service models of its own SDK.

botocore, which Checkov's environment has, keeps a model of each service: every member of a request, with the most
characters or entries that the service takes. Members and the bridged SDK's inputs are compared by their letters alone.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from operations.sources import sdk
from operations.sources.bridged import letters, singulars
from operations.sources.golang import Unread
from sandbox.inputs import Object, resource_shape

CREATES = {
    "aws:appautoscaling/policy:Policy": ("application-autoscaling", "PutScalingPolicy"),
    "aws:appautoscaling/scheduledAction:ScheduledAction": ("application-autoscaling", "PutScheduledAction"),
    "aws:appautoscaling/target:Target": ("application-autoscaling", "RegisterScalableTarget"),
    "aws:cloudtrail/trail:Trail": ("cloudtrail", "CreateTrail"),
    "aws:cloudwatch/logGroup:LogGroup": ("logs", "CreateLogGroup"),
    "aws:cloudwatch/metricAlarm:MetricAlarm": ("cloudwatch", "PutMetricAlarm"),
    "aws:ecr/repository:Repository": ("ecr", "CreateRepository"),
    "aws:iam/policy:Policy": ("iam", "CreatePolicy"),
    "aws:iam/role:Role": ("iam", "CreateRole"),
    "aws:iam/rolePolicy:RolePolicy": ("iam", "PutRolePolicy"),
    "aws:kms/alias:Alias": ("kms", "CreateAlias"),
    "aws:kms/key:Key": ("kms", "CreateKey"),
    "aws:sagemaker/domain:Domain": ("sagemaker", "CreateDomain"),
    "aws:sagemaker/endpoint:Endpoint": ("sagemaker", "CreateEndpoint"),
    "aws:sagemaker/endpointConfiguration:EndpointConfiguration": ("sagemaker", "CreateEndpointConfig"),
    "aws:sagemaker/model:Model": ("sagemaker", "CreateModel"),
    "aws:sagemaker/modelPackageGroup:ModelPackageGroup": ("sagemaker", "CreateModelPackageGroup"),
    "aws:sagemaker/pipeline:Pipeline": ("sagemaker", "CreatePipeline"),
    "aws:sagemaker/userProfile:UserProfile": ("sagemaker", "CreateUserProfile"),
    "aws:scheduler/schedule:Schedule": ("scheduler", "CreateSchedule"),
    "aws:sfn/stateMachine:StateMachine": ("stepfunctions", "CreateStateMachine"),
    "aws:sns/topic:Topic": ("sns", "CreateTopic"),
}
"""The request that makes each type: its service and its operation."""

Model = Mapping[str, Any]


def of_aws(token: str, data: Path) -> dict[str, int]:
    """The most characters or entries that each input of a type may have, by its path. Raises Unread."""
    if token not in CREATES:
        return {}
    service, operation = CREATES[token]
    model = _model(data, service)
    request = model["shapes"][model["operations"][operation]["input"]["shape"]]
    found = dict(_sizes([resource_shape(token)], request, model["shapes"], ""))
    if "name" not in found and (own := _own_name(token, request)):
        longest = model["shapes"][request["members"][own]["shape"]].get("max")
        found |= {"name": longest} if longest and "name" in resource_shape(token).properties else {}
    return dict(sorted(found.items()))


def _own_name(token: str, request: Model) -> str | None:
    """What the request calls the name of a type, which the bridge calls `name` alone: AlarmName for a MetricAlarm."""
    noun = letters(token.rpartition(":")[2])
    stems = {name: letters(name).removesuffix("name") for name in request["members"] if name.lower().endswith("name")}
    ends = [name for name, stem in stems.items() if noun.endswith(stem)]
    begins = [name for name, stem in stems.items() if noun.startswith(stem)]
    return next(iter([*ends, *begins]), None)


@cache
def _model(data: Path, service: str) -> Model:
    """The newest model of a service."""
    files = sorted((data / service).glob("*/service-2.json.gz"))
    if not files:
        raise Unread(f"{data} has no model of {service}; run make setup, which installs Checkov with botocore")
    return json.loads(gzip.decompress(files[-1].read_bytes()))


def _sizes(objects: list[Object], request: Model, shapes: Model, path: str) -> Iterator[tuple[str, int]]:
    """Every input of the objects that the request has, however deep; a model of AWS's holds no member in itself."""
    members = {letters(name): shapes[member["shape"]] for name, member in request["members"].items()}
    for one in objects:
        for wire, known in one.properties.items():
            shape = next((members[name] for name in singulars(letters(wire)) if name in members), None)
            if shape is None:
                continue
            if "max" in shape and shape["type"] in ("string", "list", "map"):
                yield f"{path}{wire}", shape["max"]
            inner = shapes[shape["member"]["shape"]] if shape["type"] == "list" else shape
            if inner["type"] == "structure":
                yield from _sizes(sdk.objects(known.shape()), inner, shapes, f"{path}{wire}.")
