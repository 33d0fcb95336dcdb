"""A model as Vertex AI runs it: an image and an artifact folder, a version of its own in the registry."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from provider.gcp.model import Model

PREDICT_ROUTE, HEALTH_ROUTE, PORT = "/predict", "/health", 8080
"""Where an own image must answer; a prebuilt image answers there too, or says otherwise by itself. Vertex AI, "Custom
container requirements for inference"."""


@dataclass
class ModelArgs:
    """`artifact_uri` is a gs:// folder, of which Vertex AI keeps a copy; `service_account` must be able to read it."""

    project: str
    region: str
    image: str
    artifact_uri: str
    service_account: pulumi.Input[str]
    data_key_id: pulumi.Input[str]


def versioned_model(name: str, args: ModelArgs, tags: Mapping[str, str], opts: pulumi.ResourceOptions) -> Model:
    """Create a model of the registry; a changed image or artifact is a new version of it beside the old ones."""
    return Model(
        name,
        project=args.project,
        location=args.region,
        model_id=name,
        display_name=name,
        image=args.image,
        artifact_uri=args.artifact_uri,
        predict_route=PREDICT_ROUTE,
        health_route=HEALTH_ROUTE,
        ports=[PORT],
        service_account=args.service_account,
        kms_key_name=args.data_key_id,
        labels=tags,
        opts=opts,
    )
