"""IAM's evaluation logic, against the tables of its own page and on drawn policies."""

import json
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.graph import Graph, Resource
from policies.aws.access import Call, NotRead, condition_holds, matches, may_take, refusal, session

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


PRESENT, ABSENT = {"aws:k": "a"}, dict[str, str]()


@pytest.mark.parametrize(
    ("operator", "said", "context", "expected"),
    [
        ("StringEquals", ["a"], PRESENT, True),
        ("StringEquals", ["b", "a"], PRESENT, True),
        ("StringEquals", ["*"], PRESENT, False),  # knows no wildcard
        ("StringLike", ["*"], PRESENT, True),
        ("StringNotEquals", ["a", "b"], PRESENT, False),
        ("StringEquals", ["a"], ABSENT, False),
        ("StringEqualsIfExists", ["a"], ABSENT, True),
        ("StringNotEquals", ["a"], ABSENT, True),  # a negated operator holds for an absent key
        ("Null", ["true"], ABSENT, True),
        ("Null", ["true"], PRESENT, False),
        ("Bool", ["true"], {"aws:k": "true"}, True),
        ("BoolIfExists", ["false"], ABSENT, True),
        ("NumericGreaterThan", ["86400"], {"aws:k": "90000"}, True),
        ("NumericGreaterThan", ["86400"], {"aws:k": "86400"}, False),
        ("ArnNotEquals", ["arn:aws:iam::1:role/a"], {"aws:k": "arn:aws:iam::1:role/b"}, True),
        ("ForAnyValue:StringEquals", ["a"], ABSENT, False),
        ("ForAllValues:StringEquals", ["a"], ABSENT, True),  # the trap of ForAllValues
        ("ForAnyValue:StringNotEquals", ["a"], {"aws:k": ["a", "z"]}, True),
        ("ForAllValues:StringEquals", ["a", "b"], {"aws:k": ["a", "b"]}, True),
        ("ForAllValues:StringEquals", ["a"], {"aws:k": ["a", "b"]}, False),
    ],
)
def test_conditions_hold_as_iams_page_says(
    operator: str, said: list[str], context: dict[str, Any], expected: bool
) -> None:
    assert condition_holds(operator, said, "AWS:K", context) is expected


NAMES = st.text("ab:/*?.[", max_size=8)


@given(NAMES, NAMES)
def test_only_the_star_and_the_question_mark_are_wild(said: str, value: str) -> None:
    assert matches(said, value, {}) is fnmatchcase(value, said.replace("[", "[[]"))


@given(NAMES)
def test_what_a_request_brings_into_a_variable_is_never_a_wildcard(value: str) -> None:
    assert matches("x/${aws:k}", f"x/{value}", {"aws:k": value})
    assert matches("x/${aws:k}", "x/ben", {"aws:k": value}) is (value == "ben")
    assert not matches("x/${aws:k}", "x/", {})


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


def test_an_operator_that_is_not_read_is_said_and_not_skipped() -> None:
    own = [allow("s3:GetObject", Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})]
    with pytest.raises(NotRead, match="IpAddress"):
        asked(account(own), "s3:GetObject")


def test_a_role_is_taken_under_a_name_only_where_the_trust_lets_a_name_be_set() -> None:
    trust = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"}, "Action": "sts:AssumeRole"}
    role = made("aws:iam/role:Role", "r", arn=ROLE_ARN, assumeRolePolicy=document(trust))
    assert may_take(role, ("AWS", "444455556666"), {})
    assert not may_take(role, ("AWS", "444455556666"), {"sts:SourceIdentity": "ana"})
    assert not may_take(role, ("AWS", "999988887777"), {})
    assert not may_take(role, ("Service", "sagemaker.amazonaws.com"), {})
