"""What the parts of a stack need, put together."""

from dataclasses import dataclass, field

from components.aws.personas import Needs
from components.shapes import Machine, together


def test_needs_of_all_parts_are_every_element_of_each_in_order() -> None:
    parts = [
        Needs(artifact_uris=["s3://a/"], machines=[Machine("ml.m5.large")]),
        Needs(),
        Needs(artifact_uris=["s3://b/"], output_uris=["s3://c/"], machines=[Machine("ml.g6.xlarge", local_nvme=True)]),
    ]
    assert together(Needs, iter(parts)) == Needs(
        artifact_uris=["s3://a/", "s3://b/"],
        input_uris=[],
        output_uris=["s3://c/"],
        images=[],
        machines=[Machine("ml.m5.large"), Machine("ml.g6.xlarge", local_nvme=True)],
    )


def test_parts_are_left_as_they_are() -> None:
    @dataclass
    class Lists:
        words: list[str] = field(default_factory=list)

    parts = [Lists(["a"]), Lists(["b"])]
    assert together(Lists, parts).words == ["a", "b"]
    assert [part.words for part in parts] == [["a"], ["b"]]
    assert together(Lists, []).words == []
