"""The kinds of Azure, a file a service. Here stands what several services have in common.

Every kind of azure-native follows one manner. What it answers has the shape of Azure's resource ids, and names that
nobody gave are azure-native's own: a logical name and eight digits, which a child goes without. What its id is made of
replaces it, and so do `location` and the properties in azure-native's list. A second create is refused by azure-native
itself, which asks first, but for settings that a resource is born with.
"""

from typing import Any

from catalogue.behaviour import Behaviour, Ref, in_group
from catalogue.kind import No, assumed, documented, from_source

READ = "2026-11-26"
REPLACED = from_source(
    "https://github.com/pulumi/pulumi-azure-native/blob/f8d3054a/provider/pkg/gen/replacement.go", READ
)
"""What replaces a kind, beside what its id is made of."""
NAMED = documented(
    "https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-name-rules", READ
)
"""What a name may look like, and in which scope it is unique; what replaces the kind is as in `REPLACED`."""
CHECKED = from_source("https://github.com/Azure/bicep-types-az/tree/1f896de2", READ)
"""Azure's own types: how ARM calls a kind and its properties. The version is that of azure-native's docstrings."""

UNMADE = No("no stack of ours makes one", assumed("what Azure does with one was not looked up", READ))
"""For `acts`."""
UNCHECKED = No(
    "its shape in ARM was not checked", assumed("what azure-native flattens or renames in it was not looked up", READ)
)
"""For `renders`."""

IDENTITY, NETWORK = "azure-native:managedidentity:UserAssignedIdentity", "azure-native:network:VirtualNetwork"
"""Types that kinds of other services refer to, whose own modules refer to them in turn."""
_OWN_IDENTITIES = Ref("identity.userAssignedIdentities[]", (IDENTITY,))


def lies(name: str, *parents: str, refs: tuple[Ref, ...] = (), **more: Any) -> Behaviour:
    """Something in a resource group, which may act under identities of its own; else as `in_group`."""
    return in_group(name, *parents, refs=(*refs, _OWN_IDENTITIES), **more)
