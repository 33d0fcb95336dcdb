"""What a stack file may say of the places of others: a place of its platform, of the account that it says."""

from typing import Any

import pytest

from catalogue.errors import BadInput
from stacks.config import validate
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


def config(platform: str, place: str, account: str, **more: Any) -> dict[str, Any]:
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
