"""What a component is given: values that may be known later, and values that it must know while it is built.

A field that is declared `pulumi.Input` may be an Output, such as another resource's id. Any other field decides which
resources there are or what they are called, so the component must know it while the program runs.
"""

import re
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from inspect import get_annotations
from types import NoneType
from typing import Any, cast, get_args, get_origin

import pulumi

from catalogue.runs import RUNS_PER_MONTH
from catalogue.wording import found_word

Text = pulumi.Input[str]
Tags = pulumi.Input[Mapping[str, Text]]


class BadArgument(pulumi.RunError):
    """A component was given what it cannot take: `str()` is one sentence that names the argument and what to give."""


@dataclass
class Args:
    """The base of every component's arguments, and of the shapes that stand in them.

    Raises BadArgument for an Output in a field that is not declared `pulumi.Input`.
    """

    def __post_init__(self) -> None:
        for name, declared in declarations(type(self)).items():
            if (at := _later(declared, getattr(self, name), name)) is not None:
                raise BadArgument(
                    f"{type(self).__name__}.{at}: is an Output, a secret or another resource's value, but decides what "
                    "is created; give a plain value, such as one from the stack's configuration that is no secret"
                )


def hold(args: Args, field: str, pattern: str, allowed: str) -> None:
    """Hold the text of a field against a pattern: at once where it is known, else once it is. Raises BadArgument."""

    def read(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise BadArgument(f"{type(args).__name__}.{field}: found {found_word(text)}, allowed: {allowed}")
        return text

    given: Text = getattr(args, field)
    setattr(args, field, read(given) if isinstance(given, str) else pulumi.Output.from_input(given).apply(read))


def hold_each(args: Args, field: str, pattern: str, allowed: str) -> None:
    """Hold each text of a mapping against a pattern, as `hold` does. Raises BadArgument, where there is none, too."""
    given: Mapping[str, Text] = getattr(args, field)
    if not given:
        raise BadArgument(f"{type(args).__name__}.{field}: has none, allowed: {allowed} for each of one or more names")

    def read(name: str, text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise BadArgument(f"{type(args).__name__}.{field}.{name}: found {found_word(text)}, allowed: {allowed}")
        return text

    held: dict[str, Text] = {}
    for name, text in given.items():
        held[name] = (
            read(name, text)
            if isinstance(text, str)
            else pulumi.Output.from_input(text).apply(lambda known, name=name: read(name, known))
        )
    setattr(args, field, held)


def counted(tags: Tags, runs_per_month: int | None) -> Tags:
    """Tags with the number of runs that people start in a month at most, by which the bill's ceiling is made."""
    if runs_per_month is None:
        return tags
    return pulumi.Output.from_input(tags).apply(lambda known: {**known, RUNS_PER_MONTH: str(runs_per_month)})


@cache
def declarations(shape: type[Args]) -> Mapping[str, Any]:
    """The fields of a shape in their order, each with its type as it is declared."""
    declared: dict[str, Any] = {}
    for base in reversed(shape.__mro__):
        declared |= get_annotations(base)
    return {field.name: declared[field.name] for field in fields(shape)}


def is_input(declared: Any) -> bool:
    """Whether a declared type is `pulumi.Input` of something."""
    return any(get_origin(member) is Awaitable for member in get_args(declared))


def plain_type(declared: Any) -> Any:
    """A declared type without `| None` and `pulumi.Input`: what a value is once it is given and known."""
    members = get_args(declared)
    for member in members:
        if get_origin(member) is Awaitable:
            return get_args(member)[0]
    rest = [member for member in members if member is not NoneType]
    return rest[0] if NoneType in members and len(rest) == 1 else declared


def _later(declared: Any, value: Any, at: str) -> str | None:
    """Where in the value an Output stands that must not be one; None where there is none."""
    if is_input(declared):
        return None
    if isinstance(value, pulumi.Output | Awaitable):
        return at
    inner = get_args(plain_type(declared))
    items: Iterable[tuple[Any, Any]] = ()
    if inner and isinstance(value, Mapping):
        items = cast(Mapping[str, Any], value).items()
    elif inner and isinstance(value, Sequence) and not isinstance(value, str):
        items = enumerate(cast(Sequence[Any], value))
    found = (_later(inner[-1], item, f"{at}[{key!r}]") for key, item in items)
    return next((place for place in found if place is not None), None)
