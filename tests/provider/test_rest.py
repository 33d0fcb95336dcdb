"""The door: where it may lead, what it reads, and what it keeps to itself."""

import google.auth
import httpx
import pytest

from provider.rest import (
    AZURE_HOST,
    AZURE_VARIABLE,
    GOOGLE_VARIABLE,
    INSTANT_VARIABLE,
    CloudError,
    Clouds,
    Door,
    InstantClock,
    Refused,
    Unsure,
    WallClock,
    clock_of_environment,
    retry_after,
)


def door(answer, base="https://api.example", token="s3cret-token"):
    return Door(base, lambda: token, InstantClock(), httpx.Client(transport=httpx.MockTransport(answer)))


@pytest.mark.parametrize(
    "address",
    ["https://evil.example", "http://127.0.0.1.evil.example", "http://10.0.0.1", "file:///x", "http://a@localhost"],
)
@pytest.mark.parametrize("variable", [GOOGLE_VARIABLE, AZURE_VARIABLE])
def test_only_a_loopback_address_stands_for_a_cloud(monkeypatch, variable, address):
    monkeypatch.setenv(variable, address)
    with httpx.Client() as client, pytest.raises(Refused, match=f"{variable} is for a double on this machine"):
        clouds = Clouds(InstantClock(), client)
        clouds.google("aiplatform.googleapis.com") if variable == GOOGLE_VARIABLE else clouds.azure()


@pytest.mark.parametrize("address", ["http://127.0.0.1:8080/", "http://localhost:1", "http://[::1]:99"])
def test_with_a_double_no_credentials_are_read(monkeypatch, address):
    monkeypatch.setenv(GOOGLE_VARIABLE, address)
    monkeypatch.setattr(google.auth, "default", lambda **_: pytest.fail("credentials were read"))
    with httpx.Client() as client:
        assert Clouds(InstantClock(), client).google("aiplatform.googleapis.com").base == address.rstrip("/")


def test_without_one_the_clouds_own_addresses_and_credentials_are_used(monkeypatch):
    monkeypatch.delenv(GOOGLE_VARIABLE, raising=False)
    monkeypatch.delenv(AZURE_VARIABLE, raising=False)
    scopes = []

    class Credentials:
        valid = True
        token = "adc"

    monkeypatch.setattr(google.auth, "default", lambda scopes: (Credentials(), scopes_seen(scopes)))

    def scopes_seen(given):
        scopes.extend(given)

    with httpx.Client() as client:
        clouds = Clouds(InstantClock(), client)
        assert (
            clouds.google("us-central1-aiplatform.googleapis.com").base
            == "https://us-central1-aiplatform.googleapis.com"
        )
        assert clouds.azure().base == AZURE_HOST
    assert scopes == ["https://www.googleapis.com/auth/cloud-platform"]


def test_missing_credentials_are_a_sentence(monkeypatch):
    monkeypatch.delenv(GOOGLE_VARIABLE, raising=False)

    def missing(**_):
        raise google.auth.exceptions.DefaultCredentialsError("long text")

    monkeypatch.setattr(google.auth, "default", missing)
    with httpx.Client() as client, pytest.raises(Refused, match="gcloud auth application-default login"):
        Clouds(InstantClock(), client).google("aiplatform.googleapis.com")


def test_instant_time_needs_a_double(monkeypatch):
    monkeypatch.delenv(GOOGLE_VARIABLE, raising=False)
    monkeypatch.delenv(AZURE_VARIABLE, raising=False)
    monkeypatch.delenv(INSTANT_VARIABLE, raising=False)
    assert isinstance(clock_of_environment(), WallClock)
    monkeypatch.setenv(INSTANT_VARIABLE, "1")
    with pytest.raises(Refused, match="is for tests"):
        clock_of_environment()
    monkeypatch.setenv(AZURE_VARIABLE, "http://127.0.0.1:1")
    assert isinstance(clock_of_environment(), InstantClock)


def test_a_cancelled_wait_ends_with_a_sentence():
    clock = WallClock()
    clock.cancelled.set()
    with pytest.raises(Refused, match="cancelled while waiting"):
        clock.sleep(3600)


def test_the_token_goes_to_the_cloud_and_nowhere_else():
    def echo(request):
        assert request.headers["Authorization"] == "Bearer s3cret-token"
        return httpx.Response(400, json={"error": {"message": "bad token s3cret-token", "status": "INVALID"}})

    with pytest.raises(CloudError) as caught:
        door(echo).call("GET", "/x", "reading x")
    assert str(caught.value) == "reading x: bad token *** (INVALID)"


def test_it_follows_no_pointer_to_another_host():
    asked = []
    with pytest.raises(Refused, match=r"pointed to another host, evil\.example"):
        door(asked.append).call("GET", "https://evil.example/status", "polling")
    with pytest.raises(Refused, match="another host"):
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
    with pytest.raises(Refused, match=r"https://api\.example cannot be reached"):
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
    with pytest.raises(Refused, match="broke"):
        door(broken).call("GET", "/x", "reading x")
    assert calls == ["POST", *["GET"] * 6]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("17", 17), ("86400", 60), ("", None), ("soon", None), ("Thu, 01 Jan 1970 00:00:40 GMT", 30)],
)
def test_retry_after_is_seconds_or_a_date_and_bounded(value, seconds):
    assert retry_after({"retry-after": value} if value else {}, 10) == seconds
