"""Ways in: each endpoint can be called by somebody, from somewhere, and from nowhere else."""

import re
from collections.abc import Collection, Iterator, Sequence

from catalogue.graph import Graph, Resource
from catalogue.iam import Call, Session, Statement, read
from catalogue.kinds.aws import ec2, iam, vpc
from catalogue.kinds.aws.sagemaker import ENDPOINT, MODEL, configurations, folders
from catalogue.kinds.aws.studio import DOMAIN, USER_PROFILE, domain_of
from catalogue.landing_zones import AwsNetwork
from catalogue.placement import Caller
from catalogue.targets import FOLDER, target_of
from policies import given
from policies.aws.access import own_policies, refusal, session
from policies.aws.network import CALLS, https
from policies.rule import Found, callers, stack_rule, whole_stack_rule
from policies.stated import item_of

_RECORDS = ("sagemaker:CallMlflowAppApi", "sagemaker:CreatePresignedMlflowAppUrl")
_RUNTIME = "sagemaker.runtime"
_NETWORK_KEYS = {"aws:sourcevpc", "aws:sourcevpce", "aws:sourcevpcarn"}


# ---- what a role may call -------------------------------------------------------------------------------------------


def grants_of(graph: Graph, role: Resource) -> list[Statement]:
    """The statements of a role's own policies that allow a call of an endpoint."""
    return [statement for statement in own_policies(graph, role) if statement.allows and _invokes(statement)]


def _invokes(statement: Statement) -> bool:
    return any(map(statement.speaks_of, CALLS))


def _records(statement: Statement) -> bool:
    return any(map(statement.speaks_of, _RECORDS))


def sources(statement: Statement) -> list[str]:
    """The VPCs and endpoints from which alone a statement holds."""
    return [
        text
        for condition in statement.conditions
        if condition.operator.lower() in ("stringequals", "stringlike") and condition.key.lower() in _NETWORK_KEYS
        for text in condition.values
    ]


# ---- who takes a role -----------------------------------------------------------------------------------------------


def domains(graph: Graph, role: Resource) -> list[Resource]:
    """The Studio domains whose people act as the role."""
    return [one for one in graph.of(DOMAIN) if role in graph.refers(one, "defaultUserSettings", iam.ROLE)]


def takers(graph: Graph, role: Resource) -> list[Caller]:
    """The callers of the stack file whose own role may take this one."""
    trust = [each for each in read(role.props, "assumeRolePolicy") if each.allows]
    return [one for one in callers(graph) if any(one.identity in each.principals.get("AWS", ()) for each in trust)]


# ---- the rules ------------------------------------------------------------------------------------------------------


@stack_rule(
    "network-call-bound",
    iam.ROLE,
    iam.ROLE_POLICY,
    severity="high",
    proof="network fit",
    says="A grant of a call of an endpoint, or of MLflow, holds from a named network alone.",
    remedy="Add the condition aws:SourceVpc with the VPC that calls come from, as the identity component does.",
)
def call_bound(graph: Graph, resource: Resource) -> Iterator[str]:
    """SageMaker's runtime is a public API, and so is MLflow's: without a network in the grant, right credentials call
    from anywhere. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
    (aws:SourceVpc), https://docs.aws.amazon.com/sagemaker/latest/dg/mlflow-private-link-restrict.html
    Where the stack file was read, the network is the stack's, its landing zone's or that of who takes the role.
    """
    roles = [resource] if resource.type == iam.ROLE else graph.refers(resource, "role", iam.ROLE)
    known = _networks(graph, roles)
    for holder in (resource.props, *resource.props.each_section("inlinePolicies")):
        for statement in read(holder, "policy"):
            what = "an endpoint" if _invokes(statement) else "MLflow" if _records(statement) else ""
            if not statement.allows or not what:
                continue
            named = {each.key.lower() for each in statement.conditions if each.operator.lower() == "stringequals"}
            if not named & _NETWORK_KEYS:
                yield f"lets {what} be called from any network, the internet among them"
            vpcs = {text for text in sources(statement) if text.startswith("vpc-")}
            if known and (other := sorted(vpcs - known)):
                yield f"lets {what} be called from {other[0]}, which no caller of the role stands in"


@stack_rule(
    "network-call-named",
    MODEL,
    severity="high",
    proof="network fit",
    says="What serves several models finds them in a folder of their own, and whoever may call it names each of the "
    "stack file and no other.",
    remedy="Leave model and grants to the endpoints section: it serves from the folder that the models share, and "
    "grants each by sagemaker:TargetModel.",
)
def call_named(graph: Graph, resource: Resource) -> Iterator[str]:
    """Whoever may call SageMaker's container of several models has it load whatever lies below its folder and its role
    may read. https://docs.aws.amazon.com/sagemaker/latest/dg/multi-model-endpoint-security.html
    """
    for folder in folders(resource):
        if not re.fullmatch(FOLDER, folder):
            yield f"serves whatever a caller names in {folder or 'no place'}, which is no folder of models in a bucket"
            continue
        for endpoint in _served_by(graph, resource):
            targets = _targets(graph, endpoint, folder)
            for role in graph.of(iam.ROLE):
                for statement in grants_of(graph, role):
                    if statement.is_on(_arn(graph, endpoint)) and not _names(statement, targets):
                        yield (
                            f"serves what a caller names in {folder}, and {statement.name} lets {role.name} name more "
                            "than its models"
                        )
                for target in sorted(_withheld(graph, endpoint, role, targets)):
                    yield f"serves {target}, and {role.name} may call {endpoint.name} and not name it"


def _withheld(graph: Graph, endpoint: Resource, role: Resource, targets: Collection[str]) -> set[str]:
    """The models of the stack file that a role which may call their endpoint may not name."""
    granted = [one for one in grants_of(graph, role) if one.is_on(_arn(graph, endpoint))]
    asked = [[each for each in one.conditions if each.key.lower() == "sagemaker:targetmodel"] for one in granted]
    if not granted or not all(asked):  # one that asks nothing lets any be named, which is found
        return set()
    named = {value for said in asked for each in said if not each.is_null for value in each.values}
    return {*targets} - named


def _served_by(graph: Graph, model: Resource) -> list[Resource]:
    """The endpoints that serve a model."""
    return [
        endpoint
        for endpoint in graph.of(ENDPOINT)
        if any(model in graph.refers(one, "productionVariants", MODEL) for one in configurations(graph, endpoint))
    ]


def _targets(graph: Graph, endpoint: Resource, folder: str) -> set[str]:
    """What callers of an endpoint may name, by the stack file. None where nobody read one."""
    place, item = graph.placement, item_of(graph, endpoint)
    named = place.states(f"{item}.models").split(", ") if place and item else []
    return {target_of(place.states(f"models.{one}.artifact_uri"), folder) for one in named if place}


def _arn(graph: Graph, endpoint: Resource) -> str:
    """The ARN of an endpoint, which is not known before it is made, by its name."""
    place, name = graph.placement, endpoint.props.text_if_known("name")
    if place is None or not name:
        return endpoint.props.text_if_known("arn")
    return f"arn:aws:sagemaker:{place.region}:{place.account}:endpoint/{name}"


def _names(statement: Statement, targets: Collection[str]) -> bool:
    """Whether a grant holds for these targets alone, or for a call that names none, which SageMaker refuses there.

    Where no stack file was read, any targets will do that are named whole.
    """
    own = re.compile("|".join(map(re.escape, sorted(targets))) or r"[^*?]+\.tar\.gz")
    asked = [one for one in statement.conditions if one.key.lower() == "sagemaker:targetmodel"]
    return any(
        (one.is_null and [each.lower() for each in one.values] == ["true"]) or (not one.is_null and not one.beyond(own))
        for one in asked
    )


def _networks(graph: Graph, roles: Sequence[Resource]) -> set[str]:
    """The VPCs from which a role may call. None where not all of them are known."""
    own = [one.props.text_if_known("id") for one in graph.of(ec2.VPC)]
    if graph.placement is None or "" in own:
        return set()
    there = [net.vpc_id for net in given.of(graph, AwsNetwork)]
    return {*own, *there, *(one.network for role in roles for one in takers(graph, role) if not one.cidr)}


@whole_stack_rule(
    "network-way-in",
    ENDPOINT,
    severity="high",
    proof="network fit",
    says="Each endpoint can be called: by people of the workspace, or by a caller that the stack file names. Each such "
    "caller has a whole way in.",
    remedy="Name people under workspace, or who calls and from where under callers.",
)
def way_in(graph: Graph) -> Found:
    """Follows the way from who calls to the endpoint: role, network, peering, interface endpoint and its policy.

    Whose stack file nobody read may have callers that are in no graph.
    """
    if graph.placement is None:
        return
    may = [(role, grants_of(graph, role), session(graph, role)) for role in graph.of(iam.ROLE)]
    for endpoint in graph.of(ENDPOINT):
        arn, whole = endpoint.props.text_if_known("arn"), False
        lacking = {caller.name: "no role of the stack is theirs to take" for caller in callers(graph)}
        for role, granted, acting in may:
            if not any(statement.is_on(arn) for statement in granted):
                continue
            for domain in domains(graph, role):
                whole = whole or not _lacks(graph, role, acting, arn, _Stand.of_people(graph, domain))
            for caller in takers(graph, role):
                lacks = _lacks(graph, role, acting, arn, _Stand.of_caller(graph, caller))
                if not lacks:
                    lacking.pop(caller.name, None)
                    whole = True
                elif caller.name in lacking:
                    lacking[caller.name] = lacks
        for name, lacks in lacking.items():
            yield endpoint, f"cannot be called by {name}: {lacks}"
        if not whole and not lacking:
            yield endpoint, "can be called by nobody: no one in a network that leads to it may call it"
    yield from _elsewhere(graph)


def _elsewhere(graph: Graph) -> Found:
    """The rules that let a caller's addresses in to anything but the stack's interface endpoints."""
    doors = {group.urn for door in graph.of(ec2.VPC_ENDPOINT) for group in graph.refers(door, "securityGroupIds")}
    called_from = {caller.cidr for caller in callers(graph) if caller.cidr}
    for rule in graph.of(vpc.INGRESS):
        groups = {group.urn for group in graph.refers(rule, "securityGroupId", ec2.GROUP)}
        if rule.props.text_if_known("cidrIpv4") in called_from and not (groups and groups <= doors):
            yield rule, "lets a caller in to more than the interface endpoints"


class _Stand:
    """Where somebody stands who calls: in a VPC, behind security groups or at addresses of another network."""

    def __init__(self, vpc_id: str, groups: Sequence[Resource], caller: Caller | None, lacks: str = "") -> None:
        self.vpc_id, self.groups, self.caller, self.lacks = vpc_id, groups, caller, lacks

    @classmethod
    def of_people(cls, graph: Graph, domain: Resource) -> "_Stand":
        """People stand in the network of their domain, where it has one and anybody works there."""
        profiles = [one for one in graph.of(USER_PROFILE) if domain in domain_of(graph, one)]
        inside = domain.props.text_or_empty("appNetworkAccessType") == "VpcOnly"
        groups = graph.refers(domain, "defaultUserSettings", ec2.GROUP)
        lacks = "" if profiles and inside else "nobody works inside the network"
        return cls(domain.props.text_if_known("vpcId"), groups, None, lacks)

    @classmethod
    def of_caller(cls, graph: Graph, caller: Caller) -> "_Stand":
        """A caller with an endpoint of its own stands in its VPC; any other comes into that of the stack."""
        if not caller.cidr:
            return cls(caller.network, (), caller)
        there = [net.vpc_id for net in given.of(graph, AwsNetwork)]
        own = graph.of(ec2.VPC)
        if own:
            return cls(own[0].props.text_if_known("id"), (), caller, _joined(graph, own[0], caller))
        return cls(there[0] if there else "", (), caller, "" if there else "the stack has no network")


def _joined(graph: Graph, own: Resource, caller: Caller) -> str:
    """What lacks of the peering with a caller's network and of the way back to its addresses."""
    peerings = [
        one
        for one in graph.referring(ec2.PEERING, "vpcId", own)
        if one.props.text_or_empty("peerVpcId") == caller.network
    ]
    if not peerings:
        return f"no peering joins {caller.network}"
    for subnet in graph.referring(ec2.SUBNET, "vpcId", own):
        tables = [
            table
            for one in graph.referring(ec2.ROUTE_TABLE_ASSOCIATION, "subnetId", subnet)
            for table in graph.refers(one, "routeTableId", ec2.ROUTE_TABLE)
        ]
        back = [
            route.text_if_known("cidrBlock")
            for table in tables
            if any(peering in graph.refers(table, "routes", ec2.PEERING) for peering in peerings)
            for route in table.props.each_section("routes")
            if route.is_given("vpcPeeringConnectionId")
        ]
        if caller.cidr not in back:
            return f"{subnet.name} has no route back to {caller.cidr}"
    return ""


def _lacks(graph: Graph, role: Resource, acting: Session, arn: str, stand: _Stand) -> str:
    """What lacks on the way from where somebody stands to an endpoint; empty where it is whole."""
    if stand.lacks:
        return stand.lacks
    calls = [Call(action, arn, _request(graph, arn, stand)) for action in CALLS]
    refused = [refusal(graph, acting, call) for call in calls]
    if all(refused):
        return f"{role.name} may not call it from {stand.vpc_id or 'there'}: {refused[0]}"
    if stand.caller is not None and not stand.caller.cidr:
        return ""  # its own endpoint and that one's policy are its own to make
    for net in given.of(graph, AwsNetwork):
        if _RUNTIME in net.endpoints and stand.vpc_id == net.vpc_id:
            return ""  # network-proof holds the workloads' way to it; a joined network's is its owner's to keep
    doors = [one for one in graph.of(ec2.VPC_ENDPOINT) if ec2.service_of(one) == _RUNTIME]
    if not doors:
        return f"no interface endpoint leads to {_RUNTIME}"
    through = [door for door in doors if any(not refusal(graph, _by(acting, door), call) for call in calls)]
    if not through:
        return f"the policy of {doors[0].name} does not let {role.name} call it"
    if not any(_lets_in(graph, door, stand) for door in through):
        return f"{through[0].name} lets no HTTPS in from {stand.caller.cidr if stand.caller else 'the workspace'}"
    return ""


def _request(graph: Graph, arn: str, stand: _Stand) -> dict[str, str]:
    """What a call brings beside who makes it. What nobody knows before it is made is empty."""
    account = graph.placement.account if graph.placement else ""
    return {
        "aws:ResourceAccount": account,
        "aws:RequestedRegion": arn.split(":")[3] if arn else "",
        "aws:SecureTransport": "true",
        "aws:SourceIdentity": "",
        "aws:SourceVpc": stand.vpc_id,
        "aws:SourceVpce": "",
        "aws:VpcSourceIp": "",
    }


def _by(acting: Session, door: Resource) -> Session:
    """The session as it calls by an interface endpoint. One without a policy carries every call."""
    if not door.props.is_given("policy"):
        return acting
    return acting.through("the policy of the interface endpoint", read(door.props, "policy"))


def _lets_in(graph: Graph, door: Resource, stand: _Stand) -> bool:
    for group in graph.refers(door, "securityGroupIds", ec2.GROUP):
        rules = [one for one in graph.referring(vpc.INGRESS, "securityGroupId", group) if https(one.props)]
        if stand.caller is not None:
            if any(rule.props.text_if_known("cidrIpv4") == stand.caller.cidr for rule in rules):
                return True
            continue
        for client in stand.groups:
            out = [one for one in graph.referring(vpc.EGRESS, "securityGroupId", client) if https(one.props)]
            comes_in = any(client in graph.refers(rule, "referencedSecurityGroupId") for rule in rules)
            if comes_in and any(group in graph.refers(rule, "referencedSecurityGroupId") for rule in out):
                return True
    return False


RULES = [call_bound, call_named, way_in]
