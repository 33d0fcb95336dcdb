"""The archive of SageMaker: what is unpacked of one, and that nothing of it lands elsewhere, whoever wrote it."""

import io
import tarfile
from pathlib import Path

import pytest

from catalogue import archives
from catalogue.errors import BadInput
from operations.export.sources import opened


def packed(file: Path, *entries: tarfile.TarInfo) -> Path:
    """An archive as anybody may write one; each plain file has three bytes."""
    with tarfile.open(file, "w:gz") as tar:
        for one in entries:
            one.size = 3 if one.isreg() else 0
            tar.addfile(one, io.BytesIO(b"abc") if one.isreg() else None)
    return file


def entry(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.type, made.linkname = kind, to
    return made


def test_what_was_archived_is_unpacked_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "own" / "code").mkdir(parents=True)
    for path in ("model.json", "code/serve.py"):
        (tmp_path / "own" / path).write_text(path, encoding="utf-8")
    with (tmp_path / "model.tar.gz").open("wb") as into:
        archives.archive(tmp_path / "own", ["model.json", "code/serve.py"], into)
    archives.unpack(tmp_path / "model.tar.gz", tmp_path / "new", most=100)
    assert (tmp_path / "new" / "code" / "serve.py").read_text(encoding="utf-8") == "code/serve.py"
    packed(tmp_path / "others.tar.gz", entry("./", tarfile.DIRTYPE), entry("./model.json"))
    archives.unpack(tmp_path / "others.tar.gz", tmp_path / "others", most=3)
    assert (tmp_path / "others" / "model.json").read_bytes() == b"abc"


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        ([entry("../model.json")], "leads out"),
        ([entry("a/../../model.json")], "leads out"),
        ([entry("/tmp-model.json")], "leads out"),
        ([entry("model.json"), entry("link", tarfile.SYMTYPE, "model.json")], "is a link"),
        ([entry("model.json"), entry("hard", tarfile.LNKTYPE, "model.json")], "is a link"),
        ([entry("pipe", tarfile.FIFOTYPE)], "is a link"),
        ([entry("model.json"), entry("other.json")], "too large"),
        ([entry("model.json"), entry("./model.json")], "too large|exists"),
    ],
)
def test_what_is_no_plain_file_of_the_archive_or_too_much_is_refused(
    tmp_path: Path, entries: list[tarfile.TarInfo], why: str
) -> None:
    made = packed(tmp_path / "model.tar.gz", *entries)
    with pytest.raises((tarfile.TarError, OSError), match=why):
        archives.unpack(made, tmp_path / "new", most=5)
    assert sorted(one.name for one in tmp_path.iterdir()) == ["model.tar.gz", "new"]


@pytest.mark.parametrize("content", [b"", b"no archive", b"cut"])
def test_an_archive_that_cannot_be_read_is_a_sentence(tmp_path: Path, content: bytes) -> None:
    made = packed(tmp_path / "model.tar.gz", entry("model.json"))
    made.write_bytes(made.read_bytes()[:40] if content == b"cut" else content)
    said = r"model\.tar\.gz cannot be unpacked \(.+\); register the version anew"
    with pytest.raises(BadInput, match=said), opened(str(tmp_path), None):
        pytest.fail("it has no files")
