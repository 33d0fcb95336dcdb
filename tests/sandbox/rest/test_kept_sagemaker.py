"""The registry of a sandbox: a new one has no version, and what is registered and decided there the preflight hears."""

from pathlib import Path

import pytest

from catalogue.errors import BadInput
from catalogue.kinds.aws.sagemaker import PACKAGE_GROUP
from provider.aws.approved_version import ApprovedVersionInputs, ApprovedVersionService
from provider.clouds import AWS_VARIABLE
from provider.errors import ProviderError
from provider.inputs import parsed
from sandbox import byhand
from sandbox.rest.kept import KeptDouble
from sandbox.state import State
from sandbox.state.records import New
from tests.provider import cloud

GROUP, DIGEST = "aws-full-registry-scorer", f"sha256:{'a' * 64}"
VERSION = f"{GROUP}/1"
GIVEN = {"account": "111122223333", "region": "us-east-1", "group": GROUP, "version": 1, "digest": DIGEST}


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path / "state.sqlite")
    arn = f"arn:aws:sagemaker:us-east-1:111122223333:model-package-group/{GROUP}"
    state.resources.create(
        New(
            type=PACKAGE_GROUP,
            id=GROUP,
            platform="aws",
            account="111122223333",
            region="us-east-1",
            name=GROUP,
            inputs={"modelPackageGroupName": GROUP},
            outputs={"arn": arn},
        )
    )
    return state


def test_only_what_is_registered_and_approved_is_served(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    double = KeptDouble(database=tmp_path / "state.sqlite")
    monkeypatch.setenv(AWS_VARIABLE, "http://127.0.0.1:9")
    with cloud.through(cloud.Wire(double)) as run:
        service, inputs = ApprovedVersionService(run.clouds), parsed(ApprovedVersionInputs, GIVEN)
        with pytest.raises(ProviderError, match="no such version"):
            service.create(inputs)
        byhand.register(state, VERSION, DIGEST)
        with pytest.raises(ProviderError, match="not approved"):
            service.create(inputs)
        byhand.decide(state, VERSION, "Approved")
        assert service.create(inputs).outputs == {"status": "Approved"}
        state.faults.arm("throttle", "mlplatform:aws:ApprovedVersion", on_read=True)
        assert service.update(inputs) == {"status": "Approved"}
        byhand.decide(state, VERSION, "Rejected")
        assert service.read("", GIVEN) == {"status": "Rejected"}
        with pytest.raises(ProviderError, match="rejected"):
            service.update(inputs)


def test_a_registry_takes_what_sagemaker_takes(state: State) -> None:
    for version, digest, said in (
        ("other/1", DIGEST, "no group of model packages stands here"),
        (GROUP, DIGEST, "no version of a model"),
        (f"{GROUP}/0", DIGEST, "no version of a model"),
        (VERSION, "sha256:abc", "no digest of a record"),
        (f"{GROUP}/2", DIGEST, "the next version of the group is 1"),
    ):
        with pytest.raises(BadInput, match=said):
            byhand.register(state, version, digest)
    with pytest.raises(BadInput, match="no such version is registered"):
        byhand.decide(state, VERSION, "Approved")
    assert byhand.register(state, VERSION, DIGEST) == byhand.register(state, VERSION, DIGEST)
    with pytest.raises(BadInput, match="a version never changes"):
        byhand.register(state, VERSION, f"sha256:{'b' * 64}")
    with pytest.raises(BadInput, match="it was registered with the digest"):
        byhand.decide(state, VERSION, "Approved", f"sha256:{'b' * 64}")
    byhand.decide(state, VERSION, "Approved", DIGEST)
    byhand.register(state, VERSION, DIGEST)
    assert list(state.account.versions().values()) == [("Approved", DIGEST)]
