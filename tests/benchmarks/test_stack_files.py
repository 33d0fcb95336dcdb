"""The stack files that the benchmarks write are legal on every platform, and have the endpoints that were asked for."""

from pathlib import Path

import pytest

from benchmarks.cloud import cloud_of
from benchmarks.stack_files import stack_text
from catalogue.platforms import PLATFORMS
from stacks.config import read_stack_file
from stacks.sections import endpoints


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_stack_file_of_each_size_is_legal(platform: str, tmp_path: Path) -> None:
    file = tmp_path / f"Pulumi.bench-{platform}.yaml"
    for size in cloud_of(platform).sizes[:3]:
        file.write_text(stack_text(platform, size), encoding="utf-8")
        config = read_stack_file(file)
        assert config.platform == platform
        assert len(endpoints.of(config)) == size


@pytest.mark.parametrize("platform", PLATFORMS)
def test_sizes_rise_and_are_enough_for_an_exponent(platform: str) -> None:
    sizes = list(cloud_of(platform).sizes)
    assert len(sizes) >= 3
    assert sizes == sorted(set(sizes))
