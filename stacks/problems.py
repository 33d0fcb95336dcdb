"""What is wrong with a stack config, one sentence a mistake: the key's path, what was found, what is allowed."""

import difflib
from dataclasses import dataclass
from typing import Any, cast

from pydantic import BaseModel, ValidationError

from stacks.model import (
    ACCOUNT,
    EMAIL,
    IMAGE,
    PRINCIPAL,
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
from stacks.platforms import ALSO_CALLED, KINDS, PLATFORMS
from stacks.wording import close, found_word, nearest


@dataclass(frozen=True)
class Problem:
    """One mistake: the path of its key below `mlplatform:`, and the sentence that follows it."""

    path: tuple[str | int, ...]
    sentence: str
    meant: tuple[str | int, ...] | None = None
    """The path of the known key that a misspelt one stands for."""


def problems_of(error: ValidationError, platform: object) -> list[Problem]:
    """One problem a mistake: unknown keys first, and no known key is missing where a misspelt one stands for it.

    `platform` is what the file says it is, right or wrong: it decides what an account or an address looks like.
    """
    # A refused kind is one mistake, however many keys would be wrong for it.
    problems = list(dict.fromkeys(_problem(dict(found), platform) for found in error.errors(include_url=False)))
    meant = {problem.meant for problem in problems if problem.meant}
    kept = [problem for problem in problems if not (problem.sentence == _MISSING and problem.path in meant)]
    return sorted(kept, key=lambda problem: not problem.sentence.startswith("unknown key"))


def _problem(error: dict[str, Any], platform: object) -> Problem:
    """One sentence for one pydantic error: what was found, what is allowed."""
    kind, found, context = error["type"], error.get("input"), error.get("ctx", {})
    path = _path(error["loc"], kind)
    sentence, meant = "", None
    if refused := no_zones(path, platform):
        return Problem(path[:2], refused)
    if len(error["loc"]) > 2 and error["loc"][0] == "endpoints" and error["loc"][2] in KINDS:
        chosen = str(error["loc"][2])
        if chosen in PLATFORMS[_known(platform)].refused:
            path, sentence = _kind(path[:2], {"kind": chosen}, platform)
            return Problem(path, sentence)
    match kind:
        case "extra_forbidden":
            siblings = _KEYS[_shape(error["loc"][:-1])].model_fields
            word = meaning(str(path[-1])) if len(path) == 1 else str(path[-1])
            near = close(word, siblings)
            sentence = f"unknown key{nearest(word, siblings)}"
            meant = (*path[:-1], near) if near else None
        case "missing":
            sentence = _MISSING
        case "union_tag_invalid" | "union_tag_not_found":
            path, sentence = _kind(path, cast(dict[str, Any], found), platform)
        case "list_type" if path[-1] == "zones":
            region = PLATFORMS[_known(platform)].region
            sentence = f"found {found_word(found)}, allowed: a list of zones such as [{region}a, {region}b]"
        case "string_type" if isinstance(found, int | float):
            sentence = f"found {found_word(found)}, allowed: text; put it in quotes"
        case "string_pattern_mismatch":
            sentence = f"found {found_word(found)}, allowed: {_pattern(context['pattern'], platform)}"
        case _:
            allowed = _ALLOWED[kind].format(**context) if kind in _ALLOWED else error["msg"]
            sentence = f"found {found_word(found)}, allowed: {allowed}"
    return Problem(path, sentence, meant)


def _kind(path: tuple[str | int, ...], endpoint: dict[str, Any], platform: object) -> tuple[tuple[str | int, ...], str]:
    kind = endpoint.get("kind")
    misspelt = [] if "kind" in endpoint else difflib.get_close_matches("kind", endpoint, n=1)
    if misspelt:
        return (*path, misspelt[0]), "unknown key; did you mean kind?"
    refused = PLATFORMS[_known(platform)].refused
    if isinstance(kind, str) and kind in refused:
        return (*path, "kind"), f"found {kind!r}: {refused[kind]}"
    allowed = " or ".join(repr(known) for known in KINDS if known not in refused)
    return (*path, "kind"), f"found {found_word(kind)}, allowed: {allowed}"


def no_zones(path: tuple[str | int, ...], platform: object) -> str:
    """Why the platform takes no zones under this key and what to write instead; empty where it takes them."""
    refused = PLATFORMS[_known(platform)].no_zones
    said = next((sentence for key, sentence in refused.items() if key == path[:2]), "")
    return f"{_known(platform)} takes none: {said}" if said else ""


def meaning(key: str) -> str:
    """The key as it is called here, where a cloud calls it otherwise."""
    return ALSO_CALLED.get(key, key)


def _known(platform: object) -> str:
    """The platform the file names; for one that is none, the first: that mistake has a sentence of its own."""
    return platform if isinstance(platform, str) and platform in PLATFORMS else next(iter(PLATFORMS))


def _pattern(pattern: str, platform: object) -> str:
    """In words, what a pattern allows on this platform."""
    words = PLATFORMS[_known(platform)]
    own = {ACCOUNT: words.account_words, URI: words.uri_words, PRINCIPAL: words.principal_words}
    return own.get(pattern) or _PATTERNS[pattern]


_MISSING = "is missing; add it"
_PATTERNS = {
    SLUG: "lower-case words of letters and digits joined by '-', starting with a letter",
    EMAIL: "an e-mail address such as team@example.com",
    IMAGE: "a container image with a pinned tag or digest such as registry.example.com/scorer:1.4",
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
    if loc[-1:] == ("[key]",) and kind != "extra_forbidden" and loc[:-2] in _KEYED:
        return loc[:-1]
    return loc[:2] + loc[3:] if len(loc) > 2 and loc[0] == "endpoints" else loc


def _shape(loc: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return (loc[0], "*", *loc[2:]) if len(loc) > 1 and loc[0] in NAMED else loc


NAMED = ("models", "endpoints", "batch_jobs")
_KEYED = {*((section,) for section in NAMED), ("workspace", "principals")}
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
