"""What the conditions of a guardrail may say: machines, hours, accounts and roles that are the stack's own."""

from collections.abc import Collection, Iterator

from catalogue.graph import Graph, Resource
from catalogue.hardware.catalogue import load
from catalogue.iam import Condition
from catalogue.kind import Runs
from catalogue.kinds import kind_of
from catalogue.kinds.aws import iam, sagemaker, studio
from catalogue.once import once_a_graph
from catalogue.properties import Unreadable
from catalogue.registered import PENDING
from policies.world import world

_DAY = 24 * 3600
"""The longest that a training job may be given which somebody starts by hand; runs of the stack's own jobs are bound by
batch-hours."""
_LEFT_OUT = {"sagemaker:ServerlessMaxConcurrency": "false"}
"""What the operator Null asks: whether a key is left out, but for these, which must be."""
_VALUES = {
    "sagemaker:AppNetworkAccessType": "VpcOnly",
    "sagemaker:ModelApprovalStatus": PENDING,
}
_MACHINES = "sagemaker:InstanceTypes"
_APPLICATIONS = "sagemaker:CreateApp"


def weak(graph: Graph, condition: Condition, guards: str, actions: Collection[str]) -> Iterator[str]:
    """Each value with which the condition of a guardrail lets more through than the stack has. `guards` is the key that
    the guardrail is on: that on volumes may except machines that encrypt by themselves.

    Nothing is said of accounts, roles and machines where no stack file says whose the stack is.
    """
    key, allowed, ours = condition.key, None, world(graph)
    if key != guards:
        yield from (one for one in condition.values if sagemaker.takes_volume_key(one))
    elif condition.is_null:
        allowed = {_LEFT_OUT.get(key, "true")}
    elif condition.operator.startswith("Bool"):
        allowed = {"false"}
    elif key in _VALUES:
        allowed = {_VALUES[key]}
    elif condition.operator.startswith("Numeric"):
        yield from (one for one in condition.values if not (one.isdigit() and int(one) <= _DAY))
    elif not ours.account:
        return
    elif key == _MACHINES:
        allowed = _of_applications(graph) if _APPLICATIONS in actions else _of_jobs(graph)
    elif key == "aws:PrincipalArn":
        roles = [one for one in graph.of(iam.ROLE) if one.props.text_if_known("name").endswith("-approver")]
        allowed = {arn_of(graph, one) for one in roles}
    elif key == "aws:ResourceAccount":
        allowed = {ours.account}
    elif key == "aws:RequestedRegion":
        allowed = {ours.region}
    if allowed is not None:
        yield from sorted(set(condition.values) - allowed)


def arn_of(graph: Graph, role: Resource) -> str:
    """The ARN of a role of the stack by its inputs, which are known before it stands."""
    path, name = (role.props.text_if_known(key) for key in ("path", "name"))
    return f"arn:aws:iam::{world(graph).account}:role{path or '/'}{name}"


def _of_applications(graph: Graph) -> set[str]:
    """The machines of Studio's applications as its domains have them, and AWS's own, which is free of charge."""
    return {"system", *(one for domain in graph.of(studio.DOMAIN) for one in _runs(graph, domain))}


@once_a_graph
def _of_jobs(graph: Graph) -> frozenset[str]:
    """The machine types of whatever runs in the stack, and those that its file names for what is switched off."""
    known, place = load("aws"), graph.placement
    said = place.machines if place else ()
    named = {str(known.machine_in(one, world(graph).region).machine_type) for one in said if _is_known(one)}
    return frozenset(named.union(*(_runs(graph, one) for one in graph.cloud)))


def _is_known(name: str) -> bool:
    try:
        load("aws").machine(name)
    except KeyError:
        return False
    return True


def _runs(graph: Graph, resource: Resource) -> set[str]:
    """The machine types that a resource runs; other rules say so where they cannot be read."""
    kind = kind_of(resource.type)
    if kind is None or not isinstance(kind.runs, Runs):
        return set()
    try:
        return {machines.machine_type for machines in kind.runs.machines(graph, resource)}
    except Unreadable:
        return set()
