"""The simulated Azure: what each resource type answers, with ids, GUIDs and host names of the shape Azure gives them.

Shapes: Azure Resource Manager reference, "Resource ID format"; azure-native's auto-naming (a logical name and eight
digits; a child copies the logical name).
"""

from collections.abc import Callable, Mapping
from typing import Any, cast

from sandbox.behaviour import Behaviour, Changer, Ref
from sandbox.cloud import Lookup, Made, Maker, Request

_More = Callable[[Request, str, str], Mapping[str, Any]]


def guid(digits: str) -> str:
    """A GUID of 32 hexadecimal digits."""
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:32]}"


def _nothing(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {}


def _in_group(path: str, key: str, more: _More = _nothing) -> Maker:
    """Something in a resource group. `path` may use {inputs} of its parents; its name is given under `key` or made."""

    def make(request: Request) -> Made:
        child = path.count("/{") > 0
        name = str(request.inputs.get(key) or (request.name if child else f"{request.name}{request.hex(8)}"))
        group = f"/subscriptions/{request.account}/resourceGroups/{request.inputs['resourceGroupName']}"
        id_ = f"{group}/providers/{path.format(**request.inputs)}/{name}"
        return Made(id_, {"name": name, **_carried(request), **more(request, id_, name)})

    return make


def _carried(request: Request) -> Mapping[str, Any]:
    """Identities are asked for as a list and answered as a map, each with what it is known by."""
    identity = request.inputs.get("identity")
    if not isinstance(identity, dict):
        return {}
    known = {
        id_: {
            "clientId": guid(request.hex(32, f"{id_}client")),
            "principalId": guid(request.hex(32, f"{id_}principal")),
        }
        for id_ in cast(dict[str, Any], identity).get("userAssignedIdentities", ())
    }
    return {"identity": {**identity, "userAssignedIdentities": known}}


def _on(provider: str, key: str, scope: str = "scope") -> Maker:
    """An extension of another resource: its id begins with that resource's."""

    def make(request: Request) -> Made:
        name = str(request.inputs.get(key) or guid(request.hex(32)))
        return Made(f"{request.inputs[scope]}/providers/{provider}/{name}", {"name": name})

    return make


def _group(request: Request) -> Made:
    name = str(request.inputs.get("resourceGroupName") or f"{request.name}{request.hex(8)}")
    return Made(
        f"/subscriptions/{request.account}/resourceGroups/{name}",
        {"name": name},
    )


def _identity(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {
        "clientId": guid(request.hex(32, "client")),
        "principalId": guid(request.hex(32, "principal")),
        "tenantId": TENANT,
    }


def _vault(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {"properties": {**request.inputs["properties"], "vaultUri": f"https://{name}.vault.azure.net/"}}


def _key(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    uri = f"https://{request.inputs['vaultName']}.vault.azure.net/keys/{name}"
    return {"keyUri": uri, "keyUriWithVersion": f"{uri}/{request.hex(32)}"}


def _storage(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    hosts = {kind: f"https://{name}.{kind}.core.windows.net/" for kind in ("blob", "file", "queue", "table")}
    return {"primaryEndpoints": hosts, "primaryLocation": request.inputs["location"]}


def _registry(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {"loginServer": f"{name}.azurecr.io"}


def _insights(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {"appId": guid(request.hex(32, "app")), "instrumentationKey": guid(request.hex(32, "key"))}


def _log_workspace(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {"customerId": guid(request.hex(32))}


def _workspace(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {
        "workspaceId": guid(request.hex(32)),
        "discoveryUrl": f"https://{request.region}.api.azureml.ms/discovery",
        "mlFlowTrackingUri": f"azureml://{request.region}.api.azureml.ms/mlflow/v1.0{id_}",
    }


def _online(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    uri = f"https://{name}.{request.region}.inference.ml.azure.com/score"
    return {"properties": {**request.inputs["properties"], "scoringUri": uri}}


def _batch(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    uri = f"https://{name}.{request.region}.inference.ml.azure.com/jobs"
    return {"properties": {**request.inputs["properties"], "scoringUri": uri}}


def _role_definition(request: Request) -> Made:
    name = str(request.inputs.get("roleDefinitionId") or guid(request.hex(32)))
    id_ = f"/subscriptions/{request.account}/providers/Microsoft.Authorization/roleDefinitions/{name}"
    return Made(id_, {"name": name})


def _provider(request: Request) -> Made:
    return Made(guid(request.hex(32)), {})


def _traffic(request: Request) -> Made:
    group = f"/subscriptions/{request.inputs['subscriptionId']}/resourceGroups/{request.inputs['resourceGroup']}"
    ml = f"{group}/providers/{_ML}/{request.inputs['workspace']}"
    return Made(f"{ml}/onlineEndpoints/{request.inputs['endpoint']}/traffic", {})


TENANT = "99998888-7777-4666-8555-444433332222"
_ML = "Microsoft.MachineLearningServices/workspaces"
_IN_ML = f"{_ML}/{{workspaceName}}"
_IN_STORAGE = "Microsoft.Storage/storageAccounts/{accountName}"
_STORE = "Microsoft.Storage/storageAccounts"
_VERSIONS = {kind: f"{_IN_ML}/{kind}/{{name}}/versions" for kind in ("models", "environments")}

MAKERS: Mapping[str, Maker] = {
    "pulumi:providers:azure-native": _provider,
    "pulumi:providers:mlplatform": _provider,
    "azure-native:applicationinsights:Component": _in_group("Microsoft.Insights/components", "resourceName", _insights),
    "azure-native:authorization:PolicyAssignment": _on(
        "Microsoft.Authorization/policyAssignments", "policyAssignmentName"
    ),
    "azure-native:authorization:RoleAssignment": _on("Microsoft.Authorization/roleAssignments", "roleAssignmentName"),
    "azure-native:authorization:RoleDefinition": _role_definition,
    "azure-native:consumption:Budget": _on("Microsoft.Consumption/budgets", "budgetName"),
    "azure-native:containerregistry:Registry": _in_group(
        "Microsoft.ContainerRegistry/registries", "registryName", _registry
    ),
    "azure-native:keyvault:Key": _in_group("Microsoft.KeyVault/vaults/{vaultName}/keys", "keyName", _key),
    "azure-native:keyvault:Vault": _in_group("Microsoft.KeyVault/vaults", "vaultName", _vault),
    "azure-native:machinelearningservices:BatchDeployment": _in_group(
        f"{_IN_ML}/batchEndpoints/{{endpointName}}/deployments", "deploymentName"
    ),
    "azure-native:machinelearningservices:BatchEndpoint": _in_group(f"{_IN_ML}/batchEndpoints", "endpointName", _batch),
    "azure-native:machinelearningservices:Compute": _in_group(f"{_IN_ML}/computes", "computeName"),
    "azure-native:machinelearningservices:Datastore": _in_group(f"{_IN_ML}/datastores", "name"),
    "azure-native:machinelearningservices:EnvironmentContainer": _in_group(f"{_IN_ML}/environments", "name"),
    "azure-native:machinelearningservices:EnvironmentVersion": _in_group(_VERSIONS["environments"], "version"),
    "azure-native:machinelearningservices:ModelContainer": _in_group(f"{_IN_ML}/models", "name"),
    "azure-native:machinelearningservices:ModelVersion": _in_group(_VERSIONS["models"], "version"),
    "azure-native:machinelearningservices:OnlineDeployment": _in_group(
        f"{_IN_ML}/onlineEndpoints/{{endpointName}}/deployments", "deploymentName"
    ),
    "azure-native:machinelearningservices:OnlineEndpoint": _in_group(
        f"{_IN_ML}/onlineEndpoints", "endpointName", _online
    ),
    "azure-native:machinelearningservices:Schedule": _in_group(f"{_IN_ML}/schedules", "name"),
    "azure-native:machinelearningservices:Workspace": _in_group(_ML, "workspaceName", _workspace),
    "azure-native:managedidentity:UserAssignedIdentity": _in_group(
        "Microsoft.ManagedIdentity/userAssignedIdentities", "resourceName", _identity
    ),
    "azure-native:monitor:ActionGroup": _in_group("Microsoft.Insights/actionGroups", "actionGroupName"),
    "azure-native:monitor:AutoscaleSetting": _in_group("Microsoft.Insights/autoscaleSettings", "autoscaleSettingName"),
    "azure-native:monitor:DiagnosticSetting": _on("Microsoft.Insights/diagnosticSettings", "name", "resourceUri"),
    "azure-native:monitor:MetricAlert": _in_group("Microsoft.Insights/metricAlerts", "ruleName"),
    "azure-native:monitor:ScheduledQueryRule": _in_group("Microsoft.Insights/scheduledQueryRules", "ruleName"),
    "azure-native:network:NetworkSecurityGroup": _in_group(
        "Microsoft.Network/networkSecurityGroups", "networkSecurityGroupName"
    ),
    "azure-native:network:PrivateDnsZoneGroup": _in_group(
        "Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups", "privateDnsZoneGroupName"
    ),
    "azure-native:network:PrivateEndpoint": _in_group("Microsoft.Network/privateEndpoints", "privateEndpointName"),
    "azure-native:network:Subnet": _in_group(
        "Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets", "subnetName"
    ),
    "azure-native:network:VirtualNetwork": _in_group("Microsoft.Network/virtualNetworks", "virtualNetworkName"),
    "azure-native:operationalinsights:Workspace": _in_group(
        "Microsoft.OperationalInsights/workspaces", "workspaceName", _log_workspace
    ),
    "azure-native:privatedns:PrivateZone": _in_group("Microsoft.Network/privateDnsZones", "privateZoneName"),
    "azure-native:privatedns:VirtualNetworkLink": _in_group(
        "Microsoft.Network/privateDnsZones/{privateZoneName}/virtualNetworkLinks", "virtualNetworkLinkName"
    ),
    "azure-native:resources:ResourceGroup": _group,
    "azure-native:storage:BlobContainer": _in_group(f"{_IN_STORAGE}/blobServices/default/containers", "containerName"),
    "azure-native:storage:BlobServiceProperties": _in_group(f"{_IN_STORAGE}/blobServices", "blobServicesName"),
    "azure-native:storage:FileServiceProperties": _in_group(f"{_IN_STORAGE}/fileServices", "fileServicesName"),
    "azure-native:storage:ManagementPolicy": _in_group(f"{_IN_STORAGE}/managementPolicies", "managementPolicyName"),
    "azure-native:storage:StorageAccount": _in_group(_STORE, "accountName", _storage),
    "mlplatform:azure:Traffic": _traffic,
}


def _client_config(args: Mapping[str, Any], account: str, region: str) -> Mapping[str, Any]:
    """Who deploys: a person of the tenant, in the provider's subscription."""
    return {
        "clientId": "04b07795-8ddb-461a-bbee-02f9e1bf7b46",  # Azure CLI's own application, the same everywhere
        "objectId": "99998888-7777-4666-8555-000000000001",
        "subscriptionId": account,
        "tenantId": TENANT,
    }


LOOKUPS: Mapping[str, Lookup] = {"azure-native:authorization:getClientConfig": _client_config}

CHANGERS: Mapping[str, Changer] = {}
"""None: canaries are our own provider's, and rest/ knows what they do."""


_GROUPS = ("azure-native:resources:ResourceGroup",)
_IDENTITIES = ("azure-native:managedidentity:UserAssignedIdentity",)
_WORKSPACES = ("azure-native:operationalinsights:Workspace",)
_AZURE_ML = "azure-native:machinelearningservices"
_ASSETS = (Ref("identity.userAssignedIdentities[]", _IDENTITIES),)
_ACTIONS = ("azure-native:monitor:ActionGroup",)


def _lies(
    name: str,
    *path: str,
    pattern: str = "",
    also: tuple[str, ...] = (),
    refs: tuple[Ref, ...] = (),
    **more: Any,
) -> Behaviour:
    """Something whose id is made of its group, the parents under `path` and its name; a place is for good.

    `also` are further inputs that make a new one.
    """
    identity = frozenset({name, "resourceGroupName", *path})
    settings: dict[str, Any] = {"within": "uses", "nests": True, "copies_name": bool(path), **more}
    return Behaviour(
        identity | {"location", *also},
        name=name,
        pattern=pattern,
        refs=(*refs, *_ASSETS),
        identity=identity,
        **settings,
    )


def _extends(name: str, *also: str, scope: str = "scope", **more: Any) -> Behaviour:
    """Something whose id begins with that of what it is on."""
    return Behaviour(
        frozenset({name, scope, *also}), name=name, identity=frozenset({name, scope}), within="uses", **more
    )


_ENDPOINT = r"[a-zA-Z][a-zA-Z0-9-]{1,30}[a-zA-Z0-9]"
_ALERT = r"[^*#&+:<>?@%{}\\/|]{1,260}"

# Replacements: what an id is made of, `location`, and the properties in azure-native's own list (gen/replacement.go).
# Patterns: "Naming rules and restrictions for Azure resources". A second create is refused by azure-native itself,
# which asks first, but for settings that a resource is born with.
BEHAVIOURS: Mapping[str, Behaviour] = {
    "azure-native:applicationinsights:Component": _lies(
        "resourceName",
        pattern=r"[^%&\\?/]{0,259}[^%&\\?/. ]",
        also=("applicationType",),
        refs=(Ref("workspaceResourceId", _WORKSPACES),),
    ),
    "azure-native:authorization:PolicyAssignment": _extends("policyAssignmentName"),
    "azure-native:authorization:RoleAssignment": _extends("roleAssignmentName", "principalId"),
    "azure-native:authorization:RoleDefinition": _extends("roleDefinitionId"),
    "azure-native:consumption:Budget": _extends("budgetName"),
    "azure-native:containerregistry:Registry": _lies("registryName", pattern=r"[a-zA-Z0-9]{5,50}", unique="{name}"),
    "azure-native:keyvault:Key": _lies("keyName", "vaultName", pattern=r"[a-zA-Z0-9-]{1,127}"),
    "azure-native:keyvault:Vault": _lies(
        "vaultName",
        pattern=r"[a-zA-Z](-?[a-zA-Z0-9]){2,23}",
        unique="{name}",
        held="a vault of this name was deleted softly; recover or purge it",
    ),
    f"{_AZURE_ML}:BatchDeployment": _lies(
        "deploymentName",
        "workspaceName",
        "endpointName",
        pattern=_ENDPOINT,
        refs=(
            Ref("properties.compute", (f"{_AZURE_ML}:Compute",)),
            Ref("properties.model.assetId", (f"{_AZURE_ML}:ModelVersion",), outside=True),
        ),
    ),
    f"{_AZURE_ML}:BatchEndpoint": _lies("endpointName", "workspaceName", pattern=_ENDPOINT, unique="{region} {name}"),
    f"{_AZURE_ML}:Compute": _lies(
        "computeName", "workspaceName", pattern=r"[a-zA-Z][a-zA-Z0-9-]{1,22}[a-zA-Z0-9]", machines=True
    ),
    f"{_AZURE_ML}:Datastore": _lies("name", "workspaceName", pattern=r"[a-zA-Z0-9_]{1,255}"),
    f"{_AZURE_ML}:EnvironmentContainer": _lies("name", "workspaceName"),
    f"{_AZURE_ML}:EnvironmentVersion": _lies("version", "workspaceName", "name", within=""),
    f"{_AZURE_ML}:ModelContainer": _lies("name", "workspaceName"),
    f"{_AZURE_ML}:ModelVersion": _lies("version", "workspaceName", "name", within=""),
    f"{_AZURE_ML}:OnlineDeployment": _lies(
        "deploymentName",
        "workspaceName",
        "endpointName",
        pattern=_ENDPOINT,
        refs=(
            Ref("properties.model", (f"{_AZURE_ML}:ModelVersion",), outside=True),
            Ref("properties.environmentId", (f"{_AZURE_ML}:EnvironmentVersion",), outside=True),
        ),
        machines=True,
    ),
    f"{_AZURE_ML}:OnlineEndpoint": _lies("endpointName", "workspaceName", pattern=_ENDPOINT, unique="{region} {name}"),
    f"{_AZURE_ML}:Schedule": _lies("name", "workspaceName"),
    f"{_AZURE_ML}:Workspace": _lies(
        "workspaceName",
        pattern=r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}",
        refs=(
            Ref("storageAccount", ("azure-native:storage:StorageAccount",)),
            Ref("keyVault", ("azure-native:keyvault:Vault",)),
            Ref("containerRegistry", ("azure-native:containerregistry:Registry",)),
            Ref("applicationInsights", ("azure-native:applicationinsights:Component",)),
        ),
        held="a workspace of this name was deleted softly; purge it first",
    ),
    "azure-native:managedidentity:UserAssignedIdentity": _lies(
        "resourceName", pattern=r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}"
    ),
    "azure-native:monitor:ActionGroup": _lies("actionGroupName", pattern=_ALERT),
    "azure-native:monitor:AutoscaleSetting": _lies("autoscaleSettingName", pattern=_ALERT),
    "azure-native:monitor:DiagnosticSetting": _extends(
        "name", scope="resourceUri", copies_name=True, refs=(Ref("workspaceId", _WORKSPACES),)
    ),
    "azure-native:monitor:MetricAlert": _lies(
        "ruleName", pattern=_ALERT, refs=(Ref("actions.actionGroupId", _ACTIONS),)
    ),
    "azure-native:monitor:ScheduledQueryRule": _lies(
        "ruleName", pattern=_ALERT, refs=(Ref("actions.actionGroups[]", _ACTIONS),)
    ),
    "azure-native:network:NetworkSecurityGroup": _lies(
        "networkSecurityGroupName", pattern=r"[a-zA-Z0-9]([\w.-]{0,78}\w)?"
    ),
    "azure-native:network:PrivateDnsZoneGroup": _lies(
        "privateDnsZoneGroupName",
        "privateEndpointName",
        refs=(Ref("privateDnsZoneConfigs.privateDnsZoneId", ("azure-native:privatedns:PrivateZone",)),),
    ),
    "azure-native:network:PrivateEndpoint": _lies(
        "privateEndpointName",
        pattern=r"[a-zA-Z0-9][\w.-]{0,62}\w",
        also=("subnet",),
        refs=(Ref("subnet.id", ("azure-native:network:Subnet",), holds=True),),
    ),
    "azure-native:network:Subnet": _lies(
        "subnetName",
        "virtualNetworkName",
        pattern=r"[a-zA-Z0-9]([\w.-]{0,78}\w)?",
        refs=(Ref("networkSecurityGroup.id", ("azure-native:network:NetworkSecurityGroup",), holds=True),),
    ),
    "azure-native:network:VirtualNetwork": _lies("virtualNetworkName", pattern=r"[a-zA-Z0-9][\w.-]{0,62}\w"),
    "azure-native:operationalinsights:Workspace": _lies(
        "workspaceName", pattern=r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]"
    ),
    "azure-native:privatedns:PrivateZone": _lies("privateZoneName", pattern=r"[\w-]{1,63}(\.[\w-]{1,63})+"),
    "azure-native:privatedns:VirtualNetworkLink": _lies(
        "virtualNetworkLinkName",
        "privateZoneName",
        refs=(Ref("virtualNetwork.id", ("azure-native:network:VirtualNetwork",)),),
        within="holds",
    ),
    "azure-native:resources:ResourceGroup": Behaviour(
        frozenset({"resourceGroupName", "location"}),
        name="resourceGroupName",
        pattern=r"[\w.()-]{0,89}[\w()-]",
        identity=frozenset({"resourceGroupName"}),
        nests=True,
    ),
    "azure-native:storage:BlobContainer": _lies("containerName", "accountName", pattern=r"[a-z0-9](-?[a-z0-9]){2,62}"),
    "azure-native:storage:BlobServiceProperties": _lies("blobServicesName", "accountName", second="changes"),
    "azure-native:storage:FileServiceProperties": _lies("fileServicesName", "accountName", second="changes"),
    "azure-native:storage:ManagementPolicy": _lies("managementPolicyName", "accountName", second="changes"),
    "azure-native:storage:StorageAccount": _lies(
        "accountName", pattern=r"[a-z0-9]{3,24}", also=("isHnsEnabled",), unique="{name}"
    ),
}
