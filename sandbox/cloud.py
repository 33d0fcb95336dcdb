"""What the sandbox answers by the catalogue's records, and how it refuses a type or look-up that nobody knows."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import Answer, Lookup, Request, a_guid
from catalogue.kind import Acts
from catalogue.kinds import kind_of

PROVIDERS = "pulumi:providers:"


class UnknownType(Exception):
    """The sandbox has no such resource type or look-up: `str()` says which, and where it would be added."""


def acts_of(type_: str) -> Acts:
    """How the cloud treats a resource type, by its record. Raises UnknownType for one without."""
    kind = kind_of(type_)
    if kind is None:
        raise UnknownType(
            f"the sandbox does not know the type {type_}; add its record to organisation/kinds/ or catalogue/kinds/"
        )
    if not isinstance(kind.acts, Acts):
        raise UnknownType(f"the sandbox makes no {type_}: {kind.acts.why}")
    return kind.acts


def create(request: Request) -> Answer:
    """The cloud's answer to a create, or Pulumi's own to that of a provider. Raises UnknownType."""
    if request.type.startswith(PROVIDERS):
        return a_guid(request)
    try:
        return acts_of(request.type).answer(request)
    except UnknownType as error:
        raise UnknownType(f"{request.name}: {error}") from None


def look_up(
    lookups: Mapping[str, Lookup], token: str, args: Mapping[str, Any], account: str, region: str
) -> Mapping[str, Any]:
    """The cloud's answer to a data look-up. Raises UnknownType for one the platform's table does not have."""
    lookup = lookups.get(token)
    if lookup is None:
        raise UnknownType(f"the sandbox does not know the look-up {token}; add its answer to sandbox/")
    return lookup(args, account, region)
