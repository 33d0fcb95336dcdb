"""The kinds: a folder a platform, a file a service, a record a resource type.

`kind_of` finds a record; a platform's records are imported when one of its types is asked for.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules

from catalogue.completed import completed
from catalogue.kind import Kind
from catalogue.platforms import platform_of


class TwiceKnown(Exception):
    """Two records describe one resource type: `str()` says which."""


@cache
def kinds(platform: str) -> Mapping[str, Kind]:
    """Every record of a platform by its token. Raises TwiceKnown."""
    package = import_module(f"catalogue.kinds.{platform}")
    modules = sorted(module.name for module in iter_modules(package.__path__))
    written = (kind for name in modules for kind in import_module(f"catalogue.kinds.{platform}.{name}").KINDS)
    return by_token(completed(written))


def by_token(records: Iterable[Kind]) -> Mapping[str, Kind]:
    """The records by token. Raises TwiceKnown where two have the same."""
    found: dict[str, Kind] = {}
    for kind in records:
        if kind.token in found:
            raise TwiceKnown(f"{kind.token} has two records in the catalogue; keep one")
        found[kind.token] = kind
    return found


def kind_of(token: str) -> Kind | None:
    """The record of a resource type; None for a type that the catalogue does not know."""
    platform = platform_of(token)
    return kinds(platform).get(token) if platform else None
