"""The armed faults of a sandbox: what goes wrong, where, and how often."""

import fnmatch
from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

from sandbox.state.database import Database

FaultKind = Literal[
    "quota-exceeded",
    "no-capacity",
    "throttle",
    "slow",
    "fails-after-success",
    "access-denied",
    "crash",
    "name-held",
    "server-error",
    "gone",
    "job-fails",
    "job-overruns",
    "spot-taken",
]
FAULTS: tuple[FaultKind, ...] = get_args(FaultKind)
ON_READS: tuple[FaultKind, ...] = ("throttle", "server-error", "gone", "slow", "access-denied")
"""What may go wrong with a read alone: the cloud is busy, fails, answers that there is no such thing, is slow, or says
no. A read that says so of what stands is known of each cloud, whose stores agree late: "IAM troubleshooting, eventual
consistency", https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot.html
"""
OF_RUNS: tuple[FaultKind, ...] = ("job-fails", "job-overruns", "spot-taken")
"""What befalls a run of a training job, by the job's own name or type: its container is killed, it takes longer than it
may, or its Spot machine is taken. `sandbox/training/` has what each platform does then. On aws the transform job of a
step takes longer than it may by the names of pipeline and step, such as aws-full-fraud-scores-score.
"""
OF_READS_ALONE: tuple[FaultKind, ...] = ("server-error", "gone")
_OF_MACHINES = ("no-capacity", "quota-exceeded")


@dataclass(frozen=True)
class Fault:
    """An armed fault. It strikes resources whose logical name, type or `type::name` matches the shell pattern `at`.

    `argument` depends on the kind of fault. For no-capacity and quota-exceeded it has texts, with commas, such as a
    machine type and a zone; the fault strikes a resource that has all of them. For slow it is the seconds, and for
    access-denied the persona. For crash it is `before` or `after` the cloud carries out the call. Others have none. One
    that is `on_read` strikes reads alone.
    """

    key: int
    kind: FaultKind
    at: str
    times: int
    argument: str
    on_read: bool = False

    def strikes(self, type_: str, name: str, words: set[str]) -> bool:
        """Whether the fault strikes a resource with these texts in its inputs."""
        if not any(fnmatch.fnmatchcase(word, self.at) for word in (name, type_, f"{type_}::{name}")):
            return False
        needed = {part for part in self.argument.split(",") if part}
        return self.kind not in _OF_MACHINES or needed <= words


class Faults:
    """The faults with strikes left, in the order in which they were armed."""

    SCHEMA: ClassVar[str] = """
    CREATE TABLE IF NOT EXISTS faults(
        key INTEGER PRIMARY KEY, kind TEXT NOT NULL, place TEXT NOT NULL, times INTEGER NOT NULL,
        argument TEXT NOT NULL, on_read INTEGER NOT NULL);
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def arm(self, kind: FaultKind, at: str, times: int = 1, argument: str = "", on_read: bool = False) -> int:
        """Arm a fault for the next `times` calls, or reads. Returns the key that disarms it.

        Raises ValueError for an unknown kind, and for one that does not strike there.
        """
        if kind not in FAULTS:
            raise ValueError(f"{kind} is not a fault; there are {', '.join(FAULTS)}")
        if on_read and kind not in ON_READS:
            raise ValueError(f"{kind} strikes no read; there are {', '.join(ON_READS)}")
        if not on_read and kind in OF_READS_ALONE:
            raise ValueError(f"{kind} strikes reads alone")
        if times < 1:
            raise ValueError(f"times is {times}: a fault strikes at least once")
        with self._database.change() as connection:
            row = (kind, at, times, argument, on_read)
            cursor = connection.execute(
                "INSERT INTO faults(kind, place, times, argument, on_read) VALUES(?, ?, ?, ?, ?)", row
            )
            return int(cursor.lastrowid or 0)

    def disarm(self, key: int | None = None) -> None:
        """Disarm one fault, or all."""
        with self._database.change() as connection:
            connection.execute("DELETE FROM faults WHERE ? IS NULL OR key = ?", (key, key))

    def armed(self) -> list[Fault]:
        """The faults with strikes left."""
        query = "SELECT key, kind, place, times, argument, on_read FROM faults WHERE times > 0 ORDER BY key"
        return [Fault(*row[:-1], on_read=bool(row[-1])) for row in self._database.rows(query)]

    def take(
        self, kinds: Iterable[FaultKind], type: str, name: str, words: Iterable[str] = (), on_read: bool = False
    ) -> Fault | None:
        """Take one strike from the first fault of these kinds that strikes the resource. Returns the fault, or None.

        `words` are the texts in the resource's inputs. With `on_read` those are asked that strike reads alone.
        """
        if not self.armed():  # most calls end here and need no lock on the file
            return None
        wanted, said = set(kinds), set(words)
        with self._database.change() as connection:
            for fault in self.armed():
                if fault.on_read == on_read and fault.kind in wanted and fault.strikes(type, name, said):
                    connection.execute("UPDATE faults SET times = times - 1 WHERE key = ?", (fault.key,))
                    return fault
        return None
