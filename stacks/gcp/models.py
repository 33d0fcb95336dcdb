"""Models on Vertex AI: the ground's registry keeps them; an endpoint or batch job makes each that it runs."""

from catalogue.registered import Registered
from components.gcp.model import ModelArgs, RegisteredArgs
from components.gcp.personas import Needs
from stacks.gcp.ground import Ground
from stacks.gcp.names import artifacts_of, images_of
from stacks.model import StackConfig
from stacks.sections import models


def grants(config: StackConfig) -> Needs:
    """Who runs a model reads its artifact and its image: it is uploaded as them.

    Those of a registered version lie in the stack's own bucket and repository.
    """
    found = [model for _, model in models.served(config)]
    return Needs(
        artifact_uris=[model.artifact_uri for model in found],
        images=[model.image for model in found],
        registered=models.registered(config),
    )


def model(ground: Ground, config: StackConfig, name: str, persona: str) -> ModelArgs:
    """A model of the stack file as the persona runs it."""
    asked = models.of(config)[name]
    image, artifact_uri, registered = asked.image, asked.artifact_uri, None
    if asked.registered and ground.approvals_name is not None:
        version = Registered(asked.registered, asked.version)
        image = version.image(images_of(ground.stack, ground.account, ground.region))
        artifact_uri = f"gs://{artifacts_of(ground.stack, ground.account)}/{version.artifact_folder}"
        registered = RegisteredArgs(
            project=ground.account,
            bucket=ground.approvals_name,
            model=version.name,
            version=version.version,
            digest=asked.digest,
        )
    return ModelArgs(
        project=ground.account,
        region=ground.region,
        image=image,
        artifact_uri=artifact_uri,
        registered=registered,
        environment=asked.environment or None,
        **asked.answers,
        **asked.runs,
        service_account=ground.account_emails[persona],
        data_key_id=ground.data_key_id,
    )
