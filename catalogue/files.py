"""Reads a file of limits, waivers or landing zones, ours or the organisation's: each mistake in it is one sentence."""

import json
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml
from pydantic import BaseModel, ValidationError

from catalogue.documents import OnceLoader
from catalogue.errors import BadInput
from catalogue.wording import found_word, one_line

Model = TypeVar("Model", bound=BaseModel)
Mistake = dict[str, Any]
Own = Callable[[Mistake], str | None]
"""What a file says of a mistake in words of its own: all that follows the place, or None."""


def read(file: Path, called: str, model: type[Model], own: Own = lambda mistake: None) -> Model:
    """What a file says; one that says nothing is read as an empty mapping.

    Raises BadInput, one sentence a mistake, each of which begins with what the file is `called`.
    """
    data: Any = None
    try:
        data = _data(file.read_text(encoding="utf-8"))
        data = {} if data is None else data
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{called}: cannot be read ({one_line(str(error), 200)})") from None
    except yaml.YAMLError as error:
        raise BadInput(f"{called}: is not valid YAML: {_problem(error)}") from None
    return validated(data, called, model, own=own)


@lru_cache(maxsize=16)  # whoever judges beside another company's folder reads what ships again; nobody writes into it
def _data(text: str) -> Any:
    return yaml.load(text, OnceLoader)


def json_of(text: bytes | str) -> Any:
    """What JSON says, with or without the byte order mark that some editors write. Raises ValueError where it is none.

    Nothing that a person means is nested without end, which Python's reader refuses with an error of its own.
    """
    try:
        return json.loads(text.decode("utf-8-sig") if isinstance(text, bytes) else text.removeprefix("\ufeff"))
    except RecursionError:
        raise ValueError("is nested without end") from None


def validated(
    data: Any, called: str, model: type[Model], content: bytes | None = None, own: Own = lambda mistake: None
) -> Model:
    """What the data of a file mean to a model. What was JSON comes with its `content`, whose types are JSON's.

    Raises BadInput as `read` does.
    """
    try:
        if content is not None:
            return model.model_validate_json(content, context=called)
        return model.model_validate(data, context=called)
    except ValidationError as error:
        found = (cast(Mistake, each) for each in error.errors(include_url=False))
        said = dict.fromkeys(_sentence(each, data, own) for each in found)
        raise BadInput("\n".join(f"{called}: {sentence}" for sentence in said)) from None


_ALLOWED = {
    "model_type": "keys, each with what it says",
    "model_attributes_type": "keys, each with what it says",
    "dict_type": "keys, each with what it says",
    "list_type": "a list",
    "string_type": "text, in quotes where it looks like a number",
    "string_too_short": "text that says something",
    "too_short": "one or more",
    "date_type": "a day such as 2027-06-30, without quotes",
}
"""What pydantic's types of mistakes allow, in our words."""


def _sentence(mistake: Mistake, data: Any, own: Own) -> str:
    """One sentence for one mistake: where it is, what was found, what is allowed."""
    place = ".".join(_keys(mistake, data)) or "the file"
    if (said := own(mistake)) is not None:
        return f"{place}{said}"
    match mistake["type"]:
        case "missing":
            return f"{place}: is missing; every entry has it"
        case "extra_forbidden":
            return f"{place}: unknown key; leave it out"
        case "value_error":
            return f"{place}: {mistake['ctx']['error']}"
        case kind:
            found = found_word(mistake["input"])
            return f"{place}: found {found}, allowed: {_ALLOWED.get(kind, mistake['msg'])}"


def _keys(mistake: Mistake, data: Any) -> list[str]:
    """The keys that lead to a mistake as they stand in the file, and the number of an item counted from 1.

    Pydantic names the alternative that it chose, too, which is no key.
    """
    loc: Sequence[str | int] = mistake["loc"]
    keys: list[str] = []
    for at, part in enumerate(loc):
        if isinstance(data, list) and isinstance(part, int):
            keys.append(str(part + 1))
            data = cast("list[Any]", data)[part]
        elif isinstance(data, dict) and part in data:
            keys.append(one_line(str(part)))
            data = cast("dict[Any, Any]", data)[part]
        elif at == len(loc) - 1 and mistake["type"] == "missing":
            keys.append(one_line(str(part)))
    return keys


def _problem(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f"line {mark.line + 1} {problem}" if mark and problem else one_line(str(error), 200)
