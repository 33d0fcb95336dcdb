"""Models on Azure Machine Learning: the ground's registry has each, with the environment that runs it."""

from collections.abc import Mapping
from typing import Any

from stacks.azure.ground import Ground
from stacks.model import StackConfig


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Say where artifacts and images are kept."""
    return {"artifacts": ground.container_id, "images": ground.login_server}
