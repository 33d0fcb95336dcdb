"""What a kind of resource is called in the languages that Checkov's rules are written in."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Terraform:
    """A resource type of Terraform. `renamed` are the top-level attributes that Pulumi's bridge renamed in it."""

    type: str
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class ArmType:
    """A resource type of Azure Resource Manager: its name and API version there, and what Pulumi calls differently."""

    type: str
    version: str
    names: str
    """The inputs that make up the name, in order; one in quotation marks is that text itself."""
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Keys that differ; "parent.key" below the top."""
    inside: frozenset[str] = frozenset()
    """Keys that stay under `properties` though most types have them beside it."""
