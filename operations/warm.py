"""The asker's side of a warm process (`operations/forking.py`).

It starts one, gives it jobs from any thread, ends it.
"""

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
    """An ended job: its exit code, its output, and its processor seconds."""

    code: int
    out: str
    said: str
    seconds: float

    @property
    def last_line(self) -> str:
        """The last line on its standard error, or the signal that ended it."""
        return _said_of(self.code, self.said)


class WarmEnded(Exception):
    """The warm process ended before the job. `code` is its exit code, and `str()` its last line."""

    def __init__(self, code: int, line: str) -> None:
        super().__init__(line)
        self.code = code


class Warm:
    """A process that has imported what its jobs need, and forks a child for each job. For `one` job it forks none.

    Leaving the `with` ends all of them.

    It runs in its own session, so Ctrl-C reaches only this process, which then ends it. When this process is gone, it
    ends by itself, with its children.
    """

    def __init__(
        self,
        python: Sequence[str | Path],
        job: Sequence[str | Path],
        environment: Mapping[str, str],
        *,
        one: bool = False,
    ) -> None:
        """Start it and return at once.

        `python` is the interpreter with its options, `job` the file with its arguments. With `one`, `run` is called
        once: the process runs that job itself and ends.
        """
        self._errors = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the process
        self._lock = threading.Lock()
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [*python, FORKING, "one" if one else "many", *job],
                stdin=theirs.fileno(),
                stdout=subprocess.DEVNULL,
                stderr=self._errors,
                env=environment,
                cwd=FORKING.parent.parent,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The id of the process. Its children are grandchildren of this process."""
        return self._process.pid

    def run(self, given: str, timeout_seconds: float) -> Done:
        """Run one job on this standard input.

        Raises TimeoutError when it has not ended in time, and WarmEnded when the warm process ended first.
        """
        ours, theirs = socket.socketpair()
        with ours, tempfile.TemporaryFile() as read, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
            read.write(given.encode())
            read.seek(0)
            with theirs, suppress(OSError), self._lock:  # if the process has ended, the answer below says so
                socket.send_fds(self._control, [b"\n"], [one.fileno() for one in (read, out, err, theirs)])
            answer = _read(ours, time.monotonic() + timeout_seconds)
            if not answer:
                raise self._ended()
            end = json.loads(answer)
            for written in (out, err):
                written.seek(0)
            return Done(end["code"], out.read().decode(), err.read().decode(errors="replace"), end["seconds"])

    def close(self) -> None:
        """End the process and its children. May be called twice."""
        with self._lock:
            self._control.close()
            self._kill()
            self._errors.close()

    def _kill(self) -> None:
        # The id still belongs to this process, for nobody has waited for it. macOS refuses to signal a zombie.
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
            code, said = self._process.returncode, self._errors.read().decode(errors="replace")
            return WarmEnded(code, _said_of(code, said))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _read(answers: socket.socket, until: float) -> bytes:
    """Everything that arrives until the other side closes the socket. Raises TimeoutError when it does not in time."""
    read = b""
    while True:
        answers.settimeout(max(0.001, until - time.monotonic()))
        more = answers.recv(4096)
        if not more:
            return read
        read += more


def _said_of(code: int, said: str) -> str:
    """The signal that ended a process, or the last line on its standard error."""
    return f"it was ended by {signal.Signals(-code).name}" if code < 0 else _last_line(said)


def _last_line(said: str) -> str:
    return next((line.strip() for line in reversed(said.splitlines()) if line.strip()), "no message")
