"""How the network of a stack on Amazon SageMaker is drawn.

Endpoints, jobs and Studio run on SageMaker's own machines. Where a model, a job or a domain names subnets, the traffic
of its containers goes through network interfaces in these subnets, so it is drawn in their VPC. Where none is named, it
goes through SageMaker's own network, which leads to the internet. SageMaker developer guide, "Give SageMaker AI access
to resources in your Amazon VPC", https://docs.aws.amazon.com/sagemaker/latest/dg/infrastructure-give-access.html
"""

from collections.abc import Iterator, Mapping

from catalogue.graph import Graph, Resource
from catalogue.iam import Statement
from catalogue.iam import read as read_policy
from catalogue.kinds.aws import iam, vpc
from catalogue.kinds.aws.ec2 import (
    DEFAULT_ROUTE_TABLE,
    GROUP_RULE,
    GROUPS,
    ROUTE,
    ROUTE_TABLE,
    SUBNET,
    VPC,
    VPC_ENDPOINT,
    is_gateway,
    service_of,
)
from catalogue.kinds.aws.jobs import PIPELINE, USES, Job
from catalogue.kinds.aws.sagemaker import ENDPOINT, MODEL, configurations, endpoint_kind
from catalogue.kinds.aws.scheduler import SCHEDULE
from catalogue.kinds.aws.sfn import DEFINED, jobs_of
from catalogue.kinds.aws.studio import DOMAIN, USER_PROFILE, domain_of
from catalogue.landing_zones import AwsNetwork
from catalogue.machines import Machines
from catalogue.once import once_a_graph
from catalogue.properties import Properties, Unreadable
from catalogue.served import EndpointKind, endpoint_of
from catalogue.wording import in_words
from operations.networks import UNKNOWN, Drawn, bound, machines, needed, nothing, opening, parts, read, tallied, unread
from operations.verdict import Bound, Callers, NetworkLink, NetworkPlace, Running, RunningPart
from policies import given
from policies.aws.callers import domains, grants_of, sources, takers
from policies.aws.network import DESTINATIONS
from policies.rule import callers as named_callers

PLATFORM = "SageMaker's own network"
_CALLED = {DOMAIN: "the workspace", MODEL: "models and batch jobs", ENDPOINT: "callers of endpoints"}
_RUNTIME = "sagemaker.runtime"
_OWN_ACCOUNT = {("StringEquals", "aws:PrincipalAccount"), ("StringEquals", "aws:ResourceAccount")}
_FROM = {"aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn", "aws:vpcsourceip"}
"""The condition keys that bind a call to a network (IAM user guide, "AWS global condition context keys")."""


# ---- the networks ---------------------------------------------------------------------------------------------------


def places(graph: Graph) -> Iterator[NetworkPlace]:
    """Each VPC with its subnets, that of the landing zone, and SageMaker's own network."""
    for network in graph.of(VPC):
        subnets = graph.referring(SUBNET, "vpcId", network)
        yield NetworkPlace(
            name=network.name,
            side="stack",
            ranges=[network.props.text_if_known("cidrBlock")],
            subnets=[(s.props.text_if_known("cidrBlock"), s.props.text_if_known("availabilityZone")) for s in subnets],
            bounds=list(_routes(graph, network)),
        )
    for net in given.of(graph, AwsNetwork):
        yield NetworkPlace(
            name=net.vpc_id,
            side="given",
            subnets=[(id_, zone) for zone, id_ in sorted(net.subnet_ids.items())],
            bounds=[bound("landing zone", "its own routes and rules hold, which were not judged")],
        )
    open_ = nothing("what runs here names no subnet, so its containers reach the internet")
    yield NetworkPlace(name=PLATFORM, side="platform", bounds=[open_])


def _routes(graph: Graph, network: Resource) -> Iterator[Bound]:
    tables = graph.referring(ROUTE_TABLE, "vpcId", network)
    tables += graph.referring(DEFAULT_ROUTE_TABLE, "defaultRouteTableId", network)
    if not tables:
        yield nothing("no route table of the stack says where its subnets lead")
    theirs = {one.cidr: one.name for one in named_callers(graph) if one.cidr}
    for table in tables:
        beside = graph.referring(ROUTE, "routeTableId", table)
        routes = [*table.props.each_section("routes"), *(route.props for route in beside)]
        to = sorted({text for route in routes for key in DESTINATIONS for text in route.each_text_if_known(key)})
        if routes and all(one.text_if_known("vpcPeeringConnectionId") for one in routes) and {*to} <= {*theirs}:
            named = in_words(sorted({theirs[there] for there in to}))
            yield bound("route table", f"leads to callers alone: {named}", table)
            continue
        says = f"leads out to {', '.join(to) or 'addresses not known yet'}" if routes else "has no route of its own"
        yield (opening if routes else bound)("route table", says, table)


# ---- what runs ------------------------------------------------------------------------------------------------------


def running(graph: Graph) -> Iterator[Drawn]:
    """Studio domains with their people, endpoints with their variants, and state machines and schedules with jobs."""
    of = machines(graph)
    for domain in graph.of(DOMAIN):
        yield _domain(graph, domain, of)
    for endpoint in graph.of(ENDPOINT):
        kind: EndpointKind = read(lambda e=endpoint: endpoint_kind(graph, e), "online")
        models = read(lambda e=endpoint: list(_models(graph, e)), [])
        place, bounds = _of_models(graph, models)
        yield Drawn(
            Running(
                urn=endpoint.urn,
                name=endpoint.name,
                what=endpoint_of(kind),
                place=place,
                parts=parts(endpoint, of),
                bounds=bounds,
            )
        )
    for starter in graph.of(*DEFINED, SCHEDULE):
        jobs = read(lambda s=starter: jobs_of(graph, s), None)
        if jobs == []:
            continue
        place, bounds = read(lambda s=starter, j=jobs: _of_jobs(graph, s, j or []), (UNKNOWN, []))
        yield Drawn(
            Running(
                urn=starter.urn,
                name=starter.name,
                what="pipeline" if starter.type == PIPELINE else _what(jobs or []),
                place=place,
                parts=parts(starter, of),
                bounds=bounds,
            )
        )


def _domain(graph: Graph, domain: Resource, of: Mapping[str, list[Machines]]) -> Drawn:
    people = [profile for profile in graph.of(USER_PROFILE) if domain in domain_of(graph, profile)]
    inside = domain.props.text_if_known("appNetworkAccessType") == "VpcOnly"
    settings = "defaultUserSettings"
    groups = _groups(graph, domain, settings, f"{settings}.securityGroups")
    names = [read(lambda p=each: p.props.text_if_known("userProfileName"), "") or each.name for each in people]
    apps = [part for each in (domain, *people) for part in parts(each, of)]
    started = {(part.name, part.machines): part for part in apps}.values()
    return Drawn(
        Running(
            urn=domain.urn,
            name=domain.name,
            what="workspace",
            place=_vpc_of(graph, domain, "subnetIds", "subnetIds") if inside else PLATFORM,
            parts=[*(RunningPart(name=name) for name in names), *started],
            bounds=groups if inside else [nothing("its applications reach the internet (appNetworkAccessType)")],
        ),
        tuple(people),
    )


def _models(graph: Graph, endpoint: Resource) -> Iterator[Resource]:
    for configuration in configurations(graph, endpoint):
        for key in ("productionVariants", "shadowProductionVariants"):
            yield from graph.refers(configuration, key, MODEL)


def _of_models(graph: Graph, models: list[Resource]) -> tuple[str, list[Bound]]:
    """The place of what runs these models, and what bounds it. One model without a network opens the whole."""
    return _joined([read(lambda m=model: _of_model(graph, m), (UNKNOWN, [])) for model in models])


def _of_model(graph: Graph, model: Resource) -> tuple[str, list[Bound]]:
    isolated = model.props.flag_or_none("enableNetworkIsolation") is True
    if not model.props.is_given("vpcConfig.subnets"):
        return PLATFORM, [_isolation(isolated)]
    groups = _groups(graph, model, "vpcConfig", "vpcConfig.securityGroupIds")
    return _vpc_of(graph, model, "vpcConfig", "vpcConfig.subnets"), [*groups, _isolation(isolated)]


def _isolation(isolated: bool) -> Bound:
    if isolated:
        return bound("network isolation", "the container opens no connection of its own")
    return opening("network isolation", "is off: the container may connect to what it can reach")


def _of_jobs(graph: Graph, starter: Resource, jobs: list[Job]) -> tuple[str, list[Bound]]:
    """The place of the jobs that a state machine, a pipeline or a schedule starts. A transform job has the network of
    its model.
    """
    key = DEFINED.get(starter.type, "target")
    found = [_of_models(graph, graph.refers(starter, key, MODEL))] if any(map(_transforms, jobs)) else []
    return _joined([*found, *(_of_job(graph, job) for job in jobs if not _transforms(job))])


def _joined(found: list[tuple[str, list[Bound]]]) -> tuple[str, list[Bound]]:
    """Several places as one, with every bound once. One of SageMaker's own opens the whole."""
    names = {place for place, _ in found}
    place = names.pop() if len(names) == 1 else PLATFORM if PLATFORM in names else UNKNOWN
    distinct = {each.model_dump_json(): each for _, bounds in found for each in bounds}
    return place, list(distinct.values())


def _what(jobs: list[Job]) -> str:
    """What a starter of jobs is called: by the one sort of jobs that it starts, where it is one."""
    if jobs and all(map(_transforms, jobs)):
        return "batch job"
    return "training job" if jobs and all(USES.get(job.action) == "training" for job in jobs) else "job"


def _transforms(job: Job) -> bool:
    return job.action == "createTransformJob"


def _of_job(graph: Graph, job: Job) -> tuple[str, list[Bound]]:
    sections = job.trainings() or [job.request.section_or_empty("NetworkConfig")]
    ids = {id_ for section in sections for id_ in section.each_text("VpcConfig.Subnets")}
    isolated = all(section.flag_or_none("EnableNetworkIsolation") is True for section in sections)
    if not ids:
        return PLATFORM, [_isolation(isolated)]
    groups = sorted({id_ for section in sections for id_ in section.each_text("VpcConfig.SecurityGroupIds")})
    known = {group.props.text_if_known("id"): group for group in graph.of(*GROUPS)}
    return _by_ids(graph, ids), [*(_group(graph, known[id_]) for id_ in groups if id_ in known), _isolation(isolated)]


def _vpc_of(graph: Graph, resource: Resource, key: str, path: str) -> str:
    """The name of the VPC whose subnets a resource names at a path: one of the stack, or that of the landing zone."""
    subnets = read(lambda: graph.refers(resource, key, SUBNET), [])
    made = {network.name for subnet in subnets for network in graph.refers(subnet, "vpcId", VPC)}
    return made.pop() if len(made) == 1 else _by_ids(graph, set(resource.props.each_text_if_known(path)))


def _by_ids(graph: Graph, ids: set[str]) -> str:
    names = {net.vpc_id for net in given.of(graph, AwsNetwork) if ids & {*net.subnet_ids.values()}}
    own = [subnet for subnet in graph.of(SUBNET) if subnet.props.text_if_known("id") in ids]
    names |= {network.name for subnet in own for network in graph.refers(subnet, "vpcId", VPC)}
    return names.pop() if len(names) == 1 else UNKNOWN


# ---- security groups ------------------------------------------------------------------------------------------------


def _groups(graph: Graph, resource: Resource, key: str, path: str) -> list[Bound]:
    """The security groups that a resource names, each with what it lets in and out."""
    groups = read(lambda: graph.refers(resource, key, *GROUPS), [])
    if groups:
        return [_group(graph, group) for group in groups]
    if others := list(resource.props.each_text_if_known(path)):
        return [Bound(what="security group", by=others, says="is not of the stack, and was not judged", holds=False)]
    return [nothing("no security group is named")]


def _group(graph: Graph, group: Resource) -> Bound:
    return _every_group(graph)[group.urn]


@once_a_graph
def _every_group(graph: Graph) -> Mapping[str, Bound]:
    """What each security group lets in and out, by its URN: a thousand endpoints have the same."""
    said = {each.urn: (each, read(lambda e=each: "; ".join(_lets(graph, e)), None)) for each in graph.of(*GROUPS)}
    return {
        urn: unread("security group", group) if says is None else bound("security group", says, group)
        for urn, (group, says) in said.items()
    }


def _lets(graph: Graph, group: Resource) -> Iterator[str]:
    for way, type_, word in (("in", vpc.INGRESS, "from"), ("out", vpc.EGRESS, "to")):
        rules: list[tuple[Resource, Properties]] = [
            (rule, rule.props) for rule in graph.referring(type_, "securityGroupId", group)
        ]
        rules += [(group, rule) for rule in group.props.each_section("ingress" if way == "in" else "egress")]
        rules += [
            (rule, rule.props)
            for rule in graph.referring(GROUP_RULE, "securityGroupId", group)
            if (rule.props.text_or_empty("type") == "ingress") is (way == "in")
        ]
        said = [f"{_ports(rule)} {word} {_peer(graph, owner, rule)}" for owner, rule in rules]
        yield f"{way}: {', '.join(tallied(said)) or 'nothing'}"


def _ports(rule: Properties) -> str:
    protocol = (rule.text_or_empty("ipProtocol") or rule.text_or_empty("protocol")).upper()
    if protocol in ("-1", "ALL", ""):
        return "everything"
    first, last = rule.number_or_none("fromPort"), rule.number_or_none("toPort")
    if first is None or last is None:
        return protocol
    return f"{protocol} {first:g}" if first == last else f"{protocol} {first:g}-{last:g}"


def _peer(graph: Graph, owner: Resource, rule: Properties) -> str:
    keys = ("referencedSecurityGroupId", "sourceSecurityGroupId", "prefixListId")
    if rule.flag_or_none("self"):
        return "itself"
    for key in keys:
        if rule.is_given(key):
            named = graph.refers(owner, key, *GROUPS, VPC_ENDPOINT)
            return named[0].name if len(named) == 1 else rule.text_if_known(key) or "a resource not known yet"
    blocks = ("cidrIpv4", "cidrIpv6", "cidrBlocks", "ipv6CidrBlocks", "securityGroups", "prefixListIds")
    return ", ".join(text for key in blocks for text in rule.each_text_if_known(key)) or "nobody knows where"


# ---- the ways -------------------------------------------------------------------------------------------------------


def links(graph: Graph) -> Iterator[NetworkLink]:
    """Each VPC endpoint whose service is known, and those of the landing zone.

    `network-proof` makes a finding of an endpoint that cannot be read.
    """
    by, served = needed(graph, _CALLED), [endpoint.name for endpoint in graph.of(ENDPOINT)]
    for endpoint in graph.of(VPC_ENDPOINT):
        try:
            service, gateway = service_of(endpoint), is_gateway(endpoint)
        except Unreadable:
            continue
        groups = [] if gateway else _groups(graph, endpoint, "securityGroupIds", "securityGroupIds")
        yield NetworkLink(
            service=service,
            endpoint=endpoint.name,
            kind="Gateway" if gateway else "Interface",
            needed_by=by.get(service, []),
            bounds=[*groups, read(lambda e=endpoint: _policy(e), unread("endpoint policy", endpoint))],
            leads_to=served if service == _RUNTIME else [],
        )
    for net in given.of(graph, AwsNetwork):
        there = bound("landing zone", "it is there already; its policy and groups were not judged")
        for service in ("s3", *net.endpoints):
            yield NetworkLink(
                service=service,
                endpoint=f"{service} of {net.vpc_id}",
                kind="Gateway" if service == "s3" else "Interface",
                needed_by=by.get(service, []),
                bounds=[there],
                leads_to=served if service == _RUNTIME else [],
                given=True,
            )


def _policy(endpoint: Resource) -> Bound:
    what = "endpoint policy"
    if not endpoint.props.is_given("policy"):
        return opening(what, "there is none, so it carries calls to any account", endpoint)
    allowed = [statement for statement in read_policy(endpoint.props, "policy") if statement.allows]
    wide = [s for s in allowed if not {(each.operator, each.key) for each in s.conditions} >= _OWN_ACCOUNT]
    if any("*" in statement.resources for statement in wide):
        return opening(what, "lets calls on anybody's resources through", endpoint)
    others = sorted({text for statement in wide for text in statement.resources})
    own = ["principals and resources of the account"] if len(wide) < len(allowed) else []
    return bound(what, f"lets through: {', '.join([*own, *others]) or 'nothing'}", endpoint)


# ---- who may call ---------------------------------------------------------------------------------------------------


def callers(graph: Graph, links: list[NetworkLink]) -> Iterator[Callers]:
    """Each role whose own policy allows a call of an endpoint, with the people who act as it.

    Denials, boundaries and conditions but those of the network are not read, so nobody may call more than is said.
    """
    ways = [link.endpoint for link in links if link.leads_to]
    named = {endpoint.name: endpoint.props.text_if_known("arn") for endpoint in graph.of(ENDPOINT)}
    for role in graph.of(iam.ROLE) if named else ():
        granted = read(lambda r=role: grants_of(graph, r), [])
        calls = [name for name, arn in named.items() if any(statement.is_on(arn) for statement in granted)]
        if calls:
            apart = read(lambda r=role: [who for who in takers(graph, r) if not who.cidr], [])
            yield Callers(
                who=[_acting(graph, role)],
                calls=calls,
                ways=[] if apart else ways,
                bounds=[_identity(graph, role, granted)],
            )


def _acting(graph: Graph, role: Resource) -> str:
    people = [domain.name for domain in read(lambda: domains(graph, role), [])]
    if people:
        return f"{role.name}, as which the people of {' and '.join(people)} act"
    named = [
        f"{one.name} ({one.network}, {one.cidr or f'by an endpoint of its own in account {one.account}'})"
        for one in read(lambda: takers(graph, role), [])
    ]
    return f"{role.name}, as which {' and '.join(named)} acts" if named else role.name


def _identity(graph: Graph, role: Resource, granted: list[Statement]) -> Bound:
    """What the policy of a role says of where it may call from."""
    by = graph.referring(iam.ROLE_POLICY, "role", role) or [role]
    if all(any(condition.key.lower() in _FROM for condition in statement.conditions) for statement in granted):
        names = {text for statement in granted for text in sources(statement)}
        where = ", ".join(sorted(_named(graph, id_) for id_ in names)) or "named networks"
        return bound("identity policy", f"lets it call from {where} only", *by)
    says = "names no network: with its credentials it may also call SageMaker's public address"
    return opening("identity policy", says, *by)


def _named(graph: Graph, vpc_id: str) -> str:
    """A VPC by the name that the picture has for it, or by its id."""
    own = [each.name for each in graph.of(VPC) if vpc_id and each.props.text_if_known("id") == vpc_id]
    return own[0] if own else vpc_id
