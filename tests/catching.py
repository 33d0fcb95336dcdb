"""Whether the rules notice: what fails on a mutated graph, and the mutants that nothing noticed."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from catalogue.graph import Graph, Resource
from catalogue.properties import Properties
from operations.evaluation import evaluate
from policies import pack
from policies.rule import Rule
from tests import sharing

Mutants = Iterable[tuple[str, Graph]]


def caught(graph: Graph, *names: str) -> set[str]:
    """The names of the rules that fail on a graph. Where some are named, no other is asked."""
    return {finding.rule for finding in evaluate(graph, _rules(graph, *names)).findings}


def _rules(graph: Graph, *names: str) -> list[Rule]:
    rules = [rule for rule in pack.RULES[graph.platform] if not names or rule.name in names]
    assert rules, f"there is no rule {', '.join(names)}"
    return rules


class Judge:
    """What the rules say of many mutants of one graph, each with other properties in a few resources.

    It watches which properties and references, of which resources, a rule reads when it is asked about one resource of
    the graph. Where a mutant differs in none of them, the rule reads the same and says the same, and is not asked
    again. A mutant that differs in more is judged whole. `tests/test_catching.py` holds that this is what `caught`
    says.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        names = [each.name for each in fields(Resource)]
        self._own = [{**{n: getattr(r, n) for n in names}, "laid": r.props.values} for r in graph.resources]
        self._asked: dict[str, list[_Asked]] = {}
        self._readers: dict[_Read, list[_Asked]] = {}

    @classmethod
    def of(cls, graph: Graph) -> "Judge":
        """The judge of a graph, one for all tests of a worker: what each rule reads of it is watched once."""
        known = graph.__dict__
        if "judge" not in known:
            known["judge"] = cls(graph)
        judge: Judge = known["judge"]
        return judge

    def caught(self, mutant: Graph, *names: str) -> set[str]:
        """As `caught`, of a mutant of the graph."""
        other = self._other_properties(mutant)
        if other is None:
            return caught(mutant, *names)
        rules = {rule.name: rule for rule in _rules(mutant, *names)}
        asked = [one for rule in rules.values() for one in self._of(rule)]
        again = {id(one): one for read in other for one in self._readers.get(read, ()) if one.rule in rules}
        failing = {one.rule for one in asked if one.fails and id(one) not in again}
        for one in again.values():
            if one.rule not in failing:
                subject = mutant.by_urn[one.subject] if one.subject else None
                failing |= {one.rule for _ in rules[one.rule].ask(mutant, subject)}
        return failing

    def _other_properties(self, mutant: Graph) -> "set[_Read] | None":
        """The properties that are others. None where the mutant differs in anything else."""
        ours = self._graph
        if [r.urn for r in mutant.resources] != [r.urn for r in ours.resources]:
            return None
        if replace(mutant, resources=ours.resources) != ours:
            return None
        pairs = [(a, b) for a, b in zip(ours.resources, mutant.resources, strict=True) if a is not b]
        if any(
            replace(b, inputs=a.inputs, outputs=a.outputs, property_dependencies=a.property_dependencies) != a
            for a, b in pairs
        ):
            return None
        return {(a.urn, key) for a, b in pairs for key in (*_differing(a, b), None)}

    def _of(self, rule: Rule) -> "list[_Asked]":
        if rule.name not in self._asked:
            subjects = [resource.urn for resource in self._graph.of(*rule.types)]
            whole = rule.scope == "whole stack"
            self._asked[rule.name] = [
                self._ask(rule, subject)
                for subject in ((None,) if whole and (subjects or not rule.types) else () if whole else subjects)
            ]
        return self._asked[rule.name]

    def _ask(self, rule: Rule, subject: str | None) -> "_Asked":
        read = set[_Read]()
        # New resources and a new graph: what another rule had them remember would be read unseen.
        graph = replace(self._graph, resources=tuple(_Watched.of(one, read) for one in self._own))
        fails = any(True for _ in rule.ask(graph, graph.by_urn[subject] if subject else None))
        asked = _Asked(rule.name, subject, fails)
        for one in read:
            self._readers.setdefault(one, []).append(asked)
        return asked


_Read = tuple[str, str | None]
"""A property that a rule read: the resource's URN and the name; None for the name where it read all that there are."""


def _differing(one: Resource, other: Resource) -> set[str]:
    """The names of the properties that are others in the other, as sent, as answered or by what they refer to."""
    pairs = [(getattr(one, facet), getattr(other, facet)) for facet in _FACETS]
    # As text, for Python takes True for 1.
    return {key for a, b in pairs for key in {*a, *b} if repr(a.get(key, _FACETS)) != repr(b.get(key, _FACETS))}


_FACETS = ("inputs", "outputs", "property_dependencies")


@dataclass(frozen=True)
class _Asked:
    """A rule asked about one resource, or None for the stack, and whether it fails."""

    rule: str
    subject: str | None
    fails: bool


class _Noted(dict[str, Any]):
    """The properties of a resource. It notes each that is read, and that all are where somebody goes through them.

    It is a dict, for whoever asks whether it is one goes another way where it is not.
    """

    def __init__(self, said: Mapping[str, Any], urn: str, read: set[_Read]) -> None:
        super().__init__(said)
        self._urn, self._read = urn, read

    def __getitem__(self, key: str) -> Any:
        self._read.add((self._urn, key))
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._read.add((self._urn, key))
        return super().get(key, default)

    def __contains__(self, key: object) -> bool:
        self._read.add((self._urn, str(key)))
        return super().__contains__(key)


def _noting(name: str) -> Callable[..., Any]:
    method = getattr(dict, name)

    def noted(self: _Noted, *others: Any) -> Any:
        self._read.add((self._urn, None))
        return method(self, *others)

    return noted


for _name in ("__iter__", "__len__", "__eq__", "__ne__", "__or__", "__ror__", "__repr__", "__reversed__"):
    setattr(_Noted, _name, _noting(_name))
for _name in ("keys", "items", "values", "copy", "__reduce_ex__"):
    setattr(_Noted, _name, _noting(_name))


class _Watched(Resource):
    """A resource that notes which of its properties are read."""

    @classmethod
    def of(cls, own: Mapping[str, Any], read: set[_Read]) -> "_Watched":
        watched = object.__new__(cls)
        watched.__dict__.update(own, read_of=read)
        return watched

    def __getattribute__(self, name: str) -> object:
        if name not in _FACETS:
            return super().__getattribute__(name)
        own = super().__getattribute__("__dict__")
        if type(own[name]) is not _Noted:
            own[name] = self._noted(own[name])
        return own[name]

    @cached_property
    def props(self) -> Properties:
        return Properties(self._noted(self.__dict__["laid"]), "", self)

    def _noted(self, said: Any) -> _Noted:
        return _Noted(said, self.urn, self.__dict__["read_of"])

    def __eq__(self, other: object) -> bool:
        """No two resources of a graph have one URN: telling them apart reads no property."""
        return isinstance(other, Resource) and self.urn == other.urn

    def __hash__(self) -> int:
        return hash(self.urn)


def is_noticed(graph: Graph, *names: str) -> bool:
    """Whether one of the named rules fails on a graph, or, where none is named, any rule."""
    rules = [rule for rule in pack.RULES[graph.platform] if not names or rule.name in names]
    # What caught the mutant before often catches the next one, and then no other need be asked.
    rules.sort(key=lambda rule: rule.name != _LAST.get(graph.platform))
    for rule in rules:
        if rule.judge(graph).violations:
            _LAST[graph.platform] = rule.name
            return True
    return False


_LAST: dict[str, str] = {}
FEW = 24


def survivors_of(mutants: Mutants, *names: str) -> tuple[list[str], int]:
    """The mutants that fail none of the named rules, or, where none is named, no rule; and how many were judged.

    A few are judged each. Of many a share is; `make sweeps` has them all.
    """
    each = list(mutants)
    assert each, "there was nothing to mutate"
    if len(each) > FEW:
        each = list(sharing.share(each, 4, lambda mutant: mutant[0]))
    return [what for what, graph in each if not is_noticed(graph, *names)], len(each)


def expect_all_caught(mutants: Mutants, *names: str) -> None:
    """Every mutant fails one of the named rules, or, where none is named, any rule."""
    survivors, count = survivors_of(mutants, *names)
    assert not survivors, f"{len(survivors)} of {count} mutants live: {survivors[:10]}"
