"""The preventive controls: what a cloud refuses by itself, whoever calls it and with whatever flags.

Nothing stops a `pulumi up` without `--policy-pack`, nor a person in a console. A control is compiled from the limits
and from the stack's own world (its account, its region, its landing zone, its callers) into the form that the platform
enforces: policies of AWS Organizations, organization policies of Google Cloud, Azure Policy. A landing zone deploys it.

`policies/controls/<platform>.py` has the controls of a platform, and the rules that none of them can stand for.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from typing import Any, cast

from catalogue import landing_zones
from catalogue.hardware.catalogue import region_names
from catalogue.landing_zones import OUR_TAGS, LandingZone
from catalogue.placement import Placement
from catalogue.platforms import Platform
from policies import limits
from policies.limits import Limit, Limits

SECURITY = "security@example.com"
"""Who approves that a control is lifted, where no limit says its owner. As the limits that ship, a placeholder."""

Document = Mapping[str, Any]
"""One document in the form that the platform takes."""


@dataclass(frozen=True)
class World:
    """What a stack's controls are compiled from: its limits, where it stands, and the landing zone that it stands in.

    Without a place it is a whole platform: the limits of every stack hold, and no account or region is known.
    """

    platform: Platform
    limits: Limits
    place: Placement | None = None
    zone: LandingZone | None = None
    stack: str = ""
    """The name of the stack. Empty where only its place is known."""

    @classmethod
    def of(cls, platform: Platform, place: Placement | None = None, stack: str = "") -> "World":
        """The world of a stack that stands there. Raises BadInput for limits or landing zones that cannot be read."""
        zone = landing_zones.load()[place.landing_zone] if place and place.landing_zone else None
        return cls(platform, limits.load().of(platform, place), place, zone, stack)

    @property
    def account(self) -> str | None:
        """The account, project or subscription of the stack."""
        return self.place.account if self.place else None

    @property
    def regions(self) -> Sequence[str]:
        """The regions in which anything may stand: the stack's, or those that the limits name. Empty: any."""
        if self.place:
            return [self.place.region]
        allowed = self.limits["regions"]
        return (
            [] if allowed.value == limits.ANY else [one for one in region_names(self.platform) if allowed.allows(one)]
        )

    @property
    def machine_types(self) -> Sequence[str]:
        """The patterns of the machine types that the limits allow. Empty: any."""
        allowed = self.limits["machine-types"].value
        return [] if allowed == limits.ANY else cast("Sequence[str]", allowed)

    @property
    def tags(self) -> Sequence[str]:
        """The keys that everything carries: ours, and those that the landing zone gives beside them."""
        return [*OUR_TAGS, *(self.zone.extra_tags if self.zone else ())]


@dataclass(frozen=True)
class Control:
    """One preventive control.

    `threat` says what somebody could do without it, and `prevents` what the cloud refuses. `rules` are the rules of the
    pack that find the same in a plan. `bypass` says how it could be got round, and `approves` who lets it be lifted: a
    limit, whose owner does, or a name. `source` is the cloud's page. `compile` makes the parts of the document
    `document`; none where the world decides nothing, for example where the limits allow any machine type.
    """

    name: str
    document: str
    threat: str
    prevents: str
    rules: Sequence[str]
    bypass: str
    source: str
    compile: Callable[[World], Sequence[Document]]
    approves: str = SECURITY

    def approver(self, held: Mapping[str, Limit]) -> str:
        """Who lets it be lifted, by name."""
        return held[self.approves].owner if self.approves in held else self.approves


def controls(platform: str) -> Sequence[Control]:
    """Every control of a platform."""
    said: Sequence[Control] = import_module(f"policies.controls.{platform}").CONTROLS
    return said


EVERYWHERE: Mapping[str, Sequence[str]] = {
    "It holds every input and text of a program against the stack's own world. A cloud sees one call; the controls "
    "above stand for what of it a call brings.": (
        "*foreign-*",
        "*unasked*",
        "data-*",
        "inputs-*",
        "secrets-*",
        "world-*",
    ),
    "It holds what a persona or a service is granted against its tasks, which no cloud knows.": (
        "identity-*permissions",
        "identity-*tasks*",
        "identity-alerts-*",
        "identity-conditions",
        "identity-documents",
        "identity-resource-policies",
        "identity-starts-*",
    ),
    "It is how several settings of one thing go together, and no call brings more than one of them.": (
        "audit-delivered",
        "limits-batch-*",
        "limits-hours-*",
        "limits-images-*",
        "limits-stores-*",
        "network-addresses",
    ),
}
"""Why no control stands for families of rules on any platform. What a platform says of a rule by itself comes first."""


def unprevented(platform: str) -> Mapping[str, Sequence[str]]:
    """Why no control of a platform stands for some rules: the reason, and the rules. A `*` in a name is any text."""
    said: Mapping[str, Sequence[str]] = import_module(f"policies.controls.{platform}").UNPREVENTED
    return said


def documents(world: World) -> Mapping[str, Document]:
    """The documents of a world by the name of each: what a landing zone deploys, as its platform takes it."""
    made: Mapping[str, Document] = import_module(f"policies.controls.{world.platform}").documents(world)
    return made


def undecided(world: World) -> list[Control]:
    """The controls for which the world decides nothing, so that they are in no document."""
    return [control for control in controls(world.platform) if not control.compile(world)]


def why_not(platform: str, rule: str) -> str:
    """Why no control stands for a rule. Empty where none says it."""
    reasons = [*unprevented(platform).items(), *EVERYWHERE.items()]
    return next((why for why, names in reasons if any(fnmatchcase(rule, name) for name in names)), "")


def unfolded(pattern: str) -> list[str]:
    """A pattern of the limits without its sets such as [48] and [a-f], which no policy language has: one a letter.

    A set of what may not stand there becomes any letter.
    """
    found = re.search(r"\[(!?)([^\]]+)\]", pattern)
    if found is None:
        return [pattern]
    letters = "?" if found[1] else re.sub(r"(.)-(.)", lambda ends: _between(ends[1], ends[2]), found[2])
    return [one for each in letters for one in unfolded(pattern[: found.start()] + each + pattern[found.end() :])]


def _between(first: str, last: str) -> str:
    return "".join(map(chr, range(ord(first), ord(last) + 1)))
