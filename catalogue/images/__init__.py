"""The images that AWS itself keeps for SageMaker: in which account of ECR each repository stands, region by region.

`aws.json` is made of the SageMaker Python SDK (Apache-2.0), which looks the account up when it names an image. Its
commit, date and address stand in the file. An account or a repository that it does not name is not AWS's, as far as is
known here. `python -m catalogue.images FOLDER COMMIT DATE` writes it again from the folder `image_uri_config` of a
checkout: https://github.com/aws/sagemaker-python-sdk
"""

import json
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

_FILE = Path(__file__).with_name("aws.json")
_IMAGE = re.compile(
    r"(?P<account>[0-9]{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[^:@]+)(?P<tag>.*)"
)


@cache
def registries() -> Mapping[str, Mapping[str, str]]:
    """The account by region, for each repository of AWS."""
    said: Any = json.loads(_FILE.read_text(encoding="utf-8"))
    return {name: each["accounts"] for each in said["registries"] for name in each["repositories"]}


@cache
def _accounts() -> frozenset[str]:
    return frozenset(account for accounts in registries().values() for account in accounts.values())


def parts(image: str) -> tuple[str, str, str, str] | None:
    """The account, region, repository and tag of an image of AWS's own: of any account of AWS. None for another."""
    read = _IMAGE.fullmatch(image)
    if read is None or read["account"] not in _accounts() or read["name"] not in registries():
        return None
    return read["account"], read["region"], read["name"], read["tag"]


def registry(repository: str, region: str) -> str | None:
    """The account in which AWS keeps a repository of its own in a region. None where no source shows one."""
    return registries()[repository].get(region)


def is_arm(image: str) -> bool:
    """Whether an image of AWS's own is built for Graviton, by its repository's name or its tag."""
    return re.search(r"graviton|arm64", image) is not None


def is_neuron(image: str) -> bool:
    """Whether an image of AWS's own is built for Inferentia or Trainium."""
    return re.search(r"neuron|-inf-", image) is not None
