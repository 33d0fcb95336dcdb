"""Changes of a graph that change nothing for whoever reviews it: names, order, words and labels more."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.kind import At
from catalogue.kinds import kind_of

_WORDS = ("description", "displayName", "title")


def harmless(graph: Graph) -> Iterator[tuple[str, Graph]]:
    """Each change of the whole graph, with a word for it."""
    yield "resources in another order", replace(graph, resources=tuple(reversed(graph.resources)))
    yield "resources under other names", _renamed(graph)
    yield "lists in another order", _each(graph, _reversed)
    yield "other words", _each(graph, _reworded)
    yield "a tag more", replace(graph, resources=tuple(map(_tagged, graph.resources)))


def _renamed(graph: Graph) -> Graph:
    """Every resource that is no component under a number, and what refers to it with it."""
    urns = {
        one.urn: f"{one.urn.rpartition('::')[0]}::r{number}"
        for number, one in enumerate(graph.resources)
        if one.custom and not one.is_provider
    }

    def new(urn: str) -> str:
        return urns.get(urn, urn)

    def renamed(one: Resource) -> Resource:
        references = {key: tuple(map(new, of)) for key, of in one.property_dependencies.items()}
        name = new(one.urn).rpartition("::")[2]
        dependencies = tuple(map(new, one.dependencies))
        return replace(one, urn=new(one.urn), name=name, dependencies=dependencies, property_dependencies=references)

    return replace(graph, resources=tuple(map(renamed, graph.resources)))


def _each(graph: Graph, change: Any) -> Graph:
    def changed(one: Resource) -> Resource:
        if one.is_component or one.is_provider:
            return one
        inputs = cast("dict[str, Any]", change(dict(one.inputs)))
        echoed = {key: inputs[key] for key in one.outputs if key in inputs and one.outputs[key] == one.inputs.get(key)}
        return replace(one, inputs=inputs, outputs={**one.outputs, **echoed})

    return replace(graph, resources=tuple(map(changed, graph.resources)))


def _reversed(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _reversed(one) for key, one in cast("Mapping[str, Any]", value).items()}
    if isinstance(value, list):
        return [_reversed(one) for one in reversed(cast("list[Any]", value))]
    return value


def _reworded(inputs: dict[str, Any]) -> dict[str, Any]:
    return {key: f"Other words {one}" if key in _WORDS and isinstance(one, str) else one for key, one in inputs.items()}


def _tagged(one: Resource) -> Resource:
    kind = kind_of(one.type)
    if kind is None or not isinstance(kind.tags, At) or not isinstance(one.inputs.get(kind.tags.path), Mapping):
        return one
    more = {**one.inputs, kind.tags.path: {**one.inputs[kind.tags.path], "extra": "more"}}
    return replace(one, inputs=more)
