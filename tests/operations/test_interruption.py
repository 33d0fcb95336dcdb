"""Ctrl-C where Python or a library makes something else of it: the command still ends in one line."""

import subprocess
import sys

import pytest

from stacks.config import STACKS

# The command's work is replaced: it interrupts itself inside what loses or changes the exception, then waits for ever.
INTERRUPTED = """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)
from operations import __main__
from operations.interruption import Interruption
Interruption.AGAIN_SECONDS = 0.05
def interrupt(*_):
    signal.raise_signal(signal.SIGINT)
class Lost:
    __del__ = interrupt
class Descriptor:
    __set_name__ = interrupt
def lost():
    Lost()
def lost_without_a_word():
    try:
        interrupt()
    except BaseException:
        pass
def changed():
    type("Made", (), {"of": Descriptor()})
def raised():
    interrupt()
def work():
    {how}()
    os.read(os.pipe()[0], 1)
__main__._run = work
__main__.main()
"""


@pytest.mark.parametrize("how", ["lost", "lost_without_a_word", "changed", "raised"])
def test_an_interrupt_that_a_library_loses_or_changes_ends_the_command(how: str) -> None:
    code = INTERRUPTED.replace("{how}", how)
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=STACKS.parent, capture_output=True, text=True, timeout=120, check=False
    )
    assert (ended.returncode, ended.stderr) == (130, "stopped; reports that are not whole were not written\n")


def test_what_else_is_lost_is_still_printed() -> None:
    code = (
        "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "from operations import __main__\n"
        "class Broken:\n"
        "    def __del__(self): raise ValueError('of a library')\n"
        "__main__._run = Broken\n"
        "__main__.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=STACKS.parent, capture_output=True, text=True, timeout=120, check=False
    )
    assert ended.returncode == 0 and "ValueError: of a library" in ended.stderr
