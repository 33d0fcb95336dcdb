"""Runs the Pulumi CLI in a sandbox. The sandbox's REST double serves while a command runs."""

import json
import os
import signal
import subprocess
import threading
import time
import warnings
from collections.abc import Generator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from sandbox.home import Home
from sandbox.rest.kept import KeptDouble
from sandbox.rest.server import a_token
from sandbox.state import State

if TYPE_CHECKING:
    from pulumi import automation

LOOK_EVERY = 0.005
"""Seconds between two looks at the progress of a command that is to be killed."""
_FOREVER = threading.TIMEOUT_MAX
"""The seconds of a wait without an end. `Popen.wait` with seconds looks anew every 50 ms.

Without seconds it would sleep through a signal that comes just before it, for Python runs a handler only between two of
its own steps: https://docs.python.org/3/library/signal.html#execution-of-python-signal-handlers
"""


class EngineFailed(Exception):
    """The CLI failed at something that the sandbox needs. `str()` is the CLI's own last line."""


@dataclass(frozen=True)
class Engine:
    """The CLI in the sandbox `home`, which must be laid out. `instant` lets a canary's bake pass at once."""

    home: Home
    cli: Path
    uv: Path
    instant: bool = True

    def run(self, arguments: Sequence[str], log: Path | None = None, seconds: float | None = None) -> int:
        """Run a command in the project's folder, as `attended` does."""
        with self.environment() as environment:
            return attended([str(self.cli), *arguments], self.home.project, environment, log, seconds)

    def ask(self, *arguments: str) -> str:
        """Run a command and return what it printed. Raises EngineFailed where the command fails."""
        with self.environment() as environment:
            done = subprocess.run(
                [str(self.cli), *arguments, "--non-interactive"],
                cwd=self.home.project,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            raise EngineFailed((done.stderr.strip() or done.stdout.strip() or "no message").splitlines()[-1])
        return done.stdout

    def make(self, stack: str) -> None:
        """Make a stack. Its copied stack file configures it. Raises EngineFailed."""
        self.ask("stack", "init", stack, "--no-select")

    def deployment(self, stack: str) -> dict[str, Any]:
        """Pulumi's own state of the stack. Raises EngineFailed."""
        return json.loads(self.ask("stack", "export", "--stack", stack))["deployment"]

    def resources(self, stack: str) -> list[dict[str, Any]]:
        """What Pulumi's own state of the stack holds. Raises EngineFailed."""
        return self.deployment(stack).get("resources") or []

    @contextmanager
    def stack(self, name: str) -> Generator["automation.Stack"]:
        """The stack under Pulumi's Automation API. It is made if it does not exist.

        That API hands on the environment of this process, so the process has the sandbox's environment inside the
        `with`. Do not use this beside other threads. Inside the `with`, a SIGTERM interrupts this process and the
        running command.

        Raises EngineFailed for a CLI whose version that API does not take; see `sandbox.tools.without_version`.
        """
        from pulumi import automation

        with self.environment() as environment, _only(environment), _interruptible():
            try:
                workspace = automation.LocalWorkspace(work_dir=str(self.home.project))
            except automation.InvalidVersionError as error:
                raise EngineFailed(str(error)) from None
            yield automation.Stack.create_or_select(name, workspace)

    def kill(self, arguments: Sequence[str], after: int) -> bool:
        """Run a command and kill it once the simulated cloud has carried out `after` calls, as if its machine died.

        The engine and every process that it started are killed. Returns False if the command ended before.
        """
        import psutil

        state = State(self.home.database)
        with self.environment() as environment:
            last = state.journal.calls() + after
            process = psutil.Popen(
                [str(self.cli), *arguments, "--non-interactive"],
                cwd=self.home.project,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            while state.journal.calls() < last and process.poll() is None:
                time.sleep(LOOK_EVERY)
            killed = process.poll() is None
            started = process.children(recursive=True) if killed else []
            for one in (process, *started) if killed else ():
                with suppress(psutil.NoSuchProcess):
                    one.kill()
            psutil.wait_procs(started)
            process.wait()
        return killed

    @contextmanager
    def environment(self) -> Generator[dict[str, str]]:
        """The environment of a process that works in the sandbox. The REST double serves inside the `with`."""
        with KeptDouble(database=self.home.database, token=a_token()) as double:
            yield self.home.environment((self.cli, self.uv), double.address, self.instant, double.token)


def attended(
    command: Sequence[str], folder: Path, environment: Mapping[str, str], log: Path | None, seconds: float | None = None
) -> int:
    """Run a command in a folder, on this terminal or into the file `log`.

    Returns its exit code, which is 128 or more where a signal ended it.

    An interrupt reaches the command, which cancels what is under way and ends by itself. A SIGTERM is handed on to the
    command as an interrupt, and after `seconds` it gets one.
    """
    with ExitStack() as open_, Forwarding() as forwarding:
        out = open_.enter_context(log.open("wb")) if log else None
        process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=out, stderr=subprocess.STDOUT if out else None
        )
        forwarding.to(process)
        try:
            code = process.wait(_FOREVER if seconds is None else seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGINT)
            code = process.wait(_FOREVER)
    return code if code >= 0 else 128 - code


@contextmanager
def _only(environment: Mapping[str, str]) -> Generator[None]:
    """Replace this process's environment inside the `with`."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@contextmanager
def _interruptible() -> Generator[None]:
    """Let a SIGTERM interrupt this process and its children, as Ctrl-C does on a terminal.

    A process that was started in the background ignores interrupts, and so do its children. Here they obey them.
    """
    import psutil

    def interrupt(number: int, frame: object) -> None:
        # Threads of the SDK still read from processes that end now. Their errors say nothing new.
        threading.excepthook = lambda failed: None
        warnings.simplefilter("ignore")
        for child in psutil.Process().children() if number == signal.SIGTERM else ():
            with suppress(psutil.NoSuchProcess):
                child.send_signal(signal.SIGINT)
        raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Forwarding:
    """Inside the `with`, only the started process reacts to an interrupt, and a SIGTERM reaches it as an interrupt.

    Start the process inside the `with`: then it obeys interrupts even where this process was told to ignore them.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._ended = False

    def __enter__(self) -> "Forwarding":
        self._before = {
            signal.SIGINT: signal.signal(signal.SIGINT, lambda number, frame: None),
            signal.SIGTERM: signal.signal(signal.SIGTERM, self._end),
        }
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def to(self, process: "subprocess.Popen[bytes]") -> None:
        """Name the process. A SIGTERM that came before is handed on to it now."""
        self._process = process
        if self._ended:
            process.send_signal(signal.SIGINT)

    def _end(self, number: int, frame: object) -> None:
        self._ended = True
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
