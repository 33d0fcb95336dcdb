"""Readings of a whole graph, or of one resource, that are done once, however often rules ask for them."""

from collections.abc import Callable
from typing import TypeVar

from catalogue.graph import Graph, Resource

_Read = TypeVar("_Read")


def once_a_graph(read: Callable[[Graph], _Read]) -> Callable[[Graph], _Read]:
    """Reads a whole graph once, although a rule or a bill asks for it at each of a thousand resources."""
    last: list[tuple[Graph, _Read]] = []

    def reading(graph: Graph) -> _Read:
        if not last or last[0][0] is not graph:
            last[:] = [(graph, read(graph))]
        return last[0][1]

    return reading


def once_a_resource(read: Callable[[Resource], _Read]) -> Callable[[Resource], _Read]:
    """Reads what follows from one resource alone once, also where many graphs have the resource."""
    key = f"{read.__module__}.{read.__qualname__}"

    def reading(resource: Resource) -> _Read:
        known = resource.__dict__
        if key not in known:
            known[key] = read(resource)
        found: _Read = known[key]
        return found

    return reading
