"""Reads which accounts of AWS keep the images that AWS itself offers for SageMaker.

The SageMaker SDK says it, in a file for each family of images: an account for each region. Images there are open to
every account, and to no account's own policy.
"""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, cast

from operations.sources.rights import files

FOLDER = "sagemaker-core/src/sagemaker/core/image_uri_config"


def of_aws(repository: Path) -> list[str]:
    """The ids of the accounts, sorted. Raises Unread."""
    return sorted({account for text in files(repository, FOLDER).values() for account in _accounts(json.loads(text))})


def _accounts(said: Any) -> Iterator[str]:
    """What stands under `registries`, at any depth: a region and its account."""
    if isinstance(said, Mapping):
        for key, value in cast(Mapping[str, Any], said).items():
            if key == "registries":
                yield from value.values()
            else:
                yield from _accounts(value)
    elif isinstance(said, list):
        for value in cast(list[Any], said):
            yield from _accounts(value)
