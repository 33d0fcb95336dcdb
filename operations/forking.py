"""A warm process. It imports what a job needs once, and forks one child for each job.

`python forking.py many FILE ARGUMENT...` imports FILE and calls its `load(ARGUMENT...)`, which imports the rest and
returns the job. A job is a function without arguments. It reads standard input, writes standard output and standard
error, and returns an exit code. FILE may also have `learned()`, which says in words what a job has found out that the
next one would find out again, and `learn(words)`, by which this process knows it too. `operations.warm` is the asker's
side. This file also runs in Checkov's environment, so it needs only the standard library.

Standard input is the socket to the asker. Each byte on it asks for one job and carries four file descriptors: the job's
standard input, output and error, and a socket for its end. When the child ends, that socket gets one line of JSON with
the exit code (negative for a signal) and the processor seconds. When the asker closes that socket, the child is killed.
When the asker closes the first socket, or dies, all children are killed and this process ends.

With `one` in place of `many` there is one job, and this process runs it itself. It forks nothing, for a child would
copy every page of memory that it touches.
"""

import contextlib
import gc
import importlib
import importlib.util
import json
import os
import selectors
import signal
import socket
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

ForkedJob = Callable[[], int]
Learned = Callable[[], Sequence[str]]
Learn = Callable[[Sequence[str]], None]


@dataclass(frozen=True)
class Child:
    """A running job: its process, the socket of its asker, and the file in which it says what the next may know."""

    pid: int
    asker: socket.socket
    told: BinaryIO


class Server:
    """Forks a child for each job until the asker is gone.

    No thread or event loop runs here, for a fork would copy none.
    """

    def __init__(self, control: socket.socket, job: ForkedJob, learned: Learned, learn: Learn) -> None:
        self._control, self._job, self._learned, self._learn = control, job, learned, learn
        self._children: dict[int, Child] = {}
        self._more: set[str] = set()
        self._words: set[str] = set()
        self._selector = selectors.DefaultSelector()
        self._bell, ring = socket.socketpair()
        self._ring = ring
        for end in (self._bell, ring):
            end.setblocking(False)
        signal.signal(signal.SIGCHLD, _nothing)  # without a handler the signal would not wake the loop
        signal.set_wakeup_fd(ring.fileno())
        self._selector.register(self._bell, selectors.EVENT_READ)
        self._selector.register(control, selectors.EVENT_READ)

    def serve(self) -> None:
        """Answer until the asker closes its end. Then kill the running children."""
        while True:
            for key, _ in self._selector.select():
                if key.fileobj is self._bell:
                    self._bell.recv(4096)
                    self._reap()
                elif key.fileobj is not self._control:
                    child: Child | None = self._children.get(key.data)
                    if child is not None:  # nobody waits for this child any more
                        self._selector.unregister(child.asker)
                        os.kill(child.pid, signal.SIGKILL)
                elif not self._ask():
                    for pid in self._children:
                        os.kill(pid, signal.SIGKILL)
                    return

    def _ask(self) -> bool:
        """Start the job that the next byte asks for. Returns False where there is no byte, for the asker is gone."""
        byte, descriptors, _, _ = socket.recv_fds(self._control, 1, 4)
        if not byte:
            return False
        self._know_more()
        streams, asker = descriptors[:3], socket.socket(fileno=descriptors[3])
        told = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the child
        try:
            pid = os.fork()
        except OSError as error:
            os.write(streams[2], f"no process could be started for it: {error.strerror}\n".encode())
            _tell(asker, 1, 0.0)
            pid = -1
        if pid == 0:
            self._become(streams, asker, told)
        for descriptor in streams:
            os.close(descriptor)
        if pid > 0:
            self._children[pid] = Child(pid, asker, told)
            self._selector.register(asker, selectors.EVENT_READ, pid)
        return True

    def _become(self, streams: list[int], asker: socket.socket, told: BinaryIO) -> None:
        """Run the job in the child, and end.

        The child closes the parent's sockets, for an open one means that the parent lives.
        """
        code = 1
        try:  # whatever goes wrong, the child must end here and not go on as its parent
            signal.set_wakeup_fd(-1)
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            self._selector.close()
            for end in (self._control, self._bell, self._ring, asker, *(c.asker for c in self._children.values())):
                end.close()
            known = set(sys.modules)
            code = _run(self._job, streams)
            told.write(json.dumps([sorted(set(sys.modules) - known), list(self._learned())]).encode())
            told.flush()
        finally:
            os._exit(code)  # no exit handler of the parent may run here

    def _reap(self) -> None:
        """Tell the asker of each ended child how it ended."""
        while self._children:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                return
            child = self._children.pop(pid)
            with contextlib.suppress(KeyError):  # the asker left before the child ended
                self._selector.unregister(child.asker)
            _tell(child.asker, os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime)
            with child.told as told:
                told.seek(0)
                more, words = json.loads(told.read() or b"[[], []]")  # nothing where it was killed
                self._more |= set(more)
                self._words |= set(words)

    def _know_more(self) -> None:
        """Import the modules that ended children imported from libraries loaded here, so that the next child has them.

        The SDKs load a service when it is first touched. Only the program of a stack knows which ones it touches. Then
        learn what the children have found out.
        """
        for name in sorted(self._more):
            package, _, last = name.rpartition(".")
            if package in sys.modules:
                # A package may load itself at the first touch. Importing only a module below it would leave it empty.
                hasattr(sys.modules[package], last)
            if name.partition(".")[0] in sys.modules and name not in sys.modules:
                importlib.import_module(name)
        if self._words:
            self._learn(sorted(self._words))
        if self._more or self._words:
            gc.freeze()
        self._more.clear()
        self._words.clear()


def _nothing(number: int, frame: object) -> None:
    """Do nothing on a signal."""


def _nothing_more(words: Sequence[str]) -> None:
    """Learn nothing, where a job says nothing of the sort."""


def _run(job: ForkedJob, streams: list[int]) -> int:
    """Run a job on its standard input, output and error. Returns its exit code, 1 where it breaks."""
    try:
        for number, descriptor in enumerate(streams):
            os.dup2(descriptor, number)
        code = job()
        sys.stdout.flush()
    except BaseException:  # an exit too: the job's code is what it returns
        traceback.print_exc()
        code = 1
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    return code


def _tell(asker: socket.socket, code: int, seconds: float) -> None:
    with asker, contextlib.suppress(OSError):
        asker.sendall(json.dumps({"code": code, "seconds": seconds}).encode() + b"\n")


def _serve_one(control: socket.socket, job: ForkedJob) -> None:
    """Run the one job in this process, and tell its asker how it ended."""
    byte, descriptors, _, _ = socket.recv_fds(control, 1, 4)
    if not byte:
        return
    asker = socket.socket(fileno=descriptors[3])
    threading.Thread(target=_end_with, args=(control, asker), daemon=True).start()
    before = sum(os.times()[:4])
    code = _run(job, descriptors[:3])
    # Tell it on a copy: the thread still looks at this socket, which stays open until the process ends.
    _tell(asker.dup(), code, sum(os.times()[:4]) - before)


def _end_with(*askers: socket.socket) -> None:
    """End this process as soon as an asker closes its end: nobody waits for the job any more."""
    with selectors.DefaultSelector() as closing:
        for asker in askers:
            closing.register(asker, selectors.EVENT_READ)
        closing.select()
    os._exit(1)


def main() -> None:
    """Import the job and serve it."""
    # Use a copy. Standard input then stays open until this process ends, so its closing tells the asker of the end.
    control = socket.socket(fileno=os.dup(0))
    gc.disable()  # what is imported stays, and garbage collection over it would take a quarter of the time
    jobs, file, *arguments = sys.argv[1:]
    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    if spec is None or spec.loader is None:
        sys.exit(f"{file}: is no Python file")
    module = sys.modules[spec.name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    job: ForkedJob = module.load(*arguments)
    gc.freeze()  # a collection in a child would touch all of it, and so copy it
    if jobs == "one":
        _serve_one(control, job)
    else:
        Server(control, job, getattr(module, "learned", list), getattr(module, "learn", _nothing_more)).serve()
    os._exit(0)


if __name__ == "__main__":
    main()
