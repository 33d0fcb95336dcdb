"""The registry of a sandbox on azure: a new one has no approval, and what is decided there the preflight hears."""

from pathlib import Path

import pytest

from catalogue.errors import BadInput
from catalogue.kinds.azure.machinelearningservices import MODELS
from provider.azure.approved_version import ApprovedVersionInputs, ApprovedVersionService
from provider.clouds import AZURE_VARIABLE
from provider.errors import ProviderError
from provider.inputs import parsed
from sandbox import byhand
from sandbox.rest.kept import KeptDouble
from sandbox.state import State
from sandbox.state.records import New
from tests.provider import cloud

SUBSCRIPTION, DIGEST = "11112222-3333-4444-5555-666677778888", f"sha256:{'a' * 64}"
WORKSPACE = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/azure-full/providers/Microsoft.MachineLearningServices/workspaces/w1"
)
VERSION = "azure-full/scorer/3"
GIVEN = {
    "subscriptionId": SUBSCRIPTION,
    "resourceGroup": "azure-full",
    "workspace": "w1",
    "model": "scorer",
    "version": 3,
    "digest": DIGEST,
}


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state.sqlite")
    for name in ("scorer-registered", "scorer-approved", "ranker"):
        state.resources.create(
            New(
                type=MODELS,
                id=f"{WORKSPACE}/models/{name}",
                platform="azure",
                account=SUBSCRIPTION,
                region="eastus2",
                name=name,
                inputs={"name": name, "resourceGroupName": "azure-full", "workspaceName": "w1"},
                outputs={},
            )
        )
    return state


def test_only_what_is_approved_is_served(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    double = KeptDouble(database=tmp_path / "state.sqlite")
    monkeypatch.setenv(AZURE_VARIABLE, "http://127.0.0.1:9")
    with cloud.through(cloud.Wire(double)) as run:
        service, inputs = ApprovedVersionService(run.clouds), parsed(ApprovedVersionInputs, GIVEN)
        with pytest.raises(ProviderError, match="it is not approved"):
            service.create(inputs)
        byhand.register(state, VERSION, DIGEST)
        with pytest.raises(ProviderError, match="it is not approved"):
            service.create(inputs)
        byhand.decide(state, VERSION, "Approved")
        created = service.create(inputs)
        assert created.outputs == {"status": "Approved"}
        state.faults.arm("throttle", "mlplatform:azure:ApprovedVersion", on_read=True)
        assert service.update(inputs) == {"status": "Approved"}
        byhand.decide(state, VERSION, "Rejected")
        assert service.read(created.id, GIVEN) == {"status": "Rejected"}
        with pytest.raises(ProviderError, match="rejected"):
            service.update(inputs)


def test_a_registry_takes_what_azure_ml_takes(state: State) -> None:
    for version, digest, said in (
        ("azure-full/other/1", DIGEST, "no model of which versions are approved stands here"),
        ("azure-full/ranker/1", DIGEST, "no model of which versions are approved stands here"),
        ("azure-full/scorer/0", DIGEST, "no version of a model"),
        (VERSION, "sha256:abc", "no digest of a record"),
    ):
        with pytest.raises(BadInput, match=said):
            byhand.register(state, version, digest)
    with pytest.raises(BadInput, match="no such version is registered"):
        byhand.decide(state, VERSION, "Approved")
    assert byhand.register(state, VERSION, DIGEST) == byhand.register(state, VERSION, DIGEST)
    with pytest.raises(BadInput, match="a version never changes"):
        byhand.register(state, VERSION, f"sha256:{'b' * 64}")
