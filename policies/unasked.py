"""Nothing unasked: in a stack of ours each resource is a part of a component, which makes such a part."""

from collections.abc import Iterator
from typing import cast

from catalogue.graph import Graph, Resource
from catalogue.kind import Takes
from catalogue.kinds import kind_of
from catalogue.made import Made, made
from catalogue.platforms import Platform
from policies.rule import OPEN_TO_OTHERS, Found, Rule, whole_stack_rule


def rules(platform: str) -> list[Rule]:
    """The rules of this module for one platform; none where nobody has said what its components make."""
    return [_unasked(platform)] if made(cast(Platform, platform)) else []


def _unasked(platform: str) -> Rule:
    ours = f"mlplatform-{platform}:index:"
    known = made(cast(Platform, platform))

    @whole_stack_rule(
        "nothing-unasked",
        severity="high",
        says="Whatever a stack has, a section of its file or its ground calls for; and a component has all its parts.",
        remedy="Take the resource out, or ask for it by the section that makes it. What a company adds stands in a "
        "component of its own: in a section under organisation/, and in a stack of its own otherwise.",
        never_waived=OPEN_TO_OTHERS,
    )
    def unasked(graph: Graph) -> Found:
        """By `catalogue/made/`: the component, the type and the name of the part. A component of a company's own makes
        what it likes, which the other rules judge. Another program has no sections, so this is silent there.
        """
        if not graph.ours or graph.placement is None:
            return
        parts: dict[str, set[tuple[str, str]]] = {}
        for resource in graph.resources:
            above = graph.component_of(resource)
            if above is None or above.type == "pulumi:pulumi:Stack":
                if resource.custom and not resource.is_provider and _is_ours(resource):
                    yield resource, "is asked for by no section: no component makes it"
                continue
            if not above.type.startswith(ours):
                continue
            part = _part(resource, above)
            parts.setdefault(above.urn, set()).add((resource.type, part))
            component = known.get(above.type.removeprefix(ours), Made())
            if not component.makes(resource.type, part):
                yield resource, f"is asked for by no section: a {above.type.removeprefix(ours)} makes no such part"
        for resource in graph.resources:
            if resource.type.startswith(ours):
                yield from ((resource, lack) for lack in _lacks(known, resource, ours, parts.get(resource.urn, set())))

    return unasked


def _is_ours(resource: Resource) -> bool:
    """Whether a type is one that ships: a company's own kind says nothing of its inputs."""
    kind = kind_of(resource.type)
    return kind is not None and isinstance(kind.takes, Takes)


def _lacks(known: object, component: Resource, ours: str, parts: set[tuple[str, str]]) -> Iterator[str]:
    of = cast("dict[str, Made]", known).get(component.type.removeprefix(ours), Made())
    for type_, names in of.has.items():
        for name in names:
            if (type_, name) not in parts:
                yield f"lacks its {type_.rpartition(':')[2]}{f' {name}' if name else ''}"


def _part(resource: Resource, component: Resource) -> str:
    return resource.name.removeprefix(component.name).lstrip("-")
