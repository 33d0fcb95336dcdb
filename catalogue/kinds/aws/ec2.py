"""Amazon EC2's network: the VPC, its subnets and routes, its doors, and the ways out that no pilot has."""

from catalogue.graph import Resource
from catalogue.kind import At, Bills, Evidence, Kind, No, assumed, documented, setting
from catalogue.kinds.aws import READ, count, regional, registry, tagged
from catalogue.pricing import Bill, Pricing, Unpriced

DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
DEFAULT_ROUTE_TABLE = "aws:ec2/defaultRouteTable:DefaultRouteTable"
EGRESS_ONLY_GATEWAY = "aws:ec2/egressOnlyInternetGateway:EgressOnlyInternetGateway"
EIP = "aws:ec2/eip:Eip"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"
GROUP = "aws:ec2/securityGroup:SecurityGroup"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
INTERNET_GATEWAY = "aws:ec2/internetGateway:InternetGateway"
NAT_GATEWAY = "aws:ec2/natGateway:NatGateway"
PEERING = "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
ROUTE = "aws:ec2/route:Route"
ROUTE_TABLE = "aws:ec2/routeTable:RouteTable"
ROUTE_TABLE_ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"
SUBNET = "aws:ec2/subnet:Subnet"
VPC = "aws:ec2/vpc:Vpc"
VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"

_VPC_PRICING = documented("https://aws.amazon.com/vpc/pricing/", READ)
_PRIVATELINK = documented("https://aws.amazon.com/privatelink/pricing/", READ)
_FLOW_LOGS = documented("https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html", READ)
_LOGS_PRICING = documented("https://aws.amazon.com/cloudwatch/pricing/", READ)
_PEERING_FREE = assumed(
    "AWS's VPC pricing names traffic over a peering and no hourly charge; no pilot may have one", READ
)


def service_of(endpoint: Resource) -> str:
    """`sagemaker.api` of com.amazonaws.us-east-1.sagemaker.api; `studio` of aws.sagemaker.us-east-1.studio."""
    parts = endpoint.props.text_or_empty("serviceName").split(".")
    return "studio" if parts[:2] == ["aws", "sagemaker"] else ".".join(parts[3:])


def is_gateway(endpoint: Resource) -> bool:
    """Whether a VPC endpoint is a gateway, which stands in route tables, and not an interface in subnets."""
    return endpoint.props.text_or_empty("vpcEndpointType") in ("", "Gateway")


def _vpc_endpoint_price(pricing: Pricing, resource: Resource) -> Bill:
    if is_gateway(resource):
        return Bill("gateway endpoint", 0.0, 0.0, "gateway endpoints are free")
    type_ = resource.props.text_or_empty("vpcEndpointType")
    if type_ != "Interface":
        raise Unpriced(f"a VPC endpoint of the type {type_}")
    zones = count(resource.props, "subnetIds")
    interfaces = [e for e in pricing.graph.of(VPC_ENDPOINT) if e.props.text_or_empty("vpcEndpointType") == "Interface"]
    hours, hour = pricing.hours, pricing.of("vpc-interface-endpoint")
    data = pricing.assume("endpoint-data-gb") / max(1, len(interfaces)) * pricing.of("vpc-endpoint-data")
    standing = zones * hours * hour
    return Bill(
        "interface endpoint", standing, standing + data, f"{zones} zones × {hours} h × ${hour:g}, data in the ceiling"
    )


def _flow_log_price(pricing: Pricing, resource: Resource) -> Bill:
    amount = pricing.assume("flow-log-gb")
    return Bill("flow log", 0.0, amount * pricing.of("vpc-flow-logs"), f"{amount:g} GB delivered, in the ceiling")


def _nat_price(pricing: Pricing, resource: Resource) -> Bill:
    standing = pricing.hours * pricing.of("nat-gateway")
    return Bill("NAT gateway", standing, standing, "its hours; what passes it bills besides")


def _address_price(pricing: Pricing, resource: Resource) -> Bill:
    standing = pricing.hours * pricing.of("public-ipv4-address")
    return Bill("public address", standing, standing, "its hours, in use or not")


def _in_vpc(token: str, bills: Bills | No, tags: At | No | None = None) -> Kind:
    """A part of a VPC: it takes tags where nothing else is said, holds nothing and runs nothing."""
    return setting(token, "a VPC", registry(token), tags=tags or tagged(token), bills=bills, stands=regional(token))


def _free(what: str, evidence: Evidence = _VPC_PRICING) -> No:
    return No(f"{what} free", evidence)


def _untagged(token: str) -> No:
    return No("a setting of a VPC takes none", registry(token))


KINDS = (
    _in_vpc(DEFAULT_GROUP, _free("security groups are")),
    _in_vpc(DEFAULT_ROUTE_TABLE, _free("routing is")),
    _in_vpc(EGRESS_ONLY_GATEWAY, _free("the gateway itself is")),
    _in_vpc(EIP, Bills(_address_price, _VPC_PRICING)),
    setting(
        FLOW_LOG,
        "a VPC",
        registry(FLOW_LOG),
        tags=tagged(FLOW_LOG),
        holds=No("what it records rests in its bucket", _FLOW_LOGS),
        bills=Bills(_flow_log_price, _LOGS_PRICING),
        stands=regional(FLOW_LOG),
        keeps=No("its bucket's lifecycle says how long", _FLOW_LOGS),
    ),
    _in_vpc(GROUP, _free("security groups are")),
    _in_vpc(GROUP_RULE, _free("security groups are"), _untagged(GROUP_RULE)),
    _in_vpc(INTERNET_GATEWAY, _free("the gateway itself is")),
    _in_vpc(NAT_GATEWAY, Bills(_nat_price, _VPC_PRICING)),
    _in_vpc(PEERING, _free("the peering itself is", _PEERING_FREE)),
    _in_vpc(ROUTE, _free("routing is"), _untagged(ROUTE)),
    _in_vpc(ROUTE_TABLE, _free("routing is")),
    _in_vpc(ROUTE_TABLE_ASSOCIATION, _free("routing is"), _untagged(ROUTE_TABLE_ASSOCIATION)),
    _in_vpc(SUBNET, _free("subnets are")),
    _in_vpc(VPC, _free("a VPC is")),
    _in_vpc(VPC_ENDPOINT, Bills(_vpc_endpoint_price, _PRIVATELINK)),
)
