"""The long-running operations of a sandbox: each reader gets those that changed since it last looked."""

from sandbox.state import State


def test_a_reader_gets_what_changed_since_it_looked(tmp_path):
    operations = State(tmp_path / "state.sqlite").operations
    assert operations.since() == ({}, 0)
    operations.keep({"a": {"done": False}, "b": {"done": False}})
    found, seen = operations.since()
    assert found == {"a": {"done": False}, "b": {"done": False}}
    assert operations.since(seen) == ({}, seen)
    operations.keep({"a": {"done": True}})
    changed, newest = operations.since(seen)
    assert changed == {"a": {"done": True}} and newest > seen
    assert State(tmp_path / "state.sqlite").operations.since()[0] == {"a": {"done": True}, "b": {"done": False}}
