"""Which folders a lifecycle may empty: those that jobs write scores and checkpoints to, and nobody starts from."""

import re
from collections.abc import Callable, Iterable
from contextlib import suppress

from catalogue.graph import Graph
from catalogue.kind import Runs, Serves
from catalogue.kinds import kind_of
from catalogue.once import once_a_graph
from catalogue.properties import Unreadable

Place = Callable[[str], str]
_TRAINED, _OF_A_PIPELINE = "--output=", re.compile(r"pipelines\.[^.]+\.output_uri")
"""How the words of a stack file's containers begin that say where a training job puts what it trained, and the key of
what a pipeline's steps put out.
"""


def folders(graph: Graph, written: Iterable[str], place: Place = str) -> frozenset[str]:
    """The folders that jobs of the graph write for a while, and those of the stack file that a job would write so.

    Before jobs stand, and while one is switched off, the stack file alone says that there is such a folder. It is one
    that nothing of the graph reads, and no training job puts what it trained in. `place` is an address in the one form
    in which lifecycle and folder are compared.
    """
    found = {place(uri) for uri in written if uri}
    if graph.placement is not None:
        read = sorted({place(uri) for uri in _read(graph)})
        words = (word for word in graph.placement.containers if word.startswith(_TRAINED))
        trained = {place(word.removeprefix(_TRAINED)) for word in words}
        trained -= {place(uri) for key, uri in graph.placement.stated if _OF_A_PIPELINE.fullmatch(key)}
        for uri in (uri for uri in graph.placement.addresses if uri.endswith("/")):
            folder = place(uri)
            if folder not in trained and not any(one.startswith(folder) for one in read):
                found.add(folder)
    return frozenset(found)


@once_a_graph
def _read(graph: Graph) -> frozenset[str]:
    """The addresses of all data and artifacts that resources of the graph start from.

    One that cannot be read is left out, for the rules on its resource say so.
    """
    found = set[str]()
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        with suppress(Unreadable):
            if kind is not None and isinstance(kind.serves, Serves):
                found.update(kind.serves.artifacts(graph, resource))
        with suppress(Unreadable):
            if kind is not None and isinstance(kind.runs, Runs):
                found.update(kind.runs.data(graph, resource))
    return frozenset(found)
