"""A model as SageMaker runs it: an image and an artifact, isolated in the pilot's network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import sagemaker


@dataclass
class ModelArgs:
    """`artifact_uri` is the s3:// place of a model.tar.gz; the role must be able to read it."""

    image: str
    artifact_uri: str
    role_arn: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]


def isolated_model(
    name: str, args: ModelArgs, tags: Mapping[str, str], opts: pulumi.ResourceOptions
) -> sagemaker.Model:
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
