"""What a stack file may say of the places of others: a place of its platform, of the account that it says."""

from typing import Any

import pytest

from catalogue.errors import BadInput
from stacks.aws import batch_jobs as aws_batch_jobs
from stacks.aws import models as aws_models
from stacks.config import validate
from stacks.sections import batch_jobs, models
from tests.stacks.test_platforms import CONFIGS

WHO = "ml-platform@example.com"
UUID = "44445555-3333-4444-5555-666677778888"
TAKEN = [
    ("aws", "444455556666.dkr.ecr.us-east-1.amazonaws.com", "444455556666"),
    ("aws", "s3://claims-data", "111122223333"),
    ("gcp", "us-docker.pkg.dev/shared-images", "shared-images"),
    ("gcp", "gs://claims_data", "claims-lake"),
    ("azure", "sharedml.azurecr.io", UUID),
]
REFUSED = [
    ("aws", "docker.io/library", "444455556666", ": is no place of others, allowed: a registry such as 4444"),
    ("aws", "gs://claims-data", "444455556666", ": is no place of others, allowed: "),
    ("aws", "s3://claims-data/folder", "111122223333", ": is no place of others, allowed: "),
    (
        "aws",
        "444455556666.dkr.ecr.us-east-1.amazonaws.com",
        "111122223333",
        r"\.account: found '111122223333', and the",
    ),
    ("aws", "s3://claims-data", "444455556666", r"\.account: found '444455556666', and the stack's is '111122223333'"),
    ("aws", "s3://claims-data", "shared-images", r"\.account: found 'shared-images', allowed: an AWS account id"),
    ("gcp", "us-docker.pkg.dev/shared-images", "others", r"\.account: found 'others', and the name says 'shared-im"),
    ("azure", "s3://claims-data", UUID, ": is no place of others, allowed: a registry such as sharedml"),
]


KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"
KEYS_REFUSED = [
    ("aws", "s3://claims-data", "111122223333", KEY.replace("us-east-1", "eu-west-1"), "allowed: the ARN of a KMS key"),
    ("aws", "s3://claims-data", "111122223333", KEY.replace("1111", "4444"), "allowed: the ARN of a KMS key"),
    ("aws", "s3://claims-data", "111122223333", "alias/claims", "allowed: the ARN of a KMS key of the stack's"),
    ("aws", "444455556666.dkr.ecr.us-east-1.amazonaws.com", "444455556666", KEY, "is taken by a bucket on aws alone"),
    ("gcp", "gs://claims_data", "claims-lake", KEY, "is taken by a bucket on aws alone"),
    ("azure", "sharedml.azurecr.io", UUID, KEY, "is taken by a bucket on aws alone"),
]


def registry(account: str, name: str = "sharedml") -> str:
    """The id of a registry on azure."""
    return f"/subscriptions/{account}/resourceGroups/shared/providers/Microsoft.ContainerRegistry/registries/{name}"


def config(platform: str, place: str, account: str, **more: Any) -> dict[str, Any]:
    if platform == "azure":
        more = {"registry_id": registry(account), **more}
    return CONFIGS[platform] | {"mlplatform:sources": {place: {"account": account, "granted_by": WHO, **more}}}


@pytest.mark.parametrize(("platform", "place", "account"), TAKEN)
def test_a_place_of_the_platform_is_taken(platform: str, place: str, account: str) -> None:
    validate(config(platform, place, account), "a.yaml")


@pytest.mark.parametrize(("platform", "place", "account", "sentence"), REFUSED)
def test_any_other_is_refused_with_what_is_allowed(platform: str, place: str, account: str, sentence: str) -> None:
    with pytest.raises(BadInput, match=rf"mlplatform:sources\..*{sentence}"):
        validate(config(platform, place, account), "a.yaml")


def test_an_entry_says_who_lets_the_stack_in() -> None:
    with pytest.raises(BadInput, match=r"granted_by"):
        validate(config("azure", "sharedml.azurecr.io", UUID, granted_by="  "), "a.yaml")


@pytest.mark.parametrize(("platform", "place", "account", "key", "sentence"), KEYS_REFUSED)
def test_a_key_that_nobody_could_use_is_refused(
    platform: str, place: str, account: str, key: str, sentence: str
) -> None:
    with pytest.raises(BadInput, match=rf"mlplatform:sources\..*\.key: .*{sentence}"):
        validate(config(platform, place, account, key=key), "a.yaml")


def test_who_reads_a_bucket_of_others_needs_its_key() -> None:
    """SageMaker reads an artifact as the model's role, and a job's input as the batch persona."""
    read = validate(CONFIGS["aws"], "a.yaml")
    artifact, data = models.of(read)["scorer"].artifact_uri, batch_jobs.of(read)["nightly"].input_uri
    places = {"/".join(uri.split("/")[:3]) for uri in (artifact, data)}
    entries = {
        place: {"account": "111122223333", "granted_by": WHO, "key": f"{KEY[:-1]}{at}"}
        for at, place in enumerate(sorted(places))
    }
    asked = validate(CONFIGS["aws"] | {"mlplatform:sources": entries}, "a.yaml")
    keys = {place: entry["key"] for place, entry in entries.items()}
    assert aws_models.grants(asked).artifact_keys == [keys["/".join(artifact.split("/")[:3])]]
    assert aws_batch_jobs.grants(asked).input_keys == [keys["/".join(data.split("/")[:3])]]
    assert aws_models.grants(read).artifact_keys == aws_batch_jobs.grants(read).input_keys == []


@pytest.mark.parametrize(
    ("platform", "place", "account", "id_", "sentence"),
    [
        (
            "azure",
            "sharedml.azurecr.io",
            UUID,
            None,
            "is missing; allowed: /subscriptions/4444",
        ),
        (
            "azure",
            "sharedml.azurecr.io",
            UUID,
            registry(UUID, "other"),
            "which is not sharedml.azurecr.io's; allowed: /",
        ),
        ("azure", "sharedml.azurecr.io", UUID, registry("1" * 8), "which is not sharedml.azurecr.io's; allowed: /"),
        (
            "azure",
            "sharedml.azurecr.io",
            UUID,
            "sharedml",
            "found 'sharedml', which is not sharedml.azurecr.io's; allowed: /",
        ),
        (
            "gcp",
            "gs://claims_data",
            "claims-lake",
            registry(UUID),
            "is taken by a registry on azure alone; leave it out",
        ),
    ],
)
def test_a_registry_on_azure_is_named_by_its_id_too(
    platform: str, place: str, account: str, id_: str | None, sentence: str
) -> None:
    with pytest.raises(BadInput, match=rf"mlplatform:sources\..*\.registry_id: .*{sentence}"):
        validate(config(platform, place, account, registry_id=id_), "a.yaml")
