"""The faults of a sandbox: where they strike, how often, and which are refused."""

import pytest

from sandbox.state import State


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "state.sqlite")


def test_a_fault_strikes_where_it_is_armed_and_so_often(state):
    state.faults.arm("throttle", "aws:sagemaker/*", times=2)
    assert state.faults.take(["throttle"], "aws:ec2/vpc:Vpc", "net") is None
    assert state.faults.take(["slow"], "aws:sagemaker/model:Model", "m") is None
    assert [state.faults.take(["throttle"], "aws:sagemaker/model:Model", "m") is None for _ in range(3)] == [
        False,
        False,
        True,
    ]
    assert state.faults.armed() == []


def test_a_capacity_fault_needs_its_machine_and_zone(state):
    state.faults.arm("no-capacity", "*", argument="ml.g6.xlarge,us-east-1a")
    assert state.faults.take(["no-capacity"], "t", "n", ["ml.g6.xlarge"]) is None
    assert state.faults.take(["no-capacity"], "t", "n", ["ml.g6.xlarge", "us-east-1a", "other"]) is not None


def test_faults_are_disarmed_and_refused(state):
    key = state.faults.arm("crash", "a")
    state.faults.arm("slow", "b")
    state.faults.disarm(key)
    assert [fault.kind for fault in state.faults.armed()] == ["slow"]
    state.faults.disarm()
    assert state.faults.armed() == []
    with pytest.raises(ValueError, match="explode is not a fault"):
        state.faults.arm("explode", "*")
    with pytest.raises(ValueError, match="at least once"):
        state.faults.arm("slow", "*", times=0)


def test_a_fault_on_reads_strikes_no_write_and_another_no_such_read(state):
    state.faults.arm("throttle", "*", on_read=True)
    assert state.faults.take(["throttle"], "t", "n") is None
    assert state.faults.take(["throttle"], "t", "n", on_read=True) is not None
    state.faults.arm("throttle", "*")
    assert state.faults.take(["throttle"], "t", "n", on_read=True) is None
    with pytest.raises(ValueError, match="crash strikes no read"):
        state.faults.arm("crash", "*", on_read=True)
    with pytest.raises(ValueError, match="gone strikes reads alone"):
        state.faults.arm("gone", "*")


@pytest.mark.parametrize(
    ("at", "strikes"),
    [("net", True), ("aws:ec2/vpc:Vpc", True), ("aws:ec2/vpc:Vpc::n*", True), ("ne", False), ("aws:ec2", False)],
)
def test_a_fault_is_at_a_name_a_type_or_both(state, at, strikes):
    state.faults.arm("slow", at)
    assert (state.faults.take(["slow"], "aws:ec2/vpc:Vpc", "net") is not None) is strikes


def test_the_fault_that_was_armed_first_strikes_first(state):
    state.faults.arm("slow", "*", argument="1")
    state.faults.arm("slow", "*", argument="2")
    assert [state.faults.take(["slow"], "t", "n").argument for _ in range(2)] == ["1", "2"]
