"""Doubles of the REST APIs: answers by address, in the clouds' shapes, and what was asked."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

Answer = Mapping[str, Any] | httpx.Response | httpx.TransportError | None


@dataclass
class Cloud:
    """What a cloud answers. `answers` takes a request; what it does not know is 404. `stumbles` are answered first."""

    answers: Callable[[httpx.Request], Answer]
    stumbles: list[Answer] = field(default_factory=list)
    asked: list[httpx.Request] = field(default_factory=list)

    def transport(self) -> httpx.MockTransport:
        return httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        found = self.stumbles.pop(0) if self.stumbles else self.answers(request)
        if isinstance(found, httpx.TransportError):
            raise found
        if isinstance(found, httpx.Response):
            return found
        return httpx.Response(404, json={"error": {}}) if found is None else httpx.Response(200, json=dict(found))


def by_path(answers: Mapping[str, Answer]) -> Cloud:
    """Answers by the host and the path, as they are sent."""
    return Cloud(lambda request: answers.get(f"{request.url.host}{request.url.raw_path.decode().partition('?')[0]}"))


def google_error(status: int, reason: str, message: str = "no") -> httpx.Response:
    """https://cloud.google.com/apis/design/errors#error_model"""
    details = [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": reason}]
    error = {"code": status, "message": message, "status": "PERMISSION_DENIED", "details": details}
    return httpx.Response(status, json={"error": error})


def azure_error(status: int, code: str, message: str = "no") -> httpx.Response:
    """https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/common-deployment-errors"""
    return httpx.Response(status, json={"error": {"code": code, "message": message}})
