"""Every section's stack on the real engine: `up` serves a registered version only once its approver approved it.

The training job of the stack then runs for real, with the example's own container program, and so does its pipeline:
from the raw table to a candidate, which is registered, refused until it is approved, served, and taken back.
"""

import json
from pathlib import Path

import pytest

from catalogue.kinds.aws.sagemaker import CONFIGURATION
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT
from catalogue.kinds.gcp import DEPLOYMENT
from catalogue.platforms import PLATFORMS
from catalogue.registered import APPROVED
from examples.pack import HERE, NAME
from operations.doctor import steps_of
from operations.preview import preview
from operations.promoting import registering
from operations.sandboxes import walk
from operations.sandboxes.registering import known_of
from operations.verdict import ManualStep
from sandbox import batch, byhand, promotion, training
from sandbox.engine import Engine
from sandbox.state import State
from stacks.config import STACKS, read_stack_file
from stacks.sections import models
from tests.engine.conftest import Fresh

SERVING = {CONFIGURATION, DEPLOYMENT, ONLINE_DEPLOYMENT}


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_up_is_refused_until_the_approver_approves_and_what_a_pipeline_makes_is_served(
    fresh_and_new: Fresh, platform: str, tmp_path: Path
) -> None:
    stack = f"{platform}-full"
    engine = fresh_and_new(stack)
    state = State(engine.home.database)
    graph = preview(STACKS / f"Pulumi.{stack}.yaml")
    waiting: list[ManualStep] = []
    steps = list(steps_of(graph))
    (calls,) = (step for step in steps if any(look.what == "call" for look in step.looks))
    for step in steps:
        if any(look.what == "approved" for look in step.looks):
            waiting.append(step)
            continue
        for words in walk.pulumi(step):
            if words[0] == "up" and waiting:
                refused = up(engine, words, tmp_path / "refused.log")
                assert "mlplatform-example: it is not approved" in refused
                assert not serving(engine, stack), "nothing that serves the version was made"
                walk.do(state, waiting.pop(), graph)
            if words[0] == "up":
                assert up(engine, words, tmp_path / "up.log") == ""
            else:
                engine.ask(*words)
        walk.do(state, step, graph)
    assert serving(engine, stack)
    jobs = [record for record, _ in batch.jobs(state)]
    (job,), (path,) = ([one for one in jobs if is_(one)] for is_ in (training.trains, training.is_pipeline))
    assert "trained" in byhand.run(state, job.name)
    said = byhand.run(state, path.name).splitlines()
    assert [line.partition(":")[0] for line in said] == ["prepare", "train", "evaluate", "gate", "register"]

    made = candidate(state, stack, tmp_path)
    for sentence in promotion.register(state, made):
        assert sentence
    before = serving(engine, stack)
    names(engine, stack, 2, made.digest)
    refused = up(engine, ["up", "--stack", stack], tmp_path / "second.log")
    assert "mlplatform-example: it is not approved" in refused and serving(engine, stack) == before
    byhand.decide(state, made.called, APPROVED, made.digest)
    assert up(engine, ["up", "--stack", stack], tmp_path / "served.log") == ""
    recorded = json.loads((HERE / "recorded" / platform / "prediction.json").read_bytes())
    assert json.loads(walk.called(state, calls) or "null") == recorded, "the pipeline's own model answers"

    (first,) = (one for one in models.of(read_stack_file(STACKS / f"Pulumi.{stack}.yaml")).values() if one.registered)
    names(engine, stack, 1, str(first.digest))
    assert up(engine, ["up", "--stack", stack], tmp_path / "back.log") == "", "the way back is the same two lines"
    assert json.loads(walk.called(state, calls) or "null") == recorded


def candidate(state: State, stack: str, folder: Path) -> promotion.Candidate:
    """What the run of the pipeline left, as the registry of the stack is to have it."""
    (address,) = (one for one in state.account.artifacts() if "/pipelines/" in one and "/register" in one)
    left = state.content.kept(state.account.digest(address))
    assert left is not None
    found = registering.candidate(f"{NAME}@2", STACKS / f"Pulumi.{stack}.yaml", address, left)
    (folder / "laid").mkdir()
    return known_of(found, folder / "laid")


def names(engine: Engine, stack: str, number: int, digest: str) -> None:
    """Let the stack file name another version of the registry, as `mlplatform promote` does."""
    for key, value in (("version", str(number)), ("digest", digest)):
        engine.ask("config", "set", "--stack", stack, "--path", f"mlplatform:models.fraud-scorer.{key}", value)


def up(engine: Engine, words: list[str], log: Path) -> str:
    """Run a step's `up`. Returns what it printed where it failed, and nothing where it did not."""
    code = engine.run([*words, "--yes", "--skip-preview"], log)
    return log.read_text(encoding="utf-8") if code else ""


def serving(engine: Engine, stack: str) -> list[str]:
    """What stands in Pulumi's own state and serves the registered version."""
    stands = [one for one in engine.resources(stack) if one["type"] in SERVING]
    return [one["urn"] for one in stands if "fraud-scorer" in one["urn"].rpartition("::")[2]]
