"""Each rule has one graph it passes, the pilot's, and one it catches: the pilot's with the thing it forbids."""

import base64
from collections.abc import Callable, Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from catalogue.graph import Graph, Resource
from catalogue.hardware import catalogue
from catalogue.placement import Another, Source
from operations.evaluation import evaluate
from policies import limits, pack
from tests.mutate import at, changed, dropped, paths, put, swapped, with_a_long_file, without
from tests.policies.test_inputs import CAUGHT as INPUTS
from tests.policies.test_org_policies import CAUGHT
from tests.rows import rows

Mutation = Callable[[Graph], Graph]


def setting(type_: str, path: str, value: Any, name: str = "") -> Mutation:
    """One property of the first resource of a type (whose name contains `name`) set to another value."""
    return lambda graph: changed(graph, first(graph, type_, name), lambda p: put(p, path, value))


def acting(type_: str, name: str, persona: str) -> Mutation:
    """Something acts as another identity of the stack, by its id or its client id, and by reference."""

    def mutate(graph: Graph) -> Graph:
        one, other = first(graph, type_, name), first(graph, IDENTITY, f"-identity-{persona}")
        if type_ == SCHEDULE:
            graph = setting(type_, f"{STEP}.identity.client_id", other.outputs["clientId"], name)(graph)
        else:
            graph = setting(type_, "identity.userAssignedIdentities", [other.outputs["id"]], name)(graph)
        key = "properties" if type_ == SCHEDULE else "identity"
        refers = {**one.property_dependencies, key: (*one.property_dependencies.get(key, ()), other.urn)}
        return swapped(graph, replace(first(graph, type_, name), property_dependencies=refers))

    return mutate


def no_routes(graph: Graph) -> Graph:
    for environment in graph.of(f"{ML}:EnvironmentVersion"):
        graph = changed(graph, environment, lambda p: p["properties"].pop("inferenceConfig", None))
    return graph


def of_others(graph: Graph) -> Graph:
    """The registry of the images named as one of others, to which nothing leads."""
    image = first(graph, f"{ML}:EnvironmentVersion").props.text_or_empty("properties.image")
    host, place = image.partition("/")[0], graph.placement
    assert place is not None
    there = f"/subscriptions/{place.account}/resourceGroups/x/providers/Microsoft.ContainerRegistry/registries/x"
    return replace(graph, placement=replace(place, sources=(Source(host, "ana", place.account, registry_id=there),)))


def losing(type_: str, path: str, name: str = "") -> Mutation:
    """One property of the first resource of a type gone."""
    return lambda graph: dropped(graph, first(graph, type_, name), path)


def lacking(type_: str, name: str = "") -> Mutation:
    """The first resource of a type gone."""
    return lambda graph: without(graph, first(graph, type_, name))


def lacking_every(type_: str) -> Mutation:
    """Every resource of a type gone."""
    return lambda graph: replace(graph, resources=tuple(r for r in graph.resources if r.type != type_))


def adding(type_: str, referring_to: Mapping[str, str] = MappingProxyType({}), /, **inputs: Any) -> Mutation:
    """A resource more, whose properties refer to the first resources of some types."""
    extra = Resource(urn=f"urn:pulumi:azure-pilot::mlplatform::{type_}::extra", type=type_, name="extra", custom=True)

    def mutate(graph: Graph) -> Graph:
        links = {key: (first(graph, target).urn,) for key, target in referring_to.items()}
        made = replace(extra, inputs=inputs, outputs=inputs, property_dependencies=links)
        return replace(graph, resources=(*graph.resources, made))

    return mutate


def answering(type_: str, name: str, answer: dict[str, Any]) -> Mutation:
    """Azure's answer of a resource changed, and nothing that was sent."""

    def mutate(graph: Graph) -> Graph:
        resource = first(graph, type_, name)
        return swapped(graph, replace(resource, outputs={**resource.outputs, **answer}))

    return mutate


def rewriting(type_: str, path: str, old: str, new: str, name: str = "") -> Mutation:
    """Text in one property of the first resource of a type replaced."""

    def mutate(graph: Graph) -> Graph:
        resource = first(graph, type_, name)
        value: str = dict(paths(dict(resource.inputs)))[path]
        assert old in value, f"{old} is not in {resource.name} {path}"
        return changed(graph, resource, lambda p: put(p, path, value.replace(old, new)))

    return mutate


def copying(type_: str, times: int) -> Mutation:
    """The first resource of a type so many times more."""

    def mutate(graph: Graph) -> Graph:
        one = first(graph, type_)
        more = tuple(replace(one, urn=f"{one.urn}-{n}", name=f"{one.name}-{n}") for n in range(times))
        return replace(graph, resources=(*graph.resources, *more))

    return mutate


def ignoring_nothing(type_: str) -> Mutation:
    """The first resource of a type without its ignored changes."""
    return lambda graph: swapped(graph, replace(first(graph, type_), options={}))


def given_as_text(type_: str, key: str, name: str = "") -> Mutation:
    """The first resource of a type with what one property refers to given as text, and waiting for nothing."""

    def mutate(graph: Graph) -> Graph:
        resource = first(graph, type_, name)
        kept = {k: v for k, v in resource.property_dependencies.items() if k != key}
        return swapped(graph, replace(resource, property_dependencies=kept, dependencies=()))

    return mutate


def protecting(type_: str, protect: bool) -> Mutation:
    """The first resource of a type protected, or not."""
    return lambda graph: swapped(graph, replace(first(graph, type_), protect=protect))


def first(graph: Graph, type_: str, name: str = "") -> Resource:
    return next(r for r in graph.resources if r.type == type_ and name in r.name)


ML, NET, AUTH = "azure-native:machinelearningservices", "azure-native:network", "azure-native:authorization"
WORKSPACE, COMPUTE, SCHEDULE = f"{ML}:Workspace", f"{ML}:Compute", f"{ML}:Schedule"
SERVED, DEPLOYMENT, DATASTORE = f"{ML}:OnlineEndpoint", f"{ML}:OnlineDeployment", f"{ML}:Datastore"
BATCH, BATCH_DEPLOYMENT, RULE = f"{ML}:BatchEndpoint", f"{ML}:BatchDeployment", f"{ML}:ManagedNetworkSettingsRule"
GROUP, RESOURCES = f"{NET}:NetworkSecurityGroup", "azure-native:resources:ResourceGroup"
VNET = f"{NET}:VirtualNetwork"
SUBNET, ENDPOINT, ZONE_GROUP = f"{NET}:Subnet", f"{NET}:PrivateEndpoint", f"{NET}:PrivateDnsZoneGroup"
ZONE, LINK = "azure-native:privatedns:PrivateZone", "azure-native:privatedns:VirtualNetworkLink"
ROLE, ASSIGNMENT, POLICY = f"{AUTH}:RoleDefinition", f"{AUTH}:RoleAssignment", f"{AUTH}:PolicyAssignment"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
STORAGE, CONTAINER = "azure-native:storage:StorageAccount", "azure-native:storage:BlobContainer"
BLOBS, LIFECYCLE = "azure-native:storage:BlobServiceProperties", "azure-native:storage:ManagementPolicy"
VAULT, KEY, REGISTRY = (
    "azure-native:keyvault:Vault",
    "azure-native:keyvault:Key",
    "azure-native:containerregistry:Registry",
)
LOGS, INSIGHTS = "azure-native:operationalinsights:Workspace", "azure-native:applicationinsights:Component"
MONITOR, TRAFFIC = "azure-native:monitor", "mlplatform:azure:Traffic"
ALERT, QUERY, SCALING = f"{MONITOR}:MetricAlert", f"{MONITOR}:ScheduledQueryRule", f"{MONITOR}:AutoscaleSetting"
ACTIONS, RECORD, BUDGET = (
    f"{MONITOR}:ActionGroup",
    f"{MONITOR}:DiagnosticSetting",
    "azure-native:consumption:Budget",
)
VERSION = "azureml://datastores/artifacts/paths/registry/x/1/artifact/"
OWNER = "/subscriptions/s/providers/Microsoft.Authorization/roleDefinitions/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = OWNER.replace("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "b24988ac-6180-42a0-ab88-20f7382dd24c")
SUBSCRIPTION = "/subscriptions/11112222-3333-4444-5555-666677778888"
JOB, TRIGGER = "properties.action.jobDefinition", "profiles.0.rules.0.metricTrigger"
STEP = f"{JOB}.jobs.score"
_CLUSTER = "properties.properties"
OLD_IMAGE = {"properties": {"properties": {"osImageMetadata": {"isLatestOsImageVersion": False}}}}
IN_FORCE = "mlplatform:azure:RolesInForce"
_IN_BASE64 = base64.b64encode(b"export DB_PASSWORD=hunter2hunter2\nserve").decode()
COLLECTED = "properties.dataCollector.collections"
_HEADERS = "properties.dataCollector.requestLogging.captureHeaders"
OPEN = {"name": "open", "direction": "Inbound", "access": "Allow", "protocol": "Tcp", "sourceAddressPrefix": "Internet"}
UNDIRECTED = {"name": "whence", "access": "Allow", "protocol": "Tcp", "destinationAddressPrefix": "VirtualNetwork"}


def approving(**destination: Any) -> Mutation:
    """A service tag more that the workspace's managed network lets out."""
    rule = {"type": "ServiceTag", "destination": destination}
    return lambda g: changed(g, first(g, WORKSPACE), lambda p: p["managedNetwork"].update(outboundRules={"more": rule}))


def with_a_key(graph: Graph) -> Graph:
    """The workspace encrypted inside the service with the stack's key, which rotates, in the stack's closed vault."""
    workspace, key, vault = first(graph, WORKSPACE), first(graph, KEY), first(graph, VAULT)
    wraps = first(graph, IDENTITY, "wraps")
    named = {"keyVaultArmId": vault.outputs["id"], "keyIdentifier": key.outputs["keyUriWithVersion"]}
    encryption = {
        "status": "Enabled",
        "identity": {"userAssignedIdentity": wraps.outputs["id"]},
        "keyVaultProperties": named,
    }
    graph = changed(graph, workspace, lambda p: p.update(encryption=encryption, enableServiceSideCMKEncryption=True))
    refers = {"encryption": (vault.urn, key.urn, wraps.urn)}
    linked = replace(graph.by_urn[workspace.urn], property_dependencies={**workspace.property_dependencies, **refers})
    return swapped(graph, linked)


def supported(graph: Graph) -> Graph:
    """The same, as Azure ML supports it: the key does not rotate, and its vault's firewall closes a public endpoint."""
    graph = with_a_key(graph)
    for change in (
        losing(KEY, "properties.rotationPolicy"),
        setting(VAULT, "properties.publicNetworkAccess", "Enabled"),
    ):
        graph = change(graph)
    return graph


def then(*mutations: Mutation) -> Mutation:
    """One mutation after another."""

    def mutate(graph: Graph) -> Graph:
        for each in mutations:
            graph = each(graph)
        return graph

    return mutate


def twice(type_: str) -> Mutation:
    """A component of a type beside the first."""

    def mutate(graph: Graph) -> Graph:
        other = replace(first(graph, type_), urn=f"{first(graph, type_).urn}-more", name="more")
        return replace(graph, resources=(*graph.resources, other))

    return mutate


def more_permissions(action: str) -> Mutation:
    """An operation more in the first role of the stack's own."""
    return lambda g: changed(g, first(g, ROLE, "access"), lambda p: p["permissions"][0]["actions"].append(action))


_OWNER = "properties.properties.personalComputeInstanceSettings.assignedUser.objectId"
AZURE_ML = "Microsoft.MachineLearningServices/workspaces"
PULLS = OWNER.replace("8e3af657-a8ff-443c-a75c-2fe8c4bcb635", "7f951dda-4ed3-4680-a7ca-43fe172d538d")


def giving(graph: Graph) -> Graph:
    """The stack file gives versions to another stack, and no role lets its publisher in."""
    assert graph.placement is not None
    other = Another("azure-test", "44445555-3333-4444-5555-666677778888", "0a1b2c3d-0000-4000-8000-000000000010")
    return replace(graph, placement=replace(graph.placement, gives_to=(other,)))


CATCHES: list[tuple[str, Mutation]] = [
    ("secrets-in-plain", setting(DEPLOYMENT, "properties.environmentVariables", {"API_KEY": "hunter2hunter2"})),
    ("network-addresses", setting(VNET, "addressSpace.addressPrefixes.0", "0.0.0.0/1")),
    ("network-addresses", setting(VNET, "addressSpace.addressPrefixes", ["10.40.0.0/20", "fd00::/8"])),
    ("network-addresses", setting(SUBNET, "addressPrefix", "10.99.0.0/20")),
    ("network-addresses", losing(SUBNET, "addressPrefix")),
    ("limits-stores-keep", losing(LIFECYCLE, "policy.rules.1.definition.filters.prefixMatch")),
    ("limits-stores-keep", setting(LIFECYCLE, "policy.rules.1.definition.filters.prefixMatch", ["artifacts/"])),
    ("limits-stores-keep", setting(LIFECYCLE, "policy.rules.2.definition.filters.prefixMatch", ["artifacts/models/"])),
    ("limits-outputs-expire", losing(LIFECYCLE, "policy.rules.2")),
    ("limits-outputs-expire", setting(LIFECYCLE, "policy.rules.2.enabled", False)),
    ("limits-outputs-expire", losing(LIFECYCLE, "policy.rules.2.definition.filters.prefixMatch.1")),
    ("limits-outputs-expire", setting(LIFECYCLE, "policy.rules.2.definition.filters.blobTypes", ["appendBlob"])),
    (
        "limits-outputs-expire",
        setting(LIFECYCLE, "policy.rules.2.definition.actions.baseBlob.delete.daysAfterModificationGreaterThan", 3_651),
    ),
    ("limits-stores-expire", setting(LIFECYCLE, "policy.rules.0.definition.filters.blobTypes", ["appendBlob"])),
    ("limits-stores-expire", setting(LIFECYCLE, "policy.rules.0.definition.filters", {"prefixMatch": ["old/"]})),
    ("limits-account", setting("pulumi:providers:azure-native", "subscriptionId", OWNER.rsplit("/", maxsplit=1)[-1])),
    ("limits-cluster-idle", setting(COMPUTE, "properties.properties.scaleSettings", {"maxNodeCount": 9}, "ana")),
    ("cost-batch-tags", setting(SCHEDULE, f"{JOB}.tags.owner", "mallory@example.com")),
    ("encryption-key", setting(KEY, "properties.keyOps", ["wrapKey"])),
    ("identity-persona-permissions", setting(ASSIGNMENT, "condition", "(true)", "serving-collect")),
    ("identity-persona-permissions", losing(ASSIGNMENT, "condition", "training-blob-contributor")),
    ("identity-persona-permissions", losing(ASSIGNMENT, "condition", "person-ben-blob-contributor")),
    (
        "identity-persona-permissions",
        rewriting(ASSIGNMENT, "condition", "NotStarts", "Starts", "batch-blob-contributor"),
    ),
    ("identity-persona-permissions", rewriting(ASSIGNMENT, "condition", "/delete", "/x", "batch-blob-contributor")),
    ("identity-persona-tasks", rewriting(ASSIGNMENT, "condition", "'registry/'", "'x/'", "training-blob-contributor")),
    ("world-ids", rewriting(f"{MONITOR}:DiagnosticSetting", "workspaceId", "11112222", "99992222")),
    ("world-ids", rewriting(SCHEDULE, f"{JOB}.inputs.data.uri", "11112222", "99992222")),
    ("world-ids", setting(ASSIGNMENT, "scope", SUBSCRIPTION)),
    ("world-ids", setting(ASSIGNMENT, "roleDefinitionId", OWNER)),
    ("world-principals", setting(ASSIGNMENT, "principalId", "99992222-3333-4444-5555-666677778888")),
    ("world-principals", setting(VAULT, "properties.tenantId", "99992222-3333-4444-5555-666677778888")),
    ("world-principals", setting(COMPUTE, _OWNER, "99992222-3333-4444-5555-666677778888", "ana")),
    ("world-hosts", setting(STORAGE, "encryption.keyVaultProperties.keyVaultUri", "https://theirs.vault.azure.net/")),
    (
        "world-hosts",
        lambda g: changed(g, first(g, ACTIONS), lambda p: p.update(webhookReceivers=[{"serviceUri": "https://x.y/z"}])),
    ),
    ("world-mail", setting(ACTIONS, "emailReceivers.0.emailAddress", "mallory@example.com")),
    ("world-regions", setting(SCALING, f"{TRIGGER}.metricResourceLocation", "Brazil South")),
    ("world-containers", setting(DEPLOYMENT, "properties.environmentVariables", {"LD_PRELOAD": "/mnt/x.so"})),
    ("world-folders", rewriting(f"{ML}:ModelVersion", "properties.modelUri", "paths/", "paths/elsewhere/")),
    ("workflow-environment", rewriting(DEPLOYMENT, "properties.model", "/fraud-scorer/", "/document-embedder/")),
    ("unasked", adding(CONTAINER, containerName="extra")),
    ("unasked", copying(IDENTITY, 1)),
    ("unasked", twice("mlplatform-azure:index:Access")),
    ("identity-persona-permissions", more_permissions(f"{AZURE_ML}/listKeys/action")),
    ("identity-persona-permissions", setting(ASSIGNMENT, "roleDefinitionId", PULLS, "approver-blob-reader")),
    ("identity-persona-tasks", lacking(ASSIGNMENT, "batch-queue-contributor")),
    ("identity-persona-tasks", setting(ROLE, "permissions.0.actions", [f"{AZURE_ML}/read"], "caller")),
    ("network-no-internet-gateway", adding(f"{NET}:PublicIPAddress")),
    ("network-no-internet-gateway", adding(f"{NET}:NatGateway")),
    ("network-no-internet-gateway", adding(f"{NET}:VirtualNetworkPeering")),
    ("network-no-internet-gateway", adding(f"{NET}:AzureFirewall")),
    (
        "network-no-internet-gateway",
        lambda g: changed(g, first(g, VNET), lambda p: p.update(virtualNetworkPeerings=[{"name": "theirs"}])),
    ),
    ("network-no-internet-route", adding(f"{NET}:Route", addressPrefix="0.0.0.0/0", nextHopType="Internet")),
    ("network-no-internet-route", adding(f"{NET}:RouteTable", routes=[{"nextHopType": "VirtualAppliance"}])),
    ("network-subnet-private", setting(SUBNET, "defaultOutboundAccess", True)),
    ("network-subnet-private", setting(SUBNET, "privateEndpointNetworkPolicies", "Disabled")),
    ("network-subnet-private", losing(SUBNET, "networkSecurityGroup")),
    ("network-subnet-private", lambda g: changed(g, first(g, SUBNET), lambda p: p.update(natGateway={"id": "nat"}))),
    ("network-security-group-closed", setting(GROUP, "securityRules.0.sourceAddressPrefix", "*")),
    ("network-security-group-closed", setting(GROUP, "securityRules.0.sourceAddressPrefix", "0.0.0.0/0")),
    ("network-security-group-closed", setting(GROUP, "securityRules.2.destinationAddressPrefix", "Internet")),
    ("network-security-group-closed", losing(GROUP, "securityRules.0.sourceAddressPrefix")),
    ("network-security-group-closed", adding(f"{NET}:SecurityRule", {}, **OPEN)),
    ("network-security-group-closed", setting(GROUP, "securityRules.0.sourceAddressPrefix", "0.0.0.0/8")),
    ("network-security-group-closed", setting(GROUP, "securityRules.0.sourceAddressPrefix", "240.0.0.0/4")),
    ("network-security-group-closed", setting(GROUP, "securityRules.2.destinationAddressPrefix", "fc00::/7")),
    ("network-security-group-closed", adding(f"{NET}:SecurityRule", {}, **UNDIRECTED)),
    ("network-default-denied", losing(GROUP, "securityRules.3")),
    ("network-default-denied", setting(GROUP, "securityRules.3.priority", 100)),
    ("network-default-denied", setting(GROUP, "securityRules.0.priority", 4096)),
    ("network-default-denied", setting(GROUP, "securityRules.0.destinationPortRange", "*")),
    ("network-default-denied", setting(GROUP, "securityRules.0.protocol", "*")),
    ("network-default-denied", setting(GROUP, "securityRules.2.destinationAddressPrefix", "10.0.0.0/8")),
    ("network-default-denied", setting(GROUP, "securityRules.1.protocol", "Tcp")),
    ("network-default-denied", given_as_text(SUBNET, "networkSecurityGroup")),
    ("network-public-access", setting(STORAGE, "publicNetworkAccess", "Enabled")),
    ("network-public-access", setting(VAULT, "properties.networkAcls.defaultAction", "Allow")),
    ("network-public-access", losing(SERVED, "properties.publicNetworkAccess")),
    (
        "network-public-access",
        lambda g: changed(g, first(g, STORAGE), lambda p: p["networkRuleSet"].update(ipRules=[{"value": "1.2.3.4"}])),
    ),
    ("network-workspace-vpc-only", setting(WORKSPACE, "managedNetwork.isolationMode", "AllowInternetOutbound")),
    ("network-workspace-vpc-only", setting(WORKSPACE, "v1LegacyMode", True)),
    (
        "network-public-access",
        lambda g: changed(g, first(g, WORKSPACE), lambda p: p.update(ipAllowlist=["203.0.113.7"])),
    ),
    (
        "network-public-access",
        lambda g: changed(g, first(g, WORKSPACE), lambda p: p.update(networkAcls={"defaultAction": "Allow"})),
    ),
    (
        "network-approved-outbound",
        lambda g: changed(
            g,
            first(g, WORKSPACE),
            lambda p: p["managedNetwork"].update(outboundRules={"pypi": {"type": "FQDN", "destination": "pypi.org"}}),
        ),
    ),
    (
        "network-approved-outbound",
        adding(RULE, {"workspaceName": WORKSPACE}, properties={"type": "FQDN", "destination": "pypi.org"}),
    ),
    (
        "network-approved-outbound",
        adding(RULE, {"workspaceName": WORKSPACE}, properties={"type": "PrivateEndpoint"}),
    ),
    ("network-approved-outbound", ignoring_nothing(WORKSPACE)),
    ("network-approved-outbound", approving(serviceTag="Internet")),
    ("network-approved-outbound", approving(serviceTag="Storage.eastus2")),
    ("network-approved-outbound", approving(serviceTag="AzureFrontDoor.Frontend")),
    ("network-approved-outbound", approving(protocol="TCP")),
    ("network-approved-outbound", approving(serviceTag="AzureMonitor", addressPrefixes=["203.0.113.0/24"])),
    (
        "network-approved-outbound",
        lambda g: changed(g, first(g, WORKSPACE), lambda p: p["managedNetwork"].update(firewallSku="Standard")),
    ),
    ("network-images-reached", of_others),
    ("network-batch-reaches", lacking(RULE, "outbound-queue")),
    ("network-batch-reaches", setting(RULE, "properties.destination.subresourceTarget", "blob", "table")),
    ("network-model-isolated", setting(DEPLOYMENT, "properties.endpointComputeType", "Kubernetes")),
    ("network-model-isolated", setting(COMPUTE, "properties.properties.enableNodePublicIp", True)),
    ("network-model-isolated", given_as_text(SERVED, "workspaceName")),
    (
        "network-model-isolated",
        lambda g: changed(g, first(g, COMPUTE), lambda p: p["properties"]["properties"].update(subnet={"id": "own"})),
    ),
    ("network-endpoint-closed", given_as_text(ENDPOINT, "privateLinkServiceConnections")),
    ("network-endpoint-closed", given_as_text(ENDPOINT, "subnet")),
    (
        "network-endpoint-closed",
        lambda g: changed(
            g, first(g, ENDPOINT), lambda p: p.update(manualPrivateLinkServiceConnections=[{"name": "x"}])
        ),
    ),
    ("network-endpoint-closed", setting(LINK, "registrationEnabled", True)),
    ("network-endpoint-closed", setting(LINK, "virtualNetwork.id", "/subscriptions/s/resourceGroups/g/x/x/x/theirs")),
    ("network-endpoint-closed", setting(LINK, "virtualNetwork.id", "/subscriptions/s/x/theirs", "people-azurecr-io")),
    ("network-proof", lacking(ENDPOINT, "vault")),
    ("network-way-in", lacking_every("azure-native:machinelearningservices:Compute")),
    ("network-way-in", lacking_every("azure-native:authorization:RoleAssignment")),
    ("network-people-in", lacking("azure-native:network:VirtualNetworkPeering")),
    ("network-people-in", lacking(LINK, "people-blob")),
    ("network-people-in", setting(GROUP, "securityRules.0.access", "Deny")),
    (
        "network-no-internet-gateway",
        adding("azure-native:network:VirtualNetworkPeering", remoteVirtualNetwork={"id": "/subscriptions/x"}),
    ),
    ("network-proof", lacking(ZONE_GROUP, "file")),
    ("network-proof", lacking(ZONE, "notebooks")),
    ("network-proof", lacking(LINK, "blob")),
    ("network-proof", setting(GROUP, "securityRules.0.destinationPortRange", "22")),
    ("network-proof", adding(ZONE, privateZoneName="privatelink.azconfig.io")),
    ("network-proof", lacking(COMPUTE, "build-images")),
    ("identity-no-wildcard", setting(ROLE, "permissions.0.actions", ["*"])),
    (
        "identity-no-wildcard",
        setting(ROLE, "permissions.0.actions", ["Microsoft.MachineLearningServices/workspaces/*"]),
    ),
    (
        "identity-no-wildcard",
        setting(ROLE, "permissions.0.actions", ["Microsoft.MachineLearningServices/workspaces/onlineEndpoints/*"]),
    ),
    ("identity-no-wildcard", setting(ROLE, "permissions.0.dataActions", ["Microsoft.Storage/*"], "collect")),
    ("identity-no-wildcard", setting(ROLE, "permissions.0.notActions", ["Microsoft.Compute/*"])),
    ("identity-least-role", setting(ASSIGNMENT, "roleDefinitionId", OWNER, "identity-training-blob")),
    ("identity-least-role", setting(ASSIGNMENT, "roleDefinitionId", CONTRIBUTOR, "identity-training-blob")),
    ("identity-scope", setting(ASSIGNMENT, "scope", SUBSCRIPTION)),
    ("identity-scope", setting(ASSIGNMENT, "scope", f"{SUBSCRIPTION}/resourceGroups/azure-pilot")),
    ("identity-scope", given_as_text(ASSIGNMENT, "scope")),
    ("identity-scope", setting(ROLE, "assignableScopes", [SUBSCRIPTION])),
    ("identity-trust", setting(ASSIGNMENT, "principalType", "Group")),
    ("identity-trust", given_as_text(ASSIGNMENT, "principalId")),
    (
        "identity-trust",
        setting(ASSIGNMENT, "principalId", "0f1b2c3d-0000-4000-8000-00000000000f", "person-ana-workspace"),
    ),
    ("identity-trust", adding("azure-native:managedidentity:FederatedIdentityCredential")),
    (
        "identity-pass-role",
        setting(ROLE, "permissions.0.actions", ["Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action"]),
    ),
    ("identity-guardrails", lacking(POLICY, "idle-shutdown")),
    ("identity-guardrails", setting(POLICY, "parameters.effect.value", "Audit")),
    ("identity-guardrails", setting(POLICY, "parameters.isolationMode.value", "Disabled", "approved-outbound")),
    (
        "identity-guardrails",
        lambda g: changed(g, first(g, POLICY), lambda p: p.update(enforcementMode="DoNotEnforce")),
    ),
    ("identity-local-auth", setting(STORAGE, "allowSharedKeyAccess", True)),
    ("identity-local-auth", setting(REGISTRY, "adminUserEnabled", True)),
    ("identity-local-auth", setting(SERVED, "properties.authMode", "Key")),
    ("identity-local-auth", setting(DATASTORE, "properties.credentials.credentialsType", "AccountKey")),
    ("identity-local-auth", setting(COMPUTE, "properties.properties.sshSettings.sshPublicAccess", "Enabled", "ana")),
    (
        "identity-local-auth",
        lambda g: changed(g, first(g, VAULT), lambda p: p["properties"].update(accessPolicies=[{"objectId": "x"}])),
    ),
    *(
        ("identity-acts-where", acting(type_, name, other))
        for type_, name, other in (
            (SERVED, "", "workspace"),
            (SERVED, "", "batch"),
            (f"{ML}:BatchEndpoint", "backfill", "workspace"),
            (COMPUTE, "backfill-cluster", "workspace"),
            (COMPUTE, "workspace-ana", "workspace"),
            (COMPUTE, "build-images", "data-scientist"),
            (WORKSPACE, "", "data-scientist"),
            (SCHEDULE, "backfill", "serving"),
        )
    ),
    ("identity-user-assigned", setting(SERVED, "identity.type", "SystemAssigned")),
    ("identity-user-assigned", losing(WORKSPACE, "primaryUserAssignedIdentity")),
    ("identity-user-assigned", setting(SCHEDULE, f"{STEP}.identity.identity_type", "UserIdentity")),
    ("identity-workspace-works", lacking(ASSIGNMENT, "access-workspace-workspace")),
    ("identity-workspace-works", lacking(ASSIGNMENT, "identity-workspace-reader-blob-endpoint")),
    ("identity-workspace-works", lacking(ASSIGNMENT, "identity-workspace-contributor-vault")),
    ("identity-before-use", given_as_text(SERVED, "workspaceName")),
    ("identity-before-use", given_as_text(WORKSPACE, "storageAccount")),
    ("identity-roles-in-force", lacking("mlplatform:azure:RolesInForce", "key-in-force")),
    ("identity-roles-in-force", lacking("mlplatform:azure:RolesInForce", "identity-in-force")),
    ("identity-roles-in-force", setting("mlplatform:azure:RolesInForce", "minutes", 0, "key-in-force")),
    ("identity-roles-in-force", setting("mlplatform:azure:RolesInForce", "minutes", 9, "identity-in-force")),
    ("identity-serving-writes", losing(ASSIGNMENT, "condition", "serving-collect")),
    (
        "identity-serving-writes",
        rewriting(ASSIGNMENT, "condition", "StringStartsWith", "StringLike", "serving-collect"),
    ),
    ("identity-instance-own", setting(COMPUTE, "properties.properties.applicationSharingPolicy", "Shared", "ana")),
    ("identity-instance-own", losing(COMPUTE, "properties.properties.personalComputeInstanceSettings", "ana")),
    ("encryption-customer-key", then(with_a_key, losing(WORKSPACE, "encryption.keyVaultProperties"))),
    ("encryption-customer-key", losing(STORAGE, "encryption.keyVaultProperties.keyName")),
    ("encryption-key-used", setting(STORAGE, "encryption.keySource", "Microsoft.Storage")),
    ("encryption-key-used", given_as_text(REGISTRY, "encryption")),
    (
        "encryption-key-used",
        lambda g: changed(
            g, first(g, STORAGE), lambda p: p["encryption"]["keyVaultProperties"].update(keyVersion="0123")
        ),
    ),
    ("encryption-key-granted", lacking(ASSIGNMENT, "wraps-data")),
    ("encryption-key-granted", losing(STORAGE, "encryption.encryptionIdentity")),
    ("encryption-workspace-key", then(with_a_key, losing(KEY, "properties.rotationPolicy"))),
    (
        "encryption-workspace-key",
        then(with_a_key, setting(VAULT, "properties.publicNetworkAccess", "Enabled")),
    ),
    ("network-public-access", setting(VAULT, "properties.publicNetworkAccess", "Enabled")),
    ("network-public-access", then(supported, losing(VAULT, "properties.networkAcls"))),
    ("encryption-key", then(supported, losing(WORKSPACE, "enableServiceSideCMKEncryption"))),
    ("encryption-key", setting(KEY, "properties.keySize", 2048)),
    ("encryption-key", losing(KEY, "properties.rotationPolicy")),
    ("encryption-key", setting(KEY, "properties.keyOps", ["wrapKey", "unwrapKey", "decrypt"])),
    ("encryption-vault", setting(VAULT, "properties.enablePurgeProtection", False)),
    ("encryption-vault", setting(VAULT, "properties.softDeleteRetentionInDays", 7)),
    (
        "encryption-vault-reachable",
        lambda g: swapped(g, replace(first(g, KEY), dependencies=(first(g, VAULT).urn,))),
    ),
    ("encryption-scratch-disks", losing(WORKSPACE, "hbiWorkspace")),
    ("encryption-datastore", setting(DATASTORE, "properties.protocol", "http")),
    ("encryption-datastore", given_as_text(DATASTORE, "properties")),
    ("encryption-bucket-whole", lacking(LIFECYCLE)),
    ("encryption-bucket-public", setting(STORAGE, "allowBlobPublicAccess", True)),
    ("encryption-bucket-public", setting(CONTAINER, "publicAccess", "Blob")),
    ("encryption-bucket-tls", setting(STORAGE, "minimumTlsVersion", "TLS1_0")),
    ("encryption-bucket-tls", setting(STORAGE, "enableHttpsTrafficOnly", False)),
    ("encryption-bucket-settings", setting(BLOBS, "isVersioningEnabled", False)),
    ("encryption-bucket-settings", losing(STORAGE, "encryption.requireInfrastructureEncryption")),
    ("cost-tags", losing(SERVED, "tags.team")),
    ("cost-tags", setting(SERVED, "tags.team", "somebody-else")),
    ("cost-tags", setting(SERVED, "tags.owner", "<nobody>")),
    ("cost-tags", losing(f"{ML}:ModelVersion", "properties.tags.owner")),
    ("kind-known", adding("azure-native:web:WebApp")),
    ("cost-batch-tags", losing(SCHEDULE, f"{JOB}.tags.team")),
    ("cost-budget", lacking(BUDGET)),
    ("cost-budget", setting(BUDGET, "amount", 1_000_000)),
    ("cost-budget", losing(BUDGET, "notifications.forecasted-100")),
    ("cost-budget", lambda g: changed(g, first(g, BUDGET), lambda p: p.update(filter={"tags": {"name": "team"}}))),
    ("cost-alerts-reach-owner", losing(ACTIONS, "emailReceivers")),
    ("cost-nothing-unseen", then(with_a_key, losing(WORKSPACE, "enableServiceSideCMKEncryption"))),
    ("limits-replicas", setting(SCALING, "profiles.0.capacity.maximum", "40")),
    ("limits-replicas", setting(SCALING, "profiles.0.capacity.minimum", "3x")),
    ("limits-replicas", setting(DEPLOYMENT, "sku.capacity", 40)),
    ("limits-autoscaled", lacking(SCALING)),
    ("limits-autoscaled", setting(SCALING, "enabled", False)),
    ("limits-autoscaled", setting(SCALING, "profiles.0.capacity.minimum", "0")),
    ("limits-autoscaled", ignoring_nothing(DEPLOYMENT)),
    ("limits-stated", setting(SCALING, "profiles.0.capacity.maximum", "3")),
    ("limits-scaling-policy", losing(SCALING, "profiles.0.rules.1")),
    ("limits-scaling-policy", losing(SCALING, f"{TRIGGER}.dimensions")),
    ("limits-scaling-policy", setting(SCALING, f"{TRIGGER}.metricName", "CpuUtilizationPercentage")),
    ("limits-scaling-policy", setting(SCALING, "profiles.0.rules.1.metricTrigger.threshold", 1_000_000)),
    ("limits-machine-types", setting(DEPLOYMENT, "properties.instanceType", "Standard_ND96asr_v4")),
    ("limits-machine-types", setting(COMPUTE, "properties.properties.vmSize", "Standard_ND96asr_v4")),
    ("limits-replicas", setting(COMPUTE, "properties.properties.scaleSettings.maxNodeCount", 40, "cluster")),
    ("limits-batch-size", setting(SCHEDULE, f"{STEP}.resources.instance_count", 40)),
    ("limits-cluster-idle", setting(COMPUTE, "properties.properties.scaleSettings.minNodeCount", 1, "cluster")),
    (
        "limits-cluster-idle",
        setting(COMPUTE, "properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown", "P1D", "cluster"),
    ),
    ("quota-declared", setting(SCALING, "profiles.0.capacity.maximum", "40")),
    ("quota-undeclared", setting(DEPLOYMENT, "properties.instanceType", "Standard_ND96asr_v4")),
    ("limits-region", setting("pulumi:providers:azure-native", "location", "brazilsouth")),
    ("limits-account", losing("pulumi:providers:azure-native", "subscriptionId")),
    ("limits-region-named", losing(STORAGE, "location")),
    ("limits-region", setting(STORAGE, "location", "brazilsouth")),
    ("limits-idle-shutdown", losing(COMPUTE, "properties.properties.idleTimeBeforeShutdown", "ana")),
    ("limits-idle-shutdown", setting(COMPUTE, "properties.properties.idleTimeBeforeShutdown", "P3D", "ana")),
    ("limits-batch-time", losing(SCHEDULE, f"{STEP}.limits")),
    ("limits-batch-time", setting(SCHEDULE, f"{STEP}.limits.timeout", "P2D")),
    ("limits-batch-time", setting(SCHEDULE, "properties.action.actionType", "InvokeBatchEndpoint")),
    ("limits-batch-time", setting(BATCH_DEPLOYMENT, "properties.errorThreshold", -1)),
    ("limits-retention", setting(LOGS, "retentionInDays", 730)),
    ("limits-stores-expire", setting(REGISTRY, "policies.retentionPolicy.status", "disabled")),
    ("limits-stores-expire", losing(LIFECYCLE, "policy.rules.0.definition.actions.version")),
    ("limits-capture", losing(LIFECYCLE, "policy.rules.1.definition.actions.baseBlob")),
    ("limits-capture", setting(LIFECYCLE, "policy.rules.1.enabled", False)),
    ("limits-capture", setting(LIFECYCLE, "policy.rules.1.definition.filters.prefixMatch", ["artifacts/"])),
    ("limits-capture", setting(LIFECYCLE, "policy.rules.1.definition.filters.blobTypes", ["blockBlob"])),
    ("limits-capture", setting(LIFECYCLE, "policy.rules.1.definition.filters.blobTypes", ["appendBlob"])),
    ("limits-capture", setting(LIFECYCLE, "policy.rules.1.definition.filters.blobIndexMatch", [{"name": "kept"}])),
    ("limits-capture", setting(DEPLOYMENT, _HEADERS, ["x-request-id", "Authorization"])),
    ("limits-capture", setting(DEPLOYMENT, f"{COLLECTED}.request", {"dataCollectionMode": "enabled"})),
    ("limits-capture", setting(DEPLOYMENT, f"{COLLECTED}.request.samplingRate", 1)),
    ("limits-capture", losing(DEPLOYMENT, f"{COLLECTED}.response.samplingRate")),
    (
        "limits-capture",
        lambda g: changed(g, first(g, DEPLOYMENT), lambda p: at(p, f"{COLLECTED}.request").update(dataId="/data/mine")),
    ),
    ("rollback-alarms", setting(TRAFFIC, "p95LatencyMs", 0)),
    ("rollback-alarms", lacking(ALERT)),
    ("rollback-alarms", lacking(QUERY, "errors")),
    ("rollback-traffic", setting(TRAFFIC, "canaryPercent", 50)),
    ("rollback-traffic", setting(TRAFFIC, "mirrorPercent", 60)),
    ("rollback-traffic", lacking(TRAFFIC)),
    ("rollback-traffic", ignoring_nothing(SERVED)),
    ("rollback-endpoint-order", given_as_text(DEPLOYMENT, "endpointName")),
    ("rollback-endpoint-order", given_as_text(TRAFFIC, "deployment")),
    ("rollback-endpoint-order", given_as_text(SCALING, "targetResourceUri")),
    (
        "rollback-endpoint-order",
        lambda g: swapped(g, replace(first(g, TRAFFIC), dependencies=(first(g, DEPLOYMENT).urn,))),
    ),
    ("rollback-deployment-versioned", setting(DEPLOYMENT, "deploymentName", "blue")),
    ("rollback-deployment-versioned", losing(BATCH_DEPLOYMENT, "deploymentName")),
    ("rollback-alarm-heard", losing(ALERT, "actions")),
    ("rollback-alarm-heard", setting(QUERY, "enabled", False)),
    ("rollback-alarm-dimensions", setting(ALERT, "criteria.allOf.0.metricName", "CpuUtilizationPercentage")),
    ("rollback-alarm-dimensions", given_as_text(QUERY, "scopes")),
    ("rollback-alarm-rings", setting(QUERY, "evaluationFrequency", "PT1H", "errors")),
    ("rollback-idle-watched", lacking(QUERY, "idle")),
    ("rollback-idle-watched", setting(QUERY, "criteria.allOf.0.operator", "LessThan", "idle")),
    ("limits-batch-started", setting(SCHEDULE, "properties.trigger.expression", "* * * * *")),
    ("limits-schedule-times", setting(SCHEDULE, "properties.trigger.expression", "30 * * * *")),
    ("limits-batch-started", setting(SCHEDULE, "properties.trigger.expression", "*/5 2 * * 1")),
    ("limits-batch-started", lacking(SCHEDULE)),
    ("limits-batch-started", lacking(BATCH_DEPLOYMENT)),
    ("limits-batch-started", setting(WORKSPACE, "imageBuildCompute", "another")),
    (
        "identity-local-auth",
        setting(COMPUTE, f"{_CLUSTER}.sshSettings", {"sshPublicAccess": "Enabled"}, "build-images"),
    ),
    ("identity-instance-own", setting(COMPUTE, _OWNER, "0a1b2c3d-0000-4000-8000-00000000000B", "ana")),
    ("identity-persona-permissions", losing(ROLE, "permissions.0.actions.0", "approver")),
    ("identity-persona-permissions", losing(ROLE, "permissions.0.dataActions.0", "collect")),
    ("identity-roles-in-force", lacking(IN_FORCE, "assignable")),
    ("limits-capture", losing(DEPLOYMENT, f"{COLLECTED}.request")),
    ("secrets-in-plain", setting(SCHEDULE, "properties.displayName", _IN_BASE64)),
    ("world-ids", setting(SCHEDULE, "properties.displayName", '{"to": "/subscriptions/9/resourceGroups/theirs"}')),
    ("rollback-batch-watched", lacking(QUERY, "failed")),
    ("rollback-batch-watched", losing(SCHEDULE, f"{JOB}.notificationSetting")),
    ("rollback-batch-starts", setting(SCHEDULE, f"{JOB}.jobType", "Command")),
    ("rollback-batch-starts", losing(SCHEDULE, f"{STEP}.componentId")),
    ("audit-trail", lacking(RECORD, "vault")),
    ("audit-trail", setting(RECORD, "logs.0.enabled", False)),
    ("audit-trail", rewriting(RECORD, "resourceUri", "/blobServices/default", "", "blobs")),
    ("audit-trail", given_as_text(INSIGHTS, "workspaceResourceId")),
    ("audit-state-protected", protecting(KEY, False)),
    ("audit-state-protected", protecting(SERVED, True)),
    ("audit-images-pinned", setting(f"{ML}:EnvironmentVersion", "properties.image", "r.azurecr.io/scorer:latest")),
    ("audit-images-pinned", setting(f"{ML}:EnvironmentVersion", "properties.image", "r.azurecr.io/scorer")),
    ("sizes-config", with_a_long_file),
    ("sizes-name", setting(STORAGE, "accountName", "x" * 25)),
    ("sizes-name", setting(SERVED, "endpointName", "x" * 33)),
    ("sizes-assignments", copying(f"{AUTH}:RoleAssignment", 4_000)),
    ("sizes-endpoints", copying(SERVED, 100)),
    ("sizes-endpoints", copying(f"{ML}:BatchDeployment", 500)),
    ("sizes-endpoints", copying(f"{ML}:Compute", 500)),
    ("sizes-lifecycle", setting(LIFECYCLE, "policy.rules", [{"name": f"r{n}"} for n in range(101)])),
    (
        "sizes-lifecycle",
        setting(
            LIFECYCLE,
            "policy.rules",
            [{"name": "r", "definition": {"filters": {"prefixMatch": [f"c/{n}" for n in range(11)]}}}],
        ),
    ),
    ("sizes-deployments", copying(DEPLOYMENT, 20)),
    ("sizes-deployments", setting(DEPLOYMENT, "sku.capacity", 51)),
    ("identity-registries", setting(f"{ML}:EnvironmentVersion", "properties.image", "other.azurecr.io/scorer:1")),
    ("identity-registries", setting(f"{ML}:EnvironmentVersion", "properties.image", "docker.io/library/python:3.12")),
    (
        "identity-models-own",
        setting(DEPLOYMENT, "properties.model", "azureml://registries/azureml/models/any/versions/1"),
    ),
    (
        "identity-models-own",
        setting(
            BATCH_DEPLOYMENT, "properties.model", {"assetId": "azureml://registries/azureml/models/any/versions/1"}
        ),
    ),
    ("audit-images-reviewed", losing(f"{ML}:EnvironmentVersion", "properties.image")),
    ("audit-images-answer", no_routes),
    ("audit-images-reviewed", setting(f"{ML}:EnvironmentVersion", "properties.autoRebuild", "OnBaseImageUpdate")),
    ("audit-image-current", answering(COMPUTE, "workspace-ana", OLD_IMAGE)),
    ("audit-packages-own-account", setting(STORAGE, "allowCrossTenantReplication", True)),
    ("audit-packages-own-account", setting(REGISTRY, "policies.exportPolicy.status", "enabled")),
    ("registry-shared", giving),
    ("registry-approved", setting(f"{ML}:ModelVersion", "properties.modelUri", VERSION)),
    (
        "registry-kept",
        then(
            setting(f"{ML}:ModelVersion", "properties.modelUri", VERSION),
            setting(LIFECYCLE, "policy.rules", [{"definition": {"actions": {"baseBlob": {"delete": {"days": 9}}}}}]),
        ),
    ),
    ("audit-name-reusable", lambda g: changed(g, first(g, VAULT), lambda p: p.update(vaultName="fraud-pilot"))),
]


@rows(("rule", "mutation"), CATCHES, ids=[f"{i}-{rule}" for i, (rule, _) in enumerate(CATCHES)])
def test_rule_catches_what_it_forbids(azure_pilot: Graph, rule: str, mutation: Mutation) -> None:
    asked = [one for one in pack.RULES["azure"] if one.name == rule]  # the whole pack takes a tenth of a second
    findings = evaluate(mutation(azure_pilot), asked).findings
    assert findings, f"{rule} did not notice"
    assert all(f.remedy and f.message and len(f.message) < 300 for f in findings)


def test_a_workspace_may_have_a_key_that_azure_ml_supports(azure_pilot: Graph) -> None:
    """Nothing is found of the vault's switch and of the key that does not rotate, for Azure ML supports no other."""
    found = {f.rule for f in evaluate(supported(azure_pilot), pack.RULES["azure"]).findings}
    assert not found & {"encryption-workspace-key", "encryption-key", "network-public-access", "encryption-key-used"}


def test_the_guid_of_a_built_in_role_is_read_in_any_case(azure_pilot: Graph) -> None:
    """Azure takes ids in any case, and its pages show GUIDs in both."""
    (rule,) = (rule for rule in pack.RULES["azure"] if rule.name == "identity-least-role")
    role = first(azure_pilot, "azure-native:authorization:RoleAssignment", "image-pull")
    own, guid = str(role.inputs["roleDefinitionId"]).rsplit("/", 1)
    for case, found in ((guid.upper(), False), (guid[:-1] + "x", True)):
        graph = changed(azure_pilot, role, lambda p, case=case: p.update(roleDefinitionId=f"{own}/{case}"))
        assert bool(rule.judge(graph).violations) == found


def test_every_rule_has_a_graph_that_it_catches() -> None:
    assert {rule.name for rule in pack.RULES["azure"]} == {rule for rule, _ in CATCHES} | CAUGHT["azure"] | INPUTS


def test_rules_have_names_of_their_own_severity_and_remedy() -> None:
    names = [rule.name for rule in pack.RULES["azure"]]
    assert len(names) == len(set(names))
    assert all(r.severity and r.remedy and r.says.endswith(".") for r in pack.RULES["azure"])


def test_findings_point_at_the_line_that_made_the_resource(azure_pilot: Graph) -> None:
    mutant = setting(STORAGE, "minimumTlsVersion", "TLS1_0")(azure_pilot)
    finding, *_ = evaluate(mutant, pack.RULES["azure"]).findings
    assert finding.place is not None and finding.place.file == "components/azure/store.py"


def test_the_machine_types_of_a_pilot_are_what_their_limits_reason_says() -> None:
    """Up to eight vCPUs without a GPU, or one GPU of at most 16 GiB beside at most twelve; nothing that is retired."""
    allowed, known = limits.load().of("azure", None)["machine-types"], catalogue.load("azure")
    for name, machine in known.machine_types.items():
        gpu, vcpus = machine.accelerator, machine.vcpus or 0
        small = gpu is not None and gpu.count == 1 and (gpu.memory_gib or 0) <= 16 and vcpus <= 12
        gone = machine.retires is not None and machine.retires <= known.dated
        assert allowed.allows(name) is (not gone and (small if gpu else vcpus <= 8)), name
