"""A run in a sandbox that searches hyperparameters: it says what it would make, and makes no trial."""

from pathlib import Path

import pytest

from sandbox import batch, byhand
from sandbox.state import State
from sandbox.state.records import New
from tests.stacks.sections.test_tuning import NAME, of, tuned


@pytest.mark.parametrize("platform", ["aws", "gcp", "azure"])
def test_a_run_that_searches_is_assumed(platform: str, tmp_path: Path) -> None:
    objective = {"metric": "log_loss", "goal": "minimize"}
    search = of(platform) if platform == "aws" else of(platform, strategy="random", objective=objective)
    graph, state = tuned(platform, tmp_path, tuning=search), State(tmp_path / "state.sqlite")
    place = graph.placement
    assert place is not None
    for one in (one for one in graph.cloud if f"-{NAME}" in one.name):
        id_ = str(one.outputs.get("id", one.name))
        new = New(one.type, id_, platform, place.account, place.region, one.name, one.inputs, one.outputs)
        state.resources.create(new)
    ((record, (uri,)),) = batch.jobs(state)
    state.account.upload(uri, "sha256:" + "0" * 64)
    said = byhand.run(state, record.name)
    assert "a run makes 7 trials, 2 at once, and the sandbox makes none; the run ends as `assumed`" in said
