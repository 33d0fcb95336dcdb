"""How an acceptance run calls an online endpoint of Azure Machine Learning: its scoring URI, with a token of Entra ID.

https://learn.microsoft.com/en-us/azure/machine-learning/how-to-authenticate-online-endpoint
"""

from collections.abc import Mapping
from typing import Any

import httpx

from operations.accept.posting import posted, url_of

_SCOPE = "https://ml.azure.com/.default"


def doubt(account: Any) -> str:
    """Nothing but variables puts another host in the place of these, and they are looked at for every platform."""
    return ""


def call(
    account: Any,
    name: str,
    outputs: Mapping[str, Any],
    body: bytes,
    transport: httpx.BaseTransport | None = None,
    *,
    target: str = "",
) -> bytes:
    """The answer of the endpoint, of which none serves several models, at its container's route. Raises Unanswered."""
    return posted(
        url_of(outputs, name), body, {"Authorization": f"Bearer {account.token(_SCOPE)}"}, transport=transport
    )
