"""How a bridged provider's names and shapes in Terraform follow from those in Pulumi."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from catalogue.kind import Renders
from catalogue.kinds import kinds
from catalogue.rendering import Terraform


@dataclass(frozen=True)
class Table:
    """What one bridge renamed or reshaped in all resources. A kind's record has what it renamed in that kind only."""

    platform: str
    """The platform. Its records name the types."""
    provider: str
    """The provider's name in Terraform. Its source and the prefix of its types follow from it."""
    where: tuple[str, ...]
    """The provider's settings that say where it works. Pulumi and Terraform give them the same names."""
    plurals: frozenset[str] = frozenset()
    """Lists that Pulumi names in the plural and Terraform in the singular. Other lists have one name in both."""
    maps: frozenset[str] = frozenset()
    """Maps, in which the user chooses the keys.

    Any other object is a block, which Terraform writes as a list of one.
    """
    lookalikes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Blocks that have the name of a map. An object of this name is a block if it has this key."""
    documents: frozenset[str] = frozenset()
    """JSON documents that Pulumi also takes as typed objects."""
    shared: frozenset[str] = frozenset()
    """Outputs that many resources share, such as the region. An equal value refers to no resource."""

    @cached_property
    def renamed(self) -> Mapping[str, Mapping[str, str]]:
        """Top-level attributes that the bridge renamed in one type only, by Terraform type."""
        ways = (kind.renders.as_ for kind in kinds(self.platform).values() if isinstance(kind.renders, Renders))
        return {way.type: way.renamed for way in ways if isinstance(way, Terraform)}

    def is_map(self, name: str, value: Mapping[str, object]) -> bool:
        """Whether the object `value` of the attribute `name` is a map."""
        return name in self.maps and self.lookalikes.get(name) not in value

    def singular(self, name: str) -> str:
        """Terraform's name of the list that Pulumi calls `name`."""
        if name not in self.plurals:
            return name
        if name.endswith("ies"):
            return f"{name[:-3]}y"
        return name[: -2 if name.endswith(("sses", "xes")) else -1]
