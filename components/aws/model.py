"""A model as SageMaker runs it: an image and an artifact, isolated in the pilot's network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
from pulumi_aws import sagemaker

from catalogue.targets import FOLDER as FOLDER_OF_MODELS
from components.given import Args, BadArgument, Tags, Text, hold
from provider.aws.approved_version import ApprovedVersion

IMAGE = r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<repository>[^:@]+)[:@].+"
PLACE, FOLDER, ARCHIVE = r"s3://.+/.*", r"s3://.+/(.*/)?", r"s3://.+/.+\.tar\.gz"


@dataclass(kw_only=True)
class RegisteredArgs(Args):
    """A version of a model in the registry, as whoever deploys knows it."""

    account: Text
    """The AWS account of the registry."""
    region: Text
    """The region of the registry."""
    group: Text
    """The group of model packages that has the versions of the model."""
    version: pulumi.Input[int]
    """The number of the version in its group."""
    digest: Text
    """The digest of the version's record, such as sha256: and 64 digits, which the approver approved."""


@dataclass(kw_only=True)
class ModelArgs(Args):
    """What a model is made of, who runs it, and where in the network it stands.

    Raises BadArgument for an image that is none of ECR, and for an artifact that is no `.tar.gz` in S3, or with
    `several` no folder of a bucket: SageMaker takes no other (ContainerDefinition,
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html).
    """

    image: Text
    """The address of the container's image in ECR, in the region of the model, with a pinned tag or digest."""
    artifact_uri: Text
    """The s3:// place of a model.tar.gz; with `several`, the folder below which they lie."""
    several: bool = False
    """Whether the container serves several models, each as a caller names its path below the folder.

    An endpoint that answers at once takes such a model, and nothing else does. None of them is a registered version,
    which has an image of its own. It must be known.
    """
    environment: pulumi.Input[Mapping[str, Text]] | None = None
    """The container's environment: plain values, at most 100, none of them a secret.

    SageMaker calls every container on port 8080, at /invocations and /ping.
    """
    registered: RegisteredArgs | None = None
    """The version that image and artifact are of. The model is made once the registry says that it is approved.

    Whether it is given must be known.
    """
    role_arn: Text
    """The role that SageMaker runs the model as; it must be able to pull the image and to read the artifact."""
    subnet_ids: pulumi.Input[Sequence[Text]]
    """The private subnets that the container's network interfaces stand in."""
    security_group_id: Text
    """The security group of those interfaces."""

    def __post_init__(self) -> None:
        super().__post_init__()
        hold(self, "image", IMAGE, "an image of ECR such as 111122223333.dkr.ecr.us-east-1.amazonaws.com/scorer:1.4")
        if self.several:
            if self.registered is not None:
                raise BadArgument(
                    "ModelArgs.registered: stands beside several, and the version has an image of its own; leave it out"
                )
            hold(self, "artifact_uri", FOLDER_OF_MODELS, "a folder of a bucket such as s3://bucket/folder/")
        else:
            hold(self, "artifact_uri", ARCHIVE, "one archive in S3 such as s3://bucket/folder/model.tar.gz")


def isolated_model(name: str, args: ModelArgs, tags: Tags, opts: pulumi.ResourceOptions) -> sagemaker.Model:
    """Create a model whose container runs in the VPC and can open no connection of its own (network isolation).

    One of a registered version waits for the registry's word. Where that is no, nothing changes: the model that stands
    serves on. A container of several models reaches S3 no more than any other: SageMaker fetches each of them to the
    machine and tells the container its path there (https://docs.aws.amazon.com/sagemaker/latest/dg/mms-container-apis.html).
    """
    if (version := args.registered) is not None:
        approved = ApprovedVersion(
            f"{name}-approved",
            account=version.account,
            region=version.region,
            group=version.group,
            version=version.version,
            digest=version.digest,
            opts=opts,
        )
        opts = pulumi.ResourceOptions.merge(opts, pulumi.ResourceOptions(depends_on=[approved]))
    return sagemaker.Model(
        name,
        execution_role_arn=args.role_arn,
        enable_network_isolation=True,
        primary_container=sagemaker.ModelPrimaryContainerArgs(
            image=args.image,
            model_data_url=args.artifact_uri,
            mode="MultiModel" if args.several else "SingleModel",
            environment=args.environment,
        ),
        vpc_config={"subnets": args.subnet_ids, "security_group_ids": [args.security_group_id]},
        tags=tags,
        opts=opts,
    )
