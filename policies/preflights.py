"""The preflights of registered versions, and the models that wait for each: every platform's rules ask for them."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

from catalogue.graph import Graph, Resource
from catalogue.once import once_a_graph

_PREFLIGHT = ":ApprovedVersion"
"""How the type of a preflight ends in our own provider, `mlplatform:PLATFORM:ApprovedVersion`."""


def waiting(graph: Graph, preflight: Resource, type_: str) -> list[Resource]:
    """The models of a type that wait for a preflight."""
    return [one for one in _waiting(graph).get(preflight.urn, ()) if one.type == type_]


def of_no_model(graph: Graph, preflight: Resource) -> Iterator[str]:
    """A preflight that asks for a digest which the stack file, where it is known, gives no model."""
    stated = graph.placement.stated if graph.placement else ()
    said = {value for key, value in stated if key.endswith(".digest")}
    digest = preflight.props.text_if_known("digest")
    if said and digest and digest not in said:
        yield f"asks for {digest}, which no model of the stack file has"


@once_a_graph
def _waiting(graph: Graph) -> Mapping[str, list[Resource]]:
    """What waits for each preflight, by its URN."""
    found = defaultdict[str, list[Resource]](list)
    for resource in graph.cloud:
        for urn in {one.urn for one in graph.depends(resource) if one.type.endswith(_PREFLIGHT)}:
            found[urn].append(resource)
    return found
