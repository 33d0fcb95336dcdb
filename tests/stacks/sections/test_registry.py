"""Which stacks versions are given to and taken from: what a stack file may say, and what is refused at the edge."""

import copy
from typing import Any

import pytest

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from stacks.config import validate
from tests.promoting import ACCOUNTS, giving, taking
from tests.stack_files import pilot_file

VERSION = {"registered": "scorer", "version": 3, "digest": f"sha256:{'a' * 64}"}


def read(platform: str, registry: dict[str, Any], registered: bool = True) -> None:
    config = pilot_file(platform)["config"]
    if registered:
        config["mlplatform:models"]["fraud-scorer"] = VERSION
    config["mlplatform:registry"] = copy.deepcopy(registry)
    validate(config, "a.yaml")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_stack_says_to_whom_and_from_whom(platform: str) -> None:
    read(platform, giving(platform))
    read(platform, {**giving(platform), **taking(platform)})
    read(platform, {})


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_stack_without_a_registered_model_shares_nothing(platform: str) -> None:
    for key, said in (("gives_to", giving(platform)), ("takes_from", taking(platform))):
        with pytest.raises(BadInput, match=rf"registry\.{key}: is said, and no model"):
            read(platform, said, registered=False)


OTHERS = {
    "aws": "arn:aws:iam::777788889999:role/aws-test-publisher",
    "gcp": "gcp-test-publisher@somebody-elses.iam.gserviceaccount.com",
}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("said", ["*", "444455556666", "arn:aws:iam::444455556666:root", "allUsers", "ana@example.com"])
def test_who_reads_is_one_identity(platform: str, said: str) -> None:
    one = {"account": ACCOUNTS[platform][1], "publisher": said}
    with pytest.raises(BadInput, match=r"publisher: found"):
        read(platform, {"gives_to": {"the-test": one}})


@pytest.mark.parametrize("platform", OTHERS)
def test_who_reads_is_of_the_account_that_is_named(platform: str) -> None:
    one = {"account": ACCOUNTS[platform][1], "publisher": OTHERS[platform]}
    with pytest.raises(BadInput, match=r"publisher: found one of"):
        read(platform, {"gives_to": {"the-test": one}})


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_account_is_one_of_the_platform(platform: str) -> None:
    said = taking(platform)
    next(iter(said["takes_from"].values()))["account"] = "Elsewhere"
    with pytest.raises(BadInput, match=r"takes_from\.\w+-dev\.account: found 'Elsewhere'"):
        read(platform, said)


def test_the_key_is_said_where_whoever_reads_decrypts() -> None:
    said = taking("aws")
    one = said["takes_from"]["aws-dev"]
    one["key"] = "arn:aws:kms:us-east-1:777788889999:key/1234abcd-12ab-34cd-56ef-1234567890ab"
    with pytest.raises(BadInput, match="allowed: the ARN of a KMS key of 111122223333 in us-east-1"):
        read("aws", said)
    del one["key"]
    with pytest.raises(BadInput, match="key: is missing"):
        read("aws", said)
    for platform in ("gcp", "azure"):
        said = taking(platform)
        next(iter(said["takes_from"].values()))["key"] = "arn:aws:kms:us-east-1:1:key/2"
        with pytest.raises(BadInput, match="is taken by aws alone"):
            read(platform, said)
