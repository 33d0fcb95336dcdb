"""Sandboxes on the real engine; without it, every test here is skipped with the reason."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sandbox.engine import Engine, find_cli, find_uv
from sandbox.home import Home
from stacks.config import STACKS

Fresh = Callable[[str], Engine]


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    """Makes an empty sandbox for a stack, each time another."""
    cli, uv = find_cli(), find_uv()
    if cli is None:
        pytest.skip("the Pulumi CLI is not on PATH: https://www.pulumi.com/docs/install/")
    if uv is None:
        pytest.skip("uv, which Pulumi runs the program with, is not on PATH")

    def make(stack: str) -> Engine:
        home = Home(tmp_path / f"sandbox-{len(list(tmp_path.iterdir()))}")
        home.lay_out()
        home.take(STACKS / f"Pulumi.{stack}.yaml")
        engine = Engine(home, cli, uv)
        engine.make(stack)
        return engine

    return make


@pytest.fixture
def long(request: pytest.FixtureRequest) -> None:
    """For what takes minutes: `make test` has no time for it."""
    if not request.config.getoption("--long"):
        pytest.skip("takes minutes: `make drills` runs it")
