"""Calls to a cloud's REST API, with bounded retries, long-running operations, and errors of one sentence."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlsplit

import grpc
import httpx
import tenacity

from provider import Json
from provider.clock import Clock
from provider.errors import CloudError, ProviderError, Unsure
from provider.steps import TRIES

LONGEST_RETRY = 60.0
"""Seconds. A longer wait that a cloud asks for by Retry-After is cut to this."""
POLL_FIRST, POLL_LONGEST = 2.0, 30.0
"""Seconds between two looks at a long-running operation: the first wait, and the longest. Each doubles the last."""
OPERATION_SECONDS = 2 * 3600.0
"""The bound of one operation where the resource names no timeout. Vertex AI bounds a deployment at 2 hours."""

PASSING = frozenset({408, 429, 500, 502, 503, 504})
"""The statuses after which the clouds' own SDKs call again.

https://github.com/Azure/azure-sdk-for-python/blob/main/sdk/core/azure-core/azure/core/pipeline/policies/_retry.py
"""
STATUS_NAMES = {code.value[0]: code.name for code in grpc.StatusCode}
"""An operation of Google's ends in a google.rpc.Status, which has a number where an HTTP error has a name too."""

T = TypeVar("T")


class Token(Protocol):
    """Gives the bearer token of a call; with `renew`, one that no cache had."""

    def __call__(self, *, renew: bool = False) -> str:  # noqa: D102
        ...


@dataclass(frozen=True)
class Reply:
    """A success."""

    status: int
    body: Json
    headers: Mapping[str, str]


class _Again(Exception):
    def __init__(self, reason: ProviderError, after: float | None) -> None:
        self.reason = reason
        self.after = after


class Door:
    """Calls of one API. `base` is its address without a trailing slash; `token` gives the bearer token of each call."""

    def __init__(self, base: str, token: Token, clock: Clock, client: httpx.Client) -> None:
        self.base = base
        self.clock = clock
        self._token = token
        self._client = client

    def headers_of(self, path: str) -> Mapping[str, str]:
        """The headers that this API's calls of a path have beside the token. None, where an API has none of its own."""
        return {}

    def call(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Json | None = None,
        headers: Mapping[str, str] | None = None,
        reads: bool = False,
    ) -> Reply:
        """One call, tried again while its status is one that passes, its answer is cut or cannot be read.

        A POST that may have been carried out is not repeated, but raises Unsure; one that only `reads` is repeated. A
        token that is refused (401) is fetched anew once. Raises CloudError where the cloud refuses, with the cloud's
        message after `doing`. Raises ProviderError when every try failed.
        """
        url = path if path.startswith("http") else self.base + path
        if not url.startswith(self.base + "/"):
            raise ProviderError(f"{doing}: the cloud pointed to another host, {urlsplit(url).hostname}; not followed")
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(TRIES),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(_Again),
            sleep=self.clock.sleep,
        )
        try:
            own = {**self.headers_of(path), **(headers or {})}
            return retrying(self._once, method, url, doing, params, json, own, reads or method != "POST")
        except tenacity.RetryError as error:
            again = error.last_attempt.exception()
            assert isinstance(again, _Again)
            raise again.reason from None

    def _once(
        self,
        method: str,
        url: str,
        doing: str,
        params: Mapping[str, str] | None,
        json: Json | None,
        headers: Mapping[str, str],
        repeat: bool,
    ) -> Reply:
        def doubt(reason: str) -> ProviderError | _Again:
            return _Again(ProviderError(reason), None) if repeat else Unsure(reason)

        token = self._token()
        try:
            answer = self.sent(method, url, params, json, headers, token)
            if self.status_of(answer) == 401:  # it ended before its time, or was revoked; nothing has been done
                token = self._token(renew=True)
                answer = self.sent(method, url, params, json, headers, token)
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            reason = f"{doing}: {self.base} cannot be reached ({type(error).__name__})"
            raise _Again(ProviderError(reason), None) from None
        except httpx.RequestError as error:
            raise doubt(f"{doing}: the connection to {self.base} broke ({type(error).__name__})") from None
        if answer.is_success:
            body = json_of(answer)
            if body is None:
                raise doubt(f"{doing}: {self.base} answered what cannot be read as JSON")
            return Reply(answer.status_code, body, answer.headers)
        status = self.status_of(answer)
        refusal = CloudError(f"{doing}: {self.said(answer).replace(token, '***')}", status)
        after = retry_after(answer.headers, self.clock.now())
        if status == 429 or (status in PASSING and repeat):
            raise _Again(refusal, after)
        if status in PASSING:
            self.clock.sleep(after or POLL_FIRST)
            raise Unsure(str(refusal))
        raise refusal

    def sent(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        json: Json | None,
        headers: Mapping[str, str],
        token: str,
    ) -> httpx.Response:
        """Send one call, with the token that says who asks."""
        bearer = {**headers, "Authorization": f"Bearer {token}"}
        return self._client.request(method, url, params=params, json=json, headers=bearer)

    def status_of(self, answer: httpx.Response) -> int:
        """The status of an answer, as HTTP means it."""
        return answer.status_code

    def said(self, answer: httpx.Response) -> str:
        """Google's `{"error": {"message", "status"}}` and ARM's `{"error": {"code", "message"}}`, in one line."""
        error: Any = (json_of(answer) or {}).get("error")
        if isinstance(error, dict):
            return error_text(cast(Json, error))
        return f"HTTP {answer.status_code} {answer.reason_phrase}"

    def get(self, path: str, doing: str, params: Mapping[str, str] | None = None) -> Json | None:
        """The resource, or None when there is none (404)."""
        try:
            return self.call("GET", path, doing, params=params).body
        except CloudError as error:
            if error.status == 404:
                return None
            raise

    def until(self, look: Callable[[], T | None], doing: str, seconds: float) -> T:
        """Look at growing intervals until there is an answer.

        Raises ProviderError after `seconds`, which says how to go on.
        """
        end, wait = self.clock.now() + seconds, POLL_FIRST
        while True:
            found = look()
            if found is not None:
                return found
            if self.clock.now() + wait > end:
                late = f"{doing}: not done after {seconds / 60:.0f} minutes"
                raise ProviderError(f"{late}; run the update again, it takes up what was begun")
            self.clock.sleep(wait)
            wait = min(wait * 2, POLL_LONGEST)


def _wait(state: tenacity.RetryCallState) -> float:
    again = state.outcome.exception() if state.outcome else None
    if isinstance(again, _Again) and again.after is not None:
        return again.after
    return min(2.0 ** (state.attempt_number - 1), LONGEST_RETRY)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait, read from the Retry-After header and cut to LONGEST_RETRY. None without the header."""
    value = headers.get("retry-after", "")
    if value.isdigit():
        return min(float(value), LONGEST_RETRY)
    try:
        return min(max(parsedate_to_datetime(value).timestamp() - now, 0.0), LONGEST_RETRY) if value else None
    except ValueError:
        return None


def json_of(answer: httpx.Response) -> Json | None:
    """The body; empty where there is none. None where it is no JSON object."""
    if not answer.content.strip():
        return {}
    try:
        body: Any = answer.json()
    except ValueError:
        return None
    return cast(Json, body) if isinstance(body, dict) else None


def error_text(error: Mapping[str, Any]) -> str:
    """The message of an error body and its code, in one line of at most 600 characters."""
    text = " ".join(str(error.get("message") or error.get("details") or "no reason given").split()).rstrip(".")
    code: Any = error.get("status") or error.get("code")
    return f"{text[:600]} ({STATUS_NAMES.get(code, code)})"
