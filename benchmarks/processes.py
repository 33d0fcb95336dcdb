"""Runs one command as a process of its own and measures it.

This module imports nothing heavy, for `Run.peak_mb` can never be less than this process.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_SECONDS = 900
_MAXRSS_PER_MB = 1_000_000 if sys.platform == "darwin" else 1_000_000 / 1024


class BenchmarkFailed(Exception):
    """A measured command did not do its work; `str()` says which and why in one sentence."""


@dataclass(frozen=True)
class Run:
    """The measurements of one process, from its start to its end.

    `seconds` is wall-clock time. `peak_mb` is the resident peak of that process, or of one of the children it waited
    for, whichever is larger. Linux counts the size of the process that started it too.
    """

    seconds: float
    cpu_seconds: float
    peak_mb: float
    stdout: bytes
    said: str
    """The last line on standard error."""
    code: int = 0
    """What it ended with."""


@dataclass(frozen=True)
class Spread:
    """Minimum, median and maximum of what was measured more than once."""

    low: float
    middle: float
    high: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> "Spread":
        """The spread of at least one figure."""
        return cls(min(figures), statistics.median(figures), max(figures))

    def text(self, digits: int = 2) -> str:
        """`median (minimum to maximum)`."""
        return f"{self.middle:,.{digits}f} ({self.low:,.{digits}f} to {self.high:,.{digits}f})"


def run(
    command: Sequence[str | Path],
    environment: Mapping[str, str],
    *,
    folder: Path = ROOT,
    stdin: bytes = b"",
    allowed: Sequence[int] = (0,),
    started: Callable[[int], object] = lambda pid: None,
    seconds: float = TIMEOUT_SECONDS,
) -> Run:
    """Run one command and measure it; `started` is told its process, which is ended after so many `seconds`.

    Raises BenchmarkFailed for another exit code.
    """
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as errors:
        given.write(stdin)
        given.seek(0)
        began = time.perf_counter()
        process = subprocess.Popen(command, cwd=folder, env=environment, stdin=given, stdout=out, stderr=errors)
        started(process.pid)
        guard = threading.Timer(seconds, process.kill)
        guard.start()
        try:
            _, status, usage = os.wait4(process.pid, 0)
        finally:
            guard.cancel()
        took = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        said = (errors.read().decode(errors="replace").strip().splitlines() or ["nothing on standard error"])[-1]
        if process.returncode not in allowed:
            shown = " ".join(str(part) for part in command[:4])
            raise BenchmarkFailed(f"{shown} … ended with {process.returncode} after {took:.0f} s: {said}")
        return Run(
            took,
            usage.ru_utime + usage.ru_stime,
            usage.ru_maxrss / _MAXRSS_PER_MB,
            out.read(),
            said,
            process.returncode,
        )


@contextmanager
def environment() -> Generator[dict[str, str]]:
    """The environment of every measured Python process of ours: the caller's, with a bytecode cache of its own.

    The warm-up fills that cache. So it makes no difference whether the caller forbids bytecode or has some already.
    """
    with tempfile.TemporaryDirectory(prefix="mlplatform-bench-") as cache:
        kept = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
        yield {**kept, "PYTHONPYCACHEPREFIX": cache}


def mlplatform(*arguments: str | Path) -> list[str | Path]:
    """The command line of `mlplatform` as it is installed beside this Python."""
    return [Path(sys.executable).parent / "mlplatform", *arguments]


def command_of(root: Path, *arguments: str | Path) -> list[str | Path]:
    """The command line of `mlplatform` as `make setup` installed it in a folder of this project."""
    return [root / ".venv" / "bin" / "mlplatform", *arguments]


def python(module: str, *arguments: str | Path) -> list[str | Path]:
    """The command line of a module under this Python."""
    return [sys.executable, "-m", module, *arguments]


CHECKOV = ROOT / "policies" / "checkov"


def checkov_scan() -> list[str | Path]:
    """The command line of our scan, alone in a process of its own."""
    return [CHECKOV / ".venv" / "bin" / "python", "-I", Path(__file__).with_name("scan_once.py"), CHECKOV / "scan.py"]


def checkov_environment() -> dict[str, str]:
    """The environment that `operations.checkov` gives the scan."""
    return {key: value for key, value in os.environ.items() if key in ("HOME", "LANG", "PATH", "TMPDIR")}
