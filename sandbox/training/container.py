"""A container of the steps' image, which is a process of this machine: the sandbox has no containers.

It runs the program that the image's Dockerfile starts, with the words and variables that a service hands it, and with a
folder in place of the root of its files. What it has imported in the process that starts it, it need not import again.
Nothing keeps it from this machine's own files and network: it is the code of this checkout, and no other.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path
from typing import Any, cast

from examples.steps import __main__ as steps

LONGEST = 600.0
"""Seconds that a container may take on this machine, which trains the example in a few."""
STOPS = 120.0
"""Seconds after which one that was asked to stop is killed: SageMaker's,
https://docs.aws.amazon.com/sagemaker/latest/dg/your-algorithms-training-algo-running-container.html
"""


@dataclass(frozen=True)
class Struck:
    """How a container is struck: with which signal, when it is about to put this file in its place, counted from 1.

    So what it put in its place before stands, and what comes after does not.
    """

    signal: signal.Signals
    file: int


@dataclass(frozen=True)
class Exit:
    """How a container ended: its exit code, as a container has one, its log, and whether it was struck.

    One that ends before it has come to the file was not.
    """

    code: int
    log: str
    struck: bool


def run(root: Path, words: Sequence[str], variables: Mapping[str, str], struck: Struck | None = None) -> Exit:
    """Run the image's program to its end. Its log is not among its files."""
    log = root.with_name(f"{root.name}.log")
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_inside, args=(root, words, variables, struck, log, theirs))
    process.start()
    theirs.close()
    try:
        met = ours in wait([ours, process.sentinel], LONGEST) and _told(cast(Connection, ours))
        if struck is not None and met:
            os.kill(process.pid or 0, struck.signal)
            process.join(STOPS)
        else:
            process.join(LONGEST)
        if process.is_alive():
            process.kill()
            process.join()
    finally:
        ours.close()
    code = process.exitcode or 0
    said = as_inside(root, log.read_text(encoding="utf-8", errors="replace"))
    return Exit(128 - code if code < 0 else code, said, met)


def as_inside(root: Path, text: str) -> str:
    """A text of the container's in which its files have the names that they have in a container."""
    return text.replace(f"{root}/", "/")


def _told(ours: Connection) -> bool:
    """Whether the container has come to the file at which it is struck; its end closes the pipe, too."""
    try:
        return bool(ours.recv())
    except EOFError:
        return False


def _inside(
    root: Path,
    words: Sequence[str],
    variables: Mapping[str, str],
    struck: Struck | None,
    log: Path,
    theirs: Connection,
) -> None:
    sys.stdout = sys.stderr = log.open("w", encoding="utf-8")
    signal.signal(signal.SIGTERM, steps.stop)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(root)
    if struck is not None:
        sys.addaudithook(_Waits(struck.file, root, theirs))
    sys.exit(steps.main(words, variables, root))


class _Waits:
    """Holds the container up before it puts the file in its place, says so, and waits to be struck.

    An audit hook, for the program is to know nothing of it: https://docs.python.org/3/library/audit_events.html
    """

    def __init__(self, file: int, root: Path, theirs: Connection) -> None:
        self._left, self._root, self._theirs = file, root, theirs

    def __call__(self, event: str, args: tuple[Any, ...]) -> None:
        if event != "os.rename" or not Path(str(args[1])).is_relative_to(self._root):
            return
        self._left -= 1
        if self._left == 0:
            self._theirs.send(True)
            time.sleep(LONGEST)
