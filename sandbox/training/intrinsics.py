"""What a request of a state machine says of a run: its paths and intrinsic functions, read as Step Functions does.

Sources: https://docs.aws.amazon.com/step-functions/latest/dg/intrinsic-functions.html,
https://docs.aws.amazon.com/step-functions/latest/dg/concepts-input-output-filtering.html (Parameters)
"""

import re
from collections.abc import Mapping
from typing import Any, cast

from catalogue.errors import BadInput

_TOKENS = re.compile(r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<number>-?\d+)|(?P<word>[\w.$]+)|(?P<mark>[(),]))")


def filled(request: Any, given: Mapping[str, Any], context: Mapping[str, Any]) -> Any:
    """A request in which each key that ends in `.$` has what its expression says. Raises BadInput for one not read."""
    if isinstance(request, list):
        return [filled(one, given, context) for one in cast("list[Any]", request)]
    if not isinstance(request, Mapping):
        return request
    found: dict[str, Any] = {}
    for key, value in cast("Mapping[str, Any]", request).items():
        dynamic = key.endswith(".$")
        found[key.removesuffix(".$")] = (
            _Expression(str(value), given, context).value() if dynamic else filled(value, given, context)
        )
    return found


class _Expression:
    """One expression: a path into the run's input (`$.`) or its context (`$$.`), a text, a number, or a function."""

    def __init__(self, text: str, given: Mapping[str, Any], context: Mapping[str, Any]) -> None:
        self._text, self._at, self._given, self._context = text, 0, given, context

    def value(self) -> Any:
        found = self._one()
        if self._text[self._at :].strip():
            raise self._strange()
        return found

    def _one(self) -> Any:
        token = self._next()
        if token["text"] is not None:
            return re.sub(r"\\(.)", r"\1", token["text"][1:-1])
        if token["number"] is not None:
            return int(token["number"])
        word = token["word"] or ""
        for begins, source in (("$$.", self._context), ("$.", self._given)):
            if word.startswith(begins):
                return self._path(word.removeprefix(begins), source)
        if not word.startswith("States."):
            raise self._strange()
        return self._called(word.removeprefix("States."), self._arguments())

    def _arguments(self) -> list[Any]:
        found: list[Any] = []
        mark = self._next()["mark"]
        if mark != "(":
            raise self._strange()
        while mark != ")":
            found.append(self._one())
            mark = self._next()["mark"]
            if mark not in (",", ")"):
                raise self._strange()
        return found

    def _called(self, name: str, args: list[Any]) -> Any:
        match name, args:
            case "Format", [str(template), *values] if template.count("{}") == len(values):
                parts = template.split("{}")
                return "".join(part + str(value) for part, value in zip(parts, [*values, ""], strict=True))
            case "StringSplit", [str(text), str(marks)]:
                return re.split(f"[{re.escape(marks)}]", text)
            case "ArrayGetItem", [items, int(at)] if isinstance(items, list) and 0 <= at < len(
                cast("list[Any]", items)
            ):
                return cast("list[Any]", items)[at]
            case _:
                raise self._strange()

    def _path(self, path: str, source: Any) -> Any:
        for key in path.split("."):
            if not isinstance(source, Mapping) or key not in source:
                raise BadInput(f"{self._text[:120]!r}: the run's input has no {path}; a run names its time as `run`")
            source = cast("Mapping[str, Any]", source)[key]
        return source

    def _next(self) -> re.Match[str]:
        found = _TOKENS.match(self._text, self._at)
        if found is None:
            raise self._strange()
        self._at = found.end()
        return found

    def _strange(self) -> BadInput:
        return BadInput(f"{self._text[:120]!r}: an expression of a state machine that the sandbox does not read")
