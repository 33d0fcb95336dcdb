"""A question to an API that is asked again where it throttles, fails or cannot be reached."""

import time
from collections.abc import Callable
from typing import TypeVar

import httpx
import tenacity

from provider.rest import retry_after

T = TypeVar("T")


class Again(Exception):
    """The question is to be asked again. `reason` is a clause, `after` the seconds that the API asks for, if any."""

    def __init__(self, reason: str, after: float | None = None) -> None:
        super().__init__(reason)
        self.reason, self.after = reason, after


def answered(send: Callable[[], httpx.Response], host: str | None) -> httpx.Response:
    """The answer of a host. Raises Again where it throttles (429), fails (5xx) or cannot be reached."""
    try:
        answer = send()
    except httpx.TransportError as error:
        raise Again(f"{host} cannot be reached from here ({type(error).__name__})") from None
    if answer.status_code == 429 or answer.status_code >= 500:
        raise Again(f"{host} answers {answer.status_code}", retry_after(answer.headers, time.time()))
    return answer


def until_answered(once: Callable[[], T], tries: int, longest_wait: float, sleep: Callable[[float], None]) -> T:
    """What `once` returns. Where it raises Again it is asked up to `tries` times; the last Again is raised.

    A wait doubles from one second, or is what the API asks for; it is at most `longest_wait` seconds.
    """

    def wait(state: tenacity.RetryCallState) -> float:
        again = state.outcome.exception() if state.outcome else None
        asked = again.after if isinstance(again, Again) else None
        return min(2.0 ** (state.attempt_number - 1) if asked is None else asked, longest_wait)

    return tenacity.Retrying(
        stop=tenacity.stop_after_attempt(tries),
        wait=wait,
        retry=tenacity.retry_if_exception_type(Again),
        sleep=sleep,
        reraise=True,
    )(once)
