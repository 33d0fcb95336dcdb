"""The part of Pulumi Cloud's API that `pulumi policy publish` speaks to, on this machine: it keeps what is sent."""

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ORGANISATION = "acme"


@dataclass
class Published:
    """What was published: the policies that the pack said it has, and the archive of its folder."""

    about: dict[str, Any] = field(default_factory=dict)
    archive: bytes = b""
    complete: bool = False


@contextmanager
def service() -> Generator[tuple[str, Published]]:
    """Serve, and give the address and what is published."""
    kept = Published()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answers: dict[str, Any] = {
                "/api/user": {"githubLogin": "ana", "name": "ana", "organizations": [{"githubLogin": ORGANISATION}]},
                "/api/capabilities": {"capabilities": []},
            }
            self._answer(answers.get(self.path.partition("?")[0], {}))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if self.path.endswith("/complete"):
                kept.complete = True
                self._answer({})
            elif self.path == f"/api/orgs/{ORGANISATION}/policypacks":
                kept.about = json.loads(body)
                self._answer({"version": 1, "uploadURI": f"{address}/upload", "requiredHeaders": {}})
            else:
                self._answer({})

        def do_PUT(self) -> None:
            kept.archive = self.rfile.read(int(self.headers["Content-Length"]))
            self._answer({})

        def _answer(self, answer: Any) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Nothing is said of each request."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield address, kept
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
