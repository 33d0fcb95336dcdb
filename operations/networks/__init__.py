"""The network of a stack as the report draws it: which networks there are, what runs in each, and who may call.

It is made of the resource graph alone: of references, and of what the catalogue's records say must be reached. No name
of a section or component is read, so a program that is not ours is drawn in the same way. Each platform has a module
for what its types mean.

A picture claims only what it reads. A bound that is not there, or cannot be read, is drawn as open.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol, TypeVar

from catalogue.graph import Graph, Resource
from catalogue.kind import Reaches
from catalogue.kinds import kind_of
from catalogue.machines import Machines
from catalogue.once import once_a_graph
from catalogue.properties import Unreadable
from operations import facts, words
from operations.verdict import Bound, Callers, NetworkLink, NetworkPicture, NetworkPlace, Running, RunningPart

T = TypeVar("T")

UNKNOWN = "a network that is not known"
"""The name of the place of whatever runs where nobody can read."""


@dataclass(frozen=True)
class Drawn:
    """Something that runs, and the resources that are drawn inside it. None of these is drawn a second time."""

    running: Running
    inside: tuple[Resource, ...] = ()


class Drawing(Protocol):
    """The functions of a platform's module."""

    def places(self, graph: Graph) -> Iterable[NetworkPlace]:
        """The networks of the stack and of its landing zone, and the platform's own."""
        ...

    def running(self, graph: Graph) -> Iterable[Drawn]:
        """What runs, each in one of the places."""
        ...

    def links(self, graph: Graph) -> Iterable[NetworkLink]:
        """The private ways to services."""
        ...

    def callers(self, graph: Graph, links: list[NetworkLink]) -> Iterable[Callers]:
        """Who may call the endpoints."""
        ...


def draw(graph: Graph) -> NetworkPicture | None:
    """The picture of a stack. None for a stack without a network in which nothing runs.

    A resource that runs machines and is of a type that its platform's module does not know stands in a place of its
    own, which says so. A place that is the platform's own is left out where nothing of the stack runs in it.
    """
    platform: Drawing = import_module(f"operations.networks.{graph.platform}")  # pyright: ignore[reportAssignmentType]
    drawn = list(platform.running(graph))
    known = {resource.urn for each in drawn for resource in each.inside} | {each.running.urn for each in drawn}
    running = [each.running for each in drawn]
    running += [_unknown(graph.by_urn[urn], ones) for urn, ones in machines(graph).items() if urn not in known]
    taken = {each.place for each in running}
    places = [place for place in platform.places(graph) if place.side != "platform" or place.name in taken]
    if missing := taken - {place.name for place in places}:
        nobody = Bound(
            what="nothing", says="where it stands cannot be read, so nobody knows what bounds it", holds=False
        )
        places += [NetworkPlace(name=name, side="platform", bounds=[nobody]) for name in sorted(missing)]
    if not places:
        return None
    links = list(platform.links(graph))
    callers = _together(platform.callers(graph, links))
    return NetworkPicture(places=places, running=running, links=links, callers=callers)


def _unknown(resource: Resource, ones: list[Machines]) -> Running:
    return Running(
        urn=resource.urn,
        name=resource.name,
        what=words.noun(resource.type).lower(),
        place=UNKNOWN,
        parts=parts(resource, {resource.urn: ones}),
        bounds=[],
    )


def _together(callers: Iterable[Callers]) -> list[Callers]:
    """Those who may call the same by the same way within the same bounds, as one."""
    found: dict[str, Callers] = {}
    for each in callers:
        key = each.model_copy(update={"who": []}).model_dump_json()
        before = found.get(key)
        found[key] = each if before is None else before.model_copy(update={"who": [*before.who, *each.who]})
    return list(found.values())


# ---- for the platforms' modules -------------------------------------------------------------------------------------


@once_a_graph
def machines(graph: Graph) -> Mapping[str, list[Machines]]:
    """The machines of each resource that runs some, by its URN. One whose machines cannot be read is left out."""
    found: dict[str, list[Machines]] = {}
    for resource, one in facts.uses(graph):
        found.setdefault(resource.urn, []).append(one)
    return found


def parts(resource: Resource, of: Mapping[str, list[Machines]]) -> list[RunningPart]:
    """A part for each machine type of a resource: a variant by its name, or the resource by its own."""
    return [RunningPart(name=one.part or resource.name, machines=said(one)) for one in of.get(resource.urn, ())]


def said(one: Machines) -> str:
    """Machines in words: how many at least and at most, and of which type. No number where people start their own."""
    added = f" + {one.accelerators or 1} × {one.accelerator}" if one.accelerator else ""
    if not one.high:
        return f"{one.machine_type}{added}"
    number = f"{one.low} to {one.high}" if one.low != one.high else f"{one.high}"
    return f"{number} × {one.machine_type}{added}"


def needed(graph: Graph, called: Mapping[str, str]) -> Mapping[str, list[str]]:
    """Who needs each service, by the records of the kinds.

    `called` has words for a type. Any other is called by its component, or by its name where no component made it.
    """
    found: dict[str, set[str]] = {}
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.reaches, Reaches):
            who = called.get(resource.type) or _component(graph, resource)
            for service in read(lambda r=resource, k=kind.reaches: list(k.services(graph, r)), []):
                found.setdefault(service, set()).add(who)
    return {service: sorted(who) for service, who in found.items()}


def _component(graph: Graph, resource: Resource) -> str:
    component = graph.component_of(resource)
    return f"the {words.noun(component.type).lower()}" if component else resource.name


def read(ask: Callable[[], T], otherwise: T) -> T:
    """What was asked for, or `otherwise` where it is hidden, misspelt or not known yet. Rules make findings of that."""
    try:
        return ask()
    except Unreadable:
        return otherwise


def bound(what: str, says: str, *by: Resource) -> Bound:
    """A bound that holds."""
    return Bound(what=what, says=says, by=[each.name for each in by])


def opening(what: str, says: str, *by: Resource) -> Bound:
    """What should bound, and does not. `says` is what is open."""
    return Bound(what=what, says=says, by=[each.name for each in by], holds=False)


def unread(what: str, by: Resource) -> Bound:
    """The bound of something that is there and cannot be read."""
    return opening(what, "cannot be read, so nobody knows what it lets through", by)


def nothing(says: str) -> Bound:
    """What is said where no bound was found at all. `says` is what is open."""
    return opening("nothing", says)


def tallied(sentences: Iterable[str]) -> Iterator[str]:
    """Each sentence once, in order, with how often it was said: `out, allowed: TCP 443 to one address (2 rules)`."""
    for sentence, times in Counter(sentences).items():
        yield f"{sentence} ({times} rules)" if times > 1 else sentence
