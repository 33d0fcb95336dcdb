"""The preflight of a registered version against the double: what it lets through, and what it refuses and how."""

import re

import pytest

from provider.errors import ProviderError
from provider.gcp.approved_version import ApprovedVersionInputs, ApprovedVersionService
from provider.inputs import parsed, wrong_inputs
from sandbox.rest import CallFault
from tests.provider import cloud
from tests.provider.cloud import logic

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
BUCKET = "gcp-full-approvals-payments-risk-pilot"
GIVEN = {"project": "payments-risk-pilot", "bucket": BUCKET, "model": "scorer", "version": 3, "digest": DIGEST}
VERSION = f"gs://{BUCKET}/approvals/scorer/3"


@pytest.fixture
def double(monkeypatch):
    with cloud.double(monkeypatch) as double:
        yield double


def inputs(**other) -> ApprovedVersionInputs:
    return parsed(ApprovedVersionInputs, {**GIVEN, **other})


def test_an_approved_version_with_its_digest_passes_and_only_reads_are_asked(double):
    double.storage.decide(VERSION, DIGEST, "Approved")
    with logic() as run:
        created = ApprovedVersionService(run.clouds).create(inputs())
        ApprovedVersionService(run.clouds).delete(created.id)
    assert (created.id, created.outputs) == (f"{BUCKET}/scorer/3", {"status": "Approved"})
    place = f"GET /storage/v1/b/{BUCKET}/o/approvals%2Fscorer%2F3%2F"
    assert double.calls == [f"{place}rejected.json", f"{place}approved.json"]


@pytest.mark.parametrize(
    ("decided", "said"),
    [
        ((), f"it is not approved, for no approval of it lies in gs://{BUCKET}; let the approver decide"),
        (((DIGEST, "Rejected"),), "it was rejected; name another version"),
        (((DIGEST, "Approved"), (DIGEST, "Rejected")), "it was rejected; name another version"),
        (((OTHER, "Approved"),), f"its approval has the digest {OTHER}, and the stack file names {DIGEST}"),
        ((("", "Approved"),), f"its approval has no digest, and the stack file names {DIGEST}"),
    ],
)
def test_what_may_not_be_served_is_one_sentence(double, decided, said):
    for digest, status in decided:
        double.storage.decide(VERSION, digest, status)
    with logic() as run:
        service = ApprovedVersionService(run.clouds)
        for change in (service.create, service.update):
            with pytest.raises(ProviderError, match=re.escape(f"version 3 of scorer: {said}")):
                change(inputs())


def test_an_object_that_says_something_else_is_no_approval(double):
    for text in ({}, {"decision": "rejected", "digest": DIGEST}, {"digest": DIGEST}):
        double.storage.objects[f"{VERSION}/approved.json"] = text
        with logic() as run, pytest.raises(ProviderError, match="not approved"):
            ApprovedVersionService(run.clouds).create(inputs())


@pytest.mark.parametrize("changed", [("version", 4), ("version", 33), ("model", "other"), ("bucket", "somebody-elses")])
def test_another_version_model_or_bucket_is_another_question(double, changed):
    double.storage.decide(VERSION, DIGEST, "Approved")
    with logic() as run, pytest.raises(ProviderError, match="not approved"):
        ApprovedVersionService(run.clouds).create(inputs(**dict([changed])))


@pytest.mark.parametrize("kind", ["throttle", "unavailable", "drop"])
def test_a_read_that_fails_is_tried_again_and_no_more_than_six_times(double, kind):
    double.storage.decide(VERSION, DIGEST, "Approved")
    with logic() as run:
        double.faults.append(CallFault(kind, "approved", times=2))
        assert ApprovedVersionService(run.clouds).update(inputs()) == {"status": "Approved"}
        assert len(double.calls) == 4
        double.faults.append(CallFault(kind, "approved", times=99))
        with pytest.raises(ProviderError, match="version 3 of scorer: "):
            ApprovedVersionService(run.clouds).update(inputs())
        assert len(double.calls) == 11


@pytest.mark.parametrize("which", ["approved", "rejected"])
def test_a_refused_read_is_no_approval_and_is_said_as_google_says_it(double, which):
    double.storage.decide(VERSION, DIGEST, "Approved")
    double.faults.append(CallFault("refuse", which, message="a@b does not have storage.objects.get access."))
    with logic() as run, pytest.raises(ProviderError, match=r"storage.objects.get access \(PERMISSION_DENIED\)"):
        ApprovedVersionService(run.clouds).update(inputs())


def test_a_refresh_shows_a_rejection_so_that_an_update_is_due(double):
    with logic() as run:
        service = ApprovedVersionService(run.clouds)
        assert service.healed == {"status": "Approved"}
        assert service.read("", GIVEN) == {"status": "NotDecided"}
        double.storage.decide(VERSION, OTHER, "Approved")
        assert service.read("", GIVEN) == {"status": "OtherDigest"}
        double.storage.decide(VERSION, DIGEST, "Approved")
        assert service.read("", GIVEN) == {"status": "Approved"}
        double.storage.decide(VERSION, DIGEST, "Rejected")
        assert service.read("", GIVEN) == {"status": "Rejected"}
        assert service.read("", {}) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("project", "1"), ("bucket", "A"), ("model", "a_b"), ("version", 0), ("digest", "a" * 64)],
)
def test_wrong_inputs_are_said(key, value):
    (wrong,) = wrong_inputs(ApprovedVersionInputs, {**GIVEN, key: value}, (), ())
    assert "must" in wrong.sentence
