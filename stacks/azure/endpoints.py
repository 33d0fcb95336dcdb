"""Served models on Azure Machine Learning: online endpoints."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.azure import endpoint as component
from components.azure.endpoint import Endpoint, EndpointArgs
from stacks.azure.ground import Ground, endpoint_name
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import endpoints, models
from stacks.sections.endpoints import online


def reaches(config: StackConfig) -> Sequence[str]:
    """What callers need, as soon as there is one endpoint to call."""
    return component.REACH if endpoints.running(config) else ()


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register each endpoint, and say what it is called where it is switched on."""
    served: dict[str, pulumi.Output[str] | None] = {}
    for name, item in online(config).items():
        made = Endpoint(
            f"{ground.stack}-{name}",
            EndpointArgs(
                subscription=ground.account,
                group_name=ground.group_name,
                region=ground.region,
                workspace_name=ground.workspace_name,
                endpoint_name=endpoint_name(ground, name),
                enabled=item.enabled,
                model=ground.models[item.model],
                identity_id=ground.identity_ids["serving"],
                machine=machine(config.platform, item.machine),
                replicas=item.replicas,
                requests_per_replica_per_minute=item.requests_per_replica_per_minute,
                start_up_seconds=models.of(config)[item.model].start_up_seconds,
                rollout=item.rollout,
                capture_percent=item.capture.percent if item.capture else None,
                log_workspace_id=ground.log_workspace_id,
                action_group_id=ground.action_group_id,
                tags=ground.tags,
            ),
            opts=ground.opts,
        )
        served[name] = made.served_name
        if made.endpoint_id is not None:
            ground.served[name] = made.endpoint_id
    return {"endpoints": {name: value for name, value in served.items() if value is not None}}
