"""The HTTP server that the three platforms' containers share. It needs Python's standard library and no more."""

import json
import os
import signal
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import FrameType
from typing import Any

from examples.serving.predictor import BadModel, BadRequest

LARGEST = 6 * 1024 * 1024
"""Bytes of the largest body. SageMaker's batch transform sends no more where nothing else is said ("MaxPayloadInMB",
https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_CreateTransformJob.html)."""
NAMED = "{name}"
PATIENCE = 20
"""Seconds that a connection may be silent."""


@dataclass(frozen=True)
class Request:
    """A call, as a route sees it. `type` is the media type of the body, in lower case and without parameters.

    `named` is what stands in the path where the route's own has `{name}`.
    """

    type: str
    body: bytes
    named: str = ""


@dataclass(frozen=True)
class Answer:
    """What a route answers."""

    body: bytes = b""
    type: str = "application/json"
    status: int = 200


Route = Callable[[Request], Answer]
Refuse = Callable[[int, str], Answer]


def json_answer(value: object, status: int = 200) -> Answer:
    """An answer in JSON."""
    return Answer(json.dumps(value).encode(), status=status)


def text_answer(status: int, sentence: str) -> Answer:
    """A refusal in plain text."""
    return Answer(sentence.encode(), "text/plain; charset=utf-8", status)


def healthy(request: Request) -> Answer:
    """The answer to a health check. A server listens only once its model is loaded, so it is always this one."""
    return Answer()


def read_json(body: bytes, key: str) -> object:
    """What a body of JSON has under the key. Raises BadRequest where it has not."""
    try:
        said: Any = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadRequest(f"The body is no JSON; send an object with the key {key!r}.") from error
    if not isinstance(said, dict) or key not in said:
        raise BadRequest(f"The body has no {key!r}; send an object with that key and a list of instances.")
    return said[key]  # pyright: ignore[reportUnknownVariableType]  # JSON


class Server(ThreadingHTTPServer):
    """Listens at an address; `routes` has what answers by method and path, `refuse` how the platform words a refusal.

    A path may have one part `{name}`, which stands for any. A BadRequest of a route is 400. The port 0 takes a free
    one, which `server_port` has then.
    """

    def __init__(self, address: tuple[str, int], routes: Mapping[tuple[str, str], Route], refuse: Refuse) -> None:
        self.routes = routes
        self.refuse = refuse
        super().__init__(address, _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: Server  # pyright: ignore[reportIncompatibleVariableOverride]  # no other server makes this handler
    protocol_version = "HTTP/1.1"
    timeout = PATIENCE

    def do_GET(self) -> None:
        self._send(self._answer("GET"))

    def do_POST(self) -> None:
        self._send(self._answer("POST"))

    def do_DELETE(self) -> None:
        self._send(self._answer("DELETE"))

    def log_message(self, format: str, *args: object) -> None:
        """Nothing: the platforms log each call, and a health check every few seconds says nothing."""

    def _answer(self, method: str) -> Answer:
        body = self._body(method)
        if isinstance(body, Answer):
            return body
        path = self.path.partition("?")[0]
        route, named = self._route(method, path)
        if route is None:
            return self.server.refuse(404, f"There is no {method} {path}; there is {self._known()}.")
        try:
            return route(Request(self.headers.get_content_type(), body, named))
        except BadRequest as error:
            return self.server.refuse(400, str(error))

    def _route(self, method: str, path: str) -> tuple[Route | None, str]:
        """What answers there, and what stands in the path for its `{name}`."""
        if (route := self.server.routes.get((method, path))) is not None:
            return route, ""
        for (asked, form), route in self.server.routes.items():
            before, holds, after = form.partition(NAMED)
            name = path.removeprefix(before).removesuffix(after)
            if holds and asked == method and name and "/" not in name and path == f"{before}{name}{after}":
                return route, name
        return None, ""

    def _body(self, method: str) -> bytes | Answer:
        # What is left unread would be taken for the next call of the connection, so a refusal closes it.
        if method != "POST":
            return b""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            self.close_connection = True
            return self.server.refuse(411, "The call has no Content-Length; send one.")
        if len(length) > 9 or int(length) > LARGEST:
            self.close_connection = True
            return self.server.refuse(413, f"The body is larger than {LARGEST} bytes; send fewer instances.")
        return self.rfile.read(int(length))

    def _known(self) -> str:
        return " and ".join(" ".join(known) for known in self.server.routes)

    def _send(self, answer: Answer) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.type)
        self.send_header("Content-Length", str(len(answer.body)))
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)


def run(make: Callable[[Mapping[str, str]], Server]) -> None:
    """Serves until the platform stops the container. A model that cannot be used ends it in one sentence and exit 2.

    The first process of a container gets no default signal handlers, so without one of its own SIGTERM would be lost
    and the platform would have to kill it.
    """
    try:
        server = make(os.environ)
    except BadModel as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None
    signal.signal(signal.SIGTERM, _stop)
    with server:
        server.serve_forever()


def _stop(number: int, frame: FrameType | None) -> None:
    sys.exit(0)
