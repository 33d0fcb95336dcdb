"""`mlplatform versions` and `promote NAME@latest`: what a registry has, and which of it is approved."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from catalogue import versions
from catalogue.errors import BadInput
from operations.doctor import azure as doctor
from operations.doctor import gcp as google
from operations.doctor.rest import Read
from operations.promoting import azure, gcp
from stacks.config import STACKS, read_stack_file
from tests.operations.promoting import test_gcp
from tests.operations.promoting.test_azure import AT, STACK, SUBSCRIPTION
from tests.operations.promoting.test_promoting import BECAUSE, NAME, content, file, register, registry, run

__all__ = ["file", "registry"]


def rows(*words: object) -> list[tuple[int, str]]:
    said = json.loads(run("versions", *words, "--format", "json"))
    return [(row["version"], row["status"]) for row in said["versions"]]


def test_each_version_is_listed_and_latest_is_the_newest_that_is_approved(registry: Any, file: Path) -> None:
    register(3)
    assert rows(file) == [(number, "PendingManualApproval") for number in (3, 2, 1)]
    with pytest.raises(BadInput, match="scorer@latest: the registry of aws-pilot has no version that is approved"):
        run("promote", "scorer@latest", file)
    run("approve", file, "scorer@2", *BECAUSE, "--yes")
    said = run("versions", file, "--last", "2")
    assert versions.digest(content(2)) in said and BECAUSE[1] in said and "1 older version of scorer" in said
    assert "scorer@1" not in said and "serves" not in said
    run("promote", "scorer@latest", file, "--yes")
    assert "because it passed the review of risk, serves fraud-scorer" in run("versions", file, "--last", "2")


def test_a_version_that_is_not_what_its_record_says_is_told_and_hides_which_is_the_latest(
    registry: Any, file: Path
) -> None:
    run("approve", file, "scorer@2", *BECAUSE, "--yes")
    register(3, digest=f"sha256:{'9' * 64}")
    assert rows(file, NAME) == [(3, "not to be trusted"), (2, "Approved"), (1, "PendingManualApproval")]
    assert "trust neither" in run("versions", file)
    with pytest.raises(BadInput, match="trust neither"):
        run("promote", "scorer@latest", file)
    assert "+      version: 2" in run("promote", "scorer@2", file), "by its number it is served all the same"


def test_what_cannot_be_listed_is_a_sentence(registry: Any, file: Path) -> None:
    with pytest.raises(BadInput, match="no model is registered as scorre; did you mean scorer"):
        run("versions", file, "scorre")
    with pytest.raises(BadInput, match="serves no version of the registry; name one under models"):
        run("versions", "aws-pilot")
    with pytest.raises(BadInput, match="a copy needs the number"):
        run("promote", "scorer@latest", file, file)
    for asked in ("approve", "reject"):
        with pytest.raises(BadInput, match="found 'scorer@latest', allowed: NAME@N"):
            run(asked, file, "scorer@latest", *BECAUSE)


class Pages:
    """A list of two pages: `folders` by the prefixes of a bucket, or `versions` by the versions of a model."""

    def __init__(self, *pages: list[Any]) -> None:
        self.pages = pages
        self.asked: list[httpx.Request] = []

    def google(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        at = int(request.url.params.get("pageToken", "0"))
        more = {"nextPageToken": str(at + 1)} if at + 1 < len(self.pages) else {}
        return httpx.Response(200, json={"prefixes": self.pages[at], **more})

    def azure(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        if request.url.path.endswith("/workspaces"):
            return httpx.Response(200, json={"value": [{"name": "w1"}]})
        at = int(request.url.params.get("$skip", "0"))
        url = f"https://{AT}/w1/models/scorer-registered/versions?$skip={at + 1}"
        more = {"nextLink": url} if at + 1 < len(self.pages) else {}
        return httpx.Response(200, json={"value": [{"name": str(one)} for one in self.pages[at]], **more})


def test_on_gcp_the_numbers_are_the_folders_of_the_model(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages(["registry/scorer/2/", "registry/scorer/10/"], ["registry/scorer/notes/"])

    def opened(account: str, region: str, reads: tuple[Read, ...]) -> google.Account:
        return google.account_of(lambda: "word", account, region, httpx.MockTransport(pages.google), reads)

    monkeypatch.setattr(gcp, "open_account", opened)
    config = read_stack_file(STACKS / "Pulumi.gcp-pilot.yaml")
    assert gcp.numbers("gcp-pilot", config, "scorer") == [2, 10]
    first = pages.asked[0].url
    assert f"/b/{test_gcp.ARTIFACTS}/o" in first.path
    assert (first.params["prefix"], first.params["delimiter"]) == ("registry/scorer/", "/"), "no list of artifacts"


def test_on_azure_the_numbers_are_the_versions_archived_or_not(monkeypatch: pytest.MonkeyPatch) -> None:
    pages = Pages([2], [10])

    def opened(account: str, region: str, reads: tuple[Read, ...]) -> doctor.Account:
        return doctor.account_of(
            lambda scope: "word", SUBSCRIPTION, region, httpx.MockTransport(pages.azure), reads=reads
        )

    monkeypatch.setattr(azure, "open_account", opened)
    config = read_stack_file(STACKS / "Pulumi.azure-pilot.yaml")
    assert azure.numbers(STACK, config, "scorer") == [2, 10]
    assert pages.asked[1].url.params["listViewType"] == "All"
