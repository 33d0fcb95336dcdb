"""Models on Vertex AI: the ground's registry keeps them; an endpoint or batch job makes each that it runs."""

from components.gcp.model import ModelArgs
from components.gcp.personas import Needs
from stacks.gcp.ground import Ground
from stacks.model import StackConfig
from stacks.sections import models


def grants(config: StackConfig) -> Needs:
    """Who runs a model reads its artifact and its image: it is uploaded as them."""
    found = models.of(config).values()
    return Needs(artifact_uris=[model.artifact_uri for model in found], images=[model.image for model in found])


def model(ground: Ground, config: StackConfig, name: str, persona: str) -> ModelArgs:
    """A model of the stack file as the persona runs it."""
    asked = models.of(config)[name]
    return ModelArgs(
        project=ground.account,
        region=ground.region,
        image=asked.image,
        artifact_uri=asked.artifact_uri,
        environment=asked.environment or None,
        **asked.answers,
        **asked.runs,
        service_account=ground.account_emails[persona],
        data_key_id=ground.data_key_id,
    )
