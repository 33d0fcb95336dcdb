"""The door: where it may lead, what it tries again, and what it keeps to itself."""

import httpx
import pytest

from provider.clock import InstantClock
from provider.errors import CloudError, ProviderError, Unsure
from provider.rest import Door, error_text, retry_after


def door(answer, base="https://api.example", token="s3cret-token"):
    return Door(base, lambda **_: token, InstantClock(), httpx.Client(transport=httpx.MockTransport(answer)))


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


HTML = httpx.Response(200, text="<html>Just a moment</html>")
LIST = httpx.Response(200, json=[1])


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE", "POST"])
@pytest.mark.parametrize("answer", [*(httpx.Response(s) for s in (408, 500, 502, 503, 504)), HTML, LIST], ids=str)
def test_what_may_have_been_done_is_repeated_where_that_changes_nothing(method, answer):
    calls = []

    def passes(request):
        calls.append(request.method)
        return answer if len(calls) < 3 else httpx.Response(200, json={"at": "last"})

    way = door(passes)
    if method == "POST":
        with pytest.raises(Unsure):
            way.call(method, "/x", "making x")
        assert calls == ["POST"]
    else:
        assert way.call(method, "/x", "making x").body == {"at": "last"}
        assert len(calls) == 3


def test_an_answer_without_a_body_is_one():
    assert door(lambda request: httpx.Response(204)).call("DELETE", "/x", "deleting x").body == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_token_that_is_refused_is_fetched_anew_once(method):
    fetched, sent = [], []

    def token(*, renew=False):
        fetched.append(renew)
        return f"token-{len(fetched)}"

    def answer(request):
        sent.append(request.headers["Authorization"])
        return httpx.Response(200, json={}) if good in sent[-1] else httpx.Response(401)

    way = Door("https://api.example", token, InstantClock(), httpx.Client(transport=httpx.MockTransport(answer)))
    good = "token-2"
    way.call(method, "/x", "reading x")
    assert (sent, fetched) == (["Bearer token-1", "Bearer token-2"], [False, True])
    good = "none"
    with pytest.raises(CloudError, match="reading x: HTTP 401"):
        way.call(method, "/x", "reading x")
    assert fetched == [False, True, False, True]


@pytest.mark.parametrize(
    ("error", "said"),
    [
        ({"code": 8, "message": "No room.", "details": []}, "No room (RESOURCE_EXHAUSTED)"),
        ({"code": 13, "details": [{"reason": "X"}]}, "[{'reason': 'X'}] (INTERNAL)"),
        ({"code": 403, "status": "PERMISSION_DENIED", "message": "No."}, "No (PERMISSION_DENIED)"),
        ({"code": "BadArgument", "message": "No\nway"}, "No way (BadArgument)"),
        ({}, "no reason given (None)"),
    ],
)
def test_an_error_is_said_in_the_clouds_words_and_by_its_name(error, said):
    assert error_text(error) == said


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("17", 17), ("86400", 60), ("", None), ("soon", None), ("Thu, 01 Jan 1970 00:00:40 GMT", 30)],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(value, seconds):
    assert retry_after({"retry-after": value} if value else {}, 10) == seconds
