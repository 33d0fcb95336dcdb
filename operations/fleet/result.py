"""What a fleet keeps of one stack, and of all: small files, which the next run and `fleet merge` read."""

import hashlib
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from catalogue import organisation
from catalogue.errors import BadInput
from stacks.config import STACKS

SCHEMA_VERSION = 2
RESULT, INDEX, PAGE = "result.json", "fleet.json", "index.html"
_PARTS = ("catalogue", "stacks", "components", "policies", "operations", "provider", "sandbox")
"""The folders of ours that a result follows from, beside the company's own."""
_NAME = "[A-Za-z0-9_-][A-Za-z0-9_.-]*"
_Name = Annotated[str, StringConstraints(pattern=rf"^{_NAME}$", max_length=100)]
"""A file or folder of one's own: what another machine wrote leads to no other place."""
_NameOrNone = Annotated[str, StringConstraints(pattern=rf"^({_NAME})?$", max_length=100)]
_Dollars = Annotated[float, Field(ge=0, le=1e12)]
"""An amount that a page can draw on a scale beside others."""
State = Literal["pass", "fail", "broke", "refused", "missing"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Outcome(_Part):
    """What came of one stack. `says` is one line: what was found, or why there is nothing.

    `broke` is a program, a tool or a disk; `refused` is the stack file, or another file that the stack needs. `report`
    is the page or file that says more, below the stack's folder. `seconds` are of processors.
    """

    state: State
    says: str
    region: str = ""
    by_team: dict[str, tuple[_Dollars, _Dollars]] = {}
    """Idle floor and ceiling of each team, in dollars a month."""
    unknown_lines: int = 0
    used_by_team: dict[str, float | None] = {}
    """What each team did use in the months of a bill that was read, at list cost; None where it is unknown."""
    report: _NameOrNone = ""
    seconds: float = 0

    @property
    def code(self) -> int:
        """The exit code that one such stack is worth."""
        return {"pass": 0, "fail": 1, "broke": 1, "missing": 1, "refused": 2}[self.state]


class Result(_Part):
    """One stack of a fleet. `key` is a digest of all that the outcome follows from; empty where nobody knows that."""

    schema_version: Literal[2] = SCHEMA_VERSION
    stack: _Name
    file: str
    verb: str
    key: str
    platform: str = ""
    team: str = ""
    environment: str = ""
    outcome: Outcome


class Fleet(_Part):
    """A run over a fleet, or several runs merged. A stack that was not done has the outcome `missing`.

    `shards` has the parts that are in it, of so many in all. `lacks` says in sentences what a whole fleet would have.
    `files` is a digest of our code and of every stack file of the fleet, whichever part they are of; `every` has the
    names of these stacks.
    """

    schema_version: Literal[2] = SCHEMA_VERSION
    verb: str
    today: str
    shards: list[int]
    of: Annotated[int, Field(ge=1, le=9999)]
    files: str
    every: list[_Name]
    lacks: list[str] = []
    results: list[Result]

    @property
    def stacks(self) -> list[str]:
        """The stacks of which it has a result."""
        return [one.stack for one in self.results]

    @property
    def share(self) -> list[str]:
        """The stacks of its shards, which follow from the names of all."""
        return sorted(stack for shard in self.shards for stack in self.every[shard - 1 :: self.of])

    @property
    def code(self) -> int:
        """The exit code: 0 where every stack passed and none lacks, 2 where one was refused, else 1."""
        return max([int(bool(self.lacks)), *(one.outcome.code for one in self.results)])


def read(folder: Path) -> Result | None:
    """The result that stands in a stack's folder. None where there is none that can be read."""
    with suppress(OSError, ValidationError, UnicodeDecodeError):
        return Result.model_validate_json((folder / RESULT).read_text(encoding="utf-8"))
    return None


def read_fleet(folder: Path) -> Fleet:
    """What a run wrote. Raises BadInput where it did not."""
    path = folder / INDEX
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Fleet.model_validate({name: told[name] for name in told if name != "passed"})
    except OSError as error:
        raise BadInput(f"{path}: cannot be read ({error.strerror}); name the --out folder of a fleet run") from None
    except (ValueError, TypeError):
        raise BadInput(f"{path}: is not the index of a fleet of this version; run the fleet again") from None


def digest(*parts: bytes | str) -> str:
    """A digest of texts, in which the end of one is not the beginning of the next."""
    whole = hashlib.sha256()
    for part in parts:
        text = part.encode() if isinstance(part, str) else part
        whole.update(f"{len(text)}:".encode())
        whole.update(text)
    return whole.hexdigest()


@cache
def of_ourselves() -> str:
    """A digest of the code, the catalogue, the policies and the company's own files: what they say, results follow."""
    root = STACKS.parent
    found: Sequence[bytes | str] = []
    for folder in (*(root / part for part in _PARTS), *organisation.folders()):
        for path in sorted(_files(folder)):
            if path.parent != STACKS or path.suffix == ".py":  # a stack file is the input of its own stack alone
                found += [str(path.relative_to(folder)), path.read_bytes()]
    lock = root / "uv.lock"
    return digest(*found, lock.read_bytes() if lock.is_file() else "")


def _files(folder: Path) -> Iterator[Path]:
    for at, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith((".", "__pycache__"))]
        yield from (Path(at) / name for name in names if not name.endswith(".pyc"))


def as_json(fleet: Fleet) -> str:
    """A fleet as its index file has it."""
    told = {**fleet.model_dump(mode="json"), "passed": fleet.code == 0}
    return json.dumps(told, indent=2, allow_nan=False) + "\n"
