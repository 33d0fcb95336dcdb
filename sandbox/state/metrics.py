"""The metrics of a sandbox. A person plays them in as the traffic of an endpoint."""

from dataclasses import dataclass
from typing import ClassVar

from sandbox.state.database import Database


@dataclass(frozen=True)
class Played:
    """The metrics of an endpoint, or of one version of it. `p95_ms` is None where no latency was measured.

    Zero `requests` mean that nobody calls.
    """

    p95_ms: float | None = None
    error_percent: float = 0.0
    requests: int = 1000


class Metrics:
    """The played-in metrics, by the name of an endpoint or deployment."""

    SCHEMA: ClassVar[str] = """
    CREATE TABLE IF NOT EXISTS metrics(
        name TEXT PRIMARY KEY, p95_ms REAL, error_percent REAL NOT NULL, requests INTEGER NOT NULL) WITHOUT ROWID;
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def play(self, name: str, played: Played | None) -> None:
        """Set the metrics of an endpoint, or of one deployment of it, from now on. None removes them."""
        with self._database.change() as connection:
            connection.execute("DELETE FROM metrics WHERE name = ?", (name,))
            if played is not None:
                row = (name, played.p95_ms, played.error_percent, played.requests)
                connection.execute("INSERT INTO metrics VALUES(?, ?, ?, ?)", row)

    def played(self) -> dict[str, Played]:
        """All played-in metrics."""
        query = "SELECT name, p95_ms, error_percent, requests FROM metrics ORDER BY name"
        return {name: Played(*shown) for name, *shown in self._database.rows(query)}
