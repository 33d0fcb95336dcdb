"""A price API is asked with patience that ends, and what goes wrong is one sentence."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest

from catalogue.errors import BadInput
from operations.pricelists.asking import LONGEST_WAIT, TRIES
from tests.operations.pricelists.doubles import Cloud

BASE = "https://prices.azure.com"


def cloud(*stumbles: httpx.Response | httpx.TransportError) -> Cloud:
    return Cloud(lambda *_: {"Items": []}, list(stumbles))


def test_what_throttles_fails_or_breaks_is_asked_again_and_the_wait_grows() -> None:
    asked = cloud(httpx.Response(429), httpx.Response(500), httpx.Response(503), httpx.ConnectError("no route"))
    assert asked.api(BASE).ask("/prices", "the prices") == {"Items": []}
    assert asked.waits == [1, 2, 4, 8]
    assert asked.said == ["the prices"]


@pytest.mark.parametrize(("said", "waits"), [("7", 7), ("86400", LONGEST_WAIT), ("soon", 1), ("-5", 1)])
def test_retry_after_is_kept_and_cut(said: str, waits: float) -> None:
    asked = cloud(httpx.Response(429, headers={"Retry-After": said}))
    asked.api(BASE).ask("/prices", "the prices")
    assert asked.waits == [waits]


def test_retry_after_may_be_a_day_and_time() -> None:
    days = [datetime.now(UTC) + timedelta(days=days) for days in (1, -1)]
    asked = cloud(*(httpx.Response(503, headers={"Retry-After": format_datetime(day, usegmt=True)}) for day in days))
    asked.api(BASE).ask("/prices", "the prices")
    assert asked.waits == [LONGEST_WAIT, 0]


@pytest.mark.parametrize(
    ("stumbles", "sentence"),
    [
        ([httpx.Response(429)] * TRIES, "the prices: prices.azure.com answers 429, 6 times; nothing was written"),
        ([httpx.ConnectError("no route")] * TRIES, "the prices: prices.azure.com cannot be reached from here (Conn"),
        (
            [httpx.Response(403, json={"error": {"message": "API has not\nbeen used"}})],
            "the prices: prices.azure.com refuses (403: API has not been used); nothing was written",
        ),
        ([httpx.Response(404)], "the prices: prices.azure.com refuses (404); nothing was written"),
        ([httpx.Response(302, headers={"Location": "https://elsewhere.example/"})], "prices.azure.com refuses (302)"),
        ([httpx.Response(200, text="<html>")], "prices.azure.com answers with something else than a JSON object"),
        ([httpx.Response(200, json=[])], "prices.azure.com answers with something else than a JSON object"),
    ],
)
def test_what_does_not_answer_is_one_sentence(stumbles: list[httpx.Response], sentence: str) -> None:
    with pytest.raises(BadInput) as refused:
        cloud(*stumbles).api(BASE).ask("/prices", "the prices")
    assert sentence in str(refused.value) and "\n" not in str(refused.value)


def test_another_host_is_not_asked() -> None:
    asked = cloud()
    with pytest.raises(BadInput, match=r"another host, prices\.azure\.com\.evil\.example"):
        asked.api(BASE).ask("https://prices.azure.com.evil.example/prices", "the prices")
    assert asked.asked == []
