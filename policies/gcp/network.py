"""Network isolation: nothing of a pilot is on the internet, and what it needs it reaches privately.

Two rules of AWS have no meaning here. `network-model-isolated`: a served model runs in Google's tenant project, and no
firewall of this network reaches it. VPC Service Controls do, in the organisation. `network-studio-paths`: a Workbench
instance is one machine, so its files and kernels need no port. Two rules differ: a firewall rule takes the place of a
security group (`network-firewall-closed`), and the defaults of a network are denied, not emptied
(`network-default-denied`).
"""

import ipaddress
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from catalogue.graph import Graph, Resource
from catalogue.kind import Reaches
from catalogue.kinds import kind_of
from catalogue.kinds.gcp import compute, dns, mlplatform, vertex, ways_out, workbench
from catalogue.landing_zones import GcpNetwork
from catalogue.once import once_a_graph
from catalogue.placement import Caller
from catalogue.properties import Properties
from policies import given
from policies.rule import OPEN_TO_OTHERS, Found, caller_rule, resource_rule, stack_rule, whole_stack_rule

_VPC, _SUBNET = compute.VPC, compute.SUBNETWORK
_FIREWALL = compute.FIREWALL
_ZONE, _RECORD = dns.ZONE, dns.RECORD
_GLOBAL_ADDRESS, _ADDRESS = compute.GLOBAL_ADDRESS, compute.ADDRESS
_APIS, _ATTACHED = compute.GLOBAL_FORWARDING_RULE, compute.FORWARDING_RULE
_WORKBENCH, _SERVED = workbench.INSTANCE, vertex.ENDPOINT
_DEPLOYMENT, _DNS = mlplatform.DEPLOYMENT, dns.POLICY


_PROXIES = frozenset({"GLOBAL_MANAGED_PROXY", "INTERNAL_HTTPS_LOAD_BALANCER", "REGIONAL_MANAGED_PROXY"})
"""The purposes of subnets that hold the proxies of load balancers, and no machine of anybody's:
https://cloud.google.com/load-balancing/docs/proxy-only-subnets
"""


@resource_rule(
    "network-no-internet-gateway",
    *(kind.token for kind in ways_out.KINDS),
    severity="critical",
    proof="network fit",
    says="A pilot has no NAT, VPN, interconnect or peering that leads out of its network.",
    remedy="Remove the resource; reach Google's services through the network component's private way.",
)
def no_internet_gateway(props: Properties) -> Iterator[str]:
    """Any such resource is a violation. Peering also deletes badly (terraform-provider-google 16275, 19908)."""
    yield "leads out of the private network"


@resource_rule(
    "network-no-internet-route",
    _VPC,
    compute.ROUTE,
    severity="critical",
    proof="network fit",
    says="The network has no default route, and no route of its own: Private Service Connect needs none.",
    remedy="Set delete_default_routes_on_create=True and remove the route.",
)
def no_internet_route(props: Properties) -> Iterator[str]:
    """A network brings a route to 0.0.0.0/0 unless told not to (VPC documentation, "System-generated routes")."""
    if "destRange" in props:
        yield f"routes {props.text_if_known('destRange')} out of the network"
    elif props.flag_or_none("deleteDefaultRoutesOnCreate") is not True:
        yield "keeps its default route to the internet"


@resource_rule(
    "network-custom-mode",
    _VPC,
    severity="high",
    proof="network fit",
    says="The network has the subnets that the pilot declares and no others (CIS GCP 3.1, 3.2).",
    remedy="Set auto_create_subnetworks=False.",
)
def custom_mode(props: Properties) -> Iterator[str]:
    """The provider's default is one subnet in every region, none of them with flow logs."""
    if props.flag_or_none("autoCreateSubnetworks") is not False:
        yield "creates a subnet in every region of the world"


@stack_rule(
    "network-no-public-address",
    _ADDRESS,
    _GLOBAL_ADDRESS,
    _APIS,
    _ATTACHED,
    severity="critical",
    proof="network fit",
    says="No address and no forwarding rule is public (CIS GCP 4.9).",
    remedy="Set address_type='INTERNAL', and load_balancing_scheme='' on what forwards to Private Service Connect.",
    never_waived=OPEN_TO_OTHERS,
)
def no_public_address(graph: Graph, resource: Resource) -> Iterator[str]:
    """Both properties are EXTERNAL by default. An empty scheme is not the same as no scheme."""
    if resource.type in (_ADDRESS, _GLOBAL_ADDRESS):
        if resource.props.text_or_empty("addressType") != "INTERNAL":
            yield "is a public address, or does not say that it is not"
    elif resource.props.value_or_none("loadBalancingScheme") not in ("", "INTERNAL"):
        yield "listens on the internet, or does not say that it does not"


@stack_rule(
    "network-subnet-private",
    _SUBNET,
    severity="critical",
    proof="network fit",
    says="A subnet has private addresses of the range that the stack file names, and reaches Google's APIs without a "
    "public one or an external IPv6 address.",
    remedy="Set private_ip_google_access=True and an ip_cidr_range below network.cidr; leave stack_type at IPV4_ONLY.",
    never_waived=OPEN_TO_OTHERS,
)
def subnet_private(graph: Graph, subnet: Resource) -> Iterator[str]:
    """Private Google Access on (needed by machines without an address), IPv6 off. A range that is not private takes the
    way to whoever has its addresses (VPC documentation, "Privately used public IPv4 ranges"). In a subnet of proxies no
    machine stands that could reach Google's APIs. Another range may be one that somebody else has in a joined network.
    """
    props = subnet.props
    if not _is_private(range_ := props.text_if_known("ipCidrRange")) and range_:
        yield f"has the addresses {range_}, which are not private ones"
    elif range_ and graph.ours and graph.placement is not None and not _is_below(range_, graph.placement.addresses):
        yield f"has the addresses {range_}, which its file does not name"
    if props.flag_or_none("privateIpGoogleAccess") is not True and props.text_or_empty("purpose") not in _PROXIES:
        yield "has no private access to Google's APIs"
    if props.text_or_empty("stackType") not in ("", "IPV4_ONLY") or props.text_or_empty("ipv6AccessType") == "EXTERNAL":
        yield "gives IPv6 addresses, which no rule of the pilot bounds"


@stack_rule(
    "network-firewall-closed",
    _FIREWALL,
    severity="critical",
    proof="network fit",
    says="A firewall rule allows HTTPS with single addresses and nothing more; each is in force and logged.",
    remedy="Name the peer's address, tcp and port 443; set log_config and leave out disabled.",
)
def firewall_closed(graph: Graph, resource: Resource) -> Iterator[str]:
    """CIS GCP 3.6, 3.7, for every port: no range of any size; where no peer is named, Google Cloud takes 0.0.0.0/0."""
    props = resource.props
    if props.flag_or_none("disabled"):
        yield "is switched off"
    if not props.is_given("logConfig"):
        yield "is not logged"
    allows = list(props.each_section("allows"))
    peers = "destinationRanges" if props.text_or_empty("direction") == "EGRESS" else "sourceRanges"
    if allows and not props.is_given(peers):
        yield f"is open {'from' if peers == 'sourceRanges' else 'to'} anywhere"
    for peer in props.each_text_if_known(peers) if allows else ():
        if not _is_one_private(peer):
            yield f"is open to {peer}, which is no single private address"
        elif peers == "destinationRanges" and not _is_of(graph, peer):
            yield f"is open to {peer}, which is no address of the stack"
    if allows and props.is_given("denies"):
        yield "allows and denies at once"
    for allow in allows:
        protocol, ports = allow.text_or_empty("protocol"), list(allow.each_text("ports"))
        if protocol != "tcp" or ports != ["443"]:
            yield f"allows {protocol} {', '.join(ports) or 'on every port'}, not only HTTPS"


_PRIVATE = tuple(ipaddress.IPv4Network(range_) for range_ in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))
"""The private ranges (RFC 1918)."""


def _is_one_private(peer: str) -> bool:
    return _is_private(peer) and ipaddress.IPv4Network(peer).prefixlen == 32


def _is_private(range_: str) -> bool:
    try:
        network = ipaddress.IPv4Network(range_)
    except ValueError:
        return False
    return any(network.subnet_of(private) for private in _PRIVATE)


def _is_below(range_: str, said: Iterable[str]) -> bool:
    """Whether a range lies in one of these, as far as they are ranges."""
    ranges = (ipaddress.IPv4Network(one) for one in said if re.fullmatch(r"[0-9.]+/[0-9]+", one))
    return any(ipaddress.IPv4Network(range_).subnet_of(one) for one in ranges)


def _is_of(graph: Graph, peer: str) -> bool:
    """Whether the stack reserves an address. A reserved address that is not known yet may be the one."""
    reserved = {address.props.text_if_known("address") for address in graph.of(_ADDRESS, _GLOBAL_ADDRESS)}
    return peer.removesuffix("/32") in reserved or "" in reserved


@whole_stack_rule(
    "network-default-denied",
    _VPC,
    severity="critical",
    proof="network fit",
    says="Each network denies and logs what no firewall rule allows. Google Cloud's own default lets everything out.",
    remedy="Keep the network component's two denies, at the lowest precedence and without targets.",
)
def default_denied(graph: Graph) -> Found:
    """VPC documentation, "Implied rules": egress allowed, ingress denied unlogged; a lower priority goes first.

    A range beside 0.0.0.0/0 says that somebody took the deny for one of that range alone.
    """
    for vpc in graph.of(_VPC):
        rules = graph.referring(_FIREWALL, "network", vpc)
        for direction, peers in (("EGRESS", "destinationRanges"), ("INGRESS", "sourceRanges")):
            denies = [_priority(rule) for rule in rules if _denies_all(rule.props, direction, peers)]
            if not denies:
                yield vpc, f"does not deny {direction.lower()}, or does not log what it denies"
            for rule in rules:
                more = set(rule.props.each_text_if_known(peers)) - {"0.0.0.0/0", ""}
                if more and graph.ours and _denies_all(rule.props, direction, peers):
                    yield rule, f"denies {', '.join(sorted(more))} beside everything (its {peers})"
                allows = rule.props.is_given("allows") and _direction(rule.props) == direction
                if allows and any(priority <= _priority(rule) for priority in denies):
                    yield rule, "is overruled by the deny of everything: it needs a lower priority number"


def _denies_all(props: Properties, direction: str, peers: str) -> bool:
    denies = props.each_section("denies")
    denied = any(deny.text_or_empty("protocol") == "all" and not deny.is_given("ports") for deny in denies)
    everything = denied and "0.0.0.0/0" in props.each_text_if_known(peers)
    said = props.text_or_empty("direction") == direction
    return everything and said and not _narrowed(props) and props.is_given("logConfig")


def _direction(props: Properties) -> str:
    """The direction of a rule. INGRESS is the default (Compute API, firewalls)."""
    return props.text_or_empty("direction") or "INGRESS"


def _narrowed(props: Properties) -> bool:
    """Whether a firewall rule is switched off, or does not apply to every machine of its network.

    The ranges of the other end narrow a rule, too: those of the sources one of egress.
    """
    other = "sourceRanges" if _direction(props) == "EGRESS" else "destinationRanges"
    targeted = any(props.is_given(key) for key in ("targetTags", "targetServiceAccounts", other))
    return targeted or props.flag_or_none("disabled") is True


def _priority(rule: Resource) -> float:
    priority = rule.props.number_or_none("priority")
    return 1000 if priority is None else priority


@resource_rule(
    "network-flow-logs",
    _SUBNET,
    severity="medium",
    proof="network fit",
    says="Every flow of each subnet is logged, with its metadata (CIS GCP 3.8).",
    remedy="Set log_config with flow_sampling=1 and metadata='INCLUDE_ALL_METADATA', without a filter.",
)
def flow_logs(props: Properties) -> Iterator[str]:
    """Sampling below 1 (the default is a half) drops flows; a filter may drop those that matter. A subnet in which only
    Google's proxies stand takes no flow logs: https://cloud.google.com/compute/docs/reference/rest/v1/subnetworks
    (enableFlowLogs).
    """
    if props.text_or_empty("purpose") in _PROXIES:
        return
    log = props.section_or_empty("logConfig")
    if log.number_or_none("flowSampling") != 1 or log.text_or_empty("filterExpr") not in ("", "true"):
        yield "does not log every flow"
    if log.text_or_empty("metadata") != "INCLUDE_ALL_METADATA":
        yield "logs flows without saying whose they are"


@stack_rule(
    "network-dns-logged",
    _VPC,
    _DNS,
    severity="medium",
    proof="network fit",
    says="Every DNS query of a network is logged (CIS GCP 2.12), for data can leave in the names.",
    remedy="Keep the network component's DNS policy with enable_logging=True.",
)
def dns_logged(graph: Graph, resource: Resource) -> Iterator[str]:
    """A private network still resolves public names. It must not forward queries to others or take theirs."""
    if resource.type == _VPC:
        policies = graph.referring(_DNS, "networks", resource)
        if not any(policy.props.flag_or_none("enableLogging") for policy in policies):
            yield "does not log its DNS queries"
    elif resource.props.flag_or_none("enableInboundForwarding") or resource.props.is_given(
        "alternativeNameServerConfig"
    ):
        yield "forwards DNS queries into or out of the network"


@resource_rule(
    "network-workspace-vpc-only",
    _WORKBENCH,
    severity="critical",
    proof="network fit",
    says="A Workbench instance has no public address and one interface, in the pilot's subnet (CIS GCP 4.6, 4.9).",
    remedy="Set disable_public_ip=True and name network and subnet; leave out access_configs and enable_ip_forwarding.",
    never_waived=OPEN_TO_OTHERS,
)
def workspace_vpc_only(props: Properties) -> Iterator[str]:
    """Without an interface the instance lands in the project's default network."""
    setup = props.section_or_empty("gceSetup")
    interfaces = list(setup.each_section("networkInterfaces"))
    if setup.flag_or_none("disablePublicIp") is not True:
        yield "has a public address"
    if len(interfaces) != 1 or not setup.is_given_in_each("networkInterfaces.subnet"):
        yield "is not in the pilot's subnet, or not only there"
    if any(interface.is_given("accessConfigs") for interface in interfaces) or setup.flag_or_none("enableIpForwarding"):
        yield "has an interface to the internet, or forwards what others send"


@resource_rule(
    "network-endpoint-closed",
    _APIS,
    severity="high",
    proof="network fit",
    says="The private way to Google's APIs carries only APIs that VPC Service Controls can bind.",
    remedy="Set target='vpc-sc'.",
)
def endpoint_closed(props: Properties) -> Iterator[str]:
    """all-apis also carries other APIs (VPC documentation, "About accessing Google APIs through endpoints")."""
    target = props.text_or_empty("target")
    if target != "vpc-sc":
        yield f"carries {target or 'nothing'}, where only vpc-sc keeps data inside a perimeter"


@caller_rule(
    "network-served-privately",
    _SERVED,
    severity="critical",
    proof="network fit",
    says="An endpoint answers through Private Service Connect only, and only to the stack's project and its callers'.",
    remedy="Set private_service_connect_config with the pilot's project; no network, no dedicated endpoint. Name the "
    "project of who calls under callers.",
    never_waived=OPEN_TO_OTHERS,
)
def served_privately(callers: Sequence[Caller], props: Properties) -> Iterator[str]:
    """An endpoint has only one of three ways (Vertex AI, "Use Private Service Connect to access online inference")."""
    private = props.section_or_empty("privateServiceConnectConfig")
    connected, peered = private.flag_or_none("enablePrivateServiceConnect") is True, props.is_given("network")
    if not connected and not peered:
        yield "answers on a public address"
    if connected and not private.is_given("projectAllowlists"):
        yield "names no project that may connect"
    elif set(private.each_text("projectAllowlists")) - {props.text_or_empty("project"), *_projects(callers)}:
        yield "lets another project connect"
    if peered:
        yield "answers whoever is in a peered network, not through Private Service Connect"
    if props.flag_or_none("dedicatedEndpointEnabled"):
        yield "answers by another way than Private Service Connect"


def _projects(callers: Sequence[Caller]) -> set[str]:
    """The projects of callers that have an address of their own."""
    return {caller.account for caller in callers if caller.account and not caller.cidr}


@whole_stack_rule(
    "network-proof",
    severity="high",
    proof="network fit",
    says="Each API that a feature needs is reachable privately, and each zone and address for it is needed.",
    remedy="State the domain in the REACH of the component that needs it; the network component builds the rest.",
)
def proof(graph: Graph) -> Found:
    """The network proof. Compares the needed domains with the zones, then follows name, address and firewall.

    A domain that the network of the landing zone resolves in private counts as having a zone. `network-endpoint-named`
    asks for the names of endpoints, which lead to addresses of their own.
    """
    needed = _needed(graph)
    resolved = {domain for net in given.of(graph, GcpNetwork) for domain in net.private_domains}
    zones = [(domain_of(zone), zone) for zone in graph.of(_ZONE) if domain_of(zone) != vertex.NAMES]
    for domain, resource in needed.items():
        if domain not in [*(present for present, _ in zones), *resolved]:
            yield resource, f"needs {domain}, for which there is no private zone"
    for domain, zone in zones:
        if domain not in needed:
            yield zone, f"is paid for, but nothing in the stack needs {domain}"
    for vpc in graph.of(_VPC):
        ways = graph.referring(_APIS, "network", vpc)
        addresses = [a for way in ways for a in graph.refers(way, "ipAddress", _GLOBAL_ADDRESS) if _private(a, vpc)]
        if needed and not addresses:
            yield vpc, "has no Private Service Connect address for Google's APIs"
        for way in ways:
            if not needed:
                yield way, "is paid for, but nothing in the stack needs Google's APIs"
        let_out = let_out_to(graph)[vpc.urn]
        for address in addresses:
            if address not in let_out:
                yield address, "has no firewall rule that allows HTTPS to it"
        for domain, zone in zones:
            if domain in needed:
                yield from _resolved(graph, vpc, zone, domain, addresses)


def _needed(graph: Graph) -> dict[str, Resource]:
    """The domains that must resolve to the private address, each with the first resource that needs it. None where a
    program makes no network: it stands in another's, and nobody told what that resolves.
    """
    found: dict[str, Resource] = {}
    if not graph.ours and not graph.of(_VPC, _ZONE):
        return found
    for resource in graph.cloud:
        kind = kind_of(resource.type)
        if kind is not None and isinstance(kind.reaches, Reaches):
            for domain in kind.reaches.services(graph, resource):
                found.setdefault(domain, resource)
    return found


def domain_of(zone: Resource) -> str:
    """The domain that a zone answers for."""
    return zone.props.text_or_empty("dnsName").rstrip(".")


def _private(address: Resource, vpc: Resource) -> bool:
    purpose = address.props.text_or_empty("purpose")
    return purpose == "PRIVATE_SERVICE_CONNECT" and vpc.urn in _urns(address, "network")


def _urns(resource: Resource, key: str) -> set[str]:
    return set(resource.property_dependencies.get(key, ()))


class _Named:
    """The resources that some properties name, by text, or by reference where the text is unknown."""

    def __init__(self, key: str, resources: Iterable[Resource]) -> None:
        self._urns: set[str] = set()
        self.texts: set[str] = set()
        for resource in resources:
            self._urns |= _urns(resource, key)
            self.texts |= {text.removesuffix("/32") for text in resource.props.each_text_if_known(key)}

    def __contains__(self, address: Resource) -> bool:
        return address.urn in self._urns or address.props.text_if_known("address") in self.texts


@once_a_graph
def let_out_to(graph: Graph) -> Mapping[str, _Named]:
    """The addresses to which every machine of a network may open HTTPS, by the URN of the network."""
    rules = {vpc.urn: graph.referring(_FIREWALL, "network", vpc) for vpc in graph.of(_VPC)}
    return {
        urn: _Named("destinationRanges", [rule for rule in own if _lets_https_out(rule.props)])
        for urn, own in rules.items()
    }


def _lets_https_out(props: Properties) -> bool:
    https = any(
        allow.text_or_empty("protocol") == "tcp" and "443" in allow.each_text("ports")
        for allow in props.each_section("allows")
    )
    return https and _direction(props) == "EGRESS" and not _narrowed(props)


def _resolved(
    graph: Graph, vpc: Resource, zone: Resource, domain: str, addresses: list[Resource]
) -> Iterator[tuple[Resource | None, str]]:
    """Whether the network sees the zone, and the zone resolves the domain and all names below it to the address."""
    if zone.props.text_or_empty("visibility") != "private" or vpc.urn not in _urns(zone, "privateVisibilityConfig"):
        yield zone, f"is not a private zone of {vpc.name}"
    records = graph.referring(_RECORD, "managedZone", zone)
    for name in (f"{domain}.", f"*.{domain}."):
        named = [record for record in records if record.props.text_if_known("name") == name]
        if not named or not all(_sends(record, f"{domain}.", addresses) for record in named):
            yield zone, f"does not send {name} to the private address"


def _sends(record: Resource, apex: str, addresses: list[Resource]) -> bool:
    """Whether an A record names these addresses and no other, or the wildcard is an alias of the domain itself."""
    named = _Named("rrdatas", [record])
    if record.props.text_or_empty("type") == "CNAME":
        return record.props.text_if_known("name") != apex and named.texts == {apex}
    ours = {address.props.text_if_known("address") for address in addresses}
    others = set[str]() if "" in ours else named.texts - ours  # an address that is not known yet may be the named one
    return record.props.text_or_empty("type") == "A" and not others and any(a in named for a in addresses)


@whole_stack_rule(
    "network-endpoint-reached",
    _DEPLOYMENT,
    _ATTACHED,
    severity="high",
    proof="network fit",
    says="Each deployment has one private address in the network, made after it, and no address is left over.",
    remedy="Give the endpoint component's forwarding rule the deployment's service_attachment as its target.",
)
def endpoint_reached(graph: Graph) -> Found:
    """The service attachment exists once a model is deployed, so the forwarding rule must follow the deployment."""
    let_out = let_out_to(graph)
    for deployment in graph.of(_DEPLOYMENT):
        if not graph.referring(_ATTACHED, "target", deployment):
            yield deployment, "has no forwarding rule, so nobody in the network reaches it"
    for way in graph.of(_ATTACHED):
        if not graph.refers(way, "target", _DEPLOYMENT):
            yield way, "is paid for, but forwards to no deployment"
        vpcs, addresses = graph.refers(way, "network", _VPC), graph.refers(way, "ipAddress", _ADDRESS)
        if not (vpcs or in_given(graph, way, "network")) or not addresses:
            yield way, "has no address in the network"
        for address in addresses:
            if not graph.refers(address, "subnetwork", _SUBNET) and not in_given(graph, address, "subnetwork"):
                yield address, "is in no subnet of the network"
            if any(address not in let_out[vpc.urn] for vpc in vpcs):
                yield address, "has no firewall rule that allows HTTPS to it"


@whole_stack_rule(
    "network-endpoint-named",
    _ATTACHED,
    severity="high",
    proof="network fit",
    says="Each address that leads to an endpoint has a name to which the endpoint's certificate is made out.",
    remedy="Give the endpoint component the zone of EndpointNames.",
)
def endpoint_named(graph: Graph) -> Found:
    """The certificate is made out to *.prediction.p.vertexai.goog, and no authority signs it: only a name can be held
    against it ("Use dedicated private endpoints based on Private Service Connect", support for TLS certificates).

    In the landing zone's network names are its owner's to keep.
    """
    zones = [zone for zone in graph.of(_ZONE) if domain_of(zone) == vertex.NAMES]
    records = {zone.urn: _by_address(graph.referring(_RECORD, "managedZone", zone)) for zone in zones}
    for way in graph.of(_ATTACHED):
        addresses = graph.refers(way, "ipAddress", _ADDRESS)
        for vpc in graph.refers(way, "network", _VPC):
            read = [records[zone.urn] for zone in zones if _is_read(zone, vpc)]
            leading = (record for one in read for address in addresses for record in _leading(one, address))
            if not any(_names(record, addresses) for record in leading):
                yield way, f"has no name in a private zone of {vertex.NAMES}, so nobody can trust its certificate"


def _by_address(records: Iterable[Resource]) -> Mapping[str, list[Resource]]:
    """The records by each address that they lead to: by its URN, and by its text."""
    found: dict[str, list[Resource]] = {}
    for record in records:
        for key in {*_urns(record, "rrdatas"), *record.props.each_text_if_known("rrdatas")}:
            found.setdefault(key, []).append(record)
    return found


def _leading(records: Mapping[str, list[Resource]], address: Resource) -> Iterator[Resource]:
    yield from records.get(address.urn, ())
    yield from records.get(address.props.text_if_known("address"), ())


def _is_read(zone: Resource, vpc: Resource) -> bool:
    private = zone.props.text_or_empty("visibility") == "private"
    return private and vpc.urn in _urns(zone, "privateVisibilityConfig")


def _names(record: Resource, addresses: list[Resource]) -> bool:
    """Whether a record leads from one name of the domain to these addresses and no other."""
    named, ours = _Named("rrdatas", [record]), {address.props.text_if_known("address") for address in addresses}
    others = set[str]() if "" in ours else named.texts - ours
    # One label: a wildcard would answer for the endpoints of others, too.
    below = bool(re.fullmatch(rf"[a-z0-9-]+\.{re.escape(vertex.NAMES)}\.", record.props.text_if_known("name")))
    return below and record.props.text_or_empty("type") == "A" and not others and any(a in named for a in addresses)


def in_given(graph: Graph, resource: Resource, key: str) -> bool:
    """Whether the property names the network of the stack's landing zone, or a subnet of it that the zone gives."""
    there = given.of(graph, GcpNetwork)
    ids = {id_ for net in there for id_ in (net.network_id, net.subnet_id(resource.props.text_if_known("region")))}
    return resource.props.text_if_known(key) in ids


RULES = [
    no_internet_gateway,
    no_internet_route,
    custom_mode,
    no_public_address,
    subnet_private,
    firewall_closed,
    default_denied,
    flow_logs,
    dns_logged,
    workspace_vpc_only,
    endpoint_closed,
    served_privately,
    proof,
    endpoint_reached,
    endpoint_named,
]
