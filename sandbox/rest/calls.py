"""What the doubles of both clouds share: a call, a response, a refusal, and operations that take a while."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.state.metrics import Played

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request. Its query is already parsed."""

    method: str
    path: str
    query: Mapping[str, str]
    body: Json
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Response:
    """One response to a call."""

    status: int
    body: Json
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


class Refusal(Exception):
    """A refusal of the cloud: the HTTP status, the cloud's own code, and its message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass
class Operation:
    """An operation that takes a while. A call begins it.

    It ends at the last of `looks` looks, and only then has an effect.

    It is plain data, so that it can be stored. `verb` says what is done to `resource`, with the values in `given`.
    Where `error` (code, message) is set it ends in that error. Where `hangs` is set it never ends.
    """

    name: str
    resource: str
    verb: str
    given: Json
    looks: int
    error: tuple[str, str] | None = None
    hangs: bool = False
    done: bool = False
    response: Json = field(default_factory=dict[str, Any])

    def look(self, carry_out: Callable[["Operation"], Json]) -> None:
        """One look. The last one ends the operation."""
        if self.done or self.hangs:
            return
        self.looks -= 1
        if self.looks > 0:
            return
        self.done = True
        try:
            self.response = carry_out(self) if self.error is None else {}
        except Refusal as refusal:  # its resource was removed meanwhile
            self.error = (refusal.code, str(refusal))

    def to_json(self) -> Json:
        """The operation as JSON. What it was given is not copied, so store it at once."""
        return dict(vars(self))

    @staticmethod
    def from_json(kept: Json) -> "Operation":
        """What `to_json` kept."""
        operation = Operation(**kept)
        operation.error = tuple(kept["error"]) if kept["error"] else None
        return operation


def check_shares(shares: Mapping[str, int], known: set[str], code: str) -> None:
    """Refuse traffic that does not add up to 100, or that names a version that is not deployed."""
    if shares and sum(shares.values()) != 100:
        raise Refusal(400, code, f"Traffic percentages must add up to 100, not {sum(shares.values())}.")
    for name in shares:
        if name not in known:
            raise Refusal(400, code, f"Traffic names {name}, which is not deployed to this endpoint.")


def played_of(metrics: Mapping[str, Played], names: tuple[str, ...]) -> Played | None:
    """The metrics played in under the first of the names that has any, or None."""
    played = next((metrics[name] for name in names if name in metrics), None)
    return played if played is not None and played.requests else None
