"""The double of Google's `getIamPolicy`, of every API whose policies `provider/` reads."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from sandbox.rest.calls import Call, Json, Refusal, Response

_ASKED = re.compile(r"/v1/(?P<on>[^:]+):getIamPolicy|/storage/v1/(?P<bucket>b/[^/]+)/iam")
_GRANT = re.compile(
    r"(?P<role>((projects|organizations)/[^/]+/)?roles/[^/]+)/(?P<member>[a-zA-Z]+:[^/]+)(/(?P<title>[^/]*).*)?",
    re.DOTALL,
)


def asks_policy(call: Call) -> bool:
    """Whether the call reads a policy. Some APIs take a POST for it."""
    return _ASKED.fullmatch(call.path) is not None


@dataclass
class IamDouble:
    """The policies of what has `grants`, each by the id that pulumi-gcp gives it. Nothing else is known to exist.

    A policy shows conditions only to whom asks for its version 3, as the APIs do:
    https://cloud.google.com/iam/docs/policies#versions
    """

    grants: Sequence[str] = field(default_factory=list[str])

    def answer(self, call: Call) -> Response | None:
        """The policy that a call reads, or None for another call."""
        asked = _ASKED.fullmatch(call.path)
        if asked is None:
            return None
        on = asked["bucket"] or asked["on"]
        if call.method == "POST" and on.count("/") == 1:
            on = on.removeprefix("projects/")
        here = [id_.removeprefix(f"{on}/") for id_ in self.grants if id_.startswith(f"{on}/")]
        found = [grant for rest in here if (grant := _GRANT.fullmatch(rest))]
        if not found:
            raise Refusal(404, "NOT_FOUND", f"Resource {on} was not found.")
        version = call.query.get("options.requestedPolicyVersion") or call.query.get("optionsRequestedPolicyVersion")
        whole = int(version or call.body.get("options", {}).get("requestedPolicyVersion", 1)) >= 3
        bindings: list[Json] = [
            {
                "role": one["role"],
                "members": [one["member"]],
                **({"condition": {"title": one["title"]}} if one["title"] and whole else {}),
            }
            for one in found
        ]
        return Response(200, {"version": 3 if whole else 1, "etag": "BwY=", "bindings": bindings})
