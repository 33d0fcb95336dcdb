"""Ways in: each endpoint can be called by somebody, from somewhere, and people reach the workspace."""

from collections.abc import Iterable, Iterator

from catalogue.arm import same
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import containerregistry, keyvault, privatedns, storage
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT, ROLE_DEFINITION
from catalogue.kinds.azure.machinelearningservices import SERVED, WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import COMPUTE
from catalogue.kinds.azure.network import PEERING, PRIVATE_ENDPOINT, SECURITY_GROUP, SUBNET, ZONE_GROUP
from catalogue.landing_zones import AzureNetwork
from catalogue.placement import Caller, WayIn
from catalogue.properties import Properties
from catalogue.wildcards import covers
from policies import given
from policies.azure.identity import SCORE
from policies.azure.network import given_to, https, networks_of, rules_of
from policies.rule import Found, callers, peoples_networks, stack_rule, whole_stack_rule

NAMES = "privatelink.api.azureml.ms"


# ---- who may call ---------------------------------------------------------------------------------------------------


def scores(role: Resource) -> bool:
    """Whether a role of the stack allows a call of an online endpoint."""
    return any(
        _matches(permission, "actions") and not _matches(permission, "notActions")
        for permission in role.props.each_section("permissions")
    )


def _matches(permission: Properties, key: str) -> bool:
    return any(covers(action, SCORE) for action in permission.each_text(key))


def may_score(graph: Graph, endpoint: Resource) -> Iterator[Resource]:
    """The role assignments that allow a call of an endpoint: on itself, or on its workspace.

    What Azure's built-in roles allow is not in the graph, and is left out.
    """
    above = {endpoint.urn, *(workspace.urn for workspace in graph.refers(endpoint, "workspaceName", WORKSPACE))}
    for item in graph.of(ROLE_ASSIGNMENT):
        on = {scope.urn for scope in graph.refers(item, "scope", SERVED, WORKSPACE)}
        if above & on and any(scores(role) for role in graph.refers(item, "roleDefinitionId", ROLE_DEFINITION)):
            yield item


# ---- the rule -------------------------------------------------------------------------------------------------------


@whole_stack_rule(
    "network-way-in",
    SERVED,
    severity="high",
    proof="network fit",
    says="Each endpoint can be called: by people of the workspace, or by a caller that the stack file names. Each such "
    "caller has a whole way in.",
    remedy="Name people under workspace, or who calls and from where under callers.",
)
def way_in(graph: Graph) -> Found:
    """Follows the way from who calls to the endpoint: role, network, peering, zone, private endpoint and its rules.

    People stand at a compute instance of theirs in the workspace's managed network, which leads to the workspace by
    itself ("Workspace managed virtual network isolation"). Whose stack file nobody read may have callers that are in no
    graph.
    """
    if graph.placement is None:
        return
    for endpoint in graph.of(SERVED):
        may = {item.props.text_if_known("principalId") for item in may_score(graph, endpoint)}
        lacking = {one.name: lacks for one in callers(graph) if (lacks := _lacks(graph, endpoint, may, one))}
        for name, lacks in lacking.items():
            yield endpoint, f"cannot be called by {name}: {lacks}"
        if not callers(graph) and not any(person in may for person in _at_work(graph, endpoint)):
            yield endpoint, "can be called by nobody: no one in a network that leads to it may call it"


def _at_work(graph: Graph, endpoint: Resource) -> Iterator[str]:
    """The object ids of those who have a compute instance in the workspace of an endpoint."""
    for workspace in graph.refers(endpoint, "workspaceName", WORKSPACE):
        for compute in graph.referring(COMPUTE, "workspaceName", workspace):
            yield from compute.props.each_text_if_known(
                "properties.properties.personalComputeInstanceSettings.assignedUser.objectId"
            )


def _lacks(graph: Graph, endpoint: Resource, may: set[str], caller: Caller) -> str:
    """What lacks on a caller's way to an endpoint; empty where it is whole."""
    if caller.identity and caller.identity not in may:
        return f"{caller.identity} has no role that may call it"
    if not may:
        return "nobody has a role that may call it"
    if not caller.cidr:
        return ""  # its own private endpoint, zone and rules are its own to make, and its connection is to be approved
    doors = [
        door
        for workspace in graph.refers(endpoint, "workspaceName", WORKSPACE)
        for door in graph.referring(PRIVATE_ENDPOINT, "privateLinkServiceConnections", workspace)
    ]
    if not doors:
        return "no private endpoint leads to its workspace"
    own = [network for door in doors for network in networks_of(graph, door)]
    if own and not any(_peered(graph, network, caller.network) for network in own):
        return f"no peering joins {caller.network.rpartition('/')[2]}"
    if not own and not any(given_to(graph, door) for door in doors):
        return "its private endpoint stands in no network of the stack"
    if not _reads(graph, doors, caller):
        return f"the zone {NAMES} is not linked to {caller.network.rpartition('/')[2]}"
    return "" if all(_opened(graph, door) for door in doors) else "the network lets no HTTPS in to its private endpoint"


def _peered(graph: Graph, network: Resource, theirs: str) -> bool:
    return any(
        same(peering.props.text_if_known("remoteVirtualNetwork.id"), theirs)
        and peering.props.flag_or_none("allowVirtualNetworkAccess") is True
        for peering in graph.referring(PEERING, "virtualNetworkName", network)
    )


def _reads(graph: Graph, doors: Iterable[Resource], caller: Caller) -> bool:
    """Whether the caller's network reads the zone of endpoints' names. A landing zone's is its owner's to link."""
    if any(NAMES in net.private_dns_zones for net in given.of(graph, AzureNetwork)):
        return True
    named = (zone for door in doors for zone in _zones(graph, door))
    return any(_linked(graph, z, caller.network) for z in named if z.props.text_if_known("privateZoneName") == NAMES)


def _zones(graph: Graph, door: Resource) -> Iterator[Resource]:
    """The stack's zones in which a private endpoint registers."""
    for group in graph.referring(ZONE_GROUP, "privateEndpointName", door):
        yield from graph.refers(group, "privateDnsZoneConfigs", privatedns.ZONE)


def _linked(graph: Graph, zone: Resource, theirs: str) -> bool:
    links = graph.referring(privatedns.LINK, "privateZoneName", zone)
    return any(same(link.props.text_if_known("virtualNetwork.id"), theirs) for link in links)


def _opened(graph: Graph, door: Resource) -> bool:
    """Whether the rules of a private endpoint's subnet let HTTPS in from networks that are joined."""
    subnets = graph.refers(door, "subnet", SUBNET)
    groups = [group for subnet in subnets for group in graph.refers(subnet, "networkSecurityGroup", SECURITY_GROUP)]
    return all(
        any(
            https(rule) and rule.text_or_empty("sourceAddressPrefix") == "VirtualNetwork" for rule in rules_of(graph, g)
        )
        for g in groups
    )


# ---- people ---------------------------------------------------------------------------------------------------------


@stack_rule(
    "network-people-in",
    WORKSPACE,
    severity="high",
    mandatory=False,
    proof="network fit",
    says="People reach the workspace: from a network that the stack file names and that has a whole way in, or from a "
    "landing zone's.",
    remedy="Name under workspace.reached_from the network that people's desktops or jump hosts stand in.",
)
def people_in(graph: Graph, workspace: Resource) -> Iterator[str]:
    """Follows the way from people's network to the workspace and to what the studio opens beside it: peering, zones of
    each private endpoint, its rules. A closed workspace answers nobody else ("Configure a private endpoint").

    A network that a landing zone gives is its owner's to join. Whose stack file nobody read may be reached as it says.
    """
    if graph.placement is None or given.of(graph, AzureNetwork):
        return
    beside = graph.refers(workspace, "storageAccount", storage.ACCOUNT)
    beside += graph.refers(workspace, "keyVault", keyvault.VAULT)
    beside += graph.refers(workspace, "containerRegistry", containerregistry.REGISTRY)
    doors = [
        door
        for target in (workspace, *beside)
        for door in graph.referring(PRIVATE_ENDPOINT, "privateLinkServiceConnections", target)
    ]
    if not peoples_networks(graph):
        yield "can be opened by nobody: no network of people is joined to its own"
    for way in peoples_networks(graph):
        if lacks := _closed_to(graph, doors, way):
            yield f"cannot be opened from {way.name}: {lacks}"


def _closed_to(graph: Graph, doors: list[Resource], way: WayIn) -> str:
    """What lacks on the way from people's network to private endpoints; empty where it is whole."""
    theirs = way.network.rpartition("/")[2]
    if not all(any(_peered(graph, net, way.network) for net in networks_of(graph, door)) for door in doors):
        return f"no peering joins {theirs}"
    unread = [z for door in doors for z in _zones(graph, door) if not _linked(graph, z, way.network)]
    if unread:
        names = ", ".join(sorted({zone.props.text_if_known("privateZoneName") for zone in unread}))
        return f"{theirs} does not read {names}"
    closed = [door.name for door in doors if not _opened(graph, door)]
    return f"the network lets no HTTPS in to {', '.join(closed)}" if closed else ""


RULES = [way_in, people_in]
