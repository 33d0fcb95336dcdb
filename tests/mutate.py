"""Mutations of a resource graph: the same graph with one thing dropped or changed."""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from catalogue.graph import Graph, Resource


def with_a_long_file(graph: Graph) -> Graph:
    """The graph of a stack file that is a byte longer than the engine can hand on."""
    assert graph.placement is not None
    return replace(graph, placement=replace(graph.placement, config_bytes=131_073))


def without(graph: Graph, resource: Resource) -> Graph:
    """The graph without one resource; what referred to it refers to nothing."""
    return replace(graph, resources=tuple(r for r in graph.resources if r.urn != resource.urn))


def changed(graph: Graph, resource: Resource, change: Callable[[dict[str, Any]], None]) -> Graph:
    """The graph with one resource's properties changed, as inputs and as what the cloud would answer."""
    inputs, outputs = copy.deepcopy(dict(resource.inputs)), copy.deepcopy(dict(resource.outputs))
    change(inputs)
    change(outputs)
    return swapped(graph, replace(resource, inputs=inputs, outputs=outputs))


def keyless(graph: Graph) -> Graph:
    """The graph as the engine's door has it: no resource says of which key of the stack file it was made."""
    return replace(graph, resources=tuple(replace(one, stack_key=None) for one in graph.resources))


def swapped(graph: Graph, resource: Resource) -> Graph:
    """The graph with one resource in place of that with the same URN."""
    return replace(graph, resources=tuple(resource if r.urn == resource.urn else r for r in graph.resources))


def dropped(graph: Graph, resource: Resource, path: str) -> Graph:
    """The graph with one property gone, and with it the references it held when it was a whole property."""
    key = path.split(".", maxsplit=1)[0]
    graph = changed(graph, resource, lambda properties: drop(properties, path))
    node = graph.by_urn[resource.urn]
    if "." in path:
        return graph
    references = {k: v for k, v in node.property_dependencies.items() if k != key}
    return swapped(graph, replace(node, property_dependencies=references))


def drop(properties: Any, path: str) -> None:
    """Delete the property at a dotted path; `0` enters a list. Does nothing where the path does not exist."""
    *parents, last = path.split(".")
    for part in parents:
        properties = properties[int(part)] if isinstance(properties, list) else properties.get(part)
        if properties is None:
            return
    if isinstance(properties, list):
        del properties[int(last)]
    else:
        properties.pop(last, None)


def put(properties: Any, path: str, value: Any) -> None:
    """Set the property at a dotted path that exists."""
    *parents, last = path.split(".")
    for part in parents:
        properties = properties[int(part)] if isinstance(properties, list) else properties[part]
    properties[int(last) if isinstance(properties, list) else last] = value


def at(properties: Any, path: str) -> Any:
    """What stands at a dotted path, `0` entering a list; None where the path does not exist."""
    for part in path.split("."):
        if isinstance(properties, list):
            properties = properties[int(part)] if int(part) < len(properties) else None
        else:
            properties = properties.get(part) if isinstance(properties, dict) else None
    return properties


def paths(value: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every dotted path of a value, with what stands there."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        path = f"{prefix}{key}"
        yield path, item
        yield from paths(item, f"{path}.")
