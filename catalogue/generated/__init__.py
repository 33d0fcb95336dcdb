"""What machine-readable sources say of the resource types, a file a platform, written by `make facts`.

Each file names its sources with version and address. It is read once, and only that of the platform in use. The facts
of our own provider's types are not here: its classes say them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from catalogue.kind import Evidence, from_source
from catalogue.platforms import Platform

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Source:
    """Where facts were read: its name, its version, and a public address that a reader can open.

    `through` is the address of a copy that was read in its place; empty where there was none. `read` is the day.
    """

    name: str
    version: str
    address: str
    through: str
    read: str


@dataclass(frozen=True)
class Facts:
    """What the sources say of one type; paths are dotted wire names of inputs.

    `required` are the inputs at the top that must be given. `enums` are the values outside of which the provider
    refuses an input. `taggable` is the input of the tags, None where the type takes none. `replaces` are the inputs
    whose change makes a new resource, None where no source says it. `unread` are the inputs at the top that the SDK has
    and the source of `replaces` lacks, for it is older. `rights`, `changes` and `deletes` are what it takes to create,
    change and delete one, and `api` is the one that it is made through on Google Cloud; empty where no source says it.
    `longest` are the most characters of a text, or entries of a list or map, that the service takes.
    """

    required: frozenset[str]
    enums: Mapping[str, tuple[str, ...]]
    taggable: str | None
    replaces: frozenset[str] | None
    unread: frozenset[str]
    rights: tuple[str, ...]
    changes: tuple[str, ...]
    deletes: tuple[str, ...]
    api: str
    longest: Mapping[str, int]


@dataclass(frozen=True)
class Role:
    """What a role of the platform's own allows. On Google Cloud its permissions are its `actions`."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()


@dataclass(frozen=True)
class Generated:
    """One file: its sources, by what was read there, and the facts of each type.

    `registries` are the accounts that keep the images which the platform's own maker offers; empty where no source
    says it. `roles` are those of the platform's own that the components grant, by the name that a grant has.
    `deployers` are those that whoever deploys is given; of what they allow, only what the types ask for is kept.
    """

    sources: Mapping[str, Source]
    types: Mapping[str, Facts] = field(default_factory=dict[str, Facts])
    registries: frozenset[str] = frozenset()
    roles: Mapping[str, Role] = field(default_factory=dict[str, Role])
    deployers: Mapping[str, Role] = field(default_factory=dict[str, Role])

    def evidence(self, read: str) -> Evidence:
        """What the facts that were read in a source rest on."""
        return from_source(self.sources[read].address, self.sources[read].read)


@cache
def generated(platform: Platform) -> Generated:
    """The facts of a platform's types."""
    file: Any = json.loads((FOLDER / f"{platform}.json").read_text(encoding="utf-8"))
    return Generated(
        {read: Source(**source) for read, source in file["sources"].items()},
        {token: _facts(facts) for token, facts in file["types"].items()},
        frozenset(file.get("registries", ())),
        *(
            {name: Role(*map(tuple, said)) for name, said in file.get(key, {}).items()}
            for key in ("roles", "deployers")
        ),
    )


def _facts(said: Mapping[str, Any]) -> Facts:
    replaces = said.get("replaces")
    return Facts(
        required=frozenset(said["required"]),
        enums={path: tuple(values) for path, values in said["enums"].items()},
        taggable=said["taggable"],
        replaces=None if replaces is None else frozenset(replaces),
        unread=frozenset(said.get("unread", ())),
        rights=tuple(said.get("rights", ())),
        changes=tuple(said.get("changes", ())),
        deletes=tuple(said.get("deletes", ())),
        api=said.get("api", ""),
        longest=said.get("longest", {}),
    )
