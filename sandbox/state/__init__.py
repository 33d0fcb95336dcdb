"""What the simulated clouds remember.

Each sandbox has one SQLite file for its plugins, its REST double and `sandbox ls`.

Every change is one short transaction, so a killed process leaves either all of a change or nothing. SQLite writes to a
log first and does not flush it to the disk. So a change survives a killed process, but not a power cut.
"""

import zlib
from pathlib import Path

from sandbox.state.account import Account
from sandbox.state.clock import Clock
from sandbox.state.content import Content
from sandbox.state.database import Database
from sandbox.state.faults import Faults
from sandbox.state.journal import Journal
from sandbox.state.metrics import Metrics
from sandbox.state.operations import Operations
from sandbox.state.resources import Resources

_PARTS = (Clock, Account, Journal, Resources, Faults, Metrics, Operations)
VERSION = zlib.crc32("".join(part.SCHEMA for part in _PARTS).encode()) & 0x7FFFFFFF
"""The version of the store: another whenever its tables are others. SQLite keeps it as the `user_version` of the file,
which is 0 where nobody set it: https://www.sqlite.org/pragma.html#pragma_user_version
"""


class OtherVersion(Exception):
    """The store was made by another version of this program. `str()` says so."""


class State:
    """All that one sandbox remembers, in the file `path`. The file is made if it is missing.

    What was uploaded lies beside it, in the folder `content`.

    Safe under threads and processes. Raises OtherVersion for a file with other tables.
    """

    def __init__(self, path: Path) -> None:
        self._database = Database(path)
        with self._database.change() as connection:
            ((tables,),) = self._database.rows("SELECT count(*) FROM sqlite_master")
            ((found,),) = self._database.rows("PRAGMA user_version")
            if tables and found != VERSION:
                raise OtherVersion(f"{path}: another version of this program made this sandbox")
            for part in _PARTS:
                for statement in part.SCHEMA.split(";"):
                    connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        self.content = Content(path.parent / "content")
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
