"""The sandbox's one file: what it keeps, refuses and holds, also under several threads and processes."""

import multiprocessing
import threading
from dataclasses import replace

import pytest

from sandbox.state import SECRET, SECRET_KIND, SECRET_MARK, Held, Link, Missing, New, State, Taken

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
    links=[Link("vpcId", "vpc-1", ("aws:ec2/vpc:Vpc",), holds=True)],
)


@pytest.fixture
def state(tmp_path):
    return State(tmp_path / "made" / "state.sqlite")


def test_what_is_created_is_there_for_another_reader(state, tmp_path):
    made = state.create(VPC)
    other = State(tmp_path / "made" / "state.sqlite")
    assert other.all() == [made]
    assert other.get("aws:ec2/vpc:Vpc", "vpc-1") == made
    assert [event.operation for event in other.events()] == ["create"]


def test_a_secret_is_not_in_the_file(state, tmp_path):
    secret = {SECRET_MARK: SECRET_KIND, "value": "hunter2hunter2"}
    made = state.create(replace(VPC, inputs={"a": [{"b": secret}]}, outputs={"c": secret}))
    state.update(made.key, {"a": secret}, {"c": {"d": secret}})
    state.close()
    assert state.all()[0].inputs == {"a": dict(SECRET)}
    files = list((tmp_path / "made").iterdir())
    assert files
    assert not any(b"hunter2" in file.read_bytes() for file in files)


def test_a_link_to_nothing_leaves_nothing(state):
    with pytest.raises(Missing, match="vpcId is vpc-1, which does not exist"):
        state.create(SUBNET)
    assert state.all() == []
    assert state.events() == []


def test_a_link_may_lead_outside_but_not_to_another_account(state):
    outside = replace(SUBNET, links=[replace(SUBNET.links[0], outside=True)])
    assert state.targets(state.create(outside).key) == []
    state.create(replace(VPC, account="999988887777"))
    with pytest.raises(Missing):
        state.create(replace(SUBNET, id="subnet-2"))


def test_what_is_held_stays_until_its_holder_is_gone(state):
    vpc, subnet = state.create(VPC), state.create(SUBNET)
    with pytest.raises(Held, match=r"private \(aws:ec2/subnet:Subnet\) still uses net"):
        state.delete(vpc.key)
    state.delete(subnet.key)
    state.delete(vpc.key)
    state.delete(vpc.key)
    assert state.all() == []


def test_a_name_is_taken_once_and_kept_by_a_soft_delete(state):
    made = state.create(replace(VPC, names=["vault x"]))
    with pytest.raises(Taken) as taken:
        state.create(replace(VPC, id="vpc-2", names=["vault x"]))
    assert taken.value.key == made.key
    state.delete(made.key, hold_names="x was deleted softly")
    with pytest.raises(Taken, match="x was deleted softly") as held:
        state.create(replace(VPC, names=["vault x"]))
    assert held.value.key is None


def test_a_resource_goes_with_what_lies_below_it(state):
    group = state.create(replace(VPC, id="/g/a"))
    state.create(replace(VPC, id="/g/a/x/1", urn="urn-1"))
    state.create(replace(VPC, id="/g/ab", urn="urn-2"))
    state.delete(group.key, below=True)
    assert [record.id for record in state.all()] == ["/g/ab"]


def test_a_bucket_with_contents_stays_unless_it_is_to_be_emptied(state):
    bucket = state.create(VPC)
    state.fill(bucket.key, 3)
    with pytest.raises(Held, match="3 objects"):
        state.delete(bucket.key)
    state.delete(bucket.key, emptied=True)
    assert state.all() == []


def test_a_cut_create_is_found_by_another_run_only_and_until_the_engine_knows(state):
    made = state.create(replace(VPC, run="one"))
    assert state.cut("urn-v", "one") is None
    assert state.cut("urn-v", "two") == made
    state.adopt(made.key, "two")
    assert state.cut("urn-v", "two") is None
    state.know(made.key)
    assert state.cut("urn-v", "three") is None


def test_a_fault_strikes_where_it_is_armed_and_so_often(state):
    state.arm("throttle", "aws:sagemaker/*", times=2)
    assert state.take_fault(["throttle"], "aws:ec2/vpc:Vpc", "net") is None
    assert state.take_fault(["slow"], "aws:sagemaker/model:Model", "m") is None
    assert [state.take_fault(["throttle"], "aws:sagemaker/model:Model", "m") is None for _ in range(3)] == [
        False,
        False,
        True,
    ]
    assert state.armed() == []


def test_a_capacity_fault_needs_its_machine_and_zone(state):
    state.arm("no-capacity", "*", argument="ml.g6.xlarge,us-east-1a")
    assert state.take_fault(["no-capacity"], "t", "n", ["ml.g6.xlarge"]) is None
    assert state.take_fault(["no-capacity"], "t", "n", ["ml.g6.xlarge", "us-east-1a", "other"]) is not None


def test_faults_are_disarmed_and_refused(state):
    key = state.arm("crash", "a")
    state.arm("slow", "b")
    state.disarm(key)
    assert [fault.kind for fault in state.armed()] == ["slow"]
    state.disarm()
    assert state.armed() == []
    with pytest.raises(ValueError, match="explode is not a fault"):
        state.arm("explode", "*")
    with pytest.raises(ValueError, match="at least once"):
        state.arm("slow", "*", times=0)


def test_drift_changes_inputs_and_outputs_and_removes_tags(state):
    made = state.create(replace(VPC, inputs={"tags": {"a": "1", "b": "2"}, "v": [{"n": 1}]}, outputs={"v": [{"n": 1}]}))
    state.change_behind(made.key, "tags.a", None)
    after = state.change_behind(made.key, "v.0.n", 7)
    assert after.inputs == {"tags": {"b": "2"}, "v": [{"n": 7}]}
    assert after.outputs == {"v": [{"n": 7}]}
    assert after.generation == 3
    state.delete_behind(made.key)
    assert state.all() == []
    assert [event.operation for event in state.events()] == ["create", "drift", "drift", "drift"]


def test_reset_forgets_everything(state):
    state.create(replace(VPC, names=["n"]))
    state.arm("slow", "*")
    state.reset()
    assert (state.all(), state.events(), state.armed(), state.generation_of("urn-v")) == ([], [], [], 0)
    state.create(replace(VPC, names=["n"]))


def test_only_columns_are_searched(state):
    with pytest.raises(ValueError, match="have no inputs"):
        state.find(inputs="x")


def _fill(path, who, taken):
    state = State(path)
    for number in range(40):
        try:
            state.create(replace(VPC, id=f"vpc-{number}", urn=f"{who}{number}", run=who))
        except Taken:
            taken.put(number)
    state.close()


@pytest.mark.parametrize("processes", [True, False], ids=["processes", "threads"])
def test_of_many_writers_exactly_one_gets_each_id(tmp_path, processes):
    context = multiprocessing.get_context("spawn")
    taken = context.Queue()
    make = context.Process if processes else threading.Thread
    workers = [make(target=_fill, args=(tmp_path / "s.sqlite", who, taken)) for who in "ab"]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(30)
    refused = [taken.get(timeout=5) for _ in range(40)]
    assert sorted(refused) == list(range(40))
    assert len(State(tmp_path / "s.sqlite").all()) == 40
