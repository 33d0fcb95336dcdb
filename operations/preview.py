"""The offline preview seen from outside: one process a stack, started early, asked for its graph when it is needed."""

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType

from catalogue.graph import Graph
from stacks.errors import BadInput

TIMEOUT_SECONDS = 300
_BAD_INPUT = 2


class PreviewFailed(Exception):
    """The program broke for a reason that is not the stack file's: `str()` carries the program's last line."""


class Preview:
    """A running offline preview. Use as a context manager: leaving it ends the process."""

    def __init__(self, path: Path) -> None:
        """Start the program for one stack file in a process of its own and return at once."""
        self._path = path
        self._process = subprocess.Popen(
            [sys.executable, "-m", "operations.offline", str(path.resolve())],
            cwd=Path(__file__).resolve().parent.parent,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> "Preview":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.communicate()

    def graph(self, timeout_seconds: float = TIMEOUT_SECONDS) -> Graph:
        """Wait for the graph. Raises BadInput for a wrong stack file, PreviewFailed for a broken program."""
        try:
            out, err = self._process.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired:
            raise PreviewFailed(f"{self._path.name}: the program did not end within {timeout_seconds:g} s") from None
        if self._process.returncode == _BAD_INPUT:
            raise BadInput(err.strip())
        if self._process.returncode != 0:
            last = (err.strip().splitlines() or ["no message"])[-1]
            raise PreviewFailed(f"{self._path.name}: the program failed: {last}")
        return Graph.from_json(json.loads(out))


def preview(path: Path) -> Graph:
    """Run the program for one stack file and return its graph. Raises as `Preview.graph` does."""
    with Preview(path) as running:
        return running.graph()
