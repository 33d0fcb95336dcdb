"""Network isolation: nothing of a pilot is on the internet, and what it needs it reaches privately.

Workloads run in the workspace's managed network, which Azure keeps; people and pipelines come from the pilot's own
network through private endpoints. Three rules of AWS have no meaning here. `network-default-group-empty`: Azure has no
default security group; `network-default-denied` overrules the default rules of every group. `network-studio-paths`: a
compute instance is one machine, so its files and kernels need no port. `network-flow-logs`: the pilot's network holds
private endpoints only, and a virtual network's flow logs do not record traffic at a private endpoint (Network Watcher,
"Virtual network flow logs", limitations); who called what is in the diagnostic logs, which `audit-trail` holds.
"""

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pulumi_policy import PolicyResource, Severity

from policies.azure.reading import said
from policies.rule import Stack, get, given, known, refers, resource_rule, section, stack_rule

_ML = "azure-native:machinelearningservices"
_NETWORK = "azure-native:network"
WORKSPACE, COMPUTE = f"{_ML}:Workspace", f"{_ML}:Compute"
_SERVED, _DEPLOYMENT = f"{_ML}:OnlineEndpoint", f"{_ML}:OnlineDeployment"
_OUTBOUND = (f"{_ML}:ManagedNetworkSettingsRule", f"{_ML}:OutboundRule")
_STORAGE, _VAULT = "azure-native:storage:StorageAccount", "azure-native:keyvault:Vault"
_REGISTRY = "azure-native:containerregistry:Registry"
_VNET, _SUBNET = f"{_NETWORK}:VirtualNetwork", f"{_NETWORK}:Subnet"
_GROUP, _GROUP_RULE = f"{_NETWORK}:NetworkSecurityGroup", f"{_NETWORK}:SecurityRule"
_ENDPOINT, _ZONE_GROUP = f"{_NETWORK}:PrivateEndpoint", f"{_NETWORK}:PrivateDnsZoneGroup"
_ZONE, _LINK = "azure-native:privatedns:PrivateZone", "azure-native:privatedns:VirtualNetworkLink"
_WAYS_OUT = tuple(
    f"{_NETWORK}:{name}"
    for name in (
        "ApplicationGateway",
        "AzureFirewall",
        "BastionHost",
        "ExpressRouteConnection",
        "LoadBalancer",
        "NatGateway",
        "PublicIPAddress",
        "PublicIPPrefix",
        "VirtualNetworkGateway",
        "VirtualNetworkPeering",
        "VpnGateway",
    )
)

# The private endpoints that must stand because a workspace does: the workspace itself, and what it names under these
# properties. Azure ML documentation, "Configure a private endpoint for a workspace" and "Secure an Azure Machine
# Learning workspace with virtual networks"; zones of "Azure private endpoint private DNS zone values".
_BLOB, _FILE = "privatelink.blob.core.windows.net", "privatelink.file.core.windows.net"
NEEDS: Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]] = {
    ("storageAccount", _STORAGE): {"blob": (_BLOB,), "file": (_FILE,)},
    ("keyVault", _VAULT): {"vault": ("privatelink.vaultcore.azure.net",)},
    ("containerRegistry", _REGISTRY): {"registry": ("privatelink.azurecr.io",)},
}
_NEEDS_ITSELF = {"amlworkspace": ("privatelink.api.azureml.ms", "privatelink.notebooks.azure.net")}


@resource_rule(
    "network-no-internet-gateway",
    *_WAYS_OUT,
    severity=Severity.CRITICAL,
    says="A pilot has no gateway, public address, balancer, firewall or peering that leads out of its network.",
    remedy="Remove the resource; reach Azure's services through the network component's private endpoints.",
)
def no_internet_gateway(props: Mapping[str, Any]) -> Iterator[str]:
    """Any such resource is a violation (Microsoft cloud security benchmark NS-2)."""
    yield "leads out of the private network"


@resource_rule(
    "network-no-internet-route",
    f"{_NETWORK}:Route",
    f"{_NETWORK}:RouteTable",
    severity=Severity.CRITICAL,
    says="No route table has a route of its own: the network's system routes reach every private endpoint.",
    remedy="Remove the route.",
)
def no_internet_route(props: Mapping[str, Any]) -> Iterator[str]:
    """Checks routes and inline routes; `nextHopType` Internet, an appliance or a gateway all lead out."""
    for route in [props, *(props.get("routes") or ())]:
        if route.get("addressPrefix") or route.get("nextHopType"):
            yield f"routes {route.get('addressPrefix')} out of the network"


@resource_rule(
    "network-subnet-private",
    _SUBNET,
    _VNET,
    severity=Severity.CRITICAL,
    says="A subnet gives its machines no way to the internet, and its security group holds for private endpoints too.",
    remedy="Set default_outbound_access=False, network_security_group and private_endpoint_network_policies='Enabled'.",
)
def subnet_private(props: Mapping[str, Any]) -> Iterator[str]:
    """Azure Policy 7bca8353-aa3b-429b-904a-9229c4385837 ("Subnets should be private") and e71308d3-144b-4262-b144-
    efdc3cc90517 (a group for each subnet). Without network policies a group does not bind private endpoints ("Manage
    network policies for private endpoints").
    """
    for subnet in (props.get("subnets") or ()) if given(props, "addressSpace") else [props]:
        if subnet.get("defaultOutboundAccess") is not False:
            yield "has default outbound access to the internet, or does not say that it has none"
        if given(subnet, "natGateway") or given(subnet, "serviceEndpoints"):
            yield "leads to public addresses by a NAT gateway or a service endpoint"
        if not given(subnet, "networkSecurityGroup"):
            yield "has no security group"
        if subnet.get("privateEndpointNetworkPolicies") not in ("Enabled", "NetworkSecurityGroupEnabled"):
            yield "does not hold private endpoints to its security group"


@resource_rule(
    "network-security-group-closed",
    _GROUP,
    _GROUP_RULE,
    severity=Severity.CRITICAL,
    says="No security group lets anything in from, or out to, anything but the private network.",
    remedy="Name VirtualNetwork or a private address range as the peer of each rule that allows.",
)
def security_group_closed(props: Mapping[str, Any]) -> Iterator[str]:
    """The peer of each rule that allows: the source inbound, the destination outbound (MCSB NS-1)."""
    for rule in [*([props] if given(props, "access") else ()), *(props.get("securityRules") or ())]:
        if rule.get("access") != "Allow":
            continue
        side = "source" if rule.get("direction") == "Inbound" else "destination"
        peers = [rule.get(f"{side}AddressPrefix"), *(rule.get(f"{side}AddressPrefixes") or ())]
        if not any(peers) and not rule.get(f"{side}ApplicationSecurityGroups"):
            yield f"allows {rule.get('name')} without a peer"
        for peer in peers:
            if peer and not _inside(str(peer)):
                yield f"is open to {peer} ({rule.get('name')})"


def _inside(peer: str) -> bool:
    """Whether a peer is the private network: Azure's tag for it, or a private range."""
    try:
        return peer == "VirtualNetwork" or (ipaddress.ip_network(peer).is_private and peer not in ("0.0.0.0/0", "::/0"))
    except ValueError:
        return False


@stack_rule(
    "network-default-denied",
    severity=Severity.CRITICAL,
    says="Each security group denies, both ways, what none of its rules allows; Azure's defaults allow the internet.",
    remedy="Keep the network component's two closing rules, which deny everything in and out.",
)
def default_denied(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Overrules AllowVnetInBound and AllowInternetOutBound ("Network security groups", default security rules)."""
    for group in stack.of(_GROUP):
        for direction in ("Inbound", "Outbound"):
            if not any(_denies_all(rule) for rule in _rules(stack, group) if rule.get("direction") == direction):
                yield group.urn, f"leaves Azure's default {direction.lower()} rules in force"
    for subnet in stack.of(_SUBNET):
        if not refers(subnet, "networkSecurityGroup", _GROUP):
            yield subnet.urn, "has no security group of the stack"


def _rules(stack: Stack, group: PolicyResource) -> list[Mapping[str, Any]]:
    standalone = stack.referring(_GROUP_RULE, "networkSecurityGroupName", group)
    return [*(said(group.props, "securityRules") or ()), *(rule.props for rule in standalone)]


def _denies_all(rule: Mapping[str, Any]) -> bool:
    keys = ("protocol", "sourceAddressPrefix", "sourcePortRange", "destinationAddressPrefix", "destinationPortRange")
    return rule.get("access") == "Deny" and all(rule.get(key) == "*" for key in keys)


@resource_rule(
    "network-public-access",
    WORKSPACE,
    _SERVED,
    _STORAGE,
    _VAULT,
    _REGISTRY,
    severity=Severity.CRITICAL,
    says="Whatever has a switch for access from the internet has it off, and names no address as an exception.",
    remedy="Set public_network_access to Disabled and leave out IP and network rules.",
)
def public_access(props: Mapping[str, Any]) -> Iterator[str]:
    """Azure Policy 438c38d2-3772-465a-a9cc-7a6666a275ce (workspace), b2982f36-99f2-4db5-8eff-283140c09693 (storage),
    405c5871-3e91-4644-8a63-58e19d68ff5b (vault), 0fdf0491-d080-4575-b627-ad0e843cba0f (registry); MCSB NS-2. Not the
    log workspace: closed, it could be neither written nor read without a Private Link Scope of Azure Monitor, which a
    pilot does not pay for; `identity-local-auth` holds that only Entra identities come to it.
    """
    properties = section(props, "properties")
    switch = properties.get("publicNetworkAccess") or props.get("publicNetworkAccess")
    if str(switch).lower() != "disabled":
        yield "answers the internet, or does not say that it does not (publicNetworkAccess)"
    for acls in (section(props, "networkRuleSet"), section(properties, "networkAcls")):
        if acls and (acls.get("defaultAction") != "Deny" or acls.get("ipRules") or acls.get("virtualNetworkRules")):
            yield "lets addresses in beside its private endpoints"


@resource_rule(
    "network-workspace-vpc-only",
    WORKSPACE,
    severity=Severity.CRITICAL,
    says="A workspace's computes run in its managed network, which lets nothing out but what was approved.",
    remedy="Set managed_network.isolation_mode='AllowOnlyApprovedOutbound' and v1_legacy_mode=False.",
)
def workspace_vpc_only(props: Mapping[str, Any]) -> Iterator[str]:
    """Azure Policy 6ddb1705-c8cf-450e-aa4b-19ad6703c440. In v1 legacy mode private online endpoints cannot be made
    ("Network isolation change with the v2 API platform").
    """
    if get(props, "managedNetwork.isolationMode") != "AllowOnlyApprovedOutbound":
        yield "lets computes reach out beyond what was approved"
    if props.get("v1LegacyMode") is not False:
        yield "may be in v1 legacy mode, which knows no private endpoints for models"
    if props.get("allowPublicAccessWhenBehindVnet") is not False:
        yield "may be reachable from the internet beside its private endpoint"


@stack_rule(
    "network-approved-outbound",
    severity=Severity.CRITICAL,
    says="The managed network approves private endpoints to the stack's own resources; no domain, and no firewall.",
    remedy="Remove the FQDN rule; keep rules either in the workspace or beside it, and ignore Azure's own among them.",
)
def approved_outbound(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """An FQDN rule starts an Azure Firewall that bills by the hour, and opens a domain ("Workspace managed virtual
    network isolation", pricing); inline and standalone rules overwrite each other; Azure adds rules of its own inline.
    """
    for workspace in stack.of(WORKSPACE):
        network = section(workspace.props, "managedNetwork")
        inline = list(section(network, "outboundRules").values())
        beside = [rule for type_ in _OUTBOUND for rule in stack.referring(type_, "workspaceName", workspace)]
        if said(network, "firewallSku"):
            yield workspace.urn, "chooses a firewall, which bills by the hour"
        if inline and beside:
            yield workspace.urn, "has outbound rules both in the workspace and beside it, which overwrite each other"
        ignored = set(workspace.opts.ignore_changes)
        if ignored.isdisjoint({"managedNetwork", "managedNetwork.outboundRules"}):
            yield workspace.urn, "would remove the outbound rules that Azure adds (ignore managedNetwork.outboundRules)"
        for owner, rule in [(workspace, r) for r in inline] + [(r, section(r.props, "properties")) for r in beside]:
            if rule.get("type") == "FQDN":
                yield owner.urn, f"opens the domain {rule.get('destination')} and starts a firewall, billed by the hour"
            if rule.get("type") == "PrivateEndpoint" and not _leads_home(owner):
                yield owner.urn, "approves a private endpoint to a resource that is not the stack's"


def _leads_home(owner: PolicyResource) -> bool:
    keys = ("properties", "managedNetwork")
    return any(owner.property_dependencies.get(key) for key in keys)


@stack_rule(
    "network-model-isolated",
    severity=Severity.CRITICAL,
    says="Models and computes run in the managed network of the stack's workspace, without public addresses.",
    remedy="Keep endpoint_compute_type='Managed' and enable_node_public_ip=False in the stack's own workspace.",
)
def model_isolated(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A managed deployment goes out by the workspace's rules; its own egress flag no longer applies ("Network traffic
    flow when using a secured workspace"). Azure Policy 7804b5c7-01dc-4723-969b-ae300cc07ff1 (computes in a network).
    """
    for deployment in stack.of(_DEPLOYMENT):
        if get(deployment.props, "properties.endpointComputeType") != "Managed":
            yield deployment.urn, "is served outside the managed network"
    for compute in stack.of(COMPUTE):
        machine = section(compute.props, "properties.properties")
        if machine.get("enableNodePublicIp") is not False:
            yield compute.urn, "gives its nodes public addresses, or does not say that it gives none"
        if said(machine, "subnet"):
            yield compute.urn, "is in a subnet of its own instead of the managed network"
    for resource in stack.of(_DEPLOYMENT, _SERVED, COMPUTE):
        if not refers(resource, "workspaceName", WORKSPACE):
            yield resource.urn, "is in a workspace that is not the stack's"


@stack_rule(
    "network-endpoint-closed",
    severity=Severity.HIGH,
    says="A private endpoint leads to one resource of the stack, in a subnet of the stack, approved by no one else.",
    remedy="Name the stack's resource in private_link_service_connections.",
)
def endpoint_closed(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A manual connection waits for somebody else's approval and leads to their resource: a way for data to leave."""
    for endpoint in stack.of(_ENDPOINT):
        if said(endpoint.props, "manualPrivateLinkServiceConnections"):
            yield endpoint.urn, "leads to a resource that somebody else must approve"
        if len(endpoint.property_dependencies.get("privateLinkServiceConnections", ())) != 1:
            yield endpoint.urn, "does not lead to exactly one resource of the stack"
        if not _network_of(endpoint):
            yield endpoint.urn, "is in no subnet of the stack"
    for link in stack.of(_LINK):
        if link.props.get("registrationEnabled") is not False:
            yield link.urn, "lets machines register names in a service's zone"


def _network_of(endpoint: PolicyResource) -> list[PolicyResource]:
    """The networks that a private endpoint's subnet is in."""
    subnets = refers(endpoint, "subnet", _SUBNET)
    return [net for subnet in subnets for net in refers(subnet, "virtualNetworkName", _VNET)] or refers(
        endpoint, "subnet", _VNET
    )


@stack_rule(
    "network-proof",
    severity=Severity.HIGH,
    says="What the features need is reachable privately, and no endpoint or zone is paid for that nothing needs.",
    remedy="State the resource in the REACH of the component that needs it; the network component builds the rest.",
)
def proof(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """The network proof: resources needed against private endpoints present, then the path to each endpoint; last who
    builds images ("Secure an Azure Machine Learning workspace": not the registry's own tasks, when it is private).
    """
    present = {key: endpoint for endpoint in stack.of(_ENDPOINT) for key in _targets(endpoint)}
    needed = {(target.urn, group): (target, zones) for target, group, zones in _needed(stack)}
    for (urn, group), (target, zones) in needed.items():
        if (urn, group) not in present:
            yield urn, f"is needed by the workspace, and has no private endpoint for {group}"
        else:
            yield from _path(stack, present[urn, group], target, zones)
    for key, endpoint in present.items():
        if key not in needed:
            yield endpoint.urn, f"is paid for, but nothing in the stack needs its {key[1]}"
    for workspace in stack.of(WORKSPACE):
        builder = known(workspace.props, "imageBuildCompute")
        if builder not in {known(compute.props, "computeName") for compute in stack.of(COMPUTE)}:
            yield workspace.urn, "names no cluster of the stack that builds images, which a private registry needs"
    for zone in stack.of(_ZONE):
        if not stack.referring(_ZONE_GROUP, "privateDnsZoneConfigs", zone):
            yield zone.urn, "is paid for, but no private endpoint registers in it"


def _needed(stack: Stack) -> Iterator[tuple[PolicyResource, str, tuple[str, ...]]]:
    for workspace in stack.of(WORKSPACE):
        for group, zones in _NEEDS_ITSELF.items():
            yield workspace, group, zones
        for (key, type_), groups in NEEDS.items():
            for target in refers(workspace, key, type_):
                for group, zones in groups.items():
                    yield target, group, zones


def _targets(endpoint: PolicyResource) -> Iterator[tuple[str, str]]:
    groups: Sequence[str] = get(endpoint.props, "privateLinkServiceConnections.groupIds") or ()
    for target in endpoint.property_dependencies.get("privateLinkServiceConnections", ()):
        for group in groups:
            yield target.urn, group


def _path(
    stack: Stack, endpoint: PolicyResource, target: PolicyResource, wanted: tuple[str, ...]
) -> Iterator[tuple[str | None, str]]:
    """Whether names lead to the endpoint from its network, and its subnet's group lets HTTPS in."""
    networks = {network.urn for network in _network_of(endpoint)}
    zones = [
        zone
        for group in stack.referring(_ZONE_GROUP, "privateEndpointName", endpoint)
        for zone in refers(group, "privateDnsZoneConfigs", _ZONE)
    ]
    for name in wanted:
        found = [zone for zone in zones if known(zone.props, "privateZoneName") == name]
        links = [link for zone in found for link in stack.referring(_LINK, "privateZoneName", zone)]
        if not found:
            yield endpoint.urn, f"registers {target.name} in no zone {name}, so its name leads to the internet"
        elif not any(n.urn in networks for link in links for n in refers(link, "virtualNetwork", _VNET)):
            yield endpoint.urn, f"is not found from its network: the zone {name} is not linked to it"
    for subnet in refers(endpoint, "subnet", _SUBNET):
        for group in refers(subnet, "networkSecurityGroup", _GROUP):
            if not any(_https(rule) for rule in _rules(stack, group)):
                yield group.urn, f"has no rule that lets HTTPS in to {endpoint.name}"


def _https(rule: Mapping[str, Any]) -> bool:
    ports = [rule.get("destinationPortRange"), *(rule.get("destinationPortRanges") or ())]
    return (
        (rule.get("access"), rule.get("direction")) == ("Allow", "Inbound")
        and rule.get("protocol") in ("Tcp", "*")
        and ("443" in ports or "*" in ports)
    )


RULES = [
    no_internet_gateway,
    no_internet_route,
    subnet_private,
    security_group_closed,
    default_denied,
    public_access,
    workspace_vpc_only,
    approved_outbound,
    model_isolated,
    endpoint_closed,
    proof,
]
