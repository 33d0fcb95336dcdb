"""The types for a sandbox's resources: one to be made, one that exists, and the reasons to refuse a change."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from catalogue.marked import Json, redacted


class Missing(Exception):
    """A resource that an input names does not exist. `str()` is the input's path and value."""


class Taken(Exception):
    """A name is taken. `str()` says why. `key` is the resource that has it, or None if that one was deleted softly."""

    def __init__(self, reason: str, key: int | None) -> None:
        super().__init__(reason)
        self.key = key


@dataclass(frozen=True)
class Stay:
    """The names of a resource that was deleted stay taken: `reason` says why.

    `since` and `until` are in seconds after the delete; an `until` of None is for ever. Before `since` a create takes
    the deleted one back. `purge` is what the cloud says to whoever purges it: nothing where it does, and None where
    nobody can.
    """

    reason: str
    since: float = 0.0
    until: float | None = None
    purge: str | None = None


@dataclass(frozen=True)
class Deleted:
    """What was deleted softly: the name that it keeps, with its type before it, and until when.

    `until` is in seconds since 1970, or None for ever. `purge` is that of Stay.
    """

    name: str
    until: float | None
    purge: str | None


class Held(Exception):
    """A resource cannot be deleted. `str()` says what still uses it."""


@dataclass(frozen=True)
class Reference:
    """A reference: the input at `path` is `handle`, which must name a resource of one of `types`.

    While a reference that `holds` exists, its target cannot be deleted. A target that may be `outside` the sandbox need
    not exist.
    """

    path: str
    handle: str
    types: tuple[str, ...]
    holds: bool = False
    outside: bool = False


@dataclass(frozen=True)
class New:
    """A resource that is to be stored.

    Secrets in `inputs` and `outputs` have Pulumi's mark; their values are not stored.

    `serial` is 1 for the first resource of its URN, 2 for the one that replaces it, and so on. `run` is the id of the
    plugin's process that makes it. `names` are unique: while the resource exists, no other can take one of them.
    `handles` are the texts, beside the id, by which another resource's input may name it, such as its ARN. `links` are
    its own references to other resources. `draws` has how much of which quota it draws while it stands.
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
    links: Sequence[Reference] = ()
    draws: Mapping[str, int] = field(default_factory=dict[str, int])


@dataclass(frozen=True)
class Record:
    """A resource as it is stored. `created` is by the sandbox's clock, in seconds since 1970.

    `generation` counts its changes, from 1.

    `contents` is the number of objects in a bucket or registry. One with contents cannot be deleted.
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
    contents: int = 0


COLUMNS = "key, type, id, platform, account, region, name, urn, inputs, outputs, created, generation, serial, contents"
"""The columns of a stored resource, in the order of Record's fields."""


def stored(properties: Mapping[str, Any]) -> str:
    """Inputs or outputs as they are stored: JSON without secrets."""
    return json.dumps(redacted(properties), separators=(",", ":"))


def record_of(row: Sequence[Any]) -> Record:
    """The record that a row of COLUMNS holds."""
    fields: Json = dict(zip(Record.__dataclass_fields__, row, strict=True))
    fields["inputs"], fields["outputs"] = json.loads(fields["inputs"]), json.loads(fields["outputs"])
    return Record(**fields)
