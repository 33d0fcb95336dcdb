"""The SQLite file of a sandbox, with a connection for each thread. A change is done whole or not at all."""

import fcntl
import os
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_BUSY_SECONDS = 30


class Database:
    """The SQLite file `path`. It is made if it is missing. Safe under threads and processes."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._local = threading.local()

    def rows(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The rows of a query. Within a change it sees what was changed so far."""
        return self._connection().execute(query, values).fetchall()

    @contextmanager
    def change(self) -> Generator[sqlite3.Connection]:
        """A transaction. It is undone where the block raises. A change within another change is part of that one."""
        connection = self._connection()
        if connection.in_transaction:
            yield connection
            return
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def close(self) -> None:
        """Close this thread's connection. The next call opens another."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            del self._local.connection

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            with _alone(self._path.parent):
                connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            self._local.connection = connection
        return connection


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Inside the `with`, no other thread or process is.

    Of two that turn a new file into WAL mode at once, SQLite refuses one with "database is locked" without waiting:
    https://www.sqlite.org/c3ref/busy_handler.html
    """
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
