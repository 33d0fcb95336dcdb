"""Reads of the REST APIs of Google and Azure: paging, bounded retries, and nothing but reads.

Every request leaves through one client, whose hook refuses what is not among the reads of the platform's table. So a
token goes to no other host, and a page that a cloud points to is followed only where it is such a read itself.
"""

import re
import ssl
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, cast
from urllib.parse import quote

import httpx

from operations.asking_again import Again, answered, until_answered
from operations.doctor import Unseen, WriteRefused

TRIES = 5
LONGEST_WAIT = 30.0
"""Seconds. A longer wait that a cloud asks for by Retry-After is cut to this."""


@dataclass(frozen=True)
class Read:
    """One read: its address, where `{name}` stands for a part without a slash, the right that it takes, its method.

    A POST is among the reads only where the cloud's page says that it changes nothing. `closed` says why a place may
    answer 403, or not at all, to whoever stands outside the network, though they have the right.
    """

    address: str
    right: str
    method: str = "GET"
    closed: str = ""

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """Matches the addresses of this read, without their query."""
        parts = re.split(r"\{\w+\}", self.address)
        return re.compile(r"[^/?#@:\\]+".join(map(re.escape, parts)))

    def allows(self, method: str, url: httpx.URL) -> bool:
        """Whether a request is this read."""
        return method == self.method and self.pattern.fullmatch(str(url.copy_with(query=None))) is not None

    def at(self, **names: str) -> str:
        """The address with the names filled in, each one escaped."""
        return self.address.format_map({key: quote(value, safe="") for key, value in names.items()})


class Refusal(Unseen):
    """An answer that is no success, and of which a right is not the reason. `code` is the cloud's own word for it."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"the cloud refuses ({code}: {message})")
        self.code = code


class Reader:
    """The only way to the API of a cloud. `headers` gives what proves who asks, for the host of each request."""

    def __init__(
        self,
        reads: Collection[Read],
        headers: Callable[[httpx.URL], Mapping[str, str]],
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._reads = tuple(reads)
        self._headers = headers
        self._sleep = sleep
        self.client = httpx.Client(
            timeout=httpx.Timeout(60.0, connect=10.0),
            # Behind a company's proxy only the system's certificates are right.
            verify=transport is not None or ssl.create_default_context(),
            transport=transport,
            event_hooks={"request": [self._only_reads]},
        )

    def _only_reads(self, request: httpx.Request) -> None:
        if not any(read.allows(request.method, request.url) for read in self._reads):
            asked = f"{request.method} {request.url.copy_with(query=None)}"
            raise WriteRefused(f"doctor only reads; {asked[:200]} is none of its reads")

    def ask(self, read: Read, url: str, **given: Any) -> httpx.Response | None:
        """The answer of one read; None where there is no such thing (404). `given` goes to httpx.

        A cloud that throttles (429), fails (5xx) or cannot be reached is asked TRIES times. Raises Unseen where it does
        not answer then, and where the right is missing (401, 403); Refusal for any other answer.
        """
        try:
            return until_answered(lambda: self._once(read, url, given), TRIES, LONGEST_WAIT, self._sleep)
        except Again as again:
            closed = f"; {read.closed}" if read.closed else ""
            raise Unseen(f"{again.reason}, {TRIES} times{closed}") from None

    def _once(self, read: Read, url: str, given: Mapping[str, Any]) -> httpx.Response | None:
        address = httpx.URL(url)
        headers = {**self._headers(address), **given.get("headers", {})}
        send: Callable[..., httpx.Response] = self.client.request
        answer = answered(
            lambda: send(read.method, address, **{**given, "headers": headers}),
            address.host,
        )
        if answer.status_code == 404:
            return None
        if answer.is_success:
            return answer
        refusal = _refusal(answer)
        if answer.status_code in (401, 403) and refusal.code != "SERVICE_DISABLED":
            closed = f"; {read.closed}" if read.closed else ""
            raise Unseen(f"it takes the right {read.right}, which is missing ({refusal.code}){closed}")
        raise refusal

    def json(self, read: Read, url: str, **given: Any) -> Mapping[str, Any] | None:
        """The JSON object that one read answers; None where there is no such thing (404)."""
        answer = self.ask(read, url, **given)
        return None if answer is None else cast(Mapping[str, Any], answer.json())

    def pages(
        self, read: Read, url: str, listed: str, params: Mapping[str, str], after: Callable[[Any], Mapping[str, Any]]
    ) -> Iterator[Mapping[str, Any]]:
        """Each item of a list, page after page. `after` gives `url` or `params` of the next page, or nothing."""
        following: dict[str, Any] = {"url": url, "params": dict(params)}
        while following:
            page = self.json(read, following["url"], params=following.get("params")) or {}
            yield from objects(page, listed)
            more = after(page)
            following = {**({"url": url, "params": {**params, **more}} if "url" not in more else more)} if more else {}


def objects(body: Mapping[str, Any] | None, key: str) -> list[Mapping[str, Any]]:
    """The objects under a key of an answer. The clouds leave out what is empty."""
    return cast(list[Mapping[str, Any]], (body or {}).get(key) or [])


def _refusal(answer: httpx.Response) -> Refusal:
    """Google and Azure have {"error": {...}}, with a code or a status and a message; Google may add a reason."""
    try:
        error: Any = answer.json()["error"]
        details = [each for each in objects(error, "details") if "reason" in each]
        code = str(details[0]["reason"] if details else error.get("status") or error.get("code"))
        return Refusal(code, " ".join(str(error.get("message")).split())[:200])
    except (ValueError, KeyError, TypeError, AttributeError):
        code = answer.headers.get("x-ms-error-code") or f"HTTP {answer.status_code}"
        return Refusal(code, answer.reason_phrase)
