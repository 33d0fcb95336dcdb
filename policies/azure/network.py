"""Network isolation: nothing of a pilot is on the internet, and what it needs it reaches privately.

Workloads run in the workspace's managed network, which Azure runs. People and pipelines come from the pilot's own
network through private endpoints. Three rules of AWS have no meaning here. `network-default-group-empty`: Azure has no
default security group; `network-default-denied` overrules the default rules of every group. `network-studio-paths`: a
compute instance is one machine, so its files and kernels need no port. `network-flow-logs`: the pilot's network has
private endpoints only, and flow logs of a virtual network do not record traffic at a private endpoint (Network Watcher,
"Virtual network flow logs", limitations). The diagnostic logs record who called what; `audit-trail` checks them.
"""

import ipaddress
from collections.abc import Iterator
from itertools import chain

from catalogue.arm import compared, same
from catalogue.graph import Graph, Resource
from catalogue.kind import Reaches
from catalogue.kinds import kind_of, kinds
from catalogue.kinds.azure import NETWORK, containerregistry, keyvault, privatedns, storage
from catalogue.kinds.azure.machinelearningservices import (
    LINKS,
    ONLINE_DEPLOYMENT,
    SERVED,
    WORKSPACE,
    PrivateLink,
)
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE
from catalogue.kinds.azure.network import (
    PEERING,
    PRIVATE_ENDPOINT,
    ROUTE,
    ROUTE_TABLE,
    SECURITY_GROUP,
    SECURITY_RULE,
    SUBNET,
    WAYS_OUT,
    ZONE_GROUP,
)
from catalogue.landing_zones import AzureNetwork
from catalogue.properties import Properties
from policies import given
from policies.azure.reading import encrypts_a_workspace, foreign, is_in_a_hub
from policies.rule import OPEN_TO_OTHERS, callers, peoples_networks, resource_rule, stack_rule

_REACHING = tuple(token for token, kind in kinds("azure").items() if isinstance(kind.reaches, Reaches))


@stack_rule(
    "network-no-internet-gateway",
    *WAYS_OUT,
    NETWORK,
    severity="critical",
    proof="network fit",
    says="A pilot has no gateway, public address, balancer, firewall or peering that leads out of its network, but "
    "peerings with networks of callers and people by name.",
    remedy="Remove the resource; reach Azure's services through the network component's private endpoints. Name a "
    "network that calls under callers, and one that people come from under workspace.reached_from.",
)
def no_internet_gateway(graph: Graph, resource: Resource) -> Iterator[str]:
    """Any such resource is a violation, and any peering inside a network (Microsoft cloud security benchmark NS-2).

    A peering with a network that the stack file names as a caller's or as people's is none, where it carries nobody
    else's traffic.
    """
    if resource.type == PEERING:
        if not _with_named(graph, resource):
            yield "leads out of the private network"
        for key in _CARRIES:
            if (carries := resource.props.flag_or_none(key)) or (carries is None and graph.ours):
                yield f"lets traffic of third networks through{'' if carries else ', or does not say that not'} ({key})"
    elif resource.type != NETWORK:
        yield "leads out of the private network"
    elif resource.props.is_given("virtualNetworkPeerings"):
        yield "leads out of the private network by a peering (virtualNetworkPeerings)"


_HELD = ("enabled", "networksecuritygroupenabled")
_CARRIES = ("allowForwardedTraffic", "allowGatewayTransit", "useRemoteGateways")


def _with_named(graph: Graph, peering: Resource) -> bool:
    to = peering.props.text_if_known("remoteVirtualNetwork.id")
    named = [caller.network for caller in callers(graph) if caller.cidr]
    return any(same(to, network) for network in [*named, *(way.network for way in peoples_networks(graph))])


@resource_rule(
    "network-no-internet-route",
    ROUTE,
    ROUTE_TABLE,
    severity="critical",
    proof="network fit",
    says="No route table has a route of its own: the network's system routes reach every private endpoint.",
    remedy="Remove the route.",
)
def no_internet_route(props: Properties) -> Iterator[str]:
    """Checks routes and inline routes. A `nextHopType` Internet, an appliance and a gateway all lead out."""
    for route in chain([props], props.each_section("routes")):
        if route.is_given("addressPrefix") or route.is_given("nextHopType"):
            yield f"routes {route.text_if_known('addressPrefix') or 'addresses'} out of the network"


@resource_rule(
    "network-subnet-private",
    SUBNET,
    NETWORK,
    severity="critical",
    proof="network fit",
    says="A subnet gives its machines no way to the internet. Its security group covers private endpoints too.",
    remedy="Set default_outbound_access=False, network_security_group and private_endpoint_network_policies='Enabled'.",
    never_waived=OPEN_TO_OTHERS,
)
def subnet_private(props: Properties) -> Iterator[str]:
    """Azure Policy 7bca8353-aa3b-429b-904a-9229c4385837 ("Subnets should be private") and e71308d3-144b-4262-b144-
    efdc3cc90517 (a group for each subnet). Without network policies a group does not bind private endpoints ("Manage
    network policies for private endpoints").
    """
    for subnet in props.each_section("subnets") if props.is_given("addressSpace") else [props]:
        if subnet.flag_or_none("defaultOutboundAccess") is not False:
            yield "has default outbound access to the internet, or does not say that it has none"
        if subnet.is_given("natGateway") or subnet.is_given("serviceEndpoints"):
            yield "leads to public addresses by a NAT gateway or a service endpoint"
        if not subnet.is_given("networkSecurityGroup"):
            yield "has no security group"
        if subnet.text_or_empty("privateEndpointNetworkPolicies").lower() not in _HELD:
            yield "does not hold private endpoints to its security group"


@resource_rule(
    "network-security-group-closed",
    SECURITY_GROUP,
    SECURITY_RULE,
    severity="critical",
    proof="network fit",
    says="A security group allows traffic with the private network only.",
    remedy="Name VirtualNetwork or a private address range as the peer of each rule that allows.",
)
def security_group_closed(props: Properties) -> Iterator[str]:
    """The peers of each rule that allows: the sources inbound, the destinations outbound (MCSB NS-1)."""
    for rule in chain([props] if "access" in props else [], props.each_section("securityRules")):
        if rule.text_or_empty("access").lower() == "deny":
            continue
        direction = rule.text_or_empty("direction").lower()
        if direction not in _PEERS:
            yield f"does not say in which direction {rule.text_if_known('name') or 'a rule'} allows"
            continue
        side = _PEERS[direction]
        peers = [*rule.each_text(f"{side}AddressPrefix"), *rule.each_text(f"{side}AddressPrefixes")]
        if not any(peers) and not rule.is_given(f"{side}ApplicationSecurityGroups"):
            yield f"allows {rule.text_if_known('name') or 'something'} without a peer"
        for peer in peers:
            if peer and not _inside(peer):
                yield f"is open to {peer} ({rule.text_if_known('name') or 'a rule'})"


_PEERS = {"inbound": "source", "outbound": "destination"}
"""The property of a rule that names its peer, by the rule's direction."""
_PRIVATE = tuple(ipaddress.IPv4Network(range_) for range_ in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""The private ranges (RFC 1918). Python calls more addresses private, which a cloud may route elsewhere."""


def _inside(peer: str) -> bool:
    """Whether a peer is the private network: Azure's tag for it, or a private range."""
    if peer == "VirtualNetwork":
        return True
    return _is_private(_range(peer))


@stack_rule(
    "network-addresses",
    NETWORK,
    SUBNET,
    severity="high",
    proof="network fit",
    says="A network has private addresses alone, and each of its subnets lies in them.",
    remedy="Give the network a range of 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16 (network.cidr of the stack file).",
)
def addresses(graph: Graph, resource: Resource) -> Iterator[str]:
    """A public range in a network hides the internet's own addresses from it, and takes in what is not the stack's:
    RFC 1918, and "Plan virtual networks", address space. Networks whose addresses overlap cannot be joined:
    https://learn.microsoft.com/en-us/azure/virtual-network/virtual-network-peering-overview
    """
    space = list(_ranges(resource, "addressSpace.addressPrefixes"))
    inline = [text for subnet in resource.props.each_section("subnets") for text in _prefixes(subnet)]
    if resource.type == SUBNET:
        nets = graph.refers(resource, "virtualNetworkName", NETWORK)
        space = [one for net in nets for one in _ranges(net, "addressSpace.addressPrefixes")]
        inline = _prefixes(resource.props)
        if not inline:
            yield "has no addresses"
    else:
        yield from (f"has {text}, which is no private range" for text, range_ in space if not _is_private(range_))
        for other in (*peoples_networks(graph), *callers(graph)):
            there = _range(other.cidr)
            if there and any(one and one.overlaps(there) for _, one in space):
                yield f"has addresses of {other.name} ({other.cidr}), and Azure joins no two networks that overlap"
    for text in inline:
        range_ = _range(text)
        if space and not any(range_ and one and range_.subnet_of(one) for _, one in space):
            yield f"has {text}, which is not of its network"


def _prefixes(subnet: Properties) -> list[str]:
    return [*subnet.each_text_if_known("addressPrefix"), *subnet.each_text_if_known("addressPrefixes")]


def _ranges(resource: Resource, path: str) -> Iterator[tuple[str, ipaddress.IPv4Network | None]]:
    return ((text, _range(text)) for text in resource.props.each_text_if_known(path))


def _range(text: str) -> ipaddress.IPv4Network | None:
    """A range of IPv4; None for anything else, which no stack of ours has."""
    try:
        return ipaddress.IPv4Network(text)
    except ValueError:
        return None


def _is_private(range_: ipaddress.IPv4Network | None) -> bool:
    return range_ is not None and any(range_.subnet_of(private) for private in _PRIVATE)


@stack_rule(
    "network-default-denied",
    SECURITY_GROUP,
    SUBNET,
    severity="critical",
    proof="network fit",
    says="Each security group ends in a deny of everything, both ways: Azure's own defaults allow the internet. Before "
    "it HTTPS alone is allowed, with the stack's networks.",
    remedy="Keep the network component's two closing rules, which deny everything in and out, and its two for HTTPS.",
)
def default_denied(graph: Graph, resource: Resource) -> Iterator[str]:
    """Overrules AllowVnetInBound and AllowInternetOutBound ("Network security groups", default security rules). The
    lowest priority comes first, and no two rules of one direction have the same:
    https://learn.microsoft.com/en-us/azure/virtual-network/network-security-groups-overview
    """
    if resource.type == SUBNET:
        if not graph.refers(resource, "networkSecurityGroup", SECURITY_GROUP):
            yield "has no security group of the stack"
        return
    rules = rules_of(graph, resource)
    for direction in ("Inbound", "Outbound"):
        those = [rule for rule in rules if rule.text_or_empty("direction").lower() == direction.lower()]
        if not any(map(_denies_all, those)):
            yield f"leaves Azure's default {direction.lower()} rules in force"
        yield from _out_of_order(direction, those)
    yield from _wide(graph, rules) if graph.ours else _every_port(rules)


def _out_of_order(direction: str, rules: list[Properties]) -> Iterator[str]:
    priorities = [at for rule in rules if (at := rule.number_or_none("priority")) is not None]
    if len(set(priorities)) < len(priorities):
        yield f"has two {direction.lower()} rules of one priority, which Azure refuses"
    closing = [rule.number_or_none("priority") for rule in rules if _denies_all(rule)]
    if any(at is not None and at < max(priorities) for at in closing):
        yield f"denies everything {direction.lower()} before a rule that would come after it"


def _wide(graph: Graph, rules: list[Properties]) -> Iterator[str]:
    """What a stack of ours allows beside HTTPS, or with addresses that are neither its own nor its file's."""
    said = [text for net in graph.of(NETWORK) for text, _ in _ranges(net, "addressSpace.addressPrefixes")]
    said += [one.cidr for one in (*peoples_networks(graph), *callers(graph))]
    known = [range_ for text in said if (range_ := _range(text))]
    for rule in (one for one in rules if one.text_or_empty("access").lower() == "allow"):
        name = rule.text_if_known("name") or "a rule"
        ports = {*rule.each_text("destinationPortRange"), *rule.each_text("destinationPortRanges")}
        if rule.text_or_empty("protocol").lower() != "tcp" or ports != {"443"}:
            yield f"allows more than HTTPS ({name})"
        for side in _PEERS.values():
            for peer in rule.each_text_if_known(f"{side}AddressPrefix"):
                range_ = _range(peer)
                if range_ is not None and not any(range_.subnet_of(one) for one in known):
                    yield f"allows {peer}, which is no network of the stack or of its file ({name})"


def _every_port(rules: list[Properties]) -> Iterator[str]:
    """What another program allows on every port or by every protocol: Azure's tag VirtualNetwork takes in each network
    that is joined, the organisation's own too (network-security-groups-overview, service tags).
    """
    for rule in (one for one in rules if one.text_or_empty("access").lower() == "allow"):
        ports = {*rule.each_text("destinationPortRange"), *rule.each_text("destinationPortRanges")}
        name = rule.text_if_known("name") or "a rule"
        if ports & {"*", "0-65535", "1-65535"}:
            yield f"allows every port ({name})"
        if rule.text_or_empty("protocol") == "*":
            yield f"allows every protocol ({name})"


def rules_of(graph: Graph, group: Resource) -> list[Properties]:
    """The rules of a security group, in it and beside it."""
    standalone = graph.referring(SECURITY_RULE, "networkSecurityGroupName", group)
    return [*group.props.each_section("securityRules"), *(rule.props for rule in standalone)]


def _denies_all(rule: Properties) -> bool:
    keys = ("protocol", "sourceAddressPrefix", "sourcePortRange", "destinationAddressPrefix", "destinationPortRange")
    return rule.text_or_empty("access").lower() == "deny" and all(rule.text_or_empty(key) == "*" for key in keys)


@stack_rule(
    "network-public-access",
    WORKSPACE,
    SERVED,
    storage.ACCOUNT,
    keyvault.VAULT,
    containerregistry.REGISTRY,
    severity="critical",
    proof="network fit",
    says="Every resource with a switch for internet access has it off, with no address as an exception.",
    remedy="Set public_network_access to Disabled and leave out IP and network rules.",
    never_waived=OPEN_TO_OTHERS,
)
def public_access(graph: Graph, item: Resource) -> Iterator[str]:
    """Azure Policy 438c38d2-3772-465a-a9cc-7a6666a275ce (workspace), b2982f36-99f2-4db5-8eff-283140c09693 (storage),
    405c5871-3e91-4644-8a63-58e19d68ff5b (vault), 0fdf0491-d080-4575-b627-ad0e843cba0f (registry); MCSB NS-2. Not the
    log workspace: closed, it could be neither written nor read without a Private Link Scope of Azure Monitor, which a
    pilot does not pay for; `identity-local-auth` holds that only Entra identities come to it. The vault of a
    workspace's key has the switch on, for Azure ML supports no other ("Customer-managed keys"); its firewall is closed.
    """
    props = item.props
    own, switch = props.section_or_empty("properties"), _switch(props)
    walled = item.type == keyvault.VAULT and own.text_or_empty("networkAcls.defaultAction").lower() == "deny"
    if switch.lower() != "disabled" and not (walled and encrypts_a_workspace(graph, item)):
        how = "answers the internet" if switch else "does not say that it does not answer the internet"
        yield f"{how} (publicNetworkAccess)"
    places = ((props, "networkRuleSet"), (props, "networkAcls"), (own, "networkAcls"))
    for acls in (part.section_or_empty(path) for part, path in places):
        excepted = acls.is_given("ipRules") or acls.is_given("virtualNetworkRules")
        if acls and (acls.text_or_empty("defaultAction").lower() != "deny" or excepted):
            yield "lets addresses in beside its private endpoints"
    if props.is_given("ipAllowlist"):
        yield "lets the addresses of its ipAllowlist in beside its private endpoints"


def _switch(props: Properties) -> str:
    """What a resource says of its access from the internet; empty where it says nothing."""
    return props.text_or_empty("properties.publicNetworkAccess") or props.text_or_empty("publicNetworkAccess")


@stack_rule(
    "network-workspace-vpc-only",
    WORKSPACE,
    severity="critical",
    proof="network fit",
    says="A workspace's computes run in its managed network, which lets out approved traffic only.",
    remedy="Set managed_network.isolation_mode='AllowOnlyApprovedOutbound' and v1_legacy_mode=False.",
    never_waived=OPEN_TO_OTHERS,
)
def workspace_vpc_only(graph: Graph, workspace: Resource) -> Iterator[str]:
    """Azure Policy 6ddb1705-c8cf-450e-aa4b-19ad6703c440. In v1 legacy mode private online endpoints cannot be made
    ("Network isolation change with the v2 API platform"). Azure ML takes either switch for off where it is left out, so
    that only a stack of ours says both: https://learn.microsoft.com/en-us/azure/templates/microsoft.machinelearningservices/workspaces
    """
    props = workspace.props
    if is_in_a_hub(graph, workspace):
        return
    if (mode := props.text_or_empty("managedNetwork.isolationMode")) != "AllowOnlyApprovedOutbound":
        yield f"lets computes reach out beyond what was approved (isolationMode {mode or 'is not said'})"
    for key, what in _OPENS.items():
        if (opens := props.flag_or_none(key)) or (opens is None and graph.ours):
            yield f"{'is' if opens else 'may be'} {what} ({key})"


_OPENS = {
    "v1LegacyMode": "in v1 legacy mode, which knows no private endpoints for models",
    "allowPublicAccessWhenBehindVnet": "reachable from the internet beside its private endpoint",
}


@stack_rule(
    "network-model-isolated",
    ONLINE_DEPLOYMENT,
    SERVED,
    COMPUTE,
    severity="critical",
    proof="network fit",
    says="Models and computes run in the managed network of the stack's workspace, without public addresses.",
    remedy="Keep endpoint_compute_type='Managed' and enable_node_public_ip=False in the stack's own workspace.",
)
def model_isolated(graph: Graph, resource: Resource) -> Iterator[str]:
    """A managed deployment goes out by the workspace's rules; its own egress flag no longer applies ("Network traffic
    flow when using a secured workspace"). Azure Policy 7804b5c7-01dc-4723-969b-ae300cc07ff1 (computes in a network).
    """
    if not graph.refers(resource, "workspaceName", WORKSPACE):
        yield "is in a workspace that is not the stack's"
    if (
        resource.type == ONLINE_DEPLOYMENT
        and resource.props.text_or_empty("properties.endpointComputeType") != "Managed"
    ):
        yield "is served outside the managed network"
    if resource.type == COMPUTE:
        machine = resource.props.section_or_empty("properties.properties")
        if (public := machine.flag_or_none("enableNodePublicIp")) is not False:
            yield f"{'gives' if public else 'does not say that it does not give'} its nodes public addresses"
        if machine.is_given("subnet"):
            yield "is in a subnet of its own instead of the managed network"


@stack_rule(
    "network-endpoint-closed",
    PRIVATE_ENDPOINT,
    privatedns.LINK,
    severity="high",
    proof="network fit",
    says="A private endpoint leads from a subnet to one resource of the stack, without anybody else's approval.",
    remedy="Name the stack's resource in private_link_service_connections.",
)
def endpoint_closed(graph: Graph, resource: Resource) -> Iterator[str]:
    """A manual connection leads to somebody else's resource, with their approval. Data could leave by it."""
    if resource.type == privatedns.LINK:
        if resource.props.flag_or_none("registrationEnabled") is not False:
            yield "lets machines register names in a service's zone"
        own = graph.refers(resource, "virtualNetwork", NETWORK)
        for network in foreign(resource.props, "virtualNetwork.id", own):
            if compared(network) not in _named(graph):
                yield f"lets {network} read a zone of the stack, a network that the stack file does not name"
        return
    if resource.props.is_given("manualPrivateLinkServiceConnections"):
        yield "leads to a resource that somebody else must approve"
    own = graph.refers(resource, "privateLinkServiceConnections")
    connections = list(resource.props.each_section("privateLinkServiceConnections"))
    elsewhere = [text for each in connections for text in foreign(each, "privateLinkServiceId", own)]
    if (len(own), len(connections)) != (1, 1) or elsewhere:
        yield "does not lead to exactly one resource of the stack"
    if not networks_of(graph, resource) and given_to(graph, resource) is None:
        yield "is in no subnet of the stack"


def _named(graph: Graph) -> set[str]:
    """The networks, as they are compared, that the stack file or its landing zone names: of people and of callers."""
    theirs = [one.network for one in (*callers(graph), *peoples_networks(graph))]
    return {compared(id_) for id_ in (*theirs, *(net.virtual_network_id for net in given.of(graph, AzureNetwork)))}


def given_to(graph: Graph, endpoint: Resource) -> AzureNetwork | None:
    """The landing zone's network in whose subnet a private endpoint stands."""
    subnet = endpoint.props.text_if_known("subnet.id")
    return next((net for net in given.of(graph, AzureNetwork) if same(net.subnet_id, subnet)), None)


def networks_of(graph: Graph, endpoint: Resource) -> list[Resource]:
    """The networks that a private endpoint's subnet is in."""
    subnets = graph.refers(endpoint, "subnet", SUBNET)
    networks = [net for subnet in subnets for net in graph.refers(subnet, "virtualNetworkName", NETWORK)]
    return networks or graph.refers(endpoint, "subnet", NETWORK)


@stack_rule(
    "network-proof",
    WORKSPACE,
    PRIVATE_ENDPOINT,
    privatedns.ZONE,
    severity="high",
    proof="network fit",
    says="Each resource that a feature needs has a private endpoint and a zone, and each of these is needed.",
    remedy="State the resource in the REACH of the component that needs it; the network component builds the rest.",
)
def network_proof(graph: Graph, resource: Resource) -> Iterator[str]:
    """The network proof.

    Compares what must be reached by the catalogue with the private endpoints, then checks the path to each. Last it
    checks what builds images: a private registry's own tasks cannot ("Secure an Azure Machine Learning workspace").
    """
    if resource.type == WORKSPACE:
        yield from () if is_in_a_hub(graph, resource) else _reaches_all(graph, resource)
    elif resource.type == PRIVATE_ENDPOINT:
        yield from _is_needed(graph, resource)
    elif not graph.referring(ZONE_GROUP, "privateDnsZoneConfigs", resource):
        yield "is paid for, but no private endpoint registers in it"


def _reaches_all(graph: Graph, workspace: Resource) -> Iterator[str]:
    """What lacks. In another program what is open is reached without, and is told by `network-public-access`."""
    for target, group, _ in _needed(graph, workspace):
        if not graph.ours and _switch(target.props).lower() != "disabled":
            continue
        doors = graph.referring(PRIVATE_ENDPOINT, "privateLinkServiceConnections", target)
        if not any(group in _groups(door) for door in doors):
            yield f"needs {target.name}, which has no private endpoint for {group}"
    registries = [] if graph.ours else graph.refers(workspace, "containerRegistry", containerregistry.REGISTRY)
    open_ = any(_switch(one.props).lower() != "disabled" for one in registries)
    if not workspace.props.is_given("containerRegistry") or open_:
        return
    builder = workspace.props.text_if_known("imageBuildCompute")
    clusters = {compute.props.text_if_known("computeName") for compute in graph.of(COMPUTE)}
    if not workspace.props.is_given("imageBuildCompute") or builder not in clusters:
        yield "names no cluster of the stack that builds images, which a private registry needs"


def _is_needed(graph: Graph, endpoint: Resource) -> Iterator[str]:
    needed = {
        (target.urn, group): link
        for workspace in graph.of(WORKSPACE)
        for target, group, link in _needed(graph, workspace)
    }
    for target in graph.refers(endpoint, "privateLinkServiceConnections"):
        for group in _groups(endpoint):
            link = needed.get((target.urn, group))
            if link is None:
                yield f"is paid for, but nothing in the stack needs its {group}"
            else:
                yield from _path(graph, endpoint, target, link.zones)


def _needed(graph: Graph, workspace: Resource) -> Iterator[tuple[Resource, str, PrivateLink]]:
    """What must be reached for a workspace and for what works in it: resource, group and link."""
    working = [user for type_ in _REACHING for user in graph.referring(type_, "workspaceName", workspace)]
    reached = {group: None for user in (workspace, *working) for group in _services(graph, user)}
    for group in reached:
        link = LINKS[group]
        for target in graph.refers(workspace, link.key, link.type) if link.key else [workspace]:
            yield target, group, link


def _services(graph: Graph, resource: Resource) -> list[str]:
    kind = kind_of(resource.type)
    return list(kind.reaches.services(graph, resource)) if kind and isinstance(kind.reaches, Reaches) else []


def _groups(endpoint: Resource) -> list[str]:
    return list(endpoint.props.each_text("privateLinkServiceConnections.groupIds"))


def _path(graph: Graph, endpoint: Resource, target: Resource, wanted: tuple[str, ...]) -> Iterator[str]:
    """Whether the endpoint's names resolve to it in its network, and its subnet's group lets HTTPS in."""
    networks = {network.urn for network in networks_of(graph, endpoint)}
    zones = [
        zone
        for group in graph.referring(ZONE_GROUP, "privateEndpointName", endpoint)
        for zone in graph.refers(group, "privateDnsZoneConfigs", privatedns.ZONE)
    ]
    there = given_to(graph, endpoint)
    for name in wanted:
        if there is not None and _registers_in_given(graph, endpoint, there, name):
            continue
        if not graph.ours and _registers_elsewhere(graph, endpoint, name):
            continue
        found = [zone for zone in zones if zone.props.text_if_known("privateZoneName") == name]
        links = [link for zone in found for link in graph.referring(privatedns.LINK, "privateZoneName", zone)]
        if not found:
            yield f"registers {target.name} in no zone {name}, so its name leads to the internet"
        elif not any(
            n.urn in networks for link in links for n in graph.refers(link, "virtualNetwork", NETWORK)
        ) and not any(there is not None and _links_to(link, there) for link in links):
            yield f"is not found from its network: the zone {name} is not linked to it"
    for subnet in graph.refers(endpoint, "subnet", SUBNET):
        for group in graph.refers(subnet, "networkSecurityGroup", SECURITY_GROUP):
            if not any(https(rule) for rule in rules_of(graph, group)):
                yield f"is closed: {group.name} has no rule that lets HTTPS in to it"


def _registers_in_given(graph: Graph, endpoint: Resource, there: AzureNetwork, name: str) -> bool:
    """Whether the endpoint registers in the landing zone's own zone of this name, which its network reads."""
    zone = there.private_dns_zones.get(name, "")
    return any(
        same(zone, text)
        for group in graph.referring(ZONE_GROUP, "privateEndpointName", endpoint)
        for text in group.props.each_text_if_known("privateDnsZoneConfigs.privateDnsZoneId")
    )


def _registers_elsewhere(graph: Graph, endpoint: Resource, name: str) -> bool:
    """Whether it registers in a zone of this name that is a hub's ("Private Link and DNS integration at scale")."""
    return any(
        text.casefold().endswith(f"/privatednszones/{name}")
        for group in graph.referring(ZONE_GROUP, "privateEndpointName", endpoint)
        for text in group.props.each_text_if_known("privateDnsZoneConfigs.privateDnsZoneId")
        if not graph.refers(group, "privateDnsZoneConfigs", privatedns.ZONE)
    )


def _links_to(link: Resource, there: AzureNetwork) -> bool:
    return same(link.props.text_if_known("virtualNetwork.id"), there.virtual_network_id)


def https(rule: Properties) -> bool:
    """Whether a rule of a security group lets HTTPS in."""
    ports = {*rule.each_text("destinationPortRange"), *rule.each_text("destinationPortRanges")}
    return (
        [rule.text_or_empty(key).lower() for key in ("access", "direction")] == ["allow", "inbound"]
        and rule.text_or_empty("protocol").lower() in ("tcp", "*")
        and bool(ports & {"443", "*"})
    )


RULES = [
    no_internet_gateway,
    no_internet_route,
    subnet_private,
    security_group_closed,
    addresses,
    default_denied,
    public_access,
    workspace_vpc_only,
    model_isolated,
    endpoint_closed,
    network_proof,
]
