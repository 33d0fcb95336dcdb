"""How the clouds are reached: addresses, credentials, and the doubles of the clouds.

`MLPLATFORM_GOOGLE_API`, `MLPLATFORM_AZURE_API` and `MLPLATFORM_AWS_API` replace the address of a cloud by that of a
double (`sandbox/rest/`). Only a loopback address is taken. With a double no credentials are read, and the token is that
of `MLPLATFORM_DOUBLE_TOKEN`.
`MLPLATFORM_INSTANT=1` is for tests, and needs a double. It lets waits pass at once.
"""

import ipaddress
import os
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, cast
from urllib.parse import urlsplit

import httpx

from provider.aws_door import AwsDoor, signing
from provider.clock import Clock, DoublesClock, WallClock
from provider.errors import ProviderError
from provider.google_door import GoogleDoor
from provider.rest import Door, Token

GOOGLE_VARIABLE = "MLPLATFORM_GOOGLE_API"
AZURE_VARIABLE = "MLPLATFORM_AZURE_API"
AWS_VARIABLE = "MLPLATFORM_AWS_API"
INSTANT_VARIABLE = "MLPLATFORM_INSTANT"
TOKEN_VARIABLE = "MLPLATFORM_DOUBLE_TOKEN"
SANDBOX_TOKEN = "sandbox"
"""The token of a double that nobody gave one of its own, inside one process."""
GOOGLE_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
AZURE_HOST = "https://management.azure.com"


@dataclass
class Clouds:
    """The APIs of one process. They share connections and credentials. Nothing is read before the first call."""

    clock: Clock
    client: httpx.Client = field(default_factory=lambda: httpx.Client(timeout=httpx.Timeout(60.0, connect=10.0)))
    _tokens: dict[str, Token] = field(default_factory=dict[str, Token])
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def google(self, host: str, project: str = "") -> Door:
        """The Google API at `https://HOST`, or its double. Calls count against `project`, or the one in their path."""
        double = _override(GOOGLE_VARIABLE)
        token = _sandbox_token if double else self._token("google", google_token)
        door = GoogleDoor(double or f"https://{host}", token, self.clock, self.client)
        door.project = project
        return door

    def azure(self) -> Door:
        """Azure Resource Manager, or its double."""
        double = _override(AZURE_VARIABLE)
        token = _sandbox_token if double else self._token("azure", azure_token)
        return Door(double or AZURE_HOST, token, self.clock, self.client)

    def aws(self, service: str, region: str) -> AwsDoor:
        """The JSON API of one of AWS's services in a region, whose host begins with `api.`, or its double."""
        if double := _override(AWS_VARIABLE):
            return AwsDoor(double, _sandbox_token, self.clock, self.client, None)
        sign, token = signing(service, region)
        return AwsDoor(f"https://api.{service}.{region}.amazonaws.com", token, self.clock, self.client, sign)

    def steadfast(self) -> "Clouds":
        """The same clouds and credentials, for what must be done after a cancel too."""
        return replace(self, clock=self.clock.steadfast())

    def _token(self, cloud: str, make: Callable[[], Token]) -> Token:
        with self._lock:
            if cloud not in self._tokens:
                self._tokens[cloud] = make()
            return self._tokens[cloud]


def clock_of_environment(client: httpx.Client) -> Clock:
    """Real time, or the time of the double that replaces a cloud. There a wait may pass at once, if a test asks so."""
    instant = os.environ.get(INSTANT_VARIABLE) == "1"
    double = _override(GOOGLE_VARIABLE) or _override(AZURE_VARIABLE) or _override(AWS_VARIABLE)
    if not double:
        if instant:
            raise ProviderError(
                f"{INSTANT_VARIABLE} is for tests: it needs {GOOGLE_VARIABLE}, {AZURE_VARIABLE} or {AWS_VARIABLE} "
                "beside it"
            )
        return WallClock()

    def moved(seconds: float) -> float:
        return float(client.post(f"{double}/clock", json={"seconds": seconds}).raise_for_status().json()["now"])

    return DoublesClock(time=moved(0.0), tell=moved, instant=instant)


def google_token() -> Token:
    """Tokens of the application default credentials, renewed as they expire or where the cloud refuses one."""
    import google.auth
    from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
    from google.auth.transport.requests import Request

    lock = threading.Lock()
    try:
        found = cast(tuple[Any, Any], google.auth.default(scopes=[GOOGLE_SCOPE]))
    except DefaultCredentialsError:
        raise ProviderError("no Google Cloud credentials: run `gcloud auth application-default login`") from None
    credentials = found[0]

    def token(*, renew: bool = False) -> str:
        with lock:
            if renew or not credentials.valid:
                try:
                    credentials.refresh(Request())
                except GoogleAuthError as error:
                    said = f"Google Cloud gave no token ({type(error).__name__})"
                    raise ProviderError(f"{said}: run `gcloud auth application-default login`") from None
            return str(credentials.token)

    return token


def azure_token() -> Token:
    """Tokens of the login that azure-native uses too, which keeps and renews them itself.

    It has no way to drop a token that the cloud refuses, so then it is made anew.
    """
    from azure.core.exceptions import ClientAuthenticationError

    from provider.azure_login import credential as logged_in

    credential, lock = logged_in(), threading.Lock()

    def token(*, renew: bool = False) -> str:
        nonlocal credential
        with lock:
            try:
                credential = logged_in() if renew else credential
                return str(credential.get_token(f"{AZURE_HOST}/.default").token)
            except ClientAuthenticationError as error:
                raise ProviderError(f"Azure gave no token ({type(error).__name__}): run `az login`") from None

    return token


def _sandbox_token(*, renew: bool = False) -> str:
    return os.environ.get(TOKEN_VARIABLE) or SANDBOX_TOKEN


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
        raise ProviderError(
            f"{variable} is for a double on this machine: it must name a loopback address, not {host or '?'}"
        )
    return value
