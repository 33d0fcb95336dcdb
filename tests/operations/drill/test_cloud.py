"""What the drills know of each platform stands in the platform's own pilot."""

import pytest

from catalogue.behaviour import values_at
from catalogue.graph import Graph
from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from operations.drill.cloud import cloud_of


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_tag_that_somebody_removes_is_given_in_each_such_resource(
    platform: str, request: pytest.FixtureRequest
) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    tag = cloud_of(platform).tag
    given = [list(values_at(one.inputs, tag.path)) for one in graph.of(tag.type)]
    assert given and all(given)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_pilot_has_what_somebody_changes_and_deletes(platform: str, request: pytest.FixtureRequest) -> None:
    graph: Graph = request.getfixturevalue(f"{platform}_pilot")
    cloud = cloud_of(platform)
    assert {cloud.bound.type, *cloud.workspace} <= {one.type for one in graph.resources}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_refused_family_is_named_by_what_its_quota_counts(platform: str) -> None:
    families = [one for one in catalogue.load(platform).families.values() if "online" in one.uses]
    for family in families:
        accelerator = family.accelerator.name if family.accelerator else None
        assert cloud_of(platform).counted(family) in (accelerator, family.machine_type)
    assert len({cloud_of(platform).counted(one) for one in families}) > 1
