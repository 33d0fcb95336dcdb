"""The metrics of a sandbox: what is played in stays until it is played anew or stopped."""

from sandbox.state import State
from sandbox.state.metrics import Played


def test_what_is_played_in_is_there_for_another_reader_until_it_is_stopped(tmp_path):
    metrics = State(tmp_path / "state.sqlite").metrics
    other = State(tmp_path / "state.sqlite").metrics
    metrics.play("a", Played(p95_ms=80, error_percent=0.5, requests=10))
    metrics.play("b", Played(requests=0))
    metrics.play("a", Played(error_percent=2))
    assert other.played() == {"a": Played(None, 2, 1000), "b": Played(None, 0, 0)}
    other.play("a", None)
    assert metrics.played() == {"b": Played(requests=0)}
