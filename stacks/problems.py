"""What is wrong with a stack config, one sentence a mistake: the key's path, what was found, what is allowed."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from catalogue.platforms import PLATFORMS, Form
from catalogue.wording import close, found_word, nearest
from stacks.fields import FORMS, WORDS
from stacks.model import Path, Problem, Section
from stacks.sections import refusal, sections, stack_model

ALSO_CALLED: Mapping[str, str] = {
    "project": "account",
    "project_id": "account",
    "subscription": "account",
    "subscription_id": "account",
    "subscriptionId": "account",
    "location": "region",
}
"""What the clouds and their providers call a key that has one name here."""


def problems_of(error: ValidationError, platform: object) -> list[Problem]:
    """One problem a mistake: unknown keys first, and no known key is missing where a misspelt one stands for it.

    `platform` is what the file says it is, right or wrong: it decides what an account or an address looks like.
    """
    # What is refused is one mistake, however many keys would be wrong in it.
    problems = list(dict.fromkeys(_problem(dict(found), _known(platform)) for found in error.errors(include_url=False)))
    meant = {problem.meant for problem in problems if problem.meant}
    kept = [problem for problem in problems if not (problem.sentence == _MISSING and problem.path in meant)]
    return sorted(kept, key=lambda problem: not problem.sentence.startswith("unknown key"))


def _problem(error: dict[str, Any], platform: str) -> Problem:
    """One sentence for one pydantic error: what was found, what is allowed."""
    kind, found, context = error["type"], error.get("input"), error.get("ctx", {})
    at = _followed(error["loc"], kind)
    if refused := _refused(at, platform):
        return refused
    path, sentence, meant = at.path, "", None
    match kind:
        case "extra_forbidden":
            siblings = at.siblings
            word = meaning(str(path[-1])) if len(path) == 1 else str(path[-1])
            near = close(word, siblings)
            sentence = f"unknown key{nearest(word, siblings)}"
            meant = (*path[:-1], near) if near else None
        case "missing":
            sentence = _MISSING
        case "union_tag_invalid" | "union_tag_not_found":
            path, sentence = _kind(path, cast(dict[str, Any], found), platform)
        case "list_type" if path[-1] == "zones":
            region = PLATFORMS[platform].region
            sentence = f"found {found_word(found)}, allowed: a list of zones such as [{region}a, {region}b]"
        case "string_type" if isinstance(found, int | float):
            sentence = f"found {found_word(found)}, allowed: text; put it in quotes"
        case "string_pattern_mismatch":
            sentence = f"found {found_word(found)}, allowed: {_pattern(context['pattern'], platform)}"
        case _:
            allowed = _ALLOWED[kind].format(**context) if kind in _ALLOWED else error["msg"]
            sentence = f"found {found_word(found)}, allowed: {allowed}"
    return Problem(path, sentence, meant)


@dataclass(frozen=True)
class _At:
    """Where an error is: the path as a person wrote it, the keys known beside it, and each kind that was chosen."""

    path: Path
    siblings: tuple[str, ...]
    chosen: tuple[tuple[Path, str], ...]


def _followed(loc: Path, error: str) -> _At:
    """Pydantic's location, followed through the models, without what no one wrote.

    That is the mark of a wrong key, and the kind that chose the model.
    """
    here: Any = stack_model()
    path: list[str | int] = []
    siblings: tuple[str, ...] = ()
    chosen: list[tuple[Path, str]] = []
    in_mapping = False
    for at, part in enumerate(loc):
        if in_mapping and part == "[key]" and at == len(loc) - 1 and error != "extra_forbidden":
            break
        here, kinds = _bare(here)
        in_mapping = get_origin(here) is dict
        if kinds:
            here = kinds.get(part)
            chosen.append((tuple(path), str(part)))
            continue
        path.append(part)
        if isinstance(here, type) and issubclass(here, BaseModel):
            fields = here.model_fields
            siblings = tuple(fields)
            here = fields[part].annotation if isinstance(part, str) and part in fields else None
        else:
            here = get_args(here)[-1] if get_args(here) else None
    return _At(tuple(path), siblings, tuple(chosen))


def _bare(type_: Any) -> tuple[Any, Mapping[Any, type[BaseModel]]]:
    """A type without annotations and None, and the models among which one of its keys chooses, by the key's value."""
    by = None
    while get_origin(type_) is Annotated:
        type_, *notes = get_args(type_)
        by = next((note.discriminator for note in notes if isinstance(note, FieldInfo) and note.discriminator), by)
    if get_origin(type_) in (Union, UnionType):
        members = [member for member in get_args(type_) if member is not type(None)]
        if isinstance(by, str):
            return type_, {value: one for one in members for value in get_args(one.model_fields[by].annotation)}
        return _bare(members[0])
    return type_, {}


def _refused(at: _At, platform: str) -> Problem | None:
    """What the platform refuses, whatever else is wrong in it: the section, a key of it, or the kind of an item."""
    section = sections().get(str(at.path[0])) if at.path else None
    if section is None:
        return None
    if said := refusal(section, platform):
        return Problem(at.path[:1], said)
    if len(at.path) > 1 and (said := section.refused_key(at.path[1], platform)):
        return Problem(at.path[:2], said)
    for path, kind in at.chosen:
        if section.refused_kind(kind, platform):
            return Problem(*_kind(path, {"kind": kind}, platform))
    return None


def _kind(path: Path, item: dict[str, Any], platform: str) -> tuple[Path, str]:
    """What is wrong with the kind of an item, and where."""
    section: Section[Any] = sections()[str(path[0])]
    kind = item.get("kind")
    misspelt = [] if "kind" in item else difflib.get_close_matches("kind", item, n=1)
    if misspelt:
        return (*path, misspelt[0]), "unknown key; did you mean kind?"
    if isinstance(kind, str) and (refused := section.refused_kind(kind, platform)):
        return (*path, "kind"), f"found {kind!r}: {refused}"
    allowed = " or ".join(repr(known) for known in section.kinds if not section.refused_kind(known, platform))
    return (*path, "kind"), f"found {found_word(kind)}, allowed: {allowed}"


def meaning(key: str) -> str:
    """The key as it is called here, where a cloud calls it otherwise."""
    return ALSO_CALLED.get(key, key)


def _known(platform: object) -> str:
    """The platform the file names; for one that is none, the first: that mistake has a sentence of its own."""
    return platform if isinstance(platform, str) and platform in PLATFORMS else next(iter(PLATFORMS))


def _pattern(pattern: str, platform: str) -> str:
    """In words, what a pattern allows on this platform."""
    if pattern in FORMS:
        own: Form = getattr(PLATFORMS[platform], FORMS[pattern])
        return own.words
    return WORDS.get(pattern, f"text of the form {pattern}")


_MISSING = "is missing; add it"
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
