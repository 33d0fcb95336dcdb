"""Sandboxes on the real engine.

Without it every test here is skipped with the reason. With MLPLATFORM_REQUIRE_ENGINE=1 every test here then fails.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

from sandbox.engine import Engine
from sandbox.home import Home
from sandbox.state import State
from sandbox.tools import find_cli, find_uv
from stacks.config import STACKS

Fresh = Callable[[str], Engine]
"""Makes a sandbox for a stack that is not up yet, each time another."""


def _without(reason: str) -> NoReturn:
    """The engine is not there."""
    if os.environ.get("MLPLATFORM_REQUIRE_ENGINE") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@pytest.fixture
def new_account(tmp_path: Path) -> Callable[[], Engine]:
    """Makes an empty sandbox, each time another, whose account is new."""
    cli, uv = find_cli(), find_uv()
    if cli is None:
        _without("the Pulumi CLI is not there: `make sandbox` installs it, or https://www.pulumi.com/docs/install/")
    if uv is None:
        _without("uv, which Pulumi runs the program with, is not on PATH")

    def make() -> Engine:
        home = Home(tmp_path / f"sandbox-{len(list(tmp_path.iterdir()))}")
        home.lay_out()
        return Engine(home, cli, uv)

    return make


@pytest.fixture
def sandbox(new_account: Callable[[], Engine]) -> Callable[[], Engine]:
    """Makes an empty sandbox, each time another, in an account that is in use: no quota or API is missing."""

    def make() -> Engine:
        engine = new_account()
        State(engine.home.database).account.use()
        return engine

    return make


@pytest.fixture
def fresh(sandbox: Callable[[], Engine]) -> Fresh:
    """In an account that is in use."""
    return lambda stack: _with(stack, sandbox())


@pytest.fixture
def fresh_and_new(new_account: Callable[[], Engine]) -> Fresh:
    """In a new account."""
    return lambda stack: _with(stack, new_account())


def _with(stack: str, engine: Engine) -> Engine:
    engine.home.take(STACKS / f"Pulumi.{stack}.yaml")
    engine.make(stack)
    return engine


@pytest.fixture
def long(request: pytest.FixtureRequest) -> None:
    """For what takes minutes: `make test` has no time for it."""
    if not request.config.getoption("--long"):
        pytest.skip("takes minutes: `make drills` or `make strangers` runs it")


@pytest.fixture
def node() -> None:
    """For what needs Node and its package manager."""
    if shutil.which("npm") is None:
        _without("Node is not there: https://nodejs.org")
