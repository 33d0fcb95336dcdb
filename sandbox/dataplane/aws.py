"""A call of SageMaker's runtime: InvokeEndpoint.

SageMaker's runtime is a public API, so from the internet the identity's policies alone bound a call. Inside a network
without a route out, its name must lead to an interface endpoint, whose security group and policy let the caller in.
The caller acts as whichever role of the account may call, by IAM's own logic (catalogue/iam.py); one whom the stack
file names, as the role that the output `callers` tells it. In a network that is joined it names the interface
endpoint's own address, which every network resolves. An endpoint serves on without its configuration and its model:
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DeleteEndpointConfig.html

The sentences are botocore's (`exceptions.py`, its `fmt`) and those of
https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html and
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html (ModelError)
"""

from ipaddress import IPv4Network, ip_network
from typing import Any

from catalogue.behaviour import values_at
from catalogue.errors import BadInput
from catalogue.iam import Call as Asked
from catalogue.iam import Session, denial, granted, may_take, read_text, refusal
from catalogue.kind import documented, from_source
from catalogue.kinds.aws.ec2 import GROUP, GROUPS, PEERING, ROUTE_TABLE, VPC, VPC_ENDPOINT
from catalogue.kinds.aws.iam import POLICY, ROLE, ROLE_POLICY
from catalogue.kinds.aws.sagemaker import CONFIGURATION, SEVERAL
from catalogue.kinds.aws.sagemaker import MODEL as SERVED_MODEL
from catalogue.kinds.aws.vpc import EGRESS, INGRESS
from catalogue.marked import Json
from catalogue.placement import Caller
from examples.pack import MODEL, NAME
from examples.serving import sagemaker
from examples.serving.server import Server
from sandbox.dataplane import Call, NoPrediction, Part, Served, follow, there
from sandbox.state import State
from sandbox.state.records import Record

PATH = "/invocations"
BY_NAME = f"/models/{NAME}/invoke"
"""Where a container takes predictions for one of several models, by the name that SageMaker gave it."""
_ACTION = "sagemaker:InvokeEndpoint"
_READ = "2026-11-26"
_BOTOCORE = from_source("https://github.com/boto/botocore/blob/develop/botocore/exceptions.py", _READ)
_DENIALS = documented("https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html", _READ)
_UNRESOLVED = 'Could not connect to the endpoint URL: "{url}"'
_TIMED_OUT = 'Connect timeout on endpoint URL: "{url}"'
_DENIED = (
    "An error occurred (AccessDeniedException) when calling the InvokeEndpoint operation: User: "
    "arn:aws:sts::{account}:assumed-role/{session}/caller is not authorized to perform: {action} on resource: {arn} "
)


_NO_TARGETS = (
    "An error occurred (ValidationError) when calling the InvokeEndpoint operation: Endpoint {name} is not a "
    "multi-model endpoint and does not support target model header."
)
"""https://github.com/aws/amazon-sagemaker-examples/issues/1026"""
_NOT_FETCHED = (
    "An error occurred (ValidationError) when calling the InvokeEndpoint operation: Failed to download model data "
    "(bucket: {bucket}, key: {key}). Please ensure that there is an object located at the URL and that the role passed "
    "to CreateModel has permissions to download the model."
)
"""Assumed, after what SageMaker says where an endpoint of one model cannot be made:
https://github.com/aws-solutions-library-samples/fraud-detection-using-machine-learning/issues/9"""


def reach(call: Call) -> None:
    """Raises NoPrediction without a private way to the runtime's API, or without a grant of InvokeEndpoint."""
    state, endpoint = call.state, call.endpoint
    configuration = state.resources.get(CONFIGURATION, str(endpoint.inputs.get("endpointConfigName", "")))
    if configuration is not None and "asyncInferenceConfig" in configuration.inputs:
        raise BadInput(f"{endpoint.name} answers through a queue; call an endpoint of kind 'online'")
    name = str(endpoint.outputs["name"])
    host = _own_name(call) if call.joined else f"runtime.sagemaker.{endpoint.region}.amazonaws.com"
    role, who = _role_of(call)
    words = {
        "url": f"https://{host}/endpoints/{name}/invocations",
        "name": name,
        "account": endpoint.account,
        "action": _ACTION,
        "arn": str(endpoint.outputs["arn"]),
        "role": role,
        "session": role.rpartition("/")[2],
        "user": who,
    }
    model = _model(state, endpoint)
    several = of_model(model).several
    if several and not call.target:
        raise BadInput(f"{endpoint.name} serves several models; name one by --target, as the output `calls` tells it")
    follow(PARTS, call, not call.outside and not call.apart, words)
    if several and model is not None:
        _fetch(state, model, call.target)
    elif call.target:
        raise NoPrediction(_NO_TARGETS.format(name=name))


def _fetch(state: State, model: Record, target: str) -> None:
    """SageMaker fetches the model that a caller names as the model's own role. Raises NoPrediction where it cannot."""
    bucket, _, key = f"{of_model(model).artifact}{target}".removeprefix("s3://").partition("/")
    (role,) = state.resources.find(type=ROLE, id=str(model.inputs.get("executionRoleArn", "")).rpartition("/")[2])
    asked = Asked("s3:GetObject", f"arn:aws:s3:::{bucket}/{key}", {"aws:ResourceAccount": model.account})
    session = session_of(state, role)
    if not state.account.digest(f"s3://{bucket}/{key}") or not granted(session.own, asked):
        raise NoPrediction(_NOT_FETCHED.format(bucket=bucket, key=key))


def served(state: State, endpoint: Record) -> Served:
    """The container of the model that the endpoint's configuration names first. Its route is SageMaker's own."""
    return of_model(_model(state, endpoint))


def _model(state: State, endpoint: Record) -> Record | None:
    configuration = state.resources.get(CONFIGURATION, str(endpoint.inputs.get("endpointConfigName", "")))
    variants = configuration.inputs.get("productionVariants") if configuration else None
    return state.resources.get(SERVED_MODEL, str(variants[0].get("modelName"))) if variants else None


def of_model(model: Record | None) -> Served:
    """The container of a model."""
    container: Json = model.inputs.get("primaryContainer", {}) if model else {}
    named = [*values_at(container, "modelDataUrl"), *values_at(container, "modelDataSource.s3DataSources[].s3Uri")]
    several = container.get("mode") == SEVERAL
    return Served(
        str(container.get("image", "")), str(named[0]) if named else "", BY_NAME if several else PATH, several
    )


def container(route: str) -> Server:
    """The example's container of SageMaker."""
    at = ("127.0.0.1", 0)
    return sagemaker.serve_several(at) if route == BY_NAME else sagemaker.serve(MODEL, at)


def failed(status: int, body: str) -> str:
    """SageMaker hands the container's error on, and says whose fault it is."""
    whose = "client" if status < 500 else "server"
    return (
        f"An error occurred (ModelError) when calling the InvokeEndpoint operation: Received {whose} error ({status}) "
        f'from primary with message "{body}".'
    )


def _interface(call: Call, ways: list[Any]) -> list[Record]:
    """The interface endpoints of the runtime, and each network that is given: it may have one, which no stack made."""
    here = {"account": call.endpoint.account, "region": call.endpoint.region}
    name = f"com.amazonaws.{call.endpoint.region}.sagemaker.runtime"
    made = [
        way for way in call.state.resources.find(type=VPC_ENDPOINT, **here) if way.inputs.get("serviceName") == name
    ]
    return made + [vpc for vpc in call.state.resources.find(type=VPC, **here) if not vpc.inputs]


def _in_network(call: Call, ways: list[Any]) -> list[Record]:
    """The ways whose network stands, and has the resolver of AWS."""
    found = [(way, _network(call.state, way)) for way in ways]
    return [way for way, vpc in found if vpc is not None and vpc.inputs.get("enableDnsSupport") is not False]


def _peered(call: Call, ways: list[Any]) -> list[Record]:
    """The ways whose network has a peering with the caller's, and a route back to it. One that is given is joined."""
    who = call.joined
    return ways if who is None else [way for way in ways if _joins(call.state, _network(call.state, way), who)]


def _joins(state: State, vpc: Record | None, who: Caller) -> bool:
    if vpc is None or not vpc.inputs:
        return vpc is not None
    peerings = {
        one.id
        for one in state.resources.find(type=PEERING, account=vpc.account)
        if one.inputs.get("vpcId") == vpc.id and one.inputs.get("peerVpcId") == who.network
    }
    return any(
        route.get("vpcPeeringConnectionId") in peerings and _covers(route.get("cidrBlock"), who.cidr)
        for table in state.resources.find(type=ROUTE_TABLE, account=vpc.account)
        for route in table.inputs.get("routes") or ()
    )


def _covers(addresses: str | None, cidr: str) -> bool:
    """Whether all addresses of a caller, in CIDR notation, are among these."""
    return bool(addresses) and IPv4Network(cidr).subnet_of(IPv4Network(addresses))


def _named(call: Call, ways: list[Any]) -> list[Record]:
    """The ways to which the runtime's public name leads. That takes the network's DNS host names.

    https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
    """
    if call.joined:
        return ways
    return [
        way
        for way in ways
        if (vpc := _network(call.state, way))
        and (not vpc.inputs or vpc.inputs.get("enableDnsHostnames") is True)
        and (not way.inputs or way.inputs.get("privateDnsEnabled") is True)
    ]


def _let_in(call: Call, ways: list[Any]) -> list[Record]:
    """The ways whose security groups let HTTPS in from a group of the network that lets it out to them.

    A way without one has the network's own group, which is not read.
    """
    found: list[Record] = []
    for way in ways:
        named = way.inputs.get("securityGroupIds")
        groups = [one for id_ in named or () for one in call.state.resources.find(id=str(id_)) if one.type in GROUPS]
        if not named or any(not group.inputs or _opens(call, group) for group in groups):
            found.append(way)
    return found


def _taken(call: Call, ways: list[Any]) -> list[Any]:
    """Whether a caller whom the stack file names may take the role that it is told."""
    return ways if call.caller is None or _roles(call) else []


def _granted(call: Call, ways: list[Any]) -> list[tuple[Record, Session, Asked]]:
    """The ways, each with a role whose own policies allow the call through it."""
    roles = [session_of(call.state, one) for one in _roles(call)]
    return [
        (way, role, asked)
        for way in ways
        for role in roles
        for asked in [_asked(call, way, role)]
        if granted(role.own, asked)
    ]


def _not_denied(call: Call, ways: list[Any]) -> list[tuple[Record, Session, Asked]]:
    """The ways and roles that no statement of the role's policies or of its boundary denies."""
    return [
        (way, role, asked)
        for way, role, asked in ways
        if not denial([*role.own, *(one for said in role.bounds.values() for one in said)], asked)
    ]


def _bounded(call: Call, ways: list[Any]) -> list[tuple[Record, Session, Asked]]:
    """The ways and roles whose boundary allows the call, too. One of the organisation's own is not read."""
    return [way for way in ways if not refusal(way[1], way[2])]


def _admitted(call: Call, ways: list[Any]) -> list[tuple[Record, Session, Asked]]:
    """The ways and roles that the policy of the interface endpoint allows. Without a policy it allows everything."""
    return [
        (way, role, asked)
        for way, role, asked in ways
        if not (policy := way.inputs.get("policy")) or not refusal(role.through("endpoint", read_text(policy)), asked)
    ]


PARTS = (
    Part("interface endpoint", _interface, _TIMED_OUT, _BOTOCORE, private=True),
    Part("network", _in_network, _UNRESOLVED, _BOTOCORE, private=True),
    Part("peering", _peered, _TIMED_OUT, _BOTOCORE, private=True),
    Part("name", _named, _TIMED_OUT, _BOTOCORE, private=True),
    Part("security groups", _let_in, _TIMED_OUT, _BOTOCORE, private=True),
    Part(
        "caller's role",
        _taken,
        "An error occurred (AccessDenied) when calling the AssumeRole operation: User: {user} is not authorized to "
        "perform: sts:AssumeRole on resource: {role}",
        documented("https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_roles.html", _READ),
    ),
    Part(
        "grant",
        _granted,
        _DENIED + "because no identity-based policy allows the {action} action",
        _DENIALS,
    ),
    Part("denials", _not_denied, _DENIED + "with an explicit deny in an identity-based policy", _DENIALS),
    Part("boundary", _bounded, _DENIED + "because no permissions boundary allows the {action} action", _DENIALS),
    Part(
        "interface endpoint's policy",
        _admitted,
        _DENIED + "because no VPC endpoint policy allows the {action} action",
        _DENIALS,
        private=True,
    ),
    Part(
        "endpoint",
        there,
        "An error occurred (ValidationError) when calling the InvokeEndpoint operation: Endpoint {name} of account "
        "{account} not found.",
        documented("https://github.com/aws/amazon-sagemaker-examples/issues/559", _READ),
    ),
)
"""The path from a caller to a replica, in the order in which a call meets it. A way is an interface endpoint, from the
grant on with the role that calls and what it then asks."""


def _network(state: State, way: Record) -> Record | None:
    return way if way.type == VPC else state.resources.get(VPC, str(way.inputs.get("vpcId", "")))


def _opens(call: Call, group: Record) -> bool:
    """Whether a group of the same network, or one that is given, and this group both allow HTTPS between them.

    Of a caller whose network is joined, this group lets in all addresses. What its own group lets out, it knows.
    """
    state = call.state
    if who := call.joined:
        rules = [one.inputs for one in state.resources.find(type=INGRESS, account=group.account)]
        own = [rule for rule in rules if rule.get("securityGroupId") == group.id and _is_https(rule)]
        return any(_covers(rule.get("cidrIpv4"), who.cidr) for rule in own)
    vpc = state.resources.get(VPC, str(group.inputs.get("vpcId", "")))
    own = str(vpc.inputs.get("cidrBlock", "")) if vpc else ""
    callers = [
        one
        for one in state.resources.find(type=GROUP, account=group.account, region=group.region)
        if not one.inputs or one.inputs.get("vpcId") == group.inputs.get("vpcId")
    ]
    return any(
        _admits(state, INGRESS, group, caller, own)
        and (not caller.inputs or _admits(state, EGRESS, caller, group, own))
        for caller in callers
    )


def _admits(state: State, type_: str, group: Record, other: Record, own: str) -> bool:
    """Whether a rule of the group allows HTTPS with the other group, by its id or by addresses of the network."""
    for rule in (one.inputs for one in state.resources.find(type=type_, account=group.account)):
        if rule.get("securityGroupId") != group.id or not _is_https(rule):
            continue
        addresses = rule.get("cidrIpv4")
        if rule.get("referencedSecurityGroupId") == other.id or (
            addresses and own and ip_network(addresses).overlaps(ip_network(own))
        ):
            return True
    return False


def _is_https(rule: dict[str, Any]) -> bool:
    return rule.get("ipProtocol") == "-1" or (
        rule.get("ipProtocol") == "tcp" and int(rule.get("fromPort", 0)) <= 443 <= int(rule.get("toPort", 0))
    )


def _told(call: Call, who: Caller) -> list[Record]:
    """The roles of the account that the output `callers` could tell the caller: one of a stack that has the caller."""
    roles = call.state.resources.find(type=ROLE, account=call.endpoint.account)
    return [one for one in roles if _role_name(one).endswith(f"-calls-{who.name}")]


def _role_name(role: Record) -> str:
    return str(role.inputs.get("name") or role.id)


def _roles(call: Call) -> list[Record]:
    """As whom the call may be made. A caller of another account says the external id that it is told."""
    if (who := call.caller) is None:
        return call.state.resources.find(type=ROLE, account=call.endpoint.account)
    found: list[Record] = []
    for role in _told(call, who):
        prefix = _role_name(role).removesuffix(f"-calls-{who.name}")
        said = {} if f":{call.endpoint.account}:" in who.identity else {"sts:ExternalId": f"{prefix}-{who.name}"}
        trust = read_text(role.inputs.get("assumeRolePolicy") or "")
        if may_take(trust, str(role.outputs.get("arn", "")), ("AWS", who.identity), said):
            found.append(role)
    return found


def _role_of(call: Call) -> tuple[str, str]:
    """As which role the call is made, and by whom that role is taken, for the sentences."""
    account = call.endpoint.account
    if (who := call.caller) is None:
        return f"arn:aws:iam::{account}:role/caller", "caller"
    stack = call.endpoint.urn.partition("::")[0].rpartition(":")[2]
    told = [str(one.outputs.get("arn", "")) for one in _told(call, who)]
    role = told[0] if told else f"arn:aws:iam::{account}:role/{stack}-calls-{who.name}"
    theirs, named = (who.identity.split(":")[4], who.identity.rpartition("/")[2]) if who.identity else ("", who.name)
    return role, f"arn:aws:sts::{theirs}:assumed-role/{named}/caller"


def _own_name(call: Call) -> str:
    """The interface endpoint's own name, at which a caller in another network reaches it."""
    entries = [entry for way in _interface(call, []) for entry in way.outputs.get("dnsEntries") or ()]
    return str(entries[0]["dnsName"]) if entries else f"runtime.sagemaker.{call.endpoint.region}.amazonaws.com"


def session_of(state: State, role: Record) -> Session:
    """A session of a role that stands in the sandbox. A boundary that does not is the organisation's own."""
    own = state.resources.find(type=ROLE_POLICY, account=role.account)
    policies = [one.inputs.get("policy") for one in own if one.inputs.get("role") == role.id]
    policies += [inline.get("policy") for inline in role.inputs.get("inlinePolicies") or ()]
    attached = (state.resources.get(POLICY, str(arn)) for arn in role.inputs.get("managedPolicyArns") or ())
    policies += [one.inputs.get("policy") for one in attached if one is not None]
    boundary = state.resources.get(POLICY, str(role.inputs.get("permissionsBoundary", "")))
    return Session(
        str(role.outputs.get("arn", "")),
        [statement for policy in policies for statement in read_text(policy or "")],
        {"boundary": read_text(boundary.inputs["policy"])} if boundary else {},
    )


def _asked(call: Call, way: Record, role: Session) -> Asked:
    """What the role asks of the runtime. From the internet no network is named, and none is known of one given."""
    endpoint, given = call.endpoint, way.type == VPC
    here = {
        "aws:PrincipalArn": role.arn,
        "aws:PrincipalAccount": endpoint.account,
        "aws:ResourceAccount": endpoint.account,
        "aws:RequestedRegion": endpoint.region,
        "aws:SecureTransport": "true",
        "aws:SourceIdentity": "",
    }
    if who := call.apart:
        here |= {"aws:SourceVpc": who.network, "aws:SourceVpcArn": "", "aws:SourceVpce": "", "aws:VpcSourceIp": ""}
    elif not call.outside:
        here |= {
            "aws:SourceVpc": way.id if given else str(way.inputs.get("vpcId")),
            "aws:SourceVpcArn": "",
            "aws:SourceVpce": "" if given else way.id,
            "aws:VpcSourceIp": "",
        }
    if call.target:
        here["sagemaker:TargetModel"] = call.target
    return Asked(_ACTION, str(endpoint.outputs["arn"]), here)
