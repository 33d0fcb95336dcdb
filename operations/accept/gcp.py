"""How an acceptance run calls an endpoint of Vertex AI.

The endpoint is called at its address in the network, as the manual step says. The certificate there is signed by no
authority: Vertex AI, "Use dedicated private endpoints based on Private Service Connect for online inference",
https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect.
"""

from collections.abc import Mapping
from typing import Any

import httpx

from operations.accept.posting import posted, url_of


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
    """The answer of the endpoint. Raises Unanswered. No endpoint here serves several models."""
    return posted(url_of(outputs, name), body, verify=False, transport=transport)
