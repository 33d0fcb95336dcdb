"""The journal of a sandbox: the calls in order, and what changed since one of them."""

import pytest

from sandbox.state import State

VPC, TOPIC = "aws:ec2/vpc:Vpc", "aws:sns/topic:Topic"


@pytest.fixture
def journal(tmp_path):
    return State(tmp_path / "state.sqlite").journal


def test_events_are_told_in_order(journal):
    assert (journal.events(), journal.calls()) == ([], 0)
    journal.note("create", VPC, "net", "vpc-1", "one")
    journal.note("read", VPC, "net", "vpc-1", "two", "not found")
    assert [(event.operation, event.run, event.said) for event in journal.events()] == [
        ("create", "one", ""),
        ("read", "two", "not found"),
    ]
    assert journal.calls() == 2


def test_what_changed_since_a_call_is_told_once_and_by_type(journal):
    journal.note("create", VPC, "net", "vpc-1")
    since = journal.calls()
    for type_, id_ in ((TOPIC, "t"), (VPC, "vpc-2"), (VPC, "vpc-2")):
        journal.note("update", type_, "n", id_)
    assert journal.changed_since(since, [VPC]) == {(VPC, "vpc-2")}
    assert journal.changed_since(since, [VPC, TOPIC]) == {(VPC, "vpc-2"), (TOPIC, "t")}
    assert journal.changed_since(journal.calls(), [VPC, TOPIC]) == set()
