"""The long-running operations of the REST double. They outlive the process that began them."""

import json
from collections.abc import Mapping
from typing import ClassVar

from catalogue.marked import Json
from sandbox.state.database import Database


class Operations:
    """The operations by name. Each change of one has a revision, so that a reader can ask for what is new."""

    SCHEMA: ClassVar[str] = """
    CREATE TABLE IF NOT EXISTS operations(name TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL);
    CREATE INDEX IF NOT EXISTS operations_by_revision ON operations(revision);
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def since(self, revision: int = 0) -> tuple[dict[str, Json], int]:
        """The operations that changed after that revision, and the newest revision."""
        query = "SELECT name, value, revision FROM operations WHERE revision > ? ORDER BY revision"
        rows = self._database.rows(query, (revision,))
        return {name: json.loads(value) for name, value, _ in rows}, rows[-1][2] if rows else revision

    def keep(self, changed: Mapping[str, Json]) -> None:
        """Add or replace operations."""
        with self._database.change() as connection:
            for name, value in changed.items():
                connection.execute(
                    "INSERT OR REPLACE INTO operations SELECT ?, ?, COALESCE(MAX(revision), 0) + 1 FROM operations",
                    (name, json.dumps(value)),
                )
