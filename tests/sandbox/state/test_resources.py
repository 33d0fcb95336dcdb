"""The resources of a sandbox: what is kept of them, what refuses a change, and what holds what."""

from dataclasses import replace

import pytest

from catalogue.marked import as_secret
from catalogue.marks import SECRET
from sandbox.state import State
from sandbox.state.records import Held, Missing, New, Reference, Stay, Taken

VPC = New(
    "aws:ec2/vpc:Vpc", "vpc-1", "aws", "111122223333", "us-east-1", "net", {"cidrBlock": "10.0.0.0/16"}, {}, "urn-v"
)
SUBNET = New(
    "aws:ec2/subnet:Subnet",
    "subnet-1",
    "aws",
    "111122223333",
    "us-east-1",
    "private",
    {"vpcId": "vpc-1"},
    {},
    "urn-s",
    links=[Reference("vpcId", "vpc-1", ("aws:ec2/vpc:Vpc",), holds=True)],
)


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "made" / "state.sqlite")


def test_what_is_created_is_there_for_another_reader(state, tmp_path):
    made = state.resources.create(VPC)
    other = State(tmp_path / "made" / "state.sqlite")
    assert other.resources.all() == [made]
    assert other.resources.get("aws:ec2/vpc:Vpc", "vpc-1") == made
    assert other.resources.get("aws:ec2/vpc:Vpc", "") is None, "what names nothing names not the first of its type"
    assert [event.operation for event in other.journal.events()] == ["create"]


def test_a_secret_is_not_in_the_file(state, tmp_path):
    secret = as_secret("hunter2hunter2")
    made = state.resources.create(replace(VPC, inputs={"a": [{"b": secret}]}, outputs={"c": secret}))
    state.resources.update(made.key, {"a": secret}, {"c": {"d": secret}})
    state.close()
    assert state.resources.all()[0].inputs == {"a": dict(SECRET)}
    files = list((tmp_path / "made").iterdir())
    assert files
    assert not any(b"hunter2" in file.read_bytes() for file in files)


def test_a_link_to_nothing_leaves_nothing(state):
    with pytest.raises(Missing, match="vpcId is vpc-1, which does not exist"):
        state.resources.create(SUBNET)
    assert state.resources.all() == []
    assert state.journal.events() == []


def test_a_link_may_lead_outside_but_not_to_another_account(state):
    outside = replace(SUBNET, links=[replace(SUBNET.links[0], outside=True)])
    state.resources.create(outside)
    theirs = state.resources.create(replace(VPC, account="999988887777"))
    with pytest.raises(Missing):
        state.resources.create(replace(SUBNET, id="subnet-2"))
    state.resources.delete(theirs.key)  # nothing holds it


def test_what_is_held_stays_until_its_holder_is_gone(state):
    vpc, subnet = state.resources.create(VPC), state.resources.create(SUBNET)
    with pytest.raises(Held, match=r"private \(aws:ec2/subnet:Subnet\) still uses net"):
        state.resources.delete(vpc.key)
    state.resources.delete(subnet.key)
    state.resources.delete(vpc.key)
    state.resources.delete(vpc.key)
    assert state.resources.all() == []


def test_a_name_is_taken_once_and_kept_by_a_soft_delete(state):
    made = state.resources.create(replace(VPC, names=["vault x"]))
    with pytest.raises(Taken) as taken:
        state.resources.create(replace(VPC, id="vpc-2", names=["vault x"]))
    assert taken.value.key == made.key
    state.resources.delete(made.key, lambda record: Stay(f"{record.name} was deleted softly", 60.0, 120.0))
    again = state.resources.create(replace(VPC, names=["vault x"]))  # in the first minute a create takes it back
    state.resources.delete(again.key, lambda record: Stay(f"{record.name} was deleted softly", 0.0, 120.0))
    with pytest.raises(Taken, match="net was deleted softly") as held:
        state.resources.create(replace(VPC, names=["vault x"]))
    assert held.value.key is None
    state.clock.move(120.0)
    free = state.resources.create(replace(VPC, names=["vault x"]))
    state.resources.delete(free.key, lambda record: Stay("for ever"))
    state.clock.move(1e9)
    with pytest.raises(Taken, match="for ever"):
        state.resources.create(replace(VPC, names=["vault x"]))


def test_a_resource_goes_with_what_lies_below_it(state):
    group = state.resources.create(replace(VPC, id="/g/a"))
    state.resources.create(replace(VPC, id="/g/a/x/1", urn="urn-1"))
    state.resources.create(replace(VPC, id="/g/ab", urn="urn-2"))
    state.resources.delete(group.key, below=True)
    assert [record.id for record in state.resources.all()] == ["/g/ab"]


def test_a_bucket_with_contents_stays_unless_it_is_to_be_emptied(state):
    bucket = state.resources.create(VPC)
    state.resources.fill(bucket.key, 3)
    with pytest.raises(Held, match="3 objects"):
        state.resources.delete(bucket.key)
    state.resources.delete(bucket.key, emptied=True)
    assert state.resources.all() == []


def test_drift_changes_inputs_and_outputs_and_removes_tags(state):
    inputs = {"tags": {"a": "1", "b": "2"}, "v": [{"n": 1}]}
    made = state.resources.create(replace(VPC, inputs=inputs, outputs={"v": [{"n": 1}]}))
    state.resources.change_behind(made.key, "tags.a", None)
    after = state.resources.change_behind(made.key, "v.0.n", 7)
    assert after.inputs == {"tags": {"b": "2"}, "v": [{"n": 7}]}
    assert after.outputs == {"v": [{"n": 7}]}
    assert after.generation == 3
    state.resources.delete_behind(made.key)
    assert state.resources.all() == []
    assert [event.operation for event in state.journal.events()] == ["create", "drift", "drift", "drift"]


def test_only_columns_are_searched(state):
    with pytest.raises(ValueError, match="have no inputs"):
        state.resources.find(inputs="x")
