"""The HTTP server of the double, on loopback and for all clouds, with its log of calls and its armed faults."""

import json
import re
import secrets
import sys
import threading
from dataclasses import dataclass, field
from hmac import compare_digest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

from sandbox.rest.arm import ArmDouble
from sandbox.rest.calls import Call, Json, Operation, Refusal, Response
from sandbox.rest.iam import IamDouble
from sandbox.rest.sagemaker import ERRORS, TARGET, SagemakerDouble, is_sagemaker
from sandbox.rest.storage import StorageDouble
from sandbox.rest.vertex import VertexDouble

CLOCK = "/clock"
"""A path of no cloud: each wait of our provider says there how long it was, and no fault strikes it."""


def a_token() -> str:
    """A random token, for a double and the processes that its user starts."""
    return secrets.token_urlsafe(32)


@dataclass
class CallFault:
    """Spoils the next `times` calls whose `METHOD path` matches the pattern `call`.

    `throttle` (429) and `unavailable` (503) answer with Retry-After and do nothing. `refuse` answers 403, `gone` 404.
    `drop` carries the call out and breaks the connection. `fail-late` begins an operation that ends in an error, `hang`
    one that never ends.
    """

    kind: Literal["throttle", "unavailable", "refuse", "gone", "drop", "fail-late", "hang"]
    call: str
    times: int = 1
    message: str = "The resources are exhausted."
    retry_after: int = 1


@dataclass
class Double:
    """Serves inside the `with`, on a free port unless one is named. Its state is in memory.

    `calls` is the log: `METHOD path` of each call, in order. `token` is the only one that it takes; a double that other
    processes of this machine could reach has a random one of its own (`a_token`).
    """

    vertex: VertexDouble = field(default_factory=VertexDouble)
    iam: IamDouble = field(default_factory=IamDouble)
    storage: StorageDouble = field(default_factory=StorageDouble)
    arm: ArmDouble = field(default_factory=ArmDouble)
    sagemaker: SagemakerDouble = field(default_factory=SagemakerDouble)
    faults: list[CallFault] = field(default_factory=list[CallFault])
    calls: list[str] = field(default_factory=list[str])
    address: str = ""
    port: int = 0
    token: str = "sandbox"
    clock: float = 1_800_000_000.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __enter__(self) -> "Double":
        self._server = _Server(("127.0.0.1", self.port), _handler(self))
        self.address = self.arm.address = f"http://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()

    def answer(self, call: Call) -> Response | None:
        """The answer to one call, or None to break the connection."""
        with self._lock:
            return self._answer(call)

    def _moved(self, seconds: float) -> float:
        """The clock, moved on by so many seconds."""
        self.clock += seconds
        return self.clock

    def _answer(self, call: Call) -> Response | None:
        if call.path == CLOCK:
            return Response(200, {"now": self._moved(float(call.body["seconds"]))})
        aws = is_sagemaker(call)
        log = f"{call.method} {call.path}{call.headers[TARGET] if aws else ''}"
        self.calls.append(log)
        fault = next((one for one in self.faults if one.times > 0 and re.search(one.call, log)), None)
        if fault is not None:
            fault.times -= 1
        google = not call.path.startswith("/subscriptions/")
        try:
            if not compare_digest(call.headers.get("Authorization", "").encode(), f"Bearer {self.token}".encode()):
                raise Refusal(401, "UNAUTHENTICATED", "The request has no valid credentials.")
            if fault is not None and fault.kind in ("throttle", "unavailable", "refuse", "gone"):
                status, code = (ERRORS if aws else _ERRORS)[fault.kind]
                raise Refusal(status, code, fault.message)
            answer = self._carry_out(call, fault)
        except Refusal as refusal:
            headers = {"Retry-After": str(fault.retry_after)} if fault is not None else {}
            body = {"__type": refusal.code, "message": str(refusal)} if aws else _error(refusal, google)
            return Response(refusal.status, body, headers)
        return None if fault is not None and fault.kind == "drop" else answer

    def _carry_out(self, call: Call, fault: CallFault | None) -> Response:
        def spoil(operation: Operation) -> None:
            if fault is not None and fault.kind == "fail-late":
                operation.error = ("RESOURCE_EXHAUSTED", fault.message)
            operation.hangs = fault is not None and fault.kind == "hang"

        answer = (
            self.sagemaker.answer(call)
            or self.iam.answer(call)
            or self.storage.answer(call)
            or self.vertex.answer(call, spoil)
            or self.arm.answer(call, spoil)
        )
        if answer is None:
            raise Refusal(404, "NOT_FOUND", f"The double does not know {call.path}.")
        return answer


_ERRORS = {
    "throttle": (429, "RESOURCE_EXHAUSTED"),
    "unavailable": (503, "UNAVAILABLE"),
    "refuse": (403, "PERMISSION_DENIED"),
    "gone": (404, "NOT_FOUND"),
}


def _error(refusal: Refusal, google: bool) -> Json:
    if google:
        return {"error": {"code": refusal.status, "message": str(refusal), "status": refusal.code}}
    return {"error": {"code": refusal.code, "message": str(refusal)}}


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Print nothing: a caller that is killed resets its connection, and that is no error here."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


def _handler(double: Double) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Send one packet per answer: headers and body in two packets cost 40 ms in the TCP stack.
        wbufsize = -1
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            parts = urlsplit(self.path)
            raw = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body: Json = json.loads(raw) if raw else {}
            query = dict(parse_qsl(parts.query))
            headers = {name.title(): value for name, value in self.headers.items()}
            answer = double.answer(Call(self.command, parts.path, query, body, headers))
            if answer is None:
                self.close_connection = True
                return
            sent = json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {**answer.headers, "Content-Type": "application/json"}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(sent)))
            self.end_headers()
            self.wfile.write(sent)

        do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing: `Double.calls` is the log."""

    return Handler
