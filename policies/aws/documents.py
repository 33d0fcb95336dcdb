"""Reads statements of IAM policy documents. In doubt a statement has its wider meaning."""

import re
from collections.abc import Mapping
from fnmatch import fnmatchcase

from catalogue.properties import Properties


def allows(statement: Properties) -> bool:
    """Whether a statement allows something. Every effect but Deny does."""
    return statement.text_or_empty("Effect") != "Deny"


def name_of(statement: Properties) -> str:
    """The name of a statement for a sentence."""
    return statement.text_or_empty("Sid") or "a statement"


def principals(statement: Properties) -> Mapping[str, list[str]]:
    """The principals of a statement, by kind. 'Everybody but some' counts as anybody."""
    if "NotPrincipal" in statement or statement.values.get("Principal") == "*":
        return {"*": ["*"]}
    named = statement.section_or_empty("Principal")
    return {kind: list(named.each_text(kind)) for kind in named.names()}


def is_anybody(principal: Mapping[str, list[str]]) -> bool:
    """Whether a principal is anybody, or any account by a wildcard."""
    return "*" in principal or any("*" in name for name in principal.get("AWS", ()))


def is_everybody(statement: Properties) -> bool:
    """Whether a statement, such as a deny, covers everybody without exception."""
    return "NotPrincipal" not in statement and principals(statement) in ({"*": ["*"]}, {"AWS": ["*"]})


_EQUAL, _LIKE = ("stringequals",), ("stringlike", "arnequals", "arnlike")


def holds(statement: Properties, request: Mapping[str, str]) -> bool:
    """Whether every condition of a statement holds for a request that has these keys and no other.

    An empty value is one that is not known yet, and is taken to match. An operator that is none of StringEquals,
    StringLike, ArnEquals and ArnLike never holds.
    """
    has = {key.lower(): value for key, value in request.items()}
    section = statement.section_or_empty("Condition")
    for operator in section.names():
        named = operator.lower().removesuffix("ifexists")
        for key in (given := section.section_or_empty(operator)).names():
            value = has.get(key.lower())
            if value is None and named != operator.lower():
                continue
            wanted = list(given.each_text(key))
            if named in _EQUAL and value is not None:
                met = value in ("", *wanted)
            else:
                met = named in _LIKE and value is not None and (not value or any(fnmatchcase(value, w) for w in wanted))
            if not met:
                return False
    return True


def signed_in(statement: Properties) -> bool:
    """Whether a statement lets in sessions of IAM Identity Center alone, whose roles stand on a path of its own."""
    for operator in ("ArnLike", "ArnEquals"):
        if named := list(statement.section_or_empty(f"Condition.{operator}").each_text("aws:PrincipalArn")):
            return all(re.fullmatch(r"arn:aws:iam::\d{12}:role/aws-reserved/sso\.amazonaws\.com/.+", n) for n in named)
    return False
