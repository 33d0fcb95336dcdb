"""Secrets: none stands in plain text where whoever reads a deployment, a definition or a tag reads it."""

from catalogue.graph import Graph
from policies.rule import OPEN_TO_OTHERS, Found, whole_stack_rule
from policies.secrets import secrets_of


@whole_stack_rule(
    "secrets-in-plain",
    severity="critical",
    says="No input has a secret in plain text: no environment variable, definition, script, tag or description.",
    remedy="Keep it in the key vault, have the identity read it there, and name it by its address; then change it.",
    never_waived=OPEN_TO_OTHERS,
)
def in_plain(graph: Graph) -> Found:
    """MCSB IM-8; NIST 800-53 IA-5(7). Environment variables of a deployment are shown to each reader of the workspace:
    https://learn.microsoft.com/en-us/azure/machine-learning/how-to-deploy-online-endpoint-with-secret-injection
    """
    for resource in graph.resources:
        for path, what in secrets_of(resource):
            yield resource, f"has {what} in plain text ({path})"


RULES = [in_plain]
