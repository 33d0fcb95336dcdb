"""How the network of a stack on Vertex AI is drawn.

A Workbench instance is a machine in a subnet of the stack. Endpoints, and the jobs that a workflow or a scheduler
starts, run in a network of Google's own. The way to a private endpoint is a forwarding rule with an address in the
stack's network; nothing leads back. Vertex AI, "About accessing Vertex AI services through Private Service Connect
endpoints", https://cloud.google.com/vertex-ai/docs/general/psc-endpoints
"""

from collections.abc import Iterator, Mapping

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import WORKFLOW, cloudscheduler, compute, dns, mlplatform, vertex, workbench
from catalogue.kinds.gcp.workflows import paths, trains
from catalogue.landing_zones import GcpNetwork
from catalogue.machines import Machines
from catalogue.properties import Properties
from catalogue.served import endpoint_of
from operations.networks import UNKNOWN, Drawn, bound, machines, needed, nothing, opening, parts, read, tallied, unread
from operations.verdict import Bound, Callers, NetworkLink, NetworkPlace, Running, RunningPart
from policies import given
from policies.rule import callers as named_callers

PLATFORM = "Google's own network"
_JOBS = {
    WORKFLOW: "batch job",
    cloudscheduler.SCHEDULE: "job",
    mlplatform.DEPLOYMENT: "deployment of another's endpoint",
}
"""What starts machines on Google's side, and what the picture calls it."""
_JUDGED_NOT = "its own firewall and routes hold, which were not judged"


def places(graph: Graph) -> Iterator[NetworkPlace]:
    """Each VPC with its subnets, that of the landing zone, and Google's own network."""
    for network in graph.of(compute.VPC):
        subnets = graph.referring(compute.SUBNETWORK, "network", network)
        ranges = [(s.props.text_if_known("ipCidrRange"), s.props.text_if_known("region")) for s in subnets]
        yield NetworkPlace(
            name=network.name,
            side="stack",
            ranges=[cidr for cidr, _ in ranges],
            subnets=ranges,
            bounds=list(_firewall(graph, network)),
        )
    for net in given.of(graph, GcpNetwork):
        yield NetworkPlace(
            name=net.network_id,
            side="given",
            subnets=[(net.subnetwork, net.project)],
            bounds=[bound("landing zone", _JUDGED_NOT)],
        )
    perimeter = "no stack makes one, and a perimeter of VPC Service Controls alone contains what runs here"
    yield NetworkPlace(name=PLATFORM, side="platform", bounds=[opening("perimeter", perimeter)])


def _firewall(graph: Graph, network: Resource) -> Iterator[Bound]:
    rules = graph.referring(compute.FIREWALL, "network", network)
    if not rules:
        yield nothing("no firewall rule: Google Cloud then lets everything out")
        return
    said = read(lambda: [_rule(rule.props) for rule in rules], None)
    if said is None:
        yield from (unread("firewall", rule) for rule in rules[:1])
    else:
        yield bound("firewall", "; ".join(tallied(said)), *rules)


def _rule(rule: Properties) -> str:
    out = rule.text_or_empty("direction") == "EGRESS"
    off = "switched off, " if rule.flag_or_none("disabled") else ""
    allowed = rule.is_given("allows")
    opened = ", ".join(
        " ".join([each.text_or_empty("protocol").upper().replace("ALL", "everything"), *each.each_text("ports")])
        for each in rule.each_section("allows" if allowed else "denies")
    )
    key = "destinationRanges" if out else "sourceRanges"
    peers = list(rule.each_text_if_known(key))
    single = bool(peers) and all(peer.endswith("/32") for peer in peers)
    where = "one address" if single and len(peers) == 1 else ", ".join(peers)
    if not where:  # an address that is not known yet, or none
        where = "an address not known yet" if rule.is_given(key) else "anywhere"
    way, word = ("out", "to") if out else ("in", "from")
    return f"{off}{way}, {'allowed' if allowed else 'denied'}: {opened} {word} {where}"


# ---- what runs ------------------------------------------------------------------------------------------------------


def running(graph: Graph) -> Iterator[Drawn]:
    """Workbench instances, endpoints with their deployments, and what starts jobs on Google's side."""
    of = machines(graph)
    for instance in graph.of(workbench.INSTANCE):
        yield Drawn(_instance(graph, instance))
    inside: set[str] = set()
    for endpoint in graph.of(vertex.ENDPOINT):
        deployed = read(lambda e=endpoint: graph.referring(mlplatform.DEPLOYMENT, "endpoint", e), [])
        inside |= {deployment.urn for deployment in deployed}
        yield Drawn(
            Running(
                urn=endpoint.urn,
                name=endpoint.name,
                what=endpoint_of("online"),
                place=PLATFORM,
                parts=[part for deployment in deployed for part in _deployment(deployment, of)],
                bounds=[read(lambda e=endpoint: _door(e), unread("door", endpoint))],
            ),
            tuple(deployed),
        )
    for resource in graph.of(*_JOBS):
        if resource.urn in of and resource.urn not in inside:
            yield Drawn(
                Running(
                    urn=resource.urn,
                    name=resource.name,
                    what=read(lambda r=resource: _called(r), _JOBS[resource.type]),
                    place=PLATFORM,
                    parts=parts(resource, of),
                    bounds=[],
                )
            )


def _called(resource: Resource) -> str:
    if resource.type == WORKFLOW and paths(resource):
        return "pipeline"
    return "training job" if resource.type == WORKFLOW and trains(resource) else _JOBS[resource.type]


def _deployment(deployment: Resource, of: Mapping[str, list[Machines]]) -> list[RunningPart]:
    return parts(deployment, of) or [RunningPart(name=deployment.name)]


def _instance(graph: Graph, instance: Resource) -> Running:
    setup = instance.props.section_or_empty("gceSetup")
    networks = read(lambda: graph.refers(instance, "gceSetup", compute.VPC), [])
    named = set(setup.each_text_if_known("networkInterfaces.network"))
    there = [net.network_id for net in given.of(graph, GcpNetwork) if net.network_id in named]
    place = networks[0].name if len(networks) == 1 else next(iter(there), UNKNOWN)
    if setup.flag_or_none("disablePublicIp") is True:
        address = bound("private address", "it has no public one")
    else:
        address = opening("public address", "it has one, or does not say that it has none")
    machine, owners = setup.text_or_empty("machineType"), read(lambda: _owners(instance), [instance.name])
    return Running(
        urn=instance.urn,
        name=instance.name,
        what="Workbench instance",
        place=place,
        parts=[RunningPart(name=owner, machines=machine) for owner in owners],
        bounds=[address],
    )


def _owners(instance: Resource) -> list[str]:
    return list(instance.props.each_text_if_known("instanceOwners"))


def _door(endpoint: Resource) -> Bound:
    """What leads to an endpoint: an address in a network by Private Service Connect, a peering, or the internet."""
    connect = endpoint.props.section_or_empty("privateServiceConnectConfig")
    if connect.flag_or_none("enablePrivateServiceConnect") is True:
        projects = ", ".join(sorted(connect.each_text_if_known("projectAllowlists"))) or "no project"
        return bound("allow list", f"networks of {projects} alone may connect to it", endpoint)
    if endpoint.props.is_given("network"):
        return bound("peering", "a peered network alone reaches it", endpoint)
    return opening("public address", "it answers the internet; IAM alone", endpoint)


def _allowed(endpoint: Resource) -> list[str]:
    """The projects that may connect to an endpoint."""
    connect = endpoint.props.section_or_empty("privateServiceConnectConfig")
    return list(connect.each_text_if_known("projectAllowlists"))


# ---- the ways -------------------------------------------------------------------------------------------------------


def links(graph: Graph) -> Iterator[NetworkLink]:
    """Each Google domain and each endpoint that an address of the network leads to, and those of the landing zone."""
    by = needed(graph, {})
    google, bundles = graph.of(compute.GLOBAL_FORWARDING_RULE), list[Bound]()
    by_range: dict[str, list[Resource]] = {}
    for fire in graph.of(compute.FIREWALL):
        for text in fire.props.each_text_if_known("destinationRanges"):
            by_range.setdefault(text, []).append(fire)
    for rule in google:
        bundles += [_bundle(rule), *_opened(graph, rule, compute.GLOBAL_ADDRESS, by_range)]
    for zone in graph.of(dns.ZONE):
        domain = zone.props.text_if_known("dnsName").rstrip(".")
        if domain == vertex.NAMES:  # the names of the stack's own endpoints, to each of which a way of its own leads
            continue
        yield NetworkLink(
            service=domain,
            endpoint=", ".join(rule.name for rule in google) or "nothing",
            kind="Private Service Connect",
            needed_by=by.get(domain, []),
            bounds=bundles or [nothing("no address of the stack leads to Google's APIs")],
        )
    for attached in graph.of(compute.FORWARDING_RULE):
        for deployment in read(lambda a=attached: graph.refers(a, "target", mlplatform.DEPLOYMENT), []):
            served = graph.refers(deployment, "endpoint", vertex.ENDPOINT)
            yield NetworkLink(
                service="Vertex AI online inference",
                endpoint=attached.name,
                kind="Private Service Connect",
                needed_by=["callers of endpoints"],
                bounds=list(_opened(graph, attached, compute.ADDRESS, by_range)),
                leads_to=[endpoint.name for endpoint in served],
            )
    for net in given.of(graph, GcpNetwork):
        for domain in net.private_domains:
            yield NetworkLink(
                service=domain,
                endpoint=f"{domain} of {net.network}",
                kind="Private Service Connect",
                needed_by=by.get(domain, []),
                bounds=[bound("landing zone", _JUDGED_NOT)],
                given=True,
            )


def _bundle(rule: Resource) -> Bound:
    """Which of Google's APIs an address leads to. `vpc-sc` has those that VPC Service Controls can guard."""
    target = rule.props.text_if_known("target")
    if target == "vpc-sc":
        return bound("bundle", "leads to the APIs that VPC Service Controls can guard", rule)
    return opening("bundle", f"leads to {target or 'a target not known yet'}", rule)


def _opened(graph: Graph, rule: Resource, type_: str, by_range: Mapping[str, list[Resource]]) -> Iterator[Bound]:
    """The firewall rules that name the address of a forwarding rule; where there are none, what that means."""
    addresses = read(lambda: graph.refers(rule, "ipAddress", type_), [])
    known = {f"{text}/32" for each in addresses if (text := each.props.text_if_known("address"))}
    named = [fire for text in known for fire in by_range.get(text, ())]
    named += [fire for each in addresses for fire in graph.referring(compute.FIREWALL, "destinationRanges", each)]
    found = {fire.urn: fire for fire in named}
    if found:
        yield bound("firewall", "; ".join(tallied(_rule(fire.props) for fire in found.values())), *found.values())
    elif given.of(graph, GcpNetwork):
        yield bound("landing zone", _JUDGED_NOT)
    else:
        yield nothing("no firewall rule of the stack names its address")


# ---- who may call ---------------------------------------------------------------------------------------------------


def callers(graph: Graph, links: list[NetworkLink]) -> Iterator[Callers]:
    """Whoever stands in the network of an endpoint's address, and whoever an open endpoint answers.

    Whoever may open HTTPS to the address of a private endpoint may call: the network alone bounds it.
    """
    ways: dict[str, list[NetworkLink]] = {}
    for link in links:
        for name in link.leads_to:
            ways.setdefault(name, []).append(link)
    people = len(graph.of(workbench.INSTANCE))
    if ways:
        every = [each for found in ways.values() for link in found for each in link.bounds]
        bounds = {each.says: each.model_copy(update={"by": []}) for each in every}
        desks = f", such as the people of {people} Workbench instances" if people else ""
        joined = [f"{caller.name} ({caller.cidr})" for caller in named_callers(graph) if caller.cidr]
        yield Callers(
            who=[f"whoever stands in the network{desks}", *joined],
            calls=list(ways),
            ways=[link.endpoint for found in ways.values() for link in found],
            bounds=list(bounds.values()),
        )
    for caller in named_callers(graph):
        calls = [e.name for e in graph.of(vertex.ENDPOINT) if caller.account in read(lambda e=e: _allowed(e), [])]
        if calls and not caller.cidr:
            says = "its project may connect, by an address of its own; IAM asks it for nothing"
            who = [f"{caller.name} (project {caller.account})"]
            yield Callers(who=who, calls=calls, ways=[], bounds=[bound("allow list", says)])
    open_ = [
        endpoint.name
        for endpoint in graph.of(vertex.ENDPOINT)
        if read(lambda e=endpoint: _door(e).what == "public address", False)
    ]
    if open_:
        says = "whoever has aiplatform.endpoints.predict in the project may call from anywhere"
        who = ["identities with the permission, from the internet"]
        yield Callers(who=who, calls=open_, ways=[], bounds=[opening("identity policy", says)])
