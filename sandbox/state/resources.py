"""The resources that exist in a sandbox, the names they have taken, and the links between them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, cast

from catalogue.marked import Json
from sandbox.state.clock import Clock
from sandbox.state.database import Database
from sandbox.state.journal import Journal
from sandbox.state.records import (
    COLUMNS,
    Deleted,
    Held,
    Missing,
    New,
    Record,
    Reference,
    Stay,
    Taken,
    record_of,
    stored,
)

_OF_RESOURCE = ", ".join(f"r.{column.strip()}" for column in COLUMNS.split(","))
_FILTERS = frozenset({"type", "id", "platform", "account", "region", "name", "urn"})


class Resources:
    """The resources, in the order in which they were made. Each change of one adds an event to the journal."""

    SCHEMA: ClassVar[str] = """
    CREATE TABLE IF NOT EXISTS resources(
        key INTEGER PRIMARY KEY, type TEXT NOT NULL, id TEXT NOT NULL, platform TEXT NOT NULL, account TEXT NOT NULL,
        region TEXT NOT NULL, name TEXT NOT NULL, urn TEXT NOT NULL, inputs TEXT NOT NULL, outputs TEXT NOT NULL,
        created REAL NOT NULL, generation INTEGER NOT NULL, serial INTEGER NOT NULL,
        contents INTEGER NOT NULL, UNIQUE(type, account, region, id));
    CREATE INDEX IF NOT EXISTS resources_by_urn ON resources(urn);
    CREATE INDEX IF NOT EXISTS resources_by_id ON resources(id);
    CREATE TABLE IF NOT EXISTS handles(
        handle TEXT NOT NULL, key INTEGER NOT NULL, PRIMARY KEY(handle, key)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS handles_by_key ON handles(key);
    CREATE TABLE IF NOT EXISTS links(source INTEGER NOT NULL, target INTEGER NOT NULL, holds INTEGER NOT NULL,
        PRIMARY KEY(source, target)) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS links_by_target ON links(target);
    CREATE TABLE IF NOT EXISTS names(name TEXT PRIMARY KEY, key INTEGER, reason TEXT NOT NULL, since REAL, until REAL,
        purge TEXT) WITHOUT ROWID;
    CREATE INDEX IF NOT EXISTS names_by_key ON names(key);
    CREATE TABLE IF NOT EXISTS draws(
        key INTEGER NOT NULL, quota TEXT NOT NULL, amount INTEGER NOT NULL, PRIMARY KEY(key, quota)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS generations(urn TEXT PRIMARY KEY, count INTEGER NOT NULL) WITHOUT ROWID;
    """

    def __init__(self, database: Database, journal: Journal, clock: Clock) -> None:
        self._database = database
        self._journal = journal
        self._clock = clock

    # Finding resources

    def all(self) -> list[Record]:
        """Every resource."""
        return self.find()

    def find(self, **where: str) -> list[Record]:
        """Resources whose type, id, platform, account, region, name or urn is as given."""
        unknown = set(where) - _FILTERS
        if unknown:
            raise ValueError(f"resources have no {', '.join(sorted(unknown))}")
        clause = " AND ".join(f"{column} = ?" for column in where) or "1"  # columns are checked above
        return self._records(f"SELECT {COLUMNS} FROM resources WHERE {clause} ORDER BY key", *where.values())

    def get(self, type: str, id: str, account: str = "", region: str = "") -> Record | None:
        """The resource of that type and id. Give account and region where the id is not unique without them. An empty
        id is that of none.
        """
        if not id:
            return None
        wanted = {"type": type, "id": id, "account": account, "region": region}
        return next(iter(self.find(**{key: value for key, value in wanted.items() if value})), None)

    def named(self, handle: str) -> list[Record]:
        """Resources that have this id, name, ARN or link."""
        query = (
            f"SELECT {_OF_RESOURCE} FROM resources r JOIN handles h ON h.key = r.key WHERE h.handle = ? ORDER BY r.key"
        )
        return self._records(query, handle)

    def below(self, id: str, account: str) -> list[Record]:
        """Resources whose id begins with this id and a slash."""
        query = f"SELECT {COLUMNS} FROM resources WHERE account = ? AND id > ? AND id < ? ORDER BY key"
        return self._records(query, account, f"{id}/", f"{id}0")  # "0" is the character after "/"

    def made_for(self, urn: str) -> int:
        """The number of resources made for the URN so far."""
        rows = self._database.rows("SELECT count FROM generations WHERE urn = ?", (urn,))
        return int(rows[0][0]) if rows else 0

    def drawn(self, quota: str, account: str, region: str, without: int = 0) -> int:
        """How much of a quota the resources of an account and region draw, without the resource of one key."""
        query = (
            "SELECT COALESCE(SUM(d.amount), 0) FROM draws d JOIN resources r ON r.key = d.key"
            " WHERE d.quota = ? AND r.account = ? AND r.region = ? AND r.key <> ?"
        )
        return int(self._database.rows(query, (quota, account, region, without))[0][0])

    # Changes by the engine

    def create(self, new: New) -> Record:
        """Store a resource. Raises Missing where a link has no target, and Taken where a name is not free."""
        with self._database.change() as connection:
            targets = self._targets(new.account, new.region, new.links)
            self._check_names(new)
            row = (new.type, new.id, new.platform, new.account, new.region, new.name, new.urn)
            told = (stored(new.inputs), stored(new.outputs), self._clock.now(), new.serial)
            cursor = connection.execute(
                "INSERT INTO resources(type, id, platform, account, region, name, urn, inputs, outputs, created,"
                " serial, generation, contents) VALUES(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0)",
                row + told,
            )
            key = int(cursor.lastrowid or 0)
            handles = {(handle, key) for handle in (new.id, *new.handles) if handle}
            connection.executemany("INSERT INTO handles VALUES(?, ?)", sorted(handles))
            connection.executemany(
                # A name that was freed may be listed still.
                "INSERT OR REPLACE INTO names VALUES(?, ?, ?, NULL, NULL, NULL)",
                [(name, key, f"{name} exists already") for name in new.names],
            )
            connection.execute(
                "INSERT INTO generations VALUES(?, 1) ON CONFLICT(urn) DO UPDATE SET count = count + 1", (new.urn,)
            )
            self._link(key, targets)
            self._draw(key, new.draws)
            self._journal.note("create", new.type, new.name, new.id, new.run)
            return self._one(key)

    def update(
        self,
        key: int,
        inputs: Mapping[str, Any],
        outputs: Mapping[str, Any],
        links: Sequence[Reference] | None = None,
        run: str = "",
        draws: Mapping[str, int] | None = None,
    ) -> Record:
        """Replace the inputs, the outputs, and the references and what it draws on quotas unless they are None.

        Raises Missing; KeyError if it is gone.
        """
        with self._database.change():
            was = self._one(key)
            if links is not None:
                self._link(key, self._targets(was.account, was.region, links))
            if draws is not None:
                self._draw(key, draws)
            return self._rewrite(was, inputs, outputs, "update", run, "")

    def delete(
        self,
        key: int,
        stays: Callable[[Record], Stay | None] = lambda record: None,
        run: str = "",
        below: bool = False,
        emptied: bool = False,
    ) -> None:
        """Remove a resource. It may be gone already. `stays` says how long the names of what goes stay taken.

        With `below`, resources with an id below its own go too. With `emptied`, its contents go too. Raises Held while
        another resource holds it, or while it has contents.
        """
        with self._database.change() as connection:
            try:
                was = self._one(key)
            except KeyError:
                return
            goes = [was, *(reversed(self.below(was.id, was.account)) if below else ())]
            for one in goes:
                self._check_free(one, {other.key for other in goes} if one is not was else {key})
                if one.contents and not emptied:
                    raise Held(f"{one.name} still holds {one.contents} objects")
            for one in reversed(goes):
                stay, now = stays(one), self._clock.now()
                if stay is not None:
                    until = None if stay.until is None else now + stay.until
                    connection.execute(
                        "UPDATE names SET key = NULL, reason = ?, since = ?, until = ?, purge = ? WHERE key = ?",
                        (stay.reason, now + stay.since, until, stay.purge, one.key),
                    )
                self._remove(one, "delete", run, "")

    # What was deleted softly

    def deleted(self) -> list[Deleted]:
        """What was deleted softly and keeps its name still."""
        query = "SELECT name, until, purge FROM names WHERE key IS NULL AND (until IS NULL OR ? < until) ORDER BY name"
        return [Deleted(*row) for row in self._database.rows(query, (self._clock.now(),))]

    def purge(self, deleted: Deleted) -> None:
        """Let the name be free of what was deleted softly."""
        with self._database.change() as connection:
            connection.execute("DELETE FROM names WHERE name = ? AND key IS NULL", (deleted.name,))
            type_, _, name = deleted.name.partition(" ")
            self._journal.note("purge", type_, name, name)

    # Changes by the REST double

    def put(self, was: Record | None, wanted: New | None) -> None:
        """Create, update or delete a resource: turn `was` into `wanted`. None means that it does not exist."""
        if wanted is None:
            if was is not None:
                self.delete(was.key)
        elif was is None:
            self.create(wanted)
        elif (was.inputs, was.outputs) != (wanted.inputs, wanted.outputs):
            self.update(was.key, wanted.inputs, wanted.outputs, wanted.links, draws=wanted.draws)

    # Changes by somebody behind the engine's back

    def change_behind(self, key: int, path: str, value: Any) -> Record:
        """Drift: somebody sets the input and output at the dotted `path`. None removes it, such as a tag."""
        with self._database.change():
            was = self._one(key)
            inputs, outputs = (_with(tree, path.split("."), value) for tree in (was.inputs, was.outputs))
            return self._rewrite(was, inputs, outputs, "drift", "", f"{path} is now {value!r}")

    def delete_behind(self, key: int) -> None:
        """Drift: somebody deletes the resource and those with an id below its own, even if others use them."""
        with self._database.change():
            was = self._one(key)
            for one in (was, *reversed(self.below(was.id, was.account))):
                self._remove(one, "drift", "", "deleted")

    def fill(self, key: int, contents: int) -> None:
        """Put this many objects into a bucket or a registry. One with contents cannot be deleted."""
        with self._database.change() as connection:
            connection.execute("UPDATE resources SET contents = ? WHERE key = ?", (contents, key))

    # The parts of a change

    def _records(self, query: str, *values: str | int) -> list[Record]:
        return [record_of(row) for row in self._database.rows(query, values)]

    def _one(self, key: int) -> Record:
        found = self._records(f"SELECT {COLUMNS} FROM resources WHERE key = ?", key)
        if not found:
            raise KeyError(key)
        return found[0]

    def _check_names(self, new: New) -> None:
        for name in new.names:
            query = (
                "SELECT reason, key FROM names WHERE name = ?"
                " AND (key IS NOT NULL OR (since <= ? AND (until IS NULL OR ? < until)))"
            )
            for reason, key in self._database.rows(query, (name, self._clock.now(), self._clock.now())):
                raise Taken(str(reason), key)
        for same in self.find(type=new.type, account=new.account, region=new.region, id=new.id):
            raise Taken(f"{new.id} exists already", same.key)

    def _targets(self, account: str, region: str, links: Sequence[Reference]) -> dict[int, bool]:
        """The targets of the links, by key, and whether each is held. A target in the same region is preferred."""
        found: dict[int, bool] = {}
        for link in links:
            marks = ", ".join("?" for _ in link.types)
            rows = self._database.rows(
                "SELECT r.key FROM handles h JOIN resources r ON r.key = h.key WHERE h.handle = ? AND r.account = ?"
                f" AND r.type IN ({marks}) ORDER BY r.region <> ? LIMIT 1",
                (link.handle, account, *link.types, region),
            )
            if rows:
                key = int(rows[0][0])
                found[key] = found.get(key, False) or link.holds
            elif not link.outside:
                raise Missing(f"{link.path} is {link.handle}, which does not exist")
        return found

    def _link(self, key: int, targets: Mapping[int, bool]) -> None:
        with self._database.change() as connection:
            connection.execute("DELETE FROM links WHERE source = ?", (key,))
            rows = [(key, target, holds) for target, holds in targets.items()]
            connection.executemany("INSERT INTO links VALUES(?, ?, ?)", rows)

    def _draw(self, key: int, draws: Mapping[str, int]) -> None:
        with self._database.change() as connection:
            connection.execute("DELETE FROM draws WHERE key = ?", (key,))
            rows = [(key, quota, amount) for quota, amount in draws.items() if amount]
            connection.executemany("INSERT INTO draws VALUES(?, ?, ?)", rows)

    def _check_free(self, record: Record, going: set[int]) -> None:
        query = (
            "SELECT r.key, r.type, r.name FROM links l JOIN resources r ON r.key = l.source"
            " WHERE l.target = ? AND l.holds"
        )
        for key, type_, name in self._database.rows(query, (record.key,)):
            if key not in going:
                raise Held(f"{name} ({type_}) still uses {record.name}")

    def _rewrite(
        self, was: Record, inputs: Mapping[str, Any], outputs: Mapping[str, Any], operation: str, run: str, said: str
    ) -> Record:
        with self._database.change() as connection:
            connection.execute(
                "UPDATE resources SET inputs = ?, outputs = ?, generation = generation + 1 WHERE key = ?",
                (stored(inputs), stored(outputs), was.key),
            )
            self._journal.note(operation, was.type, was.name, was.id, run, said)
            return self._one(was.key)

    def _remove(self, record: Record, operation: str, run: str, said: str) -> None:
        with self._database.change() as connection:
            connection.execute("DELETE FROM resources WHERE key = ?", (record.key,))
            connection.execute("DELETE FROM handles WHERE key = ?", (record.key,))
            connection.execute("DELETE FROM links WHERE source = ? OR target = ?", (record.key, record.key))
            connection.execute("DELETE FROM names WHERE key = ?", (record.key,))
            connection.execute("DELETE FROM draws WHERE key = ?", (record.key,))
            self._journal.note(operation, record.type, record.name, record.id, run, said)


def _with(tree: Any, path: Sequence[str], value: Any) -> Any:
    """A copy with the value at the path set, or removed if it is None. A tree without the path stays as it is."""
    head, *rest = path
    if isinstance(tree, list):
        items = list(cast(list[Any], tree))
        if not head.isdigit() or int(head) >= len(items):
            return items
        changed = _with(items[int(head)], rest, value) if rest else value
        return items[: int(head)] + ([] if changed is None else [changed]) + items[int(head) + 1 :]
    if not isinstance(tree, dict):
        return tree
    mapping = dict(cast(Json, tree))
    if rest:
        if head in mapping:
            mapping[head] = _with(mapping[head], rest, value)
    elif value is None:
        mapping.pop(head, None)
    else:
        mapping[head] = value
    return mapping
