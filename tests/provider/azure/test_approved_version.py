"""The preflight of a registered version against the double: what it lets through, and what it refuses and how."""

import re

import pytest

from catalogue.registered import APPROVALS as KNOWN_APPROVALS
from catalogue.registered import DIGEST as KNOWN_DIGEST
from provider.azure.approved_version import (
    APPROVALS,
    ApprovedVersionInputs,
    ApprovedVersionService,
    approval_id,
)
from provider.azure.approved_version import DIGEST as PROPERTY
from provider.errors import ProviderError
from provider.inputs import parsed, wrong_inputs
from sandbox.rest import CallFault
from tests.provider import cloud
from tests.provider.cloud import logic

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
GIVEN = {
    "subscriptionId": "11112222-3333-4444-5555-666677778888",
    "resourceGroup": "azure-full",
    "workspace": "azure-full-workspace",
    "model": "scorer",
    "version": 3,
    "digest": DIGEST,
}


def inputs(**other) -> ApprovedVersionInputs:
    return parsed(ApprovedVersionInputs, {**GIVEN, **other})


ID = approval_id(inputs())


@pytest.fixture
def double(monkeypatch):
    with cloud.double(monkeypatch) as double:
        yield double


def test_an_approved_version_with_its_digest_passes_and_only_a_read_is_asked(double):
    assert ID.endswith("/workspaces/azure-full-workspace/models/scorer-approved/versions/3")
    assert (APPROVALS, PROPERTY) == (KNOWN_APPROVALS, KNOWN_DIGEST)
    double.arm.add_approval(ID, DIGEST)
    with logic() as run:
        created = ApprovedVersionService(run.clouds).create(inputs())
        ApprovedVersionService(run.clouds).delete(created.id)
    assert (created.id, created.outputs) == (ID, {"status": "Approved"})
    assert [call.partition(" ")[0] for call in double.calls] == ["GET"]


@pytest.mark.parametrize(
    ("digest", "archived", "said"),
    [
        (None, False, "it is not approved; let the approver decide"),
        (DIGEST, True, "it was rejected; name another version"),
        (OTHER, False, f"the approval has the digest {OTHER}, and the stack file names {DIGEST}"),
        ("", False, f"the approval has no digest, and the stack file names {DIGEST}"),
    ],
)
def test_what_may_not_be_served_is_one_sentence(double, digest, archived, said):
    if digest is not None:
        double.arm.add_approval(ID, digest, archived)
    with logic() as run:
        service = ApprovedVersionService(run.clouds)
        for change in (service.create, service.update):
            with pytest.raises(ProviderError, match=re.escape(f"version 3 of scorer: {said}")):
                change(inputs())


@pytest.mark.parametrize("changed", [("version", 4), ("model", "other"), ("workspace", "another")])
def test_another_version_model_or_workspace_is_another_question(double, changed):
    double.arm.add_approval(ID, DIGEST)
    with logic() as run, pytest.raises(ProviderError, match="it is not approved"):
        ApprovedVersionService(run.clouds).create(inputs(**dict([changed])))


@pytest.mark.parametrize("kind", ["throttle", "unavailable", "drop"])
def test_a_read_that_fails_is_tried_again_and_then_is_no_approval(double, kind):
    double.arm.add_approval(ID, DIGEST)
    with logic() as run:
        double.faults.append(CallFault(kind, "versions", times=2))
        assert ApprovedVersionService(run.clouds).update(inputs()) == {"status": "Approved"}
        assert len(double.calls) == 3
        double.faults.append(CallFault(kind, "versions", times=99))
        with pytest.raises(ProviderError, match="version 3 of scorer: "):
            ApprovedVersionService(run.clouds).update(inputs())


def test_a_refused_read_is_no_approval_and_is_said_as_azure_says_it(double):
    double.arm.add_approval(ID, DIGEST)
    double.faults.append(CallFault("refuse", "versions", message="The client does not have authorization."))
    with logic() as run, pytest.raises(ProviderError, match="The client does not have authorization"):
        ApprovedVersionService(run.clouds).update(inputs())


def test_a_refresh_shows_an_approval_that_was_taken_back_so_that_an_update_is_due(double):
    with logic() as run:
        service = ApprovedVersionService(run.clouds)
        assert service.healed == {"status": "Approved"}
        assert service.read(ID, GIVEN) == {"status": "Missing"}
        double.arm.add_approval(ID, DIGEST, archived=True)
        assert service.read(ID, GIVEN) == {"status": "Rejected"}
        double.arm.add_approval(ID, OTHER)
        assert service.read(ID, GIVEN) == {"status": "OtherDigest"}
        double.arm.add_approval(ID, DIGEST)
        assert service.read(ID, GIVEN) == {"status": "Approved"}
        assert service.read(ID, {}) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("subscriptionId", "1"), ("resourceGroup", "/"), ("model", "a_b"), ("version", 0), ("digest", "a" * 64)],
)
def test_wrong_inputs_are_said(key, value):
    (wrong,) = wrong_inputs(ApprovedVersionInputs, {**GIVEN, key: value}, (), ())
    assert "must" in wrong.sentence
