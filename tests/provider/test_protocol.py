"""Over the provider protocol, as the engine speaks it: the plugin's own process, gRPC, and the double behind it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import grpc
import pytest
from google.protobuf import json_format, struct_pb2
from pulumi.runtime import proto
from pulumi.runtime.proto import provider_pb2_grpc

from catalogue.marks import SECRET_KIND, SECRET_MARK, UNKNOWN
from provider.clouds import AZURE_VARIABLE, GOOGLE_VARIABLE, INSTANT_VARIABLE, SANDBOX_TOKEN
from sandbox.rest import CallFault
from sandbox.state.metrics import Played
from tests.provider import cloud
from tests.provider.cloud import (
    AZURE_ENDPOINT,
    CANARY,
    DEPLOYMENT_INPUTS,
    ENDPOINT,
    MODEL,
    MODEL_INPUTS,
    TRAFFIC_INPUTS,
)

ROOT = Path(__file__).parents[2]
SECRET = {SECRET_MARK: SECRET_KIND}
TYPES = {
    "model": "mlplatform:gcp:Model",
    "deployment": "mlplatform:gcp:Deployment",
    "traffic": "mlplatform:azure:Traffic",
}
SAMPLES = {"model": MODEL_INPUTS, "deployment": DEPLOYMENT_INPUTS, "traffic": TRAFFIC_INPUTS}


def struct(values) -> struct_pb2.Struct:
    return json_format.ParseDict(values, struct_pb2.Struct())


def plain(values) -> dict:
    return json_format.MessageToDict(values)


def urn(kind: str) -> str:
    parent = f"mlplatform:{TYPES[kind].split(':')[1]}:Endpoint"
    return f"urn:pulumi:pilot::mlplatform::{parent}${TYPES[kind]}::fraud-scorer"


class Engine:
    """Speaks to the plugin; every answer is kept, to be searched for the token."""

    def __init__(self, stub):
        self.stub = stub
        self.answers = []

    def __getattr__(self, method):
        def call(request):
            try:
                answer = getattr(self.stub, method)(request, timeout=120)
            except grpc.RpcError as error:
                self.answers.append(error.details())
                raise
            self.answers.append(str(answer))
            return answer

        return call

    def create(self, kind, inputs=None, preview=False):
        given = struct(SAMPLES[kind] if inputs is None else inputs)
        return self.Create(proto.CreateRequest(urn=urn(kind), properties=given, preview=preview))

    def update(self, kind, id, olds, news, preview=False):
        request = {"urn": urn(kind), "id": id, "olds": olds, "news": struct(news), "preview": preview}
        return self.Update(proto.UpdateRequest(**request))

    def diff(self, kind, id, olds, news):
        return self.Diff(proto.DiffRequest(urn=urn(kind), id=id, olds=olds, news=struct(news)))

    def check(self, kind, news):
        return self.Check(proto.CheckRequest(urn=urn(kind), news=struct(news)))

    def read(self, kind, id, properties, inputs):
        return self.Read(proto.ReadRequest(urn=urn(kind), id=id, properties=properties, inputs=struct(inputs)))

    def delete(self, kind, id, properties):
        return self.Delete(proto.DeleteRequest(urn=urn(kind), id=id, properties=properties))


@pytest.fixture(scope="module")
def plugin():
    """One process of the plugin, with both clouds' doubles behind it."""
    with pytest.MonkeyPatch.context() as monkeypatch, cloud.served(monkeypatch) as double:
        environment = {
            **os.environ,
            GOOGLE_VARIABLE: double.address,
            AZURE_VARIABLE: double.address,
            INSTANT_VARIABLE: "1",
        }
        command = [sys.executable, "-m", "provider", "127.0.0.1:1", "--logtostderr"]
        with subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        ) as process:
            port = int(process.stdout.readline())
            with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
                engine = Engine(provider_pb2_grpc.ResourceProviderStub(channel))
                yield engine, double
            process.terminate()
            _, errors = process.communicate(timeout=120)
        assert errors == ""
        assert engine.answers
        assert not [answer for answer in engine.answers if SANDBOX_TOKEN in answer.lower() or "Traceback" in answer]


@pytest.fixture
def engine(plugin):
    engine, double = plugin
    double.vertex.models.clear()
    double.vertex.operations.clear()
    double.vertex.metrics.clear()
    double.vertex.add_endpoint(ENDPOINT)
    double.arm.add_endpoint(AZURE_ENDPOINT)
    double.arm.metrics.clear()
    double.faults.clear()
    double.calls.clear()
    return engine


@pytest.fixture
def double(plugin):
    return plugin[1]


def test_info_schema_and_configure(engine, double):
    assert engine.GetPluginInfo(struct_pb2.Struct()).version == "0.1.0"
    schema = json.loads(engine.GetSchema(proto.GetSchemaRequest()).schema)
    assert set(schema["resources"]) >= set(TYPES.values())
    model = schema["resources"]["mlplatform:gcp:Model"]
    assert set(model["requiredInputs"]) == set(MODEL_INPUTS)
    assert model["inputProperties"]["ports"] == {"type": "array", "items": {"type": "integer"}}
    assert model["properties"]["versionName"] == {"type": "string"}
    configured = engine.Configure(proto.ConfigureRequest(acceptSecrets=True))
    assert configured.acceptSecrets
    assert configured.supportsPreview
    assert not configured.acceptOutputs
    assert double.calls == []


@pytest.mark.parametrize("kind", TYPES)
def test_check_says_what_is_wrong_and_lets_the_unknown_through(engine, double, kind):
    assert not engine.check(kind, SAMPLES[kind]).failures
    unknown = dict.fromkeys(SAMPLES[kind], UNKNOWN)
    answer = engine.check(kind, unknown)
    assert not answer.failures
    assert plain(answer.inputs) == unknown
    [failure] = engine.check(kind, {**SAMPLES[kind], "colour": "red"}).failures
    assert (failure.property, failure.reason) == ("colour", "colour is not a property of this resource")
    assert double.calls == []


def test_a_type_it_does_not_have_is_said(engine):
    with pytest.raises(grpc.RpcError) as caught:
        engine.Check(proto.CheckRequest(urn="urn:pulumi:p::m::mlplatform:gcp:Nothing::x", news=struct({})))
    assert caught.value.details().startswith("mlplatform:gcp:Nothing is not a resource of this provider; it has mlplat")


@pytest.mark.parametrize("kind", TYPES)
def test_a_preview_calls_nothing(engine, double, kind):
    made = engine.create(kind, {**SAMPLES[kind], **({"model": UNKNOWN} if kind == "deployment" else {})}, preview=True)
    outputs = set(plain(made.properties)) - set(SAMPLES[kind])
    assert outputs
    assert {plain(made.properties)[name] for name in outputs} == {UNKNOWN}
    engine.diff(kind, "x", struct(SAMPLES[kind]), SAMPLES[kind])
    engine.update(kind, "x", made.properties, SAMPLES[kind], preview=True)
    assert double.calls == []


REPLACES = {
    "model": {"project", "location", "modelId"},
    "deployment": {"project", "location", "endpoint"},
    "traffic": {"subscriptionId", "resourceGroup", "workspace", "endpoint"},
}


@pytest.mark.parametrize("kind", TYPES)
def test_diff_tells_replace_from_update(engine, kind):
    olds = struct(SAMPLES[kind])
    assert engine.diff(kind, "x", olds, SAMPLES[kind]).changes == proto.DiffResponse.DIFF_NONE
    for name in SAMPLES[kind]:
        answer = engine.diff(kind, "x", olds, {**SAMPLES[kind], name: UNKNOWN})
        assert answer.changes == proto.DiffResponse.DIFF_SOME
        assert list(answer.diffs) == [name]
        assert list(answer.replaces) == ([name] if name in REPLACES[kind] else [])
        assert answer.deleteBeforeReplace == (name in REPLACES[kind])


def test_the_life_of_a_model_and_its_deployment(engine, double):
    model = engine.create("model")
    assert model.id == MODEL
    assert plain(model.properties) == {
        **MODEL_INPUTS,
        "resourceName": MODEL,
        "versionId": "1",
        "versionName": f"{MODEL}@1",
    }
    deployment = engine.create("deployment")
    assert deployment.id == ENDPOINT
    first = plain(deployment.properties)
    assert first["trafficPercent"] == 100

    read = engine.read("deployment", ENDPOINT, deployment.properties, DEPLOYMENT_INPUTS)
    assert plain(read.inputs) == DEPLOYMENT_INPUTS
    assert plain(read.properties) == first
    read = engine.read("model", MODEL, model.properties, MODEL_INPUTS)
    assert plain(read.inputs) == MODEL_INPUTS
    assert plain(read.properties) == plain(model.properties)

    newer = {**MODEL_INPUTS, "image": "registry/fraud-scorer:1.5.0"}
    foreseen = plain(engine.update("model", MODEL, model.properties, newer, preview=True).properties)
    assert foreseen["versionName"] == UNKNOWN
    relabelled = {**MODEL_INPUTS, "labels": {"stack": "other"}}
    foreseen = plain(engine.update("model", MODEL, model.properties, relabelled, preview=True).properties)
    assert foreseen["versionName"] == f"{MODEL}@1"
    model = engine.update("model", MODEL, model.properties, newer)
    assert plain(model.properties)["versionName"] == f"{MODEL}@2"

    moved = {**DEPLOYMENT_INPUTS, "model": f"{MODEL}@2"}
    deployment = engine.update("deployment", ENDPOINT, deployment.properties, moved)
    assert plain(deployment.properties)["deployedModelId"] != first["deployedModelId"]

    with pytest.raises(grpc.RpcError, match="is deployed to"):
        engine.delete("model", MODEL, model.properties)
    engine.delete("deployment", ENDPOINT, deployment.properties)
    engine.delete("model", MODEL, model.properties)
    assert engine.read("model", MODEL, model.properties, MODEL_INPUTS).id == ""
    assert engine.read("deployment", ENDPOINT, deployment.properties, DEPLOYMENT_INPUTS).id == ""
    assert double.vertex.models == {}


def test_the_life_of_traffic(engine, double):
    made = engine.create("traffic")
    assert made.id == AZURE_ENDPOINT
    green = {**TRAFFIC_INPUTS, "deployment": "green"}
    moved = engine.update("traffic", made.id, made.properties, green)
    judged = "with 10 % of the traffic on green for 10 minutes, nobody called it, so no figure judged it"
    assert plain(moved.properties)["bakeResult"] == judged
    looser = {**green, "p95LatencyMs": 900}
    assert plain(engine.update("traffic", made.id, moved.properties, looser).properties)["bakeResult"] == judged
    assert plain(engine.read("traffic", made.id, moved.properties, green).properties) == plain(moved.properties)
    double.arm.resources[AZURE_ENDPOINT]["properties"]["traffic"] = {"blue": 70, "green": 30}
    drifted = engine.read("traffic", made.id, moved.properties, green)
    assert plain(drifted.properties)["trafficPercent"] == 30
    answer = engine.diff("traffic", made.id, drifted.properties, green)
    assert (list(answer.diffs), list(answer.replaces)) == (["trafficPercent"], [])
    engine.delete("traffic", made.id, drifted.properties)
    assert double.arm.resources[AZURE_ENDPOINT]["properties"]["traffic"] == {}


def test_drift_of_an_input_is_read(engine, double):
    engine.create("model")
    deployment = engine.create("deployment")
    served = double.vertex.endpoints["us-central1/endpoints/fraud-scorer"]["deployedModels"][0]
    served["dedicatedResources"]["maxReplicaCount"] = 40
    read = engine.read("deployment", ENDPOINT, deployment.properties, DEPLOYMENT_INPUTS)
    assert plain(read.inputs) == {**DEPLOYMENT_INPUTS, "maxReplicas": 40}
    assert list(engine.diff("deployment", ENDPOINT, read.properties, DEPLOYMENT_INPUTS).diffs) == ["maxReplicas"]


@pytest.mark.parametrize(("kind", "id"), [("model", MODEL), ("deployment", ENDPOINT), ("traffic", AZURE_ENDPOINT)])
def test_what_stands_can_be_imported(engine, kind, id):
    if kind == "deployment":
        engine.create("model")
    made = engine.create(kind)
    read = engine.read(kind, id, struct({}), {})
    assert read.id == id
    # The rules of a canary, and who uploaded a model, are nowhere in the cloud; it knows the project by its number.
    unknown = {*CANARY, "model", "serviceAccount"}
    made, found = plain(made.properties), plain(read.properties)
    assert {name: made[name] for name in made if name not in unknown} == {
        name: found[name] for name in found if name not in unknown
    }


def test_secrets_stay_secret(engine):
    hidden = {**SECRET, "value": MODEL_INPUTS["artifactUri"]}
    made = engine.create("model", {**MODEL_INPUTS, "artifactUri": hidden})
    assert plain(made.properties)["artifactUri"] == hidden
    read = engine.read("model", MODEL, made.properties, {**MODEL_INPUTS, "artifactUri": hidden})
    assert plain(read.inputs)["artifactUri"] == hidden
    assert plain(read.properties)["artifactUri"] == hidden
    wrong = {**MODEL_INPUTS, "artifactUri": {**SECRET, "value": "hunter2"}}
    [failure] = engine.check("model", wrong).failures
    assert "hunter2" not in failure.reason


def test_a_breach_reaches_the_user_as_one_sentence(engine, double):
    made = engine.create("traffic")
    double.arm.metrics["green"] = Played(p95_ms=812)
    with pytest.raises(grpc.RpcError) as caught:
        engine.update("traffic", made.id, made.properties, {**TRAFFIC_INPUTS, "deployment": "green"})
    assert caught.value.details() == (
        "endpoint fraud-scorer: with 10 % of the traffic on green, its p95 latency was 812 ms, above 250 ms; "
        "all traffic is back on blue"
    )


def test_the_clouds_own_words_reach_the_user(engine, double):
    double.faults = [CallFault("refuse", "upload", message="Permission aiplatform.models.upload denied.")]
    with pytest.raises(grpc.RpcError) as caught:
        engine.create("model")
    said = "model fraud-scorer: upload: Permission aiplatform.models.upload denied (PERMISSION_DENIED)"
    assert caught.value.details() == said


def test_a_bug_of_our_own_is_named_without_a_traceback(engine, double):
    double.vertex.models["us-central1/models/fraud-scorer"] = {"1": {"versionId": "1", "versionAliases": ["default"]}}
    with pytest.raises(grpc.RpcError) as caught:
        engine.read("model", "not-a-name", struct({}), {})
    assert "\n" not in caught.value.details()
    assert caught.value.details().startswith("a bug in the mlplatform provider, not in the program: IndexError")


AS_THE_ENGINE_STARTS_IT = """
import runpy, sys
from provider import serving

def served(*_):
    import azure.identity
    print(any(entry == sys.argv[0] for entry in sys.path), [*sys.modules["azure"].__path__])

serving.run = served
sys.argv = [sys.argv[1], "127.0.0.1:1"]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def test_started_by_its_folder_it_still_finds_azures_sdk(tmp_path):
    """provider/azure/ is no part of the package `azure` of the same name."""
    command = [sys.executable, "-c", AS_THE_ENGINE_STARTS_IT, str(ROOT / "provider")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=120, cwd=tmp_path)
    assert done.stdout.startswith("False [")
    assert str(ROOT / "provider") not in done.stdout


def test_a_plugin_whose_engine_is_gone_ends():
    script = f'{sys.executable} -m provider & echo "pid $!"; wait'
    engine = subprocess.Popen(["/bin/sh", "-c", script], stdout=subprocess.PIPE, text=True, cwd=ROOT)
    assert engine.stdout is not None
    lines = [engine.stdout.readline() for _ in range(2)]
    assert any(line.startswith("pid") for line in lines)
    engine.kill()
    engine.wait(120)
    assert engine.stdout.read() == ""  # the plugin has the other end of the pipe: at its end, it is gone
    engine.stdout.close()
