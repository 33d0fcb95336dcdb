"""What is wrong with a stack config, one sentence a mistake: the key's path, what was found, what is allowed."""

import difflib
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from stacks.model import (
    ACCOUNT,
    EMAIL,
    IMAGE,
    SLUG,
    URI,
    AsyncEndpoint,
    AsyncRollback,
    BatchJob,
    Budget,
    Canary,
    Model,
    Network,
    OnlineEndpoint,
    OnlineRollback,
    StackConfig,
    Workspace,
)
from stacks.wording import close, found_word, nearest


@dataclass(frozen=True)
class Problem:
    """One mistake: the path of its key below `mlplatform:`, and the sentence that follows it."""

    path: tuple[str | int, ...]
    sentence: str
    meant: tuple[str | int, ...] | None = None
    """The path of the known key that a misspelt one stands for."""


_REFUSED_KINDS = {
    "serverless": "SageMaker serverless endpoints take neither a VPC nor network isolation; "
    "use 'async' with min_replicas 0 to pay nothing while idle",
    "multi-model": "multi-model endpoints are not built yet; give each model an endpoint of kind 'online'",
}


def problems_of(error: ValidationError) -> list[Problem]:
    """One problem a mistake: unknown keys first, and no known key is missing where a misspelt one stands for it."""
    problems = [_problem(dict(found)) for found in error.errors(include_url=False)]
    meant = {problem.meant for problem in problems if problem.meant}
    kept = [problem for problem in problems if not (problem.sentence == _MISSING and problem.path in meant)]
    return sorted(kept, key=lambda problem: not problem.sentence.startswith("unknown key"))


def _problem(error: dict[str, Any]) -> Problem:
    """One sentence for one pydantic error: what was found, what is allowed."""
    kind, found, context = error["type"], error.get("input"), error.get("ctx", {})
    path = _path(error["loc"], kind)
    sentence, meant = "", None
    match kind:
        case "extra_forbidden":
            siblings = _KEYS[_shape(error["loc"][:-1])].model_fields
            near = close(str(path[-1]), siblings)
            sentence = f"unknown key{nearest(str(path[-1]), siblings)}"
            meant = (*path[:-1], near) if near else None
        case "missing":
            sentence = _MISSING
        case "union_tag_invalid" | "union_tag_not_found":
            path, sentence = _kind(path, cast(dict[str, Any], found))
        case "string_type" if isinstance(found, int | float):
            sentence = f"found {found_word(found)}, allowed: text; put it in quotes"
        case "string_pattern_mismatch":
            sentence = f"found {found_word(found)}, allowed: {_PATTERNS[context['pattern']]}"
        case _:
            allowed = _ALLOWED[kind].format(**context) if kind in _ALLOWED else error["msg"]
            sentence = f"found {found_word(found)}, allowed: {allowed}"
    return Problem(path, sentence, meant)


def _kind(path: tuple[str | int, ...], endpoint: dict[str, Any]) -> tuple[tuple[str | int, ...], str]:
    kind = endpoint.get("kind")
    misspelt = [] if "kind" in endpoint else difflib.get_close_matches("kind", endpoint, n=1)
    if misspelt:
        return (*path, misspelt[0]), "unknown key; did you mean kind?"
    if isinstance(kind, str) and kind in _REFUSED_KINDS:
        return (*path, "kind"), f"found {kind!r}: {_REFUSED_KINDS[kind]}"
    return (*path, "kind"), f"found {found_word(kind)}, allowed: 'online' or 'async'"


_MISSING = "is missing; add it"
_PATTERNS = {
    SLUG: "lower-case words of letters and digits joined by '-', starting with a letter",
    ACCOUNT: "an AWS account id of twelve digits, in quotes",
    EMAIL: "an e-mail address such as team@example.com",
    IMAGE: "a container image with a pinned tag or digest such as registry.example.com/scorer:1.4",
    URI: "an S3 address with a key such as s3://bucket/folder/model.tar.gz",
}
_ALLOWED = {
    "literal_error": "{expected}",
    "value_error": "{error}",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
    "dict_type": "a mapping",
    "list_type": "a list",
    "string_type": "text",
    "int_type": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "finite_number": "a finite number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge} or more",
    "less_than_equal": "{le} or less",
    "string_too_long": "at most {max_length} characters",
    "too_short": "at least {min_length} of them",
    "too_long": "at most {max_length} of them",
    "string_unicode": "text of whole characters",
}


def _path(loc: tuple[str | int, ...], kind: str) -> tuple[str | int, ...]:
    """Pydantic's location without what no one wrote: the mark of a wrong key, and the kind that chose the model."""
    if len(loc) == 3 and loc[0] in NAMED and loc[2] == "[key]" and kind != "extra_forbidden":
        return loc[:2]
    return loc[:2] + loc[3:] if len(loc) > 2 and loc[0] == "endpoints" else loc


def _shape(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return (loc[0], "*", *loc[2:]) if len(loc) > 1 and loc[0] in NAMED else loc


NAMED = ("models", "endpoints", "batch_jobs")
_KEYS: dict[tuple[str | int, ...], type[BaseModel]] = {
    (): StackConfig,
    ("network",): Network,
    ("budget",): Budget,
    ("workspace",): Workspace,
    ("models", "*"): Model,
    ("endpoints", "*", "online"): OnlineEndpoint,
    ("endpoints", "*", "online", "canary"): Canary,
    ("endpoints", "*", "online", "rollback"): OnlineRollback,
    ("endpoints", "*", "async"): AsyncEndpoint,
    ("endpoints", "*", "async", "rollback"): AsyncRollback,
    ("batch_jobs", "*"): BatchJob,
}
