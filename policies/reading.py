"""Reading a file of limits or waivers, ours or the organisation's: what is wrong in it is one sentence."""

from pathlib import Path
from typing import Annotated, Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError

from catalogue.documents import OnceLoader
from catalogue.errors import BadInput

Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
Model = TypeVar("Model", bound=BaseModel)


class Entry(BaseModel):
    """One entry of such a file, with who signs it. `file` is what the file is called that it was read from."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    _file: str = ""

    owner: Text
    reason: Text

    def model_post_init(self, context: Any, /) -> None:
        """Keep what `read` says of the file."""
        self._file = context or ""

    @property
    def file(self) -> str:
        """The file that the entry stands in; empty for one that was read from none."""
        return self._file


def read(file: Path, called: str, model: type[Model]) -> Model:
    """What a file says; one that says nothing is read as an empty mapping.

    Raises BadInput, one sentence that begins with what the file is `called`.
    """
    try:
        with file.open(encoding="utf-8") as text:
            data: Any = yaml.load(text, OnceLoader)
        return model.model_validate({} if data is None else data, context=called)
    except ValidationError as error:
        raise BadInput(f"{called}: {_sentence(error)}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{called}: cannot be read ({' '.join(str(error).split())})") from None
    except yaml.YAMLError as error:
        raise BadInput(f"{called}: is not valid YAML: {_problem(error)}") from None


_ALLOWED = {
    "model_type": "keys, each with what it says",
    "dict_type": "keys, each with what it says",
    "list_type": "a list",
    "string_type": "text",
    "string_too_short": "text that says something",
    "date_type": "a day such as 2027-06-30, without quotes",
}
"""What pydantic's types of mistakes allow, in our words."""


def _sentence(error: ValidationError) -> str:
    """The first mistake, and where it is: dotted keys, and the number of an item counted from 1."""
    first = error.errors()[0]
    at = first["loc"]
    keys = [at[n + 1 : n + 2] == ("[key]",) for n in range(len(at))]  # a key may be a number, too
    parts = [str(part + 1 if isinstance(part, int) and not key else part) for part, key in zip(at, keys, strict=True)]
    parts = [part for part in parts if part != "[key]"]
    place = ".".join(parts) or "the file"
    match first["type"]:
        case "missing":
            return f"{place}: is missing; every entry has it"
        case "extra_forbidden":
            return f"{place}: unknown key; leave it out"
        case "value_error":
            return f"{place}: {first['ctx']['error']}" if "ctx" in first else f"{place}: {first['msg']}"
        case kind:
            return f"{place}: found {str(first['input'])[:60]!r}, allowed: {_ALLOWED.get(kind, first['msg'])}"


def _problem(error: yaml.YAMLError) -> str:
    mark, problem = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f"line {mark.line + 1} {problem}" if mark and problem else " ".join(str(error).split())
