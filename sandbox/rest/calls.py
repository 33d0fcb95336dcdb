"""What the doubles of both clouds share: a call, a response, a refusal, and operations that take a while."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from sandbox.state.metrics import Played

Json = dict[str, Any]


@dataclass(frozen=True)
class Call:
    """One request, its query already parsed."""

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
    """The cloud says no: HTTP status, the cloud's own code, and its message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code


@dataclass
class Operation:
    """Begun by one call and ended by being looked at `looks` times; only then what it does is seen.

    It is data, so that it can be kept: `verb` says what is done to `resource`, with what is `given`. `error` (code,
    message) is how it ends instead; `hangs` means that it never does.
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
        """One look; the last one ends the operation."""
        if self.done or self.hangs:
            return
        self.looks -= 1
        if self.looks > 0:
            return
        self.done = True
        try:
            self.response = carry_out(self) if self.error is None else {}
        except Refusal as refusal:  # what it stood on went away meanwhile
            self.error = (refusal.code, str(refusal))

    def to_json(self) -> Json:
        """Itself, to be kept at once: what it was given is not copied."""
        return dict(vars(self))

    @staticmethod
    def from_json(kept: Json) -> "Operation":
        """What `to_json` kept."""
        operation = Operation(**kept)
        operation.error = tuple(kept["error"]) if kept["error"] else None
        return operation


def check_shares(shares: Mapping[str, int], known: set[str], code: str) -> None:
    """Refuse traffic that does not sum to 100 or that names what is not deployed."""
    if shares and sum(shares.values()) != 100:
        raise Refusal(400, code, f"Traffic percentages must add up to 100, not {sum(shares.values())}.")
    for name in shares:
        if name not in known:
            raise Refusal(400, code, f"Traffic names {name}, which is not deployed to this endpoint.")


def played_of(metrics: Mapping[str, Played], names: tuple[str, ...]) -> Played | None:
    """What is played in under the first of the names that has something; None if nothing is measured."""
    played = next((metrics[name] for name in names if name in metrics), None)
    return played if played is not None and played.requests else None
