"""Registering a version, deciding on it, and promoting it into a stack file or the registry of the next stack.

Each platform has a module here.
"""

import re
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from catalogue.errors import BadInput
from catalogue.registered import APPROVED, Registered
from catalogue.versions import Version
from catalogue.wording import found_word
from stacks.config import read_stack_file, stack_name
from stacks.model import StackConfig
from stacks.sections import landing_zone

if TYPE_CHECKING:
    from operations.promoting.images import Image


@dataclass(frozen=True)
class Found:
    """A version as the registry has it: what was decided on it and why, its record, and the record's digest."""

    status: str
    because: str
    by: str
    digest: str
    record: Version


class Platform(Protocol):
    """What a platform's module has. `stack` is what names in the cloud begin with."""

    def found(self, stack: str, config: StackConfig, version: Registered, through: StackConfig | None = None) -> Found:
        """The version with its record. Raises BadInput where there is none, or the digest is not the record's.

        Whoever is signed in asks for it: of the stack itself, or of one that it is given to, `through` its account.
        """
        ...

    def decision(
        self, stack: str, config: StackConfig, version: Registered, found: Found, because: str, decided: str
    ) -> str:
        """The command of the platform's own CLI that decides on the version as it was found: APPROVED or REJECTED."""
        ...

    def decide(
        self, stack: str, config: StackConfig, version: Registered, found: Found, because: str, decided: str
    ) -> None:
        """Decide on the version of the digest that was found, as whoever is signed in.

        Raises BadInput where the platform refuses.
        """
        ...

    def folder(self, stack: str, config: StackConfig, version: Registered) -> str:
        """The address of the folder of a version in the stack's store."""
        ...

    def simulated(self, stack: str, config: StackConfig, version: Registered) -> tuple[str, str]:
        """How a sandbox calls the version, and the address of its folder there."""
        ...

    def image(self, stack: str, config: StackConfig, version: Registered, through: StackConfig) -> "Image":
        """The image of a version, with what proves who asks for it, `through` whose account they are signed in."""
        ...

    def lock(self, stack: str, config: StackConfig, version: Registered) -> str:
        """The command after which nobody moves the tag of the version's image; "" where no tag ever moves."""
        ...

    def numbered(
        self, stack: str, config: StackConfig, version: Registered, digest: str, number: int | None
    ) -> tuple[int, bool]:
        """The number that a version of this digest has or gets here, and whether it is registered already.

        Raises BadInput where it cannot have that `number`.
        """
        ...

    def numbers(self, stack: str, config: StackConfig, name: str) -> list[int]:
        """The number of each version of a model that the registry has, in any order."""
        ...

    def enrol(self, stack: str, config: StackConfig, version: Registered, digest: str, image: str) -> None:
        """Register a version whose files and image are there, so that it waits for the approver."""
        ...


@dataclass(frozen=True)
class Asked:
    """One version of the registry of one stack."""

    file: Path
    config: StackConfig
    stack: str
    version: Registered
    registry: Platform


def asked(said: str, file: Path) -> Asked:
    """The version of NAME@N in the registry of a stack. Raises BadInput where it is none."""
    found = re.fullmatch(r"(?P<name>[a-z0-9]+(?:-[a-z0-9]+)*)@(?P<version>[1-9][0-9]{0,4})", said)
    if found is None:
        raise BadInput(f"found {found_word(said)}, allowed: NAME@N such as fraud-scorer@3")
    config = read_stack_file(file)
    registry = cast(Platform, import_module(f"{__name__}.{config.platform}"))
    version = Registered(found["name"], int(found["version"]))
    return Asked(file, config, landing_zone.named(stack_name(file), config), version, registry)


def promoted(found: Found, version: Registered) -> str:
    """The digest to name in a stack file. Raises BadInput for a version that is not approved."""
    if found.status != APPROVED:
        raise BadInput(f"{version}: is not approved ({found.status}); the approver decides by `mlplatform approve`")
    return found.digest
