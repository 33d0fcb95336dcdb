"""What the sandbox answers by the tables of a platform, and how it refuses a type or look-up that no table has."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import Answer, Answering, Lookup, Request


class UnknownType(Exception):
    """The sandbox has no such resource type or look-up: `str()` says which, and where it would be added."""


def create(answers: Mapping[str, Answering], request: Request) -> Answer:
    """The cloud's answer to a create. Raises UnknownType for a type the platform's table does not have."""
    answer = answers.get(request.type)
    if answer is None:
        raise UnknownType(
            f"{request.name}: the sandbox does not know the type {request.type}; add its outputs to sandbox/"
        )
    return answer(request)


def look_up(
    lookups: Mapping[str, Lookup], token: str, args: Mapping[str, Any], account: str, region: str
) -> Mapping[str, Any]:
    """The cloud's answer to a data look-up. Raises UnknownType for one the platform's table does not have."""
    lookup = lookups.get(token)
    if lookup is None:
        raise UnknownType(f"the sandbox does not know the look-up {token}; add its answer to sandbox/")
    return lookup(args, account, region)
