"""What pulumi-azure-native flattened of ARM's shapes; each kind's ARM type and renamed keys are in its record.

ARM types and body shapes were checked, with every nested input of pulumi-azure-native 3.29, against Azure's published
Bicep types (Azure/bicep-types-az) of the same API version; the versions are those of the package's docstrings, and a
test compares them with the installed package. Not translated: what Azure's types do not know (connections' credentials
are of their own kinds, automated-ML settings differ by task), which is passed through as it is.
"""

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
