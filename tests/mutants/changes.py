"""The kinds of change that make a mutant of a graph. Each is made from the SDK's schema and from what the graph has.

| change | does |
|---|---|
| gone | takes a property away, at any depth, or an element of a list |
| turned | turns a truth value over, puts another value of the enum, or a number that is far off |
| foreign | puts what is of others: another account, region, place, name or peer |
| wider | puts a wildcard or a scope above |
| second | puts a second element beside the first of a list: a foreign one, or a wider one |
| set | sets a property that is not there, with each value that the schema takes |
| statement | adds a statement to a document that allows everything, to somebody foreign |
| unasked | adds a resource of a known kind that no section calls for |
| copied | adds a copy of a resource under another name, in no component |
| lost | takes a resource away |
| option | takes protection away, or ignores the changes of a property |

A JSON document in a text is entered as any other value; `#` stands before the path in it.
"""

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kinds import kinds
from catalogue.marks import is_marked
from sandbox.cloud import UnknownType
from sandbox.inputs import Anything, Either, Entries, Items, Object, OneOf, Scalar, Shape, resource_shape
from tests.mutants.values import World, foreign, numbers, wider
from tests.mutate import without

DEEPEST = 4
"""How many levels of absent properties are set below one that is there; a schema may contain itself."""
_ENUM_VALUES = 4
Json = dict[str, Any]
_ANY = {"AWS": "*"}


@dataclass(frozen=True)
class Mutant:
    """A graph with one change. `path` is where it was made, empty where it is the whole resource."""

    change: str
    what: str
    type: str
    name: str
    path: str
    graph: Graph

    def __str__(self) -> str:
        return f"{self.change} ({self.what}) {self.type} {self.name} {self.path}".rstrip()


def mutants(graph: Graph, of_a_type: int | None = None) -> Iterator[Mutant]:
    """Every mutant of a graph, resource by resource, and then those of the stack.

    Where `of_a_type` is given, no more resources of a type with one parent's type are changed.
    """
    world, met = World.of(graph), Counter[tuple[str, str]]()
    for resource in graph.resources:
        above = graph.by_urn.get(resource.parent or "")
        alike = resource.type, above.type if above else ""
        met[alike] += 1
        if not resource.is_component and (of_a_type is None or met[alike] <= of_a_type):
            yield from of_resource(graph, world, resource)
    yield from unasked(graph)


def of_resource(graph: Graph, world: World, resource: Resource) -> Iterator[Mutant]:
    """Every mutant in which one resource is other, gone, or there twice."""

    def made(change: str, what: str, path: str, inputs: dict[str, Any], key: str | None) -> Mutant:
        return Mutant(change, what, resource.type, resource.name, path, _with_inputs(graph, resource, inputs, key))

    seen = set[str]()
    for change, what, path, inputs in _inputs_of(world, resource):
        if inputs == resource.inputs:  # the same again, said in another way
            continue
        said = json.dumps([change == "gone", path, inputs], sort_keys=True, default=str)
        if said not in seen and inputs != resource.inputs:
            seen.add(said)
            yield made(change, what, path, inputs, path.partition(".")[0].partition("#")[0])
            if resource.property_dependencies.get(path.partition(".")[0]) and change in ("foreign", "wider"):
                yield made(change, f"{what}, its reference kept", path, inputs, None)
    if not resource.is_provider:
        yield Mutant("lost", "", resource.type, resource.name, "", without(graph, resource))
        yield Mutant("copied", "", resource.type, resource.name, "", _copied(graph, resource))
    if resource.protect:
        open_ = replace(resource, protect=False)
        yield Mutant("option", "protect", resource.type, resource.name, "", _swapped(graph, open_))


def unasked(graph: Graph) -> Iterator[Mutant]:
    """The graph with a resource that nobody asked for, one of each known kind, with what it must have."""
    provider = next((r for r in graph.resources if r.is_provider), None)
    for type_ in sorted(kinds(graph.platform)):
        if type_.startswith("pulumi:"):
            continue
        try:
            shape = resource_shape(type_)
        except UnknownType:
            continue
        added = Resource(
            urn=f"urn:pulumi:{graph.stack}::{graph.project}::{type_}::mallory",
            type=type_,
            name="mallory",
            custom=True,
            provider=f"{provider.urn}::id" if provider else None,
            inputs=least(shape),
        )
        what = replace(graph, resources=(*graph.resources, added))
        yield Mutant("unasked", "", type_, "mallory", "", what)


# ---- what is changed in the inputs of one resource -------------------------------------------------------------------

_Change = tuple[str, str, str, dict[str, Any]]


def _inputs_of(world: World, resource: Resource) -> Iterator[_Change]:
    inputs = dict(resource.inputs)
    try:
        shape: Shape = Anything() if resource.is_provider else resource_shape(resource.type)
    except UnknownType:
        shape = Anything()

    def put(path: str, make: Callable[[Any], Any]) -> dict[str, Any]:
        return _at(inputs, path, make)

    for path, value in _entered("", inputs):
        if not path or value is None:
            continue
        yield "gone", "", path, _gone(inputs, path)
        for change, what, other in _other(world, value):
            yield change, what, path, put(path, lambda _, other=other: other)
        if isinstance(value, list) and value:
            for what, element in _second(world, cast("list[Any]", value)):
                yield "second", what, path, put(path, lambda old, element=element: [*old, element])
        if isinstance(value, dict) and {"Effect", "Action"} <= cast("Json", value).keys():
            yield from _statements(path, cast("Json", value), put)
    for path, value in _absent(shape, inputs, ""):
        what = json.dumps(value)[:40]
        yield "set", what, path, _set(inputs, path, value)


def _other(world: World, value: Any) -> Iterator[tuple[str, str, Any]]:
    if isinstance(value, bool):
        yield "turned", "", not value
    elif isinstance(value, int | float):
        yield from (("turned", what, other) for what, other in numbers(value))
    elif isinstance(value, str):
        yield from (("foreign", what, other) for what, other in foreign(world, value))
        yield from (("wider", what, other) for what, other in wider(value))
        if value.casefold() in ("enabled", "disabled"):
            yield "turned", "", {"enabled": "Disabled", "disabled": "Enabled"}[value.casefold()]


def _second(world: World, value: list[Any]) -> Iterator[tuple[str, Any]]:
    first = copy.deepcopy(value[0])
    if isinstance(first, str):
        for what, other in (*foreign(world, first), *wider(first)):
            yield what, other
        yield "any text", "mallory"
        return
    if not isinstance(first, dict):
        return
    for path, inner in _entered("", first):
        if isinstance(inner, str):
            for what, other in (*foreign(world, inner), *wider(inner)):
                yield f"{what} at {path}", _at(first, path, lambda _, other=other: other)
    yield "the same again", first


def _statements(
    path: str, statement: dict[str, Any], put: Callable[[str, Callable[[Any], Any]], dict[str, Any]]
) -> Iterator[_Change]:
    whose = {"Principal": _ANY} if "Principal" in statement else {}
    beside, _, number = path.rpartition(".")
    if number.isdigit():
        added = {"Effect": "Allow", "Action": "*", "Resource": "*", **whose}
        yield "statement", "allows all", path, put(beside, lambda old: [*old, added])
        if whose:
            account = {**added, "Principal": {"AWS": "arn:aws:iam::999988887777:root"}}
            yield "statement", "allows an account", path, put(beside, lambda old: [*old, account])
    for key, other in (("Action", "*"), ("Resource", "*"), ("Principal", "*"), ("Principal", _ANY)):
        if key in statement:
            yield "statement", f"{key} {json.dumps(other)}", path, put(path, lambda old, k=key, o=other: {**old, k: o})
    turned = {"Allow": "Deny", "Deny": "Allow"}[statement["Effect"]]
    yield "statement", f"Effect {turned}", path, put(path, lambda old: {**old, "Effect": turned})
    if "Action" in statement:
        inverted = {**{k: v for k, v in statement.items() if k != "Action"}, "NotAction": "s3:GetObject"}
        yield "statement", "NotAction", path, put(path, lambda _: inverted)


def _absent(shape: Shape, value: Any, path: str, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """What the schema takes and the value does not have: its path, with each value to be set there."""
    if isinstance(shape, Either):
        for one in shape.of:
            yield from _absent(one, value, path, depth)
    elif isinstance(shape, Items) and isinstance(value, list):
        for number, one in enumerate(cast("list[Any]", value)):
            yield from _absent(shape.of(), one, f"{path}.{number}".lstrip("."), depth)
    elif isinstance(shape, Object) and isinstance(value, dict):
        given = cast("Json", value)
        for name, known in shape.properties.items():
            below = f"{path}.{name}".lstrip(".")
            if given.get(name) is None:
                yield from ((below, one) for one in _samples(known.shape(), depth))
            elif not is_marked(given[name]):
                yield from _absent(known.shape(), given[name], below, depth + 1)


def _samples(shape: Shape, depth: int) -> Iterator[Any]:
    """Values that a shape takes: truth values, the first of an enum, a text, numbers, one element, a least object."""
    if isinstance(shape, Either):
        enums = [one for one in shape.of if isinstance(one, OneOf)]
        yield from (one for each in (enums or shape.of) for one in _samples(each, depth))
    elif isinstance(shape, OneOf):
        yield from shape.values[:_ENUM_VALUES]
    elif isinstance(shape, Scalar):
        yield from {bool: (True, False), str: ("mallory",)}.get(shape.kinds[0], (1, 100_000))
    elif isinstance(shape, Items):
        yield from ([one] for one in _samples(shape.of(), depth + 1))
    elif isinstance(shape, Entries):
        yield from ({"mallory": one} for one in _samples(shape.of(), depth + 1))
    elif isinstance(shape, Object) and depth < DEEPEST:
        fewest = least(shape, depth + 1)
        yield fewest
        for name, known in shape.properties.items():
            for one in _samples(known.shape(), depth + 2):
                if (other := {**fewest, name: one}) != fewest:
                    yield other


def least(shape: Object, depth: int = 0) -> dict[str, Any]:
    """An object with what the schema requires and nothing else."""
    required = {name: known.shape() for name, known in shape.properties.items() if known.required}
    firsts = {name: next(_samples(one, depth + 1), None) for name, one in required.items()}
    return {name: one for name, one in firsts.items() if one is not None}


# ---- ways into values, and into the documents in them ----------------------------------------------------------------


def _entered(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """Every path of a value with what stands there, those of JSON documents in it too."""
    yield path, value
    if is_marked(value):
        return
    document = _document(value)
    if document is not None:
        for inner, one in _entered("", document):
            if inner:
                yield f"{path}#{inner}", one
    if isinstance(value, dict):
        for key, one in cast("Json", value).items():
            yield from _entered(f"{path}.{key}".lstrip("."), one)
    elif isinstance(value, list):
        for number, one in enumerate(cast("list[Any]", value)):
            yield from _entered(f"{path}.{number}".lstrip("."), one)


def _document(value: Any) -> Any:
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return None
    try:
        read: Any = json.loads(value)
    except ValueError:
        return None
    return cast("Any", read) if isinstance(read, dict | list) else None


def _at(inputs: Any, path: str, make: Callable[[Any], Any]) -> Any:
    """The inputs with another value at a path. Keys with dots of their own are found by their longest match."""
    outer, hash_, inner = path.partition("#")
    if hash_:
        return _at(inputs, outer, lambda text: json.dumps(_at(json.loads(text), inner, make)))
    return _walk(copy.deepcopy(inputs), path, make)


_GONE = object()


def _gone(inputs: Any, path: str) -> Any:
    return _at(inputs, path, lambda _: _GONE)


def _walk(value: Any, path: str, make: Callable[[Any], Any]) -> Any:
    if not path:
        return make(value)
    if isinstance(value, list):
        head, _, rest = path.partition(".")
        made = _walk(value[int(head)], rest, make)
        items = cast("list[Any]", value)
        return [*items[: int(head)], *([] if made is _GONE else [made]), *items[int(head) + 1 :]]
    key = max((key for key in value if path == key or path.startswith(f"{key}.")), key=len)
    made = _walk(value[key], path[len(key) + 1 :], make)
    if made is _GONE:
        del value[key]
    else:
        value[key] = made
    return value


def _set(inputs: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    above, _, name = path.rpartition(".")
    return _at(inputs, above, lambda old: {**old, name: value})


# ---- ways into the graph ---------------------------------------------------------------------------------------------


def _with_inputs(graph: Graph, resource: Resource, inputs: dict[str, Any], key: str | None) -> Graph:
    """The graph with other inputs of a resource, answered by the cloud as they were sent.

    Where `key` is given, the property of this name refers to no other resource any more.
    """
    echoed = {name: inputs.get(name) for name in resource.outputs if resource.inputs.get(name) != inputs.get(name)}
    outputs = {name: value for name, value in {**resource.outputs, **echoed}.items() if value is not None}
    references = {name: urns for name, urns in resource.property_dependencies.items() if name != key}
    return _swapped(graph, replace(resource, inputs=inputs, outputs=outputs, property_dependencies=references))


def _swapped(graph: Graph, resource: Resource) -> Graph:
    return replace(graph, resources=tuple(resource if r.urn == resource.urn else r for r in graph.resources))


def _copied(graph: Graph, resource: Resource) -> Graph:
    """The graph with the same again under another name: every text that has the old name has the new one."""
    new = "mallory"

    def renamed(value: Any) -> Any:
        if isinstance(value, str):
            return value.replace(resource.name, new)
        if isinstance(value, dict):
            return {key: renamed(one) for key, one in cast("Json", value).items()}
        return [renamed(one) for one in cast("list[Any]", value)] if isinstance(value, list) else value

    twin = replace(
        resource,
        urn=f"urn:pulumi:{graph.stack}::{graph.project}::{resource.type}::{new}",
        name=new,
        parent=None,
        inputs=renamed(dict(resource.inputs)),
        outputs={**renamed(dict(resource.outputs)), "id": new},
        stack_key=None,
    )
    return replace(graph, resources=(*graph.resources, twin))
