"""What `mlplatform step` foresees is what the engine foresees, on each platform, for each of several edits.

The engine's own preview over the same state is the measure: how each resource changes, and why it is replaced.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from catalogue.errors import BadInput
from catalogue.platforms import PLATFORMS, Platform
from operations.preview import Program, Programs
from operations.standing import reading, steps
from operations.standing.changing import organisation, program
from operations.standing.edits import Config, edits, standing
from operations.verdict import Step
from sandbox.engine import Engine, EngineFailed
from stacks.config import STACKS
from stacks.model import NAMESPACE
from tests.engine.conftest import Fresh
from tests.operations.standing.test_steps import TODAY, edited

PREVIEW = ("preview", "--json", "--show-sames", "--show-replacement-steps", "--stack")
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
    stands = reading.read(state, stack, platform)
    with Programs() as programs:
        for edit, values in EDITS.items():
            file = edited(platform, tmp_path, _for(platform, tmp_path, values))
            engine.home.take(file)
            asked = Program.of(file)
            region, planned = asked.config["mlplatform:region"], programs.run(asked)[0]
            ours = steps.step(asked, stands, programs, planned, region, TODAY)
            try:
                foreseen.write_text(engine.ask(*PREVIEW, stack), encoding="utf-8")
            except EngineFailed:  # the engine refuses to foresee that something protected goes
                assert any(change.protected and change.how in ("replace", "delete") for change in ours.changes), edit
                continue
            theirs = steps.step(asked, reading.read(foreseen, stack, platform), programs, planned, region, TODAY)
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


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_edit_of_the_table_is_what_the_engine_foresees(
    platform: Platform, fresh: Fresh, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each row of `docs/changing.md`, resource by resource, with the reason where the engine says one.

    The engine previews over a state in which nothing is protected: it plans nothing at all where a protected one goes.
    """
    stack, stands_as = f"{platform}-pilot", standing(platform)
    engine, differ = fresh(stack), dict[str, dict[str, Any]]()
    _take(engine, platform, stands_as, tmp_path)
    engine.ask("up", "--yes", "--skip-preview", "--stack", stack)
    stands = _read(tmp_path, engine.ask("stack", "export", "--stack", stack), platform)
    engine.ask("state", "unprotect", "--all", "--yes", "--stack", stack)
    every = edits(platform)
    with organisation(), Programs() as programs:
        for number, edit in enumerate(every, 1):
            with capsys.disabled():
                sys.stdout.write(f"{platform} {number} of {len(every)}: {edit.key}, {edit.says}\n")
            _take(engine, platform, edit.of(stands_as), tmp_path)
            ours = _ours(program(platform, edit.of(stands_as)), stands, programs)
            theirs = _theirs(engine, platform, tmp_path)
            if found := _differ(ours, theirs):
                differ[f"{edit.key}, {edit.says}"] = found
                with capsys.disabled():
                    sys.stdout.write(f"{json.dumps(found, indent=1)}\n")
    assert differ == {}


Plan = Mapping[str, tuple[str, frozenset[str]]]
"""How each resource changes, and what forces a replacement, by URN. None stands for a refusal."""


def _take(engine: Engine, platform: Platform, config: Config, folder: Path) -> None:
    """Put the pilot's file with this config into the sandbox."""
    file = f"Pulumi.{platform}-pilot.yaml"
    document = yaml.safe_load((STACKS / file).read_text(encoding="utf-8"))
    document["config"] = {f"{NAMESPACE}:{key}": value for key, value in config.items()}
    (folder / file).write_text(yaml.safe_dump(document), encoding="utf-8")
    engine.home.take(folder / file)


def _read(folder: Path, text: str, platform: Platform) -> reading.Standing:
    return reading.parsed(text, "the engine", f"{platform}-pilot", platform)


def _ours(asked: Program, stands: reading.Standing, programs: Programs) -> Plan | None:
    try:
        foreseen, changed = programs.step(asked, stands.graph)
    except BadInput:
        return None
    hows = steps.hows_of(stands, foreseen, changed)
    replaced: Mapping[str, frozenset[str]] = {urn: frozenset(told["replaced"]) for urn, told in changed.items()}
    return {urn: (how, replaced.get(urn, frozenset())) for urn, how in hows.items()}


def _theirs(engine: Engine, platform: Platform, folder: Path) -> Plan | None:
    try:
        told = engine.ask(*PREVIEW, f"{platform}-pilot")
    except EngineFailed:
        return None
    foreseen = _read(folder, told, platform)
    assert foreseen.planned is not None
    cloud = {resource.urn for graph in (foreseen.graph, foreseen.planned) for resource in graph.cloud}
    return {urn: (one.how, frozenset(one.replaced)) for urn, one in foreseen.foreseen.items() if urn in cloud}


def _differ(ours: Plan | None, theirs: Plan | None) -> dict[str, Any]:
    """What one says otherwise than the other, by resource."""
    if ours is None or theirs is None:
        return {} if ours == theirs else {"refused": f"here {ours is None}, by the engine {theirs is None}"}
    found: dict[str, Any] = {}
    for urn in sorted({*ours, *theirs}):
        (how, why), (foreseen, because) = (one.get(urn, ("same", frozenset[str]())) for one in (ours, theirs))
        # The engine says no reason where one that is replaced takes the resource along.
        if how != foreseen or (because and how == "replace" and why != because):
            name = urn.partition("$")[2] or urn
            found[name] = {"here": [how, *sorted(why)], "by the engine": [foreseen, *sorted(because)]}
    return found
