"""How the network of a stack on Azure Machine Learning is drawn.

Endpoints, clusters and compute instances run in the network that Azure manages for their workspace. A compute that
names a subnet of one's own runs there instead. People and callers come from the stack's network, by the private
endpoint of the workspace. Azure ML, "Workspace managed virtual network isolation",
https://learn.microsoft.com/en-us/azure/machine-learning/how-to-managed-network; "Network isolation with managed online
endpoints", https://learn.microsoft.com/en-us/azure/machine-learning/concept-secure-online-endpoint
"""

from collections.abc import Iterator

from catalogue.arm import compared, same
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import IDENTITY, NETWORK
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT, ROLE_DEFINITION
from catalogue.kinds.azure.machinelearningservices import LINKS, ONLINE_DEPLOYMENT, OUTBOUND_RULES, SERVED, WORKSPACE
from catalogue.kinds.azure.machinelearningservices_jobs import BATCH_DEPLOYMENT, BATCH_ENDPOINT, COMPUTE, SCHEDULE
from catalogue.kinds.azure.network import PRIVATE_ENDPOINT, SECURITY_GROUP, SECURITY_RULE, SUBNET
from catalogue.landing_zones import AzureNetwork
from catalogue.placement import Caller
from catalogue.properties import Properties
from catalogue.served import endpoint_of
from operations.networks import UNKNOWN, Drawn, bound, machines, needed, nothing, opening, parts, read, unread
from operations.verdict import Bound, Callers, NetworkLink, NetworkPlace, Running, RunningPart
from policies import given
from policies.azure.callers import scores
from policies.rule import callers as named_callers
from policies.rule import peoples_networks

_CALLED = {
    WORKSPACE: "the workspace",
    SERVED: "callers of endpoints",
    BATCH_ENDPOINT: "callers of batch endpoints",
}
_JUDGED_NOT = "its own rules and routes hold, which were not judged"
_COMPUTES = {"ComputeInstance": "compute instance", "AmlCompute": "cluster"}


# ---- the networks ---------------------------------------------------------------------------------------------------


def places(graph: Graph) -> Iterator[NetworkPlace]:
    """Each virtual network with its subnets, that of the landing zone, and the managed network of each workspace."""
    for network in graph.of(NETWORK):
        subnets = graph.referring(SUBNET, "virtualNetworkName", network)
        region = network.props.text_if_known("location")
        yield NetworkPlace(
            name=network.name,
            side="stack",
            ranges=list(network.props.each_text_if_known("addressSpace.addressPrefixes")),
            subnets=[(prefix, region) for subnet in subnets for prefix in _prefixes(subnet)],
            bounds=[each for subnet in subnets for each in _groups(graph, subnet)] or [nothing("it has no subnet")],
        )
    for net in given.of(graph, AzureNetwork):
        yield NetworkPlace(
            name=net.virtual_network_id.rpartition("/")[2],
            side="given",
            subnets=[(net.subnet_id.rpartition("/")[2], "")],
            bounds=[bound("landing zone", _JUDGED_NOT)],
        )
    for workspace in graph.of(WORKSPACE):
        yield NetworkPlace(
            name=_managed(workspace),
            side="platform",
            bounds=[
                read(lambda w=workspace: _outbound(graph, w), unread("outbound rules", workspace)),
                _public(workspace),
            ],
        )


def _managed(workspace: Resource) -> str:
    return f"managed network of {workspace.name}"


def _prefixes(subnet: Resource) -> Iterator[str]:
    for path in ("addressPrefix", "addressPrefixes"):
        yield from subnet.props.each_text_if_known(path)


def _outbound(graph: Graph, workspace: Resource) -> Bound:
    """What the managed network of a workspace lets out."""
    what = "outbound rules"
    mode = workspace.props.text_or_empty("managedNetwork.isolationMode")
    if mode != "AllowOnlyApprovedOutbound":
        return opening(what, f"the internet is open to what runs here ({mode or 'not isolated'})", workspace)
    beside = [rule for type_ in OUTBOUND_RULES for rule in graph.referring(type_, "workspaceName", workspace)]
    own = list(workspace.props.each_section("managedNetwork.outboundRules.*"))
    own += [section for rule in beside for section in rule.props.each_section("properties")]
    said = [f"{rule.text_or_empty('type')} {_destination(rule)}".strip() for rule in own]
    more = f", and by rule of the stack: {', '.join(said)}" if said else ""
    says = f"lets out to the workspace's own resources and to the service tags that Azure ML needs{more}"
    return bound(what, says, workspace, *beside)


def _destination(rule: Properties) -> str:
    if rule.text_or_empty("type") == "FQDN":
        return rule.text_if_known("destination")
    to = rule.section_or_empty("destination")
    return to.text_if_known("serviceTag") or to.text_if_known("serviceResourceId").rpartition("/")[2]


def _public(resource: Resource) -> Bound:
    """Whether a resource answers the public network. Azure's default is that it does."""
    given_ = (read(lambda path=path: resource.props.text_or_empty(path), "") for path in _PUBLIC)
    if any(text.lower() == "disabled" for text in given_):
        return bound("no public access", "private endpoints alone lead to it", resource)
    return opening("public access", "is not disabled", resource)


_PUBLIC = ("publicNetworkAccess", "properties.publicNetworkAccess")


def _groups(graph: Graph, subnet: Resource) -> Iterator[Bound]:
    groups = read(lambda: graph.refers(subnet, "networkSecurityGroup", SECURITY_GROUP), [])
    if not groups:
        yield opening("network security group", "the subnet has none", subnet)
    for group in groups:
        says = read(lambda g=group: "; ".join(_rules(graph, g)), None)
        if says is None:
            yield unread("network security group", group)
        else:
            yield bound("network security group", says or "Azure's default rules hold", group)


def _rules(graph: Graph, group: Resource) -> list[str]:
    """The rules of a group in the order in which Azure asks them."""
    found = [
        *group.props.each_section("securityRules"),
        *(rule.props for rule in graph.referring(SECURITY_RULE, "networkSecurityGroupName", group)),
    ]
    found.sort(key=lambda rule: (rule.text_or_empty("direction"), rule.number_or_none("priority") or 0))
    return [_rule(rule) for rule in found]


def _rule(rule: Properties) -> str:
    out = rule.text_or_empty("direction") == "Outbound"
    ports = ", ".join([*rule.each_text("destinationPortRange"), *rule.each_text("destinationPortRanges")])
    what = " ".join(dict.fromkeys([rule.text_or_empty("protocol").upper(), ports])).replace("*", "everything")
    side = "destination" if out else "source"
    peers = ", ".join([*rule.each_text(f"{side}AddressPrefix"), *rule.each_text(f"{side}AddressPrefixes")])
    where = "anywhere" if peers == "*" else peers
    allowed = "allowed" if rule.text_or_empty("access") == "Allow" else "denied"
    return f"{'out' if out else 'in'}, {allowed}: {what} {'to' if out else 'from'} {where}"


# ---- what runs ------------------------------------------------------------------------------------------------------


def running(graph: Graph) -> Iterator[Drawn]:
    """Endpoints with their deployments, batch endpoints with the clusters they run on, other computes, and schedules
    for whose jobs Azure makes machines.
    """
    of = machines(graph)
    for endpoint in graph.of(SERVED):
        deployed = read(lambda e=endpoint: graph.referring(ONLINE_DEPLOYMENT, "endpointName", e), [])
        inside = [RunningPart(name=d.name, machines="; ".join(p.machines for p in parts(d, of))) for d in deployed]
        bounds = [_public(endpoint), read(lambda e=endpoint: _asks(e), unread("authentication", endpoint))]
        yield Drawn(_in_workspace(graph, endpoint, endpoint_of("online"), inside, bounds), tuple(deployed))
    clusters = {d.urn: read(lambda d=d: graph.refers(d, "properties", COMPUTE), []) for d in graph.of(BATCH_DEPLOYMENT)}
    for endpoint in graph.of(BATCH_ENDPOINT):
        deployed = read(lambda e=endpoint: graph.referring(BATCH_DEPLOYMENT, "endpointName", e), [])
        used = [cluster for deployment in deployed for cluster in clusters.get(deployment.urn, ())]
        inside = [RunningPart(name=c.name, machines="; ".join(p.machines for p in parts(c, of))) for c in used]
        bounds = [read(lambda e=endpoint: _asks(e), unread("authentication", endpoint))]
        yield Drawn(_in_workspace(graph, endpoint, "batch endpoint", inside, bounds), (*deployed, *used))
    drawn = {cluster.urn for on in clusters.values() for cluster in on}
    for compute in graph.of(COMPUTE):
        if compute.urn not in drawn:
            yield Drawn(_compute(graph, compute, parts(compute, of)))
    for schedule in graph.of(SCHEDULE):
        if schedule.urn in of:
            yield Drawn(_in_workspace(graph, schedule, "batch job", parts(schedule, of), []))


def _in_workspace(
    graph: Graph, resource: Resource, what: str, inside: list[RunningPart], bounds: list[Bound]
) -> Running:
    workspaces = read(lambda: graph.refers(resource, "workspaceName", WORKSPACE), [])
    place = _managed(workspaces[0]) if len(workspaces) == 1 else UNKNOWN
    return Running(urn=resource.urn, name=resource.name, what=what, place=place, parts=inside, bounds=bounds)


def _compute(graph: Graph, compute: Resource, inside: list[RunningPart]) -> Running:
    own = compute.props.section_or_empty("properties.properties")
    what = _COMPUTES.get(compute.props.text_if_known("properties.computeType"), "compute")
    if own.flag_or_none("enableNodePublicIp") is False:
        address = bound("private address", "its nodes have no public one")
    else:
        address = opening("public address", "its nodes have one, or it does not say that they have none")
    drawn = _in_workspace(graph, compute, what, inside, [address])
    if not own.is_given("subnet"):
        return drawn
    subnets = read(lambda: graph.refers(compute, "properties", SUBNET), [])
    networks = {net.name for subnet in subnets for net in graph.refers(subnet, "virtualNetworkName", NETWORK)}
    id_ = own.text_if_known("subnet.id")
    there = [net for net in given.of(graph, AzureNetwork) if same(net.subnet_id, id_)]
    networks |= {net.virtual_network_id.rpartition("/")[2] for net in there}
    return drawn.model_copy(update={"place": networks.pop() if len(networks) == 1 else UNKNOWN})


def _asks(endpoint: Resource) -> Bound:
    """What an endpoint asks of a caller."""
    mode = endpoint.props.text_or_empty("properties.authMode")
    if mode == "AADToken":
        return bound("authentication", "asks for a token of Entra ID", endpoint)
    return opening("authentication", f"asks for {mode or 'a key'}, which anybody may pass on", endpoint)


# ---- the ways -------------------------------------------------------------------------------------------------------


def links(graph: Graph) -> Iterator[NetworkLink]:
    """Each private endpoint with the service behind it. The workspace's leads to the online endpoints in it."""
    by = needed(graph, _CALLED)
    for endpoint in graph.of(PRIVATE_ENDPOINT):
        targets = read(lambda e=endpoint: graph.refers(e, "privateLinkServiceConnections"), [])
        subnets = read(lambda e=endpoint: graph.refers(e, "subnet", SUBNET), [])
        inside = [each for subnet in subnets for each in _held(graph, subnet)]
        if not inside:
            there = bool(given.of(graph, AzureNetwork))
            inside = [bound("landing zone", _JUDGED_NOT) if there else nothing("its subnet is not of the stack")]
        for group in endpoint.props.each_text_if_known("privateLinkServiceConnections.groupIds"):
            served = [s for t in targets if t.type == WORKSPACE for s in graph.referring(SERVED, "workspaceName", t)]
            yield NetworkLink(
                service=group,
                endpoint=endpoint.name,
                kind="Private",
                needed_by=by.get(group, []),
                bounds=[*inside, *(_public(target) for target in targets)],
                leads_to=[each.name for each in served] if group in LINKS and not LINKS[group].key else [],
            )


def _held(graph: Graph, subnet: Resource) -> Iterator[Bound]:
    """What bounds a private endpoint in a subnet: its group, where the subnet holds private endpoints to it."""
    policies = subnet.props.text_if_known("privateEndpointNetworkPolicies")
    if policies in ("Enabled", "NetworkSecurityGroupEnabled"):
        yield from _groups(graph, subnet)
    else:
        says = "the subnet's group does not bind its private endpoints (privateEndpointNetworkPolicies)"
        yield opening("network security group", says, subnet)


# ---- who may call ---------------------------------------------------------------------------------------------------


def callers(graph: Graph, links: list[NetworkLink]) -> Iterator[Callers]:
    """Each principal whose role, of those that the stack defines, scores with endpoints where the role is given.

    What Azure's built-in roles allow is not in the graph, and is left out.
    """
    for assignment in graph.of(ROLE_ASSIGNMENT):
        roles = read(lambda a=assignment: graph.refers(a, "roleDefinitionId", ROLE_DEFINITION), [])
        if not any(read(lambda r=role: scores(r), False) for role in roles):
            continue
        calls = [each.name for each in read(lambda a=assignment: _endpoints_at(graph, a), [])]
        if calls:
            apart = any(not caller.cidr for caller in _named(graph, assignment))
            yield Callers(
                who=[_principal(graph, assignment)],
                calls=calls,
                ways=[] if apart else [link.endpoint for link in links if set(calls) & set(link.leads_to)],
                bounds=[bound("role", "allows the action score", *roles)],
            )


def _endpoints_at(graph: Graph, assignment: Resource) -> list[Resource]:
    """The online endpoints below the scope of an assignment: an endpoint, a workspace, or a group."""
    scopes = graph.refers(assignment, "scope")
    if own := [scope for scope in scopes if scope.type == SERVED]:
        return own
    if workspaces := [scope for scope in scopes if scope.type == WORKSPACE]:
        return [each for workspace in workspaces for each in graph.referring(SERVED, "workspaceName", workspace)]
    scope = compared(assignment.props.text_if_known("scope"))
    return [each for each in graph.of(SERVED) if scope and compared(each.props.text_if_known("id")).startswith(scope)]


def _named(graph: Graph, assignment: Resource) -> list[Caller]:
    """The callers of the stack file to whom a role is given."""
    id_ = read(lambda: assignment.props.text_if_known("principalId"), "")
    return [caller for caller in named_callers(graph) if id_ and caller.identity == id_]


def _principal(graph: Graph, assignment: Resource) -> str:
    if called := _named(graph, assignment):
        return " and ".join(
            f"{one.name} ({one.network.rpartition('/')[2]}, {one.cidr})"
            if one.cidr
            else f"{one.name} (by a private endpoint of its own in subscription {one.account})"
            for one in called
        )
    identities = read(lambda: graph.refers(assignment, "principalId", IDENTITY), [])
    if identities:
        return identities[0].name
    type_ = read(lambda: assignment.props.text_if_known("principalType").lower(), "") or "principal"
    who = f"{type_} {read(lambda: assignment.props.text_if_known('principalId'), '') or f'of {assignment.name}'}"
    ways = [f"{way.name} ({way.network.rpartition('/')[2]}, {way.cidr})" for way in peoples_networks(graph)]
    return f"{who} from {' or '.join(ways)}" if ways and type_ == "user" else who
