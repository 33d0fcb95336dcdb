"""`mlplatform idle`: what stands and bills while nobody asks anything of it.

`decision` judges, and reads nothing. Each platform's module reads the account: which parts of a stack stand, and what
was asked of them. `report` adds whose a part is and what it burns.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from importlib import import_module
from typing import Any, Literal, Protocol

from catalogue.graph import Graph, Resource
from catalogue.kind import Runs
from catalogue.kinds import kind_of
from catalogue.machines import Machines
from catalogue.properties import Unreadable
from catalogue.served import EndpointKind
from operations.doctor import Unseen
from operations.idle.decision import Evidence, Unread

Sort = Literal["variant", "deployment", "app", "machine", "cluster", "endpoint", "disk", "search", "board"]


@dataclass(frozen=True)
class Stored:
    """What bills by the month and not by a machine: a service of the catalogue, how many units of it, and where."""

    service: str
    units: float
    region: str


@dataclass(frozen=True)
class Part:
    """One thing that may stand and bill, such as a variant of an endpoint or a person's machine.

    `endpoint` is the name that the cloud has for the endpoint of a variant or deployment, and empty for the rest.
    `key` is the dotted key of the stack file that asked for it, None where none did. `machines` is None where the
    catalogue does not know them. `replicas` is how many stand now, None where nobody said. `owner` is whose it is,
    where it is a person's own or the cloud says so. `kind` is that of the endpoint of a variant or deployment,
    None where nobody read it. `stored` is of a disk of a sort that the catalogue prices, or of a board, which keeps
    records of runs.
    `instead` are sentences on what stops it.
    """

    name: str
    sort: Sort
    key: str | None = None
    endpoint: str = ""
    machines: Machines | None = None
    replicas: int | None = None
    owner: str = ""
    stored: Stored | None = None
    instead: tuple[str, ...] = ()
    kind: EndpointKind | None = None

    @property
    def what(self) -> str:
        """What it is, as a person reads it, such as `online variant`."""
        return f"{self.kind} {self.sort}" if self.kind else self.sort


@dataclass(frozen=True)
class Window:
    """What is looked at, by the cloud's clock: from `start` to `now`. Figures are read by the hour."""

    start: datetime
    now: datetime


class Platform(Protocol):
    """A platform's module. Its `READS` are all that is ever sent; anything else is refused before it leaves.

    Each answer of the account may fail for one part alone; its evidence then says why, and it is told as unknown.
    """

    READS: Any

    def open_account(self, account: str, region: str) -> Any:
        """The account with the credentials of whoever asks. Raises NoCredentials; BadInput where they are another's."""
        ...

    def clock(self, account: Any) -> datetime:
        """What time it is by the cloud's clock. Raises Unseen where the cloud does not answer."""
        ...

    def standing(self, account: Any, graph: Graph, window: Window) -> Iterator[tuple[Part, Evidence]]:
        """Each part of the stack that may stand, with what was asked of it."""
        ...

    def strangers(self, account: Any, graphs: list[Graph], window: Window) -> Iterator[tuple[Part, Evidence]]:
        """What stands in the account and region, and none of these states names. Raises Unseen."""
        ...


def of(platform: str) -> Platform:
    """The module of one platform. No other is imported."""
    return import_module(f"operations.idle.{platform}")  # pyright: ignore[reportReturnType]  # a module has no self


def machines_of(graph: Graph, resource: Resource) -> list[Machines]:
    """The machines that a resource runs. Raises Unreadable as the record of its kind does."""
    kind = kind_of(resource.type)
    return list(kind.runs.machines(graph, resource)) if kind is not None and isinstance(kind.runs, Runs) else []


def unread(error: Exception) -> Unread:
    """Why a part could not be read. An answer in an unknown form makes that part unknown, and ends no other."""
    if isinstance(error, Unseen | Unreadable):
        return Unread(str(error))
    said = " ".join(str(error).split())[:200]
    return Unread(f"an answer cannot be read ({type(error).__name__}: {said})")


def tagged_owner(tags: Mapping[str, Any] | None) -> str:
    """Whose something is that no named state has, by its tags: its owner, and the stack that it says it is of."""
    found = {key.lower(): str(said) for key, said in (tags or {}).items()}
    stack = f"stack {found['stack']}" if "stack" in found else ""
    return ", ".join(filter(None, (found.get("owner", ""), stack)))


def by_hour(points: Mapping[datetime, float]) -> dict[datetime, float]:
    """Points added up under the hour in which they lie."""
    found: dict[datetime, float] = {}
    for at, value in points.items():
        hour = at.replace(minute=0, second=0, microsecond=0)
        found[hour] = found.get(hour, 0.0) + value
    return found
