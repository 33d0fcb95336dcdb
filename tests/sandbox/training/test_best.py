"""The pipeline `fraud-best` of the full stacks in a sandbox: a search beside a training job, and the better goes on."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from catalogue.graph import Graph
from catalogue.platforms import PLATFORMS
from sandbox import byhand
from sandbox.training import STARTING, is_pipeline
from stacks.config import STACKS
from tests.previewing import preview
from tests.sandbox.training.test_searching_steps import LOSS, model_at, standing

PIPELINE = "fraud-best"
TRIAL = re.compile(r"search: (\S+): (?:wrote|Failed|JOB)")


def _said(platform: str) -> Any:
    return yaml.safe_load(_file(platform).read_text(encoding="utf-8"))


def _file(platform: str) -> Path:
    return STACKS / f"Pulumi.{platform}-full.yaml"


def _graph(platform: str, folder: Path) -> Graph:
    return preview(_file(platform))


AS_IT_SHIPS = SimpleNamespace(graph=_graph, said=_said, PIPELINE=PIPELINE)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_search_runs_beside_a_training_job_and_the_better_model_goes_on(platform: str, tmp_path: Path) -> None:
    state = standing(platform, tmp_path, stack=AS_IT_SHIPS)
    (record,) = (one for one in state.resources.all() if is_pipeline(one) and f"-{PIPELINE}" in one.name)
    began, said = state.clock.now(), byhand.run(state, record.name).splitlines()
    total = _said(platform)["config"]["mlplatform:training"]["fraud-search"]["tuning"]["total"]
    lasted = state.clock.now() - began
    lasted = state.clock.now() - began
    assert 0 <= lasted - (1 + total + 1) * STARTING < STARTING, "the longest way, of which `train` is no part"

    trials = {found[1]: float(LOSS.findall(line)[-1]) for line in said if (found := TRIAL.match(line))}
    assert len(trials) == len(set(trials.values())) == total
    (best,) = (line for line in said if f"the best of {total} trials is" in line)
    name = min(trials, key=lambda one: trials[one])
    metric = f"validation{'_' if platform == 'azure' else ':'}log_loss"
    assert f"is {name}: {metric}=" in best and "with regularization=" in best
    assert name != next(iter(trials)), "the first one is the best by chance, and this test shows nothing"

    (trained,) = (float(LOSS.findall(line)[-1]) for line in said if line.startswith("train: "))
    kept = re.fullmatch(r"compare: .* the best of 2 models is sha256:\w+: log_loss=([0-9.]+)", said[-1])
    assert kept and float(kept[1]) == trials[name] < trained
    number = name.rpartition("/")[2]
    folder = {"aws": f"/{name}/output/", "gcp": f"/search/{number}/model/", "azure": f"/search/{name}/"}[platform]
    (place,) = {one.partition(folder)[0] + folder for one in state.account.artifacts() if folder in one}
    (compared,) = (one for one in state.account.artifacts() if "/compare/" in f"{one}/")
    assert model_at(state, compared) == model_at(state, place), "what a run leaves is the best trial's model"
