"""What guards a resource, and what a resource stands on: read from the kinds' records and the graph's references.

A store that stays keeps what guards it: its access block, key, policy, log and expiry (`Guarded` of its record). Which
resource guards which follows from who names whom, never from a name that somebody gave.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from functools import cache

from catalogue.graph import Graph, Resource
from catalogue.kind import Guarded, Holds, Personal
from catalogue.kinds import kind_of, kinds
from catalogue.marked import texts_in
from catalogue.marks import is_unknown
from catalogue.once import once_a_graph, once_a_resource
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
    types = _guarded_types(platform_of(resource.type) or "").get(resource.type, {})
    beside = [graph.by_urn[urn] for urn in _joined(graph).get(resource.urn, ())] if types else []
    return sorted((one for one in beside if one.type in types), key=lambda one: (types[one.type], one.urn))


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


@once_a_graph
def _joined(graph: Graph) -> Mapping[str, Set[str]]:
    """The URNs of what each resource names and of what names it, by its URN, as far as one may guard the other."""
    by_arn: dict[str, list[str]] = defaultdict(list)
    for one in graph.cloud:
        arn = one.outputs.get("arn")
        if isinstance(arn, str) and arn and not is_unknown(arn):
            by_arn[arn].append(one.urn)
    longest = max(map(len, by_arn), default=0)
    joined: dict[str, set[str]] = defaultdict(set)
    for one in graph.cloud:
        named = {urn for arn in _begins(one, longest) for urn in by_arn.get(arn, ())}
        for other in named | _referred(graph, one):
            joined[one.urn].add(other)
            joined[other].add(one.urn)
    return joined


def _begins(resource: Resource, longest: int) -> Iterator[str]:
    """Each ARN of the inputs, and what comes before each slash of it: what lies below an ARN names it, too."""
    for text in _arns(resource):
        yield text
        at = text.find("/")
        while 0 <= at <= longest:
            yield text[:at]
            at = text.find("/", at + 1)


@once_a_resource
def _arns(resource: Resource) -> Sequence[str]:
    return [text for text in texts_in(resource.inputs) if text.startswith("arn:")]


def _referred(graph: Graph, resource: Resource) -> set[str]:
    """The URNs of what a property refers to and may guard, or be guarded by.

    Where nobody knows which of a type is meant, it counts for each.
    """
    found: set[str] = set()
    guards = _guards_or_guarded(platform_of(resource.type) or "", resource.type)
    for key, urns in resource.property_dependencies.items():
        types: dict[str, list[str]] = defaultdict(list)
        for urn in urns:
            if urn in graph.by_urn and graph.by_urn[urn].type in guards:
                types[graph.by_urn[urn].type].append(urn)
        for type_, all_ in types.items():
            try:
                found.update(one.urn for one in graph.refers(resource, key, type_))
            except NotKnown:
                found.update(all_)
    return found


@cache
def _guarded_types(platform: str) -> Mapping[str, Mapping[str, int]]:
    """The types that each type guards on a platform, with their places in the catalogue."""
    found: dict[str, dict[str, int]] = defaultdict(dict)
    for place, (token, kind) in enumerate(kinds(platform).items() if platform else ()):
        for guard in kind.guarded.by if isinstance(kind.guarded, Guarded) else ():
            found[guard][token] = place
    return found


@cache
def _guards_or_guarded(platform: str, type_: str) -> Set[str]:
    """The types that a type guards, and those that guard it."""
    guarded = _guarded_types(platform)
    return {*guarded.get(type_, ()), *(guard for guard, types in guarded.items() if type_ in types)}
