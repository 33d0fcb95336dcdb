"""A version of the registry of one stack, on its way to that of the next: which may go, and what is kept of whence."""

from pathlib import Path

from catalogue import versions
from catalogue.errors import BadInput
from catalogue.registered import Registered
from operations import stores
from operations.promoting import Asked, Found, asked, promoted
from operations.promoting.images import Image, Registries
from operations.promoting.moving import ARCHIVE, Move, hold_served
from stacks.config import stack_name
from stacks.sections import registry


def planned(
    said: str, source: Path, target: Path, registries: Registries, number: int | None = None
) -> tuple[Move, Found]:
    """The move of NAME@N from stack to stack, and what the first says of it.

    Raises BadInput where the stack files or the checks do not let it.
    """
    giving, taking = asked(said, source), asked(said, target)
    _hold_agreed(giving, taking)
    own = giving.registry
    found = own.found(giving.stack, giving.config, giving.version, taking.config)
    promoted(found, giving.version)
    image = own.image(giving.stack, giving.config, giving.version, taking.config)
    digest = registries.digest_of(image)
    if digest is None or digest != found.record.image.rpartition("@")[2]:
        raise BadInput(
            f"{giving.version}: its record has the image {found.record.image}, and the registry of {giving.stack} has "
            f"{digest or 'none'} under its tag; trust neither"
        )
    as_number, there = taking.registry.numbered(taking.stack, taking.config, giving.version, found.digest, number)
    version = Registered(giving.version.name, as_number)
    files = _files(giving, found.record)

    def fetch(folder: Path) -> None:
        for path, place in files.items():
            stores.read(place, folder / path)

    return Move(
        called=str(giving.version),
        record=found.record,
        digest=found.digest,
        files=files,
        fetch=fetch,
        image=image,
        target=Asked(taking.file, taking.config, taking.stack, version, taking.registry),
        there=there,
        into=taking.registry.folder(taking.stack, taking.config, version),
        beside={versions.ORIGIN: _origin(giving, found, image, digest)},
    ), found


def _files(giving: Asked, record: versions.Version) -> dict[str, str]:
    folder = giving.registry.folder(giving.stack, giving.config, giving.version)
    archived = giving.config.platform == "aws"
    named = [ARCHIVE] if archived else [f"{versions.ARTIFACT}/{one.path}" for one in record.artifact.files]
    return {name: f"{folder}{name}" for name in (*named, versions.RECORD)}


def _origin(giving: Asked, found: Found, image: Image, digest: str) -> bytes:
    """What the target keeps of where the version came from."""
    said = versions.Origin(
        schema="mlplatform-origin/1",
        stack=giving.stack,
        account=giving.config.account,
        version=f"{found.record.name}@{found.record.version}",
        digest=found.digest,
        image=f"{str(image).rpartition(':')[0]}@{digest}",
        approved_by=found.by,
        approved_because=found.because,
    )
    return versions.written(said)


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
    hold_served(taking, giving.version.name)
