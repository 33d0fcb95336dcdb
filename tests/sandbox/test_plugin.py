"""The simulated providers over gRPC, as the engine speaks to them: the plugin's own process, its faults and its end."""

import os
import re
import signal
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import grpc
import pytest
from google.protobuf import empty_pb2, json_format, struct_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2_grpc, status_pb2

from catalogue.marks import SECRET, SECRET_KIND, SECRET_MARK, UNKNOWN
from sandbox.state import State

ROOT = Path(__file__).parents[2]
ROLE, VPC, TOPIC = "aws:iam/role:Role", "aws:ec2/vpc:Vpc", "aws:sns/topic:Topic"
CONFIG, ENDPOINT = "aws:sagemaker/endpointConfiguration:EndpointConfiguration", "aws:sagemaker/endpoint:Endpoint"
VARIANTS = [{"variantName": "live", "initialInstanceCount": 1, "instanceType": "ml.g6.xlarge"}]
PLACES = {
    "aws": {"region": "us-east-1", "allowedAccountIds": '["111122223333"]'},
    "gcp": {"region": "us-central1", "project": "payments-risk-pilot"},
    "azure-native": {"location": "eastus2", "subscriptionId": "11112222-3333-4444-5555-666677778888"},
}


def struct(values):
    return json_format.ParseDict(values, struct_pb2.Struct())


def urn(type_, name):
    return f"urn:pulumi:pilot::mlplatform::mlplatform-aws:index:Endpoint${type_}::{name}"


def own(values):
    """Without the provider's notes."""
    return {key: value for key, value in json_format.MessageToDict(values).items() if key != "__defaults"}


class Started:
    """A plugin's process, and a short way for each of the engine's calls."""

    def __init__(self, folder, package="aws"):
        self.folder = folder
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sandbox.plugin", package, "127.0.0.1:1"],
            stdout=subprocess.PIPE,
            cwd=ROOT,
            env={**os.environ, "MLPLATFORM_SANDBOX": str(folder)},
        )
        assert self.process.stdout is not None
        self.channel = grpc.insecure_channel(f"127.0.0.1:{int(self.process.stdout.readline())}")
        self.stub = provider_pb2_grpc.ResourceProviderStub(self.channel)
        self.configured = self.stub.Configure(
            proto.ConfigureRequest(args=struct(PLACES[package]), acceptSecrets=True), timeout=120
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.channel.close()
        self.process.kill()
        self.process.wait(120)
        self.process.stdout.close()

    @property
    def state(self):
        return State(self.folder / "state.sqlite")

    def check(self, type_, name, inputs, olds=None, seed=b"\xab\xcd\xef\x01\x23"):
        request = proto.CheckRequest(urn=urn(type_, name), news=struct(inputs), randomSeed=seed)
        if olds is not None:
            request.olds.CopyFrom(struct(olds))
        return self.stub.Check(request, timeout=120)

    def create(self, type_, name, inputs, preview=False):
        request = proto.CreateRequest(urn=urn(type_, name), properties=struct(inputs), preview=preview)
        return self.stub.Create(request, timeout=120)

    def diff(self, type_, olds, news, ignored=()):
        request = proto.DiffRequest(
            urn=urn(type_, "x"), olds=struct({}), old_inputs=struct(olds), news=struct(news), ignoreChanges=ignored
        )
        return self.stub.Diff(request, timeout=120)

    def read(self, type_, name, id_, properties=None, inputs=None):
        request = proto.ReadRequest(
            urn=urn(type_, name), id=id_, properties=struct(properties or {}), inputs=struct(inputs or {})
        )
        return self.stub.Read(request, timeout=120)

    def update(self, type_, name, id_, olds, news, preview=False):
        request = proto.UpdateRequest(
            urn=urn(type_, name), id=id_, olds=struct(olds), news=struct(news), preview=preview
        )
        return self.stub.Update(request, timeout=120)

    def delete(self, type_, name, id_):
        return self.stub.Delete(proto.DeleteRequest(urn=urn(type_, name), id=id_), timeout=120)

    def invoke(self, token):
        return self.stub.Invoke(proto.InvokeRequest(tok=token, args=struct({})), timeout=120)


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    with Started(tmp_path_factory.mktemp("sandbox")) as started:
        yield started


@pytest.fixture
def plugin(shared):
    """The module's plugin on an empty cloud."""
    shared.state.reset()
    shared.state.account.use()
    return shared


def refused(said):
    return pytest.raises(grpc.RpcError, match=said)


def test_handshake(plugin):
    assert plugin.stub.GetPluginInfo(empty_pb2.Empty(), timeout=120).version == version("pulumi-aws")
    assert plugin.configured.acceptSecrets
    assert plugin.configured.supportsPreview
    assert not plugin.configured.acceptOutputs


@pytest.mark.parametrize(
    ("package", "token", "key", "value"),
    [
        ("gcp", "gcp:organizations/getProject:getProject", "projectId", "payments-risk-pilot"),
        (
            "azure-native",
            "azure-native:authorization:getClientConfig",
            "subscriptionId",
            "11112222-3333-4444-5555-666677778888",
        ),
    ],
)
def test_the_other_clouds_are_served_too(tmp_path, package, token, key, value):
    with Started(tmp_path, package) as plugin:
        answer = getattr(plugin.invoke(token), "return")
        assert json_format.MessageToDict(answer)[key] == value


def test_an_unknown_look_up_is_refused(plugin):
    with refused("does not know the look-up aws:ec2/getAmi:getAmi"):
        plugin.invoke("aws:ec2/getAmi:getAmi")


def test_check_makes_up_a_name_and_names_each_fault(plugin):
    answer = plugin.check(TOPIC, "alerts", {"tags": {"a": "b"}})
    assert own(answer.inputs)["name"] == "alerts-abcdef0"
    assert json_format.MessageToDict(answer.inputs)["__defaults"] == ["name"]
    wrong = plugin.check(TOPIC, "alerts", {"name": "no blanks", "topik": 1})
    assert {(one.property, one.reason) for one in wrong.failures} == {
        ("topik", "topik is not a property of the SDK's type"),
        ("name", r"name is 'no blanks': it must match [A-Za-z0-9_-]{1,256}(\.fifo)?"),
    }


def test_an_unknown_type_is_refused(plugin):
    with refused("does not know the type aws:ec2/instance:Instance") as error:
        plugin.check("aws:ec2/instance:Instance", "x", {})
    assert "Traceback" not in error.value.details()
    with refused("does not know the type"):
        plugin.create("aws:ec2/instance:Instance", "x", {})


def test_one_resource_from_its_creation_to_its_end(plugin):
    inputs = {"name": "alerts", "__defaults": []}
    made = plugin.create(TOPIC, "alerts", inputs)
    assert made.id == "arn:aws:sns:us-east-1:111122223333:alerts"
    assert own(made.properties) == {"name": "alerts", "arn": made.id}
    properties = json_format.MessageToDict(made.properties)
    read = plugin.read(TOPIC, "alerts", made.id, properties, inputs)
    assert json_format.MessageToDict(read.properties) == properties
    assert json_format.MessageToDict(read.inputs) == inputs
    assert plugin.diff(TOPIC, inputs, inputs).changes == proto.DiffResponse.DIFF_NONE
    news = {**inputs, "tags": {"team": "risk", "__defaults": []}}
    change = plugin.diff(TOPIC, inputs, news)
    assert (change.changes, list(change.diffs), list(change.replaces)) == (proto.DiffResponse.DIFF_SOME, ["tags"], [])
    after = plugin.update(TOPIC, "alerts", made.id, properties, news)
    assert own(after.properties)["tags"]["team"] == "risk"
    plugin.delete(TOPIC, "alerts", made.id)
    assert plugin.read(TOPIC, "alerts", made.id).id == ""
    plugin.delete(TOPIC, "alerts", made.id)
    said = [(event.operation, event.said) for event in plugin.state.journal.events()]
    assert said == [
        ("create", ""),
        ("read", ""),
        ("update", ""),
        ("delete", ""),
        ("read", "not found"),
        ("delete", "not found"),
    ]


def test_a_replacement_says_what_forces_it_and_what_goes_first(plugin):
    named = plugin.diff(TOPIC, {"name": "a", "fifoTopic": False}, {"name": "a", "fifoTopic": True})
    assert (list(named.replaces), named.deleteBeforeReplace) == (["fifoTopic"], True)
    made_up = {"name": "a-1234567", "__defaults": ["name"]}
    other = plugin.diff(TOPIC, {**made_up, "fifoTopic": False}, {**made_up, "fifoTopic": True})
    assert (list(other.replaces), other.deleteBeforeReplace) == (["fifoTopic"], False)
    assert plugin.diff(TOPIC, {"fifoTopic": False}, {"fifoTopic": True}, ["fifoTopic"]).changes == 1


def test_a_preview_changes_nothing(plugin):
    seen = plugin.create(VPC, "net", {"cidrBlock": "10.0.0.0/16"}, preview=True)
    assert own(seen.properties)["arn"] == UNKNOWN
    made = plugin.create(VPC, "net", {"cidrBlock": "10.0.0.0/16"})
    olds = json_format.MessageToDict(made.properties)
    plugin.update(VPC, "net", made.id, olds, {"cidrBlock": "10.0.0.0/16", "tags": {"a": "b"}}, preview=True)
    assert [record.inputs for record in plugin.state.resources.all()] == [{"cidrBlock": "10.0.0.0/16"}]
    assert [event.operation for event in plugin.state.journal.events()] == ["create"]


def test_a_secret_comes_back_marked_and_is_not_kept(plugin):
    secret = {SECRET_MARK: SECRET_KIND, "value": "s3cr3t"}
    inputs = {"name": "t", "displayName": secret}
    made = plugin.create(TOPIC, "t", inputs)
    assert own(made.properties)["displayName"] == secret
    assert plugin.state.resources.all()[0].outputs["displayName"] == dict(SECRET)
    read = plugin.read(TOPIC, "t", made.id, json_format.MessageToDict(made.properties), inputs)
    assert own(read.inputs)["displayName"] == secret


def test_drift_is_found_and_is_a_difference(plugin):
    inputs = {"name": "t", "tags": {"team": "risk", "owner": "ana"}}
    made = plugin.create(TOPIC, "t", inputs)
    plugin.state.resources.change_behind(plugin.state.resources.all()[0].key, "tags.owner", None)
    read = plugin.read(TOPIC, "t", made.id, json_format.MessageToDict(made.properties), inputs)
    assert own(read.inputs)["tags"] == {"team": "risk"}
    assert list(plugin.diff(TOPIC, own(read.inputs), inputs).diffs) == ["tags"]
    plugin.state.resources.delete_behind(plugin.state.resources.all()[0].key)
    assert plugin.read(TOPIC, "t", made.id).id == ""


def test_what_does_not_exist_has_no_properties_so_that_an_import_fails(plugin):
    answer = plugin.read(ROLE, "r", "r")
    assert not answer.id and not answer.HasField("properties") and not answer.HasField("inputs")


def test_an_import_has_all_that_is_there(plugin):
    made = plugin.create(TOPIC, "t", {"name": "t", "tags": {"a": "b"}})
    read = plugin.read(TOPIC, "t", made.id)
    assert own(read.inputs)["name"] == "t"
    assert own(read.properties)["arn"] == made.id


def an_endpoint(plugin):
    plugin.create(CONFIG, "c", {"name": "c", "productionVariants": VARIANTS})
    return plugin.create(ENDPOINT, "scorer", {"name": "scorer", "endpointConfigName": "c"})


@pytest.mark.parametrize(
    ("kind", "argument", "said"),
    [
        ("quota-exceeded", "ml.g6.xlarge", "ResourceLimitExceeded.*'ml.g6.xlarge for endpoint usage' is 0 Instances"),
        ("no-capacity", "ml.g6.xlarge,us-east-1", "InsufficientInstanceCapacity"),
        ("access-denied", "serving", "AccessDeniedException.*assumed-role/serving/session is not authorized"),
        ("name-held", "scorer", "OperationAborted: scorer is being deleted"),
    ],
)
def test_a_fault_refuses_a_create_once_and_nothing_is_left(plugin, kind, argument, said):
    plugin.state.faults.arm(kind, ENDPOINT, argument=argument)
    with refused(said):
        an_endpoint(plugin)
    assert [record.type for record in plugin.state.resources.all()] == [CONFIG]
    assert re.search(said, plugin.state.journal.events()[-1].said)
    plugin.create(ENDPOINT, "scorer", {"name": "scorer", "endpointConfigName": "c"})


def test_a_machine_fault_passes_over_other_machines_and_what_runs_none(plugin):
    plugin.state.faults.arm("no-capacity", "*", argument="ml.p4d.24xlarge")
    plugin.state.faults.arm("quota-exceeded", "c")
    an_endpoint(plugin)
    assert len(plugin.state.faults.armed()) == 2


def test_throttling_is_waited_out_while_it_is_short(plugin):
    plugin.state.faults.arm("throttle", "t", times=2)
    plugin.create(TOPIC, "t", {"name": "t"})
    assert plugin.state.faults.armed() == []
    plugin.state.faults.arm("throttle", "u", times=4)
    with refused("ThrottlingException: Rate exceeded"):
        plugin.create(TOPIC, "u", {"name": "u"})
    assert [record.name for record in plugin.state.resources.all()] == ["t"]


def test_faults_on_reads_strike_reads_alone_and_so_often(plugin):
    id_ = plugin.create(TOPIC, "t", {"name": "t"}).id
    for kind in ("throttle", "server-error"):
        plugin.state.faults.arm(kind, TOPIC, times=2, on_read=True)
        plugin.create(TOPIC, f"{kind}-meanwhile", {"name": f"{kind}-meanwhile"})
        assert plugin.read(TOPIC, "t", id_).id == id_ and plugin.state.faults.armed() == []
    plugin.state.faults.arm("server-error", "t", times=4, on_read=True)
    with refused("StatusCode: 503, ServiceUnavailable"):
        plugin.read(TOPIC, "t", id_)
    plugin.state.faults.arm("access-denied", "t", argument="deployer", on_read=True)
    with refused("is not authorized to perform this operation"):
        plugin.read(TOPIC, "t", id_)


def test_a_read_that_finds_nothing_leaves_what_stands(plugin):
    id_ = plugin.create(TOPIC, "t", {"name": "t"}).id
    plugin.state.faults.arm("gone", "t", on_read=True)
    assert [plugin.read(TOPIC, "t", id_).id for _ in range(2)] == ["", id_]


def test_a_create_that_fails_after_it_succeeded_tells_the_engine_what_was_made(plugin):
    plugin.state.faults.arm("fails-after-success", "r")
    role = {"name": "r", "assumeRolePolicy": "{}"}
    with pytest.raises(grpc.RpcError) as error:
        plugin.create(ROLE, "r", role)
    assert "timeout while waiting" in error.value.details()
    told = dict(error.value.trailing_metadata())["grpc-status-details-bin"]
    (detail,) = status_pb2.Status.FromString(told).details
    failed = proto.ErrorResourceInitFailed()
    assert detail.Unpack(failed)
    assert (failed.id, failed.properties["name"], failed.inputs["name"]) == ("r", "r", "r")
    assert failed.reasons == [error.value.details()]
    assert [record.name for record in plugin.state.resources.all()] == ["r"]
    with refused("AlreadyExists"):
        plugin.create(ROLE, "r", role)


def test_a_slow_create_is_slow(plugin):
    plugin.state.faults.arm("slow", "slow", argument="0.2")
    began = time.monotonic()
    plugin.create(TOPIC, "slow", {"name": "slow"})
    assert time.monotonic() - began >= 0.2
    assert [record.name for record in plugin.state.resources.all()] == ["slow"]


def test_others_go_on_beside_a_slow_create_which_ends_when_the_engine_cancels(tmp_path):
    with Started(tmp_path) as plugin:
        plugin.state.account.use()
        plugin.state.faults.arm("slow", "slow", argument="600")
        call = plugin.stub.Create.future(
            proto.CreateRequest(urn=urn(TOPIC, "slow"), properties=struct({"name": "slow"})), timeout=300
        )
        while plugin.state.faults.armed():
            time.sleep(0.01)
        plugin.create(TOPIC, "quick", {"name": "quick"})
        plugin.stub.Cancel(empty_pb2.Empty(), timeout=120)
        with refused("cancelled"):
            call.result()
        assert [record.name for record in plugin.state.resources.all()] == ["quick"]


@pytest.mark.parametrize(("when", "left"), [("before", 0), ("after", 1)])
def test_what_a_crash_left_is_in_the_way_of_the_next_run(tmp_path, when, left):
    role = {"name": "r", "assumeRolePolicy": "{}"}
    with Started(tmp_path) as plugin:
        plugin.state.account.use()
        plugin.state.faults.arm("crash", "r", argument=when)
        with pytest.raises(grpc.RpcError) as error:
            plugin.create(ROLE, "r", role)
        assert error.value.code() == grpc.StatusCode.UNAVAILABLE
        assert plugin.process.wait(120) == 1
    assert len(State(tmp_path / "state.sqlite").resources.all()) == left
    with Started(tmp_path) as plugin:
        if left:
            with pytest.raises(grpc.RpcError, match="Role with name r already exists"):
                plugin.create(ROLE, "r", role)
            assert own(plugin.read(ROLE, "r", "r", {}, {}).inputs) == role  # an import finds it
        else:
            assert plugin.create(ROLE, "r", role).id == "r"
        assert len(plugin.state.resources.all()) == 1


def test_kill_9_at_any_point_leaves_whole_resources(tmp_path):
    """Of many that are made at once one is done when the signal comes; how far the others are is the machine's."""
    names = [f"r{number}" for number in range(40)]

    def asked(name):
        tagged = struct({"cidrBlock": "10.0.0.0/16", "tags": {"name": name}})
        return proto.CreateRequest(urn=urn(VPC, name), properties=tagged)

    with Started(tmp_path) as plugin:
        plugin.state.account.use()
        calls = [plugin.stub.Create.future(asked(name), timeout=120) for name in names]
        calls[0].result()
        plugin.process.send_signal(signal.SIGKILL)
        plugin.process.wait(120)
        with pytest.raises(grpc.RpcError):
            plugin.stub.Create(asked("later"), timeout=120)
    left = State(tmp_path / "state.sqlite").resources.all()
    assert 0 < len(left) <= len(names)
    assert all(record.inputs["tags"] == {"name": record.name} and record.outputs["arn"] for record in left)
    with Started(tmp_path) as plugin:
        for name in names:
            plugin.stub.Create(asked(name), timeout=120)
        after = plugin.state.resources.all()
    assert after[: len(left)] == left
    assert [record.name for record in after[len(left) :]] == names, "a VPC has no name, so it is made twice"


def test_a_plugin_whose_engine_is_gone_ends(tmp_path):
    environment = {**os.environ, "MLPLATFORM_SANDBOX": str(tmp_path)}
    engine = subprocess.Popen(
        ["/bin/sh", "-c", f'{sys.executable} -m sandbox.plugin aws & echo "pid $!"; wait'],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    lines = [engine.stdout.readline() for _ in range(2)]
    pid = int(next(line for line in lines if line.startswith("pid")).split()[1])
    os.kill(pid, 0)
    engine.kill()
    engine.wait(120)
    assert engine.stdout.read() == ""  # the plugin has the other end of the pipe: at its end, it is gone
    engine.stdout.close()


def test_without_a_sandbox_there_is_a_sentence():
    environment = {key: value for key, value in os.environ.items() if key != "MLPLATFORM_SANDBOX"}
    run = subprocess.run(
        [sys.executable, "-m", "sandbox.plugin", "aws"],
        check=False,
        capture_output=True,
        text=True,
        cwd=ROOT,
        env=environment,
    )
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == "MLPLATFORM_SANDBOX is not set: it says in which folder the sandbox is\n"
