"""The drills as the command shows them, and what they drill on. That they end as they say, tests/engine shows."""

import copy
import re
from pathlib import Path

import pytest
from typer.testing import CliRunner

from catalogue.errors import BadInput
from catalogue.hardware import catalogue
from catalogue.platforms import PLATFORMS
from operations.__main__ import application
from operations.drill.drills import DRILLS, cheapest, fallback, next_artifact
from stacks.config import STACKS, read_stack_file
from stacks.model import StackConfig
from stacks.sections import endpoints
from tests.operations.test_other_teams import file_of, moved


def config(platform: str) -> StackConfig:
    return read_stack_file(STACKS / f"Pulumi.{platform}-pilot.yaml")


def refused(*arguments: str) -> str:
    result = CliRunner().invoke(application(), ["drill", *arguments])
    assert isinstance(result.exception, BadInput)
    return str(result.exception)


def test_alone_it_lists_every_drill_with_what_goes_wrong() -> None:
    result = CliRunner().invoke(application(), ["drill"])
    assert result.exit_code == 0
    told = re.sub(r"[^\w.]+", " ", result.output)
    for name, drill in DRILLS.items():
        assert name in result.output
        assert drill.what.endswith(".") and re.sub(r"[^\w.]+", " ", drill.what) in told


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["bad-versoin", "aws-pilot"], "'bad-versoin': no such drill; did you mean bad-version?"),
        (["bad-version"], "bad-version: on which stack?"),
        (["bad-version", "aws-pilo"], "'aws-pilo': no such stack; did you mean aws-pilot?"),
    ],
)
def test_wrong_input_is_one_sentence(arguments: list[str], sentence: str) -> None:
    assert refused(*arguments).startswith(sentence)


def test_without_the_engine_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "https://www.pulumi.com/docs/install/" in refused("drift", "aws-pilot")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_another_family_serves_as_well_as_the_endpoints_own(platform: str) -> None:
    pilot, families = config(platform), catalogue.load(platform).families
    own, other = families["cpu-small"], families[fallback(pilot, "fraud-scorer")]
    assert other.machine_type != own.machine_type and "online" in other.uses
    assert (other.vcpus or 0) >= (own.vcpus or 0) and (other.memory_gib or 0) >= (own.memory_gib or 0)
    gpu = families[cheapest(pilot, "fraud-scorer", lambda family: family.accelerator is not None)]
    assert gpu.accelerator is not None and "online" in gpu.uses


@pytest.mark.parametrize(
    ("platform", "region"),
    [("aws", "us-east-1"), ("aws", "eu-west-1"), ("gcp", "europe-west4"), ("azure", "westeurope")],
)
def test_a_drill_launches_on_no_family_that_the_stack_file_refuses(platform: str, region: str, tmp_path: Path) -> None:
    """The cheapest accelerator of AWS lets no canary in."""
    team = moved(platform, region)
    drilled = read_stack_file(file_of(team, tmp_path))
    family = cheapest(drilled, "fraud-scorer", lambda one: one.accelerator is not None)
    copied = {**copy.deepcopy(team["endpoints"]["fraud-scorer"]), "family": family}
    copied.pop("machine_type", None)
    changed = {**team, "endpoints": {**team["endpoints"], "drill": copied}}
    assert "drill" in endpoints.of(read_stack_file(file_of(changed, tmp_path)))


def test_where_no_family_fits_it_is_one_sentence() -> None:
    with pytest.raises(BadInput, match="us-east-1: the catalogue has no hardware family there"):
        cheapest(config("aws"), "fraud-scorer", lambda family: False)


@pytest.mark.parametrize(
    ("artifact", "following"),
    [
        ("s3://b/m/1/model.tar.gz", "s3://b/m/2/model.tar.gz"),
        ("gs://b/m/9/", "gs://b/m/10/"),
        ("gs://b/2026/m/3", "gs://b/2026/m/4"),
    ],
)
def test_the_next_version_is_one_more(artifact: str, following: str) -> None:
    assert next_artifact(artifact) == following


def test_an_artifact_without_a_number_is_one_sentence() -> None:
    with pytest.raises(BadInput, match=r"s3://b/m/model.tar.gz: has no number such as /1/"):
        next_artifact("s3://b/m/model.tar.gz")
