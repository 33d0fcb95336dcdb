"""A private network: no route out, no public address; Google's services through one private endpoint."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network

import pulumi
from pulumi_gcp import compute, dns

from components.gcp.names import fitted, squeezed

_LAST = 65_534  # the last priority before the rules that every network has: egress open, ingress closed


@dataclass
class NetworkArgs:
    """`reach` are the domains of Google that the switched-on features need, such as `googleapis.com`.

    The subnet, which spans the region, is the lower half of `cidr`; the endpoint's address is in the upper.
    """

    project: str
    region: str
    cidr: str
    reach: Iterable[str]
    tags: Mapping[str, str]


class Network(pulumi.ComponentResource):
    """Creates a VPC with one subnet, an endpoint to Google's APIs, a private zone a domain in `reach`, and firewalls.

    Refuses any way out: no default route, no NAT, no peering (which does not delete cleanly: issues 16275 and 19908 of
    terraform-provider-google). Every connection out is denied and logged but HTTPS to the endpoint, every one in is
    denied and logged; flows and DNS queries are logged. The endpoint is of Private Service Connect, for the bundle
    `vpc-sc`: only APIs that VPC Service Controls can guard. What runs on Google's side (endpoints, batch jobs) is not
    in this network, so no firewall of ours contains it. Rules: VPC, "Access Google APIs through endpoints"; CIS Google
    Cloud 2.12, 3.8.
    """

    network_id: pulumi.Output[str]
    subnet_id: pulumi.Output[str]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:Network", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        lower, upper = IPv4Network(args.cidr).subnets(prefixlen_diff=1)
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
