"""What the local doubles of the clouds' stores have in common: each answers by HTTP, and logs nothing."""

from http.server import BaseHTTPRequestHandler


class Store(BaseHTTPRequestHandler):
    """A store whose objects do not change while they are read."""

    def answer(self, status: int, body: bytes) -> None:
        """End the request with this body."""
        self.send_response(status)
        for header in (
            ("ETag", '"0x1"'),
            ("Last-Modified", "Fri, 27 Nov 2026 00:00:00 GMT"),
            ("Content-Length", str(len(body))),
        ):
            self.send_header(*header)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass
