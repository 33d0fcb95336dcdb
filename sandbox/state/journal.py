"""The journal of a sandbox: every call to its clouds, in order."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sandbox.state.clock import CALL_SECONDS, Clock
from sandbox.state.database import Database


@dataclass(frozen=True)
class Event:
    """One call. `at` is its time by the sandbox's clock, in seconds since 1970.

    `operation` is create, read, update, delete, invoke, drift, fault, rollback, or refused: for what the account lacks,
    or for the sake of another resource. `said` is empty where the call went well.
    """

    at: float
    operation: str
    type: str
    name: str
    id: str
    run: str
    said: str


class Journal:
    """The events, oldest first."""

    SCHEMA: ClassVar[str] = """
    CREATE TABLE IF NOT EXISTS events(
        key INTEGER PRIMARY KEY, at REAL NOT NULL, operation TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL,
        id TEXT NOT NULL, run TEXT NOT NULL, said TEXT NOT NULL);
    """

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def note(self, operation: str, type: str, name: str, id: str = "", run: str = "", said: str = "") -> None:
        """Add an event that happens now; it moves the clock. A change of a resource adds its event by itself."""
        with self._database.change() as connection:
            connection.execute(
                "INSERT INTO events(at, operation, type, name, id, run, said) VALUES(?, ?, ?, ?, ?, ?, ?)",
                (self._clock.move(CALL_SECONDS), operation, type, name, id, run, said),
            )

    def events(self) -> list[Event]:
        """Every event."""
        query = "SELECT at, operation, type, name, id, run, said FROM events ORDER BY key"
        return [Event(*row) for row in self._database.rows(query)]

    def calls(self) -> int:
        """The number of events so far."""
        return int(self._database.rows("SELECT COALESCE(MAX(key), 0) FROM events")[0][0])

    def changed_since(self, call: int, types: Sequence[str]) -> set[tuple[str, str]]:
        """Type and id of each resource of these types with an event after the call of this number (see `calls`)."""
        marks = ", ".join("?" for _ in types)
        query = f"SELECT DISTINCT type, id FROM events WHERE key > ? AND id <> '' AND type IN ({marks})"
        return {(type_, id_) for type_, id_ in self._database.rows(query, (call, *types))}
