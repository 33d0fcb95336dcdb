"""The journal of a sandbox: every call to its clouds, in order."""

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from sandbox.state.database import Database


@dataclass(frozen=True)
class Event:
    """One call. `at` is its time in seconds since 1970. `said` is empty where the call went well.

    `operation` is create, read, update, delete, invoke, drift, fault, refused or rollback.
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

    def __init__(self, database: Database) -> None:
        self._database = database

    def note(self, operation: str, type: str, name: str, id: str = "", run: str = "", said: str = "") -> None:
        """Add an event that happens now. A change of a resource adds its event by itself."""
        with self._database.change() as connection:
            connection.execute(
                "INSERT INTO events(at, operation, type, name, id, run, said) VALUES(?, ?, ?, ?, ?, ?, ?)",
                (time.time(), operation, type, name, id, run, said),
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
        query = f"SELECT DISTINCT type, id FROM events WHERE key > ? AND type IN ({marks})"
        return {(type_, id_) for type_, id_ in self._database.rows(query, (call, *types))}
