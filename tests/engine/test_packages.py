"""The component packages and the policy pack in projects of somebody else, on the real engine in a sandbox."""

import io
import json
import tarfile
from collections.abc import Callable
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any, cast

import pytest

from catalogue.platforms import PLATFORMS
from components.package import name_of
from operations.packing import build_pack
from sandbox.engine import Engine, EngineFailed
from sandbox.state import State
from tests.engine.project import STACK, Project, copied
from tests.engine.service import ORGANISATION, service

pytestmark = pytest.mark.usefixtures("long")
STRANGERS = Path(__file__).parent / "strangers"
CONFIG = {
    "aws": {"aws:region": "us-east-1", "aws:allowedAccountIds": ["111122223333"]},
    "gcp": {"gcp:project": "shop-recommender", "gcp:region": "us-central1"},
    "azure": {
        "azure-native:subscriptionId": "00000000-0000-4000-8000-000000000001",
        "azure-native:location": "eastus2",
    },
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
        archive.extractall(tmp_path / "downloaded", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    downloaded = tmp_path / "downloaded" / "package"
    assert not (downloaded / ".venv").exists(), "an environment is made where the pack runs"
    project.pulumi("install", cwd=downloaded)
    project.pulumi("install")
    with pytest.raises(EngineFailed, match=r"aws-encryption-bucket-whole.*aws:s3/?.*: open"):
        project.pulumi("preview", "--stack", STACK, "--policy-pack", str(downloaded))


@pytest.mark.parametrize("language", ["py", "ts"])
@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_program_of_another_project_brings_up_a_network_and_an_endpoint(
    platform: str, language: str, project: Project, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if language == "ts":
        request.getfixturevalue("node")
    project.write(STRANGERS / f"{platform}.{language}", CONFIG[platform])
    project.add(copied(tmp_path / "checkout"), platform)
    build_pack(tmp_path / "pack")
    project.pulumi("install", cwd=tmp_path / "pack")

    said = project.pulumi("up", "--stack", STACK, "--yes", "--policy-pack", str(tmp_path / "pack"))
    outputs = json.loads(project.pulumi("stack", "output", "--stack", STACK, "--json"))
    assert outputs["served"], said
    made = json.loads(project.pulumi("stack", "export", "--stack", STACK))["deployment"]["resources"]
    nouns = {item["type"] for item in made if item["type"].startswith(f"{name_of(platform)}:index:")}
    assert {f"{name_of(platform)}:index:{noun}" for noun in ("Network", "Endpoint")} <= nouns
    assert all(item.get("parent") for item in made if not item["type"].startswith("pulumi:")), "nothing stands alone"
    assert project.pulumi("preview", "--stack", STACK, "--expect-no-changes")

    project.pulumi("state", "unprotect", "--all", "--yes", "--stack", STACK)
    project.pulumi("destroy", "--stack", STACK, "--yes")
    assert State(project.engine.home.database).resources.all() == []


@pytest.mark.parametrize("platform", PLATFORMS)
def test_every_component_is_constructed_through_its_package(platform: str, project: Project, tmp_path: Path) -> None:
    examples = import_module(f"tests.components.{platform}.examples").EXAMPLES
    package = f"pulumi_{name_of(platform).replace('-', '_')}"
    project.write(STRANGERS / "every.py", CONFIG[platform])
    project.add(copied(tmp_path / "checkout"), platform)
    arguments = {noun: _given(asdict(args)) for noun, args in examples.items()}
    (project.folder / "examples.json").write_text(
        json.dumps({"package": package, "examples": arguments}), encoding="utf-8"
    )
    events = project.pulumi("preview", "--stack", STACK, "--json")
    planned = [step["urn"] for step in json.loads(events[events.index("{") : events.rindex("}") + 1])["steps"]]
    for noun in examples:
        token = f"{name_of(platform)}:index:{noun}"
        assert any(f"::{token}::it-" in urn for urn in planned), noun
        assert any(f"{token}$" in urn for urn in planned), f"{noun} has children"


def _given(value: Any) -> Any:
    """The arguments without those that are left out."""
    if isinstance(value, dict):
        return {key: _given(item) for key, item in cast(dict[str, Any], value).items() if item is not None}
    return [_given(item) for item in cast(list[Any], value)] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize("language", ["py", "ts"])
def test_a_value_that_comes_too_late_is_refused_in_one_sentence(
    language: str, project: Project, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    if language == "ts":
        request.getfixturevalue("node")
    project.write(STRANGERS / f"late.{language}", CONFIG["aws"])
    project.add(copied(tmp_path / "checkout"), "aws")
    with pytest.raises(EngineFailed, match=r"NetworkArgs\.cidr: is an Output, [^\n]+ no secret\n") as refused:
        project.pulumi("preview", "--stack", STACK)
    assert "checkout/components" not in str(refused.value), "nothing of how we found out"
