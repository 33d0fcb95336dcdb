"""The rules at the first `pulumi preview`, where what the cloud will answer is not known: none finds what is not there.

A rule that cannot decide waits, and says for what; only those that read what a workflow runs may.
"""

from dataclasses import replace
from typing import Any, cast

import pytest

from catalogue.graph import Graph, Resource
from catalogue.marks import UNKNOWN
from policies import pack
from policies.rule import Rule, Violation

_READ_WORKFLOWS = {
    "audit-images-pinned",
    "cost-batch-tags",
    "encryption-batch",
    "identity-run-as",
    "identity-token-shown",
    "limits-batch-time",
    "limits-machine-types",
    "limits-replicas",
    "quota-declared",
}


@pytest.fixture(scope="module")
def unknown(gcp_pilot: Graph) -> Graph:
    """The pilot before anything of it exists."""
    answered = {resource.urn: _answers(resource) for resource in gcp_pilot.resources}
    return replace(gcp_pilot, resources=tuple(_forgotten(resource, answered) for resource in gcp_pilot.resources))


def test_no_rule_finds_anything_while_values_are_unknown(unknown: Graph) -> None:
    found: list[str] = []
    undecided: set[str] = set()
    for rule in pack.RULES["gcp"]:
        for violation in _judged(rule, unknown):
            if violation.waits is None:
                found.append(f"{rule.name}: {violation.resource and violation.resource.name} {violation.sentence}")
            else:
                undecided.add(rule.name)
    assert not found
    assert undecided == _READ_WORKFLOWS


def test_what_waits_names_the_workflow_and_what_is_not_known(unknown: Graph) -> None:
    (rule,) = (rule for rule in pack.RULES["gcp"] if rule.name == "limits-machine-types")
    waiting = _judged(rule, unknown)
    assert {v.resource.type for v in waiting if v.resource} == {"gcp:workflows/workflow:Workflow"}
    assert all("sourceContents is not known before up" in violation.sentence for violation in waiting)


def _judged(rule: Rule, graph: Graph) -> list[Violation]:
    """What a rule says; one that sees a resource alone is shown it as the engine shows it, without the others."""
    if rule.scope != "resource":
        return list(rule.judge(graph).violations)
    return [violation for resource in graph.of(*rule.types) for violation in rule.judge(_alone(resource)).violations]


def _alone(resource: Resource) -> Graph:
    shown = replace(resource, outputs={}, property_dependencies=dict.fromkeys(resource.inputs, ("not shown",)))
    return Graph("gcp-pilot", "gcp", (shown,), {})


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
