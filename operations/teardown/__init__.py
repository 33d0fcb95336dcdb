"""What leaving a stack means: what goes, what stays and why, what is lost, and what nobody can remove yet.

The plan is made from what stands alone, so a run that was cut off is taken up by the next one. What stays is chosen by
four words. With it stays what guards it and what it stands on, as the kinds' records and the references say.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, Protocol, cast

from catalogue.behaviour import values_at
from catalogue.graph import Graph, Resource
from catalogue.guards import guards, is_state, kept_with
from catalogue.kind import At, Holds, Stays
from catalogue.kinds import behaviour_of, kind_of
from catalogue.marks import is_unknown
from catalogue.wording import counted

Word = Literal["registry", "artifacts", "audit", "homes"]
WORDS: tuple[Word, ...] = ("registry", "artifacts", "audit", "homes")
KEPT: tuple[Word, ...] = ("registry", "artifacts", "audit")
"""What stays where nobody says otherwise."""
_OTHER = "holds data that no word of --keep names"


class Refused(Exception):
    """The cloud refuses a call, or gives no answer in time. `str()` is one sentence."""


class Platform(Protocol):
    """A platform's module: which of its kinds each word keeps, and what the engine cannot do there.

    `LAST` are the types that go only once `clear` has run. `WATCHES` are the types that tell somebody of the bill.
    `LINGERS` are the types that the cloud's inventory lists on after they are deleted. `STOPS` are the types that
    `stop` stops beside what people run.
    """

    LAST: tuple[str, ...]
    WATCHES: tuple[str, ...]
    LINGERS: tuple[str, ...]
    STOPS: tuple[str, ...]

    def open_account(self, account: str, region: str) -> Any:
        """The account with the credentials of whoever asks. Raises NoCredentials; BadInput where they are another's."""
        ...

    def word_of(self, graph: Graph, resource: Resource) -> Word | None:
        """The word that keeps a resource; None for one that no word names."""
        ...

    def later(self, graph: Graph, resource: Resource) -> str:
        """What of a resource that goes is there for a while, until when, and who ends it; "" where nothing is."""
        ...

    def stop(self, account: Any, plan: "Plan") -> None:
        """Stop what people run in what goes, and what else the service refuses to delete over. Raises Refused."""
        ...

    def contents(self, account: Any, store: Resource) -> int:
        """How many things a store holds that keep it from being deleted, counted up to a page. Raises Refused."""
        ...

    def empty(self, account: Any, store: Resource) -> None:
        """Delete what a store holds, for good. Raises Refused."""
        ...

    def clear(self, account: Any, plan: "Plan") -> None:
        """Delete what services made by themselves and left in the way of LAST. Raises Refused."""
        ...

    def inventory(self, account: Any, tags: Mapping[str, str]) -> Iterator[str]:
        """What the cloud's inventory lists with all these tags, as `listed_as` has it. Raises Refused."""
        ...

    def listed_as(self, resource: Resource) -> str:
        """How the inventory lists a resource that stood; "" where it has no such name."""
        ...


def of(platform: str) -> Platform:
    """The module of one platform. No other is imported."""
    return import_module(f"operations.teardown.{platform}")  # pyright: ignore[reportReturnType]  # a module has no self


@dataclass(frozen=True)
class Plan:
    """What a teardown does to what stands.

    `stays` has the reason by URN, `goes` the resources, components and providers that go. `later` are sentences on
    what is there for a while though it goes, or stays because nobody can remove it.
    """

    graph: Graph
    stays: Mapping[str, str]
    goes: tuple[Resource, ...]
    later: tuple[str, ...]

    @property
    def kept(self) -> Graph:
        """The graph of what stays."""
        left = tuple(one for one in self.graph.resources if one.urn in self.stays)
        return Graph(self.graph.stack, self.graph.platform, left, {}, self.graph.ours, self.graph.placement)

    @property
    def going(self) -> tuple[Resource, ...]:
        """What goes of the cloud."""
        return tuple(one for one in self.goes if one.custom and not one.is_provider)

    @property
    def again(self) -> str:
        """When the stack may come up again under its name."""
        free = comes_back(self.going)
        if free is None:
            return f"{self.graph.stack} comes up again under another name only: one that it gives itself stays taken"
        since, until = free
        begins = f"{since:g} days later" if since else "at once"
        ends = "" if until is None else f", for {until:g} days; after them not while a name that went is taken"
        return f"{self.graph.stack} comes up again under its name {begins}{ends}"

    @property
    def homes(self) -> tuple[Resource, ...]:
        """What goes with people's work on it."""
        module = of(self.graph.platform)
        return tuple(one for one in self.going if module.word_of(self.graph, one) == "homes")

    @property
    def stopped(self) -> tuple[Resource, ...]:
        """What is stopped before it goes: people's work, and what the service refuses to delete while it is on."""
        return (*self.homes, *(one for one in self.going if one.type in of(self.graph.platform).STOPS))

    @property
    def stores(self) -> tuple[Resource, ...]:
        """What goes and holds data."""
        return tuple(one for one in self.going if _holds(one) == "data")


@dataclass(frozen=True)
class Found:
    """What the cloud says after a teardown: the names of what stands yet, and sentences on what was not seen."""

    left: tuple[str, ...] = ()
    unseen: tuple[str, ...] = ()


def look(account: Any, plan: Plan) -> Found:
    """Look through the cloud's inventory, by the stack's tags, whether what went is gone.

    What carries them and no state ever named is left, too, where all was to go; where something stays it may be of
    that, and is told.
    """
    module, graph = of(plan.graph.platform), plan.graph
    marked = [(one, said) for one in graph.cloud if (said := _tags(one))]
    if not marked:
        return Found(unseen=("no resource carried the stack's tags, so no inventory was looked through",))
    try:
        there = {*module.inventory(account, {key: marked[0][1][key] for key in _MARKS})}
    except Refused as refused:
        return Found(unseen=(f"nobody could look through the account's inventory: {refused}",))
    own = {module.listed_as(one): one for one in graph.cloud}
    left = sorted(own[one].name for one in there & {*own} if not _may_be_listed(module, plan, own[one]))
    strange, unseen = sorted(there - {*own}), list[str]()
    if plan.stays and strange:
        unseen.append(f"carries the stack's tags, and no state names it: {', '.join(strange)}")
    bare = len(plan.going) - sum(one in plan.going for one, _ in marked)
    if bare:
        unseen.append(f"{counted(bare, 'resource')} of what went without tags: Pulumi's state alone says it is gone")
    return Found((*left, *(() if plan.stays else strange)), tuple(unseen))


_MARKS = ("stack", "platform")


def _tags(resource: Resource) -> Mapping[str, str]:
    """The tags by which the stack is known, of a resource that carries them."""
    kind = kind_of(resource.type)
    said = next(values_at(resource.inputs, kind.tags.path), None) if kind and isinstance(kind.tags, At) else None
    tags: Mapping[str, Any] = cast("Mapping[str, Any]", said) if isinstance(said, Mapping) else dict[str, Any]()
    return tags if all(isinstance(tags.get(key), str) for key in _MARKS) else {}


def _may_be_listed(module: Platform, plan: Plan, resource: Resource) -> bool:
    return resource.urn in plan.stays or resource.type in module.LINGERS


def plan(graph: Graph, keep: frozenset[str]) -> Plan:
    """What goes and what stays of what stands. `keep` are words; with none, all goes that anybody can delete.

    Data that no word names stays as long as a word is given. What is locked stays always.
    """
    module = of(graph.platform)
    why: dict[str, str] = {}
    for one in graph.cloud:
        word = module.word_of(graph, one)
        if _locked(one):
            why[one.urn] = "is locked: nobody can delete it"
        elif word in keep:
            why[one.urn] = word
        elif word is None and keep and _holds(one) in ("data", "work"):
            why[one.urn] = _OTHER
    if why:  # as long as anything bills, somebody hears of it
        why |= {one.urn: "tells of the bill" for one in graph.of(*module.WATCHES)}
    guarded: dict[str, list[str]] = defaultdict(list)
    for urn, by in guards(graph).items():
        for one in by:
            guarded[one.urn].append(urn)
    stays = {urn: why.get(urn) or _reason(graph, guarded.get(urn, []), why) for urn in kept_with(graph, why)}
    goes = tuple(one for one in graph.resources if one.urn not in stays and one.type != "pulumi:pulumi:Stack")
    return Plan(graph, stays, goes, tuple(_later(graph, module, stays, goes)))


def _reason(graph: Graph, guarded: Sequence[str], chosen: Mapping[str, str]) -> str:
    """Why something stays that nobody chose: for what it guards, which is rather something chosen."""
    mine = sorted(graph.by_urn[urn].name for urn in guarded if urn in chosen)
    mine = mine or sorted(graph.by_urn[urn].name for urn in guarded)
    return f"guards {mine[0]}" if mine else "what stays stands on it"


def _later(graph: Graph, module: Platform, stays: Mapping[str, str], goes: tuple[Resource, ...]) -> Iterator[str]:
    for urn in sorted(stays):
        one = graph.by_urn[urn]
        if _locked(one):
            yield f"{one.name} stays: {module.later(graph, one)}"
    held: dict[str, list[str]] = {}
    for one in goes:
        if not one.custom or one.is_provider:
            continue
        if said := module.later(graph, one):
            yield f"{one.name}: {said}"
        if (how_long := _stays(one)) is not None:
            held.setdefault(_taken(how_long, one), []).append(one.name)
    for how, names in sorted(held.items()):
        yield f"{how}: {', '.join(sorted(names))}"


def comes_back(goes: Iterable[Resource]) -> tuple[float, float | None] | None:
    """The first days after they went on which each name that is given again is free, or taken back by its create.

    From which day on, and until which, None for good. None where one stays taken for ever.
    """
    taken = [stays.taken(one.inputs) for one in goes if (stays := _stays(one)) is not None and not _made_up(one)]
    for day in sorted({0.0, *(until for _, until in taken if until is not None)}):
        if not any(since <= day and (until is None or day < until) for since, until in taken):
            return day, min((since for since, until in taken if since > day and until != since), default=None)
    return None


def _stays(resource: Resource) -> Stays | None:
    """How long the name stays taken; None where it does not, and for what has none, such as a key of AWS."""
    kind, behaviour = kind_of(resource.type), behaviour_of(resource.type)
    named = behaviour is not None and bool(behaviour.name)
    return kind.stays if named and kind is not None and isinstance(kind.stays, Stays) else None


def _made_up(resource: Resource) -> bool:
    """Whether Pulumi made the name up, so that the next one gets another: what it was called, and digits behind it."""
    behaviour = behaviour_of(resource.type)
    name = resource.inputs.get(behaviour.name) if behaviour is not None and behaviour.name else None
    if not isinstance(name, str) or is_unknown(name):
        return True
    found = re.fullmatch(r"(.+?)-?[0-9a-f]{7,8}", name)
    return found is not None and resource.name.startswith(found[1])


def _taken(stays: Stays, resource: Resource) -> str:
    back, days = stays.taken(resource.inputs)
    until = "for ever" if days is None else f"for {counted(round(days), 'day')}"
    if _made_up(resource):
        return f"the name stays taken {until}, and the next one gets another"
    if back:
        then = "" if days is not None and days <= back else f"; then the name is taken, {until} in all"
        return f"for {counted(round(back), 'day')} a create under the same name takes back what was deleted{then}"
    return f"the name stays taken {until}"


def _holds(resource: Resource) -> str:
    kind = kind_of(resource.type)
    if kind is None or not is_state(resource):
        return ""
    return kind.holds.what if isinstance(kind.holds, Holds) else "work"


def _locked(resource: Resource) -> bool:
    behaviour = behaviour_of(resource.type)
    return bool(behaviour and behaviour.locked and resource.inputs.get(behaviour.locked) is True)
