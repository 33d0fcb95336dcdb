"""Writes into the graph what the stack file says: where the stack stands, and which key asked for which component."""

from dataclasses import replace

from catalogue.graph import Graph, Resource
from catalogue.placement import Placement
from stacks.keys import keys
from stacks.model import StackConfig


def as_asked(graph: Graph, config: StackConfig) -> Graph:
    """The graph with its placement, and the `stack_key` of each resource.

    That is the key of the nearest component that a key of the stack file asked for.
    """
    known = keys(graph.stack, config)
    found: dict[str, str | None] = {}

    def key_of(resource: Resource) -> str | None:
        if resource.urn not in found:
            parent = graph.component_of(resource)
            own = known.get((resource.type.rpartition(":")[2], resource.name)) if resource.is_component else None
            found[resource.urn] = own or (key_of(parent) if parent else None)
        return found[resource.urn]

    resources = tuple(replace(r, stack_key=key_of(r)) for r in graph.resources)
    return replace(graph, resources=resources, placement=Placement.from_words(config.model_dump(exclude_unset=True)))
