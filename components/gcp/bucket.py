"""A private, encrypted, versioned Cloud Storage bucket: the shape every bucket of a pilot has."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import storage


@dataclass
class PrivateBucketArgs:
    """`bucket_name` is fixed, so that grants can name it."""

    project: str
    region: str
    bucket_name: str
    kms_key_id: pulumi.Input[str]
    tags: Mapping[str, str]


class PrivateBucket(pulumi.ComponentResource):
    """Creates a bucket under the given key, with versions, without ACLs and without any public access.

    Old versions go after 30 days and unfinished uploads after 7; what is deleted can be restored for 7. Who read and
    wrote is in the audit log, which has the caller's identity, so there are no usage logs beside it. Rules: CIS Google
    Cloud 5.1, 5.2; Cloud Storage, "Access logs" (audit logs are preferred to them).
    """

    bucket_name: pulumi.Output[str]

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:PrivateBucket", name, None, opts)
        bucket = storage.Bucket(
            name,
            name=args.bucket_name,
            project=args.project,
            location=args.region,
            uniform_bucket_level_access=True,
            public_access_prevention="enforced",
            encryption={"default_kms_key_name": args.kms_key_id},
            versioning={"enabled": True},
            soft_delete_policy={"retention_duration_seconds": 7 * 86_400},
            lifecycle_rules=[
                {
                    "action": {"type": "Delete"},
                    "condition": {"days_since_noncurrent_time": 30, "with_state": "ARCHIVED"},
                },
                {"action": {"type": "AbortIncompleteMultipartUpload"}, "condition": {"age": 7}},
            ],
            force_destroy=False,
            labels=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.bucket_name = bucket.name
        self.register_outputs({"bucket_name": self.bucket_name})
