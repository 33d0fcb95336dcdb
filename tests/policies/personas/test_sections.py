"""A stack may leave any section out: with each group of them, the table of personas and every other rule holds.

The full stacks have all sections, and the pilots have a batch job. A rule that judges one section by what another
brings passes them and fails whoever has the one alone.
"""

from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS, Platform
from operations.evaluation import evaluate
from policies import pack
from policies.personas import table
from policies.personas.simulation import is_about
from stacks.config import STACKS
from tests.previewing import preview

SECTIONS = ("endpoints", "batch_jobs", "training", "pipelines", "experiments")
GROUPS = [
    group
    for size in range(len(SECTIONS))
    for group in combinations(SECTIONS, size)
    if "experiments" not in group or "training" in group  # what is recorded is a training job
]


def _with(platform: Platform, sections: tuple[str, ...], folder: Path) -> Graph:
    """The full stack with these sections alone, of a pipeline the steps that have all that they name."""
    tree: dict[str, Any] = yaml.safe_load((STACKS / f"Pulumi.{platform}-full.yaml").read_text(encoding="utf-8"))
    config = {key.removeprefix("mlplatform:"): said for key, said in tree["config"].items()}
    for section in {*SECTIONS} - {*sections}:
        config.pop(section, None)
    if "endpoints" not in sections:
        config.pop("callers")
        if "batch_jobs" not in sections:
            config.pop("models")
    lacking = {key for key, section in (("training", "training"), ("batch", "batch_jobs")) if section not in sections}
    for pipeline in config.get("pipelines", {}).values():
        steps: dict[str, Any] = {}
        for called, step in pipeline["steps"].items():
            named = {said for said in step["inputs"].values() if "://" not in said}
            if not lacking & step.keys() and named <= steps.keys():
                steps[called] = step
        pipeline["steps"] = steps
    done = {step.get("batch") for one in config.get("pipelines", {}).values() for step in one["steps"].values()}
    jobs = config.get("batch_jobs", {})
    for name in [name for name, job in jobs.items() if "schedule" not in job and name not in done]:
        del jobs[name]
    file = folder / f"Pulumi.{platform}-full.yaml"
    file.write_text(
        yaml.safe_dump({"config": {f"mlplatform:{key}": said for key, said in config.items()}}, sort_keys=False),
        encoding="utf-8",
    )
    return preview(file)


@pytest.mark.sweep(10)
@pytest.mark.parametrize("sections", GROUPS, ids="+".join)
@pytest.mark.parametrize("platform", PLATFORMS)
def test_no_rule_fails_a_stack_for_the_sections_that_it_leaves_out(
    platform: Platform, sections: tuple[str, ...], tmp_path: Path
) -> None:
    graph = _with(platform, sections, tmp_path)
    findings = [one.message for one in evaluate(graph, pack.RULES[platform]).findings if one.mandatory]
    assert findings == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_stack_that_trains_and_scores_nothing_has_no_task_of_scoring(platform: Platform, tmp_path: Path) -> None:
    (task,) = (one for one in table(platform).tasks if one.name == "score-in-batch")
    assert is_about(_with(platform, ("training", "batch_jobs"), tmp_path), task)
    assert not is_about(_with(platform, ("training",), tmp_path), task)
