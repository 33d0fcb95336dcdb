"""Models on Amazon SageMaker: the ground's registry keeps them; an endpoint or batch job makes each that it runs."""

from components.aws.model import ModelArgs
from components.aws.personas import Needs
from stacks.aws.ground import Ground
from stacks.model import StackConfig
from stacks.sections import models, sources


def grants(config: StackConfig) -> Needs:
    """Who runs a model reads its artifact, with the key of its bucket, and pulls its image."""
    found = models.of(config).values()
    uris = [m.artifact_uri for m in found]
    return Needs(artifact_uris=uris, artifact_keys=sources.keys_of(config, uris), images=[m.image for m in found])


def model(ground: Ground, config: StackConfig, name: str, persona: str) -> ModelArgs:
    """A model of the stack file as the persona runs it."""
    asked = models.of(config)[name]
    return ModelArgs(
        image=asked.image,
        artifact_uri=asked.artifact_uri,
        environment=asked.environment or None,
        role_arn=ground.role_arns[persona],
        subnet_ids=list(ground.subnet_ids.values()),
        security_group_id=ground.security_group_id,
    )
