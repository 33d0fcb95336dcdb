"""The simulated Azure: what each resource type answers, with ids, GUIDs and host names of the shape Azure gives them.

Shapes: Azure Resource Manager reference, "Resource ID format"; azure-native's auto-naming (a logical name and eight
digits; a child copies the logical name).
"""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import TENANT, Answer, Answering, Lookup, Request, a_guid, by_path, by_scope, guid
from catalogue.behaviour import Behaviour, Ref, extending, in_group


def _group(request: Request) -> Answer:
    name = str(request.inputs.get("resourceGroupName") or f"{request.name}{request.hex(8)}")
    return Answer(
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


def _role_definition(request: Request) -> Answer:
    name = str(request.inputs.get("roleDefinitionId") or guid(request.hex(32)))
    id_ = f"/subscriptions/{request.account}/providers/Microsoft.Authorization/roleDefinitions/{name}"
    return Answer(id_, {"name": name})


def _traffic(request: Request) -> Answer:
    group = f"/subscriptions/{request.inputs['subscriptionId']}/resourceGroups/{request.inputs['resourceGroup']}"
    ml = f"{group}/providers/{_ML}/{request.inputs['workspace']}"
    return Answer(f"{ml}/onlineEndpoints/{request.inputs['endpoint']}/traffic", {})


_ML = "Microsoft.MachineLearningServices/workspaces"
_IN_ML = f"{_ML}/{{workspaceName}}"
_IN_STORAGE = "Microsoft.Storage/storageAccounts/{accountName}"
_STORE = "Microsoft.Storage/storageAccounts"
_VERSIONS = {kind: f"{_IN_ML}/{kind}/{{name}}/versions" for kind in ("models", "environments")}

ANSWERS: Mapping[str, Answering] = {
    "pulumi:providers:azure-native": a_guid,
    "pulumi:providers:mlplatform": a_guid,
    "azure-native:applicationinsights:Component": by_path("Microsoft.Insights/components", "resourceName", _insights),
    "azure-native:authorization:PolicyAssignment": by_scope(
        "Microsoft.Authorization/policyAssignments", "policyAssignmentName"
    ),
    "azure-native:authorization:RoleAssignment": by_scope(
        "Microsoft.Authorization/roleAssignments", "roleAssignmentName"
    ),
    "azure-native:authorization:RoleDefinition": _role_definition,
    "azure-native:consumption:Budget": by_scope("Microsoft.Consumption/budgets", "budgetName"),
    "azure-native:containerregistry:Registry": by_path(
        "Microsoft.ContainerRegistry/registries", "registryName", _registry
    ),
    "azure-native:keyvault:Key": by_path("Microsoft.KeyVault/vaults/{vaultName}/keys", "keyName", _key),
    "azure-native:keyvault:Vault": by_path("Microsoft.KeyVault/vaults", "vaultName", _vault),
    "azure-native:machinelearningservices:BatchDeployment": by_path(
        f"{_IN_ML}/batchEndpoints/{{endpointName}}/deployments", "deploymentName"
    ),
    "azure-native:machinelearningservices:BatchEndpoint": by_path(f"{_IN_ML}/batchEndpoints", "endpointName", _batch),
    "azure-native:machinelearningservices:Compute": by_path(f"{_IN_ML}/computes", "computeName"),
    "azure-native:machinelearningservices:Datastore": by_path(f"{_IN_ML}/datastores", "name"),
    "azure-native:machinelearningservices:EnvironmentContainer": by_path(f"{_IN_ML}/environments", "name"),
    "azure-native:machinelearningservices:EnvironmentVersion": by_path(_VERSIONS["environments"], "version"),
    "azure-native:machinelearningservices:ModelContainer": by_path(f"{_IN_ML}/models", "name"),
    "azure-native:machinelearningservices:ModelVersion": by_path(_VERSIONS["models"], "version"),
    "azure-native:machinelearningservices:OnlineDeployment": by_path(
        f"{_IN_ML}/onlineEndpoints/{{endpointName}}/deployments", "deploymentName"
    ),
    "azure-native:machinelearningservices:OnlineEndpoint": by_path(
        f"{_IN_ML}/onlineEndpoints", "endpointName", _online
    ),
    "azure-native:machinelearningservices:Schedule": by_path(f"{_IN_ML}/schedules", "name"),
    "azure-native:machinelearningservices:Workspace": by_path(_ML, "workspaceName", _workspace),
    "azure-native:managedidentity:UserAssignedIdentity": by_path(
        "Microsoft.ManagedIdentity/userAssignedIdentities", "resourceName", _identity
    ),
    "azure-native:monitor:ActionGroup": by_path("Microsoft.Insights/actionGroups", "actionGroupName"),
    "azure-native:monitor:AutoscaleSetting": by_path("Microsoft.Insights/autoscaleSettings", "autoscaleSettingName"),
    "azure-native:monitor:DiagnosticSetting": by_scope("Microsoft.Insights/diagnosticSettings", "name", "resourceUri"),
    "azure-native:monitor:MetricAlert": by_path("Microsoft.Insights/metricAlerts", "ruleName"),
    "azure-native:monitor:ScheduledQueryRule": by_path("Microsoft.Insights/scheduledQueryRules", "ruleName"),
    "azure-native:network:NetworkSecurityGroup": by_path(
        "Microsoft.Network/networkSecurityGroups", "networkSecurityGroupName"
    ),
    "azure-native:network:PrivateDnsZoneGroup": by_path(
        "Microsoft.Network/privateEndpoints/{privateEndpointName}/privateDnsZoneGroups", "privateDnsZoneGroupName"
    ),
    "azure-native:network:PrivateEndpoint": by_path("Microsoft.Network/privateEndpoints", "privateEndpointName"),
    "azure-native:network:Subnet": by_path(
        "Microsoft.Network/virtualNetworks/{virtualNetworkName}/subnets", "subnetName"
    ),
    "azure-native:network:VirtualNetwork": by_path("Microsoft.Network/virtualNetworks", "virtualNetworkName"),
    "azure-native:operationalinsights:Workspace": by_path(
        "Microsoft.OperationalInsights/workspaces", "workspaceName", _log_workspace
    ),
    "azure-native:privatedns:PrivateZone": by_path("Microsoft.Network/privateDnsZones", "privateZoneName"),
    "azure-native:privatedns:VirtualNetworkLink": by_path(
        "Microsoft.Network/privateDnsZones/{privateZoneName}/virtualNetworkLinks", "virtualNetworkLinkName"
    ),
    "azure-native:resources:ResourceGroup": _group,
    "azure-native:storage:BlobContainer": by_path(f"{_IN_STORAGE}/blobServices/default/containers", "containerName"),
    "azure-native:storage:BlobServiceProperties": by_path(f"{_IN_STORAGE}/blobServices", "blobServicesName"),
    "azure-native:storage:FileServiceProperties": by_path(f"{_IN_STORAGE}/fileServices", "fileServicesName"),
    "azure-native:storage:ManagementPolicy": by_path(f"{_IN_STORAGE}/managementPolicies", "managementPolicyName"),
    "azure-native:storage:StorageAccount": by_path(_STORE, "accountName", _storage),
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

_GROUPS = ("azure-native:resources:ResourceGroup",)
_IDENTITIES = ("azure-native:managedidentity:UserAssignedIdentity",)
_WORKSPACES = ("azure-native:operationalinsights:Workspace",)
_AZURE_ML = "azure-native:machinelearningservices"
_OWN_IDENTITIES = (Ref("identity.userAssignedIdentities[]", _IDENTITIES),)
_ACTIONS = ("azure-native:monitor:ActionGroup",)


def _lies(name: str, *parents: str, refs: tuple[Ref, ...] = (), **more: Any) -> Behaviour:
    """Something in a resource group, which may act under identities of its own."""
    return in_group(name, *parents, refs=(*refs, *_OWN_IDENTITIES), **more)


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
    "azure-native:authorization:PolicyAssignment": extending("policyAssignmentName"),
    "azure-native:authorization:RoleAssignment": extending("roleAssignmentName", "principalId"),
    "azure-native:authorization:RoleDefinition": extending("roleDefinitionId"),
    "azure-native:consumption:Budget": extending("budgetName"),
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
    "azure-native:monitor:DiagnosticSetting": extending(
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
