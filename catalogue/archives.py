"""The archive in which SageMaker takes an artifact: the same files give the same bytes on every day and machine.

"ModelDataUrl", https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
"""

import gzip
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO


def archive(folder: Path, paths: Iterable[str], into: IO[bytes]) -> None:
    """Write the files of a folder, by their paths in it, as a gzipped tar. Raises OSError where one cannot be read."""
    with (
        gzip.GzipFile(filename="", fileobj=into, mode="wb", mtime=0) as zipped,
        tarfile.open(fileobj=zipped, mode="w") as tar,
    ):
        for path in sorted(paths):
            entry = tarfile.TarInfo(path)  # its owner is 0 and its time 1970 where nothing is said
            entry.size = (folder / path).stat().st_size
            with (folder / path).open("rb") as content:
                tar.addfile(entry, content)


def unpack(file: Path, into: Path, most: int) -> None:
    """Unpack the files of an archive, which may be anybody's, into a new folder: `most` bytes of them.

    Raises tarfile.TarError for what is no plain file in that folder, or more; OSError and EOFError where it cannot be
    read or written.
    """
    into.mkdir()
    with tarfile.open(file, "r:gz") as tar:
        for entry in (one for one in tar if not one.isdir()):
            path, content = PurePosixPath(entry.name), tar.extractfile(entry) if entry.isreg() else None
            if content is None or path.is_absolute() or ".." in path.parts:
                raise tarfile.TarError(f"{entry.name[:100]!r} is a link, or leads out of it")
            if (most := most - entry.size) < 0:
                raise tarfile.TarError("its files are too large")
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            with (into / path).open("xb") as written:
                shutil.copyfileobj(content, written)
