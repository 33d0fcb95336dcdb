"""Reads a bundle that anybody may have written. Nothing of it is believed before it is held against its hash.

What is not known is refused: a link, a file that nothing names, an archive, a key that stands there twice, a path that
leads out, more bytes than a bound. The bundle is then whatever `layout` makes of the version in it, to the byte.
"""

import hashlib
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.versions import APPROVAL, ARTIFACT, RECORD, Approval, Version
from catalogue.wording import one_line
from operations.export import layout
from operations.export.layout import Blob

MOST_FILES = 10_000
MOST_BYTES = 64 * 1024**3
"""How much a bundle may hold: blobs in all, and bytes in all."""
_PIECE = 1024 * 1024
Json = dict[str, Any]


class Broken(Exception):
    """The bundle is not whole, or not what it says. `str()` is one sentence: where, what, and what it should be."""


@dataclass(frozen=True)
class Bundle:
    """A bundle that is whole: each byte is what a hash says, and each hash follows from the version."""

    folder: Path
    version: Version
    digest: str
    files: Mapping[str, Blob]
    approval: Approval | None
    stays: tuple[str, ...]

    def open(self, path: str) -> bytes:
        """The content of a file of the artifact, by the record's path of it. Raises Broken for a large one."""
        return _bounded(self.folder / self.files[f"{ARTIFACT}/{path}"].path)

    def begins(self, path: str, many: int) -> bytes:
        """The first bytes of a file of the artifact."""
        with (self.folder / self.files[f"{ARTIFACT}/{path}"].path).open("rb") as opened:
            return opened.read(many)


def read(folder: Path) -> Bundle:
    """Read a bundle whole. Raises Broken, and BadInput where there is no folder."""
    if folder.is_symlink() or not folder.is_dir():
        raise BadInput(f"{folder}: is no folder; name one that `mlplatform export … --to` wrote")
    try:
        return _read(folder)
    except BadInput as error:  # a document in the bundle, whose mistakes are not those of whoever verifies
        raise Broken(str(error)) from None
    except OSError as error:
        raise Broken(f"{error.filename}: cannot be read ({error.strerror})") from None


def _read(folder: Path) -> Bundle:
    there = _walk(folder)
    for name in (layout.LAYOUT, layout.INDEX):
        if name not in there:
            raise Broken(f"{name}: is missing; every OCI image layout has it")
    if _bounded(folder / layout.LAYOUT, len(layout.SAYS) + 1) != layout.SAYS:
        raise Broken(f"{layout.LAYOUT}: must be {layout.SAYS.decode()}")
    written = _bounded(folder / layout.INDEX)
    of_manifest = _blob(_one(_object(written, layout.INDEX), "manifests", layout.INDEX), layout.INDEX)
    said = _object(_held(folder, there, of_manifest, "the manifest"), "the manifest")
    of_config = _blob(said.get("config"), "the manifest: config")
    layers = _layers(said)
    if RECORD not in layers:
        raise Broken(f"the manifest has no layer {RECORD}; without the version's record nothing can be verified")
    kept = {name: _held(folder, there, blob, name) for name, blob in layers.items() if name in layout.BESIDE}
    version = versions.read(kept[RECORD], RECORD)
    approval = versions.read_approval(kept[APPROVAL], APPROVAL) if APPROVAL in kept else None
    if approval is not None and approval.digest != layers[RECORD].sha256:
        raise Broken(f"{APPROVAL}: is of {approval.digest}, and {RECORD} is {layers[RECORD].sha256}")
    files = layout.layers(version, {name: layers[name] for name in kept})
    _same(files, layers)
    for path, blob in files.items():
        _check(folder, there, blob, path)
    whole = layout.config(version, files)
    if _held(folder, there, of_config, "the configuration") != whole:
        raise Broken(f"the configuration is not that of {RECORD}; export the version anew")
    if Blob.of(again := layout.manifest(version, files, of_config)) != of_manifest:
        raise Broken(f"the manifest is not that of {RECORD} and its layers, whose manifest is {versions.digest(again)}")
    if written != layout.index(version, of_manifest):
        raise Broken(f"{layout.INDEX}: is not that of {version.name}@{version.version}")
    named = {blob.path for blob in (*files.values(), of_config, of_manifest)} | {layout.LAYOUT, layout.INDEX}
    if strange := sorted(there.keys() - named):
        raise Broken(f"{strange[0]}: is nothing that the bundle names; take it away")
    return Bundle(folder, version, layers[RECORD].sha256, files, approval, _stays(kept))


def _walk(folder: Path) -> dict[str, int]:
    """Each file below the folder and its size. Raises Broken for what is no plain file, and for too much."""
    found: dict[str, int] = {}
    total, left = 0, [""]
    while left:
        below = left.pop()
        with os.scandir(folder / below) as entries:
            for entry in entries:
                path = f"{below}/{entry.name}".lstrip("/")
                if entry.is_dir(follow_symlinks=False) and path in (layout.BLOBS, layout.BLOBS.partition("/")[0]):
                    left.append(path)
                    continue
                if not entry.is_file(follow_symlinks=False):
                    raise Broken(
                        f"{path!r}: is a link, a folder or no file; a bundle has plain files and {layout.BLOBS}/"
                    )
                found[path] = entry.stat(follow_symlinks=False).st_size
                total += found[path]
                if len(found) > MOST_FILES or total > MOST_BYTES:
                    raise Broken(f"holds more than {MOST_FILES} files or {MOST_BYTES} bytes, the most that is read")
    return found


def _bounded(file: Path, most: int = versions.LARGEST) -> bytes:
    """The content of a plain file of bounded size. A link that was put there meanwhile is not followed."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as opened:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise Broken(f"{file.name}: is no plain file")
        content = opened.read(min(most, os.fstat(handle).st_size) + 1)
    if len(content) > most:
        raise Broken(f"{file.name}: is larger than {most} bytes, the most that is read of it")
    return content


def _held(folder: Path, there: Mapping[str, int], blob: Blob, called: str) -> bytes:
    """A document of the bundle, held against its hash."""
    if blob.size > versions.LARGEST:
        raise Broken(f"{called}: is said to have {blob.size} bytes; at most {versions.LARGEST} are read")
    _check(folder, there, blob, called)
    return _bounded(folder / blob.path)


def _check(folder: Path, there: Mapping[str, int], blob: Blob, called: str) -> None:
    """Raise Broken where a blob is missing, or is not what its descriptor says."""
    if blob.path not in there:
        raise Broken(f"{called}: {blob.path} is missing")
    if there[blob.path] != blob.size:
        raise Broken(f"{called}: {blob.path} has {there[blob.path]} bytes; its descriptor says {blob.size}")
    found = hashlib.sha256()
    handle = os.open(folder / blob.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with os.fdopen(handle, "rb") as opened:
        while piece := opened.read(_PIECE):
            found.update(piece)
    if f"sha256:{found.hexdigest()}" != blob.sha256:
        raise Broken(f"{called}: was altered; its content is sha256:{found.hexdigest()}, not {blob.sha256}")


def _object(content: bytes, called: str) -> Json:
    said = versions.parsed(content, called)
    if not isinstance(said, dict):
        raise Broken(f"{called}: is no object")
    return cast(Json, said)


def _one(said: Json, key: str, called: str) -> Any:
    found: Any = said.get(key)
    many = len(cast("list[Any]", found)) if isinstance(found, list) else 0
    if many != 1:
        raise Broken(f"{called}: {key} must have the one manifest of the version, and has {many}")
    return cast("list[Any]", found)[0]


def _blob(said: Any, called: str) -> Blob:
    """What a descriptor says of a blob. Its media type is compared with the whole later."""
    given = cast(Json, said) if isinstance(said, dict) else {}
    sha256, size = given.get("digest"), given.get("size")
    if not isinstance(sha256, str) or not _is_digest(sha256):
        raise Broken(f"{called}: has no digest sha256:… of 64 hexadecimal digits; nothing without a hash is read")
    if not isinstance(size, int) or isinstance(size, bool) or not 0 <= size <= MOST_BYTES:
        raise Broken(f"{called}: has no size between 0 and {MOST_BYTES}")
    return Blob(sha256, size)


def _is_digest(text: str) -> bool:
    kind, _, digits = text.partition(":")
    return kind == "sha256" and len(digits) == 64 and not digits.strip("0123456789abcdef")


def _layers(said: Json) -> dict[str, Blob]:
    """Each layer by the path in its annotation. No path is ever opened: contents lie under their hashes."""
    found: dict[str, Blob] = {}
    given: Any = said.get("layers")
    for number, one in enumerate(cast("list[Any]", given) if isinstance(given, list) else [], 1):
        called = f"the manifest: layer {number}"
        blob = _blob(one, called)
        notes: Any = cast(Json, one).get("annotations")
        path: Any = cast(Json, notes).get(layout.PATH) if isinstance(notes, dict) else None
        if not isinstance(path, str) or path in found:
            raise Broken(f"{called}: has no {layout.PATH} of its own in its annotations")
        found[path] = blob
        if len(found) > MOST_FILES:
            raise Broken(f"the manifest has more than {MOST_FILES} layers, the most that is read")
    return found


def _same(wanted: Mapping[str, Blob], found: Mapping[str, Blob]) -> None:
    """Raise Broken where the layers are not those of the record."""
    if missing := [path for path in wanted if path not in found]:
        raise Broken(f"the manifest has no layer {missing[0]}, which {RECORD} names")
    if layout.STAYS not in found:
        raise Broken(f"the manifest has no layer {layout.STAYS}; a bundle says what could not leave its platform")
    if strange := [path for path in found if path not in wanted]:
        raise Broken(f"the manifest has a layer {strange[0][:80]!r}, which {RECORD} does not name")
    if other := [path for path in wanted if wanted[path] != found[path]]:
        raise Broken(f"{other[0]}: {RECORD} says {wanted[other[0]].sha256}, and the manifest {found[other[0]].sha256}")


def _stays(kept: Mapping[str, bytes]) -> tuple[str, ...]:
    """The names of what could not leave."""
    listed: Any = _object(kept[layout.STAYS], layout.STAYS).get("stays")
    try:
        names = tuple(one_line(str(one["what"])) for one in listed)
    except (TypeError, KeyError):
        names = ()
    if not names:
        raise Broken(f"{layout.STAYS}: names nothing that can be read; it lists what could not leave, and why")
    return names
