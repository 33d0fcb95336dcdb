"""Whether Azure lets a principal do something, judged by the role assignments in the graph of a stack.

An assignment holds on its scope and below it. A role allows what its actions name and its not-actions do not; data
actions are apart from actions. https://learn.microsoft.com/en-us/azure/role-based-access-control/role-definitions
What a role of Azure's own allows is in the catalogue's generated facts. Assignments that others made, deny assignments
and Azure Policy are outside of the graph and are not read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

from catalogue.arm import compared
from catalogue.generated import Role, generated
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import authorization
from catalogue.once import once_a_graph
from catalogue.properties import Unreadable
from catalogue.wildcards import covers


class NotRead(Unreadable):
    """A role or a condition is not known here."""


@dataclass(frozen=True)
class Assignment:
    """What one principal may do at a scope and below. The role is None where it is not known."""

    of: Resource
    principal: str
    role: Role | None
    scope: str
    condition: str

    @cached_property
    def covers(self) -> str:
        """How the ids begin that its scope covers, in lower case and with a `/` at the end."""
        return f"{self.scope}/".lower()


def allowed(graph: Graph, principals: Sequence[str], operation: str, on: str, *, data: bool, path: str = "") -> bool:
    """Whether one of the principals may do an operation, of the data plane or not, on a resource.

    `path` is that of a blob. Raises NotRead for an assignment to one of them whose role or condition is not known.
    """
    by_principal = _by_principal(graph)
    on = f"{on}/".lower()
    return any(
        on.startswith(held.covers) and _names(held, operation, data) and _holds(held, operation, path)
        for principal in principals
        for held in by_principal.get(compared(principal), ())
    )


@once_a_graph
def _by_principal(graph: Graph) -> Mapping[str, list[Assignment]]:
    found: dict[str, list[Assignment]] = {}
    for held in assignments(graph):
        found.setdefault(compared(held.principal), []).append(held)
    return found


@once_a_graph
def assignments(graph: Graph) -> list[Assignment]:
    """Every role assignment of a stack. Raises Unreadable."""
    own = {
        made.props.text_or_empty("roleDefinitionId").rpartition("/")[2].lower(): _made(made)
        for made in graph.of(authorization.ROLE_DEFINITION)
    }
    known: Mapping[str, Role] = {**generated("azure").roles, **own}
    return [
        Assignment(
            item,
            item.props.text_or_empty("principalId"),
            known.get(item.props.text_or_empty("roleDefinitionId").rpartition("/")[2].lower()),
            item.props.text_or_empty("scope"),
            item.props.text_or_empty("condition"),
        )
        for item in graph.of(authorization.ROLE_ASSIGNMENT)
    ]


def _made(definition: Resource) -> Role:
    each = list(definition.props.each_section("permissions"))
    kinds = ("actions", "notActions", "dataActions", "notDataActions")
    return Role(*(tuple(text for one in each for text in one.each_text(kind)) for kind in kinds))


def _names(held: Assignment, operation: str, data: bool) -> bool:
    if held.role is None:
        raise NotRead("roleDefinitionId", "is a role that is not among the generated facts", held.of)
    said, but = (
        (held.role.data_actions, held.role.not_data_actions) if data else (held.role.actions, held.role.not_actions)
    )
    return _any(said, operation) and not _any(but, operation)


@lru_cache(maxsize=4096)
def _any(patterns: tuple[str, ...], operation: str) -> bool:
    """Operations take upper and lower case for the same, and a `*` stands for any text."""
    return any(covers(pattern, operation) for pattern in patterns)


_UNLESS = re.compile(
    r"\(\((?P<not>!\(ActionMatches\{'[^']+'\}\)(?: AND !\(ActionMatches\{'[^']+'\}\))*)\)"
    r" OR \(@Resource\[[^]]+:path\] String(?P<begins>Starts|NotStarts)With '(?P<prefix>[^']+)'\)\)"
)


def is_read(condition: str) -> bool:
    """Whether a condition is one that is read here, or none."""
    return not condition or _UNLESS.fullmatch(spelled(condition)) is not None


def spelled(condition: str) -> str:
    """A condition with one space where it has white space, which means nothing in it."""
    return " ".join(condition.split())


def _holds(held: Assignment, operation: str, path: str) -> bool:
    if not is_read(held.condition):
        raise NotRead("condition", f"has what is not read: {held.condition[:80]}", held.of)
    return lets(held.condition, operation, path)


def lets(condition: str, operation: str, path: str) -> bool:
    """Whether a condition that is read here, or none, lets an operation be done on a blob: it names no such operation,
    or the path of the blob begins so, or does not.

    https://learn.microsoft.com/en-us/azure/role-based-access-control/conditions-format
    """
    if not condition:
        return True
    said = _UNLESS.fullmatch(spelled(condition))
    if said is None:
        return False
    if operation not in re.findall(r"ActionMatches\{'([^']+)'\}", said["not"]):
        return True
    return path.startswith(said["prefix"]) is (said["begins"] == "Starts")
