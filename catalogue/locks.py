"""Opens the file of a lock."""

import os
from pathlib import Path
from typing import TextIO


def lock_file(path: Path) -> TextIO:
    """Open the file of a lock to read and write, and make it where it is missing; only its user may read it.

    A link is refused: who may write the folder could let the lock make, or empty, another file of the user's. Raises
    OSError.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    return os.fdopen(os.open(path, flags, 0o600), "r+", encoding="utf-8")
