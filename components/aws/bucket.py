"""A private, encrypted, versioned S3 bucket: the shape every bucket of a pilot has."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import pulumi
from pulumi_aws import s3

from components.given import Args, Tags, Text


@dataclass(kw_only=True)
class PrivateBucketArgs(Args):
    """A bucket's name and key, how long it keeps objects, and what its policy says beside the ban on plain HTTP."""

    bucket_name: Text
    """The name of the bucket, which no account of AWS may have taken. It is fixed, so that policies can name it."""
    kms_key_arn: Text
    """The ARN of the KMS key that encrypts each object."""
    tags: Tags
    """The tags of the bucket."""
    expire_days: pulumi.Input[int] | None = None
    """After how many days an object goes. Objects stay where none is given."""
    expire_below: Mapping[str, int] = field(default_factory=dict[str, int])
    """After how many days an object goes, by the beginning of its key. The program must know them."""
    statements: pulumi.Input[Sequence[Mapping[str, Any]]] = ()
    """Further statements of the bucket's policy, as IAM writes them, such as which service may write."""


class PrivateBucket(pulumi.ComponentResource):
    """Creates a bucket with its key, versioning, ownership, lifecycle, public access block and policy.

    Refuses plain HTTP. Old versions go after 30 days and unfinished uploads after 7. What expires becomes an old
    version. Where two rules speak of one object, S3 takes the shorter time
    (https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-conflicts.html). The bucket and its settings are
    protected: Pulumi deletes them only once the protection is taken off. Rules: AWS Security Hub S3.1-S3.5, S3.8,
    S3.13, S3.14, S3.17,
    https://docs.aws.amazon.com/securityhub/latest/userguide/s3-controls.html
    """

    bucket_arn: pulumi.Output[str]
    """The ARN of the bucket. Who takes it waits until the bucket's policy stands."""
    bucket_name: pulumi.Output[str]
    """The name of the bucket."""

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:PrivateBucket", name, None, opts)
        kept = pulumi.ResourceOptions(parent=self, protect=True)  # as long as the bucket stays, so does what guards it
        bucket = s3.Bucket(name, bucket=args.bucket_name, tags=args.tags, opts=kept)
        s3.BucketOwnershipControls(
            f"{name}-ownership",
            bucket=bucket.id,
            rule={"object_ownership": "BucketOwnerEnforced"},
            opts=kept,
        )
        block = s3.BucketPublicAccessBlock(
            f"{name}-public-access",
            bucket=bucket.id,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=kept,
        )
        s3.BucketServerSideEncryptionConfiguration(
            f"{name}-encryption",
            bucket=bucket.id,
            rules=[
                {
                    "apply_server_side_encryption_by_default": {
                        "sse_algorithm": "aws:kms",
                        "kms_master_key_id": args.kms_key_arn,
                    },
                    "bucket_key_enabled": True,
                }
            ],
            opts=kept,
        )
        versioning = s3.BucketVersioning(
            f"{name}-versioning",
            bucket=bucket.id,
            versioning_configuration={"status": "Enabled"},
            opts=kept,
        )
        rules: list[s3.BucketLifecycleConfigurationRuleArgsDict] = [
            {
                "id": "clean-up",
                "status": "Enabled",
                "filter": {"prefix": ""},
                "abort_incomplete_multipart_upload": {"days_after_initiation": 7},
                "noncurrent_version_expiration": {"noncurrent_days": 30},
            }
        ]
        if args.expire_days is not None:
            rules[0]["expiration"] = {"days": args.expire_days}
        rules += [_gone_below(prefix, days) for prefix, days in args.expire_below.items()]
        s3.BucketLifecycleConfiguration(
            f"{name}-lifecycle",
            bucket=bucket.id,
            rules=rules,
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=[versioning]),
        )
        guarded = s3.BucketPolicy(
            f"{name}-policy",
            bucket=bucket.id,
            policy=pulumi.Output.all(bucket.arn, args.statements).apply(lambda a: _policy(a[0], a[1])),
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=[block]),
        )
        # Whoever writes to the bucket waits for its policy: log delivery tries a write when it is set up.
        self.bucket_arn = pulumi.Output.all(bucket.arn, guarded.id).apply(lambda both: both[0])
        self.bucket_name = bucket.bucket
        self.register_outputs({"bucket_arn": self.bucket_arn, "bucket_name": self.bucket_name})


def _gone_below(prefix: str, days: int) -> s3.BucketLifecycleConfigurationRuleArgsDict:
    return {
        "id": _called(prefix),
        "status": "Enabled",
        "filter": {"prefix": prefix},
        "expiration": {"days": days},
    }


def _called(prefix: str) -> str:
    """The name of the rule for a prefix, for each its own. S3 takes 255 characters of any kind,
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_LifecycleRule.html
    """
    words = f"expire-{prefix}"
    return words if len(words) <= 255 else f"{words[:200]}-{hashlib.sha256(prefix.encode()).hexdigest()[:8]}"


def _policy(bucket_arn: str, statements: Sequence[Mapping[str, Any]]) -> str:
    tls_only = {
        "Sid": "TlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [bucket_arn, f"{bucket_arn}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [tls_only, *statements]})
