"""Secrets: none stands in plain text where whoever reads a model, a workflow, a schedule or a label reads it."""

import base64
import binascii
from collections.abc import Iterator

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp import cloudscheduler
from policies.rule import OPEN_TO_OTHERS, Found, whole_stack_rule
from policies.secrets import secrets, secrets_of
from policies.world import texts


@whole_stack_rule(
    "secrets-in-plain",
    severity="critical",
    says="No input has a secret in plain text: no environment variable, definition, script, body, label or text.",
    remedy="Keep it in Secret Manager, let the persona's account read that one secret there; then change it.",
    never_waived=OPEN_TO_OTHERS,
)
def in_plain(graph: Graph) -> Found:
    """Whoever may see a model or a workflow sees its variables and its definition: Secret Manager, "Best practices",
    https://cloud.google.com/secret-manager/docs/best-practices; NIST 800-53 IA-5(7).
    """
    for resource in graph.resources:
        for path, what in dict.fromkeys((*secrets_of(resource), *_inside(resource))):
            yield resource, f"has {what} in plain text ({path})"


def _inside(resource: Resource) -> Iterator[tuple[str, str]]:
    """Those inside of a document, by the names that they have there, and of the body that a schedule sends."""
    for path, text in texts(resource):
        if "#" in path:
            yield from secrets(text, path.replace("#", "."))
    if resource.type == cloudscheduler.SCHEDULE:
        try:
            body = base64.b64decode(resource.props.text_or_empty("httpTarget.body"), validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            body = ""
        yield from secrets(body, "httpTarget.body")


RULES = [in_plain]
