"""Writes into the graph which key of the stack file asked for the component of each resource."""

from dataclasses import replace

from catalogue.graph import Graph, Resource
from stacks.keys import keys
from stacks.model import StackConfig


def with_stack_keys(graph: Graph, config: StackConfig) -> Graph:
    """The graph with `stack_key` set. It is that of the nearest component that a key of the stack file asked for."""
    known = keys(graph.stack, config)
    found: dict[str, str | None] = {}

    def key_of(resource: Resource) -> str | None:
        if resource.urn not in found:
            parent = graph.component_of(resource)
            own = known.get((resource.type.rpartition(":")[2], resource.name)) if resource.is_component else None
            found[resource.urn] = own or (key_of(parent) if parent else None)
        return found[resource.urn]

    return replace(graph, resources=tuple(replace(r, stack_key=key_of(r)) for r in graph.resources))
