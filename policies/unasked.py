"""Nothing unasked: in a stack of ours each resource is a part of a component, which makes so many of its type.

A section of the stack file registers components, so a user, a key, an export, a machine or a peering beside them was
put in by something else: a hook, a transform, a hand in the program.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import cast

from catalogue.graph import Graph, Resource
from catalogue.kind import Takes
from catalogue.kinds import kind_of
from catalogue.made import Made, made
from catalogue.platforms import Platform
from policies.rule import OPEN_TO_OTHERS, Found, Rule, whole_stack_rule


def rules(platform: str) -> list[Rule]:
    """The rules of this module for one platform."""
    return [_unasked(platform)]


def _unasked(platform: str) -> Rule:
    ours = f"mlplatform-{platform}:index:"
    known = made(cast(Platform, platform))

    @whole_stack_rule(
        "unasked",
        severity="high",
        says="Whatever a stack has, a section of its file or its ground calls for; and a component has all its parts.",
        remedy="Take the resource out, or ask for it by the section that makes it. What a company adds stands in a "
        "component of its own: in a section under organisation/, and in a stack of its own otherwise.",
        never_waived=OPEN_TO_OTHERS,
    )
    def unasked(graph: Graph) -> Found:
        """By `catalogue/made/`: how many of each type a component makes. A component of a company's own makes what it
        likes, which the other rules judge. Another program has no sections, so this is silent there. So it is where
        the reader of the graph was told of no parents.
        """
        parts: dict[str, list[Resource]] = defaultdict(list)
        for resource in graph.resources:
            if not resource.is_provider and resource.type != "pulumi:pulumi:Stack":
                parts[_above(resource)].append(resource)
        if not graph.ours or graph.placement is None or not any(_type(urn).startswith(ours) for urn in parts):
            return
        nouns = Counter[str]()
        for urn in dict.fromkeys((*parts, *(one.urn for one in graph.resources if one.type.startswith(ours)))):
            type_, there = _type(urn), parts.get(urn, [])
            if urn == "":
                yield from ((one, "is asked for by no section: no component makes it") for one in there if _ships(one))
            elif type_.startswith(ours):
                noun = type_.removeprefix(ours)
                nouns[noun] += 1
                yield from _beyond(graph.by_urn.get(urn), noun, known.get(noun), there)
                if nouns[noun] > 1 and noun in known and not known[noun].many:
                    yield graph.by_urn.get(urn), f"is a second {noun}, where a stack has one"

    return unasked


def _beyond(
    component: Resource | None, noun: str, of: Made | None, there: list[Resource]
) -> Iterator[tuple[Resource | None, str]]:
    """The parts that a component does not make, those that are too many, and those that it lacks."""
    bounds: Mapping[str, tuple[float, float]] = of.parts if of else {}
    by_type: dict[str, list[Resource]] = defaultdict(list)
    for one in there:
        by_type[one.type].append(one)
    for type_, each in by_type.items():
        least, most = bounds.get(type_, (0, 0))
        if len(each) > most:
            has = f"makes {most:g} of its type" if most else "makes no such part"
            yield from ((one, f"is asked for by no section: a {noun} {has}") for one in each)
    for type_, (least, _) in bounds.items():
        if len(by_type.get(type_, ())) < least:
            yield component, f"lacks a {type_.rpartition(':')[2]}, of which a {noun} has {least:g}"


def _above(resource: Resource) -> str:
    """The URN of the component that a resource stands in; empty for one that stands in none."""
    parent = resource.parent or ""
    return "" if _type(parent) in ("", "pulumi:pulumi:Stack") else parent


def _type(urn: str) -> str:
    """The type that a URN says: the engine shows no components, and names them as parents."""
    return urn.split("::")[2].rpartition("$")[2] if urn.count("::") >= 3 else ""


def _ships(resource: Resource) -> bool:
    """Whether a resource in no component is no kind of a company's own, which says nothing of its inputs."""
    kind = kind_of(resource.type)
    return resource.custom and (kind is None or isinstance(kind.takes, Takes))
