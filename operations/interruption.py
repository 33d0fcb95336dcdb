"""Ctrl-C, which ends the command in one line wherever it falls."""

import signal
import sys
import threading
from types import FrameType


class Interruption:
    """Raises KeyboardInterrupt at Ctrl-C, and raises it again until the command ends.

    Python raises it in whatever code runs at that moment. Where that is a callback of an import, or Python code that a
    native module called, the exception is lost: some two in a hundred of those that fell into the imports of a verdict
    were, and the command then waited for its programs as if nobody had asked it to stop. Other code makes another
    exception of it, such as the SchemaError of a pydantic model; `asked` then says what it was.
    https://docs.python.org/3/library/signal.html#note-on-signal-handlers-and-exceptions
    """

    AGAIN_SECONDS = 2.0
    """Long enough for what ends in order when the first is not lost."""

    def __init__(self) -> None:
        self.asked = False

    def listen(self) -> None:
        """Take Ctrl-C, unless it is ignored already, as it is where a shell started the command in the background."""
        main = threading.current_thread() is threading.main_thread()
        if main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            signal.signal(signal.SIGINT, self._raise)
            signal.signal(signal.SIGALRM, self._raise)
            sys.unraisablehook = _silent

    def end(self) -> None:
        """Raise no more: the command ends."""
        if self.asked:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.setitimer(signal.ITIMER_REAL, self.AGAIN_SECONDS)
        raise KeyboardInterrupt


def _silent(lost: "sys.UnraisableHookArgs") -> None:
    """Print what is lost, but for a KeyboardInterrupt, which comes again."""
    if not issubclass(lost.exc_type, KeyboardInterrupt):
        sys.__unraisablehook__(lost)
