"""Every wrong value of every key that a full stack file may have: each refusal says what, where and what instead, in
the words of its own platform.
"""

import copy
import re
from collections.abc import Iterator
from typing import Any, cast, get_args, get_origin

import pytest
import yaml
from pydantic import BaseModel

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS
from stacks.config import NAMESPACE, STACKS, validate
from stacks.problems import bare, is_of
from stacks.sections import stack_model
from tests import sharing

WRONG: tuple[Any, ...] = (
    *(5, -1, 0, 10**9, 0.5, True, None),
    *("", "x" * 3000, "Nope nope", "nope", "https://example.com/x"),
    *([], {}, ["x"], [None], [{}], {"a": 1}, {"A b": {}}, {"a": None}),
)
LEFT_OUT = ...
MORE: dict[str, dict[str, Any]] = {
    "aws": {"callers": {"app": {"network": "vpc-0123456789abcdef0", "cidr": "10.60.0.0/20"}}},
    "gcp": {"callers": {"app": {"account": "payments-app"}}},
    "azure": {"callers": {"app": {"cidr": "10.60.0.0/20"}}},
}
"""What the full stacks do not have, so that its keys are tried too."""

Path = tuple[str | int, ...]


def full(platform: str) -> dict[str, Any]:
    file = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))
    own = {
        key.removeprefix(f"{NAMESPACE}:"): value for key, value in file["config"].items() if key.startswith(NAMESPACE)
    }
    return {**MORE[platform], **own}


def places(value: Any, type_: Any, path: Path) -> Iterator[Path]:
    """Every place of a stack file, and of each mapping the keys that it leaves out, and one that it does not know."""
    here, kinds = bare(type_)
    items: dict[str, Any] = cast("dict[str, Any]", value) if isinstance(value, dict) else {}
    if kinds:
        here = kinds.get(items.get("kind"))
    if path:
        yield path
    if isinstance(here, type) and issubclass(here, BaseModel) and isinstance(value, dict):
        for key, field in here.model_fields.items():
            yield from places(items[key], field.annotation, (*path, key)) if key in items else [(*path, key)]
        yield (*path, "strange")
    elif get_origin(here) is dict and isinstance(value, dict):
        for key, item in items.items():
            yield from places(item, get_args(here)[-1], (*path, key))
        yield from ((*path, "New Name"), (*path, "new-name"))
    elif get_origin(here) is list and isinstance(value, list):
        for number, item in enumerate(cast("list[Any]", value)):
            yield from places(item, get_args(here)[0], (*path, number))


def refusals(platform: str, own: dict[str, Any], path: Path, wrong: Any) -> list[str]:
    """The sentences on a stack file that has one wrong value."""
    said: Any = copy.deepcopy(own)
    here: Any = said
    for part in path[:-1]:
        here = here[part]
    if wrong is LEFT_OUT:
        if isinstance(here, list) or path[-1] in here:
            del cast("dict[Any, Any]", here)[path[-1]]
    else:
        here[path[-1]] = copy.deepcopy(wrong)
    try:
        validate({f"{NAMESPACE}:{key}": value for key, value in said.items()}, "x")
    except BadInput as error:
        return [line.removeprefix(f"x: {NAMESPACE}:") for line in str(error).splitlines()]
    return []


INSTEAD = re.compile(
    r", allowed:? .*\w"  # what is allowed in its place
    r"|; (add|allowed:|did you mean|leave|let|say|name|make|give|take|put|the nearest|there is|write|one of) ?.*"
    r"|, so (add|leave) |: .*[;,] (use|make|leave|say|give|name|or) .*"
    r"|^(config\.)?\S+: (takes|unknown key; |is missing; add ).+"
)
"""What a sentence must have: what to do instead."""
THIN = re.compile(
    r"Input should|\bNone\b|^\S+: found [^,;]*$|allowed: *$|allowed: (a mapping|a list)$|at least \d+ of them"
)
FOREIGN = {
    "aws": re.compile(r"\bVertex|\bGoogle|\bAzure|\bgcloud\b|\bEntra\b"),
    "gcp": re.compile(r"\bSageMaker|\bAWS\b|\bAzure|\bEntra\b|\bECR\b"),
    "azure": re.compile(r"\bSageMaker|\bAWS\b|\bVertex|\bGoogle|\bECR\b"),
}
"""What the services of the other platforms are called."""


@pytest.mark.sweep
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_refusal_says_what_and_where_and_what_instead_in_the_platforms_own_words(platform: str) -> None:
    own = full(platform)
    assert not refusals(platform, own, ("team",), own["team"]), "the file itself is right"
    cases = [(path, wrong) for path in dict.fromkeys(places(own, stack_model(), ())) for wrong in (*WRONG, LEFT_OUT)]
    poor = set[str]()
    for path, wrong in sharing.share(cases, 20, repr):
        for sentence in refusals(platform, own, path, wrong):
            said = re.sub(r"'[^']*'(?=,? (allowed|which|is|in)\b)", "'…'", sentence)
            if not INSTEAD.search(sentence) or THIN.search(sentence) or len(sentence) > 600:
                poor.add(f"thin: {sentence}")
            if not is_of(platform, said) or FOREIGN[platform].search(said):
                poor.add(f"foreign: {sentence}")
    assert not poor, "\n".join(sorted(poor)[:40])


def only(platform: str, path: Path, wrong: Any) -> str:
    (sentence,) = refusals(platform, full(platform), path, wrong)
    return sentence


STEP: Path = ("pipelines", "fraud-scores", "steps", "score", "batch")


@pytest.mark.parametrize("platform", ["gcp", "azure"])
@pytest.mark.parametrize("wrong", [5, "nope", "Nope", ["fraud-rows"]])
def test_a_wrong_batch_job_of_a_step_is_one_mistake_and_no_job_lacks_a_schedule_too(platform: str, wrong: Any) -> None:
    assert only(platform, STEP, wrong).startswith("pipelines.fraud-scores.steps.score.batch: ")


@pytest.mark.parametrize("platform", ["gcp", "azure"])
def test_pipelines_that_are_none_are_one_mistake(platform: str) -> None:
    assert only(platform, ("pipelines",), 5) == (
        "pipelines: found 5, allowed: a mapping of names, each with steps and output_uri"
    )


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_step_that_reads_none_is_one_mistake(platform: str) -> None:
    path = ("pipelines", "fraud-path", "steps", "register", "inputs", "gate")
    assert only(platform, path, "nope").startswith(
        "pipelines.fraud-path.steps.register.inputs.gate: found 'nope', which"
    )


@pytest.mark.parametrize(
    ("platform", "path", "wrong", "sentence"),
    [
        (
            "aws",
            ("network", "zones"),
            ["us-east-1a"],
            "found a list of 1, allowed: 2 or more, such as [us-east-1a, us-east-1b]",
        ),
        (
            "gcp",
            ("models", "fraud-scorer", "command"),
            [],
            "found a list with nothing in it, allowed: 1 or more, such as [python3, -m, server]",
        ),
        (
            "azure",
            ("training", "fraud-training", "data"),
            "x",
            "found 'x', allowed: a mapping such as {train: 'azureml://datastores/artifacts/paths/train/'}",
        ),
        (
            "gcp",
            ("training", "fraud-training", "data"),
            "x",
            "found 'x', allowed: a mapping such as {train: 'gs://payments-risk-pilot-data/train/'}",
        ),
        (
            "aws",
            ("models", "x"),
            {"registered": "x", "digest": f"sha256:{'0' * 64}", "version": 10**9},
            "found 1000000000, allowed: less than 100000",
        ),
        (
            "aws",
            ("account",),
            111122223333,
            "found 111122223333, allowed: text; put it in quotes",
        ),
        ("aws", ("account",), 5, "found 5, allowed: an AWS account id of twelve digits, in quotes"),
        ("aws", ("budget", "monthly_usd"), "x", "found 'x', allowed: a number from 1 to 1000000, such as 2500"),
        ("azure", ("budget",), [], "found a list, allowed: a mapping such as {monthly_usd: 2500}"),
        (
            "gcp",
            ("pipelines", "fraud-path", "steps", "gate", "inputs", "metrics"),
            "A b",
            "found 'A b', allowed: a folder such as gs://bucket/folder/, or the name of a step before",
        ),
        (
            "gcp",
            ("training", "fraud-training", "image"),
            "nope",
            "found 'nope', allowed: a container image with a pinned "
            "tag or digest such as us-central1-docker.pkg.dev/project/repository/scorer:1.4",
        ),
        (
            "aws",
            ("training", "fraud-training", "schedule"),
            "0 4 * * *",
            "takes a schedule, or runs_per_month where people start the runs; one of the two",
        ),
    ],
)
def test_sentences(platform: str, path: Path, wrong: Any, sentence: str) -> None:
    assert only(platform, path, wrong).partition(": ")[2] == sentence
