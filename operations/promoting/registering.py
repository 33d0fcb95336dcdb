"""A candidate, on its way into the registry of a stack: the folder that a pipeline or a person's own training left.

It has the record, `version.json`, and the artifact's files in `artifact/`, as `catalogue/versions.py` says. Each of
them is held against the record before anything is asked.
"""

import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import cast

from catalogue import archives, versions
from catalogue.errors import BadInput
from operations import steps
from operations.export.packing import Packed
from operations.promoting import Asked, asked
from operations.promoting.images import Image, Registries
from operations.promoting.moving import ARCHIVE, Move, hashes, hold, hold_served


@dataclass(frozen=True)
class Candidate:
    """A version that is to be registered: by whom, where it lies, and its record."""

    target: Asked
    place: str
    folder: Path
    record: versions.Version
    digest: str

    @property
    def beside(self) -> dict[str, bytes]:
        """What the registry keeps beside the record of a version that has another number there than in its record.

        Whoever reads the record there would else take it for another version's. Nobody has approved it yet.
        """
        target, own = self.target, f"{self.record.name}@{self.record.version}"
        if str(target.version) == own:
            return {}
        said = versions.Origin(
            schema="mlplatform-origin/1",
            stack=target.stack,
            account=target.config.account,
            version=own,
            digest=self.digest,
            image=self.record.image,
            approved_by="",
            approved_because="",
        )
        return {versions.ORIGIN: versions.written(said)}

    @property
    def why(self) -> str:
        """What its record says of its gate, and which run made it."""
        gate = self.record.gate
        return (
            f"{f'passed its gate: {gate}' if gate else 'its record says nothing of a gate'}; {self.record.lineage.run}"
        )

    @property
    def files(self) -> dict[str, str]:
        """Where each file of the registry comes from, by its path below the folder of the version; the record last."""
        paths = [f"{versions.ARTIFACT}/{one.path}" for one in self.record.artifact.files]
        at = self.place.rstrip("/")
        if self.target.config.platform == "aws":
            return {ARCHIVE: f"{at}/{versions.ARTIFACT}/ as one archive", versions.RECORD: f"{at}/{versions.RECORD}"}
        return {path: f"{at}/{path}" for path in (*paths, versions.RECORD)}

    def fetch(self, folder: Path) -> None:
        """Lay the files out as the registry has them."""
        paths = [one.path for one in self.record.artifact.files]
        try:
            shutil.copyfile(self.folder / versions.RECORD, folder / versions.RECORD)
            if self.target.config.platform == "aws":
                with (folder / ARCHIVE).open("wb") as written:
                    archives.archive(self.folder / versions.ARTIFACT, paths, written)
                return
            for path in paths:
                (folder / versions.ARTIFACT / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(self.folder / versions.ARTIFACT / path, folder / versions.ARTIFACT / path)
        except OSError as error:
            raise BadInput(f"{self.place}: cannot be read ({error.strerror}); give the folder of a candidate") from None


def readable(said: str, file: Path, place: str) -> str:
    """The address of a candidate as a store has it: a pipeline of Azure ML says that of the stack's own datastore.

    Raises BadInput for another datastore, whose store nobody here knows.
    """
    if not place.startswith("azureml://"):
        return place
    target, (_, own, path) = asked(said, file), place.partition("datastores/artifacts/paths/")
    if not own or target.config.platform != "azure":
        raise BadInput(
            f"--from: {place} is in no datastore of {target.stack} that is read here, which is `artifacts`; give "
            "az://account/container/path"
        )
    store = target.registry.folder(target.stack, target.config, target.version)
    return store.removesuffix(target.version.folder) + path


def candidate(said: str, file: Path, place: str, folder: Path, number: int | None = None) -> Candidate:
    """The candidate NAME@N in a folder, which came from a place. Raises BadInput where it may not be registered.

    The registry gives it its own number, or the one that is said: a pipeline on a schedule leaves the same each time.
    """
    target = asked(said, file)
    _hold_candidate(place, folder)
    packed = Packed(folder)
    hold_served(target, target.version.name)
    record = packed.version
    if (record.name, record.version) != (target.version.name, target.version.version):
        raise BadInput(
            f"{place}: is {record.name}@{record.version}, not {target.version}; name the version that lies there, "
            "and with --as the number that the registry is to give it"
        )
    hold(place, record, hashes(folder, [one.path for one in record.artifact.files]))
    if record.gate is not None and not record.gate.passed:
        raise BadInput(f"{place}: did not pass its gate ({record.gate}); only what passed is registered")
    if number is not None:
        target = replace(target, version=replace(target.version, version=number))
    return Candidate(target, place, folder, record, packed.digest)


def _hold_candidate(place: str, folder: Path) -> None:
    """Refuse what has no record of a candidate, such as what a pipeline that scores left. Raises BadInput."""
    instead = "give the folder of the step that wrote one, as `register` of examples/steps.py does"
    record = folder / versions.RECORD
    if not record.is_file():
        raise BadInput(
            f"{place}: has no {versions.RECORD}, the record of a candidate, so nothing there is one; {instead}"
        )
    if record.is_symlink():
        return  # whoever reads the record refuses it
    with record.open("rb") as opened:
        said = versions.parsed(opened.read(versions.LARGEST + 1), str(record))
    schema = cast("dict[str, object]", said).get("schema") if isinstance(said, dict) else None
    if schema != versions.SCHEMA:
        raise BadInput(
            f"{place}: its {versions.RECORD} is no record of a candidate, whose schema is {versions.SCHEMA}; {instead}"
        )


def planned(one: Candidate, registries: Registries) -> Move:
    """The move of a candidate into the registry. Raises BadInput where the registry does not let it."""
    target, version = one.target, one.target.version
    number, there = target.registry.numbered(target.stack, target.config, version, one.digest, None)
    if number != version.version:
        raise BadInput(
            f"{version}: is registered already, as {version.name}@{number}"
            if there
            else f"{version}: SageMaker numbers the versions of a model in order, and the next is "
            f"{version.name}@{number}; register it --as {number}"
        )
    image = None if there else _image(one, registries)
    return Move(
        called=str(version),
        record=one.record,
        digest=one.digest,
        files=one.files,
        fetch=one.fetch,
        image=image,
        target=target,
        there=there,
        into=target.registry.folder(target.stack, target.config, version),
        beside=one.beside,
    )


def _image(one: Candidate, registries: Registries) -> Image | None:
    """The image that is to get the tag of the version, in the stack's own repository; None where it has it.

    Raises BadInput where the tag is another image's, and with the commands that push it where the repository has none.
    """
    target, digest = one.target, one.record.image.rpartition("@")[2]
    tagged = target.registry.image(target.stack, target.config, target.version, target.config)
    found = registries.digest_of(tagged)
    if found == digest:
        return None
    if found is not None:
        raise BadInput(
            f"{tagged}: is {found}, and the record has {digest}; a tag stays, so write the record of that image, or "
            "take the next number"
        )
    if registries.digest_of(replace(tagged, tag=digest)) == digest:
        return replace(tagged, tag=digest)
    raise BadInput(f"{tagged}: the registry has no image of {digest}; push it first: {_pushed(one, str(tagged))}")


def _pushed(one: Candidate, tagged: str) -> str:
    """The commands that push the image of the record under the tag of the version."""
    config = one.target.config
    push = steps.of(config.platform).push(tagged, config.account, config.region)
    image = quote(one.record.image)
    return f"docker pull {image} && docker tag {image} {quote(tagged)}{f' && {push[0]}' if push else ''}"
