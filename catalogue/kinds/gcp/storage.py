"""Cloud Storage: the bucket of artifacts, and the grants to read and write below a prefix."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import by_resource_name
from catalogue.behaviour import Behaviour, Ref, Sometimes, values_at
from catalogue.graph import Resource
from catalogue.kind import At, Bills, Holds, KeyAt, Keys, Kind, No, documented
from catalogue.kinds.gcp import KEY, PRICED, READ, acting, asks, grant, granting, in_terraform, registry
from catalogue.pricing import Bill, Pricing

BUCKET = "gcp:storage/bucket:Bucket"
BUCKET_MEMBER = "gcp:storage/bucketIAMMember:BucketIAMMember"

_SDK = registry("storage/bucket")
_ROLES = "https://cloud.google.com/storage/docs/access-control/iam-permissions"
_KMS = documented("https://cloud.google.com/storage/docs/encryption/customer-managed-keys", READ)
_PRICES = documented("https://cloud.google.com/storage/pricing", PRICED)
_DELETED = documented("https://cloud.google.com/storage/docs/use-soft-deleted-buckets", "2026-11-27")


def _bucket(pricing: Pricing, resource: Resource) -> Bill:
    amount = pricing.assume("artifact-gb") / len(pricing.graph.of(BUCKET))
    cost = amount * pricing.of("storage-standard")
    return Bill("storage", cost, cost, f"{amount:g} GB kept, traffic or not")


def _unlocks(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """A locked retention is never unlocked, so the bucket is made anew (`isPolicyLocked`).

    https://github.com/hashicorp/terraform-provider-google-beta/blob/93c65b2d60fea598528f2769b5b09de856f8cb8c/google-beta/services/storage/resource_storage_bucket.go
    """
    locked = [any(values_at(said, "retentionPolicy.isLocked")) for said in (before, after)]
    return locked == [True, False]


KINDS = (
    Kind(
        token=BUCKET,
        tags=At("labels", _SDK),
        keys=Keys((KeyAt("encryption.defaultKmsKeyName", users=("gs-project-accounts",)),), _KMS),
        holds=Holds("data", _SDK),
        reaches=No("who reads it needs Google's APIs, and says so itself", _SDK),
        runs=No("it runs no machine", _SDK),
        bills=Bills(_bucket, _PRICES, ("Cloud Storage",)),
        stands=At("location", _SDK),
        keeps=No("artifacts are kept; limits-stores-expire asks for an end of old versions and uploads", _SDK),
        serves=No("it runs no container", _SDK),
        acts=acting(
            "storage",
            by_resource_name("{name}", url="gs://{name}", selfLink="https://www.googleapis.com/storage/v1/b/{name}"),
            Behaviour(
                name="name",
                pattern=r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]",
                unique="{name}",
                refs=(Ref("encryption.defaultKmsKeyName", (KEY,)),),
                filled="gs://{name}/",
                forced="forceDestroy",
                sometimes=(Sometimes("retentionPolicy.isLocked", _unlocks),),
            ),
        ),
        renders=in_terraform("google_storage_bucket"),
        stays=No(
            "a new bucket may have the name of one that was deleted softly, which nobody can purge before its time",
            _DELETED,
        ),
    ),
    grant(
        BUCKET_MEMBER,
        "a bucket",
        "storage/bucketiammember",
        acts=granting("storage", "b/{bucket}", Ref("bucket", (BUCKET,), outside=True)),
        renders=in_terraform("google_storage_bucket_iam_member"),
        rights=asks(_ROLES, "storage.buckets.setIamPolicy"),
    ),
)
