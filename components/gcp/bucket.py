"""A private, encrypted, versioned Cloud Storage bucket: the shape every bucket of a pilot has."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import pulumi
from pulumi_gcp import storage

from components.folding import kept_alike
from components.given import Args, Tags, Text


@dataclass(kw_only=True)
class PrivateBucketArgs(Args):
    """Where the bucket is, what it is called, and under which key its objects rest."""

    project: Text
    """The id of the Google Cloud project."""
    region: Text
    """The region of the bucket, which must be the key's."""
    bucket_name: Text
    """What the bucket is called, unique among all of Google's customers: end it in the project's id."""
    kms_key_id: Text
    """The KMS key of the objects. The project's Cloud Storage agent must be allowed to use it."""
    expire_below: Mapping[str, int] = field(default_factory=dict[str, int])
    """After how many days an object goes, by the beginning of its name. The program must know them."""
    tags: Tags
    """The labels of the bucket."""


class PrivateBucket(pulumi.ComponentResource):
    """Creates a bucket under the given key, with versions, without ACLs and without any public access.

    Old versions are deleted after 30 days and unfinished uploads after 7. A deleted object can be restored for 7 days.
    What lies below a folder of `expire_below` becomes an old version after its days. The bucket is protected. It has no
    usage logs, because the audit log says who read and wrote what.
    Rules: CIS Google Cloud 5.1 and 5.2, https://www.cisecurity.org/benchmark/google_cloud_computing_platform;
    Cloud Storage, "Usage logs & storage logs", which prefers audit logs,
    https://cloud.google.com/storage/docs/access-logs
    """

    bucket_name: pulumi.Output[str]
    """The bucket's name, known once the bucket stands."""

    def __init__(self, name: str, args: PrivateBucketArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:PrivateBucket", name, None, opts)
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
                *_gone_below(args.expire_below),
            ],
            force_destroy=False,
            labels=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.bucket_name = bucket.name
        self.register_outputs({"bucket_name": self.bucket_name})


PREFIXES = 50
"""How many prefixes a condition may have: "Object Lifecycle Management", matchesPrefix and matchesSuffix,
https://cloud.google.com/storage/docs/lifecycle#matchesprefix-suffix
"""


def _gone_below(expire_below: Mapping[str, int]) -> list[storage.BucketLifecycleRuleArgsDict]:
    """A rule for all folders that keep their objects as long as each other: a bucket has a hundred rules at most."""
    return [
        {"action": {"type": "Delete"}, "condition": {"age": days, "with_state": "LIVE", "matches_prefixes": below}}
        for days, _, below in kept_alike(expire_below, PREFIXES)
    ]
