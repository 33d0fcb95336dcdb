"""The clock of a sandbox. Each call moves it a second, and `sandbox wait` moves it further; nobody sleeps."""

import time
from typing import ClassVar

from sandbox.state.database import Database

CALL_SECONDS = 1.0
"""How far one call to a simulated cloud moves the clock."""


class Clock:
    """The time in a sandbox, in seconds since 1970. It begins when the sandbox does, and stands still between calls."""

    SCHEMA: ClassVar[str] = """
    CREATE TABLE IF NOT EXISTS clock(one INTEGER PRIMARY KEY CHECK (one = 1), began REAL NOT NULL, now REAL NOT NULL);
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def now(self) -> float:
        """The time."""
        return self.move(0.0)

    def began(self) -> float:
        """When the sandbox began."""
        self.move(0.0)
        return float(self._database.rows("SELECT began FROM clock")[0][0])

    def move(self, seconds: float) -> float:
        """Move the clock on. Returns the new time. Raises ValueError for less than nothing."""
        if seconds < 0:
            raise ValueError(f"the clock cannot go back by {-seconds} seconds")
        rows = self._database.rows("SELECT now FROM clock")
        if rows and not seconds:
            return float(rows[0][0])
        with self._database.change() as connection:
            start = time.time()
            connection.execute("INSERT OR IGNORE INTO clock VALUES(1, ?, ?)", (start, start))
            connection.execute("UPDATE clock SET now = now + ?", (seconds,))
            return float(self._database.rows("SELECT now FROM clock")[0][0])
