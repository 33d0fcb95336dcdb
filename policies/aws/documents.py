"""Whom a statement of an IAM policy lets in, as rules ask. In doubt a statement has its wider meaning."""

import re
from collections.abc import Mapping

from catalogue.iam import principals
from catalogue.properties import Properties


def is_anybody(principal: Mapping[str, list[str]]) -> bool:
    """Whether a principal is anybody, or any account by a wildcard."""
    return "*" in principal or any("*" in name for name in principal.get("AWS", ()))


def is_everybody(statement: Properties) -> bool:
    """Whether a statement, such as a deny, covers everybody without exception."""
    return "NotPrincipal" not in statement and principals(statement) in ({"*": ["*"]}, {"AWS": ["*"]})


def signed_in(statement: Properties) -> bool:
    """Whether a statement lets in sessions of IAM Identity Center alone, whose roles stand on a path of its own."""
    for operator in ("ArnLike", "ArnEquals"):
        if named := list(statement.section_or_empty(f"Condition.{operator}").each_text("aws:PrincipalArn")):
            return all(re.fullmatch(r"arn:aws:iam::\d{12}:role/aws-reserved/sso\.amazonaws\.com/.+", n) for n in named)
    return False
