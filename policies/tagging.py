"""The tags that everything carries, on every platform: whose a resource is, and who pays for it."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from policies.rule import Stack, section

TAGS = ("platform", "stack", "team", "cost-center", "environment", "owner")


def mistagged(
    stack: Stack, at: Callable[[str], str | None], legal: re.Pattern[str], noun: str = "tag"
) -> Iterator[tuple[str | None, str]]:
    """Each resource that lacks a tag, has an illegal value, or says otherwise than the rest of the stack.

    `at` gives the property of a resource type that carries its tags (None: it takes none), `legal` a value's legal
    form on the platform, `noun` the platform's word.
    """
    first: dict[str, Any] = {}
    for resource in stack.resources:
        path = at(resource.resource_type)
        if path is None:
            continue
        given = section(resource.props, path)
        for tag in TAGS:
            value = given.get(tag)
            if not value or not legal.fullmatch(str(value)):
                yield resource.urn, f"lacks the {noun} {tag}, or has an illegal value"
            elif first.setdefault(tag, value) != value:
                yield resource.urn, f"says {tag} is {value}, where the stack says {first[tag]}"
