"""A private network: no internet gateway, no NAT, no public address; AWS's services through endpoints only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_aws import ec2, vpc

from components.aws.zones import check_cidr, check_zones, part_of
from components.given import Args, BadArgument, Tags, Text

RUNTIME = "sagemaker.runtime"
"""The service through which endpoints are called."""
APART = ("mlflow", "studio")
"""The services of SageMaker whose names begin with aws.sagemaker and not with com.amazonaws.

AWS PrivateLink guide, "AWS services that integrate with AWS PrivateLink",
https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
"""


@dataclass(kw_only=True)
class GivenNetworkArgs(Args):
    """A VPC that is there already. Nothing of it is made, changed or deleted."""

    vpc_id: Text
    """The id of the VPC."""
    subnet_ids: Mapping[str, Text]
    """The id of each zone's subnet, by the zone, such as us-east-1a. The zones must be known."""
    s3_prefix_list_id: Text
    """The prefix list of S3. The VPC has a gateway endpoint for it: one made here would change its route tables."""
    endpoints: Sequence[str] = ()
    """The services that have an interface endpoint in the VPC, by its suffix. They must be known."""
    endpoints_security_group_id: Text | None = None
    """The security group of those endpoints. It must let in HTTPS from the workloads' group."""


@dataclass(kw_only=True)
class JoinedNetworkArgs(Args):
    """A VPC whose programs call the endpoints, and which is joined to this one."""

    vpc_id: str
    """The id of the VPC, in the same region. It must be known."""
    account: Text
    """The account of the VPC."""
    cidrs: Sequence[str]
    """The addresses in it that calls come from. They must be known."""


@dataclass(kw_only=True)
class InvokedArgs(Args):
    """What may be called through the interface endpoint of SageMaker's runtime, and by whom."""

    endpoint_arns: Sequence[Text]
    """The ARNs of SageMaker endpoints, with wildcards where there are several."""
    role_arns: Sequence[Text]
    """The ARNs of the roles that call them."""


@dataclass(kw_only=True)
class NetworkArgs(Args):
    """The addresses and zones of a network that is made, or one that is given; and what it reaches in private.

    Raises BadArgument for a network that AWS cannot divide, for zones that would share a part of it, and where a given
    network has addresses, zones or flow logs beside its own.
    """

    account: Text
    """The AWS account whose principals and resources are let through the endpoints."""
    region: Text
    """The region of the network."""
    given: GivenNetworkArgs | None = None
    """The network that is there. Where none is given, one is made of `cidr` and `zones`."""
    cidr: str = ""
    """The addresses, such as 10.40.0.0/20, between /16 and /25. Each zone gets an eighth of them. It must be known."""
    zones: Sequence[str] = ()
    """The names of availability zones such as us-east-1a: one or more, each with one subnet. They must be known."""
    reach: Sequence[str] = ()
    """The services that get an interface endpoint, by its suffix such as `sagemaker.api`. They must be known.

    `studio` is SageMaker Studio's own, and `mlflow` that of MLflow Apps. S3 has a gateway endpoint always.
    """
    joined: Sequence[JoinedNetworkArgs] = ()
    """The networks that callers stand in. They must be known. One that is joined to a given network has its peering
    and routes there already."""
    invoked: InvokedArgs | None = None
    """Narrows the endpoint of SageMaker's runtime to these calls. Where it is not given, it carries all of the
    account's."""
    trains_together: bool = False
    """Whether the machines of one training job talk to each other, which SageMaker encrypts. It must be known."""
    trains_over_efa: bool = False
    """Whether such machines have an Elastic Fabric Adapter, which needs more than that. It must be known."""
    flow_log_bucket_arn: Text | None = None
    """The bucket of the flow logs of a network that is made; log delivery must be allowed to write below flow-logs/."""
    tags: Tags
    """The tags of everything that is created."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.given is not None:
            if self.cidr or self.zones or self.flow_log_bucket_arn is not None:
                raise BadArgument("NetworkArgs.given: has its own addresses, zones and flow logs; leave out the others")
            return
        if self.flow_log_bucket_arn is None:
            raise BadArgument("NetworkArgs.flow_log_bucket_arn: is missing; give the bucket of the network's flow logs")
        check_cidr("NetworkArgs.cidr", self.cidr)
        check_zones("NetworkArgs.zones", self.zones)


ESP = "50"
"""The number of the protocol in which SageMaker encrypts what machines of one job say; it has no ports. They agree on
keys at UDP 500. "Protect Communications Between ML Compute Instances in a Distributed Training Job",
https://docs.aws.amazon.com/sagemaker/latest/dg/train-encrypt.html
"""
EVERYTHING = "-1"
"""All protocols: "For EFA-enabled instances, ensure that both inbound and outbound connections allow all traffic from
the same security group", "Give SageMaker AI Training Jobs Access to Resources in Your Amazon VPC",
https://docs.aws.amazon.com/sagemaker/latest/dg/train-vpc.html
"""


class Network(pulumi.ComponentResource):
    """Creates a VPC with private subnets, S3's gateway endpoint and one interface endpoint for each service in `reach`.

    Refuses any way out. There is no route but the VPC's own, S3's and those to joined networks, and the default
    security group is empty.
    Workloads may open HTTPS to the endpoints and to S3. They talk to each other where Studio and distributed training
    need it, and in every protocol where machines with an Elastic Fabric Adapter train together.
    Endpoints serve this account only; S3's serves its buckets, and those of ECR's image layers. Every flow is logged to
    the bucket that is given.

    A network that is joined gets this side's half of a peering, a route to its addresses, and HTTPS from them to the
    endpoint of SageMaker's runtime. Its own side accepts the peering and adds the route back. The endpoint's private
    name holds in this VPC alone: callers elsewhere name the endpoint's own address, `runtime_url`. Nothing here opens a
    connection to them.

    In a network that is given, only the security groups and the missing interface endpoints are made. The private name
    of such an endpoint holds for the whole VPC, and the endpoint lets in this stack's workloads alone: where others
    stand in the VPC, it should have the endpoints itself.

    A subnet takes name, zone and addresses from its zone's letter alone. A change of one of the three replaces it and
    whatever stands in it; one zone more or less, or another order of zones, leaves the others as they are.

    Rules: SageMaker developer guide, "Connect Studio in a VPC to external resources",
    https://docs.aws.amazon.com/sagemaker/latest/dg/studio-notebooks-and-internet-access.html; AWS PrivateLink guide,
    "Control access to VPC endpoints using endpoint policies",
    https://docs.aws.amazon.com/vpc/latest/privatelink/vpc-endpoints-access.html; VPC peering guide, "Create a VPC
    peering connection", https://docs.aws.amazon.com/vpc/latest/peering/create-vpc-peering-connection.html; Security Hub
    EC2.2, EC2.6, https://docs.aws.amazon.com/securityhub/latest/userguide/ec2-controls.html
    """

    vpc_id: pulumi.Output[str]
    """The id of the VPC."""
    subnet_ids: dict[str, pulumi.Output[str]]
    """The id of each zone's subnet. Who takes one waits for its routes.

    Take each by its zone, as in subnetIds["us-east-1a"]. A list made of the whole mapping has no order of its own, and
    is not known while one zone more is previewed.
    """
    workload_security_group_id: pulumi.Output[str]
    """The security group of whatever runs in the network. Who takes it waits for the way to S3."""
    runtime_url: pulumi.Output[str] | None
    """Where callers in joined networks reach SageMaker's runtime. None where the endpoint is not made here."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Network", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        s3_id, s3_prefix_list_id = self._made(name, args) if args.given is None else self._given(args.given)
        endpoints = self._group(f"{name}-endpoints", "Interface endpoints: HTTPS from workloads", args)
        workloads = self._group(f"{name}-workloads", "Studio, endpoints and jobs: HTTPS to endpoints and S3", args)
        rules = self._rules(name, args, workloads, endpoints, s3_prefix_list_id)
        made = {
            service: self._interface(name, service, args, endpoints.id)
            for service in sorted({*args.reach} - {*(args.given.endpoints if args.given else ())})
        }
        runtime = made.get(RUNTIME)
        # The first entry is the endpoint's own name, which every network resolves to its private addresses.
        self.runtime_url = runtime and runtime.dns_entries.apply(lambda entries: f"https://{entries[0].dns_name}")
        # Whoever runs in the network waits for its way to S3: SageMaker fetches a model through it at once.
        way = pulumi.Output.all(s3_id, *(r.id for r in rules))
        self.workload_security_group_id = pulumi.Output.all(workloads.id, way).apply(lambda both: both[0])
        self.register_outputs(
            {
                "vpc_id": self.vpc_id,
                "subnet_ids": self.subnet_ids,
                "workload_security_group_id": self.workload_security_group_id,
                "runtime_url": self.runtime_url,
            }
        )

    def _given(self, given: GivenNetworkArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Take what is there. Returns what a workload waits for, and S3's prefix list."""
        self.vpc_id = pulumi.Output.from_input(given.vpc_id)
        self.subnet_ids = {zone: pulumi.Output.from_input(id_) for zone, id_ in sorted(given.subnet_ids.items())}
        return self.vpc_id, pulumi.Output.from_input(given.s3_prefix_list_id)

    def _made(self, name: str, args: NetworkArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        """Make the VPC with its subnets and S3's endpoint. Returns what a workload waits for, and S3's prefix list."""
        network = ec2.Vpc(
            f"{name}-vpc",
            cidr_block=args.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags=args.tags,
            opts=self._child,
        )
        self.vpc_id = network.id
        ec2.DefaultSecurityGroup(
            f"{name}-default", vpc_id=network.id, ingress=[], egress=[], tags=args.tags, opts=self._child
        )
        ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=network.id,
            traffic_type="ALL",
            log_destination_type="s3",
            log_destination=pulumi.Output.concat(args.flow_log_bucket_arn or "", "/flow-logs/"),
            max_aggregation_interval=60,
            tags=args.tags,
            opts=self._child,
        )
        # Said in the table itself: a route that somebody adds by hand goes with the next update.
        routes = ec2.RouteTable(
            f"{name}-routes",
            vpc_id=network.id,
            routes=[route for one in args.joined for route in self._joined(name, one, args)],
            tags=args.tags,
            opts=self._child,
        )
        self.subnet_ids = self._subnets(name, args, routes)
        s3 = self._s3(name, args, routes)
        return s3.id, s3.prefix_list_id

    def _joined(self, name: str, joined: JoinedNetworkArgs, args: NetworkArgs) -> list[ec2.RouteTableRouteArgs]:
        """This side's half of a peering. Returns the routes by it. Each is known by the VPC's own id."""
        peering = ec2.VpcPeeringConnection(
            f"{name}-to-{joined.vpc_id}",
            vpc_id=self.vpc_id,
            peer_vpc_id=joined.vpc_id,
            peer_owner_id=joined.account,
            auto_accept=False,
            tags=args.tags,
            opts=self._child,
        )
        return [
            ec2.RouteTableRouteArgs(cidr_block=cidr, vpc_peering_connection_id=peering.id)
            for cidr in sorted(joined.cidrs)
        ]

    def _subnets(self, name: str, args: NetworkArgs, routes: ec2.RouteTable) -> dict[str, pulumi.Output[str]]:
        ids: dict[str, pulumi.Output[str]] = {}
        for zone in sorted(args.zones):
            subnet = ec2.Subnet(
                f"{name}-private-{zone[-1]}",
                vpc_id=self.vpc_id,
                cidr_block=part_of(args.cidr, zone),
                availability_zone=zone,
                map_public_ip_on_launch=False,
                tags=args.tags,
                opts=self._child,
            )
            routed = ec2.RouteTableAssociation(
                f"{name}-private-{zone[-1]}-routes", subnet_id=subnet.id, route_table_id=routes.id, opts=self._child
            )
            # Whoever stands in the subnet waits for its routes. A new zone's are waited for by its own subnet alone:
            # were they waited for by the security group, a preview could not know the group that Studio has.
            ids[zone] = pulumi.Output.all(subnet.id, routed.id).apply(lambda both: both[0])
        return ids

    def _group(self, name: str, description: str, args: NetworkArgs) -> ec2.SecurityGroup:
        return ec2.SecurityGroup(name, description=description, vpc_id=self.vpc_id, tags=args.tags, opts=self._child)

    def _s3(self, name: str, args: NetworkArgs, routes: ec2.RouteTable) -> ec2.VpcEndpoint:
        return ec2.VpcEndpoint(
            f"{name}-s3",
            vpc_id=self.vpc_id,
            service_name=pulumi.Output.concat("com.amazonaws.", args.region, ".s3"),
            vpc_endpoint_type="Gateway",
            route_table_ids=[routes.id],
            policy=_document(
                _own_account(args.account),
                {
                    "Sid": "ImageLayersOfEcr",
                    "Effect": "Allow",
                    "Principal": "*",
                    "Action": "s3:GetObject",
                    "Resource": pulumi.Output.concat("arn:aws:s3:::prod-", args.region, "-starport-layer-bucket/*"),
                },
            ),
            tags=args.tags,
            opts=self._child,
        )

    def _interface(self, name: str, service: str, args: NetworkArgs, group_id: pulumi.Output[str]) -> ec2.VpcEndpoint:
        before = "aws.sagemaker." if service in APART else "com.amazonaws."
        narrowed = args.invoked if service == RUNTIME else None
        return ec2.VpcEndpoint(
            f"{name}-{service.replace('.', '-')}",
            vpc_id=self.vpc_id,
            service_name=pulumi.Output.concat(before, args.region, f".{service}"),
            vpc_endpoint_type="Interface",
            private_dns_enabled=True,
            subnet_ids=list(self.subnet_ids.values()),
            security_group_ids=[group_id],
            policy=_document(_invoked(args.account, narrowed) if narrowed else _own_account(args.account)),
            tags=args.tags,
            opts=self._child,
        )

    def _rules(
        self,
        name: str,
        args: NetworkArgs,
        workloads: ec2.SecurityGroup,
        endpoints: ec2.SecurityGroup,
        s3_prefix_list_id: pulumi.Output[str],
    ) -> list[vpc.SecurityGroupIngressRule | vpc.SecurityGroupEgressRule]:
        """Every rule of the two groups. Returns those that a workload waits for.

        It waits for no rule of a caller's: one caller more, and a preview could not know the group that Studio has.
        """

        def rule(
            kind: str,
            of: ec2.SecurityGroup,
            what: str,
            ports: tuple[int, int],
            protocol: str = "tcp",
            **peer: pulumi.Input[str],
        ) -> vpc.SecurityGroupIngressRule | vpc.SecurityGroupEgressRule:
            make = vpc.SecurityGroupIngressRule if kind == "in" else vpc.SecurityGroupEgressRule
            first, last = ports if protocol not in (ESP, EVERYTHING) else (None, None)
            return make(
                f"{name}-{what}-{kind}",
                security_group_id=of.id,
                description=f"{what}, {kind}",
                ip_protocol=protocol,
                from_port=first,
                to_port=last,
                tags=args.tags,
                opts=self._child,
                **peer,  # pyright: ignore[reportArgumentType]  # one of the two peer fields, by name
            )

        made_here = {*args.reach} - {*(args.given.endpoints if args.given else ())}
        for one in args.joined if RUNTIME in made_here else ():
            for cidr in sorted(one.cidrs):
                slug = cidr.replace(".", "-").replace("/", "-")
                rule("in", endpoints, f"https-from-{slug}", (443, 443), cidr_ipv4=cidr)
        waited = [
            rule("in", endpoints, "https-from-workloads", (443, 443), referenced_security_group_id=workloads.id),
            rule("out", workloads, "https-to-endpoints", (443, 443), referenced_security_group_id=endpoints.id),
            rule("out", workloads, "https-to-s3", (443, 443), prefix_list_id=s3_prefix_list_id),
        ]
        if args.given is not None and args.given.endpoints_security_group_id is not None:
            shared = args.given.endpoints_security_group_id
            waited.append(
                rule("out", workloads, "https-to-given-endpoints", (443, 443), referenced_security_group_id=shared)
            )
        for what, ports in (("studio-files", (2049, 2049)), ("studio-kernels", (8192, 65535))):
            waited += [
                rule(kind, workloads, what, ports, referenced_security_group_id=workloads.id) for kind in ("in", "out")
            ]
        # No run starts with `up`, so nothing waits for these.
        talk = (("training-keys", "udp"), ("training-traffic", ESP)) if args.trains_together else ()
        for what, protocol in (*talk, *((("training-fabric", EVERYTHING),) if args.trains_over_efa else ())):
            for kind in ("in", "out"):
                rule(kind, workloads, what, (500, 500), protocol, referenced_security_group_id=workloads.id)
        return waited


def _own_account(account: Text) -> dict[str, Any]:
    """Only this account's principals, only on this account's resources: nothing can be carried out of it."""
    return {
        "Sid": "OwnAccountOnly",
        "Effect": "Allow",
        "Principal": "*",
        "Action": "*",
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:PrincipalAccount": account, "aws:ResourceAccount": account}},
    }


def _invoked(account: Text, invoked: InvokedArgs) -> dict[str, Any]:
    """Only these roles, and only calls of these endpoints."""
    return {
        "Sid": "CallersOnly",
        "Effect": "Allow",
        "Principal": "*",
        "Action": ["sagemaker:InvokeEndpoint", "sagemaker:InvokeEndpointAsync"],
        "Resource": list(invoked.endpoint_arns),
        "Condition": {
            "StringEquals": {"aws:PrincipalAccount": account, "aws:ResourceAccount": account},
            "ArnEquals": {"aws:PrincipalArn": list(invoked.role_arns)},
        },
    }


def _document(*statements: Mapping[str, Any]) -> pulumi.Output[str]:
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})
