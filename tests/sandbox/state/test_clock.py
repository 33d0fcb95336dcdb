"""The sandbox's clock: calls and waits move it, nothing else does, and it never goes back."""

from pathlib import Path

import pytest

from sandbox.state import State


def test_each_call_moves_it_a_second_and_nothing_else_does(tmp_path: Path) -> None:
    state = State(tmp_path / "state.sqlite")
    start = state.clock.now()
    assert state.clock.now() == start == state.clock.began()
    state.journal.note("invoke", "token", "")
    state.journal.note("invoke", "token", "")
    assert [event.at for event in state.journal.events()] == [start + 1, start + 2]
    assert State(tmp_path / "state.sqlite").clock.move(600) == start + 602, "another process sees it"
    assert state.clock.began() == start


def test_it_never_goes_back(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot go back"):
        State(tmp_path / "state.sqlite").clock.move(-1)
