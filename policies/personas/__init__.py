"""What each persona does, as data: a table persona by task for each platform, and the calls that each task takes.

`policies/personas/<platform>.yaml` is the table. `policies/personas/<platform>.py` knows what the words of its calls
stand for in the graph of a stack, and asks that cloud's own model whether a persona may make a call. A task is allowed
where all of its calls are; `each` says that none of its calls may be allowed to anybody else, even alone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from catalogue.platforms import Platform

FOLDER = Path(__file__).parent
GIVEN = "organisation"
"""Who takes a persona that no stack makes: what makes a stack's identities cannot be one of them."""


@dataclass(frozen=True)
class Calls:
    """Some calls on the same thing. `at` is a word of the platform's, `brings` what each request brings beside it."""

    do: tuple[str, ...]
    at: str
    brings: Mapping[str, str]


@dataclass(frozen=True)
class Task:
    """What somebody does. `who` are the personas that must be able to, and nobody else is.

    A stack that has nothing under the word `about` has no such task. `also` are personas that may be able to,
    because another task of theirs takes it. `page` is the cloud's page on its calls.
    """

    name: str
    says: str
    who: frozenset[str]
    page: str
    calls: tuple[Calls, ...]
    each: bool = False
    about: str = ""
    also: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Table:
    """The personas of a platform, with who takes each one, and their tasks."""

    taken_by: Mapping[str, str]
    tasks: tuple[Task, ...]

    @property
    def made(self) -> list[str]:
        """The personas that a stack makes."""
        return [persona for persona, by in self.taken_by.items() if by != GIVEN]


@cache
def table(platform: Platform) -> Table:
    """The table of a platform. Raises KeyError for a word that is missing, TypeError for one that is not known."""
    said: Any = yaml.safe_load((FOLDER / f"{platform}.yaml").read_text(encoding="utf-8"))
    return Table(said["personas"], tuple(_task(name, dict(task)) for name, task in said["tasks"].items()))


def _task(name: str, said: dict[str, Any]) -> Task:
    calls = tuple(_calls(**call) for call in said.pop("calls"))
    who, also = frozenset(said.pop("who")), frozenset(said.pop("also", ()))
    return Task(name=name, who=who, also=also, calls=calls, **said)


def _calls(do: Sequence[str], at: str, brings: Mapping[str, str] | None = None) -> Calls:
    return Calls(tuple(do), at, brings or {})
