"""Pulumi's marks of secret values and of values that are not known yet, for everyone who reads properties."""

from collections.abc import Mapping
from typing import Any, TypeGuard, cast

SECRET_MARK = "4dabf18193072939515e22adb298388d"
SECRET_KIND = "1b47061264138c4ac30d75fd1eb44270"
SECRET = {SECRET_MARK: SECRET_KIND, "value": "[secret]"}
"""A secret in the graph: Pulumi's own mark, without the value."""

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""A value in the graph that is not known before `up`: Pulumi's own mark for a text."""

_UNKNOWN = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",  # a boolean
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",  # a number
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",  # an array
        "030794c1-ac77-496b-92df-f27374a8bd58",  # an asset
        "e48ece36-62e2-4504-bad9-02848725956a",  # an archive
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",  # an object
    }
)


# Most values are of these types, and asking whether one is a Mapping is dear.
_NO_MAPPINGS = frozenset({str, bool, int, float, list, type(None)})


def is_unknown(value: object) -> bool:
    """Whether the value is one of Pulumi's marks of unknown values (sdk/go/common/resource/plugin)."""
    return isinstance(value, str) and value in _UNKNOWN


def is_secret(value: object) -> TypeGuard[Mapping[str, Any]]:
    """Whether the value is marked as a secret."""
    if type(value) in _NO_MAPPINGS:
        return False
    return isinstance(value, Mapping) and cast(Mapping[str, Any], value).get(SECRET_MARK) == SECRET_KIND


def is_marked(value: Any) -> bool:
    """Whether the value is unknown or a secret. It asks both at once, for every property that is read is asked."""
    if type(value) is str:
        return value in _UNKNOWN
    if type(value) is dict:
        return SECRET_MARK in value and is_secret(cast(object, value))
    return type(value) not in _NO_MAPPINGS and (is_unknown(value) or is_secret(value))


def is_special(value: object) -> bool:
    """Whether the value is an object with a meaning for Pulumi: a secret, an asset, an archive or a resource."""
    return isinstance(value, Mapping) and SECRET_MARK in value
