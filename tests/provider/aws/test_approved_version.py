"""The preflight of a registered version against the double: what it lets through, and what it refuses and how."""

import re

import pytest

from provider.aws.approved_version import ApprovedVersionInputs, ApprovedVersionService, arn
from provider.aws_door import AwsDoor, signing
from provider.clock import InstantClock
from provider.errors import ProviderError
from provider.inputs import parsed, wrong_inputs
from sandbox.rest import CallFault
from tests.provider import cloud
from tests.provider.cloud import logic

DIGEST, OTHER = f"sha256:{'a' * 64}", f"sha256:{'b' * 64}"
GIVEN = {
    "account": "111122223333",
    "region": "us-east-1",
    "group": "aws-full-registry-scorer",
    "version": 3,
    "digest": DIGEST,
}
ARN = arn("111122223333", "us-east-1", "aws-full-registry-scorer", 3)


@pytest.fixture
def double(monkeypatch):
    with cloud.double(monkeypatch) as double:
        yield double


def inputs(**other) -> ApprovedVersionInputs:
    return parsed(ApprovedVersionInputs, {**GIVEN, **other})


def test_an_approved_version_with_its_digest_passes_and_only_a_read_is_asked(double):
    double.sagemaker.register(ARN, DIGEST, "Approved")
    with logic() as run:
        created = ApprovedVersionService(run.clouds).create(inputs())
        ApprovedVersionService(run.clouds).delete(created.id)
    assert (created.id, created.outputs) == (ARN, {"status": "Approved"})
    assert double.calls == ["POST /SageMaker.DescribeModelPackage"]


@pytest.mark.parametrize(
    ("digest", "status", "said"),
    [
        (None, "", "the registry has no such version; register it"),
        (DIGEST, "PendingManualApproval", "it is not approved (PendingManualApproval); let the approver decide"),
        (DIGEST, "Rejected", "it was rejected; name another version"),
        (OTHER, "Approved", f"the registry has the digest {OTHER}, and the stack file names {DIGEST}"),
        ("", "Approved", f"the registry has no digest, and the stack file names {DIGEST}"),
    ],
)
def test_what_may_not_be_served_is_one_sentence(double, digest, status, said):
    if digest is not None:
        double.sagemaker.register(ARN, digest, status)
    with logic() as run:
        service = ApprovedVersionService(run.clouds)
        for change in (service.create, service.update):
            with pytest.raises(ProviderError, match=re.escape(f"version 3 of aws-full-registry-scorer: {said}")):
                change(inputs())


@pytest.mark.parametrize("changed", [("version", 4), ("account", "444455556666"), ("group", "aws-full-registry-other")])
def test_another_version_group_or_account_is_another_question(double, changed):
    double.sagemaker.register(ARN, DIGEST, "Approved")
    with logic() as run, pytest.raises(ProviderError, match="no such version"):
        ApprovedVersionService(run.clouds).create(inputs(**dict([changed])))


@pytest.mark.parametrize("kind", ["throttle", "unavailable", "drop"])
def test_a_read_that_fails_is_tried_again_and_no_more_than_six_times(double, kind):
    double.sagemaker.register(ARN, DIGEST, "Approved")
    with logic() as run:
        double.faults.append(CallFault(kind, "DescribeModelPackage", times=2))
        assert ApprovedVersionService(run.clouds).update(inputs()) == {"status": "Approved"}
        assert len(double.calls) == 3
        double.faults.append(CallFault(kind, "DescribeModelPackage", times=99))
        with pytest.raises(ProviderError, match="version 3 of aws-full-registry-scorer: "):
            ApprovedVersionService(run.clouds).update(inputs())
        assert len(double.calls) == 9


def test_a_refused_read_is_no_approval_and_is_said_as_aws_says_it(double):
    double.sagemaker.register(ARN, DIGEST, "Approved")
    double.faults.append(CallFault("refuse", "DescribeModelPackage", message="User is not authorized."))
    with logic() as run, pytest.raises(ProviderError, match=r"User is not authorized \(AccessDeniedException\)"):
        ApprovedVersionService(run.clouds).update(inputs())


def test_a_refresh_shows_an_approval_that_was_taken_back_so_that_an_update_is_due(double):
    with logic() as run:
        service = ApprovedVersionService(run.clouds)
        assert service.healed == {"status": "Approved"}
        assert service.read(ARN, GIVEN) == {"status": "Missing"}
        double.sagemaker.register(ARN, DIGEST, "Rejected")
        assert service.read(ARN, GIVEN) == {"status": "Rejected"}
        double.sagemaker.register(ARN, OTHER, "Approved")
        assert service.read(ARN, GIVEN) == {"status": "OtherDigest"}
        double.sagemaker.register(ARN, DIGEST, "Approved")
        assert service.read(ARN, GIVEN) == {"status": "Approved"}
        assert service.read(ARN, {}) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [("account", "1"), ("region", "us"), ("group", "a_b"), ("version", 0), ("digest", "a" * 64)],
)
def test_wrong_inputs_are_said(key, value):
    (wrong,) = wrong_inputs(ApprovedVersionInputs, {**GIVEN, key: value}, (), ())
    assert "must" in wrong.sentence


def test_a_real_call_is_signed_with_its_body_and_target(monkeypatch):
    import httpx

    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-a-secret")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        body = {"__type": "com.amazon#ExpiredTokenException", "message": "AKIDEXAMPLE is old"}
        return httpx.Response(400, json=body) if len(seen) < 3 else httpx.Response(200, json={})

    sign, token = signing("sagemaker", "us-east-1")
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        door = AwsDoor("https://api.sagemaker.us-east-1.amazonaws.com", token, InstantClock(), client, sign)
        with pytest.raises(ProviderError, match=r"asking: \*\*\* is old"):
            door.asked("SageMaker.DescribeModelPackage", {"ModelPackageName": ARN}, "asking")
        door.asked("SageMaker.DescribeModelPackage", {"ModelPackageName": ARN}, "asking")
    headers = seen[-1].headers
    assert headers["Authorization"].startswith("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/")
    assert "/us-east-1/sagemaker/aws4_request" in headers["Authorization"]
    assert "x-amz-target" in headers["Authorization"]
    assert headers["X-Amz-Security-Token"] == "session"
    assert ARN.encode() in seen[-1].content
