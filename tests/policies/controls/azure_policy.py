"""Azure Policy's rule language, as far as the definitions here speak it, over the resources of a graph.

https://learn.microsoft.com/en-us/azure/governance/policy/concepts/definition-structure-policy-rule
An operator, a function or a type of resource that is not known raises KeyError or ValueError: nothing passes unread.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from catalogue.graph import Graph, Resource
from catalogue.kind import At
from catalogue.kinds import kind_of

BUILT_INS: Mapping[str, Any] = json.loads(Path(__file__).with_name("azure_built_ins.json").read_text(encoding="utf-8"))[
    "definitions"
]
_API_VERSION = "2026-01-01"
"""What the provider calls is newer than each version that a definition asks for."""

_ML = "Microsoft.MachineLearningServices/workspaces"
_TYPES: Mapping[str, str] = {
    "authorization:PolicyExemption": "Microsoft.Authorization/policyExemptions",
    "authorization:RoleAssignment": "Microsoft.Authorization/roleAssignments",
    "applicationinsights:Component": "Microsoft.Insights/components",
    "compute:VirtualMachine": "Microsoft.Compute/virtualMachines",
    "containerregistry:Registry": "Microsoft.ContainerRegistry/registries",
    "keyvault:Vault": "Microsoft.KeyVault/vaults",
    "machinelearningservices:BatchDeployment": f"{_ML}/batchEndpoints/deployments",
    "machinelearningservices:BatchEndpoint": f"{_ML}/batchEndpoints",
    "machinelearningservices:Compute": f"{_ML}/computes",
    "machinelearningservices:OnlineDeployment": f"{_ML}/onlineEndpoints/deployments",
    "machinelearningservices:OnlineEndpoint": f"{_ML}/onlineEndpoints",
    "machinelearningservices:Workspace": _ML,
    "managedidentity:UserAssignedIdentity": "Microsoft.ManagedIdentity/userAssignedIdentities",
    "network:AzureFirewall": "Microsoft.Network/azureFirewalls",
    "network:NatGateway": "Microsoft.Network/natGateways",
    "network:NetworkSecurityGroup": "Microsoft.Network/networkSecurityGroups",
    "network:PrivateEndpoint": "Microsoft.Network/privateEndpoints",
    "network:PublicIPAddress": "Microsoft.Network/publicIPAddresses",
    "network:RouteTable": "Microsoft.Network/routeTables",
    "network:SecurityRule": "Microsoft.Network/networkSecurityGroups/securityRules",
    "network:Subnet": "Microsoft.Network/virtualNetworks/subnets",
    "network:VirtualNetwork": "Microsoft.Network/virtualNetworks",
    "network:VirtualNetworkPeering": "Microsoft.Network/virtualNetworks/virtualNetworkPeerings",
    "operationalinsights:Workspace": "Microsoft.OperationalInsights/workspaces",
    "privatedns:PrivateZone": "Microsoft.Network/privateDnsZones",
    "storage:StorageAccount": "Microsoft.Storage/storageAccounts",
}
# The provider calls a property by another name than the API.
_RENAMED = {"supportsHttpsTrafficOnly": "enableHttpsTrafficOnly"}


def resources(graph: Graph) -> Iterator[tuple[Resource, str]]:
    """Each resource that a definition may read, with its type in Azure's words."""
    for resource in graph.resources:
        if type_ := _TYPES.get(resource.type.removeprefix("azure-native:")):
            yield resource, type_


def refuses(resource: Resource, type_: str, definition: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether a definition denies a resource, with the values of an assignment's parameters."""
    if definition["mode"] == "Indexed" and not _is_indexed(resource):
        return False
    defaults = {
        name: said["defaultValue"] for name, said in definition.get("parameters", {}).items() if "defaultValue" in said
    }
    asked = _Asked(resource, type_, {**defaults, **{name: one["value"] for name, one in given.items()}})
    rule = definition["policyRule"]
    return str(asked.text(rule["then"]["effect"])).lower() == "deny" and asked.holds(rule["if"])


def _is_indexed(resource: Resource) -> bool:
    """Whether the type has tags and a location, for `Indexed` looks at no other."""
    kind = kind_of(resource.type)
    return kind is not None and isinstance(kind.tags, At) and "location" in resource.inputs


class _Asked:
    """One resource, asked by the rule of one definition."""

    def __init__(self, resource: Resource, type_: str, parameters: Mapping[str, Any]) -> None:
        self._resource, self._type, self._parameters = resource, type_, parameters
        self._element: dict[str, Any] = {}

    def holds(self, said: Mapping[str, Any]) -> bool:
        if "allOf" in said:
            return all(self.holds(one) for one in said["allOf"])
        if "anyOf" in said:
            return any(self.holds(one) for one in said["anyOf"])
        if "not" in said:
            return not self.holds(said["not"])
        subject, operator = sorted(said, key=lambda key: key not in ("field", "value", "count"))
        value = self._field(self.text(said[subject])) if subject == "field" else self._other(subject, said[subject])
        return _OPERATORS[operator](value, self.text(said[operator]))

    def _other(self, subject: str, said: Any) -> Any:
        if subject == "value":
            return self.text(said)
        path = said["field"]
        found = 0
        for element in self._field(path.removesuffix("[*]")) or ():
            self._element = {path: element}
            found += self.holds(said["where"])
        self._element = {}
        return found

    def _field(self, name: str) -> Any:
        inputs = self._resource.inputs
        if name in ("type", "id", "name"):
            return {"type": self._type, "id": self._resource.urn, "name": self._resource.name}[name]
        if name in ("location", "kind"):
            return inputs.get(name)
        if tag := re.fullmatch(r"tags\[(.+)\]", name):
            return (inputs.get("tags") or {}).get(tag[1])
        for path, element in self._element.items():
            if name.startswith(f"{path}."):
                return _at(element, name.removeprefix(f"{path}."))
        path = name.removeprefix(f"{self._type}/")
        if path == name:
            return None  # a field of another type
        for within in ("", "properties.", "properties.properties."):
            if (value := _at(inputs, within + _RENAMED.get(path, path))) is not None:
                return value
        return None

    def text(self, said: Any) -> Any:
        """A value as it is written, or what its expression gives."""
        if not (isinstance(said, str) and said.startswith("[") and said.endswith("]")):
            return said
        expression = said[1:-1]
        if one := re.fullmatch(r"parameters\('(\w+)'\)", expression):
            return self._parameters[one[1]]
        if one := re.fullmatch(r"concat\('tags\[', parameters\('(\w+)'\), '\]'\)", expression):
            return f"tags[{self._parameters[one[1]]}]"
        if expression == "requestContext().apiVersion":
            return _API_VERSION
        if one := re.fullmatch(r"field\('([^']+)'\)", expression):
            return self._field(one[1])
        if one := re.fullmatch(r"empty\(field\('([^']+)'\)\)", expression):
            return not self._field(one[1])
        raise ValueError(f"{said} is no expression that is read here")


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _same(value: Any, other: Any) -> bool:
    """Azure Policy tells neither the case of a text nor `true` from "true"."""
    return value is not None and str(value).casefold() == str(other).casefold()


def _among(value: Any, others: Sequence[Any]) -> bool:
    return any(_same(value, other) for other in others)


_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "equals": _same,
    "notEquals": lambda value, other: not _same(value, other),
    "in": _among,
    "notIn": lambda value, others: not _among(value, others),
    "exists": lambda value, wanted: (value is not None) == (str(wanted).lower() == "true"),
    "contains": lambda value, part: value is not None and str(part).casefold() in str(value).casefold(),
    "like": lambda value, pattern: value is not None and fnmatchcase(str(value).casefold(), pattern.casefold()),
    "greater": lambda value, other: value is not None and value > other,
    "less": lambda value, other: value is not None and value < other,
    "greaterOrEquals": lambda value, other: value is not None and value >= other,
}
