"""Writes a file whole or not at all: who reads it meanwhile, or after a run that was cut, finds no half of one."""

import os
import secrets
from pathlib import Path


def put(path: Path, text: str, newline: str | None = None) -> Path:
    """Write a text, and the folder of the file where there is none. Returns the path. Raises OSError.

    `newline` is as of `open`: with "" the line ends of the text stay as they are.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    half = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        half.write_text(text, encoding="utf-8", newline=newline)
        os.replace(half, path)  # noqa: PTH105  # os.replace is the atomic rename of the system
    finally:
        half.unlink(missing_ok=True)
    return path
