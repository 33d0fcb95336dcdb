"""Where models and images are kept: an artifact bucket, an image repository, a package group for each model."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import ecr, sagemaker

from components.aws.bucket import PrivateBucket, PrivateBucketArgs

KEEP_IMAGES = 20


@dataclass
class RegistryArgs:
    """`models` names one package group each."""

    account: str
    bucket_name: str
    models: Iterable[str]
    data_key_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class Registry(pulumi.ComponentResource):
    """Creates the artifact bucket, an ECR repository for own images, and a model package group for each model.

    Image tags are immutable and scanned on push; only the newest 20 images and no untagged one older than a week are
    kept. Package groups serve this account only. What holds state is protected and stays when an endpoint is
    switched off. Rules: Security Hub ECR.1-ECR.3.
    """

    bucket_arn: pulumi.Output[str]
    bucket_name: pulumi.Output[str]
    repository_arn: pulumi.Output[str]
    repository_url: pulumi.Output[str]

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:aws:Registry", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        bucket = PrivateBucket(
            f"{name}-artifacts",
            PrivateBucketArgs(bucket_name=args.bucket_name, kms_key_arn=args.data_key_arn, tags=args.tags),
            opts=child,
        )
        repository = ecr.Repository(
            f"{name}-images",
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.data_key_arn}],
            tags=args.tags,
            opts=kept,
        )
        ecr.LifecyclePolicy(
            f"{name}-images-clean-up", repository=repository.name, policy=json.dumps(_CLEAN_UP), opts=child
        )
        for model in args.models:
            group = sagemaker.ModelPackageGroup(
                f"{name}-{model}",
                model_package_group_name=f"{name}-{model}",
                model_package_group_description=f"Versions of {model}; only the approver persona approves one",
                tags=args.tags,
                opts=kept,
            )
            sagemaker.ModelPackageGroupPolicy(
                f"{name}-{model}-policy",
                model_package_group_name=group.model_package_group_name,
                resource_policy=group.arn.apply(lambda arn: _own_account_only(arn, args.account)),
                opts=kept,  # as long as the group stays, so does what keeps other accounts out
            )
        self.bucket_arn, self.bucket_name = bucket.bucket_arn, bucket.bucket_name
        self.repository_arn, self.repository_url = repository.arn, repository.repository_url
        self.register_outputs({"bucket_arn": self.bucket_arn, "repository_url": self.repository_url})


_CLEAN_UP = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "untagged images go after a week",
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 7,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": f"the newest {KEEP_IMAGES} images stay",
            "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEEP_IMAGES},
            "action": {"type": "expire"},
        },
    ]
}


def _own_account_only(group_arn: str, account: str) -> str:
    packages = group_arn.replace(":model-package-group/", ":model-package/") + "/*"
    statement = {
        "Sid": "OwnAccountOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": [
            "sagemaker:DescribeModelPackage",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:ListModelPackages",
        ],
        "Resource": [group_arn, packages],
        "Condition": {"StringNotEquals": {"aws:PrincipalAccount": account}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
