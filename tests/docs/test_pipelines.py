"""The page on pipelines: its example is one that a stack file takes, and its commands are commands."""

import re

import yaml

from operations.standing.edits import standing
from stacks.config import STACKS, validate
from stacks.sections import pipelines
from tests.commanding import command

PAGE = (STACKS.parent / "docs" / "pipelines.md").read_text(encoding="utf-8")


def test_the_example_is_taken() -> None:
    found = re.search(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    assert found
    said = {f"mlplatform:{key}": value for key, value in standing("aws").items()}
    config = validate({**said, **yaml.safe_load(found[1])}, "a.yaml")
    assert list(pipelines.of(config)["fraud-path"].steps) == ["prepare", "train", "gate"]


def test_the_dry_run_says_the_steps_their_machines_and_the_cost() -> None:
    (words,) = re.findall(r"^    uv run mlplatform (run .*)$", PAGE, re.MULTILINE)
    done = command(*words.split())
    assert done.returncode == 0
    first, *_ = done.stdout.splitlines()
    assert first.startswith("aws-full: a run of pipelines fraud-path: prepare on ml.") and "then register on" in first
    assert re.search(r"\d+ h at most, \$[\d.]+ at most, less on Spot machines$", first)
