"""The graph of a stack file, as `operations.preview.preview` gives it, from processes that stay warm for all tests.

Loading a platform's SDK takes longer than running most programs. Each worker loads it once and forks for each graph.
What one program said is kept for the run of all tests, in a folder that the workers share: each pilot is run once, and
not by each worker and each command anew.
"""

import atexit
import json
import os
import sys
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from functools import cache, lru_cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

from catalogue.graph import Graph
from operations import together
from operations.checkov import Checkov
from operations.preview import Program, Programs
from operations.warm import Warm
from stacks.config import STACKS

_SHIPPED = str(Path(__file__).with_name("shipped"))
_JOB = Path(__file__).with_name("warm_program.py")


def preview(path: Path) -> Graph:
    """The graph of a stack file. Raises as `operations.preview.preview` does."""
    program = Program.of(path)
    if not what_ships_stands():
        return programs().run(program)[0]
    return _of(program.stack, tuple(sorted(program.config.items())))


def what_ships_stands() -> bool:
    """Whether no company's own folder stands in place of the project's."""
    return not _around()[0]


def _around() -> tuple[list[str], str]:
    """The folders on PYTHONPATH before what ships, such as a company's, and PYTHONPATH from there on."""
    before, shipped, after = os.environ["PYTHONPATH"].partition(_SHIPPED)
    return [folder for folder in before.split(os.pathsep) if folder], shipped + after


@lru_cache(maxsize=32)
def _of(stack: str, config: tuple[tuple[str, str], ...]) -> Graph:
    """The graph of what a stack file says, which is all that a program reads. Whoever changes a graph makes another."""
    return programs().run(Program(f"Pulumi.{stack}.yaml", stack, dict(config), STACKS))[0]


@contextmanager
def staying_warm() -> Generator[Programs]:
    """In place of `Programs`, where a command of this process would start a process for a program and end it again."""
    yield programs()


KEPT: list[Path] = []
"""The folder of this run of the tests in which the workers keep what programs said (tests/conftest.py)."""


class Kept(Programs):
    """Programs of which one is run only where none of this run's workers has kept what it said."""

    _missing = False

    def _ask(self, program: Program, more: Mapping[str, Any], timeout_seconds: float) -> tuple[Any, float]:
        """What a program says hangs on its stack's name and config alone, where what ships stands."""
        if more or not KEPT:
            self._missing = True
            return super()._ask(program, more, timeout_seconds)
        said = json.dumps([program.platform, program.stack, program.config], sort_keys=True)
        kept = KEPT[0] / sha256(said.encode()).hexdigest()
        with suppress(FileNotFoundError):
            told, seconds = json.loads(kept.read_text(encoding="utf-8"))
            return told, seconds
        self._missing = True
        answer = super()._ask(program, more, timeout_seconds)
        new = kept.with_name(f"{kept.name}-{os.getpid()}-{threading.get_ident()}")
        new.write_text(json.dumps(answer), encoding="utf-8")
        new.replace(kept)
        return answer

    def start(self, platform: str, *, one: bool = False) -> Warm | None:
        """A command starts a process before it knows what it will ask. Here it is not known to need one."""
        return super().start(platform, one=one) if self._missing else None


class _Staying(Kept):
    """Programs in processes that stay, and that read a company's own folder where one stands (tests/warm_program.py).

    A command that asks for one program alone would end the process under the tests that come after it.
    """

    def _ask(self, program: Program, more: Mapping[str, Any], timeout_seconds: float) -> tuple[Any, float]:
        return super()._ask(program, more if what_ships_stands() else {**more, "before": _around()[0]}, timeout_seconds)

    def start(self, platform: str, *, one: bool = False) -> Warm:
        with self._lock:
            if platform not in self._warm:
                environment = {**os.environ, "PYTHONPATH": _around()[1]}
                warm = Warm([sys.executable, "-P"], [_JOB, platform], environment)
                self._warm[platform] = self._running.enter_context(warm)
            return self._warm[platform]


@cache
def programs() -> Programs:
    """The warm processes, which end with the tests."""
    started = _Staying()
    atexit.register(started.__exit__, None, None, None)
    return started


@cache
def checkov() -> Checkov:
    """A warm Checkov, which takes a second to import and ends with the tests. It runs isolated: no folder is in it."""
    started = Checkov.start(STACKS.parent / "policies" / "checkov")
    atexit.register(started.close)
    return started


class _StayingCheckov(Checkov):
    @classmethod
    def start(cls, environment: Path, *, one: bool = False) -> Self:
        return cls(checkov()._warm)

    def close(self) -> None:
        """Nothing ends before the tests do."""


@contextmanager
def judging_warm() -> Generator[None]:
    """Inside, verdicts of this process start neither Checkov nor an SDK."""
    with (
        patch.object(together, "Checkov", _StayingCheckov),
        patch.object(together, "Programs", staying_warm),
        patch("operations.preview.Programs", staying_warm),
    ):
        yield
