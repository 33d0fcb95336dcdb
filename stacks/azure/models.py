"""Models on Azure Machine Learning: a registry has each, with the environment that runs it."""

from collections.abc import Mapping
from typing import Any

from components.azure.registry import ModelArgs, RegisteredModelArgs, Registry, RegistryArgs
from stacks.azure.ground import Ground
from stacks.model import StackConfig
from stacks.sections import models


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register each model, and tell the ground its ids."""
    asked = {
        name: ModelArgs(
            image=model.image, artifact_uri=model.artifact_uri, environment=model.environment, **model.answers
        )
        for name, model in models.of(config).items()
    }
    registry = Registry(
        f"{ground.stack}-registry",
        RegistryArgs(
            subscription=ground.account,
            group_name=ground.group_name,
            workspace_name=ground.workspace_name,
            storage_name=ground.storage_name,
            models=asked,
            tags=ground.tags,
        ),
        opts=ground.opts,
    )
    for name, model in asked.items():
        ground.models[name] = RegisteredModelArgs(
            **vars(model),
            model_id=registry.model_ids[name],
            environment_id=registry.environment_ids[name],
        )
    return {}
