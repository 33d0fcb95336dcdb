"""The rules at the first `pulumi preview`, where nobody knows yet what the cloud will answer: none finds anything.

A rule that reads what a state machine runs, or what a policy says, waits where the text names what is not known.
"""

from dataclasses import replace
from typing import Any, cast

from catalogue.graph import Graph, Resource
from catalogue.marks import UNKNOWN
from operations.evaluation import evaluate
from policies import pack

# What stands in a document of which a part is not known is judged once it is.
_READ_DOCUMENTS = {
    "audit-images-pinned",
    "audit-packages-own-account",
    "cost-batch-tags",
    "encryption-batch",
    "encryption-bucket-tls",
    "identity-no-wildcard",
    "identity-pass-role",
    "identity-topic-policy",
    "limits-batch-time",
    "limits-machine-types",
    "limits-replicas",
    "quota-declared",
}


def test_no_rule_finds_anything_while_values_are_unknown(pilot: Graph) -> None:
    answered = {r.urn: _answers(r) for r in pilot.resources}
    graph = replace(pilot, resources=tuple(_forgotten(r, answered) for r in pilot.resources))
    findings = evaluate(graph, pack.RULES["aws"]).findings
    assert not [f.message for f in findings if f.mandatory]
    assert {f.rule for f in findings} == _READ_DOCUMENTS


def _answers(resource: Resource) -> list[str]:
    """The texts that only the cloud knows: computed outputs of a resource."""
    return [value for key, value in resource.outputs.items() if key not in resource.inputs and isinstance(value, str)]


def _forgotten(resource: Resource, answered: dict[str, list[str]]) -> Resource:
    """The resource with what comes from another's answer, or is its own, marked as unknown."""
    inputs = {
        key: _hidden(value, [a for urn in resource.property_dependencies.get(key, ()) for a in answered[urn]])
        for key, value in resource.inputs.items()
    }
    return replace(resource, inputs=inputs, outputs=dict.fromkeys(resource.outputs, UNKNOWN) | inputs)


def _hidden(value: Any, answers: list[str]) -> Any:
    if isinstance(value, str):
        return UNKNOWN if any(answer and answer in value for answer in answers) else value
    if isinstance(value, list):
        return [_hidden(item, answers) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        return {key: _hidden(item, answers) for key, item in cast(dict[str, Any], value).items()}
    return value
