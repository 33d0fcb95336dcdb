"""Network isolation: nothing of a pilot is on the internet, and what it needs it reaches privately."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource, Severity

from policies.rule import Stack, conditions, get, given, refers, resource_rule, stack_rule, statements

_ANYWHERE = ("0.0.0.0/0", "::/0")
_GATEWAYS = (
    "aws:ec2/internetGateway:InternetGateway",
    "aws:ec2/natGateway:NatGateway",
    "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway",
    "aws:ec2/eip:Eip",
    "aws:ec2/vpcPeeringConnection:VpcPeeringConnection",
)
_VPC, _SUBNET = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"
_ENDPOINT, _GROUP = "aws:ec2/vpcEndpoint:VpcEndpoint", "aws:ec2/securityGroup:SecurityGroup"
_INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
_EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
_DOMAIN, _MODEL = "aws:sagemaker/domain:Domain", "aws:sagemaker/model:Model"
_SERVED = "aws:sagemaker/endpoint:Endpoint"

# What must be reachable because a resource of this type exists. SageMaker developer guide: "Connect Studio in a VPC
# to external resources" (API and runtime always; STS and logs for jobs started from Studio), "Connect to SageMaker
# Studio through an interface VPC endpoint" (studio), "Give endpoints access to resources in your VPC" (s3).
NEEDS: Mapping[str, tuple[str, ...]] = {
    _DOMAIN: ("studio", "sagemaker.api", "sagemaker.runtime", "sts", "logs", "s3"),
    _MODEL: ("s3",),
    _SERVED: ("sagemaker.runtime",),
}


@resource_rule(
    "network-no-internet-gateway",
    *_GATEWAYS,
    severity=Severity.CRITICAL,
    says="A pilot has no gateway, public address or peering that leads out of its network.",
    remedy="Remove the resource; reach AWS's services through the network component's endpoints.",
)
def no_internet_gateway(props: Mapping[str, Any]) -> Iterator[str]:
    """Any such resource is a violation."""
    yield "leads out of the private network"


@resource_rule(
    "network-no-internet-route",
    "aws:ec2/route:Route",
    "aws:ec2/routeTable:RouteTable",
    "aws:ec2/defaultRouteTable:DefaultRouteTable",
    severity=Severity.CRITICAL,
    says="No route table has a route of its own: the VPC's local route and S3's gateway are all there is.",
    remedy="Remove the route; an endpoint adds its own.",
)
def no_internet_route(props: Mapping[str, Any]) -> Iterator[str]:
    """Checks destinations of routes and of inline routes."""
    for route in [props, *(props.get("routes") or ())]:
        destination = route.get("destinationCidrBlock") or route.get("cidrBlock") or route.get("ipv6CidrBlock")
        if destination or route.get("destinationIpv6CidrBlock"):
            yield f"routes {destination or 'IPv6'} out of the network"


@resource_rule(
    "network-subnet-private",
    _SUBNET,
    severity=Severity.CRITICAL,
    says="No subnet gives its interfaces a public address.",
    remedy="Set map_public_ip_on_launch to False.",
)
def subnet_private(props: Mapping[str, Any]) -> Iterator[str]:
    """The property must be present and false."""
    if props.get("mapPublicIpOnLaunch") is not False:
        yield "gives public addresses, or does not say that it gives none"


@resource_rule(
    "network-security-group-closed",
    _INGRESS,
    _EGRESS,
    _GROUP,
    "aws:ec2/securityGroupRule:SecurityGroupRule",
    severity=Severity.CRITICAL,
    says="No security group opens to or from anywhere.",
    remedy="Name a security group or a prefix list as the peer instead of a CIDR block.",
)
def security_group_closed(props: Mapping[str, Any]) -> Iterator[str]:
    """A rule names a group or a prefix list; a CIDR block, of any size, or no peer at all is a violation."""
    for rule in [props, *(props.get("ingress") or ()), *(props.get("egress") or ())]:
        blocks = [rule.get("cidrIpv4"), rule.get("cidrIpv6"), *(rule.get("cidrBlocks") or ())]
        blocks += rule.get("ipv6CidrBlocks") or ()
        for block in blocks:
            if block in _ANYWHERE:
                yield f"is open to {block}"
    if given(props, "securityGroupId") and not (
        given(props, "referencedSecurityGroupId") or given(props, "prefixListId")
    ):
        yield "names neither a security group nor a prefix list as its peer"


@stack_rule(
    "network-default-group-empty",
    severity=Severity.HIGH,
    says="The default security group of each VPC is taken over and empty (Security Hub EC2.2).",
    remedy="Declare ec2.DefaultSecurityGroup for the VPC with ingress=[] and egress=[].",
)
def default_group_empty(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Every VPC has one, and it has no rule."""
    type_ = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
    for vpc in stack.of(_VPC):
        groups = stack.referring(type_, "vpcId", vpc)
        if not groups:
            yield vpc.urn, "leaves its default security group open"
        for group in groups:
            if group.props.get("ingress") or group.props.get("egress"):
                yield group.urn, "has rules, where the default security group must have none"


@stack_rule(
    "network-flow-logs",
    severity=Severity.MEDIUM,
    says="Every flow of each VPC, accepted or rejected, is logged (Security Hub EC2.6).",
    remedy="Declare ec2.FlowLog for the VPC with traffic_type='ALL'.",
)
def flow_logs(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Every VPC has a flow log of all traffic."""
    for vpc in stack.of(_VPC):
        logs = stack.referring("aws:ec2/flowLog:FlowLog", "vpcId", vpc)
        if not any(log.props.get("trafficType") == "ALL" and given(log.props, "logDestination") for log in logs):
            yield vpc.urn, "has no flow log of all traffic"


@resource_rule(
    "network-workspace-vpc-only",
    _DOMAIN,
    severity=Severity.CRITICAL,
    says="Studio reaches out through the VPC only.",
    remedy="Set app_network_access_type='VpcOnly' and name the VPC, its subnets and a security group.",
)
def workspace_vpc_only(props: Mapping[str, Any]) -> Iterator[str]:
    """VpcOnly, with user settings that name a security group."""
    if props.get("appNetworkAccessType") != "VpcOnly":
        yield "lets Studio reach the internet directly"
    if not get(props, "defaultUserSettings.securityGroups"):
        yield "names no security group for Studio's applications"


@resource_rule(
    "network-model-isolated",
    _MODEL,
    severity=Severity.CRITICAL,
    says="A model's container runs in the VPC, in at least two zones, and can open no connection of its own.",
    remedy="Set enable_network_isolation=True and vpc_config with two subnets and a security group.",
)
def model_isolated(props: Mapping[str, Any]) -> Iterator[str]:
    """Isolation, and a VPC with two subnets (developer guide, "Give endpoints access to resources in your VPC")."""
    if props.get("enableNetworkIsolation") is not True:
        yield "runs without network isolation"
    if len(get(props, "vpcConfig.subnets") or ()) < 2 or not get(props, "vpcConfig.securityGroupIds"):
        yield "runs outside the VPC, or in fewer than two of its subnets"


@resource_rule(
    "network-endpoint-closed",
    _ENDPOINT,
    severity=Severity.HIGH,
    says="A VPC endpoint serves this account's principals and resources only, under the service's own name.",
    remedy="Give the endpoint the network component's policy and private_dns_enabled=True.",
)
def endpoint_closed(props: Mapping[str, Any]) -> Iterator[str]:
    """Each allow of everything is bound to both accounts; interface endpoints have private DNS."""
    if not props.get("policy"):
        yield "has no policy, so it carries traffic to any account"
    for statement in statements(props.get("policy")):
        wide = statement["Effect"] == "Allow" and "*" in (*statement["Action"], *statement["Resource"])
        bound = {("StringEquals", "aws:PrincipalAccount"), ("StringEquals", "aws:ResourceAccount")}
        if wide and not bound <= conditions(statement):
            yield "allows more than this account's principals on this account's resources"
    if props.get("vpcEndpointType") == "Interface" and props.get("privateDnsEnabled") is not True:
        yield "has no private DNS, so SDKs would look for the service on the internet"


@stack_rule(
    "network-proof",
    severity=Severity.HIGH,
    says="What the features need is reachable privately, and no endpoint is paid for that nothing needs.",
    remedy="State the service in the REACH of the component that needs it; the network component builds the rest.",
)
def proof(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """The network proof: services needed against endpoints present, then the path to each endpoint."""
    present = {service_of(endpoint): endpoint for endpoint in stack.of(_ENDPOINT)}
    needed = {service: type_ for type_ in NEEDS for service in NEEDS[type_] if stack.of(type_)}
    for service, type_ in needed.items():
        if service not in present:
            yield None, f"{type_.rpartition(':')[2]} needs {service}, for which there is no VPC endpoint"
    for service, endpoint in present.items():
        if service not in needed:
            yield endpoint.urn, f"is paid for, but nothing in the stack needs {service}"
        else:
            yield from _path(stack, service, endpoint)


def service_of(endpoint: PolicyResource) -> str:
    """`sagemaker.api` of com.amazonaws.us-east-1.sagemaker.api; `studio` of aws.sagemaker.us-east-1.studio."""
    parts = str(endpoint.props.get("serviceName")).split(".")
    return "studio" if parts[:2] == ["aws", "sagemaker"] else ".".join(parts[3:])


def _path(stack: Stack, service: str, endpoint: PolicyResource) -> Iterable[tuple[str | None, str]]:
    """Whether every subnet and workload group has a way to the endpoint."""
    clients = {
        g.urn: g
        for r in stack.of(_DOMAIN, _MODEL)
        for k in ("defaultUserSettings", "vpcConfig")
        for g in refers(r, k, _GROUP)
    }
    if endpoint.props.get("vpcEndpointType") == "Gateway":
        tables = refers(endpoint, "routeTableIds", "aws:ec2/routeTable:RouteTable")
        routed = {
            subnet.urn
            for table in tables
            for a in stack.referring("aws:ec2/routeTableAssociation:RouteTableAssociation", "routeTableId", table)
            for subnet in refers(a, "subnetId", _SUBNET)
        }
        for subnet in stack.of(_SUBNET):
            if subnet.urn not in routed:
                yield subnet.urn, f"has no route to {service}"
        doors = [
            (client, stack.referring(_EGRESS, "securityGroupId", client), "prefixListId", endpoint)
            for client in clients.values()
        ]
    else:
        for subnet in stack.of(_SUBNET):
            if subnet.urn not in {s.urn for s in refers(endpoint, "subnetIds", _SUBNET)}:
                yield endpoint.urn, f"has no interface in {subnet.name}"
        groups = refers(endpoint, "securityGroupIds", _GROUP)
        if not groups:
            yield endpoint.urn, "has no security group, so nothing is let in"
        doors = [
            (c, stack.referring(_EGRESS, "securityGroupId", c), "referencedSecurityGroupId", g)
            for c in clients.values()
            for g in groups
        ]
        doors += [
            (g, stack.referring(_INGRESS, "securityGroupId", g), "referencedSecurityGroupId", c)
            for c in clients.values()
            for g in groups
        ]
    for group, rules, key, peer in doors:
        if not any(
            _https(rule) and peer.urn in {p.urn for p in rule.property_dependencies.get(key, ())} for rule in rules
        ):
            yield group.urn, f"has no rule for HTTPS between workloads and {service} ({peer.name})"


def _https(rule: PolicyResource) -> bool:
    return rule.props.get("ipProtocol") == "tcp" and rule.props["fromPort"] <= 443 <= rule.props["toPort"]


@stack_rule(
    "network-studio-paths",
    severity=Severity.MEDIUM,
    says="Studio's group lets its applications reach their files (NFS) and their kernels, within the group only.",
    remedy="Keep the network component's studio-files (2049) and studio-kernels (8192-65535) rules in both directions.",
)
def studio_paths(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Ports of "Connect Studio in a VPC to external resources", self-referencing, both directions."""
    for domain in stack.of(_DOMAIN):
        for group in refers(domain, "defaultUserSettings", _GROUP):
            for low, high, what in ((2049, 2049, "NFS"), (8192, 65535, "kernel gateway")):
                for type_, way in ((_INGRESS, "in"), (_EGRESS, "out")):
                    rules = stack.referring(type_, "securityGroupId", group)
                    if not any(
                        rule.props["fromPort"] <= low
                        and rule.props["toPort"] >= high
                        and group.urn
                        in {p.urn for p in rule.property_dependencies.get("referencedSecurityGroupId", ())}
                        for rule in rules
                    ):
                        yield group.urn, f"has no {way} rule to itself for {what} ({low}-{high})"


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
]
