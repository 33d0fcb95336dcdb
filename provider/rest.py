"""The one door to a cloud's REST API: credentials, bounded retries, long-running operations, errors as one sentence.

`MLPLATFORM_GOOGLE_API` and `MLPLATFORM_AZURE_API` put another address in place of a cloud's: a loopback one, for a
double (`sandbox/rest/`); any other is refused. With it no credentials are read and a fixed word stands for the token.
`MLPLATFORM_INSTANT=1`, for tests and with such an address only, lets waits pass at once on a clock of its own.
"""

import ipaddress
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, TypeVar, cast
from urllib.parse import urlsplit

import httpx
import tenacity

GOOGLE_VARIABLE = "MLPLATFORM_GOOGLE_API"
AZURE_VARIABLE = "MLPLATFORM_AZURE_API"
INSTANT_VARIABLE = "MLPLATFORM_INSTANT"
SANDBOX_TOKEN = "sandbox"
GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AZURE_HOST = "https://management.azure.com"

TRIES = 6
"""How often one call is tried, and how often one step (look, act, look again)."""
LONGEST_RETRY = 60.0
"""Seconds. A cloud that asks for a longer wait by Retry-After gets this much."""
POLL_FIRST, POLL_LONGEST = 2.0, 30.0
"""Seconds between two looks at a long-running operation: the first wait, doubled up to the second."""
OPERATION_SECONDS = 2 * 3600.0
"""The bound of one operation if the resource names no timeout; Vertex AI's own bound for a deployment is 2 hours."""

Json = dict[str, Any]
T = TypeVar("T")


class Refused(Exception):
    """What the user is told: `str()` is one sentence, without token or traceback."""


class Cancelled(Refused):
    """The engine cancelled while something was waited for."""


class CloudError(Refused):
    """The cloud's own refusal. `status` is the HTTP status."""

    def __init__(self, sentence: str, status: int) -> None:
        super().__init__(sentence)
        self.status = status


class Unsure(Refused):
    """The call may or may not have been carried out: look at the resource, and only then act again."""


class Clock(Protocol):
    """Time, so that tests need not wait."""

    def now(self) -> float:
        """Seconds since 1970."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait. Raises Cancelled when the engine cancelled meanwhile."""
        ...


@dataclass
class WallClock:
    """Real time; `cancelled`, once set, ends every wait."""

    cancelled: threading.Event = field(default_factory=threading.Event)

    def now(self) -> float:  # noqa: D102
        return time.time()

    def sleep(self, seconds: float) -> None:  # noqa: D102
        if self.cancelled.wait(seconds):
            raise Cancelled("cancelled while waiting; the next update takes up what was begun")


@dataclass
class InstantClock:
    """Time that passes only by waiting, and at once."""

    time: float = 1_800_000_000.0

    def now(self) -> float:  # noqa: D102
        return self.time

    def sleep(self, seconds: float) -> None:  # noqa: D102
        self.time += max(seconds, 0.001)


@dataclass(frozen=True)
class Reply:
    """A success."""

    status: int
    body: Json
    headers: Mapping[str, str]


class _Again(Exception):
    def __init__(self, reason: Refused, after: float | None) -> None:
        self.reason = reason
        self.after = after


class Door:
    """Calls of one API. `base` is its address without a trailing slash; `token` gives the bearer token of each call."""

    def __init__(self, base: str, token: Callable[[], str], clock: Clock, client: httpx.Client) -> None:
        self.base = base
        self.clock = clock
        self._token = token
        self._client = client

    def call(
        self,
        method: str,
        path: str,
        doing: str,
        *,
        params: Mapping[str, str] | None = None,
        json: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """One call, tried again while the cloud throttles (429), is unavailable (503) or cannot be reached.

        A POST that may have been carried out is not repeated: Unsure. Raises CloudError for the cloud's refusal, with
        its own message after `doing`, and Refused when every try failed.
        """
        url = path if path.startswith("http") else self.base + path
        if not url.startswith(self.base + "/"):
            raise Refused(f"{doing}: the cloud pointed to another host, {urlsplit(url).hostname}; not followed")
        retrying = tenacity.Retrying(
            stop=tenacity.stop_after_attempt(TRIES),
            wait=_wait,
            retry=tenacity.retry_if_exception_type(_Again),
            sleep=self.clock.sleep,
        )
        try:
            return retrying(self._once, method, url, doing, params, json, headers)
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
        headers: Mapping[str, str] | None,
    ) -> Reply:
        repeat = method != "POST"
        token = self._token()
        try:
            answer = self._client.request(
                method,
                url,
                params=params,
                json=json,
                headers={**(headers or {}), "Authorization": f"Bearer {token}"},
            )
        except (httpx.ConnectError, httpx.ConnectTimeout) as error:
            raise _Again(Refused(f"{doing}: {self.base} cannot be reached ({type(error).__name__})"), None) from None
        except httpx.TransportError as error:
            reason = f"{doing}: the connection to {self.base} broke ({type(error).__name__})"
            raise (_Again(Refused(reason), None) if repeat else Unsure(reason)) from None
        if answer.is_success:
            return Reply(answer.status_code, _json(answer), answer.headers)
        refusal = CloudError(f"{doing}: {_message(answer, token)}", answer.status_code)
        after = retry_after(answer.headers, self.clock.now())
        if answer.status_code == 429 or (answer.status_code == 503 and repeat):
            raise _Again(refusal, after)
        if answer.status_code == 503:
            self.clock.sleep(after or POLL_FIRST)
            raise Unsure(str(refusal))
        raise refusal

    def get(self, path: str, doing: str, params: Mapping[str, str] | None = None) -> Json | None:
        """The resource, or None when there is none (404)."""
        try:
            return self.call("GET", path, doing, params=params).body
        except CloudError as error:
            if error.status == 404:
                return None
            raise

    def until(self, look: Callable[[], T | None], doing: str, seconds: float) -> T:
        """Look until there is an answer, at growing intervals; after `seconds` Refused, saying how to go on."""
        end, wait = self.clock.now() + seconds, POLL_FIRST
        while True:
            found = look()
            if found is not None:
                return found
            if self.clock.now() + wait > end:
                late = f"{doing}: not done after {seconds / 60:.0f} minutes"
                raise Refused(f"{late}; run the update again, it takes up what was begun")
            self.clock.sleep(wait)
            wait = min(wait * 2, POLL_LONGEST)


def step(goal: Callable[[], T | None], act: Callable[[], object]) -> T:
    """Look for the goal; while it is not there, act and look again. What is there already is not done twice.

    Raises what `act` raises; Unsure, if the goal is still not reached after TRIES.
    """
    doubt: Refused = Unsure("the cloud reports success, but the result is not there; run the update again")
    for _ in range(TRIES):
        found = goal()
        if found is not None:
            return found
        try:
            act()
        except Unsure as error:
            doubt = error
    found = goal()
    if found is not None:
        return found
    raise doubt


@dataclass
class Clouds:
    """The doors of one process, which share connections and credentials; nothing is read before the first call."""

    clock: Clock
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=httpx.Timeout(60.0, connect=10.0)))
    _tokens: dict[str, Callable[[], str]] = field(default_factory=dict[str, Callable[[], str]])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def google(self, host: str) -> Door:
        """The Google API at `https://HOST`, or its double."""
        double = _override(GOOGLE_VARIABLE)
        token = _sandbox_token if double else self._token("google", google_token)
        return Door(double or f"https://{host}", token, self.clock, self.client)

    def azure(self) -> Door:
        """Azure Resource Manager, or its double."""
        double = _override(AZURE_VARIABLE)
        token = _sandbox_token if double else self._token("azure", azure_token)
        return Door(double or AZURE_HOST, token, self.clock, self.client)

    def _token(self, cloud: str, make: Callable[[], Callable[[], str]]) -> Callable[[], str]:
        with self._lock:
            if cloud not in self._tokens:
                self._tokens[cloud] = make()
            return self._tokens[cloud]


def clock_of_environment() -> Clock:
    """Real time, or a clock that passes at once if a test asks for it and a double is in a cloud's place."""
    if os.environ.get(INSTANT_VARIABLE) != "1":
        return WallClock()
    if not (_override(GOOGLE_VARIABLE) or _override(AZURE_VARIABLE)):
        raise Refused(f"{INSTANT_VARIABLE} is for tests: it needs {GOOGLE_VARIABLE} or {AZURE_VARIABLE} beside it")
    return InstantClock()


def google_token() -> Callable[[], str]:
    """Tokens of the application default credentials, renewed as they expire."""
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from google.auth.transport.requests import Request

    lock = threading.Lock()
    try:
        found = cast(tuple[Any, Any], google.auth.default(scopes=[GOOGLE_SCOPE]))
    except DefaultCredentialsError:
        raise Refused("no Google Cloud credentials: run `gcloud auth application-default login`") from None
    credentials = found[0]

    def token() -> str:
        with lock:
            if not credentials.valid:
                try:
                    credentials.refresh(Request())
                except GoogleAuthError as error:
                    said = f"Google Cloud gave no token ({type(error).__name__})"
                    raise Refused(f"{said}: run `gcloud auth application-default login`") from None
            return str(credentials.token)

    return token


def azure_token() -> Callable[[], str]:
    """Tokens of Azure's default credential chain, which keeps and renews them itself."""
    from azure.core.exceptions import ClientAuthenticationError
    from azure.identity import DefaultAzureCredential

    credential, lock = DefaultAzureCredential(), threading.Lock()

    def token() -> str:
        with lock:
            try:
                return credential.get_token(f"{AZURE_HOST}/.default").token
            except ClientAuthenticationError as error:
                raise Refused(f"Azure gave no token ({type(error).__name__}): run `az login`") from None

    return token


def _sandbox_token() -> str:
    return SANDBOX_TOKEN


def _override(variable: str) -> str | None:
    value = os.environ.get(variable, "").rstrip("/")
    if not value:
        return None
    host = urlsplit(value).hostname or ""
    try:
        loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        loopback = False
    if not loopback or urlsplit(value).scheme not in ("http", "https") or urlsplit(value).username is not None:
        raise Refused(f"{variable} is for a double on this machine: it must name a loopback address, not {host or '?'}")
    return value


def _wait(state: tenacity.RetryCallState) -> float:
    again = state.outcome.exception() if state.outcome else None
    if isinstance(again, _Again) and again.after is not None:
        return again.after
    return min(2.0 ** (state.attempt_number - 1), LONGEST_RETRY)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds to wait by the Retry-After header, LONGEST_RETRY at most; None without one."""
    value = headers.get("retry-after", "")
    if value.isdigit():
        return min(float(value), LONGEST_RETRY)
    try:
        return min(max(parsedate_to_datetime(value).timestamp() - now, 0.0), LONGEST_RETRY) if value else None
    except ValueError:
        return None


def _json(answer: httpx.Response) -> Json:
    try:
        body: Any = answer.json()
    except ValueError:
        return {}
    return cast(Json, body) if isinstance(body, dict) else {}


def _message(answer: httpx.Response, token: str) -> str:
    """Google's `{"error": {"message", "status"}}` and ARM's `{"error": {"code", "message"}}`, in one line."""
    error: Any = _json(answer).get("error")
    text = (
        error_text(cast(Json, error))
        if isinstance(error, dict)
        else f"HTTP {answer.status_code} {answer.reason_phrase}"
    )
    return text.replace(token, "***")


def error_text(error: Mapping[str, Any]) -> str:
    """The message of an error body and its code, in one line of at most 600 characters."""
    text = " ".join(str(error.get("message") or "no reason given").split()).rstrip(".")
    return f"{text[:600]} ({error.get('status') or error.get('code')})"
