"""Where people work on Azure: the ground's ML workspace, with a compute instance for each of them."""

from collections.abc import Mapping
from typing import Any

from components.azure.personas import Needs
from stacks.azure.ground import Ground
from stacks.model import StackConfig
from stacks.sections import workspace


def grants(config: StackConfig) -> Needs:
    """People work as themselves, with a data scientist's roles."""
    asked = workspace.of(config)
    return Needs(people=[(user, asked.principals[user]) for user in asked.users])


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Say which workspace it is."""
    return {"workspace": ground.workspace_id}
