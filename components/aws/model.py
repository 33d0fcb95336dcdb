"""A model as SageMaker runs it: an image and an artifact, isolated in the pilot's network."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import sagemaker

from components.given import Args, Tags, Text


@dataclass(kw_only=True)
class ModelArgs(Args):
    """What a model is made of, who runs it, and where in the network it stands."""

    image: Text
    """The address of the container's image in ECR, with a pinned tag or digest."""
    artifact_uri: Text
    """The s3:// place of a model.tar.gz."""
    role_arn: Text
    """The role that SageMaker runs the model as; it must be able to pull the image and to read the artifact."""
    subnet_ids: pulumi.Input[Sequence[Text]]
    """The private subnets that the container's network interfaces stand in."""
    security_group_id: Text
    """The security group of those interfaces."""


def isolated_model(name: str, args: ModelArgs, tags: Tags, opts: pulumi.ResourceOptions) -> sagemaker.Model:
    """Create a model whose container runs in the VPC and can open no connection of its own (network isolation)."""
    return sagemaker.Model(
        name,
        execution_role_arn=args.role_arn,
        enable_network_isolation=True,
        primary_container={"image": args.image, "model_data_url": args.artifact_uri, "mode": "SingleModel"},
        vpc_config={"subnets": args.subnet_ids, "security_group_ids": [args.security_group_id]},
        tags=tags,
        opts=opts,
    )
