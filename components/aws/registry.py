"""Where models and images are kept: an artifact bucket, an image repository, a package group for each model."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import ecr, sagemaker

from catalogue.registered import FOLDER
from catalogue.runs import ANSWERS_DAYS
from components.aws.bucket import PrivateBucket, PrivateBucketArgs
from components.given import Args, Tags, Text

KEEP_IMAGES = 20
KEEP_VERSIONS = 1_000
"""Images of registered versions that stay whatever else is pushed: none that is served or was served expires."""
PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
CAPTURES, CAPTURE_DAYS = "capture/", 30
"""Where the requests and answers of endpoints are kept, and how long at least where no endpoint says so any more."""


def captures_of(endpoint: str) -> str:
    """The folder of one endpoint's requests and answers in the artifact bucket."""
    return f"{CAPTURES}{endpoint}/"


QUEUE = "async/"
"""Where the requests, the answers and the failures of endpoints with a queue lie."""


def answers_of(endpoint: str) -> str:
    """The folder of one endpoint's answers in the artifact bucket."""
    return f"{QUEUE}{endpoint}/"


def failures_of(endpoint: str) -> str:
    """The folder in which SageMaker says why a request to one endpoint failed."""
    return f"{QUEUE}{endpoint}-failed/"


@dataclass(kw_only=True)
class RegistryArgs(Args):
    """Whose registry it is, how its bucket is called, and the models that it keeps versions of."""

    account: Text
    """The AWS account that alone may read the versions of models."""
    bucket_name: Text
    """The name of the artifact bucket, which no account of AWS may have taken."""
    models: Sequence[str]
    """The names of the models, each with a model package group of its own. They must be known."""
    keeps_versions: bool = False
    """Whether registered versions stay what they were. Images with tags such as NAME-3 never make room for others: all
    that have a dash in their tag stay. And what was written below `registry/` is not written over. It must be known."""
    readers: Sequence[str] = ()
    """The roles of other stacks' publishers, which read versions: what lies below `registry/`, the images, and what the
    package groups say. They must stand, and be known."""
    given: Sequence[str] = ()
    """Those of the models whose package groups they may ask. They must be known."""
    capture_days: Mapping[str, int] = field(default_factory=dict[str, int])
    """After how many days captured requests and answers go, by the name of their endpoint. They must be known."""
    answer_days: Mapping[str, int] = field(default_factory=dict[str, int])
    """After how many days answers through a queue go, by the name of their endpoint. They must be known."""
    expire_below: Mapping[str, int] = field(default_factory=dict[str, int])
    """After how many days other files go, by their folder in the bucket. They must be known."""
    data_key_arn: Text
    """The KMS key that encrypts artifacts and images."""
    tags: Tags
    """The tags of everything that is created."""


class Registry(pulumi.ComponentResource):
    """Creates the artifact bucket, an ECR repository for own images, and a model package group for each model.

    The repository is called `NAME-images`, so a stack file can name an image of it before the first `up`. An image tag
    names the same image for ever, and each image is scanned on push. The newest 20 images stay, and those of registered
    versions; an untagged one goes after a week. What an endpoint captures goes after its days. What one captured that
    captures no more goes with the longest of them, 30 days at least. So it is with the answers of an endpoint with a
    queue; the requests to all go with the longest. What lies below a folder of `expire_below` goes
    after its days. Package groups serve this account only, and `readers`, who may read versions and write nothing:
    "Cross-account model deployment", https://docs.aws.amazon.com/sagemaker/latest/dg/model-registry-deploy-xaccount.html,
    "Private repository policies", https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html. What
    holds state is protected: Pulumi deletes it only once
    the protection is taken off.
    Rules: Security Hub ECR.1-ECR.3,
    https://docs.aws.amazon.com/securityhub/latest/userguide/ecr-controls.html
    """

    bucket_arn: pulumi.Output[str]
    """The ARN of the artifact bucket. Who takes it waits until the bucket's policy stands."""
    bucket_name: pulumi.Output[str]
    """The name of the artifact bucket."""
    repository_arn: pulumi.Output[str]
    """The ARN of the image repository."""
    repository_url: pulumi.Output[str]
    """The address to push images to and to pull them from."""

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Registry", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        bucket = PrivateBucket(
            f"{name}-artifacts",
            PrivateBucketArgs(
                bucket_name=args.bucket_name,
                kms_key_arn=args.data_key_arn,
                expire_below={
                    CAPTURES: max(CAPTURE_DAYS, *args.capture_days.values(), 0),
                    **{captures_of(name): days for name, days in args.capture_days.items()},
                    **args.expire_below,
                    QUEUE: max(ANSWERS_DAYS, *args.answer_days.values(), 0),
                    **{at(name): days for name, days in args.answer_days.items() for at in (answers_of, failures_of)},
                },
                statements=pulumi.Output.from_input(args.bucket_name).apply(lambda called: _on_versions(called, args)),
                tags=args.tags,
            ),
            opts=child,
        )
        repository = ecr.Repository(
            f"{name}-images",
            name=f"{name}-images",  # known before it stands: a stack file names the images that are pushed to it
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration={"scan_on_push": True},
            encryption_configurations=[{"encryption_type": "KMS", "kms_key": args.data_key_arn}],
            tags=args.tags,
            opts=kept,
        )
        ecr.LifecyclePolicy(
            f"{name}-images-clean-up",
            repository=repository.name,
            policy=json.dumps(_clean_up(args.keeps_versions)),
            opts=kept,
        )
        if args.readers:
            ecr.RepositoryPolicy(
                f"{name}-images-given",
                repository=repository.name,
                policy=_document([_given(args.readers, PULL)]),
                opts=kept,
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
                resource_policy=_group_policy(group.arn, args.account, args.readers if model in args.given else ()),
                opts=kept,  # as long as the group stays, so does what keeps other accounts out
            )
        self.bucket_arn, self.bucket_name = bucket.bucket_arn, bucket.bucket_name
        self.repository_arn, self.repository_url = repository.arn, repository.repository_url
        self.register_outputs(
            {
                "bucket_arn": self.bucket_arn,
                "bucket_name": self.bucket_name,
                "repository_arn": self.repository_arn,
                "repository_url": self.repository_url,
            }
        )


def _clean_up(keeps_versions: bool) -> dict[str, Any]:
    """What goes and what stays. An image that a rule selects by its tag is left alone by every rule after it.

    One pattern keeps the versions of every model, for another policy takes the place of this one, which is protected.
    "Automate the cleanup of images", https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
    """
    untagged = {"tagStatus": "untagged", "countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7}
    versions = {"tagStatus": "tagged", "tagPatternList": ["*-*"], "countType": "imageCountMoreThan"}
    newest = {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEEP_IMAGES}
    selections = [
        ("untagged images go after a week", untagged),
        *([("images of versions stay", {**versions, "countNumber": KEEP_VERSIONS})] if keeps_versions else []),
        (f"the newest {KEEP_IMAGES} images stay", newest),
    ]
    return {
        "rules": [
            {"rulePriority": priority, "description": said, "selection": selection, "action": {"type": "expire"}}
            for priority, (said, selection) in enumerate(selections, 1)
        ]
    }


def _on_versions(bucket_name: str, args: RegistryArgs) -> list[dict[str, Any]]:
    """Refuses to write over what is below `registry/`: what was approved is what is served. Readers may read it.

    An upload in parts is held to it where it is completed. "Enforce conditional writes on Amazon S3 buckets",
    https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes-enforce.html
    """
    below = f"arn:aws:s3:::{bucket_name}/{FOLDER}*"
    once = {
        "Sid": "VersionsOnce",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Condition": {"Null": {"s3:if-none-match": "true"}, "Bool": {"s3:ObjectCreationOperation": "true"}},
        "Resource": below,
    }
    return [
        *([once] if args.keeps_versions else []),
        *([_given(args.readers, "s3:GetObject", below)] if args.readers else []),
    ]


def _given(readers: Sequence[str], actions: str | Sequence[str], on: str | Sequence[str] = ()) -> dict[str, Any]:
    """The statement by which publishers of other stacks read versions. The policy of a repository takes no resource."""
    said = {"Sid": "GiveVersions", "Effect": "Allow", "Principal": {"AWS": list(readers)}, "Action": actions}
    return {**said, "Resource": on} if on else said


def _group_policy(arn: pulumi.Output[str], account: Text, readers: Sequence[str]) -> pulumi.Output[str]:
    return pulumi.Output.all(arn, account).apply(lambda both: _own_account_only(*both, readers=readers))


def _own_account_only(group_arn: str, account: str, readers: Sequence[str]) -> str:
    both = [group_arn, group_arn.replace(":model-package-group/", ":model-package/") + "/*"]
    others: dict[str, Any] = {"StringNotEquals": {"aws:PrincipalAccount": account}}
    if readers:
        others["ArnNotEquals"] = {"aws:PrincipalArn": list(readers)}
    kept_out = {
        "Sid": "OwnAccountOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": [
            "sagemaker:DescribeModelPackage",
            "sagemaker:DescribeModelPackageGroup",
            "sagemaker:ListModelPackages",
        ],
        "Resource": both,
        "Condition": others,
    }
    given = _given(readers, "sagemaker:DescribeModelPackage", both[1])
    return _document([kept_out, *([given] if readers else [])])


def _document(statements: Sequence[Mapping[str, Any]]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statements})
