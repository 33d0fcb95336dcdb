"""The facts of a stack that the judgement reads, in words that every platform shares.

Facts from the catalogue's records are read here, once for every platform. Each platform has a module for the rest. A
module reads only the resource graph of its platform, as policies do.
"""

from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Protocol

from catalogue.graph import Graph, Resource
from catalogue.kind import At, Runs, Serves
from catalogue.kinds import kind_of
from catalogue.machines import Machines
from catalogue.properties import Unreadable


class Facts(Protocol):
    """The functions of a platform's module."""

    def account_and_region(self, graph: Graph) -> tuple[str, str]:
        """The account and the region of the stack's provider."""
        ...

    def budgets(self, graph: Graph) -> Iterable[float]:
        """The dollars a month of each budget."""
        ...

    def answers_inside_only(self, graph: Graph) -> bool:
        """Whether each online endpoint answers inside the network alone, so that an answer shows a path in it."""
        ...

    def exportable(self, graph: Graph) -> str:
        """What could leave the platform, in words."""
        ...


def of(platform: str) -> Facts:
    """The module of one platform. No other is imported."""
    return import_module(f"operations.facts.{platform}")  # pyright: ignore[reportReturnType]  # a module has no self


def uses(graph: Graph) -> Iterator[tuple[Resource, Machines]]:
    """Each resource that runs machines, and its machines.

    What cannot be read is left out here, for `limits-machine-types` and `quota-declared` make findings of it.
    """
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.runs, Runs):
            try:
                yield from [(resource, machines) for machines in kind.runs.machines(graph, resource)]
            except Exception:  # a rule reports the error, and nothing is judged by what is left out here
                continue


def artifacts(graph: Graph) -> set[str]:
    """The addresses of the model artifacts that are served or scored with.

    Raises Unreadable for an address that cannot be read. No rule reads artifacts, so the judgement makes the finding.
    """
    return {each for resource, serves in _serving(graph) for each in serves.artifacts(graph, resource)}


def images(graph: Graph) -> set[str]:
    """The container images that serve or score. Raises Unreadable as `artifacts` does."""
    return {each for resource, serves in _serving(graph) for each in serves.images(graph, resource)}


def _serving(graph: Graph) -> Iterator[tuple[Resource, Serves]]:
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.serves, Serves):
            yield resource, kind.serves


def batch_inputs(graph: Graph) -> set[str]:
    """The addresses of the data of batch jobs and training jobs. Raises Unreadable for one that cannot be read."""
    found: set[str] = set()
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.runs, Runs):
            found |= set(kind.runs.data(graph, resource))
    return found


def predicts(graph: Graph) -> bool:
    """Whether a model is served or scored with. An artifact whose address cannot be read is one, too."""
    try:
        return bool(artifacts(graph))
    except Unreadable:
        return True


def team(resource: Resource) -> str | None:
    """The team in a resource's own tags. None where it has no such tag, or the tags cannot be read."""
    kind = kind_of(resource.type)
    if kind is None or not isinstance(kind.tags, At):
        return None
    try:
        return resource.props.section_or_empty(kind.tags.path).text_or_empty("team") or None
    except Unreadable:
        return None


def in_production(graph: Graph) -> bool:
    """Whether a stack is judged as one of production: its stack file says so, or there is none that says otherwise."""
    return graph.placement is None or graph.placement.environment == "prod"
