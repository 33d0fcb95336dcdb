"""What one simulated cloud does otherwise than the others; all that they do alike is in `sandbox.simulated_cloud`."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from catalogue.behaviour import Behaviour
from catalogue.marked import DEFAULTS, Json, with_defaults
from catalogue.platforms import Platform
from sandbox.clouds.alarm import AlarmKind
from sandbox.state import State
from sandbox.state.records import Record

Changer = Callable[[State, Record, Json], Json]
"""What a cloud does on its own when a resource is updated. It gets the resource and the inputs that are wanted.

It returns the inputs that end up otherwise than wanted, with the values that they end up with. Raises CloudSaysNo.
"""


class CloudSaysNo(Exception):
    """The cloud refuses what it is asked for: `str()` is its sentence."""


class ProviderManners(Protocol):
    """How a provider, whichever cloud it is for, makes up names, notes them, and orders a replacement."""

    def name(self, logical: str, digits: str) -> str:
        """The name of a resource that the program gives none, from its logical name and digits of its own."""
        ...

    def made_up(self, inputs: Json, key: str) -> bool:
        """Whether the name in these inputs may have been made up, so that it stays while the program gives none."""
        ...

    def noted(self, inputs: Json, filled_in: Sequence[str] = ()) -> Json:
        """The inputs as the provider hands them to the engine; it filled in the properties `filled_in` itself."""
        ...

    def old_goes_first(self, behaviour: Behaviour, old: Json, new: Json, replaced: Sequence[str]) -> bool:
        """Whether a replacement for changes at these paths deletes the old resource before it makes the new one."""
        ...


class Bridged:
    """A provider that is bridged from Terraform's: it notes in the inputs which of them it filled in."""

    def name(self, logical: str, digits: str) -> str:
        """A dash and seven digits."""
        return f"{logical}-{digits[:7]}"

    def made_up(self, inputs: Json, key: str) -> bool:
        """As it is noted."""
        return key in inputs.get(DEFAULTS, ())

    def noted(self, inputs: Json, filled_in: Sequence[str] = ()) -> Json:
        """With its notes."""
        return with_defaults(inputs, filled_in)

    def old_goes_first(self, behaviour: Behaviour, old: Json, new: Json, replaced: Sequence[str]) -> bool:
        """Where the program gives the name, and gives the same: two cannot have it."""
        name = behaviour.name
        return bool(name) and old.get(name) == new.get(name) and not self.made_up(new, name)


class Native:
    """A provider that is generated from the cloud's own API, as azure-native is: it notes nothing."""

    def name(self, logical: str, digits: str) -> str:
        """Eight digits."""
        return f"{logical}{digits[:8]}"

    def made_up(self, inputs: Json, key: str) -> bool:
        """Nothing tells: a name that the program no longer gives stays."""
        return True

    def noted(self, inputs: Json, filled_in: Sequence[str] = ()) -> Json:
        """As they are."""
        return inputs

    def old_goes_first(self, behaviour: Behaviour, old: Json, new: Json, replaced: Sequence[str]) -> bool:
        """Where no input changes that the id is made of: two cannot have it."""
        return not behaviour.identity & set(replaced)


def _no_parent(id_: str) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Manners:
    """One simulated cloud. `package` names its provider, `sdk` the distribution whose version the provider must carry.

    `account_key` and `region_key` are the provider's inputs that say where it works. `sentences` are what the cloud
    says when it refuses, by the reason: a fault's kind, or `exists`, `missing`, `held`. In braces they may use name,
    kind, said, account and region.

    `is_foreign` tells of an id and an account whether the id is of another account, of which the sandbox knows nothing.
    `parent` gives the id that an id lies in, or nothing. `endpoint` is the type that serves. `alarms` says how to read
    its alarms, `changers` what it does on its own in an update, both by resource type.
    """

    platform: Platform
    package: str
    sdk: str
    provider: ProviderManners
    account_key: str
    region_key: str
    sentences: Mapping[str, str]
    is_foreign: Callable[[str, str], bool]
    endpoint: str
    alarms: Mapping[str, AlarmKind]
    parent: Callable[[str], str] = _no_parent
    changers: Mapping[str, Changer] = field(default_factory=dict[str, Changer])

    @property
    def module(self) -> str:
        """The Python package of the SDK."""
        return self.sdk.replace("-", "_")

    def account_and_region(self, inputs: Mapping[str, object]) -> tuple[str, str]:
        """Where a provider with these inputs works."""
        account = str(inputs.get(self.account_key) or "")
        if account.startswith("["):  # the accounts that a provider allows, as JSON: the first of them
            account = next(iter(json.loads(account)), "")
        return account, str(inputs.get(self.region_key) or "")
