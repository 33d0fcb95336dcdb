"""The rules at the first `pulumi preview`, where what the cloud will answer is not known: none finds what is not there.

A rule that cannot decide waits, and says for what; only those that read what a workflow runs may.
"""

from dataclasses import replace

import pytest

from catalogue.graph import Graph, Resource
from catalogue.kinds.gcp.vertex import ENDPOINT
from policies import pack
from policies.rule import Rule, Violation
from tests.mutate import swapped
from tests.on_engine import before_up

_WAIT = {
    "audit-images-pinned",
    "cost-batch-tags",
    "data-batch-own",
    "encryption-batch",
    "encryption-key-granted",
    "experiments-own",
    "identity-acts-where",
    "identity-training-mounts",
    "identity-calls-known",
    "identity-registries",
    "identity-run-as",
    "identity-starts-own",
    "identity-token-shown",
    "limits-batch-started",
    "limits-batch-time",
    "limits-batch-whole",
    "limits-machine-types",
    "limits-outputs-expire",
    "limits-replicas",
    "limits-stated",
    "quota-declared",
    "rollback-batch-watched",
    "sizes-document",
    "world-containers",
}


@pytest.fixture(scope="module")
def unknown(gcp_pilot: Graph) -> Graph:
    """The pilot before anything of it exists. An endpoint's name is Pulumi's own, and known at a preview."""
    graph = gcp_pilot
    for endpoint in graph.of(ENDPOINT):
        graph = swapped(graph, replace(endpoint, inputs={**endpoint.inputs, "name": endpoint.outputs["name"]}))
    return before_up(graph)


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
    assert undecided == _WAIT


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
