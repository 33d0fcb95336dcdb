"""Ctrl-C while the engine runs the program: the engine says so itself, and the program ends without a word."""

import os
import signal
import sys
from pathlib import Path
from types import FrameType

SAID = 32
"""The exit code by which a program tells Pulumi's language host that the user has read what there is to read:
https://github.com/pulumi/pulumi/blob/master/sdk/python/cmd/pulumi-language-python-exec"""


def is_engines(program: Path) -> bool:
    """Whether the engine runs `program` in this process. An offline preview runs it beside other work."""
    return Path(sys.argv[0]).resolve() == program.resolve()


def end_quietly() -> None:
    """Let an interrupt end this process at once, unless it is ignored.

    Python's own handler raises KeyboardInterrupt in whatever code runs, and the engine prints its traceback among the
    diagnostics. Nothing is lost: what was registered is the engine's.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def _end(number: int, frame: FrameType | None) -> None:
    os._exit(SAID)
