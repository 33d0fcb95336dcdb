"""What the tests of the commands share: AWS's own descriptions of its services, read once a worker."""

from collections.abc import Iterator
from functools import cache
from unittest.mock import patch

import pytest
from botocore.loaders import create_loader


@pytest.fixture(scope="session", autouse=True)
def _services_of_aws() -> Iterator[None]:
    """One loader for all sessions of a worker, as botocore has one for all clients of a session.

    Each loader reads what the services are from its package anew. SageMaker's is 60 MB of objects, and a test has
    several sessions. https://github.com/boto/botocore/blob/develop/botocore/loaders.py
    """
    with patch("botocore.session.create_loader", cache(create_loader)):
        yield
