"""Writes the archive in which SageMaker takes an artifact: the same files give the same bytes on every day and machine.

"ModelDataUrl", https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_ContainerDefinition.html
"""

import gzip
import tarfile
from collections.abc import Iterable
from pathlib import Path
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
