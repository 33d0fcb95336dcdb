"""The door: where it may lead, what it tries again, and what it keeps to itself."""

import httpx
import pytest

from provider.clock import InstantClock
from provider.errors import CloudError, ProviderError, Unsure
from provider.rest import Door, retry_after


def door(answer, base="https://api.example", token="s3cret-token"):
    return Door(base, lambda: token, InstantClock(), httpx.Client(transport=httpx.MockTransport(answer)))


def test_the_token_goes_to_the_cloud_and_nowhere_else():
    def echo(request):
        assert request.headers["Authorization"] == "Bearer s3cret-token"
        return httpx.Response(400, json={"error": {"message": "bad token s3cret-token", "status": "INVALID"}})

    with pytest.raises(CloudError) as caught:
        door(echo).call("GET", "/x", "reading x")
    assert str(caught.value) == "reading x: bad token *** (INVALID)"


def test_it_follows_no_pointer_to_another_host():
    asked = []
    with pytest.raises(ProviderError, match=r"pointed to another host, evil\.example"):
        door(asked.append).call("GET", "https://evil.example/status", "polling")
    with pytest.raises(ProviderError, match="another host"):
        door(asked.append).call("GET", "https://api.example.evil.example/status", "polling")
    assert asked == []


def test_a_redirect_is_no_success():
    def redirect(request):
        return httpx.Response(302, headers={"Location": "https://evil.example"})

    with pytest.raises(CloudError, match="HTTP 302"):
        door(redirect).call("GET", "/x", "reading x")


def test_a_cloud_that_cannot_be_reached_is_tried_a_bounded_number_of_times():
    calls = []

    def refuse(request):
        calls.append(request.method)
        raise httpx.ConnectError("refused")

    way = door(refuse)
    with pytest.raises(ProviderError, match=r"https://api\.example cannot be reached"):
        way.call("POST", "/x", "making x")
    assert len(calls) == 6
    assert 31 <= way.clock.now() - 1_800_000_000 <= 32


def test_a_broken_connection_repeats_a_read_but_not_a_post():
    calls = []

    def broken(request):
        calls.append(request.method)
        raise httpx.ReadError("reset")

    with pytest.raises(Unsure, match="broke"):
        door(broken).call("POST", "/x", "making x")
    with pytest.raises(ProviderError, match="broke"):
        door(broken).call("GET", "/x", "reading x")
    assert calls == ["POST", *["GET"] * 6]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("17", 17), ("86400", 60), ("", None), ("soon", None), ("Thu, 01 Jan 1970 00:00:40 GMT", 30)],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(value, seconds):
    assert retry_after({"retry-after": value} if value else {}, 10) == seconds
