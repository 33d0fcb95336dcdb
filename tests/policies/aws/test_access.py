"""IAM's logic on the policies that a graph has, drawn ones among them."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from catalogue.graph import Graph, Resource
from catalogue.iam import Call
from policies.aws.access import may_take, refusal, session

ROLE_ARN = "arn:aws:iam::444455556666:role/it-x"
KEY_ARN = "arn:aws:kms:eu-west-1:444455556666:key/1"
Statement = dict[str, Any]


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(*actions: str, on: str = "*", **rest: Any) -> Statement:
    return {"Effect": "Allow", "Action": list(actions), "Resource": on, **rest}


def made(type_: str, name: str, to: str = "", key: str = "", **inputs: Any) -> Resource:
    refers = {key: (to,)} if to else {}
    return Resource(
        urn=f"urn:pulumi:it::p::{type_}::{name}",
        type=type_,
        name=name,
        custom=True,
        inputs=inputs,
        property_dependencies=refers,
    )


def account(own: list[Statement], bound: list[Statement] | None = None, key: list[Statement] | None = None) -> Graph:
    boundary = made("aws:iam/policy:Policy", "b", policy=document(*(bound or [])), arn="arn:b")
    if bound is None:
        role = made("aws:iam/role:Role", "r", arn=ROLE_ARN)
    else:
        role = made(
            "aws:iam/role:Role", "r", boundary.urn, "permissionsBoundary", arn=ROLE_ARN, permissionsBoundary="arn:b"
        )
    policy = made("aws:iam/rolePolicy:RolePolicy", "p", role.urn, "role", policy=document(*own), role="r")
    kept = [made("aws:kms/key:Key", "k", arn=KEY_ARN, policy=document(*key))] if key is not None else []
    return Graph("it", "aws", (role, policy, boundary, *kept), {})


def asked(graph: Graph, action: str, on: str = "arn:aws:s3:::b/x", **context: str) -> str:
    (role,) = graph.of("aws:iam/role:Role")
    return refusal(graph, session(graph, role), Call(action, on, context))


ACTIONS = st.sampled_from(["s3:GetObject", "s3:PutObject", "kms:Decrypt"])
STATEMENTS = st.lists(
    st.fixed_dictionaries(
        {
            "Effect": st.sampled_from(["Allow", "Deny"]),
            "Action": ACTIONS,
            "Resource": st.sampled_from(["*", "arn:aws:s3:::b/*", "arn:aws:s3:::c/*"]),
        }
    ),
    max_size=4,
)


@given(STATEMENTS, STATEMENTS, ACTIONS)
def test_a_deny_refuses_whatever_else_allows_and_a_boundary_grants_nothing(
    own: list[Statement], bound: list[Statement], action: str
) -> None:
    assert asked(account([*own, {"Effect": "Deny", "Action": "*", "Resource": "*"}]), action)
    assert asked(account([], [*bound, allow("*")]), action) != ""
    bounded, free = asked(account(own, bound), action), asked(account(own), action)
    assert free == "" or bounded != "", "a boundary can only take away"
    assert (asked(account([*own, allow("*")], [allow("*")]), action) == "") is not any(
        s["Effect"] == "Deny" and s["Action"] == action and s["Resource"] in ("*", "arn:aws:s3:::b/*") for s in own
    )


def test_a_keys_policy_must_allow_too_and_its_account_lets_the_role_decide() -> None:
    root = {"AWS": "arn:aws:iam::444455556666:root"}
    own = [allow("kms:Decrypt", on=KEY_ARN)]
    assert "key's policy" in asked(account(own, key=[]), "kms:Decrypt", KEY_ARN)
    assert asked(account(own, key=[allow("kms:Decrypt", Principal=root)]), "kms:Decrypt", KEY_ARN) == ""
    assert asked(account([], key=[allow("kms:Decrypt", Principal=root)]), "kms:Decrypt", KEY_ARN) != ""
    assert asked(account([], key=[allow("kms:Decrypt", Principal={"AWS": ROLE_ARN})]), "kms:Decrypt", KEY_ARN) == ""
    other = {"AWS": "arn:aws:iam::999988887777:root"}
    assert "key's policy" in asked(account(own, key=[allow("kms:Decrypt", Principal=other)]), "kms:Decrypt", KEY_ARN)


def test_a_boundary_bounds_what_a_keys_policy_grants_to_the_role_by_name() -> None:
    """IAM user guide, "Permissions boundaries for IAM entities", on the ARN of a role in a policy of a resource."""
    named = [allow("kms:Decrypt", Principal={"AWS": ROLE_ARN})]
    assert asked(account([], [allow("kms:*")], named), "kms:Decrypt", KEY_ARN) == ""
    assert asked(account([], [allow("s3:*")], named), "kms:Decrypt", KEY_ARN) == "the boundary does not allow it"


def test_a_deny_for_everybody_but_some_spares_these() -> None:
    def key(spared: str) -> list[Statement]:
        but = {"Effect": "Deny", "NotPrincipal": {"AWS": spared}, "Action": "kms:*", "Resource": "*", "Sid": "Others"}
        return [allow("kms:Decrypt", Principal={"AWS": ROLE_ARN}), but]

    assert asked(account([], key=key(ROLE_ARN)), "kms:Decrypt", KEY_ARN) == ""
    assert asked(account([], key=key("arn:aws:iam::444455556666:role/other")), "kms:Decrypt", KEY_ARN) == (
        "Others denies it"
    )


def test_a_role_is_taken_under_a_name_only_where_the_trust_lets_a_name_be_set() -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole"}
    role = made("aws:iam/role:Role", "r", arn=ROLE_ARN, assumeRolePolicy=document(trust))
    assert may_take(role, ("AWS", "444455556666"), {})
    assert not may_take(role, ("AWS", "444455556666"), {"sts:SourceIdentity": "ana"})
    assert not may_take(role, ("AWS", "999988887777"), {})
    assert not may_take(role, ("Service", "sagemaker.amazonaws.com"), {})
