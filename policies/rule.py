"""What a rule is: a plain function over the resource graph, with a name, a severity, a proof and a remedy.

The same function runs in unit tests, over the offline resource graph, and under `pulumi up --policy-pack policies`. It
reads every property through the view of catalogue/properties.py. Where a property cannot be read, or the rule itself
breaks, the answer is a violation that names rule and resource. Rules follow references by dependency where a value may
be unknown.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from catalogue.graph import Graph, Resource
from catalogue.placement import Caller, WayIn
from catalogue.properties import NotKnown, Properties, Unreadable
from catalogue.wording import in_words
from policies import limits

Severity = Literal["critical", "high", "medium", "low"]
ProofName = Literal["workflow speed", "hardware fit", "network fit", "exportability", "cost visibility"]
Scope = Literal["resource", "stack", "whole stack"]
Found = Iterable[tuple[Resource | None, str]]

OPEN_TO_OTHERS = "it keeps out whoever is outside the stack, and one stack's owner cannot answer for what they would do"
"""Why a rule on private access is never waived."""
KEPT_FOR_EVER = "what is written without the company's key stays so, for no key can be put under it later"
"""Why a rule on the encryption of state is never waived."""
NOT_READ = "nobody has read what a waiver of it would excuse"
"""Why a rule on what cannot be judged is never waived."""


@dataclass(frozen=True)
class Violation:
    """One violation of a rule: the resource, or None for the stack, and the end of a sentence about it.

    `waits` is the value that is not known before `up` and that the rule needs. The rule judges again once it is known.
    """

    resource: Resource | None
    sentence: str
    waits: NotKnown | None = None


@dataclass(frozen=True)
class Judged:
    """The result of a rule on a graph: the violations, and how many resources it looked at. The stack counts as one."""

    looked: int
    violations: tuple[Violation, ...]

    @property
    def passed(self) -> int:
        """How many of the resources it looked at have no violation."""
        return max(0, self.looked - len({v.resource.urn if v.resource else "" for v in self.violations}))


@dataclass(frozen=True)
class Rule:
    """One rule. `types` are the resource types it looks at, and `check` judges one resource.

    With the scope `resource` it sees only that resource, so the engine judges before the resource is made. With `stack`
    it sees the other resources too. With `whole stack` it is asked once for the stack, if the stack has one of `types`
    or no types are named. `proof` is the one of the pilot's five proofs that a violation breaks, or None. With
    `advice_elsewhere` it is mandatory only in a stack of this program. `never_waived` is the reason why no waiver may
    name it, the end of a sentence; empty where one may. `stack_key` is the key of a stack file that mends a violation,
    where it is another than the one that asked for the resource.
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
    never_waived: str = ""
    stack_key: str | None = None

    def judge(self, graph: Graph) -> Judged:
        """All violations of the rule in the graph."""
        if self.scope == "whole stack":
            if self.types and not graph.of(*self.types):
                return Judged(0, ())
            return Judged(1, tuple(self.ask(graph, None)))
        subjects = graph.of(*self.types)
        return Judged(len(subjects), tuple(v for subject in subjects for v in self.ask(graph, subject)))

    def ask(self, graph: Graph, subject: Resource | None) -> Iterator[Violation]:
        """The violations of one resource that the rule looks at, or of the whole stack, where `subject` is None."""
        try:
            for resource, sentence in self.check(graph, subject):
                yield Violation(resource, _readable(sentence))
        except NotKnown as error:
            yield Violation(_owner(graph, error) or subject, f"cannot be judged yet: {error}", error)
        except Unreadable as error:
            yield Violation(_owner(graph, error) or subject, f"cannot be judged: {error}")
        except Exception as error:  # a rule that breaks has judged nothing, so this must not count as a pass
            said = _readable(f"{type(error).__name__}: {error}")
            yield Violation(subject, f"cannot be judged, for the rule {self.name} broke on it ({said})")


def _readable(sentence: str) -> str:
    """A sentence on one line, and no longer than somebody reads: a program may give a rule any text to quote."""
    said = " ".join(sentence.split())
    return said if len(said) <= _LONGEST else f"{said[: _LONGEST // 2]}…{said[-_LONGEST // 2 :]}"


_LONGEST = 2_000


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
    never_waived: str = "",
) -> Callable[[Callable[[Properties], Iterable[str]]], Rule]:
    """Make a rule on the properties of each resource of these types. The function yields one sentence a violation.

    The sentence follows the resource's name: "has no permissions boundary".
    """

    def decorate(check: Callable[[Properties], Iterable[str]]) -> Rule:
        def each(graph: Graph, resource: Resource | None) -> Found:
            assert resource is not None
            return ((resource, sentence) for sentence in check(resource.props))

        return Rule(name, types, "resource", severity, says, remedy, mandatory, proof, each, never_waived=never_waived)

    return decorate


def limit_rule(
    name: str,
    *types: str,
    severity: Severity,
    says: str,
    remedy: str,
    proof: ProofName | None = None,
    stack_key: str | None = None,
) -> Callable[[Callable[[limits.Limits, Properties], Iterable[str]]], Rule]:
    """Make a rule as `resource_rule` does, whose function is also given the limits that hold for the stack."""

    def decorate(check: Callable[[limits.Limits, Properties], Iterable[str]]) -> Rule:
        def each(graph: Graph, resource: Resource | None) -> Found:
            assert resource is not None
            return ((resource, sentence) for sentence in check(limits.of(graph), resource.props))

        return Rule(name, types, "resource", severity, says, remedy, True, proof, each, stack_key=stack_key)

    return decorate


def caller_rule(
    name: str,
    *types: str,
    severity: Severity,
    says: str,
    remedy: str,
    proof: ProofName | None = None,
    never_waived: str = "",
) -> Callable[[Callable[[Sequence[Caller], Properties], Iterable[str]]], Rule]:
    """Make a rule as `resource_rule` does, whose function is also given who calls by the stack file."""

    def decorate(check: Callable[[Sequence[Caller], Properties], Iterable[str]]) -> Rule:
        def each(graph: Graph, resource: Resource | None) -> Found:
            assert resource is not None
            return ((resource, sentence) for sentence in check(callers(graph), resource.props))

        return Rule(name, types, "resource", severity, says, remedy, True, proof, each, never_waived=never_waived)

    return decorate


def stack_rule(
    name: str,
    *types: str,
    severity: Severity,
    says: str,
    remedy: str,
    mandatory: bool = True,
    proof: ProofName | None = None,
    never_waived: str = "",
    stack_key: str | None = None,
) -> Callable[[Callable[[Graph, Resource], Iterable[str]]], Rule]:
    """Make a rule on each resource of these types. The function also sees the rest of the stack."""

    def decorate(check: Callable[[Graph, Resource], Iterable[str]]) -> Rule:
        def each(graph: Graph, resource: Resource | None) -> Found:
            assert resource is not None
            return ((resource, sentence) for sentence in check(graph, resource))

        return Rule(
            name,
            types,
            "stack",
            severity,
            says,
            remedy,
            mandatory,
            proof,
            each,
            never_waived=never_waived,
            stack_key=stack_key,
        )

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
    never_waived: str = "",
) -> Callable[[Callable[[Graph], Found]], Rule]:
    """Make a rule on the stack as a whole. The function yields the resource, or None for the stack, and a sentence.

    Where `types` are named, the rule runs only in a stack that has one of them.
    """

    def decorate(check: Callable[[Graph], Found]) -> Rule:
        def whole(graph: Graph, resource: Resource | None) -> Found:
            return check(graph)

        return Rule(
            name, types, "whole stack", severity, says, remedy, mandatory, proof, whole, advice_elsewhere, never_waived
        )

    return decorate


def named_places(graph: Graph) -> set[str]:
    """The places of others that the stack file names under `sources`. None where no stack file was read."""
    return {source.place for source in graph.placement.sources} if graph.placement else set()


def named_by(graph: Graph, place: str) -> str:
    """Which keys of the stack file name an address in a bucket, be it to read or to write, as the end of a clause."""
    keys = {
        one.stack_key for one in graph.cloud if one.stack_key and f"{place}/" in json.dumps(one.inputs, default=str)
    }
    return f"; the stack file names it under {in_words(sorted(keys))}" if keys else ""


def callers(graph: Graph) -> Sequence[Caller]:
    """Who calls the endpoints beside the people of the workspace, by the stack file."""
    return graph.placement.callers if graph.placement else ()


def peoples_networks(graph: Graph) -> Sequence[WayIn]:
    """The networks that the people of the workspace come from, by the stack file."""
    return graph.placement.people if graph.placement else ()
