"""What several folders of tests share: the resource graph of each pilot, made once a worker."""

import os
import sys
from pathlib import Path

import pytest

from catalogue.graph import Graph
from operations.preview import preview
from stacks.config import STACKS

# Python takes the first package of a name, here and in the processes that tests start.
_SHIPPED = str(Path(__file__).with_name("shipped"))
sys.path.insert(0, _SHIPPED)
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (_SHIPPED, os.environ.get("PYTHONPATH"))))


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
