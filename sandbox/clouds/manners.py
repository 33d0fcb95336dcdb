"""How the simulated clouds differ. What they do alike is in `sandbox.simulated_cloud`."""

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
"""What a cloud does on its own when a resource is updated. It gets the resource and the wanted inputs.

It returns the inputs that end up different from the wanted ones, with the values they end up with. Raises CloudSaysNo.
"""


Refuser = Callable[[State, Json], str | None]
"""What a cloud refuses for the sake of another resource. It gets the inputs of the one that is to be made, or to go.

It returns what the cloud says of it, or None.
"""


class CloudSaysNo(Exception):
    """The cloud refuses a call. `str()` is its sentence."""


class ProviderManners(Protocol):
    """How a provider makes up names, notes that it did, and orders a replacement."""

    def name(self, logical: str, digits: str) -> str:
        """A name for a resource that has none in the program, made from its logical name and some digits."""
        ...

    def made_up(self, inputs: Json, key: str) -> bool:
        """Whether the name in these inputs may be made up. A made-up name stays while the program gives none."""
        ...

    def noted(self, inputs: Json, filled_in: Sequence[str] = ()) -> Json:
        """The inputs as the provider hands them to the engine. It filled in the properties `filled_in` itself."""
        ...

    def old_goes_first(self, behaviour: Behaviour, old: Json, new: Json, replaced: Sequence[str]) -> bool:
        """Whether a replacement deletes the old resource before it makes the new one, for changes at these paths."""
        ...


class Bridged:
    """A provider bridged from Terraform's. It notes in the inputs which of them it filled in."""

    def name(self, logical: str, digits: str) -> str:
        """A dash and seven digits."""
        return f"{logical}-{digits[:7]}"

    def made_up(self, inputs: Json, key: str) -> bool:
        """Yes, if the provider noted it."""
        return key in inputs.get(DEFAULTS, ())

    def noted(self, inputs: Json, filled_in: Sequence[str] = ()) -> Json:
        """With its notes."""
        return with_defaults(inputs, filled_in)

    def old_goes_first(self, behaviour: Behaviour, old: Json, new: Json, replaced: Sequence[str]) -> bool:
        """Yes, where the program gives the name and keeps it: two resources cannot have one name."""
        name = behaviour.name
        return bool(name) and old.get(name) == new.get(name) and not self.made_up(new, name)


class Native:
    """A provider generated from the cloud's own API, such as azure-native. It notes nothing."""

    def name(self, logical: str, digits: str) -> str:
        """Eight digits."""
        return f"{logical}{digits[:8]}"

    def made_up(self, inputs: Json, key: str) -> bool:
        """Always: nothing is noted, so a name that the program no longer gives stays."""
        return True

    def noted(self, inputs: Json, filled_in: Sequence[str] = ()) -> Json:
        """As they are."""
        return inputs

    def old_goes_first(self, behaviour: Behaviour, old: Json, new: Json, replaced: Sequence[str]) -> bool:
        """Yes, where no input of the id changes: two resources cannot have one id."""
        return not behaviour.identity & set(replaced)


def _no_parent(id_: str) -> str:
    return ""


@dataclass(frozen=True, kw_only=True)
class Manners:
    """One simulated cloud. `package` names its provider, `sdk` the distribution whose version the provider must carry.

    `account_key` and `region_key` are the provider's inputs that say where it works. `sentences` has what the cloud
    says when it refuses, by reason: the kind of a fault, `exists`, `missing`, `held`, `stays` (the name is still that
    of a deleted one), or what the account lacks (`sandbox.needs`). A sentence may use name, kind, said, account and
    region in braces; one on a quota also limit, used and more.

    `is_foreign` takes an id and an account, and tells whether the id is of another account. The sandbox knows nothing
    of other accounts. A provider that `registers_itself` switches on by itself what an account has off. `parent` gives
    the id of an id's parent, or nothing. `endpoint` is the type that serves. `alarms` says how to read the cloud's
    alarms, and `changers` what the cloud does on its own in an update. `creates` and `deletes` say which creates and
    deletes it refuses. All four are by resource type.
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
    registers_itself: bool = False
    changers: Mapping[str, Changer] = field(default_factory=dict[str, Changer])
    creates: Mapping[str, Refuser] = field(default_factory=dict[str, Refuser])
    deletes: Mapping[str, Refuser] = field(default_factory=dict[str, Refuser])

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
