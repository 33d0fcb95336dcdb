"""The rules at the first `pulumi preview`, where what the cloud will answer is not known: none finds what is not there.

A rule that cannot decide raises, and the engine says so; only those that read what a workflow runs may.
"""

from typing import Any, cast

from pulumi_policy import PolicyResource, ResourceValidationArgs, ResourceValidationPolicy, StackValidationArgs
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, UnknownValueError, unknown_checking_proxy

from catalogue.graph import Graph, Resource
from operations.policies import resources_for_policies
from policies import pack
from policies.rule import Rule

_READ_WORKFLOWS = {
    "cost-batch-tags",
    "encryption-batch",
    "identity-run-as",
    "identity-token-shown",
    "limits-batch-size",
    "limits-batch-time",
    "quota-declared",
}


def test_no_rule_finds_anything_while_values_are_unknown(gcp_pilot: Graph) -> None:
    answered = {r.urn: _answers(r) for r in gcp_pilot.resources}
    resources = resources_for_policies(gcp_pilot)
    inputs: dict[str, Any] = {}
    for resource in resources:
        node = gcp_pilot.by_urn[resource.urn]
        properties = _forgotten(node, answered)
        inputs[resource.urn] = unknown_checking_proxy({key: properties[key] for key in node.inputs})
        resource.props = unknown_checking_proxy(properties)
    found: list[str] = []
    undecided: set[str] = set()
    for rule in pack.RULES["gcp"]:
        seen = resources if isinstance(rule, ResourceValidationPolicy) else [None]
        for resource in seen:
            try:
                _judge(rule, resource, resources, inputs, found)
            except UnknownValueError:
                undecided.add(rule.name)
    assert not found
    assert undecided == _READ_WORKFLOWS


def _judge(
    rule: Rule,
    resource: PolicyResource | None,
    resources: list[PolicyResource],
    inputs: dict[str, Any],
    found: list[str],
) -> None:
    def report(message: str, urn: str | None = None) -> None:
        found.append(f"{rule.name}: {urn or resource} {message}")

    if isinstance(rule, ResourceValidationPolicy):
        assert resource is not None
        props = inputs[resource.urn]
        args = ResourceValidationArgs(
            resource.resource_type, props, resource.urn, resource.name, resource.opts, resource.provider
        )
        rule.validate(args, report)
    else:
        rule.validate(StackValidationArgs(resources), report)


def _answers(resource: Resource) -> list[str]:
    """The texts that only the cloud knows: computed outputs of a resource."""
    return [value for key, value in resource.outputs.items() if key not in resource.inputs and isinstance(value, str)]


def _forgotten(resource: Resource, answered: dict[str, list[str]]) -> dict[str, Any]:
    """Inputs and outputs of a resource, with what comes from another's answer, or is its own, marked as unknown."""
    own = {key: UNKNOWN_STRING_VALUE for key in resource.outputs if key not in resource.inputs}
    return own | {
        key: _hidden(value, [a for urn in resource.property_dependencies.get(key, ()) for a in answered[urn]])
        for key, value in resource.inputs.items()
    }


def _hidden(value: Any, answers: list[str]) -> Any:
    if isinstance(value, str):
        return UNKNOWN_STRING_VALUE if any(answer and answer in value for answer in answers) else value
    if isinstance(value, list):
        return [_hidden(item, answers) for item in cast(list[Any], value)]
    if isinstance(value, dict):
        return {key: _hidden(item, answers) for key, item in cast(dict[str, Any], value).items()}
    return value
