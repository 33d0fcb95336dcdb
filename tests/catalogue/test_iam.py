"""IAM's evaluation logic, against the tables of its own pages and on drawn statements."""

import json
import re
from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalogue.iam import Call, Condition, NotRead, Session, condition_holds, matches, may_take, read_text, refusal
from catalogue.properties import Malformed
from tests.rows import rows

ROLE = "arn:aws:iam::444455556666:role/it-x"


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


PRESENT, ABSENT = {"aws:k": "a"}, dict[str, str]()


@rows(
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
        ("StringEqualsIgnoreCase", ["A"], PRESENT, True),
        ("StringEqualsIgnoreCase", ["${aws:k}"], {"aws:k": "Ana"}, True),  # of the variable's value, too
        ("IpAddress", ["10.0.0.0/8"], {"aws:k": "10.9.8.7"}, True),
        ("IpAddress", ["10.0.0.0/8"], {"aws:k": "fd00::1"}, False),
        ("NotIpAddress", ["10.0.0.0/8"], {"aws:k": "192.0.2.1"}, True),
        ("DateLessThan", ["2027-01-01T00:00:00Z"], {"aws:k": "2026-11-26T12:00:00Z"}, True),
        ("DateGreaterThan", ["1798761600"], {"aws:k": "2026-11-26T12:00:00Z"}, False),
        ("BinaryEquals", ["QmluYXJ5"], {"aws:k": "QmluYXJ5"}, True),
        ("ArnLike", ["arn:aws:iam::*:role/a"], {"aws:k": "arn:aws:iam::1:role/a"}, True),
        ("ArnLike", ["arn:aws:iam::*/a"], {"aws:k": "arn:aws:iam::1:role/a"}, True),  # no ARN: compared whole
        ("ArnLike", ["arn:aws:iam:*::role/a"], {"aws:k": "arn:aws:iam::1:role/a"}, False),  # part by part
        ("StringLike", ["arn:aws:iam:*:role/a"], {"aws:k": "arn:aws:iam::1:role/a"}, True),
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


OPERATORS = [
    *("StringEquals", "StringNotEquals", "StringLike", "ArnLike", "ArnNotLike", "NumericLessThan", "IpAddress", "Bool"),
    *("DateEquals", "DateNotEquals", "NotIpAddress", "NumericNotEquals", "StringEqualsIgnoreCase"),
]


@given(st.sampled_from(OPERATORS), st.sampled_from(["", "ForAnyValue:", "ForAllValues:"]), st.booleans())
def test_a_value_that_is_not_known_is_in_doubt_and_an_absent_one_is_not(operator: str, scope: str, doubt: bool) -> None:
    assert condition_holds(scope + operator, ["1"], "aws:k", {"aws:k": ""}, doubt) is doubt
    absent = condition_holds(scope + operator, ["1"], "aws:k", {}, doubt)
    assert absent is (scope == "ForAllValues:" or (not scope and "Not" in operator))
    assert condition_holds(f"{scope}{operator}IfExists", ["1"], "aws:k", {}, doubt) is True


@pytest.mark.parametrize(
    ("operator", "said"),
    [("StringMatches", "a"), ("ForSome:StringEquals", "a"), ("NullIfExists", "true"), ("NumericEquals", "many"),
     ("IpAddress", "10.0.0.0.0"), ("DateEquals", "soon"), ("BinaryEquals", "a")],
)  # fmt: skip
def test_what_iam_does_not_have_is_said_and_not_skipped(operator: str, said: str) -> None:
    condition = {operator: {"aws:k": said}}
    with pytest.raises(NotRead, match=operator.rpartition(":")[2]):
        for one in read_text(document({"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": condition})):
            one.holds({"aws:k": "1.5"})


OURS = re.compile("vpc-1|a:b/.+")
SAID = st.lists(st.sampled_from(["vpc-1", "vpc-2", "VPC-1", "vpc-?", "v*", "a:b/*", "a:*/c", "${aws:k}"]), max_size=2)
BROUGHT = st.lists(st.sampled_from(["vpc-1", "vpc-2", "VPC-1", "vpc-x", "v", "a:b/c", "a:x/c", "somebody"]), max_size=2)
COMPARED = [one for one in OPERATORS if one.startswith(("String", "Arn"))]


@given(
    st.sampled_from(["", "ForAnyValue:", "ForAllValues:"]),
    st.sampled_from(COMPARED),
    st.sampled_from(["", "IfExists"]),
    SAID,
    BROUGHT,
)
def test_a_condition_that_admits_nothing_beyond_holds_for_nobody_else(
    scope: str, operator: str, optional: str, said: list[str], brought: list[str]
) -> None:
    condition = Condition(f"{scope}{operator}{optional}", "aws:k", said)
    if condition.beyond(OURS) == "":
        context = {"aws:k": brought} if brought else {}
        ours = bool(brought) and all(map(OURS.fullmatch, brought))
        assert ours or not condition_holds(condition.operator, said, "aws:k", context)
    assert not condition.binds or not condition.admits()


@pytest.mark.parametrize(
    ("operator", "said", "beyond"),
    [
        ("StringEquals", ["vpc-1"], ""),
        ("StringLike", ["a:b/*"], ""),
        ("StringEquals", [], ""),  # holds for nobody
        ("StringEquals", ["vpc-1", "vpc-2"], "vpc-2"),
        ("StringEqualsIfExists", ["vpc-1"], "a request that does not bring it"),
        ("ForAllValues:StringEquals", ["vpc-1"], "a request that does not bring it"),
        ("ForAnyValue:StringEquals", ["vpc-1"], "a request that brings another value beside"),
        ("StringNotEquals", ["vpc-2"], "a request that does not bring it"),
        ("StringEqualsIgnoreCase", ["vpc-1"], "VPC-1"),
        ("StringLike", ["vpc-*"], "vpc-x"),
        ("StringEquals", ["${aws:k}"], "${AWS:K}"),  # what the request itself says
        ("Null", ["false"], "FALSE"),  # whatever a request says
        ("Null", ["true"], "a request that does not bring it"),
    ],
)
def test_a_condition_is_judged_by_what_it_admits(operator: str, said: list[str], beyond: str) -> None:
    assert Condition(operator, "aws:k", said).beyond(OURS) == beyond


def test_each_value_of_null_counts() -> None:
    assert condition_holds("Null", ["false", "true"], "aws:k", {}) and condition_holds(
        "Null", ["true", "false"], "k", {}
    )


ACTIONS = ("s3:GetObject", "s3:PutObject", "sagemaker:InvokeEndpoint")
ARNS = ("arn:aws:s3:::b/x", "arn:aws:s3:::c/x")
MAYBE = st.sampled_from(["*", "s3:*", "S3:GETOBJECT", "s3:?etObject", "sagemaker:Invoke*", *ACTIONS])
NAMED = st.sampled_from(["*", "arn:aws:s3:::b/*", "arn:aws:s3:::?/x", *ARNS])
NETWORKS = st.sampled_from(["vpc-1", "vpc-2"])


def one_or_many(each: st.SearchStrategy[str]) -> st.SearchStrategy[str | list[str]]:
    return each | st.lists(each, min_size=1, max_size=3)


@st.composite
def written(draw: st.DrawFn) -> dict[str, Any]:
    """A statement with each element in both of its forms, in both of its shapes."""
    said: dict[str, Any] = {"Effect": draw(st.sampled_from(["Allow", "Deny"]))}
    said[draw(st.sampled_from(["Action", "NotAction"]))] = draw(one_or_many(MAYBE))
    said[draw(st.sampled_from(["Resource", "NotResource"]))] = draw(one_or_many(NAMED))
    if draw(st.booleans()):
        said["Condition"] = {draw(st.sampled_from(["StringEquals", "StringNotEquals"])): {"aws:SourceVpc": "vpc-1"}}
    return said


def plainly(said: dict[str, Any], action: str, on: str, network: str) -> bool:
    """Whether a statement speaks of a call, by another reading than the evaluator's."""

    def among(key: str, value: str) -> bool:
        named = said[key] if isinstance(said[key], list) else [said[key]]
        return any(fnmatchcase(value, each.lower() if "Action" in key else each) for each in named)

    does = among("Action", action.lower()) if "Action" in said else not among("NotAction", action.lower())
    there = among("Resource", on) if "Resource" in said else not among("NotResource", on)
    bound = said.get("Condition", {})
    return does and there and ("StringEquals" not in bound or network == "vpc-1") and (
        "StringNotEquals" not in bound or network != "vpc-1"
    )  # fmt: skip


POLICY = st.lists(written(), max_size=3)


@given(POLICY, POLICY, POLICY, st.sampled_from(ACTIONS), st.sampled_from(ARNS), NETWORKS)
def test_a_call_is_allowed_where_nothing_denies_it_and_identity_and_every_bound_allow_it(
    own: list[dict[str, Any]],
    boundary: list[dict[str, Any]],
    organisation: list[dict[str, Any]],
    action: str,
    on: str,
    network: str,
) -> None:
    def speaks(policy: list[dict[str, Any]], effect: str) -> bool:
        return any(s["Effect"] == effect and plainly(s, action, on, network) for s in policy)

    policies = [own, boundary, organisation]
    allowed = all(speaks(p, "Allow") for p in policies) and not any(speaks(p, "Deny") for p in policies)
    bounds = {"boundary": read_text(document(*boundary)), "organisation": read_text(document(*organisation))}
    who = Session(ROLE, read_text(document(*own)), bounds)
    assert (refusal(who, Call(action, on, {"aws:SourceVpc": network})) == "") is allowed


@given(POLICY, POLICY, st.sampled_from(ACTIONS), st.sampled_from(ARNS), NETWORKS)
def test_a_policy_of_a_resource_grants_beside_the_identitys_own(
    own: list[dict[str, Any]], there: list[dict[str, Any]], action: str, on: str, network: str
) -> None:
    of_resource = read_text(document(*({**said, "Principal": {"AWS": ROLE}} for said in there)))
    call = Call(action, on, {"aws:SourceVpc": network})
    both = [said for said in (*own, *there) if plainly(said, action, on, network)]
    allowed = {said["Effect"] for said in both} == {"Allow"}
    assert (refusal(Session(ROLE, read_text(document(*own)), {}), call, of_resource) == "") is allowed
    assert refusal(Session("arn:aws:iam::444455556666:role/no", [], {}), call, of_resource) != ""


@given(POLICY, st.sampled_from(ACTIONS), st.sampled_from(ARNS), NETWORKS)
def test_what_is_not_known_counts_for_the_call(own: list[dict[str, Any]], action: str, on: str, network: str) -> None:
    who = Session(ROLE, read_text(document(*own)), {})
    if not refusal(who, Call(action, on, {"aws:SourceVpc": network})):
        assert not refusal(who, Call(action, on, {"aws:SourceVpc": ""}))
        assert not refusal(who, Call(action, "", {"aws:SourceVpc": network}))


def test_one_statement_may_stand_without_a_list_and_what_is_no_document_is_said() -> None:
    (one,) = read_text(json.dumps({"Statement": {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}}))
    assert one.speaks_of("S3:GetObject") and not one.speaks_of("s3express:GetObject")
    assert read_text("") == []
    with pytest.raises(Malformed):
        read_text("[")


def test_a_variable_that_the_request_does_not_bring_has_the_default_that_it_names() -> None:
    assert matches("team/${aws:PrincipalTag/team, 'none'}/*", "team/none/x", {})
    assert matches("team/${aws:PrincipalTag/team, 'none'}/*", "team/risk/x", {"aws:PrincipalTag/team": "risk"})
    assert not matches("team/${aws:PrincipalTag/team}/*", "team//x", {})


@pytest.mark.parametrize(
    ("by", "principal", "taken"),
    [
        ({"AWS": "*"}, ("AWS", "999988887777"), True),
        ("*", ("AWS", "999988887777"), True),
        ({"AWS": "444455556666"}, ("AWS", "444455556666"), True),
        ({"AWS": ["arn:aws:iam::444455556666:root"]}, ("AWS", "999988887777"), False),
        ({"Service": "states.amazonaws.com"}, ("Service", "states.amazonaws.com"), True),
    ],
)
def test_who_takes_a_role(by: Any, principal: tuple[str, str], taken: bool) -> None:
    trust = read_text(document({"Effect": "Allow", "Principal": by, "Action": "sts:AssumeRole"}))
    assert may_take(trust, ROLE, principal, {}) is taken
