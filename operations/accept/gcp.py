"""How an acceptance run calls an endpoint of Vertex AI: at its address in the network, as the manual step says.

The certificate there is signed by no authority: Vertex AI, "Use dedicated private endpoints based on Private Service
Connect for online inference", https://cloud.google.com/vertex-ai/docs/predictions/private-service-connect
"""

from collections.abc import Mapping
from typing import Any, cast

import httpx

from operations.accept.acceptance import Unanswered

_SECONDS = 60.0


def doubt(account: Any) -> str:
    """Nothing but variables puts another host in the place of these, and they are looked at for every platform."""
    return ""


def call(
    account: Any, name: str, outputs: Mapping[str, Any], body: bytes, transport: httpx.BaseTransport | None = None
) -> bytes:
    """The answer of the endpoint, whose URL is an output of the stack. Raises Unanswered."""
    url = cast("Mapping[str, str]", outputs["urls"])[name]
    told = {"Content-Type": "application/json"}
    try:
        with httpx.Client(verify=False, timeout=_SECONDS, transport=transport) as client:
            answer = client.post(url, content=body, headers=told)
    except httpx.HTTPError as error:
        raise Unanswered(f"{type(error).__name__}: {error}") from None
    if answer.status_code != 200:
        raise Unanswered(f"{answer.status_code}: {answer.text[:300]}")
    return answer.content
