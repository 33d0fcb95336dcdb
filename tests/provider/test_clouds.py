"""How clouds are reached: only a double on this machine may stand for one, and credentials are the ambient ones."""

import google.auth
import httpx
import pytest

from provider.clock import InstantClock, WallClock
from provider.clouds import (
    AZURE_HOST,
    AZURE_VARIABLE,
    GOOGLE_VARIABLE,
    INSTANT_VARIABLE,
    Clouds,
    azure_token,
    clock_of_environment,
    google_token,
)
from provider.errors import ProviderError
from sandbox.rest.server import Double


@pytest.mark.parametrize(
    "address",
    ["https://evil.example", "http://127.0.0.1.evil.example", "http://10.0.0.1", "file:///x", "http://a@localhost"],
)
@pytest.mark.parametrize("variable", [GOOGLE_VARIABLE, AZURE_VARIABLE])
def test_only_a_loopback_address_stands_for_a_cloud(monkeypatch, variable, address):
    monkeypatch.setenv(variable, address)
    with httpx.Client() as client, pytest.raises(ProviderError, match=f"{variable} is for a double on this machine"):
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
    with httpx.Client() as client, pytest.raises(ProviderError, match="gcloud auth application-default login"):
        Clouds(InstantClock(), client).google("aiplatform.googleapis.com")


def test_instant_time_needs_a_double(monkeypatch):
    monkeypatch.delenv(GOOGLE_VARIABLE, raising=False)
    monkeypatch.delenv(AZURE_VARIABLE, raising=False)
    monkeypatch.delenv(INSTANT_VARIABLE, raising=False)
    with httpx.Client() as client:
        assert type(clock_of_environment(client)) is WallClock
        monkeypatch.setenv(INSTANT_VARIABLE, "1")
        with pytest.raises(ProviderError, match="is for tests"):
            clock_of_environment(client)


def test_a_wait_moves_the_clock_of_the_double(monkeypatch):
    monkeypatch.delenv(GOOGLE_VARIABLE, raising=False)
    monkeypatch.setenv(INSTANT_VARIABLE, "1")
    with Double() as double, httpx.Client() as client:
        monkeypatch.setenv(AZURE_VARIABLE, double.address)
        clock, began = clock_of_environment(client), double.clock
        clock.sleep(600)
        assert clock.now() == double.clock == began + 600, "the wait took no time, and the double knows of it"
        assert double.calls == [], "a wait is no call to a cloud"


def test_google_gives_another_token_where_one_is_refused(monkeypatch):
    class Credentials:
        valid = True
        token = "revoked"

        def refresh(self, _request):
            self.token = "new"

    monkeypatch.setattr(google.auth, "default", lambda scopes: (Credentials(), None))
    token = google_token()
    assert [token(), token(renew=True), token()] == ["revoked", "new", "new"]


def test_azure_gives_another_token_where_one_is_refused(monkeypatch):
    made = []

    class Kept:
        """As azure-identity's credentials do, it gives the token that it has."""

        def __init__(self):
            made.append(self)
            self.token = f"token-{len(made)}"

        def get_token(self, _scope):
            return self

    monkeypatch.setattr("provider.azure_login.credential", Kept)
    token = azure_token()
    assert [token(), token(), token(renew=True), token()] == ["token-1", "token-1", "token-2", "token-2"]
