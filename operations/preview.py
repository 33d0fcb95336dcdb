"""The asker's side of the offline preview. One warm process for each platform runs each program in a fork."""

import json
import os
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from catalogue.errors import BadInput
from catalogue.graph import Graph
from operations.warm import Warm, WarmEnded
from stacks.config import NAMESPACE, stack_name, to_engine
from stacks.model import Allow, Exemption, Idle

TIMEOUT_SECONDS = 300
OFFLINE = Path(__file__).with_name("offline.py")
_BAD_INPUT = 2


class PreviewFailed(Exception):
    """The program broke, and not because of the stack file. `str()` has the program's last line."""


@dataclass(frozen=True)
class Program:
    """The program that one stack file asks for: its platform, and the config that the engine would give it.

    `folder` is where the file is, with the files of the other stacks that a waiver may name.
    """

    file: str
    stack: str
    config: dict[str, str]
    folder: Path

    @classmethod
    def of(cls, path: Path) -> Self:
        """Read and validate a stack file. Raises BadInput as `read_stack_file` does."""
        config = to_engine(path)
        return cls(path.name, stack_name(path), config, path.parent)

    @property
    def in_every_phase(self) -> Self:
        """The program of all that the file describes, whichever phase it asks for now.

        A verdict on the ground alone would let through what serves: one key is taken out, and it stands.
        """
        return replace(self, config={key: said for key, said in self.config.items() if key != f"{NAMESPACE}:phase"})

    @property
    def allow(self) -> Allow | None:
        """What the stack file allows a step to destroy."""
        said = self.config.get(f"{NAMESPACE}:allow")
        return Allow.model_validate_json(said) if said else None

    @property
    def exempt(self) -> Mapping[str, Exemption]:
        """The endpoints that the stack file lets stand idle, by name."""
        said = self.config.get(f"{NAMESPACE}:idle")
        return Idle.model_validate_json(said).exempt if said else {}

    @property
    def platform(self) -> str:
        """The platform of the stack file."""
        return self.config[f"{NAMESPACE}:platform"]


class Programs:
    """Runs programs in one warm process for each platform. Use it in a `with`; leaving that ends what runs."""

    def __init__(self) -> None:
        self._running = ExitStack()
        self._warm: dict[str, Warm] = {}
        self._lock = threading.Lock()

    def start(self, platform: str, *, one: bool = False) -> Warm:
        """The warm process of a platform. It is started at the first call; with `one`, for one program alone."""
        with self._lock:
            if platform not in self._warm:
                # Without -P the modules of this folder would hide packages of the same names.
                warm = Warm([sys.executable, "-P"], [OFFLINE, platform], os.environ, one=one)
                self._warm[platform] = self._running.enter_context(warm)
            return self._warm[platform]

    def run(self, program: Program, timeout_seconds: float = TIMEOUT_SECONDS) -> tuple[Graph, float]:
        """Run one program and return its graph and its processor seconds. Any thread may call this.

        Raises BadInput where the program refuses its config, or a file of the organisation's cannot be read;
        PreviewFailed where it breaks or does not end in time.
        """
        told, seconds = self._ask(program, {}, timeout_seconds)
        return Graph.from_json(told), seconds

    def step(self, program: Program, standing: Graph, timeout_seconds: float = TIMEOUT_SECONDS) -> tuple[Graph, Any]:
        """Run one program over what stands. Returns the graph as the engine foresees it, and what differs, by URN.

        Raises as `run` does.
        """
        told, _ = self._ask(program, {"standing": standing.to_json()}, timeout_seconds)
        return Graph.from_json(told["graph"]), told["changed"]

    def _ask(self, program: Program, more: Mapping[str, Any], timeout_seconds: float) -> tuple[Any, float]:
        asked = json.dumps({"stack": program.stack, "config": program.config, **more})
        try:
            done = self.start(program.platform).run(asked, timeout_seconds)
        except TimeoutError:
            raise PreviewFailed(f"{program.file}: the program did not end within {timeout_seconds:g} s") from None
        except WarmEnded as ended:
            if ended.code == _BAD_INPUT:
                raise BadInput(str(ended)) from None
            raise PreviewFailed(f"{program.file}: the program failed: {ended}") from None
        if done.code == _BAD_INPUT:
            raise BadInput(done.said.strip())
        if done.code != 0:
            raise PreviewFailed(f"{program.file}: the program failed: {done.last_line}")
        return json.loads(done.out), done.seconds

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._running.close()


def preview(path: Path) -> Graph:
    """Run the program for one stack file and return its graph. Raises as `Program.of` and `Programs.run` do."""
    program = Program.of(path)
    with Programs() as programs:
        programs.start(program.platform, one=True)
        return programs.run(program)[0]
