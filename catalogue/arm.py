"""Ids of Azure Resource Manager, which name the same in any case of their letters.

https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/resource-name-rules says it of the names in
them. Azure itself answers with another case than it was asked in, so that an id is never compared as it is written.
"""

import re
from functools import lru_cache

_ID = re.compile(
    r"(?:azureml:/*)?/?(?:subscriptions/|providers/microsoft\.)|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    re.IGNORECASE,
)
"""How an id begins, also where an address of Azure ML leads to it or it is the rest of one; and a GUID, by which a
principal, a client or a subscription is named, https://www.rfc-editor.org/rfc/rfc9562#section-4 (in any case).
"""


@lru_cache(maxsize=65_536)
def is_id(text: str) -> bool:
    """Whether a text is an id, the end of one from its provider on, an address that ends in one, or a GUID."""
    return _ID.match(text) is not None


@lru_cache(maxsize=65_536)
def compared(text: str) -> str:
    """A text as it is compared with another: an id in lower case and without a slash at its end, any other as it is."""
    return text.casefold().rstrip("/") if is_id(text) else text


def same(text: str, other: str) -> bool:
    """Whether two texts are one, where ids are one in any case. An empty text is the same as none."""
    return bool(text) and compared(text) == compared(other)
