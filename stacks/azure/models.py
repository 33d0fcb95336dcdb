"""Models on Azure Machine Learning: a registry has each, with the environment that runs it."""

from collections.abc import Mapping
from typing import Any

from catalogue.registered import REPOSITORY, Registered
from components.azure.registry import ModelArgs, RegisteredModelArgs, Registry, RegistryArgs, VersionArgs
from components.azure.store import CONTAINER
from stacks.azure.ground import Ground, registry_of
from stacks.model import StackConfig
from stacks.sections import models
from stacks.sections.models import Model


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register each model, and tell the ground its ids."""
    asked = {name: _model(ground, one) for name, one in models.of(config).items() if not models.is_place(one)}
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


def _model(ground: Ground, asked: Model) -> ModelArgs:
    """A model of the stack file, with image and artifact where its version in the registry says."""
    image, artifact_uri, registered = asked.image, asked.artifact_uri, None
    if asked.registered:
        version = Registered(asked.registered, asked.version)
        image = f"{registry_of(ground)}.azurecr.io/{REPOSITORY}:{version.tag}"
        artifact_uri = f"azureml://datastores/{CONTAINER}/paths/{version.artifact_folder}"
        registered = VersionArgs(name=version.name, version=version.version, digest=asked.digest)
    return ModelArgs(
        image=image,
        artifact_uri=artifact_uri,
        environment=asked.environment,
        registered=registered,
        **asked.answers,
    )
