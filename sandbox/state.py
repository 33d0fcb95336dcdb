"""What the simulated clouds remember: one SQLite file a sandbox, for the plugins, the REST double and `sandbox ls`.

Every change is one short transaction, so that a process that is killed leaves all of it or nothing. The journal is
SQLite's write-ahead log; it is not flushed to the disk, which survives a killed process but not a power cut.
"""

import fnmatch
import json
import sqlite3
import threading
import time
from collections.abc import Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast, get_args

from catalogue.marks import SECRET_KIND, SECRET_MARK

Json = dict[str, Any]
FaultKind = Literal[
    "quota-exceeded", "no-capacity", "throttle", "slow", "fails-after-success", "access-denied", "crash", "name-held"
]
FAULTS: tuple[FaultKind, ...] = get_args(FaultKind)
SECRET: Mapping[str, str] = {SECRET_MARK: SECRET_KIND}
"""What stands in the file where a secret was: Pulumi's mark without the value."""

_BUSY_SECONDS = 30
_SCHEMA = """
CREATE TABLE IF NOT EXISTS resources(
    key INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, platform TEXT NOT NULL, account TEXT NOT NULL,
    region TEXT NOT NULL, name TEXT NOT NULL, urn TEXT NOT NULL, inputs TEXT NOT NULL, outputs TEXT NOT NULL,
    created REAL NOT NULL, generation INTEGER NOT NULL, serial INTEGER NOT NULL, run TEXT NOT NULL,
    known INTEGER NOT NULL, contents INTEGER NOT NULL, UNIQUE(type, account, region, id));
CREATE INDEX IF NOT EXISTS resources_by_urn ON resources(urn);
CREATE INDEX IF NOT EXISTS resources_by_id ON resources(id);
CREATE TABLE IF NOT EXISTS handles(handle TEXT NOT NULL, key INTEGER NOT NULL, PRIMARY KEY(handle, key)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS handles_by_key ON handles(key);
CREATE TABLE IF NOT EXISTS links(source INTEGER NOT NULL, target INTEGER NOT NULL, holds INTEGER NOT NULL,
    PRIMARY KEY(source, target)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS links_by_target ON links(target);
CREATE TABLE IF NOT EXISTS names(name TEXT PRIMARY KEY, key INTEGER, reason TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS names_by_key ON names(key);
CREATE TABLE IF NOT EXISTS generations(urn TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS faults(
    key INTEGER PRIMARY KEY, kind TEXT NOT NULL, place TEXT NOT NULL, times INTEGER NOT NULL, argument TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS metrics(
    name TEXT PRIMARY KEY, p95_ms REAL, error_percent REAL NOT NULL, requests INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS operations(name TEXT PRIMARY KEY, value TEXT NOT NULL, revision INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS operations_by_revision ON operations(revision);
CREATE TABLE IF NOT EXISTS events(
    key INTEGER PRIMARY KEY, at REAL NOT NULL, operation TEXT NOT NULL, type TEXT NOT NULL, name TEXT NOT NULL,
    id TEXT NOT NULL, run TEXT NOT NULL, said TEXT NOT NULL);
"""
_TABLES = ("resources", "handles", "links", "names", "generations", "faults", "metrics", "operations", "events")
_COLUMNS = (
    "key, type, id, platform, account, region, name, urn, inputs, outputs, created, generation, serial, run, known,"
    " contents"
)
_OF_RESOURCE = ", ".join(f"r.{column.strip()}" for column in _COLUMNS.split(","))
_FILTERS = frozenset({"type", "id", "platform", "account", "region", "name", "urn"})


class Missing(Exception):
    """A resource that an input names does not exist: `str()` is the input's path and value."""


class Taken(Exception):
    """A name is taken, by a resource (`key`) or by one that was deleted softly (`key` is None; `str()` says why)."""

    def __init__(self, reason: str, key: int | None) -> None:
        super().__init__(reason)
        self.key = key


class Held(Exception):
    """A resource cannot be deleted: `str()` says what still uses it."""


@dataclass(frozen=True)
class New:
    """A resource to be created. Secrets in `inputs` and `outputs` carry Pulumi's mark; they are not stored.

    `names` are unique strings that it takes, `handles` what others may call it by beside its id, `links` what it
    refers to, `serial` says how many were made for the URN before and with it.
    """

    type: str
    id: str
    platform: str
    account: str
    region: str
    name: str
    inputs: Mapping[str, Any]
    outputs: Mapping[str, Any]
    urn: str = ""
    serial: int = 1
    run: str = ""
    names: Sequence[str] = ()
    handles: Sequence[str] = ()
    links: Sequence["Link"] = ()


@dataclass(frozen=True)
class Link:
    """A reference: the input at `path` says `handle`, which must be a resource of one of `types`.

    One that `holds` keeps what it refers to from being deleted. Where what it refers to may be `outside` the sandbox,
    it need not exist.
    """

    path: str
    handle: str
    types: tuple[str, ...]
    holds: bool = False
    outside: bool = False


@dataclass(frozen=True)
class Record:
    """A resource as it is stored. `created` is in seconds since 1970; `generation` counts its changes, from 1.

    `known` says that the engine has shown that it knows of the resource; one that it does not know was made by a run
    (`run`, an id of one plugin process) that was cut. `contents` counts what keeps a bucket from being deleted.
    """

    key: int
    type: str
    id: str
    platform: str
    account: str
    region: str
    name: str
    urn: str
    inputs: Json
    outputs: Json
    created: float
    generation: int
    serial: int = 1
    run: str = ""
    known: bool = False
    contents: int = 0


@dataclass(frozen=True)
class Event:
    """One call: `operation` is create, read, update, delete, drift or invoke; `said` is empty where it went well."""

    at: float
    operation: str
    type: str
    name: str
    id: str
    run: str
    said: str


@dataclass(frozen=True)
class Fault:
    """An armed fault. `place` is a shell pattern for a logical name, a type or `type::name`.

    What `argument` says: no-capacity and quota-exceeded, texts that must all be among the resource's (a machine type, a
    zone), with commas; slow, seconds; access-denied, the persona; crash, `before` or `after` (the cloud did it); else
    nothing.
    """

    key: int
    kind: FaultKind
    place: str
    times: int
    argument: str = field(default="")


@dataclass(frozen=True)
class Played:
    """What the metrics show of an endpoint or one version of it. None: no latency was measured; 0 requests: silence."""

    p95_ms: float | None = None
    error_percent: float = 0.0
    requests: int = 1000


class State:
    """The resources, events, faults and metrics of one sandbox, in the file `path`, made if missing.

    Safe under threads and processes.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._local = threading.local()
        with self._change() as connection:
            for statement in _SCHEMA.split(";"):
                connection.execute(statement)

    def create(self, new: New) -> Record:
        """Store a resource. Raises Missing for a link to nothing, Taken for a name that is not free."""
        with self._change() as connection:
            targets = self._resolve(connection, new.account, new.region, new.links)
            for name in new.names:
                row = connection.execute("SELECT key, reason FROM names WHERE name = ?", (name,)).fetchone()
                if row:
                    raise Taken(str(row[1]), row[0])
            same = connection.execute(
                "SELECT key FROM resources WHERE type = ? AND account = ? AND region = ? AND id = ?",
                (new.type, new.account, new.region, new.id),
            ).fetchone()
            if same:
                raise Taken(f"{new.id} exists already", same[0])
            now = time.time()
            row = (new.type, new.id, new.platform, new.account, new.region, new.name, new.urn)
            stored = (_dump(new.inputs), _dump(new.outputs), now, new.serial, new.run)
            cursor = connection.execute(
                "INSERT INTO resources(type, id, platform, account, region, name, urn, inputs, outputs, created,"
                " serial, run, generation, known, contents) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, 0)",
                row + stored,
            )
            key = int(cursor.lastrowid or 0)
            handles = {(handle, key) for handle in (new.id, *new.handles) if handle}
            connection.executemany("INSERT INTO handles VALUES(?, ?)", sorted(handles))
            connection.executemany("INSERT INTO links VALUES(?, ?, ?)", [(key, t, h) for t, h in targets.items()])
            connection.executemany(
                "INSERT INTO names VALUES(?, ?, ?)", [(name, key, f"{name} exists already") for name in new.names]
            )
            connection.execute(
                "INSERT INTO generations VALUES(?, 1) ON CONFLICT(urn) DO UPDATE SET count = count + 1", (new.urn,)
            )
            _log(connection, "create", new.type, new.name, new.id, new.run)
            return self._one(connection, key)

    def get(self, type: str, id: str, account: str = "", region: str = "") -> Record | None:
        """The resource of that type and id; account and region only where the id is not unique without them."""
        wanted = {"type": type, "id": id, "account": account, "region": region}
        return next(iter(self.find(**{key: value for key, value in wanted.items() if value})), None)

    def find(self, **where: str) -> list[Record]:
        """Resources whose type, id, platform, account, region, name or urn is as given, in order of creation."""
        unknown = set(where) - _FILTERS
        if unknown:
            raise ValueError(f"resources have no {', '.join(sorted(unknown))}")
        clause = " AND ".join(f"{column} = ?" for column in where) or "1"
        query = f"SELECT {_COLUMNS} FROM resources WHERE {clause} ORDER BY key"  # columns are checked above
        return [_record(row) for row in self._connection().execute(query, tuple(where.values()))]

    def all(self) -> list[Record]:
        """Every resource, in order of creation."""
        return self.find()

    def named(self, handle: str) -> list[Record]:
        """Resources that go by that id, name, ARN or link."""
        query = (
            f"SELECT {_OF_RESOURCE} FROM resources r JOIN handles h ON h.key = r.key WHERE h.handle = ? ORDER BY r.key"
        )
        return [_record(row) for row in self._connection().execute(query, (handle,))]

    def below(self, id: str, account: str) -> list[Record]:
        """What has an id below that one, in order of creation."""
        return _below(self._connection(), id, account)

    def changed_since(self, call: int, types: Sequence[str]) -> set[tuple[str, str]]:
        """Type and id of what events after that call (see `calls`) tell of, of these types."""
        marks = ", ".join("?" for _ in types)
        query = f"SELECT DISTINCT type, id FROM events WHERE key > ? AND type IN ({marks})"
        return {(type_, id_) for type_, id_ in self._connection().execute(query, (call, *types))}

    def targets(self, key: int) -> list[Record]:
        """What the resource refers to."""
        query = (
            f"SELECT {_OF_RESOURCE} FROM resources r JOIN links l ON l.target = r.key WHERE l.source = ? ORDER BY r.key"
        )
        return [_record(row) for row in self._connection().execute(query, (key,))]

    def update(
        self,
        key: int,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        links: Sequence[Link] | None = None,
        run: str = "",
    ) -> Record:
        """Replace inputs and outputs, and what it refers to (None: as before). Raises Missing, and KeyError if gone."""
        with self._change() as connection:
            was = self._one(connection, key)
            if links is not None:
                targets = self._resolve(connection, was.account, was.region, links)
                connection.execute("DELETE FROM links WHERE source = ?", (key,))
                connection.executemany("INSERT INTO links VALUES(?, ?, ?)", [(key, t, h) for t, h in targets.items()])
            connection.execute(
                "UPDATE resources SET inputs = ?, outputs = ?, generation = generation + 1 WHERE key = ?",
                (_dump(inputs), _dump(outputs), key),
            )
            _log(connection, "update", was.type, was.name, was.id, run)
            return self._one(connection, key)

    def delete(self, key: int, hold_names: str = "", run: str = "", below: bool = False, emptied: bool = False) -> None:
        """Remove a resource; gone already is fine. With `hold_names`, a reason, its names stay taken (soft delete).

        With `below`, what has an id below its own goes with it; what it contains goes if it is `emptied`. Raises Held
        while another resource that holds it exists, or while it has contents.
        """
        with self._change() as connection:
            try:
                was = self._one(connection, key)
            except KeyError:
                return
            goes = [was, *(reversed(_below(connection, was.id, was.account)) if below else ())]
            for one in goes:
                self._check_free(connection, one, {other.key for other in goes} if one is not was else {key})
                if one.contents and not emptied:
                    raise Held(f"{one.name} still holds {one.contents} objects")
            for one in reversed(goes):
                if hold_names:
                    connection.execute("UPDATE names SET key = NULL, reason = ? WHERE key = ?", (hold_names, one.key))
                _remove(connection, one.key)
                _log(connection, "delete", one.type, one.name, one.id, run)

    def cut(self, urn: str, run: str) -> Record | None:
        """The resource that an earlier run made for this URN and never told the engine of, if there is one."""
        query = f"SELECT {_COLUMNS} FROM resources WHERE urn = ? AND known = 0 AND run <> ? ORDER BY key DESC LIMIT 1"
        row = self._connection().execute(query, (urn, run)).fetchone()
        return _record(row) if row else None

    def know(self, key: int) -> None:
        """Note that the engine knows the resource."""
        with self._change() as connection:
            connection.execute("UPDATE resources SET known = 1 WHERE key = ?", (key,))

    def adopt(self, key: int, run: str) -> Record:
        """Take a cut create up again in another run."""
        with self._change() as connection:
            connection.execute("UPDATE resources SET run = ? WHERE key = ?", (run, key))
            was = self._one(connection, key)
            _log(connection, "create", was.type, was.name, was.id, run, "adopted: an earlier run made it and was cut")
            return was

    def generation_of(self, urn: str) -> int:
        """How many resources were ever made for the URN."""
        row = self._connection().execute("SELECT count FROM generations WHERE urn = ?", (urn,)).fetchone()
        return int(row[0]) if row else 0

    def log(self, operation: str, type: str, name: str, id: str = "", run: str = "", said: str = "") -> None:
        """Add an event; the methods that change a resource add their own."""
        with self._change() as connection:
            _log(connection, operation, type, name, id, run, said)

    def events(self, last: int = 0) -> list[Event]:
        """The events, oldest first; only the `last` ones if that is not 0."""
        query = "SELECT at, operation, type, name, id, run, said FROM events ORDER BY key DESC LIMIT ?"
        return [Event(*row) for row in self._connection().execute(query, (last or -1,))][::-1]

    def calls(self) -> int:
        """How many events there ever were."""
        row = self._connection().execute("SELECT MAX(key) FROM events").fetchone()
        return int(row[0] or 0)

    def arm(self, kind: FaultKind, place: str, times: int = 1, argument: str = "") -> int:
        """Arm a fault for the next `times` calls at `place`; the key that disarms it. ValueError for another kind."""
        if kind not in FAULTS:
            raise ValueError(f"{kind} is not a fault; there are {', '.join(FAULTS)}")
        if times < 1:
            raise ValueError(f"times is {times}: a fault strikes at least once")
        with self._change() as connection:
            row = (kind, place, times, argument)
            cursor = connection.execute("INSERT INTO faults(kind, place, times, argument) VALUES(?, ?, ?, ?)", row)
            return int(cursor.lastrowid or 0)

    def disarm(self, key: int | None = None) -> None:
        """Disarm one fault, or all."""
        with self._change() as connection:
            connection.execute("DELETE FROM faults WHERE ? IS NULL OR key = ?", (key, key))

    def armed(self) -> list[Fault]:
        """The faults that have strikes left."""
        query = "SELECT key, kind, place, times, argument FROM faults WHERE times > 0 ORDER BY key"
        return [Fault(*row) for row in self._connection().execute(query)]

    def take_fault(self, kinds: Iterable[FaultKind], type: str, name: str, words: Iterable[str] = ()) -> Fault | None:
        """The first armed fault of these kinds at this place, one strike fewer; None if there is none.

        `words` are the texts in the inputs: a fault of kind no-capacity or quota-exceeded with an argument strikes only
        where all comma-separated parts of its argument are among them.
        """
        if not any(True for _ in self._connection().execute("SELECT 1 FROM faults WHERE times > 0 LIMIT 1")):
            return None
        wanted, said = set(kinds), set(words)
        with self._change() as connection:
            query = "SELECT key, kind, place, times, argument FROM faults WHERE times > 0 ORDER BY key"
            for row in connection.execute(query).fetchall():
                fault = Fault(*row)
                if fault.kind not in wanted or not _at(fault.place, type, name):
                    continue
                needed = {part for part in fault.argument.split(",") if part}
                if fault.kind in ("no-capacity", "quota-exceeded") and not needed <= said:
                    continue
                connection.execute("UPDATE faults SET times = times - 1 WHERE key = ?", (fault.key,))
                return fault
        return None

    def change_behind(self, key: int, path: str, value: Any) -> Record:
        """Drift: somebody sets the input and output at the dotted `path`; None removes it (a tag, say)."""
        with self._change() as connection:
            was = self._one(connection, key)
            inputs, outputs = (_set(tree, path.split("."), value) for tree in (was.inputs, was.outputs))
            connection.execute(
                "UPDATE resources SET inputs = ?, outputs = ?, generation = generation + 1 WHERE key = ?",
                (_dump(inputs), _dump(outputs), key),
            )
            _log(connection, "drift", was.type, was.name, was.id, "", f"{path} is now {value!r}")
            return self._one(connection, key)

    def delete_behind(self, key: int) -> None:
        """Drift: somebody deletes the resource and what has an id below its own, whatever uses them."""
        with self._change() as connection:
            was = self._one(connection, key)
            for one in (was, *reversed(_below(connection, was.id, was.account))):
                _remove(connection, one.key)
                _log(connection, "drift", one.type, one.name, one.id, "", "deleted")

    def fill(self, key: int, contents: int) -> None:
        """Put so many objects into a bucket or a registry; one with contents is not deleted."""
        with self._change() as connection:
            connection.execute("UPDATE resources SET contents = ? WHERE key = ?", (contents, key))

    def play(self, name: str, played: Played | None) -> None:
        """Let the metrics of an endpoint, or of one deployment of it, show this from now on; None: nothing."""
        with self._change() as connection:
            connection.execute("DELETE FROM metrics WHERE name = ?", (name,))
            if played is not None:
                row = (name, played.p95_ms, played.error_percent, played.requests)
                connection.execute("INSERT INTO metrics VALUES(?, ?, ?, ?)", row)

    def played(self) -> dict[str, Played]:
        """What the metrics show, by the name of an endpoint or deployment."""
        query = "SELECT name, p95_ms, error_percent, requests FROM metrics ORDER BY name"
        return {name: Played(*shown) for name, *shown in self._connection().execute(query)}

    def operations(self, since: int = 0) -> tuple[dict[str, Json], int]:
        """The long-running operations of the REST APIs that changed after revision `since`, and the newest revision."""
        query = "SELECT name, value, revision FROM operations WHERE revision > ? ORDER BY revision"
        rows = self._connection().execute(query, (since,)).fetchall()
        return {name: json.loads(value) for name, value, _ in rows}, rows[-1][2] if rows else since

    def keep_operations(self, changed: Mapping[str, Json]) -> None:
        """Add or replace long-running operations."""
        with self._change() as connection:
            for name, value in changed.items():
                connection.execute(
                    "INSERT OR REPLACE INTO operations SELECT ?, ?, COALESCE(MAX(revision), 0) + 1 FROM operations",
                    (name, json.dumps(value)),
                )

    def hold(self, name: str, reason: str) -> None:
        """Hold a unique name as a soft delete does; `name` is as a resource would take it."""
        with self._change() as connection:
            connection.execute("INSERT OR REPLACE INTO names VALUES(?, NULL, ?)", (name, reason))

    def reset(self) -> None:
        """Forget everything."""
        with self._change() as connection:
            for table in _TABLES:
                connection.execute(f"DELETE FROM {table}")

    def close(self) -> None:
        """Close this thread's connection; the next call opens another."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            connection.close()
            del self._local.connection

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self._path, timeout=_BUSY_SECONDS, isolation_level=None)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = OFF")
            self._local.connection = connection
        return connection

    @contextmanager
    def _change(self) -> Generator[sqlite3.Connection]:
        connection = self._connection()
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")

    def _one(self, connection: sqlite3.Connection, key: int) -> Record:
        row = connection.execute(f"SELECT {_COLUMNS} FROM resources WHERE key = ?", (key,)).fetchone()
        if row is None:
            raise KeyError(key)
        return _record(row)

    def _check_free(self, connection: sqlite3.Connection, record: Record, going: set[int]) -> None:
        query = (
            "SELECT r.key, r.type, r.name FROM links l JOIN resources r ON r.key = l.source"
            " WHERE l.target = ? AND l.holds"
        )
        for key, type_, name in connection.execute(query, (record.key,)):
            if key not in going:
                raise Held(f"{name} ({type_}) still uses {record.name}")

    def _resolve(
        self, connection: sqlite3.Connection, account: str, region: str, links: Sequence[Link]
    ) -> dict[int, bool]:
        found: dict[int, bool] = {}
        for link in links:
            marks = ", ".join("?" for _ in link.types)
            row = connection.execute(
                "SELECT r.key FROM handles h JOIN resources r ON r.key = h.key WHERE h.handle = ? AND r.account = ?"
                f" AND r.type IN ({marks}) ORDER BY r.region <> ? LIMIT 1",
                (link.handle, account, *link.types, region),
            ).fetchone()
            if row is not None:
                found[int(row[0])] = found.get(int(row[0]), False) or link.holds
            elif not link.outside:
                raise Missing(f"{link.path} is {link.handle}, which does not exist")
        return found


def redacted(value: Any) -> Any:
    """The value with each secret replaced by its mark."""
    if isinstance(value, Mapping):
        mapping = cast(Mapping[str, Any], value)
        if mapping.get(SECRET_MARK) == SECRET_KIND:
            return dict(SECRET)
        return {key: redacted(one) for key, one in mapping.items()}
    if isinstance(value, list | tuple):
        return [redacted(one) for one in cast(Sequence[Any], value)]
    return value


def _dump(value: Mapping[str, Any]) -> str:
    return json.dumps(redacted(value), separators=(",", ":"))


def _record(row: Sequence[Any]) -> Record:
    fields = list(row)
    fields[8], fields[9] = json.loads(fields[8]), json.loads(fields[9])  # inputs and outputs
    fields[14] = bool(fields[14])  # known
    return Record(*fields)


def _log(
    connection: sqlite3.Connection, operation: str, type_: str, name: str, id_: str, run: str, said: str = ""
) -> None:
    connection.execute(
        "INSERT INTO events(at, operation, type, name, id, run, said) VALUES(?, ?, ?, ?, ?, ?, ?)",
        (time.time(), operation, type_, name, id_, run, said),
    )


def _below(connection: sqlite3.Connection, id_: str, account: str) -> list[Record]:
    query = f"SELECT {_COLUMNS} FROM resources WHERE account = ? AND id > ? AND id < ? ORDER BY key"
    return [_record(row) for row in connection.execute(query, (account, f"{id_}/", f"{id_}0"))]


def _remove(connection: sqlite3.Connection, key: int) -> None:
    connection.execute("DELETE FROM resources WHERE key = ?", (key,))
    connection.execute("DELETE FROM handles WHERE key = ?", (key,))
    connection.execute("DELETE FROM links WHERE source = ? OR target = ?", (key, key))
    connection.execute("DELETE FROM names WHERE key = ?", (key,))


def _at(place: str, type_: str, name: str) -> bool:
    return any(fnmatch.fnmatchcase(word, place) for word in (name, type_, f"{type_}::{name}"))


def _set(tree: Any, path: Sequence[str], value: Any) -> Any:
    """A copy with the value at the path set, or removed if it is None. What has no such path stays as it is."""
    head, *rest = path
    if isinstance(tree, list):
        items = list(cast(list[Any], tree))
        if not head.isdigit() or int(head) >= len(items):
            return items
        changed = _set(items[int(head)], rest, value) if rest else value
        return items[: int(head)] + ([] if changed is None else [changed]) + items[int(head) + 1 :]
    if not isinstance(tree, dict):
        return tree
    mapping = dict(cast(Json, tree))
    if rest:
        if head in mapping:
            mapping[head] = _set(mapping[head], rest, value)
    elif value is None:
        mapping.pop(head, None)
    else:
        mapping[head] = value
    return mapping
