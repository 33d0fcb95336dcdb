"""Where people work on AWS: SageMaker Studio."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.aws import workspace as component
from components.aws.personas import Needs
from components.aws.workspace import Workspace, WorkspaceArgs
from stacks.aws.ground import Ground
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import workspace


def reaches(config: StackConfig) -> Sequence[str]:
    """What Studio needs."""
    return component.REACH


def grants(config: StackConfig) -> Needs:
    """People start jobs and applications on machines of one family."""
    own = [machine(config.platform, workspace.FAMILY, config.region)]
    return Needs(machines=own, applications=own)


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register Studio in its zones, with a profile for each user."""
    asked = workspace.of(config)
    studio = Workspace(
        f"{ground.stack}-workspace",
        WorkspaceArgs(
            domain_name=ground.stack,
            users=asked.users,
            machine=machine(config.platform, workspace.FAMILY, config.region),
            idle_timeout_minutes=asked.idle_timeout_minutes,
            vpc_id=ground.vpc_id,
            subnet_ids=[ground.subnet_ids[zone] for zone in sorted(asked.zones)],
            security_group_id=ground.security_group_id,
            role_arn=ground.role_arns["data-scientist"],
            data_key_arn=ground.data_key_arn,
            tags=ground.tags,
        ),
        opts=ground.opts,
    )
    return {"workspace": studio.domain_id}
