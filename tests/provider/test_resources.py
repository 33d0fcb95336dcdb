"""The typed resources register the wire names that the plugin knows, and hand out its outputs."""

import pulumi
import pytest
from pulumi.runtime import mocks, settings
from pulumi.runtime.sync_await import _ensure_event_loop

from provider import Provider
from provider.azure.traffic import Traffic
from provider.gcp.deployment import Deployment
from provider.gcp.model import Model
from provider.resources import services
from tests.provider.cloud import DEPLOYMENT_INPUTS, MODEL, MODEL_INPUTS, TRAFFIC_INPUTS


def snake(inputs):
    def one(name):
        return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name)

    return {one(name): value for name, value in inputs.items()}


class Seen(mocks.Mocks):
    def __init__(self):
        self.registered = {}

    def new_resource(self, args):
        self.registered[args.typ] = (args.inputs, args.provider)
        outputs = {"versionName": f"{MODEL}@1", "resourceName": MODEL, "versionId": "1"}
        return args.name, {**args.inputs, **outputs, "deployedModelId": "4850582384", "serviceAttachment": "sa"}

    def call(self, args):
        return {}


@pytest.fixture
def seen():
    seen = Seen()
    before = settings.SETTINGS, settings.get_root_resource()
    _ensure_event_loop()  # for the root stack, which is registered at once
    mocks.set_mocks(seen)
    yield seen
    settings.configure(before[0])
    settings.set_root_resource(before[1])


def test_wire_names_and_outputs(seen):
    outputs = {}

    @pulumi.runtime.test
    def program():
        opts = pulumi.ResourceOptions(provider=Provider("mlplatform"))
        model = Model("model", **snake(MODEL_INPUTS), opts=opts)
        deployment = Deployment("deployment", **{**snake(DEPLOYMENT_INPUTS), "model": model.version_name}, opts=opts)
        Traffic("traffic", **snake(TRAFFIC_INPUTS), mirror_percent=20, opts=opts)

        def keep(values):
            outputs.update(zip(("id", "attachment", "version", "name", "labels"), values, strict=True))

        return pulumi.Output.all(
            deployment.deployed_model_id,
            deployment.service_attachment,
            model.version_id,
            model.resource_name,
            pulumi.get(model, "labels"),
        ).apply(keep)

    program()
    assert outputs == {
        "id": "4850582384",
        "attachment": "sa",
        "version": "1",
        "name": MODEL,
        "labels": MODEL_INPUTS["labels"],
    }
    wire = {type: inputs for type, (inputs, _) in seen.registered.items() if type in services()}
    assert wire == {
        "mlplatform:gcp:Model": MODEL_INPUTS,
        "mlplatform:gcp:Deployment": DEPLOYMENT_INPUTS,
        "mlplatform:azure:Traffic": {**TRAFFIC_INPUTS, "mirrorPercent": 20},
    }
    for type in wire:
        assert "pulumi:providers:mlplatform::mlplatform" in seen.registered[type][1]
