"""Ids that are made from content. By them a run finds what an earlier, interrupted run of this provider left."""

import hashlib
import json

from provider import PACKAGE

PREFIX = f"{PACKAGE}-"
"""How the name of what this provider made begins, in a cloud where others make such things too."""


def digest(content: object) -> str:
    """The content's SHA-256 in hexadecimal digits; equal content has an equal one."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
