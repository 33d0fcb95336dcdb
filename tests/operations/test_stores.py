"""Files are copied from a store as they lie there, within a bound, and never out of the folder that they go to."""

from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest

from catalogue.errors import BadInput
from operations import stores
from operations.export.packing import Packed
from operations.export.sources import opened
from provider import clouds
from sandbox.dataplane import running
from tests.registered import registered
from tests.store_double import Store

OBJECT = "<Contents><Key>{}</Key><Size>{}</Size><LastModified>2026-11-27T00:00:00Z</LastModified></Contents>"


class _Bucket(Store):
    """A bucket in the shapes of S3: https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html"""

    objects: dict[str, bytes]

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        body = self.objects.get(unquote(parts.path).removeprefix("/models/"), b"")
        if "list-type" in parts.query:
            listed = "".join(OBJECT.format(key, len(content)) for key, content in self.objects.items())
            body = f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>".encode()
        self.answer(200, body)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """The objects of the bucket `models`, by their keys."""
    _Bucket.objects = {}
    with running(ThreadingHTTPServer(("127.0.0.1", 0), _Bucket)) as address:
        said = {"AWS_ENDPOINT_URL": address, "AWS_ALLOW_HTTP": "true", "AWS_REGION": "us-east-1"}
        for name, value in {**said, "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s"}.items():
            monkeypatch.setenv(name, value)
        yield _Bucket.objects


def test_a_version_is_read_from_the_bucket_where_it_was_uploaded(bucket: dict[str, bytes], tmp_path: Path) -> None:
    folder = registered(tmp_path)
    for file in (path for path in folder.rglob("*") if path.is_file()):
        bucket[f"tumours/1/{file.relative_to(folder).as_posix()}"] = file.read_bytes()
    with opened("s3://models/tumours/1/", None) as copied:
        assert Packed(copied).digest == Packed(folder).digest
        assert {path.name for path in copied.rglob("*")} == {path.name for path in folder.rglob("*")}
    assert not copied.exists()


@pytest.mark.parametrize("key", ["tumours/1/../../x", "tumours/1/a/../../../x", "tumours/1//x"])
def test_a_key_that_leads_out_is_not_read(bucket: dict[str, bytes], tmp_path: Path, key: str) -> None:
    bucket[key] = b"x"
    with pytest.raises(BadInput, match=r"^--from: cannot read s3://models/tumours/1"):
        stores.copy("s3://models/tumours/1", tmp_path / "in", "--from")
    assert not [*tmp_path.rglob("x")]


def test_no_more_is_copied_than_the_bound(bucket: dict[str, bytes], tmp_path: Path) -> None:
    bucket.update({"tumours/1/a": b"12345", "tumours/1/b": b"12345"})
    stores.copy("s3://models/tumours/1", tmp_path / "ten", "--from", most=10)
    with pytest.raises(BadInput, match="holds more than 9 bytes, the most that is copied"):
        stores.copy("s3://models/tumours/1", tmp_path / "nine", "--from", most=9)


class _Google(Store):
    """Buckets in the shapes of Cloud Storage's XML API, as an account that may list below folders alone:
    https://cloud.google.com/storage/docs/xml-api/get-bucket-list, put-object-upload (x-goog-if-generation-match).
    """

    objects: dict[str, bytes]
    may_list: str

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        asked, key = dict(parse_qsl(parts.query)), unquote(parts.path).removeprefix("/models/")
        if self.headers["Authorization"] != "Bearer google":
            return self.answer(401, b"")
        if "list-type" not in asked:
            found = self.objects.get(key)
            return self.answer(404, b"") if found is None else self.answer(200, found)
        if not asked.get("prefix", "").startswith(self.may_list):
            return self.answer(403, b"does not have storage.objects.list access")
        listed = "".join(
            OBJECT.format(key, len(content)) for key, content in self.objects.items() if key.startswith(asked["prefix"])
        )
        return self.answer(
            200, f"<ListBucketResult><IsTruncated>false</IsTruncated>{listed}</ListBucketResult>".encode()
        )

    def do_PUT(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        key = unquote(urlsplit(self.path).path).removeprefix("/models/")
        if self.headers["x-goog-if-generation-match"] == "0" and key in self.objects:
            return self.answer(412, b"")
        self.objects[key] = content
        return self.answer(200, b"")


@pytest.fixture
def google(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, bytes]]:
    """The objects of the bucket `models` on Google Cloud, by their keys."""
    _Google.objects, _Google.may_list = {}, "tumours/1/"
    monkeypatch.setattr(clouds, "google_token", lambda: lambda: "google")
    with running(ThreadingHTTPServer(("127.0.0.1", 0), _Google)) as address:
        monkeypatch.setenv("GOOGLE_BASE_URL", address)
        yield _Google.objects


def test_a_version_is_exported_from_where_it_lies_on_google_cloud(google: dict[str, bytes], tmp_path: Path) -> None:
    """Whoever exports may list the folder of the version and nothing above it, as the publisher does."""
    folder = registered(tmp_path, "gcp")
    for file in (path for path in folder.rglob("*") if path.is_file()):
        google[f"tumours/1/{file.relative_to(folder).as_posix()}"] = file.read_bytes()
    google["tumours/10/version.json"] = b"of another version"
    with opened("gs://models/tumours/1/", None) as copied:
        assert Packed(copied).digest == Packed(folder).digest
        assert {path.name for path in copied.rglob("*")} == {path.name for path in folder.rglob("*")}
    with pytest.raises(BadInput, match=r"^--from: cannot read gs://models/tumours/2/"):
        stores.copy("gs://models/tumours/2/", tmp_path / "in", "--from")


def test_an_object_of_google_cloud_is_written_once(google: dict[str, bytes], tmp_path: Path) -> None:
    word = tmp_path / "approved.json"
    word.write_bytes(b"{}")
    assert stores.write_once("gs://models/tumours/1/approved.json", word)
    word.write_bytes(b"another")
    assert not stores.write_once("gs://models/tumours/1/approved.json", word)
    assert google == {"tumours/1/approved.json": b"{}"}
    stores.read("gs://models/tumours/1/approved.json", tmp_path / "read")
    assert (tmp_path / "read").read_bytes() == b"{}"
