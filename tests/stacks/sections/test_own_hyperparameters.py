"""A step that trains may say hyperparameters of its own: one training job, a model for each country."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from operations.evaluation import evaluate
from policies import pack
from stacks.config import STACKS, read_stack_file, validate
from stacks.sections import pipelines
from tests.mutate import changed
from tests.previewing import preview

COUNTRIES = ("de", "fr")


def said(platform: str) -> dict[str, Any]:
    """The full stack, whose job has a rate and a country of its own, and a pipeline that trains it for two others."""
    found: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))
    config = found["config"]
    job = config["mlplatform:training"]["fraud-training"]
    del job["spot"]
    job["hyperparameters"] = {"regularization": "0.1", "country": "all"}
    path = config["mlplatform:pipelines"]["fraud-path"]
    (channel,) = path["steps"]["train"]["inputs"]
    path["steps"] = {"prepare": path["steps"]["prepare"]} | {
        f"train-{country}": {
            "training": "fraud-training",
            "inputs": {channel: "prepare"},
            "hyperparameters": {"country": country},
            "result": True,
        }
        for country in COUNTRIES
    }
    return found


@pytest.fixture(scope="module")
def graphs(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Graph]:
    def graph(platform: str) -> Graph:
        file = tmp_path_factory.mktemp(platform) / f"Pulumi.{platform}-full.yaml"
        file.write_text(yaml.safe_dump(json.loads(json.dumps(said(platform)))), encoding="utf-8")
        return preview(file)

    return graph


def texts(graph: Graph) -> dict[str, list[str]]:
    """By resource, each text that names a country as an argument or a hyperparameter, in the order of the document."""
    form = re.compile(r'--country=(\w+)|\\?"country\\?": ?\\?"(\w+)')
    found = dict[str, list[str]]()
    for one in graph.resources:
        if "fraud-best" not in one.name and ("fraud-path" in one.name or "train-" in one.name):
            found[one.urn] = [a or b for a, b in form.findall(json.dumps(dict(one.inputs)))]
    return {urn: each for urn, each in found.items() if each}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_each_step_is_told_its_own_beside_those_of_the_job(
    graphs: Callable[[str], Graph], platform: str, tmp_path: Path
) -> None:
    graph = graphs(platform)
    told = [one for each in texts(graph).values() for one in each]
    assert sorted(told) == sorted(COUNTRIES), "each country once, and never the job's own"
    findings = evaluate(graph, pack.RULES[platform]).findings
    # The shipped limits declare what one training at a time needs.
    assert {one.rule for one in findings if one.mandatory} <= {"quota-declared"}
    file = tmp_path / f"Pulumi.{platform}-full.yaml"
    file.write_text(yaml.safe_dump(json.loads(json.dumps(said(platform)))), encoding="utf-8")
    config = read_stack_file(file)
    for country in COUNTRIES:
        step = pipelines.of(config)["fraud-path"].steps[f"train-{country}"]
        assert pipelines.hyperparameters_of(config, step) == {"regularization": "0.1", "country": country}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("was", "becomes"), [("de", "fr"), ("de", "all")], ids=["that of its sibling", "that of the job"]
)
def test_a_step_that_is_told_another_is_found_though_the_file_has_the_word_elsewhere(
    graphs: Callable[[str], Graph], platform: str, was: str, becomes: str
) -> None:
    graph = graphs(platform)
    (urn,) = (urn for urn, each in texts(graph).items() if was in each)
    (resource,) = (one for one in graph.resources if one.urn == urn)

    def other(inputs: dict[str, Any]) -> None:
        text = json.dumps(inputs)
        text = re.sub(rf'(--country=|\\?"country\\?": ?\\?"){was}', rf"\g<1>{becomes}", text)
        inputs.clear()
        inputs.update(json.loads(text))

    found = evaluate(changed(graph, resource, other), pack.RULES[platform]).findings
    assert "limits-stated" in {one.rule for one in found if one.mandatory}


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize(
    ("step", "own", "sentence"),
    [
        ("train-de", {"output": "x"}, "hyperparameters.output: is an argument of the program already"),
        ("train-de", {"train": "x"}, "hyperparameters.train: is an argument of the program already"),
        ("train-de", {"api_key": "x"}, "hyperparameters.api_key: looks like a secret"),
        ("train-de", {f"h{at}": "1" for at in range(99)}, "hyperparameters: makes 101 with those of the job"),
        ("prepare", {"country": "de"}, "hyperparameters: is of a step that trains, and this one does not"),
    ],
)
def test_what_a_step_may_not_say(platform: str, step: str, own: dict[str, str], sentence: str) -> None:
    config = said(platform)["config"]
    config["mlplatform:pipelines"]["fraud-path"]["steps"][step]["hyperparameters"] = own
    with pytest.raises(BadInput) as found:
        validate(config, "a.yaml")
    (line,) = str(found.value).splitlines()
    assert f"fraud-path.steps.{step}.{sentence}" in line


@pytest.mark.parametrize("platform", PLATFORMS)
def test_what_a_search_searches_no_step_says(platform: str) -> None:
    config = said(platform)["config"]
    config["mlplatform:pipelines"]["fraud-path"]["steps"]["train-de"] |= {
        "training": "fraud-search",
        "hyperparameters": {"regularization": "1"},
    }
    with pytest.raises(BadInput, match=r"hyperparameters\.regularization: is what the job searches"):
        validate(config, "a.yaml")
