"""Sandboxes on the real engine.

Without it every test here is skipped with the reason. With MLPLATFORM_REQUIRE_ENGINE=1 every test here then fails.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from sandbox.engine import Engine
from sandbox.home import Home
from sandbox.tools import find_cli, find_uv
from stacks.config import STACKS

Fresh = Callable[[str], Engine]


def _without(reason: str) -> NoReturn:
    """The engine is not there."""
    if os.environ.get("MLPLATFORM_REQUIRE_ENGINE") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def fresh(tmp_path: Path) -> Fresh:
    """Makes an empty sandbox for a stack, each time another."""
    cli, uv = find_cli(), find_uv()
    if cli is None:
        _without("the Pulumi CLI is not there: `make sandbox` installs it, or https://www.pulumi.com/docs/install/")
    if uv is None:
        _without("uv, which Pulumi runs the program with, is not on PATH")

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
