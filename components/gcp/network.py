"""A private network: no route out, no public address; Google's services through one private endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_gcp import compute, dns

from components.gcp.names import fitted, squeezed
from components.given import Args, BadArgument, Tags, Text

_LAST = 65_534  # the last priority before the rules that every network has: egress open, ingress closed


@dataclass(kw_only=True)
class NetworkArgs(Args):
    """Where the network is, how large it is, and what it reaches."""

    project: Text
    """The id of the Google Cloud project."""
    region: Text
    """The region of the subnet, which spans all the region's zones."""
    cidr: str
    """The addresses of the network, such as `10.40.0.0/20`: 16 or more of them. The lower half is the subnet, and the
    endpoint to Google has an address in the upper. The program must know it."""
    reach: Sequence[str]
    """The domains of Google that must be reached, each with everything below it. A Workspace needs googleapis.com,
    notebooks.cloud.google.com, notebooks.googleusercontent.com and pkg.dev. The program must know them."""
    tags: Tags
    """The labels of everything that can carry some."""


class Network(pulumi.ComponentResource):
    """Creates a VPC with one subnet, an endpoint to Google's APIs, a private zone for each domain, and firewall rules.

    Refuses any way out: there is no default route, no NAT and no peering. HTTPS to the endpoint is the one connection
    that may leave. Every other connection out and every connection in is denied and logged. Flows and DNS queries are
    logged. The endpoint is one of Private Service Connect. It leads to the APIs of the bundle `vpc-sc`, which are
    those that VPC Service Controls can guard. It is registered in Service Directory in the network's own region, as an
    organisation may ask that binds where resources stand. Refuses a `cidr` that is none or too small.

    Endpoints and batch jobs of Vertex AI run on Google's side and not in this network, so none of its firewall rules
    contains them. Peering with Google's services is left out because it does not delete cleanly
    (https://github.com/hashicorp/terraform-provider-google/issues/16275 and 19908 there).
    Rules: VPC, "About accessing Google APIs through endpoints",
    https://cloud.google.com/vpc/docs/about-accessing-google-apis-endpoints;
    CIS Google Cloud 2.12 and 3.8, https://www.cisecurity.org/benchmark/google_cloud_computing_platform
    """

    network_id: pulumi.Output[str]
    """The VPC, `projects/PROJECT/global/networks/NAME`."""
    subnet_id: pulumi.Output[str]
    """The subnet, `projects/PROJECT/regions/REGION/subnetworks/NAME`, known once it has its way to Google."""

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Network", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        lower, upper = _halves(args.cidr)
        network = compute.Network(
            f"{name}-vpc",
            project=args.project,
            auto_create_subnetworks=False,
            delete_default_routes_on_create=True,
            routing_mode="REGIONAL",
            opts=self._child,
        )
        self.network_id = network.id
        subnet = compute.Subnetwork(
            f"{name}-private",
            project=args.project,
            region=args.region,
            network=network.id,
            ip_cidr_range=str(lower),
            stack_type="IPV4_ONLY",
            private_ip_google_access=True,
            log_config={
                "aggregation_interval": "INTERVAL_1_MIN",
                "flow_sampling": 1.0,
                "metadata": "INCLUDE_ALL_METADATA",
            },
            opts=self._child,
        )
        dns.Policy(
            f"{name}-dns-log",
            project=args.project,
            enable_logging=True,
            networks=[{"network_url": network.id}],
            opts=self._child,
        )
        address = str(upper[-2])
        endpoint = self._google(name, args, address)
        ways = [endpoint.id, *self._firewalls(name, args, address)]
        for domain in sorted(set(args.reach)):
            ways += self._domain(name, domain, args, address)
        # Whoever runs in the network waits for its way to Google: Workbench registers as soon as it is up.
        self.subnet_id = pulumi.Output.all(subnet.id, *ways).apply(lambda all_: all_[0])
        self.register_outputs({"network_id": self.network_id, "subnet_id": self.subnet_id})

    def _google(self, name: str, args: NetworkArgs, address: str) -> compute.GlobalForwardingRule:
        reserved = compute.GlobalAddress(
            f"{name}-google",
            project=args.project,
            purpose="PRIVATE_SERVICE_CONNECT",
            address_type="INTERNAL",
            address=address,
            network=self.network_id,
            labels=args.tags,
            opts=self._child,
        )
        return compute.GlobalForwardingRule(
            f"{name}-google",
            name=squeezed(f"g{name}", 20),  # 1 to 20 lower-case letters and digits; an automatic name is refused
            project=args.project,
            target="vpc-sc",
            load_balancing_scheme="",  # left out, the provider would say EXTERNAL
            network=self.network_id,
            ip_address=reserved.id,
            service_directory_registrations={
                "service_directory_region": args.region
            },  # else us-central1, from anywhere
            no_automate_dns_zone=True,  # the zones below are this program's own, and go with it
            labels=args.tags,
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )

    def _domain(self, name: str, domain: str, args: NetworkArgs, address: str) -> list[pulumi.Output[str]]:
        """A private zone that answers for the domain and everything below it with the endpoint's address."""
        at = f"{name}-{domain.replace('.', '-')}"
        zone = dns.ManagedZone(
            at,
            name=fitted(at, 63),  # the longest domain and the automatic name's digits would not fit together
            project=args.project,
            dns_name=f"{domain}.",
            description=f"{domain} through the Private Service Connect endpoint",
            visibility="private",
            private_visibility_config={"networks": [{"network_url": self.network_id}]},
            labels=args.tags,
            opts=self._child,
        )
        return [
            dns.RecordSet(
                f"{at}-{kind.lower()}",
                project=args.project,
                managed_zone=zone.name,
                name=record,
                type=kind,
                ttl=300,
                rrdatas=[data],
                opts=self._child,
            ).id
            for kind, record, data in (("A", f"{domain}.", address), ("CNAME", f"*.{domain}.", f"{domain}."))
        ]

    def _firewalls(self, name: str, args: NetworkArgs, address: str) -> list[pulumi.Output[str]]:
        def firewall(what: str, **how: pulumi.Input[object]) -> pulumi.Output[str]:
            return compute.Firewall(
                f"{name}-{what}",
                project=args.project,
                network=self.network_id,
                log_config={"metadata": "INCLUDE_ALL_METADATA"},
                opts=self._child,
                **how,  # pyright: ignore[reportArgumentType]  # direction, priority and what it matches
            ).id

        everywhere, everything = ["0.0.0.0/0"], [{"protocol": "all"}]
        return [
            firewall("deny-out", direction="EGRESS", priority=_LAST, destination_ranges=everywhere, denies=everything),
            firewall("deny-in", direction="INGRESS", priority=_LAST, source_ranges=everywhere, denies=everything),
            firewall(
                "https-to-google",
                direction="EGRESS",
                priority=1000,
                destination_ranges=[f"{address}/32"],
                allows=[{"protocol": "tcp", "ports": ["443"]}],
            ),
        ]


def _halves(cidr: str) -> tuple[IPv4Network, IPv4Network]:
    """The subnet's half and the endpoint's. Raises BadArgument for a `cidr` that is none or too small.

    A subnet is a /29 at least: VPC, "Subnets", https://cloud.google.com/vpc/docs/subnets
    """
    try:
        network = IPv4Network(cidr)
    except ValueError:
        network = None
    if network is None or network.prefixlen > 28:
        raise BadArgument(
            f"NetworkArgs.cidr: found {cidr!r}, allowed: an IPv4 network of 16 addresses or more, such as 10.40.0.0/20"
        )
    lower, upper = network.subnets(prefixlen_diff=1)
    return lower, upper
