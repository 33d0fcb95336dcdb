"""Questions to a price API: bounded retries, and errors of one sentence."""

import ssl
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, cast
from urllib.parse import urlsplit

import httpx

from catalogue.errors import BadInput
from operations.asking_again import Again, answered, until_answered

TRIES = 6
LONGEST_WAIT = 60.0
"""Seconds. A longer wait that an API asks for by Retry-After is cut to this."""
SECONDS = 120.0
"""How long one answer may take. A file of SageMaker's price list has tens of megabytes."""


def open_client() -> httpx.Client:
    """A client of its own. It follows no redirect: the addresses of the APIs are fixed."""
    # Behind a company's proxy only the system's certificates are right.
    return httpx.Client(timeout=httpx.Timeout(SECONDS, connect=10.0), verify=ssl.create_default_context())


@dataclass(frozen=True)
class Api:
    """One price API at `base`, such as https://prices.azure.com. `say` takes a sentence for each question asked.

    `headers` are sent with each question, and so to `base` alone.
    """

    base: str
    client: httpx.Client
    say: Callable[[str], None]
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    sleep: Callable[[float], None] = time.sleep

    def ask(self, path: str, doing: str, params: Mapping[str, str] | None = None) -> dict[str, Any]:
        """The JSON object at a path, or at a whole address of the same API.

        An API that throttles (429), fails (5xx) or cannot be reached is asked again, TRIES times in all. Raises
        BadInput where it does not answer then, where it refuses, where it points to another host and where its answer
        is no JSON object.
        """
        url = path if path.startswith("http") else self.base + path
        if not url.startswith(self.base + "/"):
            raise BadInput(f"{doing}: the answer points to another host, {urlsplit(url).hostname}; nothing was written")
        self.say(doing)
        try:
            return until_answered(lambda: self._once(url, doing, params), TRIES, LONGEST_WAIT, self.sleep)
        except Again as again:
            raise BadInput(f"{doing}: {again.reason}, {TRIES} times; nothing was written, try again later") from None

    def _once(self, url: str, doing: str, params: Mapping[str, str] | None) -> dict[str, Any]:
        host = urlsplit(self.base).hostname
        answer = answered(lambda: self.client.get(url, params=params, headers=dict(self.headers)), host)
        if not answer.is_success:
            told = _told(answer)
            raise BadInput(f"{doing}: {host} refuses ({answer.status_code}{told}); nothing was written")
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise BadInput(f"{doing}: {host} answers with something else than a JSON object; nothing was written")
        return cast(dict[str, Any], body)


def _told(answer: httpx.Response) -> str:
    """The message of an error as Google and Azure write it, on one line; empty where there is none."""
    try:
        message = str(answer.json()["error"]["message"])
    except (ValueError, KeyError, TypeError):
        return ""
    return f": {' '.join(message.split())[:200]}"
