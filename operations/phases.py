"""The phases in which a stack comes up: the ground, and then all of it."""

from dataclasses import replace

from catalogue.graph import Graph
from stacks.sections import sections


def ground_of(graph: Graph) -> Graph:
    """What stands of a stack in the phase `ground`: all but what a key of a section that serves asked for.

    Nothing of the ground depends on what serves, so the ground of a graph is the graph of the ground.
    """
    serving = {name for name, section in sections().items() if graph.platform in section.serves}
    stands = (r for r in graph.resources if (r.stack_key or "").partition(".")[0] not in serving)
    return replace(graph, resources=tuple(stands))


def names_of(graph: Graph) -> tuple[str, ...]:
    """The phases in which a stack comes up. One where nothing serves, or the stack file asks for the ground."""
    return ("ground", "serve") if len(ground_of(graph).resources) < len(graph.resources) else ("ground",)
