"""Mutations that only AWS has: policy documents, VPC endpoints, deployment settings, definitions of state machines."""

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from policies.everywhere import TAGS
from tests.catching import caught, expect_all_caught
from tests.mutate import changed, drop, dropped, paths, put, without

pytestmark = pytest.mark.sweep


def test_any_vpc_endpoint_gone_is_caught(pilot: Graph) -> None:
    expect_all_caught(
        ((e.name, without(pilot, e)) for e in pilot.of("aws:ec2/vpcEndpoint:VpcEndpoint")), "network-proof"
    )


def test_an_endpoint_that_nothing_needs_is_caught(pilot: Graph) -> None:
    endpoint = pilot.of("aws:ec2/vpcEndpoint:VpcEndpoint")[0]
    extra = replace(endpoint, urn=endpoint.urn + "-athena", name="athena")
    graph = replace(pilot, resources=(*pilot.resources, extra))
    graph = changed(graph, extra, lambda p: put(p, "serviceName", "com.amazonaws.us-east-1.athena"))
    assert caught(graph) == {"network-proof"}


def test_any_tag_gone_from_batch_jobs_is_caught(pilot: Graph) -> None:
    (machine,) = pilot.of("aws:sfn/stateMachine:StateMachine")

    def mutants() -> Iterator[tuple[str, Graph]]:
        for index, tag in enumerate(TAGS):
            yield tag, _redefined(pilot, machine, f"States.Transform.Parameters.Tags.{index}")

    expect_all_caught(mutants(), "cost-batch-tags")


def test_any_reference_to_a_key_gone_is_caught(pilot: Graph) -> None:
    keys = {str(key.outputs["arn"]) for key in pilot.of("aws:kms/key:Key")}

    def mutants() -> Iterator[tuple[str, Graph]]:
        for resource in pilot.cloud:
            for path, value in paths(dict(resource.inputs)):
                if isinstance(value, str) and value in keys:
                    yield f"{resource.name} {path}", dropped(pilot, resource, path)

    expect_all_caught(mutants())


def test_any_key_in_a_batch_definition_gone_is_caught(pilot: Graph) -> None:
    (machine,) = pilot.of("aws:sfn/stateMachine:StateMachine")
    parameters = "States.Transform.Parameters"

    def mutants() -> Iterator[tuple[str, Graph]]:
        for path in (f"{parameters}.TransformOutput.KmsKeyId", f"{parameters}.TransformResources.VolumeKmsKeyId"):
            yield path, _redefined(pilot, machine, path)

    expect_all_caught(mutants(), "encryption-batch")


def test_any_deny_statement_gone_is_caught(pilot: Graph) -> None:
    expect_all_caught(_without_statements(pilot, "Deny"))


def test_any_action_gone_from_a_guardrail_is_caught(pilot: Graph) -> None:
    boundaries = [(one, json.loads(one.inputs["policy"])) for one in pilot.of("aws:iam/policy:Policy")]

    def mutants() -> Iterator[tuple[str, Graph]]:
        for boundary, document in boundaries:
            for s, statement in enumerate(document["Statement"]):
                for a, action in enumerate(statement["Action"] if statement["Effect"] == "Deny" else ()):
                    mutant = json.loads(boundary.inputs["policy"])
                    del mutant["Statement"][s]["Action"][a]
                    yield f"{statement['Sid']} {action}", _with_policy(pilot, boundary, "policy", mutant)

    expect_all_caught(mutants(), "identity-guardrails")


def test_any_guardrail_that_rests_on_a_second_key_is_caught(pilot: Graph) -> None:
    """Trap: keys of one condition block are ANDed, so a second one lets the action pass."""
    boundaries = [(one, json.loads(one.inputs["policy"])) for one in pilot.of("aws:iam/policy:Policy")]

    def mutants() -> Iterator[tuple[str, Graph]]:
        for boundary, document in boundaries:
            for s, statement in enumerate(document["Statement"]):
                if statement["Effect"] == "Deny":
                    mutant = json.loads(boundary.inputs["policy"])
                    mutant["Statement"][s]["Condition"].setdefault("Null", {})["aws:TokenIssueTime"] = "true"
                    yield statement["Sid"], _with_policy(pilot, boundary, "policy", mutant)

    expect_all_caught(mutants(), "identity-guardrails")


def test_any_condition_gone_from_an_allow_is_caught(pilot: Graph) -> None:
    """Without its condition a statement of a trust, key, bucket or endpoint policy lets somebody else in."""

    def mutants() -> Iterator[tuple[str, Graph]]:
        for resource, key, document in _policies(pilot):
            for s, statement in enumerate(document["Statement"]):
                # The two statements that delegate a key to the account's own roles stand on the roles' policies.
                if statement["Effect"] == "Allow" and "Condition" in statement and _opens(resource, statement):
                    mutant = json.loads(resource.inputs[key])
                    del mutant["Statement"][s]["Condition"]
                    yield f"{resource.name} {statement.get('Sid')}", _with_policy(pilot, resource, key, mutant)

    expect_all_caught(mutants())


def test_any_allow_widened_to_a_wildcard_is_caught(pilot: Graph) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for resource, key, document in _policies(pilot):
            if resource.type not in ("aws:iam/rolePolicy:RolePolicy", "aws:iam/policy:Policy"):
                continue
            for s, statement in enumerate(document["Statement"]):
                if statement["Effect"] == "Allow":
                    mutant = json.loads(resource.inputs[key])
                    mutant["Statement"][s]["Action"] = [statement["Action"][0].partition(":")[0] + ":*"]
                    yield f"{resource.name} {statement.get('Sid')}", _with_policy(pilot, resource, key, mutant)

    expect_all_caught(mutants(), "identity-no-wildcard")


_BOUNDS = {
    "aws:appautoscaling/target:Target": ("maxCapacity",),
    "aws:cloudwatch/logGroup:LogGroup": ("retentionInDays",),
    "aws:sagemaker/domain:Domain": tuple(
        f"defaultUserSettings.{app}.appLifecycleManagement.idleSettings.{key}"
        for app in ("codeEditorAppSettings", "jupyterLabAppSettings")
        for key in ("idleTimeoutInMinutes", "maxIdleTimeoutInMinutes")
    ),
    "aws:scheduler/schedule:Schedule": ("target.retryPolicy.maximumEventAgeInSeconds",),
    "aws:sagemaker/endpoint:Endpoint": (
        "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.canarySize.value",
    ),
}


def test_any_bound_raised_a_hundredfold_or_gone_is_caught(pilot: Graph) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for type_, bounds in _BOUNDS.items():
            for resource in pilot.of(type_):
                present = dict(paths(dict(resource.inputs)))
                for path in set(bounds) & set(present):
                    value = present[path]
                    yield (
                        f"{resource.name} {path} raised",
                        changed(pilot, resource, lambda p, path=path, value=value: put(p, path, value * 100)),
                    )
                    yield f"{resource.name} {path} gone", dropped(pilot, resource, path)

    expect_all_caught(mutants())


@pytest.mark.parametrize("path", ["TimeoutSeconds", "States.Transform.Retry", "States.Transform.Retry.0.MaxAttempts"])
def test_any_bound_of_a_batch_run_gone_is_caught(pilot: Graph, path: str) -> None:
    (machine,) = pilot.of("aws:sfn/stateMachine:StateMachine")
    assert "limits-batch-time" in caught(_redefined(pilot, machine, path), "limits-batch-time")


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("deploymentConfig.autoRollbackConfiguration", "rollback-alarms"),
        ("deploymentConfig.autoRollbackConfiguration.alarms.0", "rollback-alarms"),
        ("deploymentConfig.blueGreenUpdatePolicy.maximumExecutionTimeoutInSeconds", "rollback-traffic"),
        ("deploymentConfig.blueGreenUpdatePolicy.terminationWaitInSeconds", "rollback-traffic"),
        (
            "deploymentConfig.blueGreenUpdatePolicy.trafficRoutingConfiguration.waitIntervalInSeconds",
            "rollback-traffic",
        ),
    ],
)
def test_any_part_of_a_rollback_gone_is_caught(pilot: Graph, path: str, rule: str) -> None:
    endpoints = pilot.of("aws:sagemaker/endpoint:Endpoint")
    expect_all_caught(((e.name, dropped(pilot, e, path)) for e in endpoints), rule)


def _without_statements(graph: Graph, effect: str) -> Iterator[tuple[str, Graph]]:
    for resource, key, document in _policies(graph):
        for s, statement in enumerate(document["Statement"]):
            if statement["Effect"] == effect:
                mutant = json.loads(resource.inputs[key])
                del mutant["Statement"][s]
                yield f"{resource.name} {statement.get('Sid')}", _with_policy(graph, resource, key, mutant)


def _policies(graph: Graph) -> Iterator[tuple[Resource, str, dict[str, Any]]]:
    """Every IAM policy document of the graph, with the resource and property that holds it."""
    for resource in graph.cloud:
        for key in ("assumeRolePolicy", "policy", "resourcePolicy"):
            value = resource.inputs.get(key)
            if isinstance(value, str) and '"Statement"' in value:
                yield resource, key, json.loads(value)


def _opens(resource: Resource, statement: dict[str, Any]) -> bool:
    """Whether the statement alone opens the resource to somebody: a key is delegated to its own account's roles."""
    own_roles = resource.type == "aws:kms/key:Key" and "AWS" in statement["Principal"]
    capped = statement.get("Sid", "") in ("Metrics", "ListInput0", "KeyForServices")
    return not own_roles and not capped


def _with_policy(graph: Graph, resource: Resource, key: str, document: dict[str, Any]) -> Graph:
    return changed(graph, resource, lambda p: put(p, key, json.dumps(document)))


def _redefined(graph: Graph, machine: Resource, path: str) -> Graph:
    definition = json.loads(machine.inputs["definition"])
    drop(definition, path)
    return changed(graph, machine, lambda p: put(p, "definition", json.dumps(definition)))
