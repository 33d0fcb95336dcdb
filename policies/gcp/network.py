"""Network isolation: nothing of a pilot is on the internet, and what it needs it reaches privately.

Two rules of AWS have no meaning here. `network-model-isolated`: a served model runs in Google's tenant project, which
no firewall of this network contains (VPC Service Controls do, at the organisation). `network-studio-paths`: a
Workbench instance is one machine, so its files and kernels need no port. Two have another shape: a security group is a
firewall rule (`network-firewall-closed`), and what a network does by default is denied, not emptied
(`network-default-denied`).
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import PolicyResource, Severity
from pulumi_policy.proxy import UnknownValueError

from policies.rule import Stack, as_list, get, given, known, refers, resource_rule, section, stack_rule

_VPC, _SUBNET = "gcp:compute/network:Network", "gcp:compute/subnetwork:Subnetwork"
_FIREWALL = "gcp:compute/firewall:Firewall"
_ZONE, _RECORD = "gcp:dns/managedZone:ManagedZone", "gcp:dns/recordSet:RecordSet"
_GLOBAL_ADDRESS, _ADDRESS = "gcp:compute/globalAddress:GlobalAddress", "gcp:compute/address:Address"
_APIS, _ATTACHED = "gcp:compute/globalForwardingRule:GlobalForwardingRule", "gcp:compute/forwardingRule:ForwardingRule"
_WORKBENCH, _SERVED = "gcp:workbench/instance:Instance", "gcp:vertex/aiEndpoint:AiEndpoint"
_DEPLOYMENT = "mlplatform:gcp:Deployment"
_WAYS_OUT = (
    "gcp:compute/externalVpnGateway:ExternalVpnGateway",
    "gcp:compute/haVpnGateway:HaVpnGateway",
    "gcp:compute/interconnectAttachment:InterconnectAttachment",
    "gcp:compute/networkPeering:NetworkPeering",
    "gcp:compute/routerNat:RouterNat",
    "gcp:compute/vPNGateway:VPNGateway",
    "gcp:networkconnectivity/spoke:Spoke",
    "gcp:servicenetworking/connection:Connection",
    "gcp:vpcaccess/connector:Connector",
)

# The domains that must resolve to the private way because a resource of this type exists. Vertex AI documentation:
# "Use a Vertex AI Workbench instance within a service perimeter" (the notebooks domains, and pkg.dev for images).
NEEDS: Mapping[str, tuple[str, ...]] = {
    _WORKBENCH: ("googleapis.com", "notebooks.cloud.google.com", "notebooks.googleusercontent.com", "pkg.dev"),
}


@resource_rule(
    "network-no-internet-gateway",
    *_WAYS_OUT,
    severity=Severity.CRITICAL,
    says="A pilot has no NAT, VPN, interconnect or peering that leads out of its network.",
    remedy="Remove the resource; reach Google's services through the network component's private way.",
)
def no_internet_gateway(props: Mapping[str, Any]) -> Iterator[str]:
    """Any such resource is a violation. Peering also deletes badly (terraform-provider-google 16275, 19908)."""
    yield "leads out of the private network"


@resource_rule(
    "network-no-internet-route",
    _VPC,
    "gcp:compute/route:Route",
    severity=Severity.CRITICAL,
    says="The network has no default route, and no route of its own: Private Service Connect needs none.",
    remedy="Set delete_default_routes_on_create=True and remove the route.",
)
def no_internet_route(props: Mapping[str, Any]) -> Iterator[str]:
    """A network brings a route to 0.0.0.0/0 unless told not to (VPC documentation, "System-generated routes")."""
    if "destRange" in props:
        yield f"routes {known(props, 'destRange')} out of the network"
    elif props.get("deleteDefaultRoutesOnCreate") is not True:
        yield "keeps its default route to the internet"


@resource_rule(
    "network-custom-mode",
    _VPC,
    severity=Severity.HIGH,
    says="The network has the subnets that the pilot declares and no others (CIS GCP 3.1, 3.2).",
    remedy="Set auto_create_subnetworks=False.",
)
def custom_mode(props: Mapping[str, Any]) -> Iterator[str]:
    """The provider's default is one subnet in every region, none of them with flow logs."""
    if props.get("autoCreateSubnetworks") is not False:
        yield "creates a subnet in every region of the world"


@stack_rule(
    "network-no-public-address",
    severity=Severity.CRITICAL,
    says="No address and no forwarding rule is public (CIS GCP 4.9).",
    remedy="Set address_type='INTERNAL', and load_balancing_scheme='' on what forwards to Private Service Connect.",
)
def no_public_address(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Both properties are EXTERNAL where they are not given."""
    for address in stack.of(_ADDRESS, _GLOBAL_ADDRESS):
        if address.props.get("addressType") != "INTERNAL":
            yield address.urn, "is a public address, or does not say that it is not"
    for rule in stack.of(_APIS, _ATTACHED):
        if rule.props.get("loadBalancingScheme") not in ("", "INTERNAL"):
            yield rule.urn, "listens on the internet, or does not say that it does not"


@resource_rule(
    "network-subnet-private",
    _SUBNET,
    severity=Severity.CRITICAL,
    says="A subnet reaches Google's APIs without a public address, and gives its machines no external IPv6 address.",
    remedy="Set private_ip_google_access=True and leave stack_type at IPV4_ONLY.",
)
def subnet_private(props: Mapping[str, Any]) -> Iterator[str]:
    """Private Google Access on (needed by machines without an address), IPv6 off."""
    if props.get("privateIpGoogleAccess") is not True:
        yield "has no private access to Google's APIs"
    if props.get("stackType") not in (None, "IPV4_ONLY") or props.get("ipv6AccessType") == "EXTERNAL":
        yield "gives IPv6 addresses, which no rule of the pilot bounds"


@resource_rule(
    "network-firewall-closed",
    _FIREWALL,
    severity=Severity.CRITICAL,
    says="A firewall rule allows HTTPS with single addresses and nothing more; each is in force and logged.",
    remedy="Name the peer's address, tcp and port 443; set log_config and leave out disabled.",
)
def firewall_closed(props: Mapping[str, Any]) -> Iterator[str]:
    """CIS GCP 3.6, 3.7, for every port: no range of any size; where no peer is named, Google Cloud takes 0.0.0.0/0."""
    if props.get("disabled"):
        yield "is switched off"
    if not given(props, "logConfig"):
        yield "is not logged"
    allows = props.get("allows") or ()
    peers = "destinationRanges" if props.get("direction") == "EGRESS" else "sourceRanges"
    if allows and not given(props, peers):
        yield f"is open {'from' if peers == 'sourceRanges' else 'to'} anywhere"
    for peer in _texts(props, peers) if allows else ():
        if "/" in peer and not peer.endswith("/32"):
            yield f"is open to the range {peer}"
    for allow in allows:
        if allow.get("protocol") != "tcp" or list(allow.get("ports") or ()) != ["443"]:
            yield f"allows {allow.get('protocol')} {', '.join(allow.get('ports') or ['on every port'])}, not only HTTPS"


def _texts(props: Mapping[str, Any], key: str) -> list[str]:
    """The texts of a list; none where they are not known before `up`, so that a rule follows references instead."""
    try:
        return [str(item) for item in as_list(props.get(key))]
    except UnknownValueError:
        return []


@stack_rule(
    "network-default-denied",
    severity=Severity.CRITICAL,
    says="Each network denies, and logs, whatever no firewall rule allows; Google Cloud's own default lets all out.",
    remedy="Keep the network component's two denies, at the lowest precedence and without targets.",
)
def default_denied(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """VPC documentation, "Implied rules": egress allowed, ingress denied unlogged; a lower priority goes first."""
    for vpc in stack.of(_VPC):
        rules = stack.referring(_FIREWALL, "network", vpc)
        for direction, peers in (("EGRESS", "destinationRanges"), ("INGRESS", "sourceRanges")):
            denies = [rule for rule in rules if _denies_all(rule.props, direction, peers)]
            if not denies:
                yield vpc.urn, f"does not deny {direction.lower()}, or does not log what it denies"
            for rule in rules:
                allows = rule.props.get("allows") and rule.props.get("direction") == direction
                if allows and any(_priority(deny) <= _priority(rule) for deny in denies):
                    yield rule.urn, "allows what the deny of everything takes back: it needs a lower priority number"


def _denies_all(props: Mapping[str, Any], direction: str, peers: str) -> bool:
    targeted = given(props, "targetTags") or given(props, "targetServiceAccounts") or props.get("disabled")
    everything = get(props, "denies.protocol") == "all" and "0.0.0.0/0" in _texts(props, peers)
    return props.get("direction") == direction and everything and not targeted and given(props, "logConfig")


def _priority(rule: PolicyResource) -> float:
    return float(rule.props.get("priority", 1000))


@resource_rule(
    "network-flow-logs",
    _SUBNET,
    severity=Severity.MEDIUM,
    says="Every flow of each subnet is logged, with its metadata (CIS GCP 3.8).",
    remedy="Set log_config with flow_sampling=1 and metadata='INCLUDE_ALL_METADATA', without a filter.",
)
def flow_logs(props: Mapping[str, Any]) -> Iterator[str]:
    """Sampling below 1 (the default is a half) drops flows; a filter may drop those that matter."""
    log = section(props, "logConfig")
    if log.get("flowSampling") != 1 or log.get("filterExpr") not in (None, "true"):
        yield "does not log every flow"
    if log.get("metadata") != "INCLUDE_ALL_METADATA":
        yield "logs flows without saying whose they are"


@stack_rule(
    "network-dns-logged",
    severity=Severity.MEDIUM,
    says="Every name that a network asks for is logged (CIS GCP 2.12): names leave where connections cannot.",
    remedy="Keep the network component's DNS policy with enable_logging=True.",
)
def dns_logged(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """A private network still resolves public names; queries forwarded to others, or from others, are refused."""
    type_ = "gcp:dns/policy:Policy"
    for vpc in stack.of(_VPC):
        if not any(p.props.get("enableLogging") is True for p in stack.referring(type_, "networks", vpc)):
            yield vpc.urn, "does not log its DNS queries"
    for policy in stack.of(type_):
        if policy.props.get("enableInboundForwarding") or given(policy.props, "alternativeNameServerConfig"):
            yield policy.urn, "forwards DNS queries into or out of the network"


@resource_rule(
    "network-workspace-vpc-only",
    _WORKBENCH,
    severity=Severity.CRITICAL,
    says="A Workbench instance has no public address and one interface, in the pilot's subnet (CIS GCP 4.6, 4.9).",
    remedy="Set disable_public_ip=True and name network and subnet; leave out access_configs and enable_ip_forwarding.",
)
def workspace_vpc_only(props: Mapping[str, Any]) -> Iterator[str]:
    """Without an interface the instance lands in the project's default network."""
    setup = section(props, "gceSetup")
    if setup.get("disablePublicIp") is not True:
        yield "has a public address"
    if not given(setup, "networkInterfaces.subnet") or len(setup.get("networkInterfaces") or ()) != 1:
        yield "is not in the pilot's subnet, or not only there"
    if given(setup, "networkInterfaces.accessConfigs") or setup.get("enableIpForwarding"):
        yield "has an interface to the internet, or forwards what others send"


@resource_rule(
    "network-endpoint-closed",
    _APIS,
    severity=Severity.HIGH,
    says="The private way to Google's APIs carries only APIs that VPC Service Controls can bind.",
    remedy="Set target='vpc-sc'.",
)
def endpoint_closed(props: Mapping[str, Any]) -> Iterator[str]:
    """VPC documentation, "About accessing Google APIs through endpoints": all-apis carries the others too."""
    if props.get("target") != "vpc-sc":
        yield f"carries {props.get('target')}, where only vpc-sc keeps data inside a perimeter"


@resource_rule(
    "network-served-privately",
    _SERVED,
    severity=Severity.CRITICAL,
    says="An endpoint answers through Private Service Connect only, and only to named projects.",
    remedy="Set private_service_connect_config with the pilot's project; no network, no dedicated endpoint.",
)
def served_privately(props: Mapping[str, Any]) -> Iterator[str]:
    """Vertex AI documentation, "Use Private Service Connect to access online inference": the three ways exclude."""
    private = section(props, "privateServiceConnectConfig")
    if private.get("enablePrivateServiceConnect") is not True:
        yield "answers on a public address"
    if not given(private, "projectAllowlists"):
        yield "names no project that may connect"
    elif set(_texts(private, "projectAllowlists")) - {known(props, "project")}:
        yield "lets another project connect"
    if given(props, "network") or props.get("dedicatedEndpointEnabled"):
        yield "answers by another way than Private Service Connect"


@stack_rule(
    "network-proof",
    severity=Severity.HIGH,
    says="What the features need is reachable privately, and nothing is paid for that nothing needs.",
    remedy="State the domain in the REACH of the component that needs it; the network component builds the rest.",
)
def proof(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """The network proof: domains needed against zones present, then the path from name to address to firewall."""
    present = {known(zone.props, "dnsName").rstrip("."): zone for zone in stack.of(_ZONE)}
    needed = {domain: type_ for type_ in NEEDS for domain in NEEDS[type_] if stack.of(type_)}
    for domain, type_ in needed.items():
        if domain not in present:
            yield None, f"{type_.rpartition(':')[2]} needs {domain}, for which there is no private zone"
    for domain, zone in present.items():
        if domain not in needed:
            yield zone.urn, f"is paid for, but nothing in the stack needs {domain}"
    for vpc in stack.of(_VPC):
        ways = stack.referring(_APIS, "network", vpc)
        addresses = [a for way in ways for a in refers(way, "ipAddress", _GLOBAL_ADDRESS) if _private(a, vpc)]
        if needed and not addresses:
            yield vpc.urn, "has no Private Service Connect address for Google's APIs"
        for way in ways:
            if not needed:
                yield way.urn, "is paid for, but nothing in the stack needs Google's APIs"
        let_out = _let_out(stack, vpc)
        for address in addresses:
            if address not in let_out:
                yield address.urn, "has no firewall rule that allows HTTPS to it"
        for domain in sorted(set(needed) & set(present)):
            yield from _resolved(stack, vpc, present[domain], domain, addresses)


def _private(address: PolicyResource, vpc: PolicyResource) -> bool:
    return address.props.get("purpose") == "PRIVATE_SERVICE_CONNECT" and vpc.urn in _urns(address, "network")


def _urns(resource: PolicyResource, key: str) -> set[str]:
    return {target.urn for target in resource.property_dependencies.get(key, ())}


class _Named:
    """What a set of properties names, by reference and as text; a reference holds where the text is unknown."""

    def __init__(self) -> None:
        self._urns: set[str] = set()
        self._texts: set[str] = set()

    def add(self, resource: PolicyResource, key: str) -> None:
        self._urns |= _urns(resource, key)
        self._texts |= {text.removesuffix("/32") for text in _texts(resource.props, key)}

    def __contains__(self, address: PolicyResource) -> bool:
        return address.urn in self._urns or known(address.props, "address") in self._texts


def _let_out(stack: Stack, vpc: PolicyResource) -> _Named:
    """What every machine of the network may open HTTPS to."""
    named = _Named()
    for rule in stack.referring(_FIREWALL, "network", vpc):
        allows = rule.props.get("allows") or ()
        https = any(a.get("protocol") == "tcp" and "443" in (a.get("ports") or ()) for a in allows)
        targeted = given(rule.props, "targetTags") or given(rule.props, "targetServiceAccounts")
        if https and rule.props.get("direction") == "EGRESS" and not targeted and not rule.props.get("disabled"):
            named.add(rule, "destinationRanges")
    return named


def _resolved(
    stack: Stack, vpc: PolicyResource, zone: PolicyResource, domain: str, addresses: list[PolicyResource]
) -> Iterator[tuple[str | None, str]]:
    """Whether the network sees the zone, and the zone sends the domain and all below it to the address."""
    if zone.props.get("visibility") != "private" or vpc.urn not in _urns(zone, "privateVisibilityConfig"):
        yield zone.urn, f"is not a private zone of {vpc.name}"
    records = {known(r.props, "name"): r for r in stack.referring(_RECORD, "managedZone", zone)}
    for name in (f"{domain}.", f"*.{domain}."):
        if name not in records or not _sends(records[name], f"{domain}.", addresses):
            yield zone.urn, f"does not send {name} to the private address"


def _sends(record: PolicyResource, apex: str, addresses: list[PolicyResource]) -> bool:
    """Whether an A record names one of the addresses, or the wildcard is an alias of the domain itself."""
    if record.props.get("type") == "CNAME":
        return known(record.props, "name") != apex and apex in _texts(record.props, "rrdatas")
    named = _Named()
    named.add(record, "rrdatas")
    return record.props.get("type") == "A" and any(address in named for address in addresses)


@stack_rule(
    "network-endpoint-reached",
    severity=Severity.HIGH,
    says="Each deployment has one private address in the network, made after it, and no address is left over.",
    remedy="Give the endpoint component's forwarding rule the deployment's service_attachment as its target.",
)
def endpoint_reached(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """The service attachment exists once a model is deployed, so the forwarding rule must follow the deployment."""
    let_out = {vpc.urn: _let_out(stack, vpc) for vpc in stack.of(_VPC)}
    for deployment in stack.of(_DEPLOYMENT):
        if not stack.referring(_ATTACHED, "target", deployment):
            yield deployment.urn, "serves where nobody in the network reaches it"
    for way in stack.of(_ATTACHED):
        if not refers(way, "target", _DEPLOYMENT):
            yield way.urn, "is paid for, but forwards to no deployment"
        vpcs, addresses = refers(way, "network", _VPC), refers(way, "ipAddress", _ADDRESS)
        if not vpcs or not addresses:
            yield way.urn, "has no address in the network"
        for address in addresses:
            if not refers(address, "subnetwork", _SUBNET):
                yield address.urn, "is in no subnet of the network"
            if any(address not in let_out[vpc.urn] for vpc in vpcs):
                yield address.urn, "has no firewall rule that allows HTTPS to it"


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
]
