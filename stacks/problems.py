"""What is wrong with a stack config, one sentence a mistake: the key's path, what was found, what is allowed."""

import re
from collections.abc import Callable, Collection, Iterator, Mapping, Set, Sized
from dataclasses import dataclass
from functools import cache
from types import UnionType
from typing import Annotated, Any, Union, cast, get_args, get_origin

import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from catalogue import environments
from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS, Form
from catalogue.wording import found_word, in_words
from stacks import values
from stacks.fields import FORMS, IMAGE, MACHINE_TYPE, PLACE_OR_STEP, URI, WORDS
from stacks.model import Path, Problem, Section
from stacks.sections import refusal, sections, stack_model
from stacks.strict_yaml import Unread
from stacks.words import unknown

_MISSING = "is missing; add "
_MOST_CHOICES = 8
"""Of more words than these a sentence gives an example."""
_LONGEST_EXAMPLE = 60
_CHOICES: Mapping[Path, Callable[[], Collection[str]]] = {
    ("platform",): lambda: PLATFORMS,
    ("environment",): environments.names,
}
"""The keys that take one of a few words, for which people know others."""
_BY_PLATFORM = (IMAGE, MACHINE_TYPE, PLACE_OR_STEP)
"""The other patterns of which each platform has an example of its own."""
_NO_KIND = ("union_tag_invalid", "union_tag_not_found")


@dataclass(frozen=True)
class Places:
    """The paths at which a stack file breaks the model, and those of them that are a wrong key of a mapping."""

    at: frozenset[Path]
    keys: frozenset[Path]

    def touch(self, path: Path) -> bool:
        """Whether something at this path, above it or below it has a sentence already."""
        return any(path[: len(at)] == at[: len(path)] for at in self.at)


def places_of(error: ValidationError) -> Places:
    """Where the mistakes are."""
    found = [(_followed(one["loc"], one["type"]).path, one) for one in error.errors(include_url=False)]
    keys = [path for path, one in found if one["loc"][-1:] == ("[key]",) and one["type"] != "extra_forbidden"]
    return Places(frozenset(path for path, _ in found), frozenset(keys))


def problems_of(error: ValidationError, platform: object, meant: Set[Path] = frozenset()) -> list[Problem]:
    """One problem a mistake: unknown keys first, and no known key is missing where a misspelt one stands for it.

    `platform` is what the file says it is, right or wrong: it decides what an account or an address looks like. `meant`
    are known keys that something else in the file stands for.
    """
    found = [cast(dict[str, Any], one) for one in error.errors(include_url=False)]
    found += [more for one in found if one["type"] in _NO_KIND for more in _beside_the_kind(one, _known(platform))]
    # What YAML alone reads wrongly has a sentence of its own.
    said = [one for one in found if not any(isinstance(part, Unread) for part in (one["input"], *one["loc"]))]
    # What is refused is one mistake, however many keys would be wrong in it.
    problems = list(dict.fromkeys(_problem(one, _known(platform)) for one in said))
    meant = {*meant, *(problem.meant for problem in problems if problem.meant)}
    kept = [one for one in problems if not stood_for(one, meant)]
    return sorted(kept, key=lambda problem: not problem.sentence.startswith("unknown key"))


def stood_for(problem: Problem, meant: Set[Path]) -> bool:
    """Whether it says that a key is missing for which a misspelt one stands, which has a sentence already."""
    return problem.sentence.startswith(_MISSING) and problem.path in meant


def _beside_the_kind(error: dict[str, Any], platform: str) -> Iterator[dict[str, Any]]:
    """The other mistakes of an item whose kind is wrong: those that it has as the kind that is meant, or as any.

    None for a kind that the platform refuses: that is one mistake, whatever else is in the item.
    """
    at, item = error["loc"], cast(dict[str, Any], error["input"])
    if not isinstance(error["input"], dict):  # no item at all
        return
    section = sections()[at[0]]
    kind = item.get("kind")
    if len(at) != 2 or (isinstance(kind, str) and section.refused_kind(kind, platform)):
        return
    items = bare(stack_model().model_fields[section.name].annotation)[0]
    models = bare(get_args(items)[-1])[1]
    near = values.meant("kind", kind, models)
    said = {key: value for key, value in item.items() if not unknown(str(key), ("kind",))[1]}
    by_kind: list[dict[tuple[Path, str], dict[str, Any]]] = []
    for each in [near] if near else models:
        try:
            models[each].model_validate({**said, "kind": each})
        except ValidationError as wrong:
            errors = wrong.errors(include_url=False)
            by_kind.append({(one["loc"], one["type"]): {**one, "loc": (*at, each, *one["loc"])} for one in errors})
        else:
            return
    for what, one in by_kind[0].items():
        if all(what in others for others in by_kind[1:]):
            yield one


def _problem(error: dict[str, Any], platform: str) -> Problem:
    """One sentence for one pydantic error: what was found, what is allowed."""
    kind, found, context = error["type"], error.get("input"), error.get("ctx", {})
    at = _followed(error["loc"], kind)
    if refused := _refused(at, platform):
        return refused
    path, sentence, meant = at.path, "", None
    match kind:
        case "extra_forbidden":
            sentence, near = unknown(str(path[-1]), at.siblings)
            meant = (*path[:-1], near) if near else None
        case "missing":
            sentence = f"{_MISSING}{_wanted(at, platform)}"
        case _ if kind in _NO_KIND:
            path, sentence = _kind(path, cast(dict[str, Any], found), platform)
        case "list_type" if path[-1] == "zones":
            region = PLATFORMS[platform].region
            sentence = f"found {found_word(found)}, allowed: a list of zones such as [{region}a, {region}b]"
        case "string_pattern_mismatch":
            allowed = _pattern(context["pattern"], platform, at.schema if at.is_key else {})
            sentence = f"found {found_word(found)}, allowed: {allowed}"
        case "value_error" if isinstance(found, dict):  # of keys that are each right, and not together
            sentence = f"takes {context['error']}"
        case "too_short":
            sentence = f"found {_counted(found)}, allowed: {context['min_length']} or more{_example(at, platform)}"
        case "string_type" if _is_meant_as_text(found, at, platform):
            sentence = f"found {found_word(found)}, allowed: text; put it in quotes"
        case "string_too_short" if context["min_length"] == 1:
            sentence = f"found {found_word(found)}, allowed: text that is not empty"
        case _ if kind in _TYPES:
            sentence = f"found {found_word(found)}, allowed: {_words_beside(at.schema)}{_wanted(at, platform)}"
        case _:
            allowed = _ALLOWED[kind].format(**context) if kind in _ALLOWED else error["msg"]
            near = values.meant(str(path[0]), found, _CHOICES[path]()) if path in _CHOICES else None
            sentence = f"found {found_word(found)}, allowed: {allowed}{f'; did you mean {near}?' if near else ''}"
    return Problem(path, sentence, meant)


def wanted(model: type[BaseModel], key: str, platform: str) -> str:
    """In words, what a key of a model holds, with an example: what the schema tells an editor of it."""
    return _wanted(_At((key,), model, (), True, model.model_fields[key].annotation), platform)


def _wanted(at: "_At", platform: str) -> str:
    """In words, what stands at a place, with an example of the platform's own."""
    if at.schema.get("pattern") in FORMS or at.schema.get("pattern") in _BY_PLATFORM:
        return _pattern(at.schema["pattern"], platform, at.schema)
    words = _words(at.schema)
    if " such as " in words or words.startswith(("one of ", "true ")):
        return words
    example = _example(at, platform) or _in_words_of_items(at, platform)
    return f"{words}{example.removeprefix(',') if words in ('a mapping', 'a list') else example}"


def _is_meant_as_text(found: object, at: "_At", platform: str) -> bool:
    """Whether a number is what is allowed, were it text."""
    pattern = at.schema.get("pattern")
    own: Form | None = getattr(PLATFORMS[platform], FORMS[pattern]) if pattern in FORMS else None
    allowed = pattern if own is None else own.pattern
    number = isinstance(found, int | float) and not isinstance(found, bool)
    return number and (allowed is None or re.search(f"^({allowed})$", str(found)) is not None)


def _words_beside(schema: Mapping[str, Any]) -> str:
    """The single words that a key takes as well as a mapping or a list, such as `workspace` under `callers`."""
    consts = [one["const"] for one in schema.get("anyOf", ()) if "const" in one]
    return "".join(f"{word}, or " for word in consts)


def _example(at: "_At", platform: str) -> str:
    """The end of a sentence with an example of what stands at a place: one of the platform's own that is short enough
    for a sentence. Empty where there is none.
    """
    fitting = (one for one in at.schema.get("examples", ()) if is_of(platform, one))
    # A region has an example of its own platform.
    example = _flow(PLATFORMS[platform].region if at.path[-1:] == ("region",) else next(fitting, ""))
    return f", such as {example}" if 0 < len(example) <= _LONGEST_EXAMPLE else ""


def _in_words_of_items(at: "_At", platform: str) -> str:
    """What a mapping has in it, where that is a mapping of its own whose keys are known, or several by their names."""
    here, kinds = bare(at.type_)
    if get_origin(here) is dict:
        inner, of_kind = bare(get_args(here)[-1])
        if of_kind:
            return f" of names, each with a kind, {_or(of_kind)}, and its keys"
        item = _At((), at.model, (), False, get_args(here)[-1])
        return f" of names, each with {_keys_of(inner) or _wanted(item, platform)}"
    keys = f"a kind, {_or(kinds)}, and its keys" if kinds else _keys_of(here)
    return f" with {keys}" if keys else ""


def _or(words: Collection[Any]) -> str:
    *before, last = map(repr, words)
    return f"{', '.join(before)} or {last}" if before else last


def _keys_of(model: Any) -> str:
    """The keys that a model needs, or some of those that it takes where it needs none."""
    if not (isinstance(model, type) and issubclass(model, BaseModel)):
        return ""
    needed = [name for name, field in model.model_fields.items() if field.is_required()]
    return in_words(needed) if needed else f"keys such as {in_words([*model.model_fields][:3])}"


def is_of(platform: str, example: object) -> bool:
    """Whether an example has no address, image or machine type that another platform alone has."""
    if isinstance(example, dict):
        said = cast("dict[str, object]", example)
        return all(is_of(platform, one) for one in (*said, *said.values()))
    if isinstance(example, list):
        return all(is_of(platform, one) for one in cast("list[object]", example))
    if not isinstance(example, str):
        return True
    others = [one for name, one in PLATFORMS.items() if name != platform]
    return not any(re.search(one.marks, example) or _has(one.name, example) for one in others) or _has(
        platform, example
    )


def _has(platform: str, machine_type: str) -> bool:
    return machine_type in catalogue.load(platform).machine_types


def _counted(found: object) -> str:
    """A list or a mapping that has too few in it, or a text that is too short."""
    items = cast("Sized", found)
    return f"{found_word(found)} of {len(items)}" if items else f"{found_word(found)} with nothing in it"


@cache
def _schema(model: type[BaseModel]) -> dict[str, Any]:
    return model.model_json_schema()


@cache
def _schema_of_type(type_: Any) -> Mapping[str, Any]:
    return TypeAdapter(type_).json_schema()


def _bounds(schema: Mapping[str, Any]) -> str:
    """In words, the bounds of a number, each where it has one."""
    named = ("minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
    least, above, most, below = (schema.get(key) for key in named)
    if least is not None and most is not None:
        return f" from {least} to {most}"
    low = f" of {least} or more" if least is not None else f" above {above}" if above is not None else ""
    high = f" up to {most}" if most is not None else f" below {below}" if below is not None else ""
    return f"{low}{' and' if low and high else ''}{high}"


def _words(schema: Mapping[str, Any]) -> str:
    """In words, the type and the bounds of a value."""
    if "pattern" in schema:
        return WORDS.get(schema["pattern"], f"text of the form {schema['pattern']}")
    if len(schema.get("enum", range(_MOST_CHOICES + 1))) <= _MOST_CHOICES:
        return f"one of {', '.join(map(repr, schema['enum']))}"
    match schema.get("type"):
        case "integer":
            return f"a whole number{_bounds(schema)}"
        case "number":
            return f"a number{_bounds(schema)}"
        case "boolean":
            return "true or false"
        case "array":
            return "a list"
        case "string":
            return "text"
        case _:
            return "a mapping"


def _flow(value: Any) -> str:
    """A value on one line, as a stack file may say it."""
    if isinstance(value, str):
        return value
    return yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=1000).partition("\n")[0]


@dataclass(frozen=True)
class _At:
    """Where an error is: the path as a person wrote it, the last model on it, and each kind that was chosen."""

    path: Path
    model: type[BaseModel]
    chosen: tuple[tuple[Path, str], ...]
    is_key: bool
    """Whether the path ends in a key of the model, and not in a name, a place in a list or an unknown key."""
    type_: Any
    """What may stand at the path, as the model annotates it; None where nothing is known."""

    @property
    def siblings(self) -> tuple[str, ...]:
        """The keys that the model knows."""
        return tuple(self.model.model_fields)

    @property
    def schema(self) -> Mapping[str, Any]:
        """What the schema says of what stands at the path: that of the key, or of each item of a list or mapping."""
        if not self.is_key:
            return _schema_of_type(self.type_) if self.type_ is not None else {}
        said: Mapping[str, Any] = _schema(self.model)["properties"][str(self.path[-1])]
        (only, *others) = [one for one in said.get("anyOf", ()) if one.get("type") != "null"] or [{}]
        return said if others else {**said, **only}  # what may be left out may be null, and no file says that


def _followed(loc: Path, error: str) -> _At:
    """Pydantic's location, followed through the models, without what no one wrote.

    That is the mark of a wrong key, and the kind that chose the model.
    """
    here: Any = stack_model()
    path: list[str | int] = []
    model: type[BaseModel] = stack_model()
    chosen: list[tuple[Path, str]] = []
    in_mapping = is_key = False
    for at, part in enumerate(loc):
        if in_mapping and part == "[key]" and at == len(loc) - 1 and error != "extra_forbidden":
            break
        here, kinds = bare(here)
        in_mapping = get_origin(here) is dict
        if kinds:
            here = kinds.get(part)
            chosen.append((tuple(path), str(part)))
            continue
        path.append(part)
        is_key = False
        if isinstance(here, type) and issubclass(here, BaseModel):
            model, fields = here, here.model_fields
            is_key = part in fields
            here = fields[part].annotation if isinstance(part, str) and part in fields else None
        else:
            here = get_args(here)[-1] if get_args(here) else None
    return _At(tuple(path), model, tuple(chosen), is_key, here)


def bare(type_: Any) -> tuple[Any, Mapping[Any, type[BaseModel]]]:
    """A type without annotations and None, and the models among which one of its keys chooses, by the key's value."""
    by = None
    while get_origin(type_) is Annotated:
        type_, *notes = get_args(type_)
        by = next((note.discriminator for note in notes if isinstance(note, FieldInfo) and note.discriminator), by)
    if get_origin(type_) in (Union, UnionType):
        members = [member for member in get_args(type_) if member is not type(None)]
        if isinstance(by, str):
            return type_, {value: one for one in members for value in get_args(one.model_fields[by].annotation)}
        return bare(members[0])
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
    misspelt = [] if "kind" in item else [key for key in item if unknown(str(key), ("kind",))[1]]
    if misspelt:
        return (*path, misspelt[0]), "unknown key; did you mean kind?"
    if isinstance(kind, str) and (refused := section.refused_kind(kind, platform)):
        return (*path, "kind"), f"found {kind!r}: {refused}"
    kinds = [known for known in section.kinds if not section.refused_kind(known, platform)]
    near = values.meant("kind", kind, kinds)
    hint = f"; did you mean {near}?" if near else ""
    return (*path, "kind"), f"found {found_word(kind)}, allowed: {_or(kinds)}{hint}"


def _known(platform: object) -> str:
    """The platform the file names; for one that is none, the first: that mistake has a sentence of its own."""
    return platform if isinstance(platform, str) and platform in PLATFORMS else next(iter(PLATFORMS))


def _pattern(pattern: str, platform: str, key: Mapping[str, Any]) -> str:
    """In words, what a pattern allows on this platform. An address has an example of its key, a file or a folder."""
    own = PLATFORMS[platform]
    if pattern in FORMS:
        form: Form = getattr(own, FORMS[pattern])
        fitting = (one for one in key.get("examples", ()) if form.pattern and re.fullmatch(form.pattern, one))
        if pattern == URI and (example := next(fitting, None)):
            return form.such_as(example)
        return form.words
    if pattern == IMAGE:
        return f"{WORDS[IMAGE]} such as {own.image_example}"
    if pattern == PLACE_OR_STEP:
        return WORDS[PLACE_OR_STEP].replace("in the platform's own storage", f"such as {own.folder_example}")
    if pattern == MACHINE_TYPE:
        example = next((one for one in key.get("examples", ()) if is_of(platform, one)), "")
        return f"{WORDS[MACHINE_TYPE]}{f' such as {example}' if example else ''}"
    return WORDS.get(pattern, f"text of the form {pattern}")


_TYPES = frozenset(
    f"{one}_type" for one in ("model", "model_attributes", "dict", "list", "string", "int", "float", "bool")
)
"""Mistakes of a value that is of another type than what stands there."""
_ALLOWED = {
    "literal_error": "{expected}",
    "value_error": "{error}",
    "finite_number": "a finite number",
    "greater_than": "more than {gt:g}",
    "greater_than_equal": "{ge:.10g} or more",
    "less_than": "less than {lt:.10g}",
    "less_than_equal": "{le:.10g} or less",
    "string_too_short": "at least {min_length} characters",
    "string_too_long": "at most {max_length} characters",
    "too_long": "at most {max_length} of them",
    "string_unicode": "text of whole characters",
}
