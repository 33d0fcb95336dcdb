"""What stands at once: the machines of resources and of runs, as limits and quotas count them."""

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress

from catalogue import quotas
from catalogue.graph import Graph, Resource
from catalogue.kind import Draws, Runs
from catalogue.kinds import having, kind_of
from catalogue.machines import Machines, standing_at_once
from catalogue.once import once_a_graph
from catalogue.properties import Unreadable


def machines_of(graph: Graph, resource: Resource) -> Iterator[Machines]:
    """The machines that a resource runs, where its kind runs any. Raises Unreadable for what cannot be read."""
    kind = kind_of(resource.type)
    if kind is not None and isinstance(kind.runs, Runs):
        yield from kind.runs.machines(graph, resource)


def runners(platform: str) -> tuple[str, ...]:
    """The kinds of a platform that run machines."""
    return having(platform, lambda kind: isinstance(kind.runs, Runs))


def drawing(platform: str) -> tuple[str, ...]:
    """The kinds of a platform that draw on quotas."""
    return having(platform, lambda kind: isinstance(kind.runs, Runs) or isinstance(kind.draws, Draws))


@once_a_graph
def _of_runs(graph: Graph) -> Mapping[str, list[tuple[str, Machines]]]:
    """The machines of each run that several resources have, each with the URN of its own. What cannot be read is left
    out: a finding on its resource says so.
    """
    found: dict[str, list[tuple[str, Machines]]] = {}
    for resource in graph.of(*runners(graph.platform)):
        with suppress(Unreadable):
            for machines in machines_of(graph, resource):
                found.setdefault(machines.run, []).append((resource.urn, machines))
    return found


def at_most(graph: Graph, resource: Resource) -> Iterator[tuple[str, int, list[Machines]]]:
    """The machines of a resource by their use, and how many replicas may stand at once. Where the machines of a run are
    several resources', as the clusters of a pipeline's steps on azure, the first of these has those of all.
    """
    by_use: dict[str, list[Machines]] = {}
    for machines in machines_of(graph, resource):
        by_use.setdefault(machines.use, []).append(machines)
    for use, machines in by_use.items():
        replicas = [each for each in machines if not each.waits]
        for run in {each.run for each in machines if each.run}:
            beside = [(urn, each) for urn, each in _of_runs(graph)[run] if each.use == use and urn != resource.urn]
            if all(resource.urn < urn for urn, _ in beside):
                replicas += [each for _, each in beside]
        yield use, standing_at_once((each, each.high) for each in replicas), machines


def drawn(platform: str, graph: Graph) -> tuple[dict[str, tuple[int, Resource]], list[Unreadable]]:
    """How much of each quota may be needed at once, by name, and the resource that takes most, or of the run that
    takes most the one whose machines do; and what is unread.

    What people start by themselves takes nothing.
    """
    needed: Counter[str] = Counter()
    most: dict[str, tuple[int, Resource]] = {}
    unread: list[Unreadable] = []
    taken, used = list[tuple[Resource, Mapping[str, int]]](), dict[str, list[tuple[Resource, Machines]]]()
    for resource in graph.of(*drawing(platform)):
        try:
            taken.append((resource, quotas.of_resource(resource)))
            for machines in machines_of(graph, resource):
                used.setdefault(machines.run or resource.urn, []).append((resource, machines))
        except Unreadable as error:  # what can be read may already exceed the quota
            unread.append(error)
    for run in used.values():
        alone = [(one, quotas.at_once(platform, [machines])) for one, machines in run]
        for name, count in quotas.at_once(platform, [machines for _, machines in run]).items():
            taken.append((max(alone, key=lambda one: one[1].get(name, 0))[0], {name: count}))
    for resource, own in taken:
        for name, count in own.items():
            needed[name] += count
            if name not in most or count > most[name][0]:
                most[name] = (count, resource)
    return {name: (count, most[name][1]) for name, count in sorted(needed.items()) if count}, unread
