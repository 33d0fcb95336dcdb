"""The kinds: a folder a platform, a file a service, a record a resource type.

`kind_of` finds a record; a platform's records are imported when one of its types is asked for. Those of
`organisation/kinds/<platform>/`, which are a company's own, stand beside them and are treated alike.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, cast

from catalogue import organisation, transcripts
from catalogue.behaviour import Behaviour
from catalogue.completed import completed
from catalogue.errors import BadInput
from catalogue.kind import Acts, Kind
from catalogue.platforms import platform_of


class TwiceKnown(BadInput):
    """Two records describe one resource type: `str()` says which, and where they are."""


@cache
def kinds(platform: str) -> Mapping[str, Kind]:
    """Every record of a platform by its token. Raises TwiceKnown, and BadInput for a company's file that has none."""
    package = import_module(f"catalogue.kinds.{platform}")
    found: dict[str, Kind] = {}
    files: dict[str, str] = {}
    for name in sorted(module.name for module in iter_modules(package.__path__)):
        for kind in import_module(f"catalogue.kinds.{platform}.{name}").KINDS:
            _add(kind, f"catalogue/kinds/{platform}/{name}.py", found, files)
    for file, kind in _of_the_organisation(platform):
        _add(kind, file, found, files)
    return {kind.token: transcripts.told(kind) for kind in completed(found.values())}


def having(platform: str, wanted: Callable[[Kind], bool]) -> tuple[str, ...]:
    """The tokens of a platform's kinds of which something holds."""
    return tuple(token for token, kind in kinds(platform).items() if wanted(kind))


def _add(kind: Kind, file: str, found: dict[str, Kind], files: dict[str, str]) -> None:
    if kind.token in found:
        raise TwiceKnown(f"{file}: {kind.token} has a record in {files[kind.token]}; keep one")
    found[kind.token], files[kind.token] = kind, file


def _of_the_organisation(platform: str) -> Iterator[tuple[str, Kind]]:
    for file, module in organisation.modules(f"kinds/{platform}"):
        records: Any = getattr(module, "KINDS", None)
        if not isinstance(records, list | tuple) or not records:
            raise BadInput(f"{file}: has no kinds; add records as catalogue/kinds/aws/budgets.py has them, KINDS")
        for kind in cast("list[object]", records):
            if not isinstance(kind, Kind):
                raise BadInput(f"{file}: KINDS has a {type(kind).__name__}, allowed: records, as Kind or setting makes")
            if platform_of(kind.token) != platform:
                raise BadInput(f"{file}: {kind.token} is no type of {platform}; put its record beside those of its own")
            yield file, kind


def known_as(token: str) -> str:
    """The token under which the catalogue knows a type of another name; any other token as it is.

    The SDKs say which names are one type, as aliases: a token of azure-native may name the version of Azure's API
    (https://www.pulumi.com/registry/packages/azure-native/version-guide/), and S3's V2 is what pulumi-aws 7 calls
    without it (https://www.pulumi.com/registry/packages/aws/how-to-guides/7-0-migration/).
    """
    found = _VERSIONED.fullmatch(token) or _V2.fullmatch(token)
    if found is None:
        return token
    module, file, type_ = found["module"], found["file"] or "", found["type"]
    today = f"{module}{file}:{type_}"
    return today if kind_of(today) is not None else token


_VERSIONED = re.compile(r"(?P<module>azure-native:[a-z0-9]+)(?P<file>)/v\d{6,8}[a-z]*:(?P<type>\w+)")
_V2 = re.compile(r"(?P<module>aws:s3)(?P<file>/bucket\w*)V2:(?P<type>Bucket\w*)V2")


def kind_of(token: str) -> Kind | None:
    """The record of a resource type; None for a type that the catalogue does not know."""
    platform = platform_of(token)
    return kinds(platform).get(token) if platform else None


def behaviour_of(token: str) -> Behaviour | None:
    """How the cloud treats a resource of this type; None where the catalogue does not know that."""
    kind = kind_of(token)
    return kind.acts.behaviour if kind is not None and isinstance(kind.acts, Acts) else None
