"""What a rule is: a plain function over the resource graph, with a name, a severity, a proof and a remedy.

The same function runs in unit tests, over the offline resource graph and under `pulumi up --policy-pack policies`. It
reads every property through the view of catalogue/properties.py. Where the view cannot be read, and where the rule
itself breaks, the answer is a violation that names rule and resource: a rule never ends in silence. Rules follow
references by dependency where a value may be unknown.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from catalogue.graph import Graph, Resource
from catalogue.properties import NotKnown, Properties, Unreadable

Severity = Literal["critical", "high", "medium", "low"]
ProofName = Literal["workflow speed", "hardware fit", "network fit", "exportability", "cost visibility"]
Scope = Literal["resource", "stack", "whole stack"]
Found = Iterable[tuple[Resource | None, str]]


@dataclass(frozen=True)
class Violation:
    """One thing that breaks a rule: the resource it is about (None: the stack) and the end of a sentence about it.

    `waits` is what is not known before `up` and kept the rule from judging: it is judged again once it is known.
    """

    resource: Resource | None
    sentence: str
    waits: NotKnown | None = None


@dataclass(frozen=True)
class Judged:
    """What a rule made of a graph: the violations, and at how many resources it looked (the stack counts as one)."""

    looked: int
    violations: tuple[Violation, ...]

    @property
    def passed(self) -> int:
        """How many of those it looked at it has nothing to say of."""
        return max(0, self.looked - len({v.resource.urn if v.resource else "" for v in self.violations}))


@dataclass(frozen=True)
class Rule:
    """One rule. `types` are the resource types it looks at, each one of them by `check`.

    With the scope `resource` it sees nothing but that resource, so the engine judges it before the resource is made;
    with `stack` it sees the others beside it; with `whole stack` it is asked once, where one of `types` is there or
    none is named. `proof` is the one of the pilot's five proofs that a violation breaks, None for none. With
    `advice_elsewhere` it is mandatory in a stack of this program only.
    """

    name: str
    types: tuple[str, ...]
    scope: Scope
    severity: Severity
    says: str
    remedy: str
    mandatory: bool
    proof: ProofName | None
    check: Callable[[Graph, Resource | None], Found]
    advice_elsewhere: bool = False

    def judge(self, graph: Graph) -> Judged:
        """Everything in the graph that breaks the rule."""
        if self.scope == "whole stack":
            if self.types and not graph.of(*self.types):
                return Judged(0, ())
            return Judged(1, tuple(self._ask(graph, None)))
        subjects = graph.of(*self.types)
        return Judged(len(subjects), tuple(v for subject in subjects for v in self._ask(graph, subject)))

    def _ask(self, graph: Graph, subject: Resource | None) -> Iterator[Violation]:
        try:
            for resource, sentence in self.check(graph, subject):
                yield Violation(resource, sentence)
        except NotKnown as error:
            yield Violation(_owner(graph, error) or subject, f"cannot be judged yet: {error}", error)
        except Unreadable as error:
            yield Violation(_owner(graph, error) or subject, f"cannot be judged: {error}")
        except Exception as error:  # a rule that breaks has judged nothing, which nobody must take for a pass
            said = " ".join(f"{type(error).__name__}: {error}".split())
            yield Violation(subject, f"cannot be judged, for the rule {self.name} broke on it ({said})")


def _owner(graph: Graph, error: Unreadable) -> Resource | None:
    return graph.by_urn.get(error.owner.urn) if error.owner else None


def resource_rule(
    name: str,
    *types: str,
    severity: Severity,
    says: str,
    remedy: str,
    mandatory: bool = True,
    proof: ProofName | None = None,
) -> Callable[[Callable[[Properties], Iterable[str]]], Rule]:
    """Make a rule on the properties of each resource of these types; it yields one sentence a violation.

    The sentence follows the resource's name: "has no permissions boundary".
    """

    def decorate(check: Callable[[Properties], Iterable[str]]) -> Rule:
        def each(graph: Graph, resource: Resource | None) -> Found:
            assert resource is not None
            return ((resource, sentence) for sentence in check(resource.props))

        return Rule(name, types, "resource", severity, says, remedy, mandatory, proof, each)

    return decorate


def stack_rule(
    name: str,
    *types: str,
    severity: Severity,
    says: str,
    remedy: str,
    mandatory: bool = True,
    proof: ProofName | None = None,
) -> Callable[[Callable[[Graph, Resource], Iterable[str]]], Rule]:
    """Make a rule on each resource of these types that sees the rest of the stack beside it."""

    def decorate(check: Callable[[Graph, Resource], Iterable[str]]) -> Rule:
        def each(graph: Graph, resource: Resource | None) -> Found:
            assert resource is not None
            return ((resource, sentence) for sentence in check(graph, resource))

        return Rule(name, types, "stack", severity, says, remedy, mandatory, proof, each)

    return decorate


def whole_stack_rule(
    name: str,
    *types: str,
    severity: Severity,
    says: str,
    remedy: str,
    mandatory: bool = True,
    proof: ProofName | None = None,
    advice_elsewhere: bool = False,
) -> Callable[[Callable[[Graph], Found]], Rule]:
    """Make a rule on the stack as a whole; it yields the resource (None: the stack) and one sentence a violation.

    Where `types` are named, it has something to look at only in a stack that has one of them.
    """

    def decorate(check: Callable[[Graph], Found]) -> Rule:
        def whole(graph: Graph, resource: Resource | None) -> Found:
            return check(graph)

        return Rule(name, types, "whole stack", severity, says, remedy, mandatory, proof, whole, advice_elsewhere)

    return decorate


# ---- IAM policy documents -------------------------------------------------------------------------------------------


def statements(props: Properties, path: str) -> list[Properties]:
    """The statements of the IAM policy document at the path, every one of them. Raises Unreadable."""
    return list(props.document_or_empty(path).each_section("Statement"))


def conditions(statement: Properties) -> set[tuple[str, str]]:
    """The (operator, key) pairs of a statement's condition block."""
    block = statement.section_or_empty("Condition")
    return {(operator, key) for operator in block.names() for key in block.section_or_empty(operator).names()}
