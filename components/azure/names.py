"""Names as Azure wants them: short, sometimes unique in a region or in the world, sometimes a GUID."""

import hashlib
import re
import uuid

AUTO_NAME = 8
"""The random digits that azure-native's auto-naming appends to a logical name."""

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "pulumi:mlplatform:azure")


def digest(*words: str, length: int = 7) -> str:
    """Hexadecimal digits that stand for these words, the same in every run."""
    return hashlib.sha256("\0".join(words).encode()).hexdigest()[:length]


def short(name: str, limit: int) -> str:
    """The name where it fits; else its beginning and four digits that stand for the whole of it."""
    return name if len(name) <= limit else f"{name[: limit - 5].rstrip('-')}-{digest(name, length=4)}"


def regional(name: str, subscription: str, stack: str, kind: str, limit: int = 32) -> str:
    """A name that must be unique in its region: readable, and this stack's own. It begins with a letter, as `name`.

    A letter follows the last '-', without which Azure ML takes no name of a compute ("Create a compute instance").
    """
    return f"{name[: limit - 8].rstrip('-')}-n{digest(subscription, stack, kind, name, length=6)}"


def worldwide(stack: str, subscription: str, what: str) -> str:
    """A name that must be unique in the world, for a registry: readable, and this stack's own in its subscription."""
    return compact(f"{stack}-{what}", 42) + digest(subscription, stack, length=8)


def guid(*words: str) -> str:
    """The GUID that stands for these words, for what Azure names by GUID."""
    return str(uuid.uuid5(_NAMESPACE, "\0".join(words)))


def compact(name: str, limit: int) -> str:
    """The name in lower-case letters and digits only, as storage accounts and registries want theirs."""
    letters = re.sub(r"[^a-z0-9]", "", name.lower())
    return letters if len(letters) <= limit else letters[: limit - 4] + digest(name, length=4)
