"""Mutations that only Azure has: role assignments, switches of keys, private endpoints, outbound rules, order."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph, Resource
from policies.everywhere import TAGS
from tests.catching import caught, expect_all_caught
from tests.mutate import changed, dropped, paths, put, swapped, without
from tests.policies.test_inputs import CAUGHT as INPUTS

pytestmark = pytest.mark.sweep

_ML, _AUTH = "azure-native:machinelearningservices", "azure-native:authorization"
_ROLES = "/subscriptions/11112222-3333-4444-5555-666677778888/providers/Microsoft.Authorization/roleDefinitions"
_TOO_MUCH = {
    "Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635",
    "User Access Administrator": "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9",
    "Key Vault Administrator": "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    "Storage Blob Data Owner": "b7e6dc6d-f1e8-4753-8033-0f276bb0955b",
}
_WIDE = ("/subscriptions/11112222-3333-4444-5555-666677778888", "/providers/Microsoft.Management/managementGroups/root")


def set_to(graph: Graph, resource: Resource, path: str, value: Any) -> Graph:
    return changed(graph, resource, lambda properties: put(properties, path, value))


def referring_to_nothing(graph: Graph, resource: Resource, key: str) -> Graph:
    """The graph with one property's references given as text."""
    kept = {k: v for k, v in resource.property_dependencies.items() if k != key}
    return swapped(graph, replace(resource, property_dependencies=kept))


def outside(graph: Graph, resource: Resource, urns: set[str]) -> Graph:
    """The graph with a resource that waits for none of these."""
    kept = tuple(urn for urn in resource.dependencies if urn not in urns)
    links = {k: tuple(u for u in v if u not in urns) for k, v in resource.property_dependencies.items()}
    return swapped(graph, replace(resource, dependencies=kept, property_dependencies=links))


@pytest.mark.parametrize("role", _TOO_MUCH)
def test_any_role_assignment_to_a_greater_role_is_caught(azure_pilot: Graph, role: str) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for item in azure_pilot.of(f"{_AUTH}:RoleAssignment"):
            graph = referring_to_nothing(azure_pilot, item, "roleDefinitionId")
            yield item.name, set_to(graph, graph.by_urn[item.urn], "roleDefinitionId", f"{_ROLES}/{_TOO_MUCH[role]}")

    expect_all_caught(mutants(), "identity-least-role")


def test_contributor_for_anybody_but_the_workspace_is_caught(azure_pilot: Graph) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for item in azure_pilot.of(f"{_AUTH}:RoleAssignment"):
            if "identity-workspace-" not in item.name and "access-workspace-" not in item.name:
                graph = referring_to_nothing(azure_pilot, item, "roleDefinitionId")
                role = f"{_ROLES}/b24988ac-6180-42a0-ab88-20f7382dd24c"
                yield item.name, set_to(graph, graph.by_urn[item.urn], "roleDefinitionId", role)

    expect_all_caught(mutants(), "identity-least-role")


@pytest.mark.parametrize("scope", _WIDE)
def test_any_role_assignment_on_more_than_the_group_is_caught(azure_pilot: Graph, scope: str) -> None:
    items = azure_pilot.of(f"{_AUTH}:RoleAssignment")
    expect_all_caught(((i.name, set_to(azure_pilot, i, "scope", scope)) for i in items), "identity-scope")


@pytest.mark.parametrize("scope", _WIDE)
def test_any_role_of_our_own_outside_the_group_is_caught(azure_pilot: Graph, scope: str) -> None:
    roles = azure_pilot.of(f"{_AUTH}:RoleDefinition")
    expect_all_caught(((r.name, set_to(azure_pilot, r, "assignableScopes", [scope])) for r in roles), "identity-scope")


@pytest.mark.parametrize(
    "action",
    [
        "*",
        "*/write",
        "Microsoft.Authorization/*",
        "Microsoft.MachineLearningServices/*",
        "Microsoft.MachineLearningServices/workspaces/*",
        "Microsoft.MachineLearningServices/workspaces/*/action",
        "Microsoft.MachineLearningServices/workspaces/*/write",
        "Microsoft.MachineLearningServices/workspaces/computes/*",
        "Microsoft.MachineLearningServices/workspaces/connections/*",
        "Microsoft.MachineLearningServices/workspaces/delete",
        "Microsoft.MachineLearningServices/workspaces/listKeys/action",
        "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/listKeys/action",
        "Microsoft.MachineLearningServices/workspaces/onlineEndpoints/*",
        "Microsoft.MachineLearningServices/workspaces/outboundRules/write",
        "Microsoft.ManagedIdentity/userAssignedIdentities/*/assign/action",
        "Microsoft.Storage/storageAccounts/listKeys/action",
    ],
)
def test_any_role_of_our_own_with_more_is_caught(azure_pilot: Graph, action: str) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for role in azure_pilot.of(f"{_AUTH}:RoleDefinition"):
            (key,) = role.inputs["permissions"][0]
            more = [*role.inputs["permissions"][0][key], action]
            yield role.name, set_to(azure_pilot, role, f"permissions.0.{key}", more)

    expect_all_caught(mutants(), "identity-no-wildcard")


def test_any_role_given_after_it_is_used_is_caught(azure_pilot: Graph) -> None:
    """Workspace, computes and endpoints wait for the roles of the identity that they act as."""

    def mutants() -> Iterator[tuple[str, Graph]]:
        for kind in ("Workspace", "OnlineEndpoint", "BatchEndpoint", "Compute"):
            for user in azure_pilot.of(f"{_ML}:{kind}"):
                for urn in {u for key in ("identity", "encryption") for u in user.property_dependencies.get(key, ())}:
                    if "RoleAssignment" in urn:
                        graph = azure_pilot
                        for other in graph.resources:  # whatever else would have waited for it
                            if urn in other.dependencies:
                                graph = outside(graph, other, {urn})
                        yield f"{user.name} {urn.rpartition('::')[2]}", graph

    expect_all_caught(mutants(), "identity-before-use", "encryption-key-granted")


def test_any_guardrail_gone_or_softened_is_caught(azure_pilot: Graph) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for policy in azure_pilot.of(f"{_AUTH}:PolicyAssignment"):
            yield f"{policy.name} gone", without(azure_pilot, policy)
            for effect in ("Audit", "Disabled"):
                yield f"{policy.name} {effect}", set_to(azure_pilot, policy, "parameters.effect.value", effect)
            for key, value in {
                "enforcementMode": "DoNotEnforce",
                "notScopes": ["x"],
                "resourceSelectors": [{"name": "x"}],
            }.items():
                yield f"{policy.name} {key}", changed(azure_pilot, policy, lambda p, k=key, v=value: p.update({k: v}))

    expect_all_caught(mutants(), "identity-guardrails")


def test_any_private_endpoint_zone_or_link_gone_is_caught(azure_pilot: Graph) -> None:
    kinds = ("network:PrivateEndpoint", "network:PrivateDnsZoneGroup", "privatedns:PrivateZone")
    found = [r for k in (*kinds, "privatedns:VirtualNetworkLink") for r in azure_pilot.of(f"azure-native:{k}")]
    found = [r for r in found if "-people-" not in r.name]  # people's links are of another network
    assert len(found) == 22
    expect_all_caught(((r.name, without(azure_pilot, r)) for r in found), "network-proof")


def test_a_private_endpoint_that_nothing_needs_is_caught(azure_pilot: Graph) -> None:
    endpoint = next(r for r in azure_pilot.of("azure-native:network:PrivateEndpoint") if "blob" in r.name)
    extra = replace(endpoint, urn=endpoint.urn + "-queue", name="queue")
    graph = replace(azure_pilot, resources=(*azure_pilot.resources, extra))
    found = caught(set_to(graph, extra, "privateLinkServiceConnections.0.groupIds", ["queue"]))
    assert found == {"network-proof", "unasked"}


@pytest.mark.parametrize("peer", ["*", "Internet", "0.0.0.0/0", "AzureCloud", "8.8.8.0/24"])
def test_any_security_rule_opened_is_caught(azure_pilot: Graph, peer: str) -> None:
    (group,) = azure_pilot.of("azure-native:network:NetworkSecurityGroup")

    def mutants() -> Iterator[tuple[str, Graph]]:
        for index, rule in enumerate(group.inputs["securityRules"]):
            side = "source" if rule["direction"] == "Inbound" else "destination"
            graph = set_to(azure_pilot, group, f"securityRules.{index}.access", "Allow")
            yield (
                rule["name"],
                set_to(graph, graph.by_urn[group.urn], f"securityRules.{index}.{side}AddressPrefix", peer),
            )

    expect_all_caught(mutants(), "network-security-group-closed")


@pytest.mark.parametrize(
    "rule",
    [
        {"type": "FQDN", "destination": "pypi.org"},
        {"type": "FQDN", "destination": "*.anaconda.com"},
    ],
)
def test_any_domain_opened_is_caught(azure_pilot: Graph, rule: dict[str, str]) -> None:
    """An FQDN rule starts a firewall that bills by the hour."""
    (workspace,) = azure_pilot.of(f"{_ML}:Workspace")
    inline = changed(azure_pilot, workspace, lambda p: p["managedNetwork"].update(outboundRules={"open": rule}))
    beside = Resource(
        urn="urn:pulumi:azure-pilot::mlplatform::rule::open",
        type=f"{_ML}:ManagedNetworkSettingsRule",
        name="open",
        custom=True,
        property_dependencies={"workspaceName": (workspace.urn,)},
        inputs={"properties": rule, "workspaceName": workspace.outputs["name"]},
    )
    standalone = replace(azure_pilot, resources=(*azure_pilot.resources, beside))
    both = replace(inline, resources=(*inline.resources, beside))
    expect_all_caught((("inline", inline), ("standalone", standalone), ("both", both)), "network-approved-outbound")


def test_outbound_rules_in_two_places_are_caught(azure_pilot: Graph) -> None:
    (workspace,) = azure_pilot.of(f"{_ML}:Workspace")
    tag = {"type": "ServiceTag", "destination": {"serviceTag": "AzureMonitor"}}
    beside = Resource(
        urn="urn:pulumi:azure-pilot::mlplatform::rule::tag",
        type=f"{_ML}:ManagedNetworkSettingsRule",
        name="tag",
        custom=True,
        property_dependencies={"workspaceName": (workspace.urn,)},
        inputs={"properties": tag, "workspaceName": workspace.outputs["name"]},
    )
    one = replace(azure_pilot, resources=(*azure_pilot.resources, beside))
    two = changed(one, workspace, lambda p: p["managedNetwork"].update(outboundRules={"tag": tag}))
    assert caught(one) - INPUTS == {"unasked"}
    assert caught(two) - INPUTS == {"network-approved-outbound", "unasked"}


def test_any_reference_to_the_key_gone_is_caught(azure_pilot: Graph) -> None:
    (key,) = azure_pilot.of("azure-native:keyvault:Key")

    def mutants() -> Iterator[tuple[str, Graph]]:
        for resource in azure_pilot.cloud:
            for name, urns in resource.property_dependencies.items():
                if key.urn in urns:
                    yield f"{resource.name} {name} gone", dropped(azure_pilot, resource, name)
                    yield f"{resource.name} {name} of another", outside(azure_pilot, resource, {key.urn})

    expect_all_caught(mutants(), "encryption-key-used", "encryption-key-granted", "identity-scope")


@pytest.mark.parametrize("tag", TAGS)
def test_any_tag_gone_from_jobs_is_caught(azure_pilot: Graph, tag: str) -> None:
    jobs = azure_pilot.of(f"{_ML}:Schedule")
    path = f"properties.action.jobDefinition.tags.{tag}"
    expect_all_caught(((j.name, dropped(azure_pilot, j, path)) for j in jobs), "cost-batch-tags")


_BOUNDS: dict[str, dict[str, Any]] = {
    f"{_ML}:Compute": {
        "properties.properties.idleTimeBeforeShutdown": "P3D",
        "properties.properties.scaleSettings.maxNodeCount": 100,
        "properties.properties.scaleSettings.minNodeCount": 1,
        "properties.properties.scaleSettings.nodeIdleTimeBeforeScaleDown": "P1D",
    },
    f"{_ML}:BatchDeployment": {
        "properties.errorThreshold": -1,
        "properties.retrySettings.maxRetries": 100,
        "properties.retrySettings.timeout": "P7D",
    },
    f"{_ML}:Schedule": {"properties.action.jobDefinition.jobs.score.limits.timeout": "P7D"},
    "azure-native:consumption:Budget": {"amount": 1_000_000},
    "azure-native:monitor:AutoscaleSetting": {"profiles.0.capacity.maximum": "100"},
    "azure-native:operationalinsights:Workspace": {"retentionInDays": 730},
    "mlplatform:azure:Traffic": {"canaryPercent": 100, "bakeMinutes": 0, "p95LatencyMs": 0, "errorRatePercent": 100},
}


def test_any_bound_raised_or_gone_is_caught(azure_pilot: Graph) -> None:
    def mutants() -> Iterator[tuple[str, Graph]]:
        for type_, bounds in _BOUNDS.items():
            for resource in azure_pilot.of(type_):
                for path in set(bounds) & {path for path, _ in paths(dict(resource.inputs))}:
                    yield f"{resource.name} {path} raised", set_to(azure_pilot, resource, path, bounds[path])
                    yield f"{resource.name} {path} gone", dropped(azure_pilot, resource, path)

    expect_all_caught(mutants())


@pytest.mark.parametrize(
    ("type_", "key", "rule"),
    [
        (f"{_ML}:OnlineDeployment", "endpointName", "rollback-endpoint-order"),
        (f"{_ML}:BatchDeployment", "endpointName", "rollback-endpoint-order"),
        ("azure-native:monitor:AutoscaleSetting", "targetResourceUri", "rollback-endpoint-order"),
        ("mlplatform:azure:Traffic", "endpoint", "rollback-endpoint-order"),
        ("mlplatform:azure:Traffic", "deployment", "rollback-endpoint-order"),
    ],
)
def test_any_order_given_up_is_caught(azure_pilot: Graph, type_: str, key: str, rule: str) -> None:
    items = azure_pilot.of(type_)
    expect_all_caught(((i.name, referring_to_nothing(azure_pilot, i, key)) for i in items), rule)


def test_a_vault_that_closes_before_its_users_go_is_caught(azure_pilot: Graph) -> None:
    (group,) = (r for r in azure_pilot.of("azure-native:network:PrivateDnsZoneGroup") if "vault" in r.name)
    graph = azure_pilot
    for resource in azure_pilot.resources:
        if group.urn in resource.dependencies:
            graph = outside(graph, resource, {group.urn})
    assert caught(graph) == {"encryption-vault-reachable"}
