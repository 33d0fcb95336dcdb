"""Whether the rules notice: what fails on a mutated graph, and the mutants that nothing noticed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from catalogue.graph import Graph, Resource
from operations.evaluation import evaluate
from policies import pack
from policies.rule import Rule

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

    It watches which resources' properties and references a rule reads when it is asked about one resource of the graph.
    Where a mutant differs in none of them, the rule reads the same and says the same, and is not asked again. A mutant
    that differs in more is judged whole. `tests/test_catching.py` holds that this is what `caught` says.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._fields = [{each.name: getattr(one, each.name) for each in fields(one)} for one in graph.resources]
        self._asked: dict[str, list[_Asked]] = {}

    def caught(self, mutant: Graph, *names: str) -> set[str]:
        """As `caught`, of a mutant of the graph."""
        other = self._other_properties(mutant)
        if other is None:
            return caught(mutant, *names)
        rules = _rules(mutant, *names)
        return {rule.name for rule in rules if any(self._fails(rule, asked, mutant, other) for asked in self._of(rule))}

    def _other_properties(self, mutant: Graph) -> set[str] | None:
        """The URNs of the resources with other properties. None where the mutant differs in anything else."""
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
        return {a.urn for a, _ in pairs}

    def _fails(self, rule: Rule, asked: "_Asked", mutant: Graph, other: set[str]) -> bool:
        if other.isdisjoint(asked.read):
            return asked.fails
        subject = mutant.by_urn[asked.subject] if asked.subject else None
        return any(True for _ in rule.ask(mutant, subject))

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
        read = set[str]()
        # New resources and a new graph: what another rule had them remember would be read unseen.
        graph = replace(self._graph, resources=tuple(_Watched.of(one, read) for one in self._fields))
        fails = any(True for _ in rule.ask(graph, graph.by_urn[subject] if subject else None))
        return _Asked(subject, fails, frozenset(read))


@dataclass(frozen=True)
class _Asked:
    """A rule asked about one resource, or None for the stack: whether it fails, and whose properties it read."""

    subject: str | None
    fails: bool
    read: frozenset[str]


class _Watched(Resource):
    """A resource that notes that its properties are read."""

    @classmethod
    def of(cls, own: Mapping[str, Any], read: set[str]) -> "_Watched":
        watched = object.__new__(cls)
        watched.__dict__.update(own, read_of=read)
        return watched

    def __getattribute__(self, name: str) -> object:
        if name in ("inputs", "outputs", "props", "names", "property_dependencies", "_ends"):
            own = super().__getattribute__("__dict__")
            own["read_of"].add(own["urn"])
        return super().__getattribute__(name)

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


def survivors_of(mutants: Mutants, *names: str) -> tuple[list[str], int]:
    """The mutants that fail none of the named rules, or, where none is named, no rule; and how many there were."""
    survivors, count = list[str](), 0
    for what, graph in mutants:
        count += 1
        if not is_noticed(graph, *names):
            survivors.append(what)
    assert count, "there was nothing to mutate"
    return survivors, count


def expect_all_caught(mutants: Mutants, *names: str) -> None:
    """Every mutant fails one of the named rules, or, where none is named, any rule."""
    survivors, count = survivors_of(mutants, *names)
    assert not survivors, f"{len(survivors)} of {count} mutants live: {survivors[:10]}"
