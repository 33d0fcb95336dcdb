"""Secrets: none stands in plain text where whoever reads a model, a definition or a tag reads it."""

from catalogue.graph import Graph
from policies.rule import OPEN_TO_OTHERS, Found, whole_stack_rule
from policies.secrets import secrets_of


@whole_stack_rule(
    "secrets-in-plain",
    severity="critical",
    says="No input has a secret in plain text: no environment variable, definition, script, tag or description.",
    remedy="Keep it in AWS Secrets Manager, have the role read it there, and name it by its ARN; then change it.",
    never_waived=OPEN_TO_OTHERS,
)
def in_plain(graph: Graph) -> Found:
    """NIST 800-53 IA-5(7). Whoever may describe a model, a job or a state machine reads its environment:
    https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_DescribeModel.html
    """
    for resource in graph.resources:
        for path, what in secrets_of(resource):
            yield resource, f"has {what} in plain text ({path})"


RULES = [in_plain]
