"""Functions on properties that have Pulumi's marks of secrets and unknowns.

A bridged provider adds a third mark: in each object of a resource's inputs, `__defaults` lists the properties that the
provider filled in itself.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, cast

from catalogue.marks import SECRET, SECRET_KIND, SECRET_MARK, is_secret, is_special, is_unknown

Json = dict[str, Any]
DEFAULTS = "__defaults"
"""The key under which a bridged provider notes, in each object, which inputs it filled in itself."""


def as_secret(value: Any) -> Json:
    """The value, marked as a secret."""
    return {SECRET_MARK: SECRET_KIND, "value": value}


def redacted(value: Any) -> Any:
    """A copy in which each secret is the mark without the value."""
    return dict(SECRET) if is_secret(value) else _each(redacted, value)


def unmarked(value: Any) -> Any:
    """A copy in which each secret is its plain value."""
    return unmarked(value.get("value")) if is_secret(value) else _each(unmarked, value)


def has_unknown(value: Any) -> bool:
    """Whether the value or a part of it is not known yet."""
    if isinstance(value, Mapping):
        return any(map(has_unknown, cast(Json, value).values()))
    if isinstance(value, list | tuple):
        return any(map(has_unknown, cast(Sequence[Any], value)))
    return is_unknown(value)


def texts_in(tree: Any) -> Iterator[str]:
    """Every text in a value, at any depth."""
    if isinstance(tree, str):
        yield tree
    elif isinstance(tree, Mapping):
        for one in cast(Json, tree).values():
            yield from texts_in(one)
    elif isinstance(tree, list):
        for one in cast(list[Any], tree):
            yield from texts_in(one)


def whole_numbers(value: Any) -> Any:
    """A copy in which whole numbers are int, as the program wrote them. On the wire they are doubles."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return _each(whole_numbers, value)


def without_defaults(value: Any) -> Any:
    """A copy without the provider's notes of what it filled in."""
    if isinstance(value, Mapping):
        return {key: without_defaults(one) for key, one in cast(Json, value).items() if key != DEFAULTS}
    return _each(without_defaults, value)


def with_defaults(value: Any, filled_in: Sequence[str] = ()) -> Any:
    """A copy in which each object notes what the provider filled in: `filled_in` here, nothing in nested objects."""
    if is_special(value):
        return value
    copy = _each(with_defaults, value)
    return {**copy, DEFAULTS: list(filled_in)} if isinstance(value, Mapping) else copy


def refilled(stored: Any, given: Any) -> Any:
    """A copy of the stored value, in which the given secrets fill the places of the secrets that were not stored."""
    if is_secret(stored):
        return given
    if isinstance(stored, Mapping):
        beside = cast(Json, given) if isinstance(given, Mapping) else {}
        return {key: refilled(one, beside.get(key)) for key, one in cast(Json, stored).items()}
    if isinstance(stored, list):
        besides = cast(list[Any], given) if isinstance(given, list) else []
        items = cast(list[Any], stored)
        return [refilled(one, besides[n] if n < len(besides) else None) for n, one in enumerate(items)]
    return stored


def merged(given: Json, found: Json) -> Json:
    """The found properties, without secrets. A property that equals the given one keeps its secrets and notes."""
    kept = {DEFAULTS: given[DEFAULTS]} if DEFAULTS in given else {}
    for key, value in found.items():
        same = key in given and redacted(without_defaults(given[key])) == value
        kept[key] = given[key] if same else refilled(value, given.get(key))
    return kept


def answered(inputs: Json, answer: Mapping[str, Any]) -> Json:
    """The inputs together with the cloud's answer. An answer under the name of a secret input is a secret."""
    plain = unmarked(inputs)
    outputs = dict(inputs)
    for key, value in answer.items():
        if plain.get(key) == value:
            continue
        secret = key in inputs and inputs[key] != plain[key]
        outputs[key] = as_secret(value) if secret else value
    return outputs


def _each(change: Callable[[Any], Any], value: Any) -> Any:
    """A copy with each part changed. A value without parts is returned as it is."""
    if isinstance(value, Mapping):
        return {key: change(one) for key, one in cast(Json, value).items()}
    if isinstance(value, list | tuple):
        return [change(one) for one in cast(Sequence[Any], value)]
    return value
