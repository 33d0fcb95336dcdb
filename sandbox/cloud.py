"""What the sandbox answers, read from the catalogue's records. It refuses a type or look-up that has no record."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import Answer, Lookup, Request, a_guid
from catalogue.kind import Acts
from catalogue.kinds import kind_of

PROVIDERS = "pulumi:providers:"


class UnknownType(Exception):
    """The sandbox has no such resource type or look-up. `str()` says which one, and where to add it."""


def acts_of(type_: str) -> Acts:
    """How the cloud treats a resource type. Raises UnknownType where the type has no record."""
    kind = kind_of(type_)
    if kind is None:
        raise UnknownType(
            f"the sandbox does not know the type {type_}; add its record to organisation/kinds/ or catalogue/kinds/"
        )
    if not isinstance(kind.acts, Acts):
        raise UnknownType(f"the sandbox makes no {type_}: {kind.acts.why}")
    return kind.acts


def create(request: Request) -> Answer:
    """The cloud's answer to a create. For a provider it is Pulumi's own answer. Raises UnknownType."""
    if request.type.startswith(PROVIDERS):
        return a_guid(request)
    try:
        return acts_of(request.type).answer(request)
    except UnknownType as error:
        raise UnknownType(f"{request.name}: {error}") from None


def look_up(
    lookups: Mapping[str, Lookup], token: str, args: Mapping[str, Any], account: str, region: str
) -> Mapping[str, Any]:
    """The cloud's answer to a data look-up. Raises UnknownType where the platform's table lacks it."""
    lookup = lookups.get(token)
    if lookup is None:
        raise UnknownType(f"the sandbox does not know the look-up {token}; add its answer to sandbox/")
    return lookup(args, account, region)
