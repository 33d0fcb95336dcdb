"""Values of the provider protocol: turn them into plain values and back, and find unknown and secret ones."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from pulumi.provider.experimental.property_value import PropertyValue

from catalogue.marks import UNKNOWN, is_unknown
from provider import Json

Values = Mapping[str, PropertyValue]


def plain(value: PropertyValue) -> Any:
    """The value without marks. Whole numbers are int."""
    inner: Any = value.value
    if isinstance(inner, Mapping):
        return {key: plain(one) for key, one in cast(Values, inner).items()}
    if isinstance(inner, tuple):
        return [plain(one) for one in cast(Sequence[PropertyValue], inner)]
    if isinstance(inner, float) and inner.is_integer():
        return int(inner)
    return inner


def wrapped(value: Any) -> PropertyValue:
    """The inverse of `plain`."""
    if isinstance(value, dict):
        return PropertyValue({key: wrapped(one) for key, one in cast(Json, value).items()})
    if isinstance(value, list):
        return PropertyValue([wrapped(one) for one in cast(list[Any], value)])
    if isinstance(value, int) and not isinstance(value, bool):
        return PropertyValue(float(value))
    return PropertyValue(value)


def all_wrapped(values: Json) -> dict[str, PropertyValue]:
    """Each value wrapped."""
    return {name: wrapped(value) for name, value in values.items()}


def unknown() -> PropertyValue:
    """A value that is not known yet. The SDK's server cannot send its own Computed, so this is the engine's mark."""
    return PropertyValue(UNKNOWN)


def has_unknown(value: PropertyValue) -> bool:
    """Whether the value or anything in it is unknown. The SDK's server hands an unknown over as the engine's mark."""
    inner: Any = value.value
    if isinstance(inner, Mapping):
        return any(has_unknown(one) for one in cast(Values, inner).values())
    if isinstance(inner, tuple):
        return any(has_unknown(one) for one in cast(Sequence[PropertyValue], inner))
    return is_unknown(inner)


def secrets(values: Values) -> set[str]:
    """The names of the values that are secret or hold a secret."""
    return {name for name, value in values.items() if value.contains_secret()}


def bare(values: Values, name: str) -> Any:
    """The plain value of that name, or None."""
    value = values.get(name)
    return None if value is None else plain(value)


def merged(given: Values, found: Json, names: list[str]) -> dict[str, PropertyValue]:
    """The values from the cloud, with the marks of the given ones. An equal value stays as it was given."""
    result: dict[str, PropertyValue] = {}
    for name in names:
        if name not in found or (found[name] is None and name not in given):
            continue
        old = given.get(name)
        same = old is not None and _equal(plain(old), found[name])
        result[name] = old if old is not None and same else wrapped(found[name])
        if old is not None and old.contains_secret():
            result[name] = result[name].with_secret(True)
    return result


def _equal(given: Any, found: Any) -> bool:
    # We name the project by its id, and Vertex AI answers with its number.
    if isinstance(given, str) and isinstance(found, str) and "/locations/" in given:
        return given.partition("/locations/")[2] == found.partition("/locations/")[2]
    return bool(given == found)
