"""The rules on what each input of a kind may say, by `catalogue/inputs/`: what nobody has thought of is a finding.

They ask nothing of a kind that says nothing of its inputs, which only a company's own may.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from catalogue.graph import Graph
from catalogue.kind import Takes
from catalogue.kinds import kind_of, kinds
from catalogue.marks import is_marked
from catalogue.properties import NotKnown, Properties
from policies.rule import Found, Rule, resource_rule, whole_stack_rule


def rules(platform: str) -> list[Rule]:
    """The rules of this module for one platform."""
    return [_known(platform), _allowed(platform)]


def _known(platform: str) -> Rule:
    @whole_stack_rule(
        "inputs-known",
        severity="medium",
        says="Every input that is set is one that somebody has judged for its kind; what is not is judged by nobody.",
        remedy=f"Leave the input out; or have it judged, and say in catalogue/inputs/{platform}.yaml what it may be.",
        advice_elsewhere=True,
    )
    def known(graph: Graph) -> Found:
        for resource in graph.cloud:
            kind = kind_of(resource.type)
            if kind is None or not isinstance(kind.takes, Takes):
                continue
            unknown = dict.fromkeys(_unknown(kind.takes, resource.inputs, ""))
            if unknown:
                yield resource, f"sets {', '.join(unknown)}, which nobody has judged for a {resource.type}"

    return known


def _unknown(takes: Takes, value: Any, path: str) -> Iterator[str]:
    """The paths of what is given and that nothing says, the outermost of each."""
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _unknown(takes, one, path)
    elif isinstance(value, Mapping) and not is_marked(value) and path in takes.entered:
        for key, one in cast("Mapping[str, Any]", value).items():
            if one is None or one in ([], {}):
                continue
            below = (f"{path}.{key}".lstrip("."), f"{path}.*".lstrip("."))
            said = next((at for at in below if at in takes.known or at in takes.entered), None)
            if said is not None:
                yield from _unknown(takes, one, said)
            elif not takes.covers(path):
                yield below[0]
    elif not takes.covers(path):
        yield path


def _allowed(platform: str) -> Rule:
    takes = {token: kind.takes for token, kind in kinds(platform).items() if isinstance(kind.takes, Takes)}

    @resource_rule(
        "inputs-allowed",
        *takes,
        severity="high",
        says="An input that keeps a resource safe is given, and has a value that keeps it so.",
        remedy="Give the input one of the values that the finding names.",
    )
    def allowed(resource: Properties) -> Iterator[str]:
        said = takes[_type_of(resource)]
        for path, values in (*said.may.items(), *said.must.items()):
            yield from _other(resource, path, values, needed=path in said.must)

    return allowed


def _type_of(resource: Properties) -> str:
    """The type that a resource's URN names: its last, below those of its parents."""
    assert resource.owner is not None
    return resource.owner.urn.split("::")[2].rpartition("$")[2]


def _other(resource: Properties, path: str, values: tuple[Any, ...], needed: bool) -> Iterator[str]:
    above, _, name = path.rpartition(".")
    for part in _parts(resource.values, above.split(".") if above else []):
        for value in _each(part.get(name)):
            if value is None:
                if needed:
                    yield f"has no {path}, where {_words(values)} is needed"
            elif is_marked(value):
                raise NotKnown(path, "is not known before `up`, or secret", resource.owner)
            elif value not in values:
                yield f"has {path} {value!r}, where {_words(values)} is allowed"


def _parts(value: Any, path: list[str]) -> Iterator[Mapping[str, Any]]:
    """Every object at a path, in every list on the way."""
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _parts(one, path)
    elif isinstance(value, Mapping) and not is_marked(value):
        here = cast("Mapping[str, Any]", value)
        if not path:
            yield here
            return
        for key in here if path[0] == "*" else path[:1]:
            yield from _parts(here.get(key), path[1:])


def _each(value: Any) -> list[Any]:
    """The elements of a list, of which an empty one has none that is given; or the one value."""
    if isinstance(value, list):
        return cast("list[Any]", value) or [None]
    return [value]


def _words(values: tuple[Any, ...]) -> str:
    return " or ".join(map(repr, values))
