"""Where a version comes from: a folder of this machine, or a copy of what was uploaded to an address.

Where the registry has the artifact as one archive, as SageMaker takes it, the version is laid out of it.
"""

import shutil
import tarfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from catalogue import archives
from catalogue.errors import BadInput
from catalogue.versions import APPROVAL, ARTIFACT, RECORD
from operations import stores
from operations.export.layout import FEATURES
from operations.promoting.moving import ARCHIVE

MOST_BYTES = 64 * 1024**3
"""The most that is copied from a store: no bundle is read that is larger."""


@contextmanager
def opened(place: str, sandbox: str | None) -> Generator[Path]:
    """The folder of a version. A copy ends with the `with`. Raises BadInput where there is none, and what is refused
    of a copy within the `with` names the place that it was copied from.
    """
    with _lying(place, sandbox) as folder:
        if (folder / ARTIFACT).exists() or not (folder / ARCHIVE).is_file():
            with _named(folder, place):
                yield folder
            return
        with TemporaryDirectory(prefix="mlplatform-export-") as laid_out:
            _lay_out(place, folder, Path(laid_out))
            with _named(Path(laid_out), place):
                yield Path(laid_out)


@contextmanager
def _named(folder: Path, place: str) -> Generator[None]:
    try:
        yield
    except BadInput as error:
        raise BadInput(str(error).replace(str(folder), place.rstrip("/"))) from None


def _lay_out(place: str, folder: Path, into: Path) -> None:
    for name in (RECORD, APPROVAL, FEATURES):
        if (folder / name).is_file():
            shutil.copyfile(folder / name, into / name, follow_symlinks=False)  # a link is refused where it is read
    try:
        archives.unpack(folder / ARCHIVE, into / ARTIFACT, MOST_BYTES)
    except (tarfile.TarError, OSError, EOFError) as error:
        raise BadInput(f"{place}: {ARCHIVE} cannot be unpacked ({error}); register the version anew") from None


@contextmanager
def _lying(place: str, sandbox: str | None) -> Generator[Path]:
    if sandbox is not None:
        from operations.sandboxes.content import kept
        from operations.sandboxes.ground import Chosen

        with kept(Chosen(sandbox, real_time=False).standing(), place) as folder:
            yield folder
    elif stores.is_address(place, "--from"):
        with TemporaryDirectory(prefix="mlplatform-export-") as folder:
            stores.copy(place, Path(folder), "--from", most=MOST_BYTES)
            yield Path(folder)
    else:
        if not Path(place).is_dir():
            raise BadInput(
                f"--from: {place} is no folder; give the one that `register` wrote, or its address in a store"
            )
        yield Path(place)
