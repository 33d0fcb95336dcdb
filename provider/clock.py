"""Three clocks: real time, a clock for tests that passes without waiting, and the clock of a cloud's double."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from provider.errors import Cancelled


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Cancelled when the engine cancels meanwhile."""
        ...

    def steadfast(self) -> "Clock":
        """The same time, with waits that nobody cancels: for what must be done after a cancel too."""
        ...


@dataclass
class WallClock:
    """Real time. Setting `cancelled` ends every wait."""

    cancelled: threading.Event = field(default_factory=threading.Event)

    def now(self) -> float:  # noqa: D102
        return time.time()

    def sleep(self, seconds: float) -> None:  # noqa: D102
        if self.cancelled.wait(seconds):
            raise Cancelled("cancelled while waiting; the next update takes up what was begun")

    def steadfast(self) -> "WallClock":  # noqa: D102
        return WallClock()


@dataclass
class InstantClock:
    """A clock that moves only when somebody waits. The wait itself takes no time."""

    time: float = 1_800_000_000.0

    def now(self) -> float:  # noqa: D102
        return self.time

    def sleep(self, seconds: float) -> None:  # noqa: D102
        self.time += max(seconds, 0.001)

    def steadfast(self) -> "InstantClock":  # noqa: D102
        return replace(self)


@dataclass
class DoublesClock(WallClock):
    """The clock of a double of a cloud, which every wait moves on. An `instant` wait takes no time of ours.

    It begins at the double's time. Others may move the double's clock too, so it may be behind, and is never ahead.
    `tell` hands the double the seconds that were waited for.
    """

    time: float = field(kw_only=True)
    tell: Callable[[float], object] = field(kw_only=True)
    instant: bool = field(kw_only=True)

    def now(self) -> float:  # noqa: D102
        return self.time

    def sleep(self, seconds: float) -> None:  # noqa: D102
        if not self.instant:
            super().sleep(seconds)
        self.time += max(seconds, 0.001)
        self.tell(seconds)

    def steadfast(self) -> "DoublesClock":  # noqa: D102
        return replace(self, cancelled=threading.Event())


def stamp(seconds: float) -> str:
    """Seconds since 1970 in the form of the clouds' metrics APIs: `2027-01-15T08:00:00Z`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
