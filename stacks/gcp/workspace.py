"""Where people work on Google Cloud: a Workbench instance for each of them."""

from collections.abc import Mapping, Sequence
from typing import Any

from components.gcp import workspace as component
from components.gcp.workspace import Workspace, WorkspaceArgs
from stacks.gcp.ground import Ground
from stacks.machines import machine
from stacks.model import StackConfig
from stacks.sections import workspace


def reaches(config: StackConfig) -> Sequence[str]:
    """What Workbench needs."""
    return component.REACH


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register an instance for each user, and say what each is called."""
    asked = workspace.of(config)
    workbench = Workspace(
        f"{ground.stack}-workspace",
        WorkspaceArgs(
            prefix=ground.stack,
            project=ground.account,
            users={user: asked.principals[user] for user in asked.users},
            idle_timeout_minutes=asked.idle_timeout_minutes,
            machine=machine(config.platform, workspace.FAMILY),
            zone=asked.zone,
            network_id=ground.network_id,
            subnet_id=ground.subnet_id,
            service_account=ground.account_emails["data-scientist"],
            data_key_id=ground.data_key_id,
            tags=ground.tags,
        ),
        opts=ground.opts,
    )
    return {"workspace": workbench.instance_names}
