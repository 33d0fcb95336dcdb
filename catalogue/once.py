"""Readings of a whole graph that are done once, however often rules ask for them."""

from collections.abc import Callable
from typing import TypeVar

from catalogue.graph import Graph

_Read = TypeVar("_Read")


def once_a_graph(read: Callable[[Graph], _Read]) -> Callable[[Graph], _Read]:
    """Reads a whole graph once, although a rule or a bill asks for it at each of a thousand resources."""
    last: list[tuple[Graph, _Read]] = []

    def reading(graph: Graph) -> _Read:
        if not last or last[0][0] is not graph:
            last[:] = [(graph, read(graph))]
        return last[0][1]

    return reading
