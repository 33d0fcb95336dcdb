"""Ids made from content. By them a run finds what an earlier, interrupted run made."""

import hashlib
import json

from provider import PACKAGE

PREFIX = f"{PACKAGE}-"
"""The beginning of the names that this provider gives. It tells its own things from those of others."""


def digest(content: object) -> str:
    """The SHA-256 of the content in hexadecimal digits. Equal content has an equal digest."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
