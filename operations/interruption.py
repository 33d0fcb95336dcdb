"""Ctrl-C, which ends the command in one line wherever it falls."""

import signal
import sys
import threading
from types import FrameType, TracebackType
from typing import Self


class Interruption:
    """Inside the `with`, raises KeyboardInterrupt at Ctrl-C, and raises it again until `end` is called.

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

    def __enter__(self) -> Self:
        self._before = sys.unraisablehook, signal.getsignal(signal.SIGALRM)
        main = threading.current_thread() is threading.main_thread()
        # It is ignored where a shell started the command in the background, and stays so.
        self._listens = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        if self._listens:
            signal.signal(signal.SIGINT, self._raise)
            signal.signal(signal.SIGALRM, self._raise)
            sys.unraisablehook = self._lost
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()
        if self._listens:
            sys.unraisablehook, alarm = self._before
            signal.signal(signal.SIGALRM, alarm)
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def end(self) -> None:
        """Raise no more: the command ends."""
        if self.asked:
            signal.setitimer(signal.ITIMER_REAL, 0)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        self.asked = True
        signal.setitimer(signal.ITIMER_REAL, self.AGAIN_SECONDS)
        raise KeyboardInterrupt

    def _lost(self, what: "sys.UnraisableHookArgs") -> None:
        """Hear of an exception that is lost. A KeyboardInterrupt needs no word, for it comes again."""
        if not issubclass(what.exc_type, KeyboardInterrupt):
            self._before[0](what)
