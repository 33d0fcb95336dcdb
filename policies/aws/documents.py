"""Reads statements of IAM policy documents. In doubt a statement has its wider meaning."""

from collections.abc import Mapping

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
