"""The limits: bounds with a number, an owner, a reason and the day on which somebody last looked at them.

`policies/limits.yaml` has those that ship, `organisation/limits.yaml` a company's own. Where several lines speak of one
limit, the last of these holds, whole: the shipped line, the shipped line of the environment; the company's line, its
line of the environment, of the team, of the account. What a company says holds over whatever ships.

Environment, team, account and region are those of the stack file, which the graph brings as `placement`. No tag of a
resource decides which limits judge it. A graph without a placement is of another project: there the lines under
`limits` hold, whose ceilings are the lowest that ship, and no quota is declared.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from fnmatch import fnmatchcase
from functools import cache
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from catalogue import organisation
from catalogue.errors import BadInput
from catalogue.files import read
from catalogue.graph import Graph
from catalogue.hardware.catalogue import region_names
from catalogue.placement import Placement
from catalogue.platforms import PLATFORMS
from catalogue.wording import did_you_mean, nearest
from policies.reading import Entry, Text

FILE = Path(__file__).with_name("limits.yaml")
SHIPPED, OWN = "policies/limits.yaml", "organisation/limits.yaml"
ANY, NONE = "any", "none"
OF_EVERY_STACK = {"waiver-days": "because all waivers are read before any stack is"}
"""The limits that no environment, team or account may have otherwise, and why."""

Choice = list[str] | Literal["any", "none"]


def _choice(value: object) -> bool:
    if isinstance(value, list):
        items = cast("list[object]", value)
        return bool(items) and all(isinstance(item, str) and item.strip() for item in items)
    return value in (ANY, NONE)


def _bound(value: Any) -> Any:
    """A bound that bounds: `.nan` would be above no number, `true` would be 1."""
    if _choice(value):
        return value
    if isinstance(value, dict):
        by = cast("dict[object, object]", value)
        if by and all(name in PLATFORMS and _choice(choice) for name, choice in by.items()):
            return by
    elif isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and value >= 0:
        return value
    raise ValueError(
        f"found {str(cast(object, value))[:60]!r}, allowed: a number of 0 or more, a list of text, 'any', 'none', or "
        "one of the last three for each platform"
    )


class Limit(Entry):
    """One line. `value` is a number, or what is allowed: `any`, `none`, a list in which `*` is any text, or that by
    platform.

    `unit` says of what, and `reviewed` when an owner last looked at it. `at` is where the line stands in its file.
    """

    _at: tuple[str, ...] = ()

    value: Annotated[float | Choice | dict[str, Choice], BeforeValidator(_bound)]
    unit: Text
    reviewed: date

    @property
    def at(self) -> tuple[str, ...]:
        """The keys that lead to the line in its file."""
        return self._at

    def stand_at(self, *keys: str) -> None:
        """Keep where the line stands in its file."""
        self._at = keys

    @property
    def counts(self) -> bool:
        """Whether the bound is a number."""
        return isinstance(self.value, int | float)

    @property
    def number(self) -> float:
        """The bound as a number. Raises TypeError for what is none."""
        if not isinstance(self.value, int | float):
            raise TypeError(f"a list of {self.unit} is no number")
        return self.value

    def allows(self, text: str) -> bool:
        """Whether a text is allowed, in upper or lower case. Raises TypeError for a number, and for several lists."""
        if self.value in (ANY, NONE):
            return self.value == ANY
        if not isinstance(self.value, list):
            raise TypeError(f"{self.unit} is no list")
        return any(fnmatchcase(text.lower(), pattern.lower()) for pattern in self.value)

    @property
    def said(self) -> str:
        """The value in words, without its unit."""
        return _said(self.value)

    def on(self, platform: str) -> "Limit | None":
        """The line as it is on one platform. None where it speaks of other platforms only."""
        if not isinstance(self.value, dict):
            return self
        if platform not in self.value:
            return None
        return self.model_copy(update={"value": self.value[platform]})


def _said(value: float | Choice | dict[str, Choice]) -> str:
    if isinstance(value, dict):
        return "; ".join(f"{platform}: {_said(choice)}" for platform, choice in value.items())
    if isinstance(value, list):
        return ", ".join(value)
    return value if isinstance(value, str) else f"{value:g}"


def _platform(name: str) -> str:
    if name not in PLATFORMS:
        raise ValueError(f"no platform has this name; allowed: {', '.join(PLATFORMS)}")
    return name


def _account(text: object) -> str:
    if isinstance(text, str) and _is_account(text, *PLATFORMS):
        return text
    quotes = "; put it in quotes" if isinstance(text, int) else ""
    raise ValueError(f"no account of any platform is written like this{quotes}")


def _is_account(text: str, *platforms: str) -> bool:
    return any(re.fullmatch(PLATFORMS[name].account.pattern or "", text) for name in platforms)


_Account = Annotated[str, BeforeValidator(_account)]
_Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=24)]
_Lines = dict[str, Limit]


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    limits: _Lines = {}
    environments: dict[_Word, _Lines] = {}
    teams: dict[_Word, _Lines] = {}
    accounts: dict[_Account, _Lines] = {}
    quotas: dict[Annotated[str, AfterValidator(_platform)], dict[_Account, dict[str, _Lines]]] = {}

    def groups(self) -> list[tuple[tuple[str, ...], _Lines]]:
        """Every group of lines but quotas, the less specific first, with the keys that lead to it."""
        found = [(("limits",), self.limits)]
        for level in ("environments", "teams", "accounts"):
            by: dict[str, _Lines] = getattr(self, level)
            found += [((level, name), lines) for name, lines in by.items()]
        return found

    def quota_groups(self) -> list[tuple[tuple[str, ...], _Lines]]:
        """Every group of quotas, by platform, account and region."""
        return [
            (("quotas", platform, account, region), lines)
            for platform, accounts in self.quotas.items()
            for account, regions in accounts.items()
            for region, lines in regions.items()
        ]

    def holding(self, place: Placement | None) -> list[_Lines]:
        """The groups that speak of a stack, the less specific first."""
        if place is None:
            return [self.limits]
        more = (self.environments.get(place.environment), self.teams.get(place.team), self.accounts.get(place.account))
        return [self.limits, *(lines for lines in more if lines)]


@dataclass(frozen=True)
class Limits:
    """The limits that hold for one stack, by name, and the quotas that are declared for its account and region."""

    limits: dict[str, Limit]
    quotas: dict[str, Limit]

    def __getitem__(self, name: str) -> Limit:
        return self.limits[name]


@dataclass(frozen=True)
class Book:
    """Both files as they were read."""

    shipped: _File
    own: _File
    _of: dict[tuple[str, Placement | None], Limits] = field(
        default_factory=dict[tuple[str, Placement | None], Limits], compare=False, repr=False
    )
    """What was asked for already: a rule asks for each resource."""

    @property
    def limits(self) -> dict[str, Limit]:
        """What holds where no environment, team or account has a line of its own. A pilot's, as it ships."""
        return {**self.shipped.limits, **self.own.limits}

    def of(self, platform: str, place: Placement | None) -> Limits:
        """What holds for a stack that stands there."""
        if (platform, place) not in self._of:
            self._of[platform, place] = self._read(platform, place)
        return self._of[platform, place]

    def _read(self, platform: str, place: Placement | None) -> Limits:
        held: dict[str, Limit] = {}
        for lines in (*self.shipped.holding(place), *self.own.holding(place)):
            held |= {name: on for name, line in lines.items() if (on := line.on(platform))}
        quotas: dict[str, Limit] = {}
        if place is not None:
            for file in (self.shipped, self.own):
                quotas |= file.quotas.get(platform, {}).get(place.account, {}).get(place.region, {})
        return Limits(held, quotas)

    def every(self) -> list[Limit]:
        """Every line of both files, as they stand there, quotas last."""
        files = (self.shipped, self.own)
        return [
            line for file in files for _, lines in (*file.groups(), *file.quota_groups()) for line in lines.values()
        ]


@cache
def load() -> Book:
    """Read both files, once.

    Raises BadInput, one sentence, for a line that lacks its owner, reason or day of review, a limit that no rule knows,
    one in another unit than the rules count in, one of an environment, team or account that holds for every stack, and
    a quota that is no number, or of no account or no region of its platform: nobody would read it, and in silence.
    """
    shipped = read(FILE, SHIPPED, _File)
    file = organisation.file("limits.yaml")
    own = read(file, OWN, _File) if file else _File()
    for called, said in ((SHIPPED, shipped), (OWN, own)):
        for group, lines in said.groups():
            for name, line in lines.items():
                place = f"{called}: {'.'.join((*group, name))}"
                _known(place, name, line, shipped.limits)
                if name in OF_EVERY_STACK and len(group) > 1:
                    raise BadInput(
                        f"{place}: holds for every stack or none, {OF_EVERY_STACK[name]}; put it under limits"
                    )
                line.stand_at(*group, name)
        for group, lines in said.quota_groups():
            place = f"{called}: {'.'.join(group)}"
            if not _is_account(group[2], group[1]):
                raise BadInput(f"{place}: {group[2]!r} is no account of {group[1]}, allowed: {_form(group[1])}")
            if group[3] not in (regions := region_names(group[1])):
                near = did_you_mean(group[3], regions) or f", such as {PLATFORMS[group[1]].region}"
                raise BadInput(f"{place}: {group[3]!r} is no region of {group[1]}, allowed: one of the catalogue{near}")
            for name, line in lines.items():
                if not line.counts:
                    raise BadInput(f"{place}.{name}.value: found a list, allowed: a number")
                line.stand_at(*group, name)
    return Book(shipped, own)


def _form(platform: str) -> str:
    return PLATFORMS[platform].account.words


def _known(place: str, name: str, line: Limit, shipped: _Lines) -> None:
    """What counts, and in which unit, is the rule's matter; the line's is how much."""
    if name not in shipped:
        raise BadInput(f"{place}: no rule knows this limit{nearest(name, shipped)}")
    if line.counts is not shipped[name].counts:
        found = f"{line.value:g}" if isinstance(line.value, int | float) else "a list"
        raise BadInput(f"{place}.value: found {found}, allowed: {'a number' if shipped[name].counts else 'a list'}")
    if line.unit != shipped[name].unit:
        raise BadInput(f"{place}.unit: found {line.unit!r}, allowed: {shipped[name].unit!r}, which the rules count")


def of(graph: Graph) -> Limits:
    """The limits that hold for a stack. Raises BadInput as `load` does."""
    return load().of(graph.platform, graph.placement)


def outside(graph: Graph, region: str) -> Iterator[str]:
    """Why a resource may not stand in a region: the limits, or the stack file, which names another."""
    allowed = of(graph)["regions"]
    # Cloud Storage and Azure take the name in upper and lower case, and Azure the name that people read as well:
    # https://learn.microsoft.com/en-us/azure/reliability/regions-list
    named = region.lower().replace(" ", "") if graph.platform == "azure" else region.lower()
    if not (allowed.allows(region) or allowed.allows(named)):
        yield f"is in {region}, allowed {allowed.said}"
    elif graph.placement is not None and named != graph.placement.region:
        yield f"is in {region}, where the stack file says {graph.placement.region}"


def line_of(limit: Limit) -> int | None:
    """The line of its file on which a limit stands, counted from 1. None where the file is gone."""
    path = FILE if limit.file == SHIPPED else organisation.file("limits.yaml")
    return _lines(path).get(limit.at) if path else None


@cache
def _lines(file: Path) -> dict[tuple[str, ...], int]:
    """The line of each key of a file, by the keys that lead to it."""
    found: dict[tuple[str, ...], int] = {}
    left: list[tuple[tuple[str, ...], Any]] = [((), yaml.compose(file.read_text(encoding="utf-8")))]
    while left:
        at, node = left.pop()
        if isinstance(node, yaml.MappingNode):
            for key, value in cast("list[tuple[Any, Any]]", node.value):
                found[*at, key.value] = key.start_mark.line + 1
                left.append(((*at, key.value), value))
    return found


def where_declared(platform: str, place: Placement | None) -> str:
    """Where a quota of a stack is declared: the file and the keys in it."""
    if place is None:
        return f"{OWN} under quotas.{platform}, by account and region"
    return f"{OWN} under quotas.{platform}.{place.account}.{place.region}"
