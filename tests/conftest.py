"""What several folders of tests share: the resource graph of each pilot, made once a worker."""

import pytest

from catalogue.graph import Graph
from operations.preview import preview
from stacks.config import STACKS


@pytest.fixture(scope="session")
def aws_pilot() -> Graph:
    """The resource graph of stacks/Pulumi.aws-pilot.yaml."""
    return preview(STACKS / "Pulumi.aws-pilot.yaml")


@pytest.fixture(scope="session")
def gcp_pilot() -> Graph:
    """The resource graph of stacks/Pulumi.gcp-pilot.yaml."""
    return preview(STACKS / "Pulumi.gcp-pilot.yaml")


@pytest.fixture(scope="session")
def azure_pilot() -> Graph:
    """The resource graph of stacks/Pulumi.azure-pilot.yaml."""
    return preview(STACKS / "Pulumi.azure-pilot.yaml")


@pytest.fixture
def pilot(aws_pilot: Graph) -> Graph:
    """The pilot of a test for which any platform would do."""
    return aws_pilot


def pytest_addoption(parser: pytest.Parser) -> None:
    """`make drills` runs what takes minutes on the engine; `make test` does not."""
    parser.addoption("--long", action="store_true", help="run every drill twice and the twenty kills, too")
