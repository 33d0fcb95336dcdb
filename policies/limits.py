"""The limits: bounds with a number, an owner and a reason.

`policies/limits.yaml` has those that ship. `organisation/limits.yaml` has a company's own: a limit or quota there
stands in place of the shipped one of its name, whole; a quota of another name stands beside the shipped ones.
"""

from dataclasses import dataclass
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, cast

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict

from catalogue import organisation
from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from catalogue.wording import nearest
from policies.reading import Entry, Text, read

FILE = Path(__file__).with_name("limits.yaml")
SHIPPED, OWN = "policies/limits.yaml", "organisation/limits.yaml"


def _bound(value: Any) -> Any:
    """A bound that bounds: `.nan` would be above no number, `true` would be 1."""
    if isinstance(value, list):
        items = cast("list[object]", value)
        if items and all(isinstance(item, str) and item.strip() for item in items):
            return items
    elif isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value >= 0:
        return value
    raise ValueError(f"found {str(cast(object, value))[:60]!r}, allowed: a number of 0 or more, or a list of text")


class Limit(Entry):
    """One bound. `value` is a number, or the list of what is allowed; `unit` says of what."""

    value: Annotated[float | list[str], BeforeValidator(_bound)]
    unit: Text

    @property
    def number(self) -> float:
        """The bound as a number. Raises TypeError for a list."""
        if isinstance(self.value, list):
            raise TypeError(f"a list of {self.unit} is no number")
        return self.value

    @property
    def allowed(self) -> list[str]:
        """The bound as a list of what is allowed. Raises TypeError for a number."""
        if not isinstance(self.value, list):
            raise TypeError(f"{self.unit} is no list")
        return self.value


def _platform(name: str) -> str:
    if name not in PLATFORMS:
        raise ValueError(f"no platform has this name; allowed: {', '.join(PLATFORMS)}")
    return name


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    limits: dict[str, Limit] = {}
    quotas: dict[Annotated[str, AfterValidator(_platform)], dict[str, Limit]] = {}


@dataclass(frozen=True)
class Limits:
    """All limits by name, and by platform the quotas that its owner declares for the account."""

    limits: dict[str, Limit]
    quotas: dict[str, dict[str, Limit]]

    def __getitem__(self, name: str) -> Limit:
        return self.limits[name]


@cache
def load() -> Limits:
    """Read both files, once.

    Raises BadInput, one sentence, for an entry that lacks its owner or reason, a limit that does not ship, one in
    another unit than the rules count in, and a quota that is no number.
    """
    shipped = read(FILE, SHIPPED, _File)
    file = organisation.file("limits.yaml")
    own = read(file, OWN, _File) if file else _File()
    for name, limit in own.limits.items():
        if name not in shipped.limits:
            raise BadInput(f"{OWN}: limits.{name}: no rule knows this limit{nearest(name, shipped.limits)}")
        _same_measure(f"limits.{name}", limit, shipped.limits[name])
    quotas: dict[str, dict[str, Limit]] = {}
    for platform in PLATFORMS:
        ours, theirs = shipped.quotas.get(platform, {}), own.quotas.get(platform, {})
        for name, quota in theirs.items():
            _same_measure(f"quotas.{platform}.{name}", quota, ours.get(name))
        quotas[platform] = {**ours, **theirs}
    return Limits({**shipped.limits, **own.limits}, quotas)


def _same_measure(place: str, own: Limit, shipped: Limit | None) -> None:
    """What counts, and in which unit, is the rule's matter; the organisation's is how much. A quota is a number."""
    listed = shipped is not None and isinstance(shipped.value, list)
    if isinstance(own.value, list) is not listed:
        raise BadInput(f"{OWN}: {place}.value: found {_word(own)}, allowed: {'a list' if listed else 'a number'}")
    if shipped is not None and own.unit != shipped.unit:
        raise BadInput(f"{OWN}: {place}.unit: found {own.unit!r}, allowed: {shipped.unit!r}, which the rules count")


def _word(limit: Limit) -> str:
    return "a list" if isinstance(limit.value, list) else f"{limit.value:g}"
