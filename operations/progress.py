"""Shows the progress of a command on standard error: one moving line in a terminal, a line for each stage in a log."""

import threading
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.text import Text


class Progress:
    """The current stages of several stacks. Any thread may report one."""

    def __init__(self, console: Console, total: int) -> None:
        self._console, self._total = console, total
        self._status = console.status("") if console.is_terminal else None
        self._lock = threading.Lock()
        self._at: dict[str, str] = {}
        self._done = 0

    def stage(self, stack: str, stage: str) -> None:
        """Report that a stack has reached a stage."""
        with self._lock:
            self._at[stack] = stage
            if self._status is None:
                self._console.print(f"{stack}: {stage}", highlight=False)
            self._show()

    def ended(self, stack: str) -> None:
        """Count a stack that is done, with or without a verdict."""
        with self._lock:
            self._at.pop(stack, None)
            self._done += 1
            self._show()

    def left(self, what: str) -> None:
        """Forget something that is no stack and is done."""
        with self._lock:
            self._at.pop(what, None)
            self._show()

    def _show(self) -> None:
        if self._status is not None:
            done = f"{self._done} of {self._total} judged  " if self._total > 1 else ""
            at = ", ".join(f"{stack}: {stage}" for stack, stage in self._at.items())
            self._status.update(Text(f"{done}{at}", no_wrap=True, overflow="ellipsis"))

    def __enter__(self) -> Self:
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._status is not None:
            self._status.stop()
