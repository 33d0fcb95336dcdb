"""Served models on Vertex AI: online endpoints."""

from collections.abc import Mapping, Sequence
from typing import Any

import pulumi

from components.gcp import endpoint as component
from components.gcp.endpoint import Endpoint, EndpointArgs
from components.gcp.endpoint_names import EndpointNames, EndpointNamesArgs
from components.gcp.personas import Needs
from stacks.gcp.ground import Ground
from stacks.gcp.models import model
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import callers, endpoints
from stacks.sections.endpoints import online


def reaches(config: StackConfig) -> Sequence[str]:
    """What callers need, as soon as there is one endpoint to call."""
    return component.REACH if endpoints.running(config) else ()


def grants(config: StackConfig) -> Needs:
    """Which endpoints capture, and which have hours. One that is off needs nobody to switch it."""
    timed = [name for name, item in online(config).items() if item.enabled and item.hours is not None]
    return Needs(captures=list(endpoints.capturing(config)), timed=timed)


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register each endpoint, and say its id and its URL where it is switched on."""
    served: dict[str, Endpoint] = {}
    zone = _zone(ground) if ground.owns_network and endpoints.running(config) else None
    for name, item in online(config).items():
        hours = item.hours.given if item.enabled and item.hours else None  # nobody switches what is off
        served[name] = Endpoint(
            f"{ground.stack}-{name}",
            EndpointArgs(
                endpoint_name=f"{ground.stack}-{name}",
                enabled=item.enabled,
                model=model(ground, config, item.model, "serving"),
                machine=machine(config.platform, item.machine),
                replicas=item.replicas,
                requests_per_replica_per_minute=item.requests_per_replica_per_minute,
                rollout=item.rollout,
                capture=item.captured,
                hours=hours,
                hours_account=ground.account_emails.get("hours"),
                scheduler_agent=ground.agents["cloudscheduler"] if hours else None,
                capture_readers=[ground.account_emails["data-scientist"]],
                network_id=ground.network_id,
                subnet_id=ground.subnet_id,
                opens_firewall=ground.owns_network,
                names_zone=zone,
                caller_projects=sorted({one.account for one in callers.apart(config).values()} - {ground.account}),
                vertex_agent=ground.agents["aiplatform"],
                channel_id=ground.channel_id,
                tags=ground.tags,
            ),
            opts=ground.opts,
        )
    ground.served.update({name: one for name, one in served.items() if one.url is not None})
    return {
        "endpoints": {name: one.endpoint_id for name, one in ground.served.items()},
        "urls": {name: one.url for name, one in ground.served.items()},
    }


def _zone(ground: Ground) -> pulumi.Output[str]:
    """Where endpoints are named. A landing zone's network has names of its own."""
    return EndpointNames(
        f"{ground.stack}-endpoint-names",
        EndpointNamesArgs(project=ground.account, network_id=ground.network_id, tags=ground.tags),
        opts=ground.opts,
    ).zone_name
