"""A stack may be called after a part of the world, as `churn-eu` is: its name is no place in which anything stands."""

import json

import pytest

from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from policies.pack import RULES as PACK
from policies.rule import Rule
from stacks.config import STACKS
from tests.previewing import preview

RULES = {"aws": "world-region", "gcp": "world-region", "azure": "world-regions"}


def names(platform: str) -> list[str]:
    """A stack's name that ends in each word with which a region of the platform begins, and in a whole region."""
    regions = sorted(catalogue.region_names(platform))
    words = sorted({region.partition("-")[0] for region in regions})
    return [f"churn-{word}"[:22] for word in [*words[:12], regions[0], regions[-1]]]


def renamed(platform: str, name: str) -> Graph:
    pilot = f"{platform}-pilot"
    return Graph.from_json(json.loads(said(preview(STACKS / f"Pulumi.{pilot}.yaml")).replace(pilot, name)))


def said(graph: Graph) -> str:
    return json.dumps(graph.to_json())


def rule(platform: str) -> Rule:
    return next(one for one in PACK[platform] if one.name == RULES[platform])


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_name_of_a_stack_is_no_region(platform: str) -> None:
    for name in names(platform):
        assert not rule(platform).judge(renamed(platform, name)).violations, name


def test_a_region_that_follows_such_a_name_is_still_one() -> None:
    graph = renamed("aws", "churn-eu-west-2")
    text = said(graph)
    for at, elsewhere in (("com.amazonaws.us-east-1.", "com.amazonaws.eu-west-2."), ("us-east-1a", "eu-west-2a")):
        assert at in text
        assert rule("aws").judge(Graph.from_json(json.loads(text.replace(at, elsewhere)))).violations
