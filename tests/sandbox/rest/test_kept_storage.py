"""The approvals of a sandbox: a new one has none, and what is decided there the preflight hears."""

from dataclasses import replace
from pathlib import Path

import pytest

from catalogue.errors import BadInput
from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp.storage import BUCKET
from operations.sandboxes import walk
from operations.steps import gcp
from provider.clouds import GOOGLE_VARIABLE
from provider.errors import ProviderError
from provider.gcp.approved_version import ApprovedVersionInputs, ApprovedVersionService
from provider.inputs import parsed
from sandbox import byhand
from sandbox.rest.kept import KeptDouble
from sandbox.state import State
from sandbox.state.records import New
from tests.provider import cloud

NAME, DIGEST, OTHER = "gcp-full-approvals-payments-risk-pilot", f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
VERSION = f"gs://{NAME}/approvals/scorer/1"
GIVEN = {"project": "payments-risk-pilot", "bucket": NAME, "model": "scorer", "version": 1, "digest": DIGEST}


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state.sqlite")
    state.resources.create(
        New(
            type=BUCKET,
            id=NAME,
            platform="gcp",
            account="payments-risk-pilot",
            region="us-central1",
            name=NAME,
            inputs={"name": NAME},
            outputs={"name": NAME},
        )
    )
    return state


def test_only_what_is_approved_is_served_and_a_rejection_stays(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = KeptDouble(database=tmp_path / "state.sqlite")
    monkeypatch.setenv(GOOGLE_VARIABLE, "http://127.0.0.1:9")
    with cloud.through(cloud.Wire(double)) as run:
        service, inputs = ApprovedVersionService(run.clouds), parsed(ApprovedVersionInputs, GIVEN)
        with pytest.raises(ProviderError, match="not approved"):
            service.create(inputs)
        byhand.decide(state, VERSION, "Approved", DIGEST)
        assert service.create(inputs).outputs == {"status": "Approved"}
        state.faults.arm("throttle", "mlplatform:gcp:ApprovedVersion", on_read=True)
        assert service.update(inputs) == {"status": "Approved"}
        assert service.read("", {**GIVEN, "digest": OTHER}) == {"status": "OtherDigest"}
        byhand.decide(state, VERSION, "Rejected", DIGEST)
        assert service.read("", GIVEN) == {"status": "Rejected"}
        with pytest.raises(ProviderError, match="rejected"):
            service.update(inputs)
        with pytest.raises(BadInput, match="no decision is replaced"):
            byhand.decide(state, VERSION, "Approved", DIGEST)


def test_the_manual_step_of_a_version_is_what_the_preflight_asks_for(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asks, model = (
        Resource(urn=f"urn:{type_}", type=type_, name=type_, custom=True, inputs=inputs, outputs=inputs)
        for type_, inputs in (("mlplatform:gcp:ApprovedVersion", GIVEN), ("mlplatform:gcp:Model", {}))
    )
    graph = Graph("gcp-full", "gcp", (asks, replace(model, dependencies=(asks.urn,))), {})
    before, step = gcp.versions(graph, "payments-risk-pilot", "us-central1")
    assert before.commands == ["uv run mlplatform register gcp-full scorer@1 --from CANDIDATE --yes"]
    assert step.who == "approver"
    assert step.commands == ["uv run mlplatform approve gcp-full scorer@1 --because WHY --yes"]
    assert (step.looks[0].name, step.looks[0].at) == (VERSION, DIGEST)
    walk.do(state, step, graph)
    monkeypatch.setenv(GOOGLE_VARIABLE, "http://127.0.0.1:9")
    with cloud.through(cloud.Wire(KeptDouble(database=tmp_path / "state.sqlite"))) as run:
        inputs = parsed(ApprovedVersionInputs, GIVEN)
        assert ApprovedVersionService(run.clouds).create(inputs).outputs == {"status": "Approved"}


def test_a_bucket_of_approvals_takes_what_google_takes(state: State) -> None:
    for version, digest, said in (
        ("gs://other/approvals/scorer/1", DIGEST, "no bucket of that name stands here"),
        (f"gs://{NAME}/scorer/1", DIGEST, "no version of a model"),
        (f"gs://{NAME}/approvals/scorer/0", DIGEST, "no version of a model"),
        (VERSION, "", "no digest of a record"),
        (VERSION, "sha256:abc", "no digest of a record"),
    ):
        with pytest.raises(BadInput, match=said):
            byhand.decide(state, version, "Approved", digest)
    with pytest.raises(BadInput, match="is registered there by uploading it"):
        byhand.register(state, VERSION, DIGEST)
    byhand.decide(state, VERSION, "Approved", DIGEST)
    byhand.decide(state, VERSION, "Approved", DIGEST)
    with pytest.raises(BadInput, match="no decision is replaced"):
        byhand.decide(state, VERSION, "Approved", OTHER)
    assert state.account.versions() == {VERSION: ("Approved", DIGEST)}
