"""Files are read from Azure's Blob Storage, and written there once, in the shapes of its REST API."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from catalogue.errors import BadInput
from operations import stores
from operations.export.packing import Packed
from operations.export.sources import opened
from sandbox.dataplane import running
from tests.registered import registered
from tests.store_double import Store

PLACE = "az://store/models/tumours/1"
BLOB = (
    "<Blob><Name>{}</Name><Properties><Last-Modified>Fri, 27 Nov 2026 00:00:00 GMT</Last-Modified><Etag>0x1</Etag>"
    "<Content-Length>{}</Content-Length><Content-Type>application/octet-stream</Content-Type>"
    "<BlobType>BlockBlob</BlobType></Properties></Blob>"
)
MARKED = "AuthorizationPermissionMismatch"


class _Container(Store):
    """The container `models`, which lists two blobs a page.

    https://learn.microsoft.com/en-us/rest/api/storageservices/list-blobs and …/put-blob, whose If-None-Match answers
    409 where a blob is there, and https://learn.microsoft.com/en-us/rest/api/storageservices/blob-service-error-codes.
    """

    blobs: dict[str, bytes]
    token: str

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked = {key: values[0] for key, values in parse_qs(parts.query).items()}
        name = unquote(parts.path).removeprefix("/models").removeprefix("/")
        if self.headers.get("Authorization") != f"Bearer {self.token}":
            self.answer(403, f"<Error><Code>{MARKED}</Code><Message>not authorized</Message></Error>".encode())
        elif asked.get("comp") == "list":
            names = sorted(one for one in self.blobs if one.startswith(asked.get("prefix", "")))
            first = int(asked.get("marker", "0"))
            page, after = names[first : first + 2], str(first + 2) if names[first + 2 :] else ""
            listed = "".join(BLOB.format(one, len(self.blobs[one])) for one in page)
            said = f"<EnumerationResults><Blobs>{listed}</Blobs><NextMarker>{after}</NextMarker></EnumerationResults>"
            self.answer(200, said.encode())
        elif name in self.blobs:
            self.answer(200, self.blobs[name])
        else:
            self.answer(404, b"<Error><Code>BlobNotFound</Code><Message>no such blob</Message></Error>")

    def do_PUT(self) -> None:
        name = unquote(urlsplit(self.path).path).removeprefix("/models/")
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("If-None-Match") == "*" and name in self.blobs:
            self.answer(409, b"<Error><Code>BlobAlreadyExists</Code><Message>it is there</Message></Error>")
            return
        self.blobs[name] = body
        self.answer(201, b"")


@pytest.fixture
def blobs(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """The blobs of the container, by their names."""
    _Container.blobs, _Container.token = {}, "t"
    given = {"token": "t", "expires_at": datetime.now(UTC) + timedelta(hours=1)}
    monkeypatch.setattr(stores, "_azure", lambda: lambda: given)
    with running(ThreadingHTTPServer(("127.0.0.1", 0), _Container)) as address:
        monkeypatch.setenv("AZURE_STORAGE_ENDPOINT", address)
        monkeypatch.setenv("AZURE_ALLOW_HTTP", "true")
        yield _Container.blobs


def test_a_version_is_read_from_the_container_page_by_page(blobs: dict[str, bytes], tmp_path: Path) -> None:
    folder = registered(tmp_path)
    for path in folder.rglob("*"):  # with the empty blob that stands for each folder
        blobs[f"tumours/1/{path.relative_to(folder).as_posix()}"] = path.read_bytes() if path.is_file() else b""
    assert b"" in blobs.values() and len(blobs) > 2
    with opened(f"{PLACE}/", None) as copied:
        assert Packed(copied).digest == Packed(folder).digest
        assert {path.name for path in copied.rglob("*")} == {path.name for path in folder.rglob("*")}
    assert not copied.exists()


def test_an_empty_file_is_copied_as_one(blobs: dict[str, bytes], tmp_path: Path) -> None:
    blobs.update({"tumours/1/empty": b"", "tumours/1/whole": b"x"})
    stores.copy(PLACE, tmp_path, "--from")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"empty": b"", "whole": b"x"}


def test_who_may_not_read_is_told_so_in_one_sentence(blobs: dict[str, bytes], tmp_path: Path) -> None:
    blobs["tumours/1/a"], _Container.token = b"x", "another"
    with pytest.raises(BadInput, match=rf"^--from: cannot read {PLACE}: .+") as refused:
        stores.copy(PLACE, tmp_path, "--from")
    assert "\n" not in str(refused.value)


def test_a_blob_is_written_once(blobs: dict[str, bytes], tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"first")
    assert stores.write_once(f"{PLACE}/a", tmp_path / "a")
    (tmp_path / "a").write_bytes(b"second")
    assert not stores.write_once(f"{PLACE}/a", tmp_path / "a")
    assert blobs == {"tumours/1/a": b"first"}
    stores.read("https://store.blob.core.windows.net/models/tumours/1/a", tmp_path / "read")
    assert (tmp_path / "read").read_bytes() == b"first"
