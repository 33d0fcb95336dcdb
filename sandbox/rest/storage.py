"""The double of Cloud Storage's objects, as far as `provider/` reads them: decisions on registered versions.

A read with `alt=media` answers the object's text: https://cloud.google.com/storage/docs/json_api/v1/objects/get
"""

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from catalogue.registered import APPROVED, PENDING, REJECTED
from sandbox.rest.calls import Call, Json, Refusal, Response

_ASKED = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<object>[^/]+)")


def reads_object(call: Call) -> bool:
    """Whether the call reads an object."""
    return call.method == "GET" and _ASKED.fullmatch(call.path) is not None


def address(call: Call) -> str:
    """The gs:// address of the object that a call reads; "" for another call."""
    asked = _ASKED.fullmatch(call.path)
    return f"gs://{asked['bucket']}/{unquote(asked['object'])}" if asked else ""


@dataclass
class StorageDouble:
    """Objects of JSON by their gs:// address."""

    objects: dict[str, Json] = field(default_factory=dict[str, Json])

    def decide(self, version: str, digest: str, status: str) -> None:
        """What was decided on a version, by the address of its decisions. One that waits has none."""
        if status == PENDING:
            return
        decision = {APPROVED: "approved", REJECTED: "rejected"}[status]
        said = {"schema": "mlplatform-approval/1", "digest": digest, "decision": decision}
        self.objects[f"{version}/{decision}.json"] = {
            **said,
            "by": "approver",
            "at": "2026-11-27T00:00:00+00:00",
            "why": "decided by hand in the sandbox",
        }

    def answer(self, call: Call) -> Response | None:
        """The answer to one call, or None to one of another API."""
        if not reads_object(call):
            return None
        if call.query.get("alt") != "media":
            raise Refusal(400, "INVALID_ARGUMENT", "The double reads the text of an object alone, with alt=media.")
        named = address(call)
        if named not in self.objects:
            bucket, _, name = named.removeprefix("gs://").partition("/")
            raise Refusal(404, "NOT_FOUND", f"No such object: {bucket}/{name}")
        return Response(200, self.objects[named])
