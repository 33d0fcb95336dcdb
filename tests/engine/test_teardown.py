"""A pilot is left on the engine: killed on the way and finished, by default and with everything, and comes back."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalogue.platforms import PLATFORMS
from operations.drill.rehearsal import known, standing
from operations.judge import cost_of
from operations.teardown import KEPT, comes_back
from operations.teardown.doors import Sandbox
from operations.teardown.running import Choice, Teardown
from sandbox.engine import Engine
from sandbox.state import State
from tests.engine.conftest import Fresh

UP = ("up", "--yes", "--skip-preview", "--stack")
PUT = {
    "aws": "s3://aws-pilot-artifacts-111122223333/models/mlplatform-example/1/model.tar.gz",
    "gcp": "gs://gcp-pilot-artifacts-payments-risk-pilot/models/mlplatform-example/1/",
    "azure": "azureml://datastores/artifacts/paths/models/mlplatform-example/1/",
}
TAKEN = "the log bucket is in state DELETE_REQUESTED for seven days"


class Killed(BaseException):
    """The machine of whoever tears down is gone."""


@dataclass(frozen=True)
class Cut:
    """The sandbox's engine, which dies in the command `at` after so many calls to the cloud; with 0, before it."""

    engine: Engine
    at: str
    after: int

    def run(self, arguments: Sequence[str], log: Path | None = None, seconds: float | None = None) -> int:
        if arguments[0] != self.at:
            return self.engine.run(arguments, log, seconds)
        if self.after:
            self.engine.kill([word for word in arguments if word != "--non-interactive"], self.after)
        raise Killed


@dataclass(frozen=True)
class CutSandbox(Sandbox):
    at: str
    after: int

    @property
    def pulumi(self) -> Cut:
        return Cut(self.engine, self.at, self.after)


def teardown(engine: Engine, stack: str, folder: Path, keep: Sequence[str], door: Sandbox | None = None) -> Teardown:
    choice = Choice(frozenset(keep), frozenset({"homes", "contents"}))
    return Teardown(stack, stack.partition("-")[0], choice, door or Sandbox(engine), folder, print)


@pytest.mark.usefixtures("long")
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_pilot_is_left_and_comes_back_and_is_left_with_everything(
    fresh: Fresh, platform: str, tmp_path: Path
) -> None:
    stack = f"{platform}-pilot"
    engine = fresh(stack)
    state = State(engine.home.database)
    engine.ask(*UP, stack)
    state.account.upload(PUT[platform])
    state.account.start_app("ana")

    said = teardown(engine, stack, tmp_path, KEPT).planned()
    for at, after in (("state", 0), ("destroy", 7), ("destroy", 40)):
        with pytest.raises(Killed):
            teardown(engine, stack, tmp_path, KEPT, CutSandbox(engine, at, after)).run()
    assert teardown(engine, stack, tmp_path, KEPT).run() == []

    now = teardown(engine, stack, tmp_path, KEPT).planned()
    assert {*now.stays} == {*said.stays} and not now.going
    assert cost_of(now.kept) == cost_of(said.kept), "what stays costs what was said"
    assert sorted(standing(state)) == sorted(known(engine.resources(stack)))
    kept = {(one.type, one.id) for one in state.resources.all()}

    engine.ask(*UP, stack)
    assert kept <= {(one.type, one.id) for one in state.resources.all()}, "what stayed is taken up as it is"
    assert PUT[platform] in state.account.artifacts() or platform == "azure"
    again = comes_back(teardown(engine, stack, tmp_path, ()).planned().going)
    with pytest.raises(Killed):
        teardown(engine, stack, tmp_path, (), CutSandbox(engine, "destroy", 60)).run()
    assert teardown(engine, stack, tmp_path, ()).run() == []
    assert state.resources.all() == [] and engine.resources(stack) == []

    assert again is not None
    if again[0]:  # a name is taken until then, and the cloud says so
        log = tmp_path / "up.log"
        assert engine.run([*UP, stack, "--non-interactive"], log) != 0 and TAKEN in log.read_text(encoding="utf-8")
        state.clock.move(again[0] * 86_400)
    engine.ask(*UP, stack)
    assert sorted(standing(state)) == sorted(known(engine.resources(stack))), "it comes up again under its name"
