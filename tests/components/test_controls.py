"""The components of a landing zone deploy the controls as they are compiled: none is left out, and none is changed."""

import json
from dataclasses import replace
from typing import Any, cast

import pytest

from catalogue.graph import Graph
from components.aws.controls import Controls as AwsControls
from components.aws.controls import ControlsArgs as AwsArgs
from components.azure.controls import Controls as AzureControls
from components.gcp.controls import Controls as GcpControls
from components.given import BadArgument
from policies.controls import World, documents
from policies.controls.aws import TYPES
from tests.components import test_every_component
from tests.components.test_every_component import Component, examples, made


def _graph(platform: str, component: Component) -> Graph:
    graph, _ = made(platform, component)
    kept = [one.name for one in graph.cloud if not one.protect]
    assert kept == [], "whoever takes the program down takes off no control"
    return graph


def test_aws_attaches_each_document_as_the_type_that_it_is() -> None:
    graph = _graph("aws", AwsControls)
    policies = {one.name.removeprefix("it-"): one for one in graph.of("aws:organizations/policy:Policy")}
    said = documents(World.of("aws"))
    assert {name: json.loads(one.inputs["content"]) for name, one in policies.items()} == said
    assert {name: one.inputs["type"] for name, one in policies.items()} == dict(TYPES)
    attached = graph.of("aws:organizations/policyAttachment:PolicyAttachment")
    assert {one.inputs["policyId"] for one in attached} == {one.outputs["id"] for one in policies.values()}
    assert {one.inputs["targetId"] for one in attached} == {"ou-ab12-3cd45678"}
    assert all(" " not in one.inputs["content"] for one in policies.values())


def test_aws_refuses_a_document_of_which_nobody_knows_the_type(monkeypatch: pytest.MonkeyPatch) -> None:
    strange = replace(cast(AwsArgs, examples("aws")["Controls"]), documents={"tagging": "{}"})
    monkeypatch.setattr(test_every_component, "examples", lambda platform: {"Controls": strange})
    made.cache_clear()
    with pytest.raises(BadArgument, match=r"^ControlsArgs.documents: found 'tagging', allowed: names that begin with"):
        made("aws", AwsControls)


def test_gcp_puts_each_constraint_in_force_after_it_stands() -> None:
    graph = _graph("gcp", GcpControls)
    said = documents(World.of("gcp"))
    constraints = graph.of("gcp:orgpolicy/customConstraint:CustomConstraint")
    keys = ("name", "actionType", "condition", "displayName", "methodTypes", "resourceTypes")
    made_of = {one.inputs["name"]: {key: one.inputs[key] for key in keys} for one in constraints}
    assert made_of == {one["name"]: one for one in said["custom-constraints"]["customConstraints"]}
    policies = {one.inputs["name"].rpartition("/")[2]: one for one in graph.of("gcp:orgpolicy/policy:Policy")}
    assert {name: _rules(one.inputs["spec"]) for name, one in policies.items()} == {
        one["constraint"]: one["spec"]["rules"] for one in said["organization-policies"]["policies"]
    }
    for one in constraints:
        assert one.urn in policies[one.inputs["name"]].dependencies


def _rules(spec: Any) -> list[dict[str, Any]]:
    """The rules of a policy as Google's API has them."""
    switch = {"TRUE": True, "FALSE": False}
    return [
        {key: switch[value] if isinstance(value, str) else value for key, value in rule.items()}
        for rule in spec["rules"]
    ]


def test_azure_assigns_each_built_in_definition_and_each_of_our_own() -> None:
    graph = _graph("azure", AzureControls)
    said = documents(World.of("azure"))
    own = {one.inputs["policyDefinitionName"]: one for one in graph.of("azure-native:authorization:PolicyDefinition")}
    defined = {one["name"]: one for one in said["policy-definitions"]["definitions"]}
    assert {name: one.inputs["policyRule"] for name, one in own.items()} == {
        name: one["policyRule"] for name, one in defined.items()
    }
    assigned = {
        one.inputs["policyAssignmentName"]: one.inputs
        for one in graph.of("azure-native:authorization:PolicyAssignment")
    }
    built_in = {one["name"]: one for one in said["policy-assignments"]["assignments"]}
    assert {*assigned} == {*defined, *built_in}
    for name, one in assigned.items():
        wanted = built_in[name]["policyDefinitionId"] if name in built_in else own[name].outputs["id"]
        assert one["policyDefinitionId"] == wanted and one["enforcementMode"] == "Default"
        assert one.get("parameters") == (built_in[name]["parameters"] if name in built_in else None)
        assert one["scope"] == "/subscriptions/11112222-3333-4444-5555-666677778888"
