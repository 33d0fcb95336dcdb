"""The asker's side of a warm process (`operations/forking.py`): starts one, hands it jobs from any thread, ends it."""

import json
import os
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

FORKING = Path(__file__).with_name("forking.py")


@dataclass(frozen=True)
class Done:
    """A job that has ended: its exit code, what it wrote, and the processor seconds that it took."""

    code: int
    out: str
    said: str
    seconds: float

    @property
    def last_line(self) -> str:
        """The last line it said on standard error, or which signal ended it."""
        if self.code < 0:
            return f"it was ended by {signal.Signals(-self.code).name}"
        return _last_line(self.said)


class WarmEnded(Exception):
    """The warm process ended before the job did; `code` is its exit code and `str()` its last line."""

    def __init__(self, code: int, line: str) -> None:
        super().__init__(line)
        self.code = code


class Warm:
    """A process that has imported what its jobs need and forks a child for each. Leaving it ends all of them.

    It stands in a session of its own, so that Ctrl-C reaches this process alone, which then ends it. It ends by itself,
    and its children with it, when this process is gone.
    """

    def __init__(self, python: Sequence[str | Path], job: Sequence[str | Path], environment: Mapping[str, str]) -> None:
        """Start it and return at once: `python` is the interpreter with its options, `job` the file and arguments."""
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the process
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*python, FORKING, *job],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=environment,
                cwd=FORKING.parent.parent,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The process's id; its children are this process's grandchildren."""
        return self._process.pid

    def run(self, given: str, timeout_seconds: float) -> Done:
        """Run one job on this standard input.

        Raises TimeoutError when it has not ended in time, and WarmEnded when the warm process ended first.
        """
        ours, theirs = socket.socketpair()
        with ours, tempfile.TemporaryFile() as read, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            read.write(given.encode())
            read.seek(0)
            with theirs, suppress(OSError), self._lock:  # where it has ended, the answer below says so
                socket.send_fds(self._control, [b"\n"], [one.fileno() for one in (read, out, err, theirs)])
            answer = _read(ours, time.monotonic() + timeout_seconds)
            if not answer:
                raise self._ended()
            end = json.loads(answer)
            for written in (out, err):
                written.seek(0)
            return Done(end["code"], out.read().decode(), err.read().decode(errors="replace"), end["seconds"])

    def close(self) -> None:
        """End the process and its children, whatever they do. May be called twice."""
        with self._lock:
            self._control.close()
            self._kill()
            self._errors.close()

    def _kill(self) -> None:
        # The id is not another's yet: this process has not been waited for. macOS refuses where only a zombie is left.
        if self._process.returncode is None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    def _ended(self) -> WarmEnded:
        with self._lock:
            self._kill()
            if self._errors.closed:
                return WarmEnded(self._process.returncode, "it was closed")
            self._errors.seek(0)
            return WarmEnded(self._process.returncode, _last_line(self._errors.read().decode(errors="replace")))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(answers: socket.socket, until: float) -> bytes:
    """What comes until the other side closes it. Raises TimeoutError when it has not closed in time."""
    read = b""
    while True:
        answers.settimeout(max(0.001, until - time.monotonic()))
        more = answers.recv(4096)
        if not more:
            return read
        read += more


def _last_line(said: str) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "no message")
