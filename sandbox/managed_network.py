"""The managed network of a workspace on Azure: which registries its machines have a way to.

Where it allows only approved outbound, it leads to the workspace's own registry and to Microsoft's, and else to where a
rule leads: "Workspace managed virtual network isolation" (Required outbound rules; Private endpoints),
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-managed-network.
"""

from collections.abc import Iterator
from fnmatch import fnmatch
from typing import Any, cast

from catalogue.kinds.azure.machinelearningservices import OUTBOUND_RULES, WORKSPACE
from catalogue.marked import Json
from sandbox.state import State

_MICROSOFTS = "mcr.microsoft.com"
_REGISTRIES = "AzureContainerRegistry"
"""The service tag of every registry, https://learn.microsoft.com/en-us/azure/virtual-network/service-tags-overview"""


def leads_to(state: State, workspace: object, image: str) -> bool:
    """Whether machines of the workspace of this name reach the registry of an image. One that is given leads there."""
    host = image.partition("/")[0].casefold()
    standing = [one for one in state.resources.find(type=WORKSPACE) if one.id.rpartition("/")[2] == workspace]
    for one in standing:
        network: Json = one.inputs.get("managedNetwork") or {}
        own = _registry(one.inputs.get("containerRegistry"))
        if network.get("isolationMode") != "AllowOnlyApprovedOutbound" or host in (own, _MICROSOFTS):
            continue
        inline: Json = network.get("outboundRules") or {}
        if not any(_opens(rule, host) for rule in (*inline.values(), *_beside(state, workspace))):
            return False
    return True


def _beside(state: State, workspace: object) -> Iterator[Json]:
    for type_ in OUTBOUND_RULES:
        rules = (one.inputs for one in state.resources.find(type=type_))
        yield from (rule["properties"] for rule in rules if rule.get("workspaceName") == workspace)


def _opens(rule: Json, host: str) -> bool:
    """Whether a private endpoint, a domain or a service tag leads to a registry."""
    to: Any = rule.get("destination")
    if isinstance(to, str):
        return fnmatch(host, to.casefold())
    there = cast(Json, to or {})
    if there.get("subresourceTarget") == "registry":
        return _registry(there.get("serviceResourceId")) == host
    return str(there.get("serviceTag", "")).partition(".")[0] == _REGISTRIES and host.endswith(".azurecr.io")


def _registry(id_: object) -> str:
    """The address of the registry of an id."""
    return f"{str(id_ or '').rpartition('/')[2].casefold()}.azurecr.io"
