"""Models on Amazon SageMaker: the ground's registry keeps them; an endpoint or batch job makes each that it runs."""

from collections.abc import Mapping
from dataclasses import replace

from catalogue.registered import IMAGES, Registered
from catalogue.targets import target_of
from components.aws.model import ModelArgs, RegisteredArgs
from components.aws.personas import Needs, TakenArgs
from stacks.aws.ground import Ground
from stacks.aws.names import artifacts_of, registry_of
from stacks.model import StackConfig
from stacks.sections import models, registry, sources
from stacks.sections.endpoints import MultiModelEndpoint


def grants(config: StackConfig) -> Needs:
    """Who runs a model reads its artifact, with the key of its bucket, and pulls its image.

    Those of a registered version lie in the stack's own bucket and repository, which everybody who runs one may read.
    """
    found = [model for _, model in models.served(config)]
    uris = [m.artifact_uri for m in found]
    return Needs(
        artifact_uris=uris,
        artifact_keys=sources.keys_of(config, uris),
        images=[m.image for m in found],
        registered=models.registered(config),
        taken=[
            TakenArgs(stack=name, account=one.account, key_arn=one.key or "")
            for name, one in registry.of(config).takes_from.items()
        ],
    )


def several(ground: Ground, config: StackConfig, item: MultiModelEndpoint, persona: str) -> ModelArgs:
    """The models of the stack file that share a container: they have one image, in all of them the same."""
    return replace(model(ground, config, item.models[0], persona), several=True, artifact_uri=item.folder_uri)


def targets(config: StackConfig, item: MultiModelEndpoint) -> Mapping[str, str]:
    """What a caller says to be answered by each of the models that share a container, by its name."""
    return {name: target_of(models.of(config)[name].artifact_uri, item.folder_uri) for name in item.models}


def model(ground: Ground, config: StackConfig, name: str, persona: str) -> ModelArgs:
    """A model of the stack file as the persona runs it."""
    asked = models.of(config)[name]
    image, artifact_uri, registered = asked.image, asked.artifact_uri, None
    if asked.registered:
        version, own = Registered(asked.registered, asked.version), registry_of(ground.stack)
        host = f"{ground.account}.dkr.ecr.{ground.region}.amazonaws.com"
        image, artifact_uri = (
            f"{host}/{own}{IMAGES}:{version.tag}",
            version.artifact(artifacts_of(ground.stack, ground.account)),
        )
        registered = RegisteredArgs(
            account=ground.account,
            region=ground.region,
            group=version.group(own),
            version=version.version,
            digest=asked.digest,
        )
    return ModelArgs(
        image=image,
        artifact_uri=artifact_uri,
        registered=registered,
        environment=asked.environment or None,
        role_arn=ground.role_arns[persona],
        subnet_ids=list(ground.subnet_ids.values()),
        security_group_id=ground.security_group_id,
    )
