"""Quotas: what machines draw on them by the catalogue, against what the account's owner declares."""

from collections import Counter
from collections.abc import Iterable, Iterator
from math import ceil

from pulumi_policy.proxy import UnknownValueError

from components.hardware import catalogue
from policies.limits import load

FLEETS_IN_UPDATE = 2
"""A new version stands beside the old one at full size until traffic has moved, on every platform: SageMaker's
blue/green update (developer guide, "Blue/Green Deployments"; that both fleets draw on the quota is second hand, and the
safe reading), a deployment of Vertex AI beside the old, one of Azure ML beside the old ("Safe rollout").
"""


def draw(
    platform: str, machine: str, use: catalogue.Use, count: int, accelerator: str | None = None
) -> tuple[str, int]:
    """The quota that `count` machines draw on, and how much of it; a machine that the catalogue does not know draws
    on a quota that nobody declares.
    """
    hardware = catalogue.load(platform)
    family = hardware.family_of(machine, accelerator)
    if family is None or use not in hardware.families[family].uses:
        return f"{machine} for {use}", count
    return hardware.families[family].uses[use].quota_name, ceil(hardware.draws(family, use, count))


def beyond_declared(platform: str, draws: Iterable[tuple[str, int]]) -> Iterator[tuple[str | None, str]]:
    """Sum what is drawn by quota; a quota that nobody declared counts as zero.

    Raises UnknownValueError, after what is known has been judged, where something drawn is not known before `up`.
    """
    declared = load().quotas.get(platform, {})
    needed: Counter[str] = Counter()
    waiting: UnknownValueError | None = None
    try:
        for name, count in draws:
            needed[name] += count
    except UnknownValueError as error:  # what is known may break the quota by itself
        waiting = error
    for name, count in sorted(needed.items()):
        have = declared[name].number if name in declared else 0
        if count > have:
            yield None, f"may need {count} of the quota '{name}', declared {have:g}"
    if waiting is not None:
        raise waiting
