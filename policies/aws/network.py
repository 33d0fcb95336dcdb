"""Network isolation: nothing of a pilot is on the internet, and what it needs it reaches privately."""

from collections.abc import Iterator, Sequence
from itertools import product

from catalogue.graph import Graph, Resource
from catalogue.hardware.catalogue import load
from catalogue.iam import Statement, allows, conditions_of, name_of, statements
from catalogue.kind import Reaches
from catalogue.kinds import kind_of
from catalogue.kinds.aws import count, ec2, iam, vpc
from catalogue.kinds.aws.sagemaker import MODEL
from catalogue.kinds.aws.scheduler import SCHEDULE
from catalogue.kinds.aws.sfn import DEFINED, jobs_of
from catalogue.kinds.aws.studio import DOMAIN, USER_PROFILE, domain_of
from catalogue.landing_zones import AwsNetwork
from catalogue.placement import Caller
from catalogue.properties import Properties
from policies import given
from policies.aws.access import own_policies
from policies.aws.peers import admitting, is_within
from policies.rule import (
    OPEN_TO_OTHERS,
    Found,
    caller_rule,
    callers,
    stack_rule,
    whole_stack_rule,
)


@caller_rule(
    "network-no-internet-gateway",
    ec2.INTERNET_GATEWAY,
    ec2.NAT_GATEWAY,
    ec2.EGRESS_ONLY_GATEWAY,
    ec2.EIP,
    ec2.PEERING,
    severity="critical",
    proof="network fit",
    says="A pilot has no gateway, public address or peering that leads out of its network, but to callers by name.",
    remedy="Remove the resource; reach AWS's services through the network component's endpoints. Name a VPC that calls "
    "under callers, with its cidr.",
)
def no_internet_gateway(callers: Sequence[Caller], props: Properties) -> Iterator[str]:
    """Any such resource is a violation, but a peering with a VPC that the stack file names as a caller's."""
    if props.text_or_empty("peerVpcId") not in {caller.network for caller in callers if caller.cidr}:
        yield "leads out of the private network"


DESTINATIONS = (
    "destinationCidrBlock",
    "destinationIpv6CidrBlock",
    "destinationPrefixListId",
    "cidrBlock",
    "ipv6CidrBlock",
)
"""The properties that name where a route leads."""


@caller_rule(
    "network-no-internet-route",
    ec2.ROUTE,
    ec2.ROUTE_TABLE,
    ec2.DEFAULT_ROUTE_TABLE,
    severity="critical",
    proof="network fit",
    says="No route table has a route beside the VPC's local one, S3's gateway and the peerings with callers by name.",
    remedy="Remove the route; an endpoint adds its own. Name a network that calls under callers, with its cidr.",
)
def no_internet_route(callers: Sequence[Caller], props: Properties) -> Iterator[str]:
    """Every destination of a route and of each inline route, but the addresses of callers by a peering."""
    called_from = {caller.cidr for caller in callers if caller.cidr}
    for route in (props, *props.each_section("routes")):
        back = route.text_if_known("cidrBlock") if route.is_given("vpcPeeringConnectionId") else ""
        for key in DESTINATIONS:
            if route.is_given(key) and not (key == "cidrBlock" and back in called_from):
                yield f"routes {route.text_if_known(key) or key} out of the network"


@stack_rule(
    "network-subnet-private",
    ec2.SUBNET,
    severity="critical",
    proof="network fit",
    says="No subnet gives its interfaces a public address.",
    remedy="Set map_public_ip_on_launch to False.",
    never_waived=OPEN_TO_OTHERS,
)
def subnet_private(graph: Graph, subnet: Resource) -> Iterator[str]:
    """The property must be present and false. In another program it may be left out, for it is false then:
    https://docs.aws.amazon.com/vpc/latest/userguide/subnet-public-ip.html
    """
    gives = subnet.props.flag_or_none("mapPublicIpOnLaunch")
    if gives or (gives is None and graph.ours):
        yield "gives public addresses, or does not say that it gives none"


_PEERS = (
    "referencedSecurityGroupId",
    "sourceSecurityGroupId",
    "prefixListId",
    "prefixListIds",
    "securityGroups",
)


@stack_rule(
    "network-security-group-closed",
    vpc.INGRESS,
    vpc.EGRESS,
    ec2.GROUP,
    ec2.GROUP_RULE,
    severity="critical",
    proof="network fit",
    says="No security group opens to or from anywhere. HTTPS alone comes in from callers by name.",
    remedy="Name a security group or a prefix list as the peer instead of a CIDR block. Name addresses that calls come "
    "from under callers.",
)
def security_group_closed(graph: Graph, resource: Resource) -> Iterator[str]:
    """A rule must name a group or a prefix list. A CIDR block of any size is a violation, and so is no peer.

    HTTPS alone from the addresses of a caller is none: a rule of its own lets it in. `network-way-in` says where to.
    In another program neither is a block that lies in a network which it makes.
    """
    props = resource.props
    ingress = props.owner is not None and props.owner.urn.split("::")[2].endswith(vpc.INGRESS)
    alone = https(props) and props.number_or_none("fromPort") == props.number_or_none("toPort")
    called_from = {one.cidr for one in callers(graph) if one.cidr} if ingress and alone else set[str]()
    within = [(rule, f" ({way})") for way in ("ingress", "egress") for rule in props.each_section(way)]
    for rule, way in [(props, ""), *within] if props.is_given("securityGroupId") else within:
        single = [rule.text_if_known(key) or key for key in ("cidrIpv4", "cidrIpv6") if rule.is_given(key)]
        blocks = [*single, *rule.each_text("cidrBlocks"), *rule.each_text("ipv6CidrBlocks")]
        for block in blocks:
            if block not in called_from and not (not graph.ours and is_within(graph, block)):
                yield f"is open to {block}{way}"
        if not any(rule.is_given(key) for key in _PEERS) and not rule.flag_or_none("self") and not blocks:
            yield f"names neither a security group nor a prefix list as its peer{way}"
    ported = props.is_given("securityGroupId") and props.text_if_known("ipProtocol") in ("tcp", "udp")
    if ported and not (props.is_given("fromPort") and props.is_given("toPort")):
        yield "does not say from which port to which"


@stack_rule(
    "network-default-group-empty",
    ec2.VPC,
    ec2.DEFAULT_GROUP,
    severity="high",
    proof="network fit",
    says="The default security group of each VPC is taken over and empty (Security Hub EC2.2).",
    remedy="Declare ec2.DefaultSecurityGroup for the VPC with ingress=[] and egress=[].",
)
def default_group_empty(graph: Graph, resource: Resource) -> Iterator[str]:
    """Every VPC has one, and it has no rule."""
    if resource.type == ec2.VPC:
        if not graph.referring(ec2.DEFAULT_GROUP, "vpcId", resource):
            yield "leaves its default security group open"
    elif resource.props.is_given("ingress") or resource.props.is_given("egress"):
        yield "has rules, where the default security group must have none"


@stack_rule(
    "network-flow-logs",
    ec2.VPC,
    severity="medium",
    proof="network fit",
    says="Every flow of each VPC, accepted or rejected, is logged (Security Hub EC2.6).",
    remedy="Declare ec2.FlowLog for the VPC with traffic_type='ALL'.",
)
def flow_logs(graph: Graph, resource: Resource) -> Iterator[str]:
    """Every VPC has a flow log of all traffic. One that names a subnet or an interface too is not the VPC's."""
    named = [log.props for log in graph.referring(ec2.FLOW_LOG, "vpcId", resource)]
    logs = [log for log in named if not any(log.is_given(part) for part in ("subnetId", "eniId"))]
    if not any(log.text_or_empty("trafficType") == "ALL" and log.is_given("logDestination") for log in logs):
        yield "has no flow log of all traffic"


@stack_rule(
    "network-workspace-vpc-only",
    DOMAIN,
    USER_PROFILE,
    severity="critical",
    proof="network fit",
    says="Studio reaches out through the VPC only.",
    remedy="Set app_network_access_type='VpcOnly' and name the VPC, its subnets and a security group.",
    never_waived=OPEN_TO_OTHERS,
)
def workspace_vpc_only(graph: Graph, resource: Resource) -> Iterator[str]:
    """VpcOnly, with user settings that name a security group. No user and no space may have another group."""
    if resource.type == USER_PROFILE:
        yield from _other_groups(graph, resource, "userSettings", domain_of(graph, resource))
        return
    if resource.props.text_or_empty("appNetworkAccessType") != "VpcOnly":
        yield "lets Studio reach the internet directly"
    if not resource.props.is_given("defaultUserSettings.securityGroups"):
        yield "names no security group for Studio's applications"
    for other in _foreign(graph, resource, "defaultUserSettings.securityGroups", *ec2.GROUPS):
        yield f"names the security group {other or 'without a name'}, which is not in the stack"
    yield from _other_groups(graph, resource, "defaultSpaceSettings", [resource])


def _other_groups(graph: Graph, resource: Resource, settings: str, domains: list[Resource]) -> Iterator[str]:
    """Security groups that the domain's users do not have. One that is not known yet is recognised by its reference."""
    own, path = "defaultUserSettings", "securityGroups"
    allowed = {group for d in domains for group in d.props.each_text_if_known(f"{own}.{path}")}
    known = list(resource.props.each_text_if_known(f"{settings}.{path}"))
    if other := sorted(set(known) - allowed):
        yield f"gives applications the security group {other[0]}, which the domain's users do not have"
    if count(resource.props, f"{settings}.{path}") > len(known):
        behind = {group.urn for d in domains for group in graph.refers(d, own, *ec2.GROUPS)}
        refers = {group.urn for group in graph.refers(resource, settings, *ec2.GROUPS)}
        if not refers or refers - behind:
            yield "gives applications a security group that the domain's users do not have"


def _foreign(graph: Graph, resource: Resource, path: str, *types: str) -> Iterator[str]:
    """Each text at the path that names no resource of these types, in a stack that has such resources.

    The subnets of the landing zone that the stack stands in are its own, too.
    """
    ids = {id_ for r in graph.of(*types) for id_ in _ids(r)}
    if ec2.SUBNET in types:
        ids |= {id_ for net in given.of(graph, AwsNetwork) for id_ in net.subnet_ids.values()}
    if ids:
        yield from sorted(set(resource.props.each_text_if_known(path)) - ids)


def _ids(resource: Resource) -> set[str]:
    """The id of a subnet or a group, from the outputs or from its ARN. The engine shows policies no id."""
    return {resource.props.text_if_known("id"), resource.props.text_if_known("arn").rpartition("/")[2]} - {""}


@stack_rule(
    "network-model-isolated",
    MODEL,
    severity="critical",
    proof="network fit",
    says="A model's container runs in the VPC, in at least two zones, and can open no connection of its own.",
    remedy="Set enable_network_isolation=True and vpc_config with two subnets and a security group.",
)
def model_isolated(graph: Graph, resource: Resource) -> Iterator[str]:
    """Isolation, and a VPC with two subnets (developer guide, "Give endpoints access to resources in your VPC").

    Where the stack has subnets and groups, the model is in those and no others.
    """
    props, subnets = resource.props, "vpcConfig.subnets"
    if props.flag_or_none("enableNetworkIsolation") is not True:
        yield "runs without network isolation"
    if _distinct(graph, resource, subnets) < 2 or not props.is_given("vpcConfig.securityGroupIds"):
        yield "runs outside the VPC, or in fewer than two of its subnets"
    for other in _foreign(graph, resource, subnets, ec2.SUBNET):
        yield f"runs in the subnet {other or 'without a name'}, which is not in the stack"
    for other in _foreign(graph, resource, "vpcConfig.securityGroupIds", *ec2.GROUPS):
        yield f"runs in the security group {other or 'without a name'}, which is not in the stack"


def _distinct(graph: Graph, model: Resource, path: str) -> int:
    """How many different subnets a model names. Those that are not known yet count by their references."""
    known = list(model.props.each_text_if_known(path))
    given = sum(1 for each in model.props.section_or_empty("vpcConfig").values.get("subnets") or () if each is not None)
    refers = {r.urn for r in graph.refers(model, "vpcConfig", ec2.SUBNET) if not _ids(r) & set(known)}
    return len({text for text in known if text}) + min(given - len(known), len(refers))


_ESP = "50"
"""The number of the protocol in which SageMaker encrypts what machines say to each other. It has no ports."""
_TALK = (("udp", 500, "UDP 500"), (_ESP, 0, "ESP"))
"""How machines of one training job agree on keys, and talk: the protocol, its port, and what it is called."""
_FABRIC = (("-1", 0, "everything, as their Elastic Fabric Adapters need"),)
CALLS = ("sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync")
_READS = ("s3:getobject", "ecr:batchget", "ecr:batchcheck", "ecr:get")
"""What carries nothing away, in lower case."""


@stack_rule(
    "network-endpoint-closed",
    ec2.VPC_ENDPOINT,
    severity="high",
    proof="network fit",
    says="A VPC endpoint serves this account's principals and resources only, under the service's own name.",
    remedy="Give the endpoint the network component's policy and private_dns_enabled=True.",
)
def endpoint_closed(graph: Graph, resource: Resource) -> Iterator[str]:
    """A statement that does more than read by name is bound to both accounts, which are the stack's own where that is
    known: a key of somebody else's would carry data out to a bucket of theirs (VPC guide, "Control access to VPC
    endpoints using endpoint policies"). Interface endpoints have private DNS.
    """
    props = resource.props
    if not props.is_given("policy"):
        yield "has no policy, so it carries traffic to any account"
    for statement in filter(allows, statements(props, "policy")):
        everything = "*" in (*statement.each_text("Action"), *statement.each_text("Resource"))
        reads = all(action.lower().startswith(_READS) for action in statement.each_text("Action"))
        wide = everything or not reads or "NotAction" in statement or "NotResource" in statement
        if wide and not _of_own_account(graph, statement):
            yield "allows more than this account's principals on this account's resources"
    yield from _others_calls(graph, resource)
    if props.text_or_empty("vpcEndpointType") == "Interface" and props.flag_or_none("privateDnsEnabled") is not True:
        yield "has no private DNS, so SDKs would look for the service on the internet"


_WHO = "aws:principalarn"


def _others_calls(graph: Graph, door: Resource) -> Iterator[str]:
    """Whom a door of SageMaker's runtime lets through without a name, or by the name of a role that is not to call.
    Whose the other roles are that it names is said by world-place.
    """
    if not graph.ours or ec2.service_of(door) != "sagemaker.runtime":
        return
    for statement in filter(allows, statements(door.props, "policy")):
        if not any(condition.binds and condition.key.lower() == _WHO for condition in conditions_of(statement)):
            yield f"{name_of(statement)} lets every role of the account call the stack's models"
        yield from _beyond_calls(graph, statement)
        named = {arn for one in conditions_of(statement) if one.key.lower() == _WHO for arn in one.values}
        for role in graph.of(iam.ROLE):
            if role.props.text_if_known("arn") in named - {""} and not any(
                _may_call(one) for one in own_policies(graph, role)
            ):
                yield f"{name_of(statement)} lets {role.name} call the stack's models, which it is not to call"


def _beyond_calls(graph: Graph, statement: Properties) -> Iterator[str]:
    """What a door of the runtime lets through beside calls of the stack's own endpoints."""
    zone, place = given.zone(graph), graph.placement
    if place is None:
        return
    own = f"arn:aws:sagemaker:{place.region}:{place.account}:endpoint/{zone.name_prefix if zone else ''}{graph.stack}-"
    for text in sorted({*statement.each_text("Action")} - {*CALLS}):
        yield f"{name_of(statement)} lets {text} through, where calls of endpoints alone are to"
    for text in sorted(one for one in statement.each_text("Resource") if not one.startswith(own)):
        yield f"{name_of(statement)} lets {text} be called, where the stack's endpoints are below {own}"


def _may_call(statement: Statement) -> bool:
    return statement.allows and any(map(statement.speaks_of, CALLS))


def _of_own_account(graph: Graph, statement: Properties) -> bool:
    """Whether a statement holds for principals and resources of the one account alone."""
    equal = statement.section_or_empty("Condition.StringEquals")
    of = [list(equal.each_text(key)) for key in ("aws:PrincipalAccount", "aws:ResourceAccount")]
    own = graph.placement.account if graph.placement else ""
    return all(len(set(named)) == 1 and own in ("", *named) for named in of)


@whole_stack_rule(
    "network-proof",
    severity="high",
    proof="network fit",
    says="Each service that a feature needs has a private endpoint, and each private endpoint is needed.",
    remedy="State the service in the REACH of the component that needs it; the network component builds the rest.",
)
def proof(graph: Graph) -> Found:
    """The network proof. Compares the needed services with the endpoints, then checks the path to each endpoint.

    An endpoint of the landing zone that the stack stands in counts, where the workloads' group lets HTTPS out to it.
    What stands in no network needs no way out of one: `network-model-isolated` and its like say that it should. Whether
    an endpoint is needed nobody can tell beside a type that the catalogue does not know.
    """
    needed = _needed(graph)
    present = [(ec2.service_of(endpoint), endpoint) for endpoint in graph.of(ec2.VPC_ENDPOINT)]
    there = given.of(graph, AwsNetwork)
    has = {"s3" for _ in there} | {service for net in there for service in net.endpoints}
    networked = any(resource.type.startswith("aws:ec2/") for resource in graph.cloud) or bool(there)
    for service in sorted(set(needed) - {service for service, _ in present} - has) if networked else ():
        yield None, f"has no VPC endpoint for {service}, which {needed[service].name} needs"
    for net in there:
        yield from _way_to_given(graph, net)
    all_known = all(kind_of(resource.type) for resource in graph.cloud)
    for service, endpoint in present:
        if service not in needed:
            if all_known:
                yield endpoint, f"is paid for, but nothing in the stack needs {service}"
        else:
            yield from _path(graph, service, endpoint)


def _needed(graph: Graph) -> dict[str, Resource]:
    """Each service that must be reachable by the records, with one resource that needs it."""
    needed: dict[str, Resource] = {}
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.reaches, Reaches):
            for service in kind.reaches.services(graph, resource):
                needed.setdefault(service, resource)
    return needed


def _clients(graph: Graph) -> list[Resource]:
    """Every workload's group: by reference, and by its id where that is known."""
    users = [(r, key) for r in graph.of(DOMAIN, MODEL) for key in ("defaultUserSettings", "vpcConfig")]
    found = {g.urn: g for r, key in users for g in graph.refers(r, key, ec2.GROUP)}
    ids = {id_ for r in graph.of(DOMAIN, MODEL) for path in _GROUPS_AT for id_ in r.props.each_text_if_known(path)}
    return list({**found, **{g.urn: g for g in graph.of(ec2.GROUP) if _ids(g) & ids}}.values())


_GROUPS_AT = ("defaultUserSettings.securityGroups", "vpcConfig.securityGroupIds")


def _way_to_given(graph: Graph, net: AwsNetwork) -> Found:
    """Whether every workload's group lets HTTPS out to the landing zone's endpoints."""
    doors = {"prefixListId": net.s3_prefix_list_id, "referencedSecurityGroupId": net.endpoints_security_group_id}
    for group in _clients(graph):
        rules = [rule.props for rule in graph.referring(vpc.EGRESS, "securityGroupId", group)]
        for key, id_ in doors.items():
            if id_ and not any(https(rule) and rule.text_if_known(key) == id_ for rule in rules):
                yield group, f"has no rule for HTTPS from workloads to the landing zone's endpoints ({id_})"


def _path(graph: Graph, service: str, endpoint: Resource) -> Found:
    """Whether the endpoint can be reached from every subnet and every workload's group."""
    clients = _clients(graph)
    if ec2.is_gateway(endpoint):
        tables = graph.refers(endpoint, "routeTableIds", ec2.ROUTE_TABLE)
        routed = {
            subnet.urn
            for table in tables
            for a in graph.referring(ec2.ROUTE_TABLE_ASSOCIATION, "routeTableId", table)
            for subnet in graph.refers(a, "subnetId", ec2.SUBNET)
        }
        for subnet in graph.of(ec2.SUBNET):
            if subnet.urn not in routed:
                yield subnet, f"has no route to {service}"
        doors = [(c, vpc.EGRESS, "prefixListId", endpoint) for c in clients]
    else:
        inside = {subnet.urn for subnet in graph.refers(endpoint, "subnetIds", ec2.SUBNET)}
        for subnet in graph.of(ec2.SUBNET) if graph.ours else ():  # an interface answers the whole VPC
            if subnet.urn not in inside:
                yield endpoint, f"has no interface in {subnet.name}"
        groups = graph.refers(endpoint, "securityGroupIds", ec2.GROUP)
        if not groups:
            yield endpoint, "has no security group, so nothing is let in"
        for other in _foreign(graph, endpoint, "securityGroupIds", *ec2.GROUPS):
            yield endpoint, f"lets in by the security group {other or 'without a name'}, which is not in the stack"
        pairs = [(c, g) for c in clients for g in groups]
        doors = [(c, vpc.EGRESS, "referencedSecurityGroupId", g) for c, g in pairs]
        doors += [(g, vpc.INGRESS, "referencedSecurityGroupId", c) for c, g in pairs]
    for group, type_, key, peer in doors:
        rules = graph.referring(type_, "securityGroupId", group)
        by_name = any(https(rule.props) and peer in graph.refers(rule, key) for rule in rules)
        if not by_name and (graph.ours or not any(map(https, admitting(graph, group, type_, peer)))):
            yield group, f"has no rule for HTTPS between workloads and {service} ({peer.name})"


def https(rule: Properties) -> bool:
    """Whether a rule of a security group opens HTTPS."""
    return _opens(rule, "tcp", 443, 443)


_NUMBERS = {"6": "tcp", "17": "udp", "esp": _ESP}


def _opens(rule: Properties, protocol: str, low: int = 0, high: int = 0) -> bool:
    """Whether a rule of a security group opens these ports of a protocol; ESP has none."""
    said = (rule.text_or_empty("ipProtocol") or rule.text_or_empty("protocol")).casefold()
    if said in ("-1", "all") or _NUMBERS.get(said, said) != protocol:
        return said in ("-1", "all")
    first, last = rule.number_or_none("fromPort"), rule.number_or_none("toPort")
    return protocol == _ESP or (first is not None and last is not None and first <= low and last >= high)


def _to_itself(graph: Graph, group: Resource, way: str) -> Iterator[Properties]:
    """The rules of a security group, in or out, whose other side is the group itself: of its own and beside it."""
    for rule in graph.referring(vpc.INGRESS if way == "in" else vpc.EGRESS, "securityGroupId", group):
        if group in graph.refers(rule, "referencedSecurityGroupId"):
            yield rule.props
    direction = "ingress" if way == "in" else "egress"
    yield from (rule for rule in group.props.each_section(direction) if rule.flag_or_none("self"))
    for rule in graph.referring(ec2.GROUP_RULE, "securityGroupId", group):
        itself = rule.props.flag_or_none("self") or group in graph.refers(rule, "sourceSecurityGroupId")
        if rule.props.text_or_empty("type") == direction and itself:
            yield rule.props
    if not graph.ours:
        yield from admitting(graph, group, vpc.INGRESS if way == "in" else vpc.EGRESS, group)


@stack_rule(
    "network-studio-paths",
    DOMAIN,
    severity="medium",
    proof="network fit",
    says="Studio's group lets its applications reach their files (NFS) and their kernels, within the group only.",
    remedy="Keep the network component's studio-files (2049) and studio-kernels (8192-65535) rules in both directions.",
)
def studio_paths(graph: Graph, resource: Resource) -> Iterator[str]:
    """Ports of "Connect Studio in a VPC to external resources", self-referencing, both directions."""
    for group in graph.refers(resource, "defaultUserSettings", ec2.GROUP):
        for low, high, what in ((2049, 2049, "NFS"), (8192, 65535, "kernel gateway")):
            for way in ("in", "out"):
                if not any(_opens(rule, "tcp", low, high) for rule in _to_itself(graph, group, way)):
                    yield f"uses {group.name}, which has no {way} rule to itself for {what} ({low}-{high})"


@stack_rule(
    "network-training-paths",
    *DEFINED,
    SCHEDULE,
    severity="high",
    proof="network fit",
    says="Where several machines train together, their group lets them agree on keys (UDP 500) and talk encrypted "
    "(ESP); and in every protocol where they have an Elastic Fabric Adapter.",
    remedy="Keep the network component's training-keys, training-traffic and training-fabric rules in both directions.",
)
def training_paths(graph: Graph, resource: Resource) -> Iterator[str]:
    """Without them the machines start, bill, and wait for each other until their time is up: "Protect Communications
    Between ML Compute Instances in a Distributed Training Job",
    https://docs.aws.amazon.com/sagemaker/latest/dg/train-encrypt.html. An adapter needs all traffic within the group,
    encrypted or not: https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html
    """
    key = DEFINED.get(resource.type, "target")
    for job in jobs_of(graph, resource):
        for training, machines, types in job.together():
            encrypts = training.flag_or_none("EnableInterContainerTrafficEncryption") is True
            talk = (*(_TALK if encrypts else ()), *(_FABRIC if any(map(load("aws").has_efa, types)) else ()))
            if machines < 2 or not talk or not training.is_given("VpcConfig"):
                continue
            said = {*training.each_text_if_known("VpcConfig.SecurityGroupIds")}
            known = [one for one in graph.of(*ec2.GROUPS) if _ids(one) & said]
            groups = known or graph.refers(resource, key, *ec2.GROUPS)
            if not groups:
                yield f"trains on {machines} machines in a security group that is not in the stack, and was not judged"
            for group in groups:
                for way, (protocol, port, what) in product(("in", "out"), talk):
                    if not any(_opens(rule, protocol, port, port) for rule in _to_itself(graph, group, way)):
                        has = f"which has no {way} rule to itself for {what}"
                        yield f"trains on {machines} machines in {group.name}, {has}"


@stack_rule(
    "network-groups-apart",
    DOMAIN,
    MODEL,
    *DEFINED,
    severity="high",
    proof="network fit",
    says="What works stands in none of the security groups that interface endpoints stand in.",
    remedy="Name the group of the workloads, and for endpoints their own, as the network component does.",
)
def groups_apart(graph: Graph, resource: Resource) -> Iterator[str]:
    """The group of the endpoints lets HTTPS in from all that works, and the group of what works lets its members reach
    each other's files and kernels; who stands in both has both. In a stack of ours, which has two.

    https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
    """
    if not graph.ours:
        return
    sections = [resource.props]
    if resource.type in DEFINED:
        jobs = jobs_of(graph, resource)
        sections = [*(job.request for job in jobs), *(one for job in jobs for one in job.trainings())]
    named = {text for one in sections for path in _GROUPS_OF for text in one.each_text_if_known(path)}
    for door in graph.of(ec2.VPC_ENDPOINT):
        if both := sorted(named.intersection(door.props.each_text_if_known("securityGroupIds"))):
            yield f"stands in {both[0]}, in which the interface endpoint {door.name} stands"
            return


_GROUPS_OF = (
    "defaultUserSettings.securityGroups",
    "defaultSpaceSettings.securityGroups",
    "domainSettings.securityGroupIds",
    "vpcConfig.securityGroupIds",
    "VpcConfig.SecurityGroupIds",
)


RULES = [
    no_internet_gateway,
    no_internet_route,
    subnet_private,
    security_group_closed,
    default_group_empty,
    flow_logs,
    workspace_vpc_only,
    model_isolated,
    endpoint_closed,
    proof,
    studio_paths,
    training_paths,
    groups_apart,
]
