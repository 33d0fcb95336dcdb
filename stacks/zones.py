"""The zones that a stack file names: those of its own region, where its platform wants any.

A zone is named in the file because it is decided once: a cloud that is asked may answer otherwise tomorrow.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from catalogue.wording import found_word
from catalogue.zones import LETTERS, zones_of
from stacks.model import Path, Problem, Section, StackConfig

AZURE_HAS_NONE = (
    "Azure spreads subnets and storage over a region's zones by itself and says of no machine where it stands; "
    "leave it out"
)


def check(config: StackConfig, section: Section[Any], key: str, family: str | None = None) -> Iterator[Problem]:
    """What stands under a key that names zones, on a platform that does not refuse it: zones of the stack's region.

    With `family`, that of people's own machines, they are those that have it.
    """
    if config.platform in section.refused_keys[key] or config.region not in catalogue.region_names(config.platform):
        return  # that mistake has a sentence of its own
    known, allowed = _of_region(config, family)
    if not known:
        near = PLATFORMS[config.platform].region
        yield Problem(("region",), f"found {config.region!r}, {_NO_WORKSPACE}, such as {near}")
        return
    value = section.of(config)
    if key not in value.model_fields_set:
        yield Problem((section.name, key), f"is missing; add {'two or more, each ' if key == 'zones' else ''}{allowed}")
        return
    for path, zone in each(section, key, getattr(value, key)):
        if zone not in known:
            yield Problem(path, f"found {found_word(zone)}, allowed: {allowed}")


_NO_WORKSPACE = "where Google lists no zone for the machines of mlplatform:workspace; allowed: a region that has some"


def each(section: Section[Any], key: str, value: str | list[str]) -> list[tuple[Path, str]]:
    """Each zone under a key, with its path."""
    if isinstance(value, str):
        return [((section.name, key), value)]
    return [((section.name, key, at), zone) for at, zone in enumerate(value)]


def _of_region(config: StackConfig, family: str | None) -> tuple[list[str], str]:
    """The zones that this stack may name, and how a sentence says so."""
    region, listed = config.region, _having(config.platform, family) or []
    known, having = may_name(config.platform, region, family), ""
    if set(known) <= set(listed):
        having = f" that has {catalogue.load(config.platform).families[str(family)].machine_type}"
    return known, f"a zone of {region}{having} ({', '.join(known)})"


def may_name(platform: str, region: str, family: str | None = None) -> list[str]:
    """The zones of a region that a stack file may name. With `family`, those in which a person may have its machine.

    There are none in a region without a zone for people's own machines.
    """
    having = _having(platform, family)
    if having is None:
        return zones_of(region)
    return [zone for zone in having if zone.rpartition("-")[0] == region]


def _having(platform: str, family: str | None) -> list[str] | None:
    """The zones that sources show to have people's own machines, of this family, in the platform's regions. None where
    no source shows any. The zones of a region whose machines no list has yet are those for people's machines.
    """
    known = catalogue.load(platform)
    zones = known.families[family].zones if family is not None else None
    if zones is None or known.workspace_zones is None:
        return None
    listed = {zone.rpartition("-")[0] for zone in zones}
    return [zone for zone in known.workspace_zones if zone in zones or zone.rpartition("-")[0] not in listed]


def schema(section: Section[Any], platform: str, keys: Sequence[str], family: str | None = None) -> dict[str, Any]:
    """For editors: which of the keys name zones on this platform, and what a zone is there."""
    listed = _having(platform, family)
    zone: dict[str, Any] = {"pattern": f"^[a-z0-9-]+[{LETTERS}]$"} if listed is None else {"enum": listed}
    wanted = [key for key in keys if platform not in section.refused_keys[key]]
    shown = {"zones": {"items": zone}, "zone": zone}
    return {"required": wanted, "properties": {key: shown[key] if key in wanted else False for key in keys}}
