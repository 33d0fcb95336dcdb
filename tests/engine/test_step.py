"""What `mlplatform step` foresees is what the engine foresees, on each platform, for each of several edits.

The engine's own preview over the same state is the measure: how each resource changes, and why it is replaced.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.platforms import PLATFORMS
from operations.preview import Program, Programs
from operations.standing import reading, steps
from operations.verdict import Step
from sandbox.engine import EngineFailed
from tests.engine.conftest import Fresh
from tests.operations.standing.test_steps import TODAY, edited

EDITS: Mapping[str, Mapping[str, Any]] = {
    "nothing": {},
    "a tag of everything": {"cost_center": "cc-1"},
    "a person less": {"workspace.users": ["ana"], "workspace.principals.ben": None},
    "another range": {"network.cidr": "10.99.0.0/20"},
    "another machine": {"endpoints.fraud-scorer.family": "cpu-medium"},
    "another model": {"models.fraud-scorer.artifact_uri": None},
    "an endpoint less": {"endpoints.fraud-scorer": None},
}


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_step_is_what_the_engine_foresees(platform: str, fresh: Fresh, tmp_path: Path) -> None:
    stack = f"{platform}-pilot"
    engine = fresh(stack)
    engine.ask("up", "--yes", "--skip-preview", "--stack", stack)
    state, foreseen = tmp_path / "state.json", tmp_path / "preview.json"
    state.write_text(engine.ask("stack", "export", "--stack", stack), encoding="utf-8")
    standing = reading.read(state, stack, platform)
    with Programs() as programs:
        for edit, values in EDITS.items():
            file = edited(platform, tmp_path, _for(platform, tmp_path, values))
            engine.home.take(file)
            program = Program.of(file)
            region, planned = program.config["mlplatform:region"], programs.run(program)[0]
            ours = steps.step(program, standing, programs, planned, region, TODAY)
            try:
                foreseen.write_text(engine.ask("preview", "--json", "--stack", stack), encoding="utf-8")
            except EngineFailed:  # the engine refuses to foresee that something protected goes
                assert any(change.protected and change.how in ("replace", "delete") for change in ours.changes), edit
                continue
            theirs = steps.step(program, reading.read(foreseen, stack, platform), programs, planned, region, TODAY)
            assert _hows(ours) == _hows(theirs), edit
            reasons = _reasons(theirs)  # the engine says none where a replaced one takes the resource along
            assert {urn: why for urn, why in _reasons(ours).items() if urn in reasons} == reasons, edit


def _for(platform: str, folder: Path, values: Mapping[str, Any]) -> dict[str, Any]:
    """The edit in the words of a platform: people have no principals on AWS, and an artifact stays in its store."""
    config = yaml.safe_load(edited(platform, folder, {}).read_text(encoding="utf-8"))["config"]
    uri: str = config["mlplatform:models"]["fraud-scorer"]["artifact_uri"]
    own = {path: value for path, value in values.items() if platform != "aws" or "principals" not in path}
    return {path: uri.replace("/1/", "/2/") if path.endswith("uri") else value for path, value in own.items()}


def _hows(step: Step) -> dict[str, str]:
    return {change.urn: change.how for change in step.changes}


def _reasons(step: Step) -> dict[str, list[str]]:
    return {change.urn: change.forced_by for change in step.changes if change.how == "replace" and change.forced_by}
