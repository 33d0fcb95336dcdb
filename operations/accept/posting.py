"""How an acceptance run posts a request to an endpoint that answers by HTTP."""

from collections.abc import Mapping
from typing import Any, cast

import httpx

from operations.accept.acceptance import Unanswered

_SECONDS = 60.0


def url_of(outputs: Mapping[str, Any], name: str) -> str:
    """The address of an endpoint from inside the stack's network, its route included, as the stack's outputs say it."""
    return cast("Mapping[str, Mapping[str, str]]", outputs["calls"])[name]["url"]


def posted(url: str, body: bytes, headers: Mapping[str, str] | None = None, **client: Any) -> bytes:
    """The answer to a body of JSON. `client` goes to httpx.Client. Raises Unanswered where it is no 200, or none."""
    told = {"Content-Type": "application/json", **(headers or {})}
    try:
        with httpx.Client(timeout=_SECONDS, **client) as opened:
            answer = opened.post(url, content=body, headers=told)
    except httpx.HTTPError as error:
        raise Unanswered(f"{type(error).__name__}: {error}") from None
    if answer.status_code != 200:
        raise Unanswered(f"{answer.status_code}: {answer.text[:300]}")
    return answer.content
