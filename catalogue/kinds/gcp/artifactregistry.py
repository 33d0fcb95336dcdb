"""Artifact Registry: repositories of images, and who may read them."""

from catalogue.graph import Resource
from catalogue.kind import At, Bills, Holds, KeyAt, Keys, Kind, No, documented
from catalogue.kinds.gcp import READ, grant, registry
from catalogue.pricing import Bill, Pricing

_SDK = registry("artifactregistry/repository")
_KMS = documented("https://docs.cloud.google.com/artifact-registry/docs/cmek", READ)
_PRICES = documented("https://cloud.google.com/artifact-registry/pricing", READ)


def _repository(pricing: Pricing, resource: Resource) -> Bill:
    amount, scans = pricing.assume("image-gb"), pricing.assume("images-scanned")
    cost = amount * pricing.of("artifact-registry-storage") + scans * pricing.of("artifact-registry-scanning")
    return Bill("images", 0.0, cost, f"empty at first; {amount:g} GB and {scans:g} scans in the ceiling")


KINDS = (
    Kind(
        token="gcp:artifactregistry/repository:Repository",
        tags=At("labels", _SDK),
        keys=Keys((KeyAt("kmsKeyName", users=("gcp-sa-artifactregistry",)),), _KMS),
        holds=Holds("data", _SDK),
        reaches=No("who pulls an image needs its domain, and says so itself", _SDK),
        runs=No("it runs no machine", _SDK),
        bills=Bills(_repository, _PRICES),
        stands=At("location", _SDK),
        keeps=No("clean-up policies bound it by version and tag; limits-stores-expire asks for them", _SDK),
        serves=No("it keeps images and runs none", _SDK),
    ),
    grant(
        "gcp:artifactregistry/repositoryIamMember:RepositoryIamMember",
        "a repository",
        "artifactregistry/repositoryiammember",
    ),
)
