"""Brings a version into the registry of a stack: by its digest, and after its checks.

It comes from the registry of another stack (`copying`) or is a candidate in a folder (`registering`). The order is such
that what was cut short is taken up by the same command: files and image are written once and by their content, and the
version is registered last. An approval does not come along: the stack's approver decides, on this digest.
"""

import hashlib
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from catalogue import versions
from catalogue.errors import BadInput
from operations import stores
from operations.promoting import Asked
from operations.promoting.images import Image, Registries
from stacks.config import stack_name
from stacks.sections import models

ARCHIVE = "model.tar.gz"
Hashes = Mapping[str, tuple[str, int]]
"""The hash and the size of each file of an artifact, by its path."""


@dataclass(frozen=True)
class Move:
    """One version on its way: what it is, where it comes from, and whose it becomes under which number."""

    called: str
    """What it is called where it comes from."""
    record: versions.Version
    digest: str
    files: Mapping[str, str]
    """Where each file comes from, by its path below the folder of the version; the record last."""
    fetch: Callable[[Path], None]
    """Lays these files out in a folder."""
    image: Image | None
    """The image as it is where it comes from; None where the registry has it under its tag."""
    target: Asked
    there: bool
    """Whether the target's registry has the version already."""
    into: str
    """The folder of the version in the target's store."""
    beside: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """What the target keeps beside the record."""

    @property
    def image_digest(self) -> str:
        """The digest of the image, as the record has it."""
        return self.record.image.rpartition("@")[2]

    @property
    def target_image(self) -> Image:
        """The image as the target has it."""
        to = self.target
        return to.registry.image(to.stack, to.config, to.version, to.config)

    def says(self) -> list[str]:
        """What will be done, a line a call."""
        to = self.target
        files = [f"copy {place} to {self.into}{path}" for path, place in self.files.items()]
        image = [] if self.image is None else [f"copy {self.image} to {self.target_image}, {self.image_digest}"]
        return [*files, *image, f"register {to.version} there, which waits for the approver of {stack_name(to.file)}"]

    def next(self) -> str:
        """What is typed next, and by whom."""
        to = self.target
        stack, version = stack_name(to.file), to.version
        lock = to.registry.lock(to.stack, to.config, version)
        return (
            f"{version} is registered; {f'`{lock}`, for its tag can be moved until then, ' if lock else ''}"
            f"`mlplatform approve {stack} {version} --because TEXT --yes` as its approver, "
            f"then `mlplatform promote {version} {stack} --yes`"
        )


def moved(move: Move, registries: Registries, tell: Callable[[str], None]) -> None:
    """Do the move, and tell each call. Raises BadInput where something is not what its hash says."""
    target = move.target
    with TemporaryDirectory(prefix="mlplatform-version-") as name:
        folder = Path(name)
        move.fetch(folder)
        _hold_hashes(move, folder)
        tell(f"read {len(move.files)} files of {move.called}; each is what its record says")
        if move.image is not None:
            registries.copy(move.image, move.image_digest, move.target_image)
            tell(f"pushed {move.image_digest} as {move.target_image}")
        for path, content in move.beside.items():
            (folder / path).write_bytes(content)
        *first, record = move.files
        for path in (*first, *move.beside, record):
            _put(move.into + path, folder / path, folder / "there", tell)
    target.registry.enrol(target.stack, target.config, target.version, move.digest, str(move.target_image))


def hold_served(target: Asked, name: str) -> None:
    """Raise BadInput unless the stack file names a version of the model: else its registry has no place for one."""
    if name not in models.registered(target.config):
        raise BadInput(
            f"{target.file.name}: serves no version of {name}; name it under models by registered, version and digest "
            "first, and bring the stack up"
        )


def _put(place: str, file: Path, there: Path, tell: Callable[[str], None]) -> None:
    if stores.write_once(place, file):
        tell(f"wrote {place}")
        return
    stores.read(place, there)
    if not _same(there, file):
        raise BadInput(f"{place}: something else lies there, and nothing there is written over; choose another number")
    tell(f"{place} lies there already")


def _same(there: Path, file: Path) -> bool:
    """Whether what lies there is the file: of an archive, whether it has the same files.

    Another zlib makes other bytes of the same files, and a registration may be taken up on another machine.
    """
    if hash_of(there) == hash_of(file):
        return True
    try:
        return file.name == ARCHIVE and _in_archive(there) == _in_archive(file)
    except BadInput:
        return False


def _hold_hashes(move: Move, folder: Path) -> None:
    """Hold each file against the record, and the record against the digest."""
    if versions.digest((folder / versions.RECORD).read_bytes()) != move.digest:
        raise BadInput(f"{move.files[versions.RECORD]}: changed while it was read; trust neither")
    named = [one.path for one in move.record.artifact.files]
    archived = move.target.config.platform == "aws"
    hold(move.called, move.record, _in_archive(folder / ARCHIVE) if archived else hashes(folder, named))


def hashes(folder: Path, paths: list[str]) -> Hashes:
    """The hash and the size of each of these files of the artifact in the folder of a version.

    Raises BadInput for one that cannot be read.
    """
    return {path: hash_of(folder / versions.ARTIFACT / path) for path in paths}


def hold(called: str, record: versions.Version, found: Hashes) -> None:
    """Hold the files of an artifact against its record. Raises BadInput, which names what is otherwise."""
    wanted = {one.path: (one.sha256, one.size) for one in record.artifact.files}
    if found != wanted:
        wrong = sorted(path for path in {*found, *wanted} if found.get(path) != wanted.get(path))
        raise BadInput(f"{called}: {', '.join(wrong)[:200]} is not what the record says; trust neither")


def _in_archive(file: Path) -> Hashes:
    """The hash and the size of each file of an archive, which is not unpacked."""
    try:
        with tarfile.open(file, "r:gz") as archive:
            members = [one for one in archive if not one.isdir()]
            return {one.name.removeprefix("./"): _hashed(archive, one) for one in members}
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadInput(f"{file.name}: is no archive that can be read ({type(error).__name__})") from None


def _hashed(archive: tarfile.TarFile, member: tarfile.TarInfo) -> tuple[str, int]:
    opened = archive.extractfile(member)
    if opened is None:
        raise BadInput(f"{ARCHIVE}: {member.name[:100]} is a link, which no record names; register the version anew")
    return f"sha256:{hashlib.file_digest(cast(Any, opened), 'sha256').hexdigest()}", member.size


def hash_of(file: Path) -> tuple[str, int]:
    """The hash and the size of a file. Raises BadInput where it cannot be read."""
    try:
        with file.open("rb") as opened:
            return f"sha256:{hashlib.file_digest(opened, 'sha256').hexdigest()}", file.stat().st_size
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror}); {versions.RECORD} names it") from None
