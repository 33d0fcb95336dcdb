"""What all inputs of resources share: their base class, their constraints, and a sentence for each wrong input.

A program imports this module with a resource's class, so its top imports only the standard library. Inputs are plain
dataclasses. In the provider's own process pydantic checks the constraints.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, TypeVar

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails


class Allowed:
    """What a value may be, in the words of pydantic's core schema: `pattern`, `ge`, `le`, `min_length`, `max_length`.

    pydantic raises SchemaError for a word that does not fit the value's type.
    """

    def __init__(self, **constraints: str | int) -> None:
        self.constraints = constraints

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        return {**handler(source), **self.constraints}


@dataclass(frozen=True)
class Checked:
    """A check that Allowed has no word for. `check` returns the value, or raises ValueError: "must be …"."""

    check: Callable[[Any], Any]

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        from pydantic_core.core_schema import no_info_after_validator_function

        return no_info_after_validator_function(self.check, handler(source))


# From the aiplatform v1 discovery document for Google, and from the rules for resource names for Azure.
ProjectId = Annotated[str, Allowed(pattern=r"^[a-z][a-z0-9-]{4,28}[a-z0-9]$")]
Location = Annotated[str, Allowed(pattern=r"^[a-z]+-[a-z]+[0-9]+$")]
Labels = Annotated[dict[str, str], Allowed(max_length=64)]
ServiceAccount = Annotated[str, Allowed(pattern=r"^[^@\s]+@[^@\s]+$")]
Uuid = Annotated[str, Allowed(pattern=r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")]
AzureName = Annotated[str, Allowed(pattern=r"^[A-Za-z0-9][A-Za-z0-9._()-]{0,89}$")]


def wire_name(field: str) -> str:
    """The name that the engine uses for a field: `max_replicas` is `maxReplicas`."""
    first, *rest = field.split("_")
    return first + "".join(word.capitalize() for word in rest)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """The base of a resource's inputs. A property that is not the wire name of a field is wrong.

    A check of several fields belongs in `__post_init__`, which raises ValueError.
    """

    __pydantic_config__: ClassVar[Any] = {"extra": "forbid", "alias_generator": wire_name}


I = TypeVar("I", bound=Inputs)  # noqa: E741


@dataclass(frozen=True, kw_only=True)
class CanaryInputs(Inputs):
    """How a new deployment is tried before it gets all of the traffic."""

    canary_percent: Annotated[int, Allowed(ge=1, le=50)]
    bake_minutes: Annotated[int, Allowed(ge=1, le=24 * 60)]
    p95_latency_ms: Annotated[int, Allowed(ge=1)]
    error_rate_percent: Annotated[float, Allowed(ge=0, le=100)]


class WrongInput(NamedTuple):
    """One wrong input: the property and a sentence about it. The property is empty where it is about several."""

    property: str
    sentence: str


def names(inputs: type[Inputs]) -> list[str]:
    """The wire names of the inputs."""
    return [wire_name(field.name) for field in fields(inputs)]


def parsed(inputs: type[I], values: Mapping[str, Any]) -> I:
    """The inputs from values under wire names. Raises pydantic's ValidationError, a ValueError, when one is wrong."""
    return _adapter(inputs).validate_python(dict(values))


def json_schema(inputs: type[Inputs]) -> dict[str, Any]:
    """The JSON Schema of the inputs, under wire names."""
    return _adapter(inputs).json_schema(by_alias=True)


def wrong_inputs(
    inputs: type[Inputs], known: Mapping[str, Any], unknown: Collection[str], secret: Collection[str]
) -> list[WrongInput]:
    """Each wrong input with one sentence about it. An `unknown` input passes.

    The value of a `secret` is not repeated.
    """
    from pydantic import ValidationError

    try:
        parsed(inputs, known)
    except ValidationError as error:
        found: list[WrongInput] = []
        for detail in error.errors(include_url=False):
            path = ".".join(str(part) for part in detail["loc"])
            name = str(detail["loc"][0]) if detail["loc"] else ""
            if detail["type"] == "missing" and name in unknown:
                continue
            found.append(WrongInput(name, _sentence(path, detail, name in secret)))
        return found
    return []


@cache
def _adapter(inputs: type[I]) -> "TypeAdapter[I]":
    from pydantic import TypeAdapter

    return TypeAdapter(inputs)


def _sentence(path: str, detail: "ErrorDetails", secret: bool) -> str:
    bounds: Mapping[str, Any] = detail.get("ctx", {})
    match detail["type"]:
        case "missing":
            return f"{path} is missing"
        case "unexpected_keyword_argument":
            return f"{path} is not a property of this resource"
        case "string_pattern_mismatch":
            must = f"must match {bounds['pattern']}"
        case "greater_than_equal":
            must = f"must be at least {bounds['ge']}"
        case "less_than_equal":
            must = f"must be at most {bounds['le']}"
        case _:
            said = detail["msg"].removeprefix("Value error, ")
            must = said[0].lower() + said[1:]
    if not path:
        return must
    return f"{path} {must}" if secret else f"{path} is {detail['input']!r}: it {must}"
