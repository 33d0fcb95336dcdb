"""The page on pipelines: its example is one that a stack file takes, and its commands are commands."""

import re

from operations.standing.edits import standing
from stacks.config import STACKS, validate
from stacks.sections import pipelines
from stacks.words import known_word
from tests.commanding import command
from tests.stack_files import taken

PAGE = (STACKS.parent / "docs" / "pipelines.md").read_text(encoding="utf-8")


def test_the_example_is_taken() -> None:
    example, *_ = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    said = {f"mlplatform:{key}": value for key, value in standing("aws").items()}
    config = validate({**said, **taken(example)}, "a.yaml")
    assert list(pipelines.of(config)["fraud-path"].steps) == ["prepare", "train", "gate"]


def test_the_example_with_branches_is_taken() -> None:
    _, example, *_ = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    said = {f"mlplatform:{key}": value for key, value in standing("aws").items()}
    job = {key: value for key, value in standing("aws")["training"]["fraud-training"].items() if key != "spot"}
    jobs = {name: {**job, "output_uri": f"{job['output_uri']}{name}/"} for name in ("fraud-small", "fraud-large")}
    config = validate({**said, "mlplatform:training": jobs, **taken(example)}, "a.yaml")
    (pipeline,) = pipelines.of(config).values()
    reads = pipelines.reads(pipeline.steps)
    assert reads["train-small"] == reads["train-large"] == {"prepare"} and reads["score"] == {"prepare", "compare"}
    assert pipeline.hours(config) == 1 + job["max_hours"] + 1 + 1


def test_the_example_of_one_job_for_several_countries_is_taken() -> None:
    _, _, example, _ = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    said = {f"mlplatform:{key}": value for key, value in standing("aws").items()}
    job = {key: value for key, value in standing("aws")["training"]["fraud-training"].items() if key != "spot"}
    jobs = {"fraud-country": {**job, "hyperparameters": {"country": "all", "rounds": "20"}}}
    config = validate({**said, "mlplatform:training": jobs, **taken(example)}, "a.yaml")
    (pipeline,) = pipelines.of(config).values()
    told = [pipelines.hyperparameters_of(config, one) for one in pipeline.steps.values() if one.training]
    assert told == [{"country": "de", "rounds": "20"}, {"country": "fr", "rounds": "20"}]


def test_what_it_does_not_do_is_refused_with_a_reason() -> None:
    """Each row of the table has a word that somebody types, and that word is answered."""
    _, _, rows = PAGE.partition("## What it does not do")
    for word in (
        *("trigger", "parameters", "condition", "for_each", "cache", "retries", "depends_on", "approval", "warm_pool"),
        *("feature_store", "bias", "drift", "airflow", "hyperpod", "shadow", "traffic_split", "models", "jumpstart"),
    ):
        known = known_word(word)
        assert known is not None and (known.instead or known.means), word
    assert rows.count("\n| ") >= 13


def test_the_example_that_scores_is_taken() -> None:
    *_, example = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
    said = {f"mlplatform:{key}": value for key, value in standing("gcp").items()}
    config = validate({**said, **taken(example)}, "a.yaml")
    pipeline = pipelines.of(config)["fraud-scores"]
    assert list(pipeline.steps) == ["rows", "score", "report"] and pipeline.hours(config) == 3


def test_the_dry_run_says_the_steps_their_machines_and_the_cost() -> None:
    (words,) = re.findall(r"^    uv run mlplatform (run .*)$", PAGE, re.MULTILINE)
    done = command(*words.split())
    assert done.returncode == 0
    first, *_ = done.stdout.splitlines()
    assert first.startswith("aws-full: a run of pipelines fraud-path: prepare on ml.") and "then register on" in first
    assert re.search(r"\d+ h at most, \$[\d.]+ at most: each step once, .* Spot machines cost less, and", first)
