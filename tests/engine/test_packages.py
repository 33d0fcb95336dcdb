"""The component packages and the policy pack in projects of somebody else, on the real engine in a sandbox."""

import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from operations.packing import build_pack
from sandbox.engine import Engine, Failed
from tests.engine.project import STACK, Project
from tests.engine.service import ORGANISATION, service

pytestmark = pytest.mark.usefixtures("long")
STRANGERS = Path(__file__).parent / "strangers"
CONFIG = {
    "aws": {"aws:region": "us-east-1", "aws:allowedAccountIds": ["111122223333"]},
}


@pytest.fixture
def project(tmp_path: Path, sandbox: Callable[[], Engine]) -> Project:
    return Project(tmp_path / "shop", sandbox())


def test_the_pack_is_published_and_judges_a_project_that_has_nothing_else_of_ours(
    project: Project, tmp_path: Path
) -> None:
    project.write(STRANGERS / "bucket.py", CONFIG["aws"], "pulumi-aws")
    build_pack(tmp_path / "pack")
    project.pulumi("install", cwd=tmp_path / "pack")
    with service() as (address, published):
        cloud = {"PULUMI_BACKEND_URL": address, "PULUMI_ACCESS_TOKEN": "none"}
        project.pulumi("policy", "publish", ORGANISATION, cwd=tmp_path / "pack", env=cloud)
    assert published.complete and published.about["name"] == "mlplatform"
    assert {"aws-network-proof", "kind-known"} <= {policy["name"] for policy in published.about["policies"]}

    with tarfile.open(fileobj=io.BytesIO(published.archive)) as archive:
        archive.extractall(tmp_path / "downloaded", filter="data")
    downloaded = tmp_path / "downloaded" / "package"
    assert not (downloaded / ".venv").exists(), "an environment is made where the pack runs"
    project.pulumi("install", cwd=downloaded)
    project.pulumi("install")
    with pytest.raises(Failed, match=r"aws-encryption-bucket-whole.*aws:s3/?.*: open"):
        project.pulumi("preview", "--stack", STACK, "--policy-pack", str(downloaded))
