"""What the pack refuses in a plan, Azure refuses by a control; and a pilot comes up under all of them."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph
from catalogue.placement import Placement
from policies.controls import World, controls, documents, undecided
from policies.controls.azure import ASSIGNED, DEFINED
from tests.catching import Judge
from tests.policies.azure.test_rules import (
    ASSIGNMENT,
    AUTH,
    COMPUTE,
    DEPLOYMENT,
    GROUP,
    NET,
    OPEN,
    OWNER,
    REGISTRY,
    STORAGE,
    SUBNET,
    VAULT,
    WORKSPACE,
    adding,
    losing,
    setting,
)
from tests.policies.controls.azure_policy import BUILT_INS, refuses, resources
from tests.rows import rows

Mutation = Callable[[Graph], Graph]


def world_of(graph: Graph) -> World:
    """The stack's own world, with the networks of its people."""
    return World.of("azure", graph.placement)


def _in_force(world: World) -> Iterator[tuple[str, Any, Any]]:
    """The name, the definition and the parameters of each assignment."""
    made = documents(world)
    for one in made[ASSIGNED]["assignments"]:
        yield one["name"], BUILT_INS[one["policyDefinitionId"].rpartition("/")[2]], one["parameters"]
    for one in made[DEFINED]["definitions"]:
        yield one["name"], one, {}


def refused(world: World, graph: Graph, *names: str) -> dict[str, set[str]]:
    """The assignments that refuse something of a graph, each with the resources; where some are named, these alone."""
    found = {
        name: {one.name for one, type_ in resources(graph) if refuses(one, type_, definition, given)}
        for name, definition, given in _in_force(world)
        if not names or name in names
    }
    return {name: who for name, who in found.items() if who}


ELSEWHERE = {"id": "/subscriptions/x/resourceGroups/g/providers/Microsoft.Network/virtualNetworks/theirs"}
MUTANTS: list[tuple[str, str, str, Mutation]] = [
    ("regions", "ml-regions", "limits-region", setting(STORAGE, "location", "westeurope")),
    ("machine-types", "ml-compute-machines", "limits-machine-types",
     setting(COMPUTE, "properties.properties.vmSize", "Standard_ND96isr_H100_v5")),
    ("machine-types", "ml-served-machines", "limits-machine-types",
     setting(DEPLOYMENT, "properties.instanceType", "Standard_ND96isr_H100_v5")),
    ("replicas", "ml-replicas", "limits-replicas", setting(DEPLOYMENT, "sku.capacity", 50)),
    ("no-public-network", "ml-private-workspace", "network-public-access",
     setting(WORKSPACE, "publicNetworkAccess", "Enabled")),
    ("no-public-network", "ml-private-storage", "network-public-access", losing(STORAGE, "publicNetworkAccess")),
    ("no-public-network", "ml-private-vault", "network-public-access",
     setting(VAULT, "properties.publicNetworkAccess", "Enabled")),
    ("no-public-network", "ml-private-registry", "network-public-access",
     setting(REGISTRY, "publicNetworkAccess", "Enabled")),
    ("approved-outbound", "ml-approved-outbound", "network-workspace-vpc-only",
     setting(WORKSPACE, "managedNetwork.isolationMode", "AllowInternetOutbound")),
    ("approved-outbound", "ml-approved-outbound", "network-workspace-vpc-only", losing(WORKSPACE, "managedNetwork")),
    ("no-local-auth", "ml-compute-sign-in", "identity-local-auth",
     setting(COMPUTE, "properties.disableLocalAuth", False)),
    ("no-local-auth", "ml-no-account-keys", "identity-local-auth", setting(STORAGE, "allowSharedKeyAccess", True)),
    ("no-local-auth", "ml-no-account-keys", "identity-local-auth", losing(STORAGE, "allowSharedKeyAccess")),
    ("no-local-auth", "ml-no-admin-user", "identity-local-auth", setting(REGISTRY, "adminUserEnabled", True)),
    ("no-local-auth", "ml-no-anonymous-pull", "identity-local-auth",
     setting(REGISTRY, "anonymousPullEnabled", True)),
    ("workspace-identity", "ml-workspace-identity", "identity-user-assigned",
     losing(WORKSPACE, "primaryUserAssignedIdentity")),
    ("idle-shutdown", "ml-idle-shutdown", "limits-idle-shutdown",
     losing(COMPUTE, "properties.properties.idleTimeBeforeShutdown", "ana")),
    ("ways-out", "ml-ways-out", "network-no-internet-gateway", adding(f"{NET}:PublicIPAddress")),
    ("ways-out", "ml-ways-out", "network-no-internet-gateway", adding(f"{NET}:NatGateway")),
    ("ways-out", "ml-ways-out", "network-no-internet-gateway", adding(f"{NET}:AzureFirewall")),
    ("ways-out", "ml-ways-out", "network-no-internet-route",
     adding(f"{NET}:RouteTable", routes=[{"nextHopType": "VirtualAppliance"}])),
    ("ways-out", "ml-ways-out", "kind-known", adding("azure-native:compute:VirtualMachine")),
    ("ways-out", "ml-ways-out", "kind-known", adding(f"{AUTH}:PolicyExemption")),
    ("peerings", "ml-peerings", "network-no-internet-gateway",
     adding(f"{NET}:VirtualNetworkPeering", remoteVirtualNetwork=ELSEWHERE)),
    ("private-subnets", "ml-private-subnets", "network-subnet-private",
     setting(SUBNET, "defaultOutboundAccess", True)),
    ("private-subnets", "ml-private-subnets", "network-subnet-private", losing(SUBNET, "defaultOutboundAccess")),
    ("closed-groups", "ml-open-groups", "network-security-group-closed",
     setting(GROUP, "securityRules.0.sourceAddressPrefix", "0.0.0.0/1")),
    ("closed-groups", "ml-open-groups", "network-security-group-closed",
     setting(GROUP, "securityRules.2.destinationAddressPrefix", "Internet")),
    ("closed-groups", "ml-open-rules", "network-security-group-closed", adding(f"{NET}:SecurityRule", {}, **OPEN)),
    ("wide-roles", "ml-wide-roles", "identity-least-role", setting(ASSIGNMENT, "roleDefinitionId", OWNER)),
    ("no-groups", "ml-no-groups", "identity-trust", setting(ASSIGNMENT, "principalType", "Group")),
    ("keys-given", "ml-storage-key", "encryption-key-used",
     setting(STORAGE, "encryption.keySource", "Microsoft.Storage")),
    ("registry-kept", "ml-registry-key", "encryption-customer-key", losing(REGISTRY, "encryption")),
    ("registry-kept", "ml-registry-exports", "audit-packages-own-account",
     setting(REGISTRY, "policies.exportPolicy.status", "enabled")),
    ("no-public-blobs", "ml-no-public-blobs", "encryption-bucket-public",
     setting(STORAGE, "allowBlobPublicAccess", True)),
    ("no-public-blobs", "ml-no-public-blobs", "encryption-bucket-public", losing(STORAGE, "allowBlobPublicAccess")),
    ("tls", "ml-https", "encryption-bucket-tls", setting(STORAGE, "enableHttpsTrafficOnly", False)),
    ("tls", "ml-tls", "encryption-bucket-tls", setting(STORAGE, "minimumTlsVersion", "TLS1_0")),
    ("encrypted-twice", "ml-encrypted-twice", "encryption-bucket-settings",
     setting(STORAGE, "encryption.requireInfrastructureEncryption", False)),
    ("keys-kept", "ml-keys-kept", "encryption-vault", losing(VAULT, "properties.enablePurgeProtection")),
    ("keys-kept", "ml-keys-kept", "encryption-vault", setting(VAULT, "properties.enableSoftDelete", False)),
    *(("tags", f"ml-tag-{tag}", "cost-tags", losing(STORAGE, f"tags.{tag}"))
      for tag in ("platform", "stack", "team", "cost-center", "environment", "owner")),
]  # fmt: skip


@pytest.fixture(scope="module")
def judge(azure_pilot: Graph) -> Judge:
    return Judge.of(azure_pilot)


@rows(("control", "assignment", "rule", "mutation"), MUTANTS, ids=[f"{i}-{one[0]}" for i, one in enumerate(MUTANTS)])
def test_what_the_pack_refuses_the_control_refuses(
    azure_pilot: Graph, judge: Judge, control: str, assignment: str, rule: str, mutation: Mutation
) -> None:
    mutant = mutation(azure_pilot)
    assert rule in next(one.rules for one in controls("azure") if one.name == control)
    assert judge.caught(mutant, rule) == {rule}
    assert assignment in refused(world_of(azure_pilot), mutant, assignment)


def test_each_control_and_each_of_its_rules_has_a_mutant() -> None:
    told = {(one.name, rule) for one in controls("azure") for rule in one.rules}
    assert told == {(control, rule) for control, _, rule, _ in MUTANTS}


def test_each_assignment_has_a_mutant(azure_pilot: Graph) -> None:
    every = {name for name, _, _ in _in_force(world_of(azure_pilot))}
    assert every == {assignment for _, assignment, _, _ in MUTANTS}


def test_a_pilot_comes_up_under_the_controls(azure_pilot: Graph) -> None:
    assert len({type_ for _, type_ in resources(azure_pilot)}) >= 15
    assert refused(world_of(azure_pilot), azure_pilot) == {}
    assert refused(World.of("azure"), azure_pilot) == {}


def test_a_peering_of_people_that_the_file_does_not_name_is_refused(azure_pilot: Graph) -> None:
    assert azure_pilot.placement is not None and azure_pilot.placement.people
    nobody = World.of("azure", replace(azure_pilot.placement, people=()))
    assert set(refused(nobody, azure_pilot)) == {"ml-peerings"}


def test_what_the_limits_leave_open_is_in_no_document() -> None:
    assert {one.name for one in undecided(World.of("azure"))} == {"regions", "peerings"}
    prod = Placement("prod", "payments-risk", "11112222-3333-4444-5555-666677778888", "eastus2")
    assert {one.name for one in undecided(World.of("azure", prod))} == {"machine-types"}


def test_an_assignment_gives_each_parameter_a_value_that_its_definition_takes(azure_pilot: Graph) -> None:
    """A built-in definition whose effects know no deny would audit alone."""
    for name, definition, given in _in_force(world_of(azure_pilot)):
        said = definition.get("parameters", {})
        assert {*given} <= {*said} and all("defaultValue" in one for one in (said[k] for k in {*said} - {*given})), name
        for parameter, value in given.items():
            allowed = said[parameter].get("allowedValues")
            assert allowed is None or value["value"] in allowed, f"{name}: {parameter}"
        effect = given.get("effect", {}).get("value") or definition["policyRule"]["then"]["effect"]
        assert effect.lower() == "deny", name
        assert len(name) <= 24, "an assignment of a management group has a name of 24 characters"


def test_what_is_no_rule_of_azure_policy_is_not_read(azure_pilot: Graph) -> None:
    storage, type_ = next((one, type_) for one, type_ in resources(azure_pilot) if one.type == STORAGE)

    def asks(condition: dict[str, Any]) -> bool:
        return refuses(storage, type_, {"mode": "All", "policyRule": {"if": condition, "then": {"effect": "deny"}}}, {})

    assert asks({"field": "location", "equals": "EastUS2"})
    assert not asks({"field": "Microsoft.Storage/storageAccounts/none", "equals": ""})
    with pytest.raises(KeyError):
        asks({"field": "location", "matchInsensitively": "#"})
    with pytest.raises(ValueError, match="is no expression"):
        asks({"value": "[utcNow()]", "equals": "x"})
