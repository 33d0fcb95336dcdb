"""What calls of AWS's JSON APIs have beside those of others: a signature, a target, and errors that name a type.

Sources: "Signature Version 4", https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv.html; the shape of calls
and errors, https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
"""

import json as writing
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from provider import Json
from provider.clock import Clock
from provider.errors import ProviderError
from provider.rest import Door, Token, error_text, json_of

_THROTTLED = frozenset(
    {"ThrottlingException", "Throttling", "TooManyRequestsException", "RequestLimitExceeded", "SlowDown"}
)
_EXPIRED = frozenset({"ExpiredTokenException", "ExpiredToken"})
"""The types that AWS's own SDK tries again or renews its credentials for; they come with HTTP 400.

https://github.com/boto/botocore/blob/develop/botocore/retries/standard.py
"""
Sign = Callable[[str, str, bytes, Mapping[str, str]], Mapping[str, str]]


class AwsDoor(Door):
    """Calls of one JSON API of AWS. `sign` signs each; without one a call has a bearer token, as a double takes it."""

    def __init__(self, base: str, token: Token, clock: Clock, client: httpx.Client, sign: Sign | None) -> None:
        super().__init__(base, token, clock, client)
        self._sign = sign

    def asked(self, target: str, body: Json, doing: str) -> Json:
        """The answer of one operation that only reads, such as `SageMaker.DescribeModelPackage`."""
        headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.1"}
        return self.call("POST", "/", doing, json=body, headers=headers, reads=True).body

    def sent(
        self,
        method: str,
        url: str,
        params: Mapping[str, str] | None,
        json: Json | None,
        headers: Mapping[str, str],
        token: str,
    ) -> httpx.Response:
        """Send one call, signed as it stands."""
        if self._sign is None:
            return super().sent(method, url, params, json, headers, token)
        body = writing.dumps(json or {}).encode()
        return self._client.request(method, url, content=body, headers=self._sign(method, url, body, headers))

    def status_of(self, answer: httpx.Response) -> int:
        """The status that other clouds give what AWS tells by the error's type."""
        type_ = _type(answer)
        if type_ in _THROTTLED:
            return 429
        return 401 if type_ in _EXPIRED else answer.status_code

    def said(self, answer: httpx.Response) -> str:
        """The message of `{"__type", "message"}`, in one line."""
        body = json_of(answer) or {}
        if not _type(answer):
            return f"HTTP {answer.status_code} {answer.reason_phrase}"
        return error_text({"message": body.get("message") or body.get("Message"), "code": _type(answer)})


def _type(answer: httpx.Response) -> str:
    """The type of an error, without the namespace that some services write before it."""
    return str((json_of(answer) or {}).get("__type", "")).rpartition("#")[2] if not answer.is_success else ""


def signing(service: str, region: str) -> tuple[Sign, Token]:
    """Signs calls as whoever the SDK of AWS finds, by the same variables and files as the aws provider.

    The token is the id of the key that signs. Raises ProviderError where nobody is signed in.
    """
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError

    none = "no AWS credentials: sign in (`aws sso login`), or name a profile in AWS_PROFILE"
    credentials = _credentials()
    if credentials is None:
        raise ProviderError(none)

    def frozen() -> Any:
        try:
            return credentials.get_frozen_credentials()
        except BotoCoreError as error:
            raise ProviderError(f"{none} ({type(error).__name__})") from None

    def sign(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> Mapping[str, str]:
        request: Any = AWSRequest(method=method, url=url, data=body, headers=dict(headers))
        SigV4Auth(frozen(), service, region).add_auth(request)
        return dict(request.headers.items())

    def token(*, renew: bool = False) -> str:
        nonlocal credentials
        if renew:
            credentials = _credentials()
        return str(frozen().access_key)

    return sign, token


def _credentials() -> Any:
    """Whoever the SDK finds, or None."""
    from botocore.session import Session

    session: Any = Session()
    return session.get_credentials()
