"""Served models on Amazon SageMaker: online and asynchronous endpoints."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.aws import endpoint as component
from components.aws.endpoint import AsyncArgs, CaptureArgs, EndpointArgs, OnlineArgs
from components.aws.endpoint import Endpoint as Served
from components.aws.model import ModelArgs
from components.aws.personas import Needs, TargetsArgs
from components.aws.registry import answers_of, captures_of, failures_of
from stacks.aws.ground import Ground
from stacks.aws.models import model, several, targets
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import endpoints, models
from stacks.sections.endpoints import AsyncEndpoint, Endpoint, MultiModelEndpoint, OnlineEndpoint


def reaches(config: StackConfig) -> Sequence[str]:
    """What callers need, as soon as there is one endpoint to call."""
    return component.REACH if endpoints.running(config) else ()


def grants(config: StackConfig) -> Needs:
    """The machines that endpoints run on, switched on or not, and which of them capture."""
    return Needs(
        machines=[machine(config.platform, item.machine, config.region) for item in endpoints.of(config).values()],
        captures=list(endpoints.capturing(config)),
        targets=[
            TargetsArgs(
                endpoint=name,
                folder_uri=item.folder_uri,
                targets=list(targets(config, item).values()),
            )
            for name, item in endpoints.of(config).items()
            if isinstance(item, MultiModelEndpoint)
        ],
    )


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register each endpoint, and say what it is called where it is switched on."""
    served: dict[str, pulumi.Output[str] | None] = {}
    for name, item in endpoints.of(config).items():
        served[name] = Served(
            f"{ground.stack}-{name}",
            EndpointArgs(
                endpoint_name=f"{ground.stack}-{name}",
                enabled=item.enabled,
                model=_model(ground, config, item),
                machine=machine(config.platform, item.machine, config.region),
                replicas=item.replicas,
                hours=None if isinstance(item, MultiModelEndpoint) or item.hours is None else item.hours.given,
                online=None if isinstance(item, AsyncEndpoint) else _online(ground, name, item),
                asynchronous=_asynchronous(ground, name, item) if isinstance(item, AsyncEndpoint) else None,
                volume_key_arn=ground.data_key_arn,
                start_up_seconds=models.of(config)[endpoints.serves(item)[0]].start_up_seconds,
                logs_key_arn=ground.logs_key_arn,
                topic_arn=ground.topic_arn,
                tags=ground.tags,
            ),
            opts=ground.opts,
        ).served_name
    return {"endpoints": {name: value for name, value in served.items() if value is not None}}


def _model(ground: Ground, config: StackConfig, item: Endpoint) -> ModelArgs:
    if isinstance(item, MultiModelEndpoint):
        return several(ground, config, item, "serving")
    return model(ground, config, item.model, "serving")


def _online(ground: Ground, name: str, item: OnlineEndpoint | MultiModelEndpoint) -> OnlineArgs:
    captured = item.captured if isinstance(item, OnlineEndpoint) else None
    return OnlineArgs(
        requests_per_replica_per_minute=item.requests_per_replica_per_minute,
        rollout=item.rollout,
        capture=captured
        and CaptureArgs(
            percent=captured.percent,
            uri=pulumi.Output.concat("s3://", ground.bucket_name, "/", captures_of(name).rstrip("/")),
            key_arn=ground.data_key_arn,
        ),
    )


def _asynchronous(ground: Ground, name: str, item: AsyncEndpoint) -> AsyncArgs:
    return AsyncArgs(
        backlog_per_replica=item.backlog_per_replica,
        error_rate_percent=item.rollback.error_rate_percent,
        output_uri=pulumi.Output.concat("s3://", ground.bucket_name, "/", answers_of(name)),
        failure_uri=pulumi.Output.concat("s3://", ground.bucket_name, "/", failures_of(name)),
        output_key_arn=ground.data_key_arn,
    )
