"""Whether AWS lets a role's session make a call, judged by the policies in the graph of a stack.

The logic is catalogue/iam.py's; here is where a graph has the policies that it takes. What is outside of the graph is
not read: policies of the organisation, a boundary or a key of a landing zone.
"""

import re
from collections.abc import Mapping, Sequence

from catalogue import iam as logic
from catalogue.graph import Graph, Resource
from catalogue.iam import Call, Context, Session, Statement, read
from catalogue.kinds.aws import iam, kms, s3, sagemaker
from catalogue.once import once_a_graph


def session(graph: Graph, role: Resource) -> Session:
    """A session of a role of a graph. Raises Unreadable for a policy that cannot be read."""
    bounds = graph.refers(role, "permissionsBoundary", iam.POLICY)
    return Session(
        role.props.text_if_known("arn"),
        own_policies(graph, role),
        {"the boundary": [s for policy in bounds for s in read(policy.props, "policy")]} if bounds else {},
    )


def own_policies(graph: Graph, role: Resource) -> list[Statement]:
    """The statements of a role's own policies. Raises Unreadable."""
    holders = [policy.props for policy in graph.referring(iam.ROLE_POLICY, "role", role)]
    holders += role.props.each_section("inlinePolicies")
    holders += [policy.props for policy in graph.refers(role, "managedPolicyArns", iam.POLICY)]
    return [statement for holder in holders for statement in read(holder, "policy")]


def refusal(graph: Graph, session: Session, call: Call) -> str:
    """Why the call is refused, in a clause. Empty where it is allowed. Raises Unreadable for what cannot be read."""
    there = _of_resources(graph).get(_whose(call.resource), ())
    key = call.action.startswith("kms:") and any(
        key.props.text_if_known("arn") == call.resource for key in graph.of(kms.KEY)
    )
    return logic.refusal(session, call, there, key=key)


def _whose(arn: str) -> str:
    """The resource with a policy of its own that an ARN lies in: a bucket, a group of model versions, or itself."""
    if arn.startswith("arn:aws:s3:::"):
        return arn.partition("/")[0]
    group = re.search(":model-package(?:-group)?/([^/]+)", arn)
    return f"model-package-group/{group[1]}" if group else arn


@once_a_graph
def _of_resources(graph: Graph) -> Mapping[str, Sequence[Statement]]:
    """The policies that resources have themselves, by the resource as `_whose` names it."""
    found: dict[str, list[Statement]] = {}
    for key in graph.of(kms.KEY):
        found.setdefault(key.props.text_if_known("arn"), []).extend(read(key.props, "policy"))
    for policy in graph.of(s3.BUCKET_POLICY):
        bucket = f"arn:aws:s3:::{policy.props.text_or_empty('bucket')}"
        found.setdefault(bucket, []).extend(read(policy.props, "policy"))
    for policy in graph.of(sagemaker.PACKAGE_GROUP_POLICY):
        group = f"model-package-group/{policy.props.text_or_empty('modelPackageGroupName')}"
        found.setdefault(group, []).extend(read(policy.props, "resourcePolicy"))
    return found


def may_take(role: Resource, principal: tuple[str, str], context: Context) -> bool:
    """Whether a role's trust lets a principal take it: ("Service", "states.amazonaws.com"), or ("AWS", an account)."""
    trust = read(role.props, "assumeRolePolicy")
    return logic.may_take(trust, role.props.text_or_empty("arn"), principal, context)
