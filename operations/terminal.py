"""What reaches a terminal is text: no name, message or answer from outside moves the cursor, hides or reorders a line.

Every command writes through `Inert`, whichever way it prints. The sequences that stay are those of rich, which colours
words and moves the one line of progress, and they stay in a terminal alone: a pipe or a file gets none.
"""

import re
import sys
from contextlib import ExitStack, redirect_stderr, redirect_stdout
from typing import TYPE_CHECKING, Any, TextIO, cast

if TYPE_CHECKING:
    from rich.console import Console

_ESCAPES = "\x1b"
_CONTROLS = "\x00-\x08\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f-\x9f"
_REORDERS = "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
"""The marks of writing from right to left, by which a line can read otherwise than it is ("Trojan Source",
https://trojansource.codes/), and the line ends that only some programs break at."""
_OF_RICH = r"\[(?:[0-9;]*m|\?25[hl]|[0-9]*[AGK])"
_IN_A_FILE = re.compile(f"[{_CONTROLS}{_REORDERS}{_ESCAPES}]")
_IN_A_TERMINAL = re.compile(f"[{_CONTROLS}{_REORDERS}]|{_ESCAPES}(?!{_OF_RICH})")


class Inert:
    """A stream of text that lets no control character through; all else is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        """Write what is left of the text. Answers the length of all of it, as the caller counts."""
        left = text if text.isprintable() else (_IN_A_TERMINAL if self.isatty() else _IN_A_FILE).sub("", text)
        self._stream.write(left)
        return len(text)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


def inert() -> ExitStack:
    """Both streams of this process are inert inside."""
    made = ExitStack()
    made.enter_context(redirect_stdout(cast(TextIO, Inert(sys.stdout))))
    made.enter_context(redirect_stderr(cast(TextIO, Inert(sys.stderr))))
    return made


def text_console(*, stderr: bool = False, soft_wrap: bool = False, width: int | None = None) -> "Console":
    """A console of rich to which every text is text: no name in brackets colours a word or hides a link.

    All of `operations` prints tables by it; `tests/operations/test_hostile.py` finds any other.
    """
    from rich.console import Console

    return Console(stderr=stderr, soft_wrap=soft_wrap, width=width, markup=False, emoji=False)
