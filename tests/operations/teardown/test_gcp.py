"""What a teardown does on Google Cloud beside Pulumi: a double answers with Cloud Storage's shapes."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import artifactregistry, storage
from operations.teardown import Refused, gcp


def made(type_: str, id_: str) -> Resource:
    return Resource(urn=f"urn:pulumi:s::p::{type_}::x", type=type_, name="x", custom=True, outputs={"id": id_})


def account(answer: Callable[[httpx.Request], httpx.Response]) -> gcp.Account:
    return gcp.Account(lambda: "token", "payments-dev", httpx.MockTransport(answer))


BUCKET = made(storage.BUCKET, "artifacts")


def test_every_version_of_every_object_goes_page_after_page() -> None:
    versions = [{"name": "models/a", "generation": "1"}, {"name": "models/a", "generation": "2"}]
    deleted: list[tuple[str, str]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.headers["Authorization"] == "Bearer token"
        assert request.headers["X-Goog-User-Project"] == "payments-dev"
        if request.method == "DELETE":
            deleted.append((request.url.raw_path.decode().partition("?")[0], request.url.params["generation"]))
            return httpx.Response(204)
        assert request.url.params["versions"] == "true"
        page = int(request.url.params.get("pageToken", 0))
        return httpx.Response(200, json={"items": [versions[page]]} | ({} if page else {"nextPageToken": "1"}))

    assert gcp.contents(account(answer), BUCKET) == 1
    gcp.empty(account(answer), BUCKET)
    assert deleted == [("/storage/v1/b/artifacts/o/models%2Fa", generation) for generation in ("1", "2")]


def test_one_that_is_gone_holds_nothing_and_a_repository_is_counted_by_its_packages() -> None:
    assert gcp.contents(account(lambda request: httpx.Response(404)), BUCKET) == 0
    packages = account(lambda request: httpx.Response(200, json={"packages": [{"name": "p"}]}))
    assert gcp.contents(packages, made(artifactregistry.REPOSITORY, "projects/p/locations/l/repositories/r")) == 1


def test_an_empty_page_with_another_behind_it_is_not_the_end() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        second = {"packages": [{"name": "p"}]}
        return httpx.Response(200, json=second if "pageToken" in request.url.params else {"nextPageToken": "1"})

    assert (
        gcp.contents(account(answer), made(artifactregistry.REPOSITORY, "projects/p/locations/l/repositories/r")) == 1
    )


@pytest.mark.parametrize(
    ("policy", "days"), [({}, "7 days"), ({"softDeletePolicy": {"retentionDurationSeconds": 2592000}}, "30 days")]
)
def test_what_a_bucket_held_is_kept_softly_and_bills(policy: dict[str, Any], days: str) -> None:
    bucket = replace(BUCKET, inputs=policy)
    said = gcp.later(Graph("s", "gcp", (bucket,), {}), bucket)
    assert said.startswith(f"Google keeps what it held for {days}, and bills that")
    none = replace(BUCKET, inputs={"softDeletePolicy": {"retentionDurationSeconds": 0}})
    assert gcp.later(Graph("s", "gcp", (none,), {}), none) == ""


def test_a_refusal_is_said_and_a_busy_service_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gcp, "LONGEST_WAIT", 0.0)
    with pytest.raises(Refused, match=r"Google refuses GET of /storage/v1/b/artifacts/o \(403: no\)"):
        gcp.contents(account(lambda request: httpx.Response(403, text="no")), BUCKET)
    asked: list[int] = []

    def busy(request: httpx.Request) -> httpx.Response:
        asked.append(1)
        return httpx.Response(503)

    with pytest.raises(Refused, match=r"storage\.googleapis\.com answers 503; run it again later"):
        gcp.contents(account(busy), BUCKET)
    assert len(asked) == gcp.TRIES
