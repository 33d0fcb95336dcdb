"""A cloud without an account: computed outputs of the right shape for what a stack would create.

One core serves the offline preview (and, later, simulated providers for a real `pulumi up`). It knows the resource
types of `sandbox/<platform>.py`; a type it does not know is refused, not waved through.
"""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


class UnknownType(Exception):
    """The sandbox has no such resource type or look-up: `str()` says which, and where it would be added."""


@dataclass(frozen=True)
class Made:
    """What a cloud answers when asked to create: the provider's id and the computed outputs beside the inputs."""

    id: str
    outputs: Mapping[str, Any]


@dataclass(frozen=True)
class Request:
    """One resource to be created. `account` and `region` are those of the provider it is created with."""

    type: str
    urn: str
    name: str
    inputs: Mapping[str, Any]
    account: str
    region: str

    def hex(self, length: int, salt: str = "") -> str:
        """Hexadecimal digits that are this resource's own and the same in every run."""
        return hashlib.sha256(f"{self.urn}{salt}".encode()).hexdigest()[:length]

    def physical_name(self, key: str = "name") -> str:
        """The name given under `key`, or the one Pulumi's auto-naming would give: logical name, dash, seven digits."""
        given = self.inputs.get(key)
        return str(given) if given else f"{self.name}-{self.hex(7)}"


Maker = Callable[[Request], Made]
Lookup = Callable[[Mapping[str, Any], str, str], Mapping[str, Any]]


def create(makers: Mapping[str, Maker], request: Request) -> Made:
    """The cloud's answer to a create. Raises UnknownType for a type the platform's table does not have."""
    maker = makers.get(request.type)
    if maker is None:
        raise UnknownType(
            f"{request.name}: the sandbox does not know the type {request.type}; add its outputs to sandbox/"
        )
    return maker(request)


def look_up(
    lookups: Mapping[str, Lookup], token: str, args: Mapping[str, Any], account: str, region: str
) -> Mapping[str, Any]:
    """The cloud's answer to a data look-up. Raises UnknownType for one the platform's table does not have."""
    lookup = lookups.get(token)
    if lookup is None:
        raise UnknownType(f"the sandbox does not know the look-up {token}; add its answer to sandbox/")
    return lookup(args, account, region)
