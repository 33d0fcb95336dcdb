"""The rules on what each input of a kind may say, by `catalogue/inputs/`: what nobody has thought of is a finding.

They ask nothing of a kind that says nothing of its inputs, which only a company's own may.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from math import nan
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kind import NotYet, StandsApart, Takes
from catalogue.kinds import kind_of
from catalogue.marked import DEFAULTS
from catalogue.marks import is_marked
from catalogue.once import once_a_resource
from catalogue.properties import Properties
from catalogue.wording import one_line
from policies.rule import Found, Rule, whole_stack_rule
from policies.world import may_be_id, names_of, world


def rules(platform: str) -> list[Rule]:
    """The rules of this module for one platform."""
    return [_known(platform), _allowed(platform), _needed(platform), _own(platform)]


def _takes(resource: Resource) -> Takes | None:
    kind = kind_of(resource.type) if resource.custom else None
    return kind.takes if kind is not None and isinstance(kind.takes, Takes) else None


def _known(platform: str) -> Rule:
    @whole_stack_rule(
        "inputs-known",
        severity="medium",
        says="Every input that is set is one that somebody has judged for its kind; what is not is judged by nobody.",
        remedy=f"Leave the input out; or have it judged, and say in catalogue/inputs/{platform}.yaml what it may be.",
        advice_elsewhere=True,
    )
    def known(graph: Graph) -> Found:
        """Each input by its path, at any depth. An empty list is none that is set; an empty map is a section with its
        defaults. One of `accessConfigs` is a public address: https://cloud.google.com/compute/docs/reference/rest/v1/instances

        Of a kind whose inputs nobody has written down, none is judged. Nor is what stands where the program ignores the
        changes of an input that the kind's record does not have apart: what is judged here is then never sent
        (https://www.pulumi.com/docs/iac/concepts/options/ignorechanges/).
        """
        for resource in graph.resources:
            kind = kind_of(resource.type) if resource.custom else None
            if kind is not None and isinstance(kind.takes, NotYet):
                yield resource, f"sets what nobody has judged for a {resource.type}"
            if unknown := _not_known(resource):
                yield resource, f"sets {', '.join(sorted(unknown))}, which nobody has judged for a {resource.type}"
            for path in _ignored(resource, graph.ours):
                yield resource, f"ignores the changes of {path}, so that nobody has judged what stands"

    return known


def _ignored(resource: Resource, ours: bool) -> list[str]:
    """The inputs whose changes are ignored beside those of which the kind's record says why; in another program those
    whose value is judged, for what is free it may leave to whom it likes."""
    kind = kind_of(resource.type) if resource.custom else None
    apart = kind.apart.inputs if kind is not None and isinstance(kind.apart, StandsApart) else ()
    known = {one.path for one in apart if not one.by_cloud}
    takes = _takes(resource)
    free = frozenset[str]() if ours or takes is None else takes.free
    return [path for path in resource.ignored_changes if kind is not None and path not in known | free]


@once_a_resource
def _not_known(resource: Resource) -> Sequence[str]:
    takes = _takes(resource)
    return [] if takes is None else list(dict.fromkeys(_unknown(takes, resource.inputs, "")))


def _unknown(takes: Takes, value: Any, path: str) -> Iterator[str]:
    """The paths of what is given and that nothing says, the outermost of each."""
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _unknown(takes, one, path)
    elif isinstance(value, dict) and not is_marked(cast("Any", value)) and path in takes.entered:
        filled_in = (DEFAULTS, *cast("Mapping[str, Any]", value).get(DEFAULTS, ()))
        for key, one in cast("Mapping[str, Any]", value).items():
            if one is None or one == [] or key in filled_in:
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
    @whole_stack_rule(
        "inputs-allowed",
        severity="high",
        says="An input that keeps a resource safe has a value that keeps it so.",
        remedy="Give the input a value that the finding allows.",
        advice_elsewhere=True,
    )
    def allowed(graph: Graph) -> Found:
        """The values, patterns and numbers of `catalogue/inputs/`, for each element of each list. No section of a list
        stands there twice: whoever mends the one leaves the other, and not every service takes it.
        """
        yield from _each_once(graph, _not_allowed if graph.ours or platform != "gcp" else _said_otherwise)

    return allowed


def _needed(platform: str) -> Rule:
    @whole_stack_rule(
        "inputs-needed",
        severity="medium",
        says="An input without which a resource is not what it is for is given.",
        remedy="Give the input.",
        advice_elsewhere=True,
    )
    def needed(graph: Graph) -> Found:
        """What `catalogue/inputs/` needs, and what the provider's schema requires (`catalogue/generated/`). How another
        program makes its provider is its own; `limits-account` asks for what that has to say.
        """
        yield from _each_once(graph, _not_given if graph.ours else _not_given_elsewhere)

    return needed


def _each_once(graph: Graph, ask: Callable[[Resource], Sequence[str]]) -> Found:
    """Every finding in a stack of ours; in another program the same sentence once for a type, for it is advice."""
    said = set[tuple[str, str]]()
    for resource in graph.resources:
        for sentence in ask(resource):
            if graph.ours or (resource.type, sentence) not in said:
                said.add((resource.type, sentence))
                yield resource, sentence


@once_a_resource
def _not_allowed(resource: Resource) -> Sequence[str]:
    takes = _takes(resource)
    return [] if takes is None else list(_other_values(takes, resource.props))


@once_a_resource
def _said_otherwise(resource: Resource) -> Sequence[str]:
    """As `_not_allowed`, of another program on Google Cloud: what it does not say is false there, as in every message
    of Google's APIs (https://protobuf.dev/programming-guides/proto3/#default), and its provider is its own.
    """
    takes = _takes(resource)
    if takes is None:
        return []
    left = {key for key, values in takes.must.items() if False in values or resource.is_provider}
    said = replace(
        takes,
        must={key: values for key, values in takes.must.items() if key not in left},
        may={**takes.may, **{key: values for key, values in takes.must.items() if key in left}},
    )
    return list(_other_values(said, resource.props))


@once_a_resource
def _not_given(resource: Resource) -> Sequence[str]:
    takes = _takes(resource)
    return [] if takes is None else list(_lacking(takes, resource.props))


def _not_given_elsewhere(resource: Resource) -> Sequence[str]:
    return [] if resource.is_provider else _not_given(resource)


def _lacking(takes: Takes, said: Properties) -> Iterator[str]:
    return (f"has no {path}, which it needs" for path in sorted(takes.needed) if _lacks(said, path))


def _other_values(takes: Takes, resource: Properties) -> Iterator[str]:
    for path, values in (*takes.may.items(), *takes.must.items()):
        if path in takes.must and _lacks(resource, path):
            yield f"has no {path}, where {_words(values)} is needed"
        yield from (_other(path, one, _words(values)) for one in _given(resource, path) if one not in values)
    for path, pattern in takes.like.items():
        wrong = (one for one in _given(resource, path) if not pattern.fullmatch(str(one)))
        yield from (_other(path, one, pattern.pattern) for one in wrong)
    for path, (low, high) in takes.within.items():
        wrong = (one for one in _given(resource, path) if not low <= _number(one) <= high)
        yield from (_other(path, one, f"{low:g} to {high:g}") for one in wrong)
    for path in sorted(takes.once):
        for above in _above(resource, path):
            if len(_each(above.get(path.rpartition(".")[2]))) > 1:
                yield f"has more than one of {path}"
    yield from (f"says the same twice in {path}" for path in dict.fromkeys(_twice(resource.values, "")))


def _twice(value: Any, path: str) -> Iterator[str]:
    """The paths of the lists that have one object twice. What stands there again was meant to be another."""
    if is_marked(value):
        return
    if isinstance(value, list):
        said = [json.dumps(one, sort_keys=True, default=str) for one in cast("list[Any]", value) if _compares(one)]
        if len(said) > len(set(said)):
            yield path
        for one in cast("list[Any]", value):
            yield from _twice(one, path)
    elif isinstance(value, dict):
        for key, one in cast("Mapping[str, Any]", value).items():
            yield from _twice(one, f"{path}.{key}".lstrip("."))


def _compares(value: Any) -> bool:
    """Whether a value is an object that is known whole: two that are secret, or not known yet, look alike."""
    return isinstance(value, dict) and _is_known(value)


def _is_known(value: Any) -> bool:
    if is_marked(value):
        return False
    if isinstance(value, dict):
        return all(map(_is_known, cast("Mapping[str, Any]", value).values()))
    return not isinstance(value, list) or all(map(_is_known, cast("list[Any]", value)))


def _own(platform: str) -> Rule:
    @whole_stack_rule(
        "inputs-own",
        severity="high",
        says="An input that names a key, a network, a role or another resource names one of the stack, of its landing "
        "zone, or of what its file names; one of the stack is not written out, but taken from what has the name.",
        remedy="Pass the output of the stack's own resource; or name what is of others in the stack file, where it "
        "shows in review.",
        advice_elsewhere=True,
    )
    def own(graph: Graph) -> Found:
        """By the whole name, address or id, in any case of letters; what is not known before `up` is judged then.

        In a program that is not ours, only where it makes a resource of the type itself and names another.
        """
        ours = world(graph)
        for resource in graph.cloud:
            for path, types, text in _named(resource):
                known = graph.placement is not None or any(ours.by_type.get(one) for one in types)
                if known and not ours.has(text, *types) and not may_be_id(graph, resource, path, text, *types):
                    yield resource, f"has {path} {_shown(text)}, which is not of the stack and not in its file"
        yield from _written_out(graph) if graph.ours else ()

    return own


def _written_out(graph: Graph) -> Found:
    """The names of the stack's own resources that an input has from nowhere: every rule on what belongs to a resource
    follows references, so that a policy on a role whose name is written out is a policy on no role. What an input may
    name is what the same input of others in the graph is taken from.
    """
    types, names = dict[tuple[str, str], set[str]](), dict[str, dict[str, Resource]]()
    for resource in graph.cloud:
        for key, urns in resource.property_dependencies.items():
            there = (graph.by_urn.get(urn) for urn in urns)
            types.setdefault((resource.type, key), set()).update(one.type for one in there if one and one.custom)
        for name in names_of(resource):
            names.setdefault(resource.type, {})[name] = resource
    for resource in graph.cloud:
        for key, value in resource.inputs.items():
            may = () if resource.property_dependencies.get(key) else types.get((resource.type, key), ())
            texts = [one.casefold() for one in _each(value) if may and isinstance(one, str)]
            found = [one for type_ in may for text in texts if (one := names.get(type_, {}).get(text)) is not None]
            for other in dict.fromkeys(one.name for one in found if one is not resource):
                yield resource, f"has {key} written out, which names {other} and is not taken from it"


@once_a_resource
def _named(resource: Resource) -> Sequence[tuple[str, tuple[str, ...], str]]:
    takes = _takes(resource)
    return list(named(takes, resource.props)) if takes else []


def named(takes: Takes, said: Properties) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Every text that is to name another resource, with its path and the types of what it may name."""
    for path, types in takes.own.items():
        yield from ((path, types, one) for one in _given(said, path) if isinstance(one, str) and one)


def unlike(takes: Takes, said: Properties) -> Iterator[str]:
    """What is said otherwise than it may be, in one sentence each: what is refused or nobody judged, other values, what
    lacks."""
    unknown = sorted({*_unknown(takes, said.values, "")})
    yield from (f"sets {path}, and {takes.refused[path]}" for path in unknown if path in takes.refused)
    if unjudged := [path for path in unknown if path not in takes.refused]:
        yield f"sets {', '.join(unjudged)}, which nobody has judged"
    yield from _other_values(takes, said)
    yield from _lacking(takes, said)


def _given(resource: Properties, path: str) -> Iterator[Any]:
    """What is given at a path and known. What is not known yet is judged once it is."""
    for above in _above(resource, path):
        yield from (one for one in _each(above.get(path.rpartition(".")[2])) if not is_marked(one))


def _lacks(resource: Properties, path: str) -> bool:
    """Whether what an input lies in is there somewhere without it. An empty list or map is none."""
    name = path.rpartition(".")[2]
    return any(above.get(name) in (None, [], {}) for above in _above(resource, path))


def _above(resource: Properties, path: str) -> Iterator[Mapping[str, Any]]:
    """Every object in which the input at a path lies, in every list on the way; `*` enters every value of a map."""
    parts = path.split(".")[:-1]
    return _parts(resource.values, parts)


def _parts(value: Any, path: list[str]) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from _parts(one, path)
    elif isinstance(value, dict) and not is_marked(cast("Any", value)):
        here = cast("Mapping[str, Any]", value)
        if not path:
            yield here
            return
        for key in here if path[0] == "*" else path[:1]:
            yield from _parts(here.get(key), path[1:])


def _each(value: Any) -> list[Any]:
    """The elements of a list, or the one value, or none."""
    if isinstance(value, list):
        return cast("list[Any]", value)
    return [] if value is None else [value]


def _number(value: Any) -> float:
    """A number, also where it is written as text, as some inputs of AWS have it, or in Google's spans such as `60s`.

    No number compares with anything else. https://protobuf.dev/reference/protobuf/google.protobuf/#duration
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    return float(value.removesuffix("s")) if isinstance(value, str) and re.fullmatch(r"-?\d+(\.\d+)?s?", value) else nan


def _other(path: str, value: Any, allowed: str) -> str:
    return f"has {path} {_shown(value)}, where {allowed} is allowed"


def _words(values: tuple[Any, ...]) -> str:
    return " or ".join(map(repr, values))


def _shown(value: Any) -> str:
    return repr(one_line(value) if isinstance(value, str) else value)
