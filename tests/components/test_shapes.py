"""What the parts of a stack need, put together."""

from dataclasses import dataclass, field

import pytest

from components.aws.personas import Needs
from components.given import BadArgument
from components.shapes import Machine, Replicas, Rollout, together


def test_needs_of_all_parts_are_every_element_of_each_in_order() -> None:
    parts = [
        Needs(artifact_uris=["s3://a/"], machines=[Machine("ml.m5.large")]),
        Needs(),
        Needs(artifact_uris=["s3://b/"], output_uris=["s3://c/"], machines=[Machine("ml.g6.xlarge", local_nvme=True)]),
    ]
    assert together(Needs, iter(parts)) == Needs(
        artifact_uris=["s3://a/", "s3://b/"],
        input_uris=[],
        artifact_keys=[],
        input_keys=[],
        output_uris=["s3://c/"],
        images=[],
        machines=[Machine("ml.m5.large"), Machine("ml.g6.xlarge", local_nvme=True)],
        applications=[],
        callers=[],
        captures=[],
        training_uris=[],
        training_keys=[],
        trained_uris=[],
        candidate_uris=[],
        training_jobs=[],
        tuned_jobs=[],
        searching_steps=[],
        scoring_pipelines=[],
        pipelines=[],
        records=[],
        recorded_jobs=[],
        taken=[],
        targets=[],
        registered=[],
    )


def test_parts_are_left_as_they_are() -> None:
    @dataclass
    class Lists:
        words: list[str] = field(default_factory=list)

    parts = [Lists(["a"]), Lists(["b"])]
    assert together(Lists, parts).words == ["a", "b"]
    assert [part.words for part in parts] == [["a"], ["b"]]
    assert together(Lists, []).words == []


@pytest.mark.parametrize(("least", "most"), [(5, 2), (-1, 2), (0, 0)])
def test_a_range_of_replicas_that_is_none_is_refused(least: int, most: int) -> None:
    with pytest.raises(BadArgument, match=rf"^Replicas: found from {least} to {most}; give [^\n]+$"):
        Replicas(least, most)


@pytest.mark.parametrize(("canary", "bake", "name"), [(80, 10, "canary_percent"), (10, 90, "bake_minutes")])
def test_a_rollout_that_a_cloud_refuses_is_refused(canary: int, bake: int, name: str) -> None:
    with pytest.raises(BadArgument, match=rf"^Rollout\.{name}: found \d+; give 1 to \d+$"):
        Rollout(canary, bake, 250, 1)
