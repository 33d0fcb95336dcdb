"""Names and labels in Google Cloud's legal forms, where what a pilot calls a thing may be too long or ill-formed."""

import hashlib
import re


def fitted(name: str, limit: int) -> str:
    """The name where it fits into `limit` characters; otherwise its beginning and four digits of its hash."""
    if len(name) <= limit:
        return name
    digits = hashlib.sha256(name.encode()).hexdigest()[:4]
    return f"{name[: limit - 5].rstrip('-')}-{digits}"


def squeezed(name: str, limit: int) -> str:
    """Lower-case letters and digits only, a letter first: the form of Private Service Connect endpoints to Google."""
    plain = re.sub(r"[^a-z0-9]", "", name.lower())
    if len(plain) <= limit:
        return plain
    return f"{plain[: limit - 4]}{hashlib.sha256(name.encode()).hexdigest()[:4]}"


def underscored(name: str) -> str:
    """With `_` for `-`: BigQuery datasets and custom roles know no dash."""
    return name.replace("-", "_")


def label(value: str) -> str:
    """A label's value: lower-case letters, digits, `_` and `-`, at most 63 ("Labels overview", Resource Manager)."""
    return re.sub(r"[^a-z0-9_-]", "_", value.lower())[:63]
