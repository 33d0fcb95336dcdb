"""Asks the policy pack about every mutant of a graph, and says which ones no rule notices, and why they may live.

A mutant is noticed where a rule has a violation that it did not have of the graph itself.
"""

import fnmatch
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from catalogue.graph import Graph
from tests.catching import Judge
from tests.mutants.changes import Mutant

_MAY_LIVE = Path(__file__).parent / "survivors"


@dataclass(frozen=True)
class Reason:
    """Mutants that may live: the kinds of change, and patterns of types and paths, as a shell has them; and why."""

    changes: tuple[str, ...]
    types: tuple[str, ...]
    paths: tuple[str, ...]
    why: str

    def covers(self, mutant: Mutant) -> bool:
        """Whether a mutant is one of these."""
        return (
            (not self.changes or mutant.change in self.changes)
            and any(fnmatch.fnmatchcase(mutant.type, type_) for type_ in self.types)
            and any(fnmatch.fnmatchcase(mutant.path, path) for path in self.paths)
        )


@dataclass
class Survey:
    """How many mutants there were of each change, and those that lived."""

    tried: Counter[str] = field(default_factory=Counter[str])
    lived: list[Mutant] = field(default_factory=list[Mutant])
    by_rule: Counter[str] = field(default_factory=Counter[str])

    def add(self, mutant: Mutant, rules: set[str]) -> None:
        """Count a mutant, with the rules that noticed it. A mutant that lived is kept without its graph."""
        self.tried[mutant.change] += 1
        self.by_rule.update(rules)
        if not rules:
            self.lived.append(mutant)


def survey(graph: Graph, mutants: Iterable[Mutant], told: Callable[[int], None] = lambda _: None) -> Survey:
    """Ask the whole pack about each mutant. The graph itself must break no rule, for all that is found is the mutant's.

    `told` is called with the count after each hundred.
    """
    judge, found = Judge.of(graph), Survey()
    for number, mutant in enumerate(mutants, start=1):
        found.add(mutant, judge.caught(mutant.graph))
        if number % 100 == 0:
            told(number)
    return found


def reasons(platform: str) -> list[Reason]:
    """What may live on a platform, by tests/mutants/survivors/<platform>.yaml."""
    file = _MAY_LIVE / f"{platform}.yaml"
    said: list[Mapping[str, Any]] = yaml.safe_load(file.read_text(encoding="utf-8")) or [] if file.exists() else []
    return [Reason(_listed(one, "change"), _listed(one, "type"), _listed(one, "path"), one["why"]) for one in said]


def unexplained(found: Survey, may_live: Iterable[Reason]) -> Iterator[Mutant]:
    """The mutants that lived and that no reason covers."""
    known = list(may_live)
    return (mutant for mutant in found.lived if not any(reason.covers(mutant) for reason in known))


def _listed(said: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = said.get(key, () if key == "change" else "*")
    return (value,) if isinstance(value, str) else tuple(value)
