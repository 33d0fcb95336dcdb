"""Writes a bundle: whole or not at all, into a folder that was not there or had nothing in it."""

import hashlib
import os
import secrets
import shutil
from pathlib import Path

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.platforms import Platform
from catalogue.versions import APPROVAL, ARTIFACT, RECORD, Approval, Version
from operations.export import layout, leaving
from operations.export.layout import Blob

_PIECE = 1024 * 1024


class Packed:
    """A version in its folder, read and held against its record."""

    def __init__(self, folder: Path) -> None:
        """Read a version's folder: version.json, artifact/ and what lies beside them.

        Raises BadInput where the record cannot be used, or a file is not what the record says.
        """
        self.folder = folder
        self.record = _content(folder / RECORD)
        self.version: Version = versions.read(self.record, str(folder / RECORD))
        self.digest = versions.digest(self.record)
        self.approval: Approval | None = None
        self.beside = {RECORD: self.record}
        if (folder / APPROVAL).is_file():
            content = _content(folder / APPROVAL)
            self.approval = versions.read_approval(content, str(folder / APPROVAL))
            if self.approval.digest != self.digest:
                raise BadInput(
                    f"{folder / APPROVAL}: is of {self.approval.digest}, and {RECORD} is {self.digest}; a version that "
                    "changed is approved anew"
                )
            self.beside[APPROVAL] = content
        if (folder / layout.FEATURES).is_file():
            content = _content(folder / layout.FEATURES)
            if not isinstance(versions.parsed(content, str(folder / layout.FEATURES)), dict):
                raise BadInput(f"{folder / layout.FEATURES}: is no object; write the features' schema by their names")
            self.beside[layout.FEATURES] = content
        self._refuse_others()

    def _refuse_others(self) -> None:
        """Raise BadInput for a file of the artifact that the record does not name: silence would leave it behind."""
        artifact = self.folder / ARTIFACT
        if artifact.is_symlink() or not artifact.is_dir():
            raise BadInput(f"{artifact}: is no folder; the artifact's files lie in it, by the paths of {RECORD}")
        named = {file.path for file in self.version.artifact.files}
        for place in sorted(artifact.rglob("*")):
            inside = place.relative_to(artifact).as_posix()
            if place.is_symlink() or not (place.is_file() or place.is_dir()):
                raise BadInput(
                    f"{place}: is a link or no file, and what it leads to is nobody's record; put a file there"
                )
            if place.is_file() and inside not in named:
                raise BadInput(
                    f"{place}: is no file that {RECORD} names; register the version with it, or take it away"
                )


def _content(file: Path) -> bytes:
    try:
        if file.is_symlink():
            raise BadInput(f"{file}: is a link; put the file itself there")
        with file.open("rb") as opened:
            return opened.read(versions.LARGEST + 1)
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror}); give the folder that `register` wrote") from None


def free(to: Path) -> None:
    """Raise BadInput where a bundle would not have the folder for itself."""
    if to.is_symlink() or (to.exists() and not to.is_dir()):
        raise BadInput(f"{to}: is no folder; name one that is not there yet")
    if to.is_dir() and any(to.iterdir()):
        raise BadInput(f"{to}: is not empty, and a bundle has its folder for itself; name one that is not there yet")


def pack(packed: Packed, platform: Platform, to: Path) -> Blob:
    """Write the bundle of a version. Returns its manifest. Raises BadInput where a file is not what the record says."""
    free(to)
    to = Path.cwd() / to
    half = to.with_name(f".{to.name}.{secrets.token_hex(4)}")
    try:
        (half / layout.BLOBS).mkdir(parents=True)
        contents = {**packed.beside, layout.STAYS: leaving.written(platform)}
        for file in packed.version.artifact.files:
            _copy(packed.folder / ARTIFACT / file.path, half, Blob(file.sha256, file.size))
        files = layout.layers(packed.version, {name: _put(half, content) for name, content in contents.items()})
        of_config = _put(half, layout.config(packed.version, files))
        of_manifest = _put(half, layout.manifest(packed.version, files, of_config))
        (half / layout.LAYOUT).write_bytes(layout.SAYS)
        (half / layout.INDEX).write_bytes(layout.index(packed.version, of_manifest))
        os.replace(half, to)  # noqa: PTH105  # an empty folder gives way, as a file does in operations/writing.py
    except OSError as error:
        raise BadInput(f"{to}: cannot be written ({error.strerror}); name another folder") from None
    finally:
        shutil.rmtree(half, ignore_errors=True)
    return of_manifest


def _put(half: Path, content: bytes) -> Blob:
    blob = Blob.of(content)
    (half / blob.path).write_bytes(content)
    return blob


def _copy(file: Path, half: Path, wanted: Blob) -> None:
    """Copy a file of the artifact a piece at a time, and hold it against the record meanwhile."""
    found, size = hashlib.sha256(), 0
    try:
        source = file.open("rb")
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror}); {RECORD} names it") from None
    with source, (half / wanted.path).open("wb") as written:
        while piece := source.read(_PIECE):
            found.update(piece)
            size += len(piece)
            written.write(piece)
    if (f"sha256:{found.hexdigest()}", size) != (wanted.sha256, wanted.size):
        raise BadInput(f"{file}: is not what {RECORD} says, by its size or SHA-256; register what lies there anew")
