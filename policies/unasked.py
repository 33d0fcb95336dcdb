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
            type_, name = _of_urn(resource.parent or "")
            if type_ in ("", "pulumi:pulumi:Stack"):
                if resource.custom and not resource.is_provider and _is_ours(resource):
                    yield resource, "is asked for by no section: no component makes it"
                if resource.type.startswith(ours):
                    parts.setdefault(resource.urn, set())
            elif type_.startswith(ours):
                part = resource.name.removeprefix(name).lstrip("-")
                parts.setdefault(resource.parent or "", set()).add((resource.type, part))
                if not known.get(type_.removeprefix(ours), Made()).makes(resource.type, part):
                    yield resource, f"is asked for by no section: a {type_.removeprefix(ours)} makes no such part"
        for urn, there in parts.items():
            noun = _of_urn(urn)[0].removeprefix(ours)
            for lack in _lacks(known.get(noun, Made()), there):
                yield graph.by_urn.get(urn), f"lacks the {lack} that a {noun} has"

    return unasked


def _of_urn(urn: str) -> tuple[str, str]:
    """The type and the name that a URN says: the engine shows no components, and names them as parents."""
    _, _, types, name = urn.split("::", 3) if urn.count("::") >= 3 else ("", "", "", "")
    return types.rpartition("$")[2], name


def _is_ours(resource: Resource) -> bool:
    """Whether a type is one that ships: a company's own kind says nothing of its inputs."""
    kind = kind_of(resource.type)
    return kind is not None and isinstance(kind.takes, Takes)


def _lacks(of: Made, there: set[tuple[str, str]]) -> Iterator[str]:
    for type_, names in of.has.items():
        for name in names:
            if (type_, name) not in there:
                yield f"{type_.rpartition(':')[2]}{f' {name}' if name else ''}"
