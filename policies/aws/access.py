"""Whether AWS lets a role's session make a call, judged by the policies in the graph of a stack.

The logic is catalogue/iam.py's; here is where a graph has the policies that it takes. What is outside of the graph is
not read: policies of the organisation, a boundary or a key of a landing zone.
"""

import re
from collections.abc import Sequence

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
    return [statement for holder in holders for statement in read(holder, "policy")]


def refusal(graph: Graph, session: Session, call: Call) -> str:
    """Why the call is refused, in a clause. Empty where it is allowed. Raises Unreadable for what cannot be read."""
    there = [s for arns, said in _of_resources(graph) if arns.fullmatch(call.resource) for s in said]
    key = call.action.startswith("kms:") and any(
        key.props.text_if_known("arn") == call.resource for key in graph.of(kms.KEY)
    )
    return logic.refusal(session, call, there, key=key)


@once_a_graph
def _of_resources(graph: Graph) -> list[tuple[re.Pattern[str], Sequence[Statement]]]:
    """The policies that resources have themselves, each with the ARNs that it speaks of."""
    keys = [(re.escape(key.props.text_if_known("arn")), key, "policy") for key in graph.of(kms.KEY)]
    buckets = [
        (f"arn:aws:s3:::{re.escape(policy.props.text_or_empty('bucket'))}(/.*)?", policy, "policy")
        for policy in graph.of(s3.BUCKET_POLICY)
    ]
    groups = [
        (
            f".*:model-package(-group)?/{re.escape(policy.props.text_or_empty('modelPackageGroupName'))}(/.*)?",
            policy,
            path,
        )
        for policy, path in ((one, "resourcePolicy") for one in graph.of(sagemaker.PACKAGE_GROUP_POLICY))
    ]
    return [(re.compile(arns), read(one.props, path)) for arns, one, path in (*keys, *buckets, *groups)]


def may_take(role: Resource, principal: tuple[str, str], context: Context) -> bool:
    """Whether a role's trust lets a principal take it: ("Service", "states.amazonaws.com"), or ("AWS", an account)."""
    trust = read(role.props, "assumeRolePolicy")
    return logic.may_take(trust, role.props.text_or_empty("arn"), principal, context)
