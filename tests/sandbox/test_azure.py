"""The simulated Azure against the installed SDK: its outputs are the SDK's, and its ids are of Azure's shape."""

import importlib
import inspect
import re
from typing import Any

from pulumi_azure_native import authorization

from catalogue.answers import TENANT, Request
from catalogue.graph import Graph
from catalogue.kind import Acts
from catalogue.kinds import kinds
from catalogue.kinds.azure import authorization as authorization_kinds
from catalogue.kinds.azure.mlplatform import APPROVED_VERSION
from sandbox import cloud
from sandbox.lookups.azure import LOOKUPS
from tests.rows import rows

MADE = {token for token, kind in kinds("azure").items() if isinstance(kind.acts, Acts)}
TYPES = sorted(token for token in MADE if not token.startswith("mlplatform:azure:"))
SUBSCRIPTION = "11112222-3333-4444-5555-666677778888"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/given"


def sdk_class(type_: str) -> type:
    """The SDK's class for a token such as azure-native:keyvault:Vault."""
    _, module, name = type_.split(":")
    return getattr(importlib.import_module(f"pulumi_azure_native.{module}"), name)


def wire_names(class_: type) -> set[str]:
    """The properties of an SDK class under their wire names."""
    names = {name for name, value in inspect.getmembers(class_) if isinstance(value, property)}
    return {re.sub(r"_+(\w)", lambda m: m.group(1).upper(), name) for name in names}


def request(type_: str, **inputs: Any) -> Request:
    parents = ("accountName", "endpointName", "privateEndpointName", "privateZoneName", "resourceGroupName", "name")
    anything: dict[str, Any] = {
        **dict.fromkeys(parents, "given"),
        **dict.fromkeys(("vaultName", "virtualNetworkName", "workspaceName"), "given"),
        "location": "eastus2",
        "properties": {},
        "scope": GROUP,
        "resourceUri": GROUP,
    }
    return Request(type_, f"urn:{type_}::x", "x", anything | inputs, SUBSCRIPTION, "eastus2")


@rows("type_", TYPES)
def test_outputs_are_properties_of_the_sdk(type_: str) -> None:
    made = cloud.create(request(type_))
    assert set(made.outputs) <= wire_names(sdk_class(type_)), "the sandbox answers what azure-native does not have"


@rows("type_", TYPES)
def test_ids_are_of_azures_shape(type_: str) -> None:
    id_ = cloud.create(request(type_)).id
    assert re.fullmatch(
        r"/subscriptions/[0-9a-f-]{36}(/resourceGroups/[\w-]+)?(/providers/Microsoft\.\w+(/[\w.-]+/[\w.-]+)+)*", id_
    ), id_
    assert "{" not in id_


def test_identities_are_asked_for_as_a_list_and_answered_as_a_map() -> None:
    identity = {"type": "UserAssigned", "userAssignedIdentities": [f"{GROUP}/one"]}
    made = cloud.create(request("azure-native:storage:StorageAccount", identity=identity))
    answered = made.outputs["identity"]["userAssignedIdentities"]
    assert set(answered) == {f"{GROUP}/one"} and set(answered[f"{GROUP}/one"]) == {"clientId", "principalId"}


def test_a_child_copies_the_logical_name_and_the_rest_gets_digits() -> None:
    """As azure-native's auto-naming does."""
    child = Request(
        "azure-native:keyvault:Key",
        "urn:x",
        "logical",
        {"resourceGroupName": "g", "vaultName": "v"},
        SUBSCRIPTION,
        "eastus2",
    )
    assert cloud.create(child).outputs["name"] == "logical"
    vault = request("azure-native:keyvault:Vault")
    name = cloud.create(vault).outputs["name"]
    assert name == "given"
    del vault.inputs["vaultName"]  # pyright: ignore[reportIndexIssue]
    assert re.fullmatch(r"x[0-9a-f]{8}", cloud.create(vault).outputs["name"])


def test_who_deploys_is_looked_up_in_the_providers_subscription() -> None:
    answer = cloud.look_up(LOOKUPS, "azure-native:authorization:getClientConfig", {}, SUBSCRIPTION, "eastus2")
    assert set(answer) <= wire_names(authorization.GetClientConfigResult)
    assert answer["subscriptionId"] == SUBSCRIPTION and answer["tenantId"] == TENANT


def test_the_sandbox_knows_every_type_of_the_pilot_and_no_other(azure_pilot: Graph) -> None:
    """A definition of a policy is a landing zone's own, and the pilot serves no version of the registry."""
    made = {r.type for r in azure_pilot.cloud if not r.type.startswith(cloud.PROVIDERS)}
    assert made == MADE - {authorization_kinds.POLICY_DEFINITION, APPROVED_VERSION}
