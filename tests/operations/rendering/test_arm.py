import re
from functools import cache
from pathlib import Path
from typing import Any

import pulumi_azure_native
import pytest

from catalogue.kind import Renders
from catalogue.kinds import kinds
from catalogue.marks import SECRET, UNKNOWN
from operations.rendering.arm import arm_type, render
from tests.rows import rows

SUBSCRIPTION = "/subscriptions/11111111-2222-3333-4444-555555555555"
PROVIDERS = f"{SUBSCRIPTION}/resourceGroups/rg/providers"
ML = "Microsoft.MachineLearningServices/workspaces"
PACKAGE = Path(pulumi_azure_native.__file__ or "").parent
TYPES = {token for token, kind in kinds("azure").items() if isinstance(kind.renders, Renders)}


def resource(token: str, name: str, inputs: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    sources: dict[str, list[dict[str, Any]]] = more.pop("sources", {})
    links = {prop: [source["urn"] for source in found] for prop, found in sources.items()}
    return {
        "urn": f"urn:pulumi:pilot::mlplatform::{token}::{name}",
        "type": token if token.startswith(("mlplatform:", "pulumi:")) else f"azure-native:{token}",
        "name": name,
        "custom": True,
        "dependencies": sorted({urn for urns in links.values() for urn in urns}),
        "propertyDependencies": links,
        "inputs": {"resourceGroupName": "rg"} | (inputs or {}),
        "outputs": {"id": f"{PROVIDERS}/{name}", "name": name, **more.pop("outputs", {})},
        **more,
    }


def body(*resources: dict[str, Any]) -> dict[str, Any]:
    """What the last resource is in the template."""
    return render(resources).document["resources"][-1]


WORKSPACE = resource("machinelearningservices:Workspace", "ws", {"workspaceName": "ws", "location": "eastus2"})


def test_a_flattened_resource_gets_its_properties_back() -> None:
    inputs = {
        "workspaceName": "ws",
        "location": "eastus2",
        "kind": "Default",
        "tags": {"costCenter": "ml", "name": "kept"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": [f"{PROVIDERS}/identity"]},
        "publicNetworkAccess": "Disabled",
        "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"},
        "hbiWorkspace": None,
        "__defaults": [],
    }
    assert body(resource("machinelearningservices:Workspace", "w", inputs)) == {
        "type": ML,
        "apiVersion": "2025-12-01",
        "name": "ws",
        "location": "eastus2",
        "kind": "Default",
        "tags": {"costCenter": "ml", "name": "kept"},
        "identity": {"type": "UserAssigned", "userAssignedIdentities": {f"{PROVIDERS}/identity": {}}},
        "properties": {
            "publicNetworkAccess": "Disabled",
            "managedNetwork": {"isolationMode": "AllowOnlyApprovedOutbound"},
        },
    }


def test_properties_of_their_own_pass_through_and_a_child_has_its_parents_names() -> None:
    inputs = {
        "workspaceName": "ws",
        "endpointName": "fraud",
        "deploymentName": "blue",
        "sku": {"name": "Default", "capacity": 1.0},
        "properties": {"endpointComputeType": "Managed", "instanceType": "Standard_DS3_v2"},
    }
    assert body(resource("machinelearningservices:OnlineDeployment", "d", inputs)) == {
        "type": f"{ML}/onlineEndpoints/deployments",
        "apiVersion": "2025-12-01",
        "name": "ws/fraud/blue",
        "sku": {"name": "Default", "capacity": 1},
        "properties": {"endpointComputeType": "Managed", "instanceType": "Standard_DS3_v2"},
    }


@pytest.mark.parametrize(
    ("token", "inputs", "expected"),
    [
        (
            "storage:StorageAccount",
            {
                "accountName": "x",
                "enableHttpsTrafficOnly": True,
                "networkRuleSet": {"ipRules": [{"iPAddressOrRange": "10.0.0.0/8"}]},
                "encryption": {
                    "keySource": "Microsoft.Keyvault",
                    "keyVaultProperties": {"keyName": "k"},
                    "encryptionIdentity": {"encryptionUserAssignedIdentity": "i"},
                },
            },
            {
                "supportsHttpsTrafficOnly": True,
                "networkAcls": {"ipRules": [{"value": "10.0.0.0/8"}]},
                "encryption": {
                    "keySource": "Microsoft.Keyvault",
                    "keyvaultproperties": {"keyname": "k"},
                    "identity": {"userAssignedIdentity": "i"},
                },
            },
        ),
        (
            "applicationinsights:Component",
            {"applicationType": "web", "workspaceResourceId": "w", "publicNetworkAccessForQuery": "Disabled"},
            {"Application_Type": "web", "WorkspaceResourceId": "w", "publicNetworkAccessForQuery": "Disabled"},
        ),
        ("operationalinsights:Workspace", {"sku": {"name": "PerGB2018"}}, {"sku": {"name": "PerGB2018"}}),
        (
            "network:PrivateEndpoint",
            {
                "subnet": {"id": "s"},
                "privateLinkServiceConnections": [{"name": "n", "groupIds": ["amlworkspace"]}],
            },
            {
                "subnet": {"id": "s"},
                "privateLinkServiceConnections": [{"name": "n", "properties": {"groupIds": ["amlworkspace"]}}],
            },
        ),
        (
            "network:PrivateDnsZoneGroup",
            {"privateDnsZoneConfigs": [{"name": "z", "privateDnsZoneId": "i"}]},
            {"privateDnsZoneConfigs": [{"name": "z", "properties": {"privateDnsZoneId": "i"}}]},
        ),
        (
            "network:NetworkSecurityGroup",
            {"securityRules": [{"name": "r", "access": "Deny", "priority": 100}]},
            {"securityRules": [{"name": "r", "properties": {"access": "Deny", "priority": 100}}]},
        ),
        ("keyvault:Key", {"properties": {"attributes": {"expires": 1}}}, {"attributes": {"exp": 1}}),
        (
            "monitor:MetricAlert",
            {
                "criteria": {
                    "odataType": "Microsoft.Azure.Monitor.X",
                    "allOf": [{"dimensions": [{"operator": "Include"}]}],
                }
            },
            {
                "criteria": {
                    "odata.type": "Microsoft.Azure.Monitor.X",
                    "allOf": [{"dimensions": [{"operator": "Include"}]}],
                }
            },
        ),
        (
            "monitor:AutoscaleSetting",
            {
                "profiles": [
                    {"rules": [{"metricTrigger": {"operator": "GreaterThan", "dimensions": [{"operator": "Equals"}]}}]}
                ]
            },
            {
                "profiles": [
                    {"rules": [{"metricTrigger": {"operator": "GreaterThan", "dimensions": [{"Operator": "Equals"}]}}]}
                ]
            },
        ),
        (
            "authorization:RoleDefinition",
            {"roleName": "r", "roleType": "CustomRole"},
            {"roleName": "r", "type": "CustomRole"},
        ),
    ],
)
def test_names_and_shapes_that_the_package_changed(
    token: str, inputs: dict[str, Any], expected: dict[str, Any]
) -> None:
    assert body(resource(token, "x", inputs))["properties"] == expected


@pytest.mark.parametrize(
    ("token", "inputs", "scope"),
    [
        ("authorization:RoleAssignment", {"scope": PROVIDERS, "principalId": "p"}, PROVIDERS),
        ("monitor:DiagnosticSetting", {"resourceUri": PROVIDERS, "name": "audit"}, PROVIDERS),
        ("consumption:Budget", {"scope": SUBSCRIPTION, "amount": 5}, SUBSCRIPTION),
    ],
)
def test_what_is_about_another_resource_has_its_scope(token: str, inputs: dict[str, Any], scope: str) -> None:
    found = body(resource(token, "x", inputs))
    assert found["scope"] == scope
    assert not {"scope", "resourceUri"} & set(found.get("properties", {}))


def test_one_name_on_two_scopes_is_two_addresses() -> None:
    settings = [
        resource("monitor:DiagnosticSetting", name, {"resourceUri": f"{PROVIDERS}/{name}", "name": "audit"})
        for name in "ab"
    ]
    assert render(settings).addresses == {
        "Microsoft.Insights/diagnosticSettings.audit": settings[0]["urn"],
        "Microsoft.Insights/diagnosticSettings.audit_2": settings[1]["urn"],
    }


def test_every_dependency_is_kept_once_and_the_value_stays() -> None:
    inputs = {"workspaceName": "ws", "endpointName": "fraud", "properties": {"authMode": "AADToken"}}
    endpoint = resource("machinelearningservices:OnlineEndpoint", "e", inputs, sources={"workspaceName": [WORKSPACE]})
    below = {"workspaceName": "ws", "endpointName": "fraud", "deploymentName": "blue", "properties": {}}
    sources = {"endpointName": [endpoint], "workspaceName": [WORKSPACE]}
    deployment = resource("machinelearningservices:OnlineDeployment", "d", below, sources=sources)
    deployment["dependencies"] += [WORKSPACE["urn"], "urn:of-a-component"]
    found = body(WORKSPACE, endpoint, deployment)
    assert found["name"] == "ws/fraud/blue"
    assert found["dependsOn"] == [
        f"[resourceId('{ML}', 'ws')]",
        f"[resourceId('{ML}/onlineEndpoints', 'ws/fraud')]",
    ]


def test_secrets_do_not_leave_and_unknowns_keep_their_source() -> None:
    inputs = {"workspaceName": "ws", "name": "s", "properties": {"credentials": SECRET, "description": UNKNOWN}}
    secret = resource("machinelearningservices:Datastore", "s", inputs, sources={"properties": [WORKSPACE]})
    assert body(WORKSPACE, secret)["properties"] == {
        "credentials": "(sensitive value)",
        "description": f"[reference(resourceId('{ML}', 'ws'))]",
    }
    unknown = inputs | {"properties": {"description": UNKNOWN}}
    unsourced = resource("machinelearningservices:Datastore", "s", unknown)
    assert body(unsourced)["properties"] == {}


def test_a_name_that_pulumi_makes_up_is_read_from_the_outputs() -> None:
    account = resource("storage:StorageAccount", "logical", {}, outputs={"name": "physical1234"})
    container = resource("storage:BlobContainer", "c", {"accountName": "physical1234", "containerName": "models"})
    assert [r["name"] for r in render([account, container]).document["resources"]] == [
        "physical1234",
        "physical1234/default/models",
    ]


def test_nothing_is_dropped_silently_but_what_is_no_resource() -> None:
    component = resource("mlplatform-azure:index:Network", "net", custom=False)
    provider = resource("pulumi:providers:azure-native", "azure")
    traffic = resource("mlplatform:azure:Traffic", "traffic")
    odd = resource("botservice:Bot", "odd")
    rendered = render([component, provider, traffic, odd, WORKSPACE])
    assert rendered.framework == "arm"
    assert rendered.addresses == {f"{ML}.ws": WORKSPACE["urn"]}
    assert [(item.urn, item.reason) for item in rendered.unrendered] == [
        (odd["urn"], "no ARM mapping for azure-native:botservice:Bot")
    ]
    assert [item.type for item in rendered.own] == ["mlplatform:azure:Traffic"]
    assert arm_type("aws:s3/bucket:Bucket") is None


@cache
def sources(module: str) -> dict[str, str]:
    """The source of each resource class of a module, by its noun."""
    texts = [path.read_text() for path in (PACKAGE / module).glob("*.py") if not path.name.startswith("_")]
    tokens = [(re.search(rf"'azure-native:{module}:([A-Z]\w+)',", text), text) for text in texts]
    return {token[1]: text for token, text in tokens if token}


@rows("token", sorted(TYPES))
def test_the_records_agree_with_the_installed_package(token: str) -> None:
    """API version by the docstring, the name by the inputs, one for each segment of the type below the provider."""
    _, module, noun = token.split(":")
    kind, source = arm_type(token), sources(module)[noun]
    assert kind is not None
    assert f"Uses Azure REST API version {kind.version}." in source
    names = kind.names.split()
    assert len(names) == kind.type.count("/")
    inputs = set(re.findall(r'@pulumi\.getter\(name="(\w+)"\)', source)) | set(
        re.findall(r"@pulumi\.getter\n +def (\w+)", source)
    )
    assert {name for name in names if not name.startswith("'")} <= inputs
    tops = {key for key in kind.renamed if "." not in key}
    assert tops <= inputs
