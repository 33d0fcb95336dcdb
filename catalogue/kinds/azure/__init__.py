"""The kinds of Azure, a file a service. This module has what several services have in common.

Every kind of azure-native follows one manner. What it answers has the shape of Azure's resource ids, and names that
nobody gave are azure-native's own: a logical name and eight digits, which a child goes without. What its id is made of
replaces it, and so do `location` and what `make facts` reads in azure-native's list and in Azure's SDKs. A second
create is refused by azure-native itself, which asks first, but for settings that a resource is born with.
"""

from typing import Any

from catalogue.behaviour import Behaviour, Ref, in_group
from catalogue.kind import No, assumed, documented, from_source

READ = "2026-11-26"
REPLACED = from_source(
    "https://github.com/pulumi/pulumi-azure-native/blob/1b7112af/provider/pkg/gen/replacement.go", READ
)
"""The source of the inputs that replace a kind, beside those in its id: the map `forceNewMap`.

The provider also replaces a resource for each property that Azure's specifications let be created and not updated, at
the top of it. `make facts` reads both (`operations/sources/azure.py`), and no record types any. No source that was to
be had says it of Azure Machine Learning's workspace and of diagnostic settings; what else Machine Learning has is sent
below `properties`, where the provider updates.
"""
NAMED = documented(
    "https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-name-rules", READ
)
"""The source of the patterns of names, and of the scopes in which they are unique. See also `REPLACED`."""
CHECKED = from_source("https://github.com/Azure/bicep-types-az/tree/1f896de2", READ)
"""Azure's own types: the names of a kind and its properties in ARM. Versions are those in azure-native's docstrings."""

UNMADE = No("no stack of ours makes one", assumed("what Azure does with one was not looked up", READ))
"""For `acts`."""
UNCHECKED = No(
    "its shape in ARM was not checked", assumed("what azure-native flattens or renames in it was not looked up", READ)
)
"""For `renders`."""

IDENTITY, NETWORK = "azure-native:managedidentity:UserAssignedIdentity", "azure-native:network:VirtualNetwork"
DIAGNOSTIC_SETTING = "azure-native:monitor:DiagnosticSetting"
"""Types that kinds of other services refer to. They are here because their modules refer to each other."""
_OWN_IDENTITIES = Ref("identity.userAssignedIdentities[]", (IDENTITY,))


def lies(name: str, *parents: str, refs: tuple[Ref, ...] = (), **more: Any) -> Behaviour:
    """As `in_group`, for a resource that may have identities of its own."""
    return in_group(name, *parents, refs=(*refs, _OWN_IDENTITIES), **more)
