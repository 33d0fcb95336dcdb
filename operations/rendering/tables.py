"""What differs between two bridged providers: how each one's names and shapes are told from Pulumi's."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from catalogue.kind import Renders
from catalogue.kinds import kinds
from catalogue.rendering import Terraform


@dataclass(frozen=True)
class Table:
    """What one bridge renamed or reshaped in every resource; what it did to one alone stands in the kind's record."""

    platform: str
    """The platform whose records name its types."""
    provider: str
    """The provider's name in Terraform, from which its source and the types' prefix follow."""
    where: tuple[str, ...]
    """The provider's settings that say where it works. Pulumi and Terraform give them the same names."""
    plurals: frozenset[str] = frozenset()
    """Lists that Pulumi names in the plural and Terraform in the singular; every other has the same name in both."""
    maps: frozenset[str] = frozenset()
    """Maps, whose keys the user chooses. Every other object is a block, which Terraform holds as a list of one."""
    lookalikes: Mapping[str, str] = field(default_factory=dict[str, str])
    """Some blocks have the name of a map. An object of that name is a block where it has this key."""
    documents: frozenset[str] = frozenset()
    """JSON documents that Pulumi also takes as typed objects."""
    shared: frozenset[str] = frozenset()
    """Outputs that many resources share, such as the region. A value that equals one of them refers to no resource."""

    @cached_property
    def renamed(self) -> Mapping[str, Mapping[str, str]]:
        """Top-level attributes that the bridge renamed in one resource only, by Terraform type."""
        ways = (kind.renders.as_ for kind in kinds(self.platform).values() if isinstance(kind.renders, Renders))
        return {way.type: way.renamed for way in ways if isinstance(way, Terraform)}

    def is_map(self, name: str, value: Mapping[str, object]) -> bool:
        """Tell whether the object `value` of the attribute `name` is a map."""
        return name in self.maps and self.lookalikes.get(name) not in value

    def singular(self, name: str) -> str:
        """Give Terraform's name of the list that Pulumi calls `name`."""
        if name not in self.plurals:
            return name
        if name.endswith("ies"):
            return f"{name[:-3]}y"
        return name[: -2 if name.endswith(("sses", "xes")) else -1]
