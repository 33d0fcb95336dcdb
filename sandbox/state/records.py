"""The words in which a sandbox's resources are told: what is to be made, what stands, and why a change is refused."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from catalogue.marked import Json, redacted


class Missing(Exception):
    """A resource that an input names does not exist: `str()` is the input's path and value."""


class Taken(Exception):
    """A name is taken: `str()` says why. `key` is the resource that has it; None where that was deleted softly."""

    def __init__(self, reason: str, key: int | None) -> None:
        super().__init__(reason)
        self.key = key


class Held(Exception):
    """A resource cannot be deleted: `str()` says what still uses it."""


@dataclass(frozen=True)
class Reference:
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
class New:
    """A resource that is to be stored. Of a secret in `inputs` or `outputs`, marked as Pulumi does, no value is stored.

    `serial` is 1 for the first resource that is made for its URN, 2 for the one that replaces it, and so on. `run` is
    the id of the plugin's process that makes it. `names` are unique names: while it stands, no other resource can take
    one of them. `handles` are the texts, beside its id, by which another resource's input may refer to it: its ARN, its
    link. `links` are its own references to other resources.
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


@dataclass(frozen=True)
class Record:
    """A resource as it is stored. `created` is in seconds since 1970; `generation` counts its changes, from 1.

    `known` says that the engine has shown that it knows of the resource. One that it does not know was made by a run
    (`run`, the id of one plugin's process) that was cut before it could tell. `contents` is the number of objects in a
    bucket or registry, which keep it from being deleted.
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


COLUMNS = (
    "key, type, id, platform, account, region, name, urn, inputs, outputs, created, generation, serial, run, known,"
    " contents"
)
"""The columns of a stored resource, in the order of Record's fields."""


def stored(properties: Mapping[str, Any]) -> str:
    """Inputs or outputs as they are stored: JSON, no secret in it."""
    return json.dumps(redacted(properties), separators=(",", ":"))


def record_of(row: Sequence[Any]) -> Record:
    """The record that a row of COLUMNS holds."""
    fields: Json = dict(zip(Record.__dataclass_fields__, row, strict=True))
    fields["inputs"], fields["outputs"] = json.loads(fields["inputs"]), json.loads(fields["outputs"])
    fields["known"] = bool(fields["known"])
    return Record(**fields)
