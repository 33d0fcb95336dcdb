"""What several folders of tests share: the pilot's resource graph, made once a worker."""

import pytest

from operations.graph import Graph
from operations.preview import preview
from stacks.config import STACKS


@pytest.fixture(scope="session")
def pilot() -> Graph:
    """The resource graph of stacks/Pulumi.aws-pilot.yaml."""
    return preview(STACKS / "Pulumi.aws-pilot.yaml")
