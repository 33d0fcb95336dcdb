"""Copies a version from the registry of one stack to that of the next: by its digest, and after its checks.

The order is such that a copy that was cut short is taken up by the next one: files and image are written once and by
their content, and the version is registered last. The approval does not come along: the next stack's approver decides
anew, on the same digest.
"""

import hashlib
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import Registered
from operations import stores
from operations.promoting import Asked, Found, Platform, asked, promoted
from operations.promoting.images import Image, Registries
from stacks.config import stack_name
from stacks.sections import models, registry

ARCHIVE = "model.tar.gz"


@dataclass(frozen=True)
class Move:
    """One version on its way: whose it is, whose it becomes and under which number, and what was found of it."""

    source: Asked
    target: Asked
    found: Found
    image: str
    there: bool
    """Whether the target's registry has the version already."""

    @property
    def origin(self) -> bytes:
        """What the target keeps of where the version came from."""
        record = self.found.record
        said = versions.Origin(
            schema="mlplatform-origin/1",
            stack=self.source.stack,
            account=self.source.config.account,
            version=f"{record.name}@{record.version}",
            digest=self.found.digest,
            image=f"{str(self.source_image).rpartition(':')[0]}@{self.image}",
            approved_by=self.found.by,
            approved_because=self.found.because,
        )
        return versions.canonical(said.model_dump(mode="json", by_alias=True))

    @property
    def source_image(self) -> Image:
        """The image as the source has it."""
        return self._registry.image(self.source.stack, self.source.config, self.source.version, self.target.config)

    @property
    def target_image(self) -> Image:
        """The image as the target gets it."""
        return self._registry.image(self.target.stack, self.target.config, self.target.version, self.target.config)

    @property
    def _registry(self) -> Platform:
        return self.source.registry

    @property
    def files(self) -> Mapping[str, str]:
        """Each file of the version, by its path below the folder of the version, the record last."""
        folder = self._registry.folder(self.source.stack, self.source.config, self.source.version)
        if self.source.config.platform == "aws":
            named = [ARCHIVE]
        else:
            named = [f"{versions.ARTIFACT}/{one.path}" for one in self.found.record.artifact.files]
        return {name: f"{folder}{name}" for name in (*named, versions.RECORD)}

    @property
    def into(self) -> str:
        """The folder of the version in the target's store."""
        return self._registry.folder(self.target.stack, self.target.config, self.target.version)


def planned(said: str, source: Path, target: Path, registries: Registries, number: int | None = None) -> Move:
    """The move of NAME@N from stack to stack. Raises BadInput where the stack files or the checks do not let it."""
    giving, taking = asked(said, source), asked(said, target)
    _hold_agreed(giving, taking)
    found = giving.registry.found(giving.stack, giving.config, giving.version, taking.config)
    promoted(found, giving.version)
    image = registries.digest_of(giving.registry.image(giving.stack, giving.config, giving.version, taking.config))
    if image is None or image != found.record.image.rpartition("@")[2]:
        raise BadInput(
            f"{giving.version}: its record has the image {found.record.image}, and the registry of {giving.stack} has "
            f"{image or 'none'} under its tag; trust neither"
        )
    as_number, there = taking.registry.numbered(taking.stack, taking.config, giving.version, found.digest, number)
    version = Registered(giving.version.name, as_number)
    return Move(giving, Asked(taking.file, taking.config, taking.stack, version, taking.registry), found, image, there)


def _hold_agreed(giving: Asked, taking: Asked) -> None:
    """Raise BadInput unless both stack files say that versions go from the one to the other."""
    for word in ("platform", "region"):
        if getattr(giving.config, word) != getattr(taking.config, word):
            raise BadInput(
                f"{stack_name(taking.file)}: stands on another {word} than {stack_name(giving.file)}; a version is "
                f"copied within one, and leaves it by `mlplatform export`"
            )
    to, come = registry.of(giving.config).gives_to, registry.of(taking.config).takes_from
    if taking.stack not in to or to[taking.stack].account != taking.config.account:
        raise BadInput(
            f"{giving.file.name}: does not give versions to {taking.stack} of {taking.config.account}; name it under "
            "registry, gives_to, and bring the stack up"
        )
    if giving.stack not in come or come[giving.stack].account != giving.config.account:
        raise BadInput(
            f"{taking.file.name}: does not take versions from {giving.stack} of {giving.config.account}; name it "
            "under registry, takes_from, and bring the stack up"
        )
    if giving.version.name not in models.registered(taking.config):
        raise BadInput(
            f"{taking.file.name}: serves no version of {giving.version.name}; name it under models by registered, "
            "version and digest first"
        )


def copied(move: Move, registries: Registries, tell: Callable[[str], None]) -> None:
    """Do the move, and tell each call. Raises BadInput where something is not what its hash says."""
    with TemporaryDirectory(prefix="mlplatform-promote-") as name:
        folder = Path(name)
        for path, place in move.files.items():
            stores.read(place, folder / path)
        _hold_hashes(move, folder)
        tell(f"read {len(move.files)} files of {move.source.version}; each is what its record says")
        registries.copy(move.source_image, move.image, move.target_image)
        tell(f"pushed {move.image} as {move.target_image}")
        (folder / versions.ORIGIN).write_bytes(move.origin)
        names = list(move.files)
        for path in (*names[:-1], versions.ORIGIN, names[-1]):
            _put(move.into + path, folder / path, folder / "there", tell)
    move.target.registry.enrol(
        move.target.stack, move.target.config, move.target.version, move.found.digest, str(move.target_image)
    )


def _put(place: str, file: Path, there: Path, tell: Callable[[str], None]) -> None:
    if stores.write_once(place, file):
        tell(f"wrote {place}")
        return
    stores.read(place, there)
    if _hash(there) != _hash(file):
        raise BadInput(f"{place}: something else lies there, and nothing there is written over; choose another number")
    tell(f"{place} lies there already")


def _hold_hashes(move: Move, folder: Path) -> None:
    """Hold each file against the record, and the record against the digest."""
    if versions.digest((folder / versions.RECORD).read_bytes()) != move.found.digest:
        raise BadInput(f"{move.files[versions.RECORD]}: changed while it was read; trust neither")
    wanted = {one.path: (one.sha256, one.size) for one in move.found.record.artifact.files}
    found = (
        _in_archive(folder / ARCHIVE)
        if move.source.config.platform == "aws"
        else {path: _hash(folder / versions.ARTIFACT / path) for path in wanted}
    )
    if found != wanted:
        wrong = sorted(path for path in {*found, *wanted} if found.get(path) != wanted.get(path))
        raise BadInput(f"{move.source.version}: {', '.join(wrong)[:200]} is not what the record says; trust neither")


def _in_archive(file: Path) -> dict[str, tuple[str, int]]:
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


def _hash(file: Path) -> tuple[str, int]:
    with file.open("rb") as opened:
        return f"sha256:{hashlib.file_digest(opened, 'sha256').hexdigest()}", file.stat().st_size
