"""Where a stack stands, whatever is in it: its names and tags, and the providers that reach its account."""

from collections.abc import Callable
from dataclasses import dataclass

import pulumi

from stacks.model import StackConfig
from stacks.sections import landing_zone


@dataclass(frozen=True)
class Site:
    """`stack` begins every name, with the landing zone's prefix. `tags` are on everything that can carry some.

    `opts` hand down the providers.
    """

    stack: str
    account: str
    region: str
    tags: dict[str, str]
    opts: pulumi.ResourceOptions


def tags_of(stack: str, config: StackConfig, legal: Callable[[str], str] = str) -> dict[str, str]:
    """What everything of a stack is tagged with; `legal` puts what people write freely into the cloud's legal form.

    The tags of its landing zone are legal, and none of them has a key of ours (catalogue/landing_zones.py).
    """
    zone = landing_zone.given(config)
    return {
        **(zone.extra_tags if zone else {}),
        "platform": config.platform,
        "stack": stack,
        "team": legal(config.team),
        "cost-center": legal(config.cost_center),
        "environment": config.environment,
        "owner": legal(config.owner),
    }
