"""The next registry on gcp and azure: which number a copy gets, where its files go, and the one call that registers."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from obstore.store import MemoryStore, ObjectStore

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import Registered
from operations import stores
from operations.doctor import azure as doctor
from operations.promoting import azure, gcp
from stacks.config import STACKS, read_stack_file
from tests.operations.promoting.test_azure import SUBSCRIPTION
from tests.operations.promoting.test_gcp import PROJECT, Store, content, store

__all__ = ["store"]

VERSION = Registered("scorer", 2)
GROUP = "azure-pilot"
ROOT = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{GROUP}/providers/Microsoft.MachineLearningServices/workspaces/w1"
PLACE = f"management.azure.com{ROOT}/models/scorer-registered/versions"


class Azure:
    """A workspace that one may read, in a group whose workspaces one may not list."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.versions: dict[str, Any] = {}
        self.model = True

        def opened(account: str, region: str, reads: Any) -> doctor.Account:
            transport = httpx.MockTransport(self.answer)
            return doctor.account_of(lambda scope: "word", SUBSCRIPTION, region, transport, reads)

        monkeypatch.setattr(azure, "open_account", opened)

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == f"/subscriptions/{SUBSCRIPTION}/resources":
            assert "resourceGroup eq 'azure-pilot'" in request.url.params["$filter"]
            return httpx.Response(200, json={"value": [{"name": "w1"}]})
        if path.endswith("/datastores/artifacts"):
            return httpx.Response(200, json={"properties": {"accountName": "store", "containerName": "artifacts"}})
        number = path.rpartition("/")[2]
        if "/models/scorer-registered/versions/" not in path:
            return httpx.Response(403, json={"error": {"code": "AuthorizationFailed", "message": "no"}})
        if request.method == "PUT" and self.model:
            self.versions[number] = json.loads(request.content)
            return httpx.Response(201, json=self.versions[number])
        return httpx.Response(200, json=self.versions[number]) if number in self.versions else httpx.Response(404)


def test_azure_registers_under_the_number_that_is_free_and_by_the_digest(monkeypatch: pytest.MonkeyPatch) -> None:
    cloud, config = Azure(monkeypatch), read_stack_file(STACKS / "Pulumi.azure-pilot.yaml")
    digest = versions.digest(content(2))
    assert azure.numbered(GROUP, config, VERSION, digest, None) == (2, False)
    assert azure.folder(GROUP, config, VERSION) == "az://store/artifacts/registry/scorer/2/"
    azure.enrol(GROUP, config, VERSION, digest, "")
    said = cloud.versions["2"]["properties"]
    assert said["properties"] == {"digest": digest}
    assert said["modelUri"].endswith("/datastores/artifacts/paths/registry/scorer/2/")
    assert azure.numbered(GROUP, config, VERSION, digest, None) == (2, True)
    with pytest.raises(BadInput, match=r"is another version, and a version never changes; choose another number"):
        azure.numbered(GROUP, config, VERSION, f"sha256:{'0' * 64}", None)
    assert azure.numbered(GROUP, config, VERSION, digest, 5) == (5, False)
    cloud.model = False
    with pytest.raises(BadInput, match="has no model scorer-registered; bring azure-pilot up first"):
        azure.enrol(GROUP, config, Registered("scorer", 9), digest, "")


def test_gcp_takes_the_number_whose_folder_is_free(store: Store) -> None:
    config, digest = read_stack_file(STACKS / "Pulumi.gcp-pilot.yaml"), versions.digest(content(2))
    assert gcp.numbered("gcp-pilot", config, VERSION, digest, None) == (2, True)
    assert gcp.numbered("gcp-pilot", config, VERSION, digest, 7) == (7, False)
    with pytest.raises(BadInput, match="is of another version, and a version never changes; choose another number"):
        gcp.numbered("gcp-pilot", config, VERSION, digest, 1)
    assert gcp.folder("gcp-pilot", config, VERSION) == f"gs://gcp-pilot-artifacts-{PROJECT}/registry/scorer/2/"
    image = gcp.image("gcp-pilot", config, VERSION, config)
    assert str(image) == f"us-central1-docker.pkg.dev/{PROJECT}/gcp-pilot-registry-images/scorer:2"


def test_what_lies_in_a_store_is_not_written_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    kept = MemoryStore()

    def opened(place: str, option: str) -> tuple[ObjectStore, str]:
        return kept, place.removeprefix("s3://bucket/")

    monkeypatch.setattr(stores, "_store", opened)
    file, there = tmp_path / "file", tmp_path / "below" / "there"
    file.write_bytes(b"one")
    assert stores.write_once("s3://bucket/registry/a", file)
    file.write_bytes(b"another")
    assert not stores.write_once("s3://bucket/registry/a", file)
    stores.read("s3://bucket/registry/a", there)
    assert there.read_bytes() == b"one"
    with pytest.raises(BadInput, match="cannot read s3://bucket/registry/b"):
        stores.read("s3://bucket/registry/b", there)
    monkeypatch.setattr(stores, "LARGEST_AT_ONCE", 3)
    with pytest.raises(BadInput, match="is larger than 5 GB"):
        stores.write_once("s3://bucket/registry/b", file)
