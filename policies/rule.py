"""What a rule is: a plain function over resource types and properties, with a name, a severity and a remedy.

A rule sees what the engine would show it: the same function runs in unit tests, over the offline resource graph and
under `pulumi up --policy-pack policies`. There a value may be unknown until it exists; touching it raises, and the
engine reports the rule as not yet decidable. Rules therefore follow references by dependency, not by value.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from pulumi_policy import (
    EnforcementLevel,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

Rule = ResourceValidationPolicy | StackValidationPolicy
Check = Callable[[Mapping[str, Any]], Iterable[str]]
StackCheck = Callable[["Stack"], Iterable[tuple[str | None, str]]]


class Stack:
    """The resources of a stack, by type, with their references followed through dependencies."""

    def __init__(self, resources: Sequence[PolicyResource]) -> None:
        self.resources = resources
        self._by_type: dict[str, list[PolicyResource]] = {}
        self._indexes: dict[tuple[str, str], dict[str, list[PolicyResource]]] = {}
        for resource in resources:
            self._by_type.setdefault(resource.resource_type, []).append(resource)

    def of(self, *types: str) -> list[PolicyResource]:
        """The resources of these types."""
        return [resource for type_ in types for resource in self._by_type.get(type_, ())]

    def referring(self, type_: str, key: str, to: PolicyResource) -> list[PolicyResource]:
        """The resources of a type whose property `key` refers to `to`."""
        index = self._index(type_, key)
        return index.get(to.urn, [])

    def _index(self, type_: str, key: str) -> dict[str, list[PolicyResource]]:
        found = self._indexes.get((type_, key))
        if found is None:
            found = dict[str, list[PolicyResource]]()
            for resource in self.of(type_):
                for target in resource.property_dependencies.get(key, ()):
                    found.setdefault(target.urn, []).append(resource)
            self._indexes[type_, key] = found
        return found


def refers(resource: PolicyResource, key: str, type_: str) -> list[PolicyResource]:
    """What the property `key` refers to, of one type."""
    return [target for target in resource.property_dependencies.get(key, ()) if target.resource_type == type_]


def get(props: Mapping[str, Any], path: str) -> Any:
    """The value at a dotted path of wire names; lists are entered at their first element. None where it ends."""
    value: Any = props
    for part in path.split("."):
        if isinstance(value, Sequence) and not isinstance(value, str):
            value = next(iter(cast(Sequence[Any], value)), None)
        value = cast(Mapping[str, Any], value).get(part) if isinstance(value, Mapping) else None
    return value


def given(props: Mapping[str, Any], path: str) -> bool:
    """Whether something stands at a dotted path; what is not known before `up` does."""
    try:
        return bool(get(props, path))
    except UnknownValueError:
        return True


def known(props: Mapping[str, Any], path: str) -> str:
    """The text at a dotted path; empty where it is not known before `up`, so that a rule waits instead of raising."""
    try:
        return str(get(props, path))
    except UnknownValueError:
        return ""


def section(props: Mapping[str, Any], path: str) -> Mapping[str, Any]:
    """The mapping at a dotted path as `get` finds it; empty where there is none."""
    value = get(props, path)
    return cast(Mapping[str, Any], value) if isinstance(value, Mapping) else {}


def resource_rule(  # one line a fact about the rule
    name: str, *types: str, severity: Severity, says: str, remedy: str, mandatory: bool = True
) -> Callable[[Check], ResourceValidationPolicy]:
    """Make a rule on each resource of these types; the function yields one sentence a violation."""

    def decorate(check: Check) -> ResourceValidationPolicy:
        def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
            if args.resource_type in types:
                for sentence in check(args.props):
                    report(sentence, None)

        return ResourceValidationPolicy(
            name=name,
            description=says,
            validate=validate,
            enforcement_level=_level(mandatory),
            severity=severity,
            remediation_steps=remedy,
        )

    return decorate


def stack_rule(
    name: str, *, severity: Severity, says: str, remedy: str, mandatory: bool = True
) -> Callable[[StackCheck], StackValidationPolicy]:
    """Make a rule on the whole stack; the function yields the URN (None: the stack) and one sentence a violation."""

    def decorate(check: StackCheck) -> StackValidationPolicy:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            for urn, sentence in check(shared_stack(args.resources)):
                report(sentence, urn)

        return StackValidationPolicy(
            name=name,
            description=says,
            validate=validate,
            enforcement_level=_level(mandatory),
            severity=severity,
            remediation_steps=remedy,
        )

    return decorate


def _level(mandatory: bool) -> EnforcementLevel:
    return EnforcementLevel.MANDATORY if mandatory else EnforcementLevel.ADVISORY


_last: list[Stack] = []


def shared_stack(resources: Sequence[PolicyResource]) -> Stack:
    """One indexed view for all stack rules of a run: a thousand endpoints are indexed once, not once a rule."""
    if not _last or _last[0].resources is not resources:
        _last[:] = [Stack(resources)]
    return _last[0]


def statements(document: Any) -> Iterator[dict[str, Any]]:
    """The statements of an IAM policy document given as JSON text, each field made a list where IAM allows both."""
    body: dict[str, Any] = json.loads(document) if isinstance(document, str) else dict(document or {})
    listed: dict[str, Any] | list[dict[str, Any]] = body.get("Statement", [])
    for statement in [listed] if isinstance(listed, dict) else listed:
        yield {**statement, "Action": as_list(statement.get("Action")), "Resource": as_list(statement.get("Resource"))}


def as_list(value: Any) -> list[Any]:
    """IAM writes one string where a list of one is meant."""
    if value is None:
        return []
    return [value] if isinstance(value, str) else list(value)


def conditions(statement: Mapping[str, Any]) -> set[tuple[str, str]]:
    """The (operator, key) pairs of a statement's condition block."""
    return {(operator, key) for operator, keys in section(statement, "Condition").items() for key in keys}
