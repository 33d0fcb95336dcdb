"""The images that AWS keeps: its accounts by region, and how the table is made of the SDK's own shape."""

import json
import re
from pathlib import Path

import pytest

from catalogue import images
from catalogue.hardware.catalogue import load
from catalogue.images.__main__ import write

DLC = "763104351884"


@pytest.mark.parametrize(
    ("repository", "region", "account"),
    [
        ("pytorch-inference", "us-east-1", DLC),
        ("pytorch-inference", "me-central-1", "914824155844"),
        ("djl-inference", "eu-south-2", "503227376785"),
        ("sagemaker-xgboost", "us-east-1", "683313688378"),
        ("sagemaker-xgboost", "eu-west-1", "141502667606"),
        ("sagemaker-xgboost", "mx-central-1", None),
    ],
)
def test_the_account_follows_from_the_region(repository: str, region: str, account: str | None) -> None:
    assert images.registry(repository, region) == account


def test_every_account_is_of_a_region_of_the_catalogue_and_the_source_opens_at_a_commit() -> None:
    regions = set(load("aws").regions)
    for name, accounts in images.registries().items():
        assert accounts and set(accounts) <= regions, name
        assert all(re.fullmatch(r"[0-9]{12}", account) for account in accounts.values()), name
    said = json.loads((Path(images.__file__).parent / "aws.json").read_text(encoding="utf-8"))
    assert re.match(r"https://github\.com/aws/sagemaker-python-sdk/tree/[0-9a-f]{8}/", said["source"]) and said["date"]


@pytest.mark.parametrize(
    "image",
    [
        "444455556666.dkr.ecr.us-east-1.amazonaws.com/pytorch-inference:2.6.0-gpu-py312",  # a company's own copy
        f"{DLC}.dkr.ecr.us-east-1.amazonaws.com/of-next-year:1",
        "docker.io/library/python:3.12",
        "",
    ],
)
def test_an_image_of_somebody_else_is_none_of_awss(image: str) -> None:
    assert images.parts(image) is None


def test_the_table_is_made_of_every_scope_and_version_and_leaves_other_partitions_out(tmp_path: Path) -> None:
    accounts = {"us-east-1": "111111111111", "cn-north-1": "222222222222", "us-gov-west-1": "333333333333"}
    version = {"repository": "scorer", "registries": accounts}
    newer = {"repository": "scorer", "registries": {"eu-west-1": "444444444444"}}
    alike = {"repository": "twin", "registries": {"us-east-1": "111111111111", "eu-west-1": "444444444444"}}
    nested = {"inference": {"versions": {"1": version, "2": newer}}, "training": {"versions": {"1": alike}}}
    (tmp_path / "a.json").write_text(json.dumps(nested))
    (tmp_path / "b.json").write_text(json.dumps({"us-east-1": {"ml.p3.2xlarge": {"Count": 1}}}))
    said = json.loads(write(tmp_path, "0123abcd", "2026-08-21"))
    assert said["registries"] == [
        {"repositories": ["scorer", "twin"], "accounts": {"eu-west-1": "444444444444", "us-east-1": "111111111111"}}
    ]
