"""Every section's stack on the real engine: `up` serves a registered version only once its approver approved it.

The training job of the stack then runs for real, with the example's own container program.
"""

from pathlib import Path

import pytest

from catalogue.kinds.aws.sagemaker import CONFIGURATION
from catalogue.kinds.azure.machinelearningservices import ONLINE_DEPLOYMENT
from catalogue.kinds.gcp import DEPLOYMENT
from catalogue.platforms import PLATFORMS
from operations.doctor import steps_of
from operations.preview import preview
from operations.sandboxes import walk
from operations.verdict import ManualStep
from sandbox import batch, byhand, training
from sandbox.engine import Engine
from sandbox.state import State
from stacks.config import STACKS
from tests.engine.conftest import Fresh

SERVING = {CONFIGURATION, DEPLOYMENT, ONLINE_DEPLOYMENT}


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_up_is_refused_until_the_approver_approves_and_what_stands_can_train(
    fresh_and_new: Fresh, platform: str, tmp_path: Path
) -> None:
    stack = f"{platform}-full"
    engine = fresh_and_new(stack)
    state = State(engine.home.database)
    graph = preview(STACKS / f"Pulumi.{stack}.yaml")
    waiting: list[ManualStep] = []
    for step in steps_of(graph):
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
    jobs = [record for record, _ in batch.jobs(state) if training.trains(record)]
    assert jobs
    for job in jobs:
        assert "trained" in byhand.run(state, job.name)


def up(engine: Engine, words: list[str], log: Path) -> str:
    """Run a step's `up`. Returns what it printed where it failed, and nothing where it did not."""
    code = engine.run([*words, "--yes", "--skip-preview"], log)
    return log.read_text(encoding="utf-8") if code else ""


def serving(engine: Engine, stack: str) -> list[str]:
    """What stands in Pulumi's own state and serves the registered version."""
    stands = [one for one in engine.resources(stack) if one["type"] in SERVING]
    return [one["urn"] for one in stands if "fraud-scorer" in one["urn"].rpartition("::")[2]]
