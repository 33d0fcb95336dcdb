"""The landing zone that a stack stands in: what the organisation has already, by its name in `organisation/`."""

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, StringConstraints

from catalogue import landing_zones
from catalogue.landing_zones import CALLED, LandingZone
from catalogue.wording import found_word, nearest
from stacks.model import Problem, Section, StackConfig

Name = Annotated[
    str,
    StringConstraints(max_length=64),
    Field(
        description=f"An entry of {CALLED}: what is there already and is used, never made, changed or destroyed.",
        examples=["shared-ml"],
    ),
]


def given(config: StackConfig) -> LandingZone | None:
    """What the stack's landing zone gives; None for a stack that stands in none."""
    name = SECTION.of(config)
    return None if name is None else landing_zones.load()[name]


def named(stack: str, config: StackConfig) -> str:
    """What names in the cloud begin with: the landing zone's prefix, and the stack's own name."""
    zone = given(config)
    return f"{zone.name_prefix if zone else ''}{stack}"


def found(config: StackConfig) -> LandingZone | None:
    """As `given`, for a config that is being checked: None, too, where the name is none of the stack's own place."""
    return None if SECTION.of(config) is None or any(check(config)) else given(config)


def check(config: StackConfig) -> Iterator[Problem]:
    """The name is known, and the entry is of the stack's own platform, account and region.

    Raises BadInput for a file of landing zones that cannot be read.
    """
    name, known = SECTION.of(config), landing_zones.load()
    if name is None:
        return
    if name not in known:
        none = f"{CALLED} has none; add one as organisation/README.md shows it, or leave the key out"
        hint = f"{CALLED} has no such entry{nearest(name, known)}" if known else none
        yield Problem((SECTION.name,), f"found {found_word(name)}, but {hint}")
        return
    zone = known[name]
    for word in ("platform", "account", "region"):
        own, its = getattr(config, word), getattr(zone, word)
        if own != its:
            yield Problem(
                (SECTION.name,), f"{name} is of the {word} {its}, and the stack of {own}; name one of its own"
            )


SECTION: Section[str | None] = Section(
    __name__, value=Name, called="landing zone", default=None, in_ground=True, check=check
)
of = SECTION.of
