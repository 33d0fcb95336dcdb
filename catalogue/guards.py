"""What guards a resource, and what a resource stands on: read from the kinds' records and the graph's references.

A store that stays keeps what guards it: its access block, key, policy, log and expiry (`Guarded` of its record). Which
resource guards which follows from who names whom, never from a name that somebody gave.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from catalogue.graph import Graph, Resource
from catalogue.kind import Guarded, Holds, Kind, Personal
from catalogue.kinds import kind_of, kinds
from catalogue.marked import texts_in
from catalogue.once import once_a_graph
from catalogue.platforms import platform_of
from catalogue.properties import NotKnown


def is_state(resource: Resource) -> bool:
    """Whether a resource holds data or people's work, or guards such by its kind alone. It is protected."""
    kind = kind_of(resource.type)
    if kind is None:
        return False
    return kind.holds.of(resource) if isinstance(kind.holds, Personal) else isinstance(kind.holds, Holds)


def guarded_by(graph: Graph, resource: Resource) -> list[Resource]:
    """What a resource guards: of the kinds that say its type guards them, those that it names or that name it.

    A reference that is not known yet counts for each resource that it may mean.
    """
    platform = platform_of(resource.type)
    types = [token for token, kind in kinds(platform).items() if resource.type in _guards_of(kind)] if platform else []
    return [one for one in graph.of(*types) if _names(graph, resource, one) or _names(graph, one, resource)]


@once_a_graph
def guards(graph: Graph) -> Mapping[str, Sequence[Resource]]:
    """What guards each resource, by its URN."""
    found: dict[str, list[Resource]] = defaultdict(list)
    for guard in graph.cloud:
        for one in guarded_by(graph, guard):
            found[one.urn].append(guard)
    return found


def kept_with(graph: Graph, kept: Iterable[str]) -> set[str]:
    """The URNs of what stays where these stay: what they stand on, and what guards any of it.

    A resource stands on what it depends on, on its component and on its provider. The engine deletes none of these
    while it stands.
    """
    by, waiting, stays = guards(graph), list(kept), set[str]()
    while waiting:
        urn = waiting.pop()
        one = graph.by_urn.get(urn)
        if one is None or urn in stays:
            continue
        stays.add(urn)
        provider = graph.provider_of(one)
        waiting += [*one.dependencies, *(urn for urns in one.property_dependencies.values() for urn in urns)]
        waiting += [urn for urn in (one.parent, provider.urn if provider else None) if urn]
        waiting += [guard.urn for guard in by.get(urn, ())]
    return stays


def _names(graph: Graph, resource: Resource, other: Resource) -> bool:
    """Whether an input of the one names the other: by a reference, or by its ARN or what lies below it."""
    arn = other.outputs.get("arn")
    if isinstance(arn, str) and any(text == arn or text.startswith(f"{arn}/") for text in texts_in(resource.inputs)):
        return True
    for key, urns in resource.property_dependencies.items():
        if other.urn in urns:
            try:
                if other in graph.refers(resource, key, other.type):
                    return True
            except NotKnown:
                return True
    return False


def _guards_of(kind: Kind) -> tuple[str, ...]:
    return kind.guarded.by if isinstance(kind.guarded, Guarded) else ()
