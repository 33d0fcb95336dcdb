"""The shapes of ARM that pulumi-azure-native flattened. A kind's record has its ARM type and renamed keys.

ARM types and body shapes were checked, with every nested input of pulumi-azure-native 3.29, against Azure's published
Bicep types (Azure/bicep-types-az) of the same API version. The versions are those of the package's docstrings, and a
test compares them with the installed package. What Azure's types do not describe is passed through as it is:
credentials of connections, which have their own kinds, and automated-ML settings, which differ by task.
"""

# Query parameters, and keys that the scope of the deployment gives.
DROPPED = frozenset({"expand", "id", "name", "resourceGroupName", "skipValidation", "type"})
# Keys that ARM has beside `properties`. All others are inside, unless the inputs have their own `properties`.
OUTSIDE = frozenset(
    {"eTag", "extendedLocation", "identity", "kind", "location", "managedBy", "plan", "scope", "sku", "tags", "zones"}
)
# Whole resources inside another one. ARM writes them as {name, id, properties: {...}}, Pulumi writes them flat.
_WRAPPED = """
    applicationGatewayIPConfigurations delegations ipConfigurations linkedPublicIPAddress
    manualPrivateLinkServiceConnections natGateway networkSecurityGroup privateDnsZoneConfigs
    privateLinkServiceConnections registryPrivateEndpointConnections routeTable routes securityRules
    serviceEndpointPolicies servicePublicIPAddress sharedPrivateLinkResources subnet subnets virtualNetworkPeerings
"""
WRAPPED = frozenset(_WRAPPED.split())
