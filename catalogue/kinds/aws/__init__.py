"""The kinds of AWS: a file a service. What is the same for every type stands here: where the SDK documents it."""

from typing import Any, cast

from catalogue.kind import At, Evidence, from_source
from catalogue.properties import Malformed, Properties

READ = "2026-11-26"
"""The day on which the pages of this folder were read."""


def registry(token: str) -> Evidence:
    """The page of a resource type in Pulumi's registry, which lists its inputs; a test holds them against the SDK."""
    _, module, name = token.split(":")
    page = f"{module.partition('/')[0]}/{name.lower()}"
    return from_source(f"https://www.pulumi.com/registry/packages/aws/api-docs/{page}/", READ)


def tagged(token: str) -> At:
    """The tags of a type that takes them."""
    return At("tags", registry(token))


def regional(token: str) -> At:
    """The region that a resource may name for itself; without it, it stands where its provider does."""
    return At("region", registry(token))


def count(props: Properties, path: str) -> int:
    """How many elements the list at a path has, whether or not each is known before `up`; 0 where there is none."""
    value: Any = props.value_or_none(path)
    if value is not None and not isinstance(value, list):
        raise Malformed(path, "is no list", props.owner)
    return len(cast(list[Any], value or []))
