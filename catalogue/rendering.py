"""The names of a kind of resource in the languages of Checkov's rules."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Terraform:
    """A resource type of Terraform. `renamed` has the top-level attributes that Pulumi's bridge renamed."""

    type: str
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class ArmType:
    """A resource type of Azure Resource Manager: its name, its API version, and what Pulumi names differently."""

    type: str
    version: str
    names: str
    """The inputs that make up the name, in order. A word in quotation marks stands for itself."""
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Keys with another name. A key below the top is written "parent.key"."""
    inside: frozenset[str] = frozenset()
    """Keys that stay under `properties` though most types have them beside it."""
