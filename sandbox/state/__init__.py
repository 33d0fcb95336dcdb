"""What the simulated clouds remember.

Each sandbox has one SQLite file for its plugins, its REST double and `sandbox ls`.

Every change is one short transaction, so a killed process leaves either all of a change or nothing. SQLite writes to a
log first and does not flush it to the disk. So a change survives a killed process, but not a power cut.
"""

from pathlib import Path

from sandbox.state.account import Account
from sandbox.state.clock import Clock
from sandbox.state.database import Database
from sandbox.state.faults import Faults
from sandbox.state.journal import Journal
from sandbox.state.metrics import Metrics
from sandbox.state.operations import Operations
from sandbox.state.resources import Resources


class State:
    """All that one sandbox remembers, in the file `path`. The file is made if it is missing.

    Safe under threads and processes.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        with self._database.change() as connection:
            for part in (Clock, Account, Journal, Resources, Faults, Metrics, Operations):
                for statement in part.SCHEMA.split(";"):
                    connection.execute(statement)
        self.clock = Clock(self._database)
        self.account = Account(self._database)
        self.journal = Journal(self._database, self.clock)
        self.resources = Resources(self._database, self.journal, self.clock)
        self.faults = Faults(self._database)
        self.metrics = Metrics(self._database)
        self.operations = Operations(self._database)

    def reset(self) -> None:
        """Forget everything."""
        with self._database.change() as connection:
            for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
                connection.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        """Close this thread's connection. The next call opens another."""
        self._database.close()
