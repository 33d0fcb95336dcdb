"""Amazon EC2's network: the VPC, its subnets, routes and endpoints, and the ways out that no pilot has."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import Answer, Request, by_id
from catalogue.behaviour import Behaviour, Ref, Sometimes
from catalogue.graph import Resource
from catalogue.kind import Acts, At, Bills, Evidence, Kind, No, assumed, documented, setting
from catalogue.kinds.aws import NOT_MADE, READ, acts, asks, count, regional, registry, tagged, terraform
from catalogue.kinds.aws.iam import ROLE
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

GROUPS = (GROUP, DEFAULT_GROUP)
"""The types that an input may name as a security group."""

_VPC_PRICING = documented("https://aws.amazon.com/vpc/pricing/", READ)
_PRIVATELINK = documented("https://aws.amazon.com/privatelink/pricing/", READ)
_FLOW_LOGS = documented("https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs.html", READ)
_LOGS_PRICING = documented("https://aws.amazon.com/cloudwatch/pricing/", READ)
_PEERING_FREE = assumed("AWS's VPC pricing names traffic over a peering and no hourly charge", READ)


def service_of(endpoint: Resource) -> str:
    """`sagemaker.api` of com.amazonaws.us-east-1.sagemaker.api; `studio` of aws.sagemaker.us-east-1.studio."""
    parts = endpoint.props.text_or_empty("serviceName").split(".")
    return ".".join(parts[3:])


def is_gateway(endpoint: Resource) -> bool:
    """Whether a VPC endpoint is a gateway in route tables, and not an interface in subnets."""
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


def _in_vpc(
    token: str, name: str, acts: Acts | No, bills: Bills | No, tags: At | No | None = None, **answers: Any
) -> Kind:
    """The record of a part of a VPC. It holds and runs nothing, and takes tags unless `tags` says otherwise."""
    return setting(
        token,
        "a VPC",
        registry(token),
        tags=tags or tagged(token),
        bills=bills,
        stands=regional(token),
        acts=acts,
        renders=terraform(name),
        **answers,
    )


def _free(what: str, evidence: Evidence = _VPC_PRICING) -> No:
    return No(f"{what} free", evidence)


def _untagged(token: str) -> No:
    return No("a setting of a VPC takes none", registry(token))


_IN_VPC = Ref("vpcId", (VPC,), holds=True)

_DEFAULT_GROUP_ACTS = acts(
    "ec2",
    by_id("sg", "security-group"),
    Behaviour(refs=(Ref("vpcId", (VPC,)),), second="changes"),
)
_FLOW_LOG_ACTS = acts(
    "ec2",
    by_id("fl", "vpc-flow-log"),
    Behaviour(
        # moto, after the service: https://github.com/getmoto/moto/issues/6369
        unique="{account} {region} {vpcId} {subnetId} {trafficType} {logDestination}",
        exists="FlowLogAlreadyExists: Error. There is an existing Flow Log with the same configuration and log"
        " destination.",
        refs=(Ref("vpcId", (VPC,)), Ref("subnetId", (SUBNET,)), Ref("iamRoleArn", (ROLE,))),
    ),
)
_GROUP_ACTS = acts(
    "ec2",
    by_id("sg", "security-group"),
    Behaviour(
        name="name",
        pattern=r"(?!sg-)[a-zA-Z0-9 ._\-:/()#,@\[\]+=&;{}!$*]{1,255}",
        unique="{account} {region} {vpcId} {name}",
        refs=(_IN_VPC,),
    ),
)
_ROUTE_TABLE_ACTS = acts("ec2", by_id("rtb", "route-table"), Behaviour(refs=(_IN_VPC,)))
_ROUTE_TABLE_ASSOCIATION_ACTS = acts(
    "ec2",
    by_id("rtbassoc"),
    Behaviour(
        unique="{account} {region} {subnetId}",
        refs=(Ref("subnetId", (SUBNET,)), Ref("routeTableId", (ROUTE_TABLE,), holds=True)),
    ),
)
_SUBNET_ACTS = acts(
    "ec2",
    by_id("subnet", "subnet"),
    Behaviour(
        unique="{account} {region} {vpcId} {cidrBlock}",
        refs=(_IN_VPC,),
    ),
)


def _tenancy_that_stays(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """A VPC gives up dedicated hosts in place, and takes nothing else so (`resourceVPCCustomizeDiff`).

    https://github.com/hashicorp/terraform-provider-aws/blob/v6.58.0/internal/service/ec2/vpc_.go
    """
    asked = tuple(said.get("instanceTenancy") or "default" for said in (before, after))
    return asked[0] != asked[1] and asked != ("dedicated", "default")


def _no_interface(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    """Private DNS of an interface endpoint changes in place, of any other kind not (its `CustomizeDiff`).

    https://github.com/hashicorp/terraform-provider-aws/blob/v6.58.0/internal/service/ec2/vpc_endpoint.go
    """
    return after.get("vpcEndpointType") != "Interface"


_VPC_ACTS = acts(
    "ec2",
    by_id("vpc", "vpc", mainRouteTableId="rtb-{hex}", defaultNetworkAclId="acl-{hex}"),
    Behaviour(sometimes=(Sometimes("instanceTenancy", _tenancy_that_stays),)),
)
_PEERING_ACTS = acts(
    "ec2",
    by_id("pcx", acceptStatus="pending-acceptance"),
    # The other side may be another account's, which no sandbox of this stack has.
    Behaviour(unique="{account} {region} {vpcId} {peerVpcId}", refs=(Ref("vpcId", (VPC,), holds=True),)),
)


def _vpc_endpoint(request: Request) -> Answer:
    """An interface endpoint has names of its own, which every network resolves to its private addresses."""
    answer = by_id("vpce", "vpc-endpoint", prefixListId="pl-{hex}")(request)
    service = str(request.inputs.get("serviceName", "")).split(".")
    if request.inputs.get("vpcEndpointType") != "Interface" or service[:2] != ["com", "amazonaws"]:
        return answer
    # com.amazonaws.us-east-1.sagemaker.runtime is called at ….runtime.sagemaker.us-east-1.vpce.amazonaws.com.
    host = ".".join([*reversed(service[3:]), request.region, "vpce.amazonaws.com"])
    entry = {"dnsName": f"{answer.id}-{request.hex(8, 'dns')}.{host}", "hostedZoneId": "Z7HUB22UULQXV"}
    return Answer(answer.id, {**answer.outputs, "dnsEntries": [entry]})


_VPC_ENDPOINT_ACTS = acts(
    "ec2",
    _vpc_endpoint,
    Behaviour(
        # https://github.com/hashicorp/terraform-provider-aws/issues/17535, of one with private DNS, as ours have; that
        # a second gateway of a service is refused too is assumed.
        unique="{account} {region} {vpcId} {vpcEndpointType} {serviceName}",
        sometimes=(Sometimes("privateDnsEnabled", _no_interface),),
        exists="InvalidParameter: private-dns-enabled cannot be set because there is already a conflicting DNS domain"
        " for {serviceName} in the VPC {vpcId}",
        refs=(
            _IN_VPC,
            Ref("subnetIds[]", (SUBNET,), holds=True),
            Ref("securityGroupIds[]", GROUPS, holds=True),
            Ref("routeTableIds[]", (ROUTE_TABLE,)),
        ),
    ),
)

KINDS = (
    _in_vpc(
        DEFAULT_GROUP,
        "default_security_group",
        _DEFAULT_GROUP_ACTS,
        _free("security groups are"),
        rights=asks("amazonec2", "ec2:RevokeSecurityGroupEgress", "ec2:RevokeSecurityGroupIngress"),
    ),
    _in_vpc(DEFAULT_ROUTE_TABLE, "default_route_table", NOT_MADE, _free("routing is")),
    _in_vpc(EGRESS_ONLY_GATEWAY, "egress_only_internet_gateway", NOT_MADE, _free("the gateway itself is")),
    _in_vpc(EIP, "eip", NOT_MADE, Bills(_address_price, _VPC_PRICING, ("Amazon Virtual Private Cloud",))),
    setting(
        FLOW_LOG,
        "a VPC",
        registry(FLOW_LOG),
        tags=tagged(FLOW_LOG),
        holds=No("what it records rests in its bucket", _FLOW_LOGS),
        bills=Bills(_flow_log_price, _LOGS_PRICING, ("AmazonCloudWatch",)),
        stands=regional(FLOW_LOG),
        acts=_FLOW_LOG_ACTS,
        renders=terraform("flow_log"),
        keeps=No("its bucket's lifecycle says how long", _FLOW_LOGS),
    ),
    _in_vpc(GROUP, "security_group", _GROUP_ACTS, _free("security groups are")),
    _in_vpc(GROUP_RULE, "security_group_rule", NOT_MADE, _free("security groups are"), _untagged(GROUP_RULE)),
    _in_vpc(INTERNET_GATEWAY, "internet_gateway", NOT_MADE, _free("the gateway itself is")),
    _in_vpc(NAT_GATEWAY, "nat_gateway", NOT_MADE, Bills(_nat_price, _VPC_PRICING, ("Amazon Elastic Compute Cloud",))),
    _in_vpc(PEERING, "vpc_peering_connection", _PEERING_ACTS, _free("the peering itself is", _PEERING_FREE)),
    _in_vpc(ROUTE, "route", NOT_MADE, _free("routing is"), _untagged(ROUTE)),
    _in_vpc(ROUTE_TABLE, "route_table", _ROUTE_TABLE_ACTS, _free("routing is")),
    _in_vpc(
        ROUTE_TABLE_ASSOCIATION,
        "route_table_association",
        _ROUTE_TABLE_ASSOCIATION_ACTS,
        _free("routing is"),
        _untagged(ROUTE_TABLE_ASSOCIATION),
    ),
    _in_vpc(SUBNET, "subnet", _SUBNET_ACTS, _free("subnets are")),
    _in_vpc(VPC, "vpc", _VPC_ACTS, _free("a VPC is")),
    _in_vpc(
        VPC_ENDPOINT,
        "vpc_endpoint",
        _VPC_ENDPOINT_ACTS,
        Bills(_vpc_endpoint_price, _PRIVATELINK, ("Amazon Virtual Private Cloud",)),
    ),
)
