"""What pulumi-azure-native's resources are in ARM.

ARM types and body shapes were checked, with every nested input of pulumi-azure-native 3.29, against Azure's published
Bicep types (Azure/bicep-types-az) of the same API version; the versions are those of the package's docstrings, and a
test compares them with the installed package. Not translated: what Azure's types do not know (connections' credentials
are of their own kinds, automated-ML settings differ by task), which is passed through as it is.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class ArmType:
    """One resource type: its name and API version in ARM, and what Pulumi calls differently."""

    type: str
    version: str
    names: str
    """The inputs that make up the name, in order; one in quotation marks is that text itself."""
    renamed: Mapping[str, str] = field(default_factory=dict[str, str])
    """Keys that differ; "parent.key" below the top."""
    inside: frozenset[str] = frozenset()
    """Keys that stay under `properties` though most types have them beside it."""


# Query parameters, and what the place of deployment says.
DROPPED = frozenset({"expand", "id", "name", "resourceGroupName", "skipValidation", "type"})
# What ARM has beside `properties`; all else is inside, unless the inputs have a `properties` of their own.
OUTSIDE = frozenset(
    {"eTag", "extendedLocation", "identity", "kind", "location", "managedBy", "plan", "scope", "sku", "tags", "zones"}
)
# Whole resources inside another, which ARM writes as {name, id, properties: {...}} and Pulumi flat.
_WRAPPED = """
    applicationGatewayIPConfigurations delegations ipConfigurations linkedPublicIPAddress
    manualPrivateLinkServiceConnections natGateway networkSecurityGroup privateDnsZoneConfigs
    privateLinkServiceConnections registryPrivateEndpointConnections routeTable routes securityRules
    serviceEndpointPolicies servicePublicIPAddress sharedPrivateLinkResources subnet subnets virtualNetworkPeerings
"""
WRAPPED = frozenset(_WRAPPED.split())

_ML = "Microsoft.MachineLearningServices"
_ML_VERSION = "2025-12-01"
# The machine learning classes pass `properties` through; their types, and the inputs that make up their names.
_ML_TYPES = {
    "BatchDeployment": ("workspaces/batchEndpoints/deployments", "workspaceName endpointName deploymentName"),
    "BatchEndpoint": ("workspaces/batchEndpoints", "workspaceName endpointName"),
    "CodeContainer": ("workspaces/codes", "workspaceName name"),
    "CodeVersion": ("workspaces/codes/versions", "workspaceName name version"),
    "ComponentContainer": ("workspaces/components", "workspaceName name"),
    "ComponentVersion": ("workspaces/components/versions", "workspaceName name version"),
    "Compute": ("workspaces/computes", "workspaceName computeName"),
    "DataContainer": ("workspaces/data", "workspaceName name"),
    "DataVersion": ("workspaces/data/versions", "workspaceName name version"),
    "Datastore": ("workspaces/datastores", "workspaceName name"),
    "EnvironmentContainer": ("workspaces/environments", "workspaceName name"),
    "EnvironmentVersion": ("workspaces/environments/versions", "workspaceName name version"),
    "FeaturesetContainerEntity": ("workspaces/featuresets", "workspaceName name"),
    "FeaturesetVersion": ("workspaces/featuresets/versions", "workspaceName name version"),
    "FeaturestoreEntityContainerEntity": ("workspaces/featurestoreEntities", "workspaceName name"),
    "FeaturestoreEntityVersion": ("workspaces/featurestoreEntities/versions", "workspaceName name version"),
    "Job": ("workspaces/jobs", "workspaceName id"),
    "ManagedNetworkSettingsRule": ("workspaces/outboundRules", "workspaceName ruleName"),
    "ModelContainer": ("workspaces/models", "workspaceName name"),
    "ModelVersion": ("workspaces/models/versions", "workspaceName name version"),
    "OnlineDeployment": ("workspaces/onlineEndpoints/deployments", "workspaceName endpointName deploymentName"),
    "OnlineEndpoint": ("workspaces/onlineEndpoints", "workspaceName endpointName"),
    "Registry": ("registries", "registryName"),
    "RegistryEnvironmentContainer": ("registries/environments", "registryName environmentName"),
    "RegistryEnvironmentVersion": ("registries/environments/versions", "registryName environmentName version"),
    "RegistryModelContainer": ("registries/models", "registryName modelName"),
    "RegistryModelVersion": ("registries/models/versions", "registryName modelName version"),
    "Schedule": ("workspaces/schedules", "workspaceName name"),
    "ServerlessEndpoint": ("workspaces/serverlessEndpoints", "workspaceName name"),
    "Workspace": ("workspaces", "workspaceName"),
    "WorkspaceConnection": ("workspaces/connections", "workspaceName connectionName"),
}
_APPLICATION_INSIGHTS = {
    "applicationType": "Application_Type",
    "disableIpMasking": "DisableIpMasking",
    "disableLocalAuth": "DisableLocalAuth",
    "flowType": "Flow_Type",
    "forceCustomerStorageForProfiler": "ForceCustomerStorageForProfiler",
    "hockeyAppId": "HockeyAppId",
    "immediatePurgeDataOn30Days": "ImmediatePurgeDataOn30Days",
    "ingestionMode": "IngestionMode",
    "requestSource": "Request_Source",
    "retentionInDays": "RetentionInDays",
    "samplingPercentage": "SamplingPercentage",
    "workspaceResourceId": "WorkspaceResourceId",
}
_DIMENSIONS = {f"dimensions.{key}": name for key, name in [("dimensionName", "DimensionName"), ("values", "Values")]}
_EXPIRY = {"attributes.expires": "exp", "attributes.notBefore": "nbf"}
_STORAGE_ACCOUNT = {
    "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
    "enableNfsV3": "isNfsV3Enabled",
    "networkRuleSet": "networkAcls",
    "ipRules.iPAddressOrRange": "value",
    "virtualNetworkRules.virtualNetworkResourceId": "id",
    "encryption.encryptionIdentity": "identity",
    "encryptionIdentity.encryptionFederatedIdentityClientId": "federatedIdentityClientId",
    "encryptionIdentity.encryptionUserAssignedIdentity": "userAssignedIdentity",
    "encryption.keyVaultProperties": "keyvaultproperties",
    "keyVaultProperties.keyName": "keyname",
    "keyVaultProperties.keyVaultUri": "keyvaulturi",
    "keyVaultProperties.keyVersion": "keyversion",
}
_AUTHORIZATION, _INSIGHTS, _NETWORK = "Microsoft.Authorization", "Microsoft.Insights", "Microsoft.Network"
_LOGS, _IDENTITY = "Microsoft.OperationalInsights/workspaces", "Microsoft.ManagedIdentity/userAssignedIdentities"
_STORAGE, _VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"

TYPES: dict[str, ArmType] = {
    "applicationinsights:Component": ArmType(
        f"{_INSIGHTS}/components", "2020-02-02", "resourceName", _APPLICATION_INSIGHTS
    ),
    "authorization:ManagementLockAtResourceGroupLevel": ArmType(f"{_AUTHORIZATION}/locks", "2020-05-01", "lockName"),
    "authorization:ManagementLockByScope": ArmType(f"{_AUTHORIZATION}/locks", "2020-05-01", "lockName"),
    "authorization:PolicyAssignment": ArmType(
        f"{_AUTHORIZATION}/policyAssignments", "2025-01-01", "policyAssignmentName"
    ),
    "authorization:RoleAssignment": ArmType(f"{_AUTHORIZATION}/roleAssignments", "2022-04-01", "roleAssignmentName"),
    "authorization:RoleDefinition": ArmType(
        f"{_AUTHORIZATION}/roleDefinitions", "2022-05-01-preview", "roleDefinitionId", {"roleType": "type"}
    ),
    "consumption:Budget": ArmType("Microsoft.Consumption/budgets", "2024-08-01", "budgetName"),
    "containerregistry:Registry": ArmType(
        "Microsoft.ContainerRegistry/registries",
        "2023-01-01-preview",
        "registryName",
        {"ipRules.iPAddressOrRange": "value"},
    ),
    "keyvault:Key": ArmType(
        f"{_VAULT}/keys", "2024-11-01", "vaultName keyName", {**_EXPIRY, "properties.releasePolicy": "release_policy"}
    ),
    "keyvault:Secret": ArmType(f"{_VAULT}/secrets", "2024-11-01", "vaultName secretName", _EXPIRY),
    "keyvault:Vault": ArmType(_VAULT, "2024-11-01", "vaultName"),
    "managedidentity:FederatedIdentityCredential": ArmType(
        f"{_IDENTITY}/federatedIdentityCredentials",
        "2023-01-31",
        "resourceName federatedIdentityCredentialResourceName",
    ),
    "managedidentity:UserAssignedIdentity": ArmType(_IDENTITY, "2023-01-31", "resourceName"),
    "monitor:ActionGroup": ArmType(f"{_INSIGHTS}/actionGroups", "2024-10-01-preview", "actionGroupName"),
    "monitor:ActivityLogAlert": ArmType(f"{_INSIGHTS}/activityLogAlerts", "2020-10-01", "activityLogAlertName"),
    "monitor:AutoscaleSetting": ArmType(
        f"{_INSIGHTS}/autoscalesettings",
        "2021-05-01-preview",
        "autoscaleSettingName",
        {**_DIMENSIONS, "dimensions.operator": "Operator"},
    ),
    "monitor:DiagnosticSetting": ArmType(
        f"{_INSIGHTS}/diagnosticSettings", "2021-05-01-preview", "name", {"resourceUri": "scope"}
    ),
    "monitor:MetricAlert": ArmType(
        f"{_INSIGHTS}/metricAlerts", "2018-03-01", "ruleName", {"criteria.odataType": "odata.type"}
    ),
    "monitor:PrivateLinkScope": ArmType(f"{_INSIGHTS}/privateLinkScopes", "2023-06-01-preview", "scopeName"),
    "monitor:PrivateLinkScopedResource": ArmType(
        f"{_INSIGHTS}/privateLinkScopes/scopedResources",
        "2023-06-01-preview",
        "scopeName name",
        inside=frozenset({"kind"}),
    ),
    "monitor:ScheduledQueryRule": ArmType(f"{_INSIGHTS}/scheduledQueryRules", "2025-01-01-preview", "ruleName"),
    "network:FlowLog": ArmType(f"{_NETWORK}/networkWatchers/flowLogs", "2024-05-01", "networkWatcherName flowLogName"),
    "network:NatGateway": ArmType(f"{_NETWORK}/natGateways", "2024-05-01", "natGatewayName"),
    "network:NetworkSecurityGroup": ArmType(
        f"{_NETWORK}/networkSecurityGroups", "2024-05-01", "networkSecurityGroupName"
    ),
    "network:NetworkWatcher": ArmType(f"{_NETWORK}/networkWatchers", "2024-05-01", "networkWatcherName"),
    "network:PrivateDnsZoneGroup": ArmType(
        f"{_NETWORK}/privateEndpoints/privateDnsZoneGroups", "2024-05-01", "privateEndpointName privateDnsZoneGroupName"
    ),
    "network:PrivateEndpoint": ArmType(f"{_NETWORK}/privateEndpoints", "2024-05-01", "privateEndpointName"),
    "network:PublicIPAddress": ArmType(f"{_NETWORK}/publicIPAddresses", "2024-05-01", "publicIpAddressName"),
    "network:Route": ArmType(f"{_NETWORK}/routeTables/routes", "2024-05-01", "routeTableName routeName"),
    "network:RouteTable": ArmType(f"{_NETWORK}/routeTables", "2024-05-01", "routeTableName"),
    "network:SecurityRule": ArmType(
        f"{_NETWORK}/networkSecurityGroups/securityRules", "2024-05-01", "networkSecurityGroupName securityRuleName"
    ),
    "network:Subnet": ArmType(f"{_NETWORK}/virtualNetworks/subnets", "2024-05-01", "virtualNetworkName subnetName"),
    "network:VirtualNetwork": ArmType(f"{_NETWORK}/virtualNetworks", "2024-05-01", "virtualNetworkName"),
    "operationalinsights:Table": ArmType(
        f"{_LOGS}/tables", "2023-09-01", "workspaceName tableName", inside=frozenset({"plan"})
    ),
    "operationalinsights:Workspace": ArmType(_LOGS, "2023-09-01", "workspaceName", inside=frozenset({"sku"})),
    "privatedns:PrivateZone": ArmType(f"{_NETWORK}/privateDnsZones", "2024-06-01", "privateZoneName"),
    "privatedns:VirtualNetworkLink": ArmType(
        f"{_NETWORK}/privateDnsZones/virtualNetworkLinks", "2024-06-01", "privateZoneName virtualNetworkLinkName"
    ),
    "resources:ResourceGroup": ArmType("Microsoft.Resources/resourceGroups", "2024-03-01", "resourceGroupName"),
    "storage:BlobContainer": ArmType(
        f"{_STORAGE}/blobServices/containers", "2024-01-01", "accountName 'default' containerName"
    ),
    "storage:BlobContainerImmutabilityPolicy": ArmType(
        f"{_STORAGE}/blobServices/containers/immutabilityPolicies",
        "2024-01-01",
        "accountName 'default' containerName immutabilityPolicyName",
    ),
    "storage:BlobServiceProperties": ArmType(f"{_STORAGE}/blobServices", "2024-01-01", "accountName blobServicesName"),
    "storage:FileServiceProperties": ArmType(f"{_STORAGE}/fileServices", "2024-01-01", "accountName fileServicesName"),
    "storage:FileShare": ArmType(f"{_STORAGE}/fileServices/shares", "2024-01-01", "accountName 'default' shareName"),
    "storage:ManagementPolicy": ArmType(
        f"{_STORAGE}/managementPolicies", "2024-01-01", "accountName managementPolicyName"
    ),
    "storage:QueueServiceProperties": ArmType(
        f"{_STORAGE}/queueServices", "2024-01-01", "accountName queueServiceName"
    ),
    "storage:StorageAccount": ArmType(_STORAGE, "2024-01-01", "accountName", _STORAGE_ACCOUNT),
} | {
    f"machinelearningservices:{noun}": ArmType(f"{_ML}/{kind}", _ML_VERSION, names)
    for noun, (kind, names) in _ML_TYPES.items()
}
