"""Each component of Azure: what it creates, that two of each can stand side by side, and the traps it guards."""

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import pulumi
import pulumi_azure_native
import pytest

from catalogue.graph import Graph, Resource
from components.azure import names
from components.azure.audit import Audit, AuditArgs
from components.azure.batch import BatchJob
from components.azure.budget import Budget, BudgetArgs
from components.azure.encryption import Encryption, EncryptionArgs, GivenKeyArgs
from components.azure.endpoint import Endpoint
from components.azure.group import Group, GroupArgs
from components.azure.identity import Access, AccessArgs, Identity, IdentityArgs
from components.azure.monitoring import Alerts, AlertsArgs
from components.azure.network import Network, NetworkArgs
from components.azure.registry import ModelArgs, RegisteredModelArgs, Registry, RegistryArgs, version_of
from components.azure.store import Store, StoreArgs
from components.azure.workspace import Workspace, WorkspaceArgs
from components.shapes import Machine
from operations.offline import record
from provider import Provider
from tests.components.azure.examples import (
    ANA,
    BATCH,
    ENDPOINT,
    EXAMPLES,
    MODEL,
    OWNER,
    REGION,
    SUBSCRIPTION,
    TAGS,
    TENANT,
)

GROUP_ID = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/pilot"
ML = "azure-native:machinelearningservices:"


def stand(name: str, on: pulumi.ResourceOptions) -> None:
    """One of every component, each in its place: what one needs is what others have as outputs."""
    group = Group(f"{name}-group", GroupArgs(group_name=name, region=REGION, tags=TAGS), on)
    place: dict[str, Any] = {"group_name": group.group_name, "region": REGION, "tags": TAGS}
    audit = Audit(f"{name}-audit", AuditArgs(**place), on)
    network = Network(f"{name}-network", NetworkArgs(cidr="10.40.0.0/20", **place), on)
    private: dict[str, Any] = {
        "subnet_id": network.subnet_id,
        "zone_ids": network.zone_ids,
        "log_workspace_id": audit.log_workspace_id,
        **place,
    }
    key = Encryption(f"{name}-key", EncryptionArgs(subscription=SUBSCRIPTION, tenant_id=TENANT, **private), on)
    store = Store(
        f"{name}-store",
        StoreArgs(
            vault_uri=key.vault_uri,
            key_name=key.key_name,
            key_uri=key.key_uri,
            key_identity_id=key.key_identity_id,
            key_identity_client_id=key.key_identity_client_id,
            **private,
        ),
        on,
    )
    identity = Identity(
        f"{name}-identity",
        IdentityArgs(
            subscription=SUBSCRIPTION,
            storage_id=store.storage_id,
            container_id=store.container_id,
            storage_endpoint_ids=store.endpoint_ids,
            registry_id=store.registry_id,
            vault_id=key.vault_id,
            insights_id=audit.insights_id,
            group_id=group.group_id,
            **place,
        ),
        on,
    )
    alerts = Alerts(f"{name}-alerts", AlertsArgs(group_name=group.group_name, owner=OWNER, tags=TAGS), on)
    Budget(
        f"{name}-budget",
        BudgetArgs(
            budget_name=name,
            group_id=group.group_id,
            monthly_usd=2500,
            owner=OWNER,
            action_group_id=alerts.action_group_id,
        ),
        on,
    )
    workspace = Workspace(
        f"{name}-workspace",
        WorkspaceArgs(
            subscription=SUBSCRIPTION,
            stack=name,
            tenant_id=TENANT,
            people={"ana": ANA},
            idle_timeout_minutes=90,
            machine=Machine("Standard_DS2_v2"),
            storage_id=store.storage_id,
            storage_name=store.storage_name,
            registry_id=store.registry_id,
            vault_id=key.vault_id,
            insights_id=audit.insights_id,
            identity_id=identity.identity_ids["workspace"],
            scientist_identity_id=identity.identity_ids["data-scientist"],
            **private,
        ),
        on,
    )
    access = Access(
        f"{name}-access",
        AccessArgs(
            subscription=SUBSCRIPTION,
            group_id=group.group_id,
            workspace_id=workspace.workspace_id,
            storage_id=store.storage_id,
            identity_ids=identity.identity_ids,
            principal_ids=identity.principal_ids,
            people={"ana": ANA},
        ),
        on,
    )
    registry = Registry(
        f"{name}-registry",
        RegistryArgs(
            subscription=SUBSCRIPTION,
            group_name=group.group_name,
            workspace_name=workspace.workspace_name,
            storage_name=store.storage_name,
            models={"scorer": MODEL},
            tags=TAGS,
        ),
        on,
    )
    served: dict[str, Any] = {
        **place,
        "workspace_name": workspace.workspace_name,
        "model": RegisteredModelArgs(
            image=MODEL.image,
            artifact_uri=MODEL.artifact_uri,
            model_id=registry.model_ids["scorer"],
            environment_id=registry.environment_ids["scorer"],
        ),
        "log_workspace_id": audit.log_workspace_id,
        "action_group_id": alerts.action_group_id,
    }
    Endpoint(
        f"{name}-scorer",
        replace(ENDPOINT, endpoint_name=f"{name}-scorer", identity_id=access.identity_ids["serving"], **served),
        on,
    )
    BatchJob(
        f"{name}-nightly",
        replace(
            BATCH,
            endpoint_name=f"{name}-nightly",
            identity_id=access.identity_ids["batch"],
            client_id=identity.client_ids["batch"],
            **served,
        ),
        on,
    )


def made(*makes: Callable[[pulumi.ResourceOptions], object]) -> Graph:
    """The graph of what each function makes; it is called with the options that hand down the providers."""

    def program() -> None:
        azure = pulumi_azure_native.Provider("azure", subscription_id=SUBSCRIPTION, location=REGION)
        for make in makes:
            make(pulumi.ResourceOptions(providers=[azure, Provider("mlplatform")]))

    return record(program, "test", "azure", {})


@pytest.fixture(scope="module")
def whole() -> Graph:
    return made(lambda on: stand("pilot", on))


def one(graph: Graph, type_: str) -> Resource:
    (resource,) = graph.of(type_)
    return resource


def waits_for(graph: Graph, resource: Resource) -> set[str]:
    """The URNs that must stand before a resource, near and far."""
    seen: set[str] = set()
    todo = list(resource.dependencies)
    while todo:
        urn = todo.pop()
        if urn not in seen:
            seen.add(urn)
            todo.extend(graph.by_urn[urn].dependencies)
    return seen


def test_two_of_every_component_stand_side_by_side() -> None:
    graph = made(lambda on: [stand("first", on), stand("second", on)][0])
    assert len(graph.by_urn) == len(graph.resources)
    halves = [Counter(r.type for r in graph.cloud if r.name.startswith(name)) for name in ("first", "second")]
    assert halves[0] == halves[1] and len(halves[0]) > 30
    assert all(r.parent in graph.by_urn for r in graph.cloud), "children are parented"
    ids = [r.outputs["id"] for r in graph.cloud if r.name.startswith(("first", "second"))]
    assert len(ids) == len(set(ids)), "no two resources are one in Azure"


def test_everything_that_can_carry_tags_does(whole: Graph) -> None:
    tagged = [r for r in whole.cloud if "tags" in r.inputs]
    assert len(tagged) > 40 and all(r.inputs["tags"] == TAGS for r in tagged)


def test_the_network_lets_https_within_itself_and_nothing_else(whole: Graph) -> None:
    rules = one(whole, "azure-native:network:NetworkSecurityGroup").inputs["securityRules"]
    for direction in ("Inbound", "Outbound"):
        first, last = sorted((r for r in rules if r["direction"] == direction), key=lambda r: r["priority"])
        assert (first["access"], first["destinationPortRange"]) == ("Allow", "443")
        assert first["sourceAddressPrefix"] == first["destinationAddressPrefix"] == "VirtualNetwork"
        assert (last["access"], last["protocol"], last["destinationPortRange"]) == ("Deny", "*", "*")
    subnet = one(whole, "azure-native:network:Subnet").inputs
    assert subnet["defaultOutboundAccess"] is False and subnet["privateEndpointNetworkPolicies"] == "Enabled"
    assert not [r for r in whole.cloud if re.search("PublicIP|NatGateway|Firewall", r.type)]


@pytest.mark.parametrize("reach", [("vault",), ("amlworkspace", "blob")])
def test_the_network_has_exactly_the_zones_asked_for(reach: tuple[str, ...]) -> None:
    args = NetworkArgs(group_name="pilot", region=REGION, cidr="10.40.0.0/20", reach=reach, tags=TAGS)
    graph = made(lambda on: Network("net", args, on))
    zones = {z.inputs["privateZoneName"] for z in graph.of("azure-native:privatedns:PrivateZone")}
    assert zones == (
        {"privatelink.vaultcore.azure.net"}
        if reach == ("vault",)
        else {
            "privatelink.api.azureml.ms",
            "privatelink.notebooks.azure.net",
            "privatelink.blob.core.windows.net",
        }
    )
    assert len(graph.of("azure-native:privatedns:VirtualNetworkLink")) == len(zones)


def test_every_private_endpoint_registers_in_all_zones_of_its_kind(whole: Graph) -> None:
    found: dict[str, set[str]] = {}
    for group in whole.of("azure-native:network:PrivateDnsZoneGroup"):
        (at,) = [whole.by_urn[u] for u in group.property_dependencies["privateEndpointName"] if "Endpoint" in u]
        (kind,) = at.inputs["privateLinkServiceConnections"][0]["groupIds"]
        found[kind] = {c["privateDnsZoneId"].rsplit("/", 1)[1] for c in group.inputs["privateDnsZoneConfigs"]}
    assert found["amlworkspace"] == {"privatelink.api.azureml.ms", "privatelink.notebooks.azure.net"}
    assert found["registry"] == {"privatelink.azurecr.io"}
    assert set(found) == {"amlworkspace", "blob", "file", "registry", "vault"}


def test_the_vault_is_closed_and_purges_nothing(whole: Graph) -> None:
    vault = one(whole, "azure-native:keyvault:Vault")
    properties = vault.inputs["properties"]
    assert vault.protect
    assert properties["enableRbacAuthorization"] and properties["enablePurgeProtection"]
    assert properties["publicNetworkAccess"] == "Disabled" and properties["networkAcls"]["defaultAction"] == "Deny"
    assert "accessPolicies" not in properties


def test_trap_a_deleted_vault_keeps_its_name() -> None:
    """A fixed name would be taken for 90 days; the logical name leaves room for eight random digits in 24."""
    graph = made(lambda on: stand("s" * 22, on))
    vault = one(graph, "azure-native:keyvault:Vault")
    assert "vaultName" not in vault.inputs
    assert re.fullmatch(r"[a-z](?!.*--)[a-z0-9-]{1,22}[a-z0-9]", vault.outputs["name"])


def test_trap_the_vaults_private_endpoint_outlives_what_is_in_it(whole: Graph) -> None:
    """Issue 214 of Azure/terraform-azurerm-avm-res-keyvault-vault: else whoever uses the key cannot reach it."""
    key = one(whole, "azure-native:keyvault:Key")
    assert {"pilot-key-vault-dns", "pilot-key"} <= {whole.by_urn[u].name for u in key.dependencies}
    assert key.protect and key.inputs["properties"]["rotationPolicy"]["lifetimeActions"]


def test_storage_and_registry_are_encrypted_with_our_key_by_the_identity_that_may(whole: Graph) -> None:
    (granted,) = [r for r in whole.cloud if r.name == "pilot-key-wraps-data"]
    storage = one(whole, "azure-native:storage:StorageAccount")
    registry = one(whole, "azure-native:containerregistry:Registry")
    assert storage.inputs["encryption"]["keySource"] == "Microsoft.Keyvault"
    assert registry.inputs["encryption"]["status"] == "enabled"
    assert all(granted.urn in waits_for(whole, r) for r in (storage, registry)), "each tries the key at once"


def test_storage_keeps_nobody_out_by_name_but_everybody_without_an_identity(whole: Graph) -> None:
    account = one(whole, "azure-native:storage:StorageAccount")
    assert account.protect
    assert account.inputs["allowSharedKeyAccess"] is False and account.inputs["allowBlobPublicAccess"] is False
    assert account.inputs["publicNetworkAccess"] == "Disabled" and account.inputs["minimumTlsVersion"] == "TLS1_2"
    assert one(whole, "azure-native:storage:BlobServiceProperties").inputs["isVersioningEnabled"] is True


@pytest.mark.parametrize(
    ("zones", "copied"), [(True, ("Standard_ZRS", "Enabled")), (False, ("Standard_LRS", "Disabled"))]
)
def test_trap_a_region_without_zones_takes_no_copies_in_several(zones: bool, copied: tuple[str, str]) -> None:
    graph = made(lambda on: Store("kept", replace(cast(StoreArgs, EXAMPLES["Store"]), zones=zones), on))
    account = one(graph, "azure-native:storage:StorageAccount").inputs
    registry = one(graph, "azure-native:containerregistry:Registry").inputs
    assert (account["sku"]["name"], registry["zoneRedundancy"]) == copied


def test_trap_a_registry_with_our_key_cannot_have_content_trust(whole: Graph) -> None:
    registry = one(whole, "azure-native:containerregistry:Registry")
    assert registry.inputs["sku"] == {"name": "Premium"} and registry.inputs["adminUserEnabled"] is False
    assert registry.inputs["policies"]["exportPolicy"] == {"status": "disabled"}
    assert "trustPolicy" not in registry.inputs["policies"]


def test_the_workspace_lets_its_machines_reach_what_is_approved(whole: Graph) -> None:
    inputs = one(whole, f"{ML}Workspace").inputs
    assert inputs["managedNetwork"] == {"isolationMode": "AllowOnlyApprovedOutbound"}
    assert inputs["provisionNetworkNow"] is True and inputs["publicNetworkAccess"] == "Disabled"
    assert inputs["v1LegacyMode"] is False and inputs["systemDatastoresAuthMode"] == "Identity"


def test_trap_rules_of_the_managed_network_are_inline_or_standalone_never_both(whole: Graph) -> None:
    workspace = one(whole, f"{ML}Workspace")
    assert {"managedNetwork.outboundRules", "managedNetwork.status"} <= {*workspace.options["ignoreChanges"]}
    assert "outboundRules" not in workspace.inputs["managedNetwork"]


def test_trap_the_first_fqdn_rule_starts_a_firewall_billed_by_the_hour(whole: Graph) -> None:
    rules = whole.of(f"{ML}ManagedNetworkSettingsRule")
    assert not [r for r in rules if r.inputs["properties"]["type"] == "FQDN"]
    assert "firewallSku" not in one(whole, f"{ML}Workspace").inputs["managedNetwork"]


def test_trap_a_deleted_workspace_keeps_its_name_for_14_days() -> None:
    """Issue 22171 of terraform-provider-azurerm: so its name ends in random digits, and still fits into 33."""
    workspace = one(made(lambda on: stand("s" * 22, on)), f"{ML}Workspace")
    assert "workspaceName" not in workspace.inputs
    assert len(workspace.outputs["name"]) <= 33


def test_trap_a_user_assigned_identity_comes_alone(whole: Graph) -> None:
    """A workspace refuses both kinds of identity at once."""
    workspace = one(whole, f"{ML}Workspace").inputs
    assert workspace["identity"]["type"] == "UserAssigned"
    assert [workspace["primaryUserAssignedIdentity"]] == workspace["identity"]["userAssignedIdentities"]


def test_trap_a_private_registry_needs_a_cluster_that_builds_images(whole: Graph) -> None:
    name = one(whole, f"{ML}Workspace").inputs["imageBuildCompute"]
    (cluster,) = [c for c in whole.of(f"{ML}Compute") if c.inputs["computeName"] == name]
    assert cluster.inputs["properties"]["properties"]["scaleSettings"]["minNodeCount"] == 0


def test_a_rotated_key_does_not_change_the_workspace(whole: Graph) -> None:
    """Azure ML does not follow a rotation where metadata is encrypted inside the service; old versions stay good."""
    assert "encryption.keyVaultProperties.keyIdentifier" in one(whole, f"{ML}Workspace").options["ignoreChanges"]


def test_a_persons_machine_is_never_written_again(whole: Graph) -> None:
    """Azure ML overwrites a compute that is written again, and what is on an instance is gone (azurerm 31747)."""
    machines = [c for c in whole.of(f"{ML}Compute") if c.inputs["properties"]["computeType"] == "ComputeInstance"]
    assert machines
    for machine in machines:
        assert {"identity", "properties", "tags"} <= set(machine.options["ignoreChanges"])


def test_a_deployment_sends_nothing_to_where_it_is_rejected(whole: Graph) -> None:
    """Application Insights without local authentication rejects telemetry that comes with a bare key."""
    assert one(whole, "azure-native:applicationinsights:Component").inputs["disableLocalAuth"] is True
    assert one(whole, f"{ML}OnlineDeployment").inputs["properties"]["appInsightsEnabled"] is False


def test_trap_metadata_under_a_given_key_starts_no_database_that_bills() -> None:
    """Else Azure puts a Cosmos DB and a search service into the subscription."""
    given = GivenKeyArgs(
        vault_id=f"{GROUP_ID}/providers/Microsoft.KeyVault/vaults/company-ml",
        vault_uri="https://company-ml.vault.azure.net/",
        name="metadata",
        version="0" * 32,
        identity_id=f"{GROUP_ID}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/company-wraps",
        identity_client_id=TENANT,
    )
    example = cast(WorkspaceArgs, EXAMPLES["Workspace"])
    graph = made(lambda on: Workspace("it", replace(example, given_key=given), on))
    workspace = one(graph, f"{ML}Workspace")
    assert workspace.inputs["enableServiceSideCMKEncryption"] is True
    assert workspace.inputs["encryption"] == {
        "status": "Enabled",
        "identity": {"userAssignedIdentity": given.identity_id},
        "keyVaultProperties": {
            "keyVaultArmId": given.vault_id,
            "keyIdentifier": f"https://company-ml.vault.azure.net/keys/metadata/{'0' * 32}",
        },
    }


def test_trap_the_workspaces_roles_stand_before_the_workspace(whole: Graph) -> None:
    """Azure ML makes missing ones itself, and a second of the same is refused."""
    before = {whole.by_urn[u].name for u in waits_for(whole, one(whole, f"{ML}Workspace"))}
    roles = {r.name for r in whole.cloud if r.name.startswith("pilot-identity-workspace-")}
    assert len(roles) == 11 and roles <= before


def test_a_compute_instance_is_one_persons_and_stops_by_itself(whole: Graph) -> None:
    (instance,) = [c for c in whole.of(f"{ML}Compute") if c.inputs["properties"]["computeType"] != "AmlCompute"]
    properties = instance.inputs["properties"]["properties"]
    assert instance.inputs["properties"]["disableLocalAuth"] is True
    assert properties["idleTimeBeforeShutdown"] == "PT90M"
    assert properties["personalComputeInstanceSettings"]["assignedUser"] == {"objectId": ANA, "tenantId": TENANT}
    assert properties["enableNodePublicIp"] is False
    assert properties["sshSettings"]["sshPublicAccess"] == "Disabled"


def test_guardrails_refuse_what_is_open(whole: Graph) -> None:
    assigned = {a.inputs["policyAssignmentName"]: a.inputs for a in whole.of(POLICY)}
    assert set(assigned) == {"no-public-access", "no-local-auth", "idle-shutdown", "approved-outbound"}
    assert all(a["parameters"]["effect"] == {"value": "Deny"} for a in assigned.values())
    # The definition's own default is "Disabled", which refuses every isolated workspace.
    assert assigned["approved-outbound"]["parameters"]["isolationMode"] == {"value": "AllowOnlyApprovedOutbound"}


POLICY = "azure-native:authorization:PolicyAssignment"


def test_trap_child_names_copy_the_logical_name(whole: Graph) -> None:
    children = {
        f"{ML}ModelContainer": ("name", "scorer"),
        f"{ML}ModelVersion": ("version", names.digest(MODEL.artifact_uri)),
        f"{ML}EnvironmentVersion": ("version", names.digest(MODEL.image)),
        f"{ML}Datastore": ("name", "artifacts"),
        f"{ML}Schedule": ("name", "nightly"),
        "azure-native:storage:BlobServiceProperties": ("blobServicesName", "default"),
        "azure-native:network:PrivateDnsZoneGroup": ("privateDnsZoneGroupName", "default"),
        "azure-native:monitor:DiagnosticSetting": ("name", "audit"),
    }
    for type_, (key, value) in children.items():
        assert whole.of(type_) and all(r.inputs[key] == value for r in whole.of(type_)), type_


@pytest.mark.parametrize(
    "change", [{"image": "other.azurecr.io/scorer:2"}, {"artifact_uri": "azureml://datastores/a/paths/2/"}]
)
def test_another_artifact_or_image_is_another_version(change: dict[str, str]) -> None:
    def versions(model: ModelArgs) -> set[str]:
        args = replace(cast(RegistryArgs, EXAMPLES["Registry"]), models={"scorer": model})
        graph = made(lambda on: Registry("models", args, on))
        return {str(one(graph, f"{ML}{type_}").inputs["version"]) for type_ in ("ModelVersion", "EnvironmentVersion")}

    other = replace(MODEL, **change)
    assert len(versions(MODEL) ^ versions(other)) == 2, "one of the two has another version, and the other has not"
    assert version_of(MODEL) != version_of(other)


def test_a_datastore_is_called_as_its_container() -> None:
    """So azureml://datastores/NAME/ reads as the container does."""
    args = replace(cast(RegistryArgs, EXAMPLES["Registry"]), container_name="models")
    inputs = one(made(lambda on: Registry("models", args, on)), f"{ML}Datastore").inputs
    assert inputs["name"] == inputs["properties"]["containerName"] == "models"


def test_a_datastore_keeps_no_credential_and_models_name_it_in_full(whole: Graph) -> None:
    assert one(whole, f"{ML}Datastore").inputs["properties"]["credentials"] == {"credentialsType": "None"}
    workspace = one(whole, f"{ML}Workspace").outputs["name"]
    assert one(whole, f"{ML}ModelVersion").inputs["properties"]["modelUri"] == (
        f"azureml://subscriptions/{SUBSCRIPTION}/resourceGroups/pilot/workspaces/{workspace}"
        "/datastores/artifacts/paths/scorer/1/"
    )


def test_the_budget_warns_on_actual_and_forecast_cost(whole: Graph) -> None:
    budget = one(whole, "azure-native:consumption:Budget")
    found = {(n["thresholdType"], n["threshold"]) for n in budget.inputs["notifications"].values()}
    assert found == {("Actual", 50), ("Actual", 80), ("Actual", 100), ("Forecasted", 100)}
    assert budget.inputs["timePeriod"]["startDate"].endswith("-01T00:00:00Z")
    # Azure takes no beginning in a month past, so next month's must not change what stands.
    assert budget.options["ignoreChanges"] == ["timePeriod"]


def test_a_year_of_logs_from_vault_storage_registry_workspace_and_endpoint(whole: Graph) -> None:
    log = one(whole, "azure-native:operationalinsights:Workspace")
    assert log.inputs["retentionInDays"] == 365 and log.protect
    of = {s.inputs["resourceUri"].split("/providers/")[1].split("/")[0] for s in whole.of(DIAGNOSTICS)}
    assert of == {
        "Microsoft.KeyVault",
        "Microsoft.Storage",
        "Microsoft.ContainerRegistry",
        "Microsoft.MachineLearningServices",
    }
    assert len(whole.of(DIAGNOSTICS)) == 5
    assert {s.inputs["workspaceId"] for s in whole.of(DIAGNOSTICS)} == {log.outputs["id"]}


DIAGNOSTICS = "azure-native:monitor:DiagnosticSetting"


def test_every_name_fits_however_long_stack_and_endpoint_are_called() -> None:
    """The longest names the stack config allows, against Azure's limits ("Naming rules for Azure resources")."""
    graph = made(lambda on: stand("s" * 22, on))
    limits = {
        "keyvault:Vault": 24,
        "storage:StorageAccount": 24,
        "containerregistry:Registry": 50,
        "machinelearningservices:Workspace": 33,
        "operationalinsights:Workspace": 63,
        "network:PrivateEndpoint": 64,
        "managedidentity:UserAssignedIdentity": 128,
        "machinelearningservices:Compute": 32,
    }
    for type_, limit in limits.items():
        assert all(len(r.outputs["name"]) <= limit for r in graph.of(f"azure-native:{type_}")), type_
    long = names.regional("e" * 24, SUBSCRIPTION, "s" * 22, "online")
    assert len(long) == 32 and long != names.regional("e" * 24, SUBSCRIPTION, "s" * 22, "batch")
    assert len(names.regional("u" * 24, SUBSCRIPTION, "s" * 22, "instance", limit=24)) == 24


def test_what_holds_state_is_protected_and_what_only_costs_is_not(whole: Graph) -> None:
    kept = {r.type.rpartition(":")[2] for r in whole.cloud if r.protect}
    assert kept == {
        "BlobContainer",
        "BlobServiceProperties",
        "Compute",  # a person's own
        "Datastore",
        "DiagnosticSetting",
        "EnvironmentContainer",
        "FileServiceProperties",
        "Key",
        "ManagementPolicy",
        "ModelContainer",
        "PolicyAssignment",
        "Registry",
        "ResourceGroup",
        "RoleAssignment",  # of the identity that wraps
        "StorageAccount",
        "UserAssignedIdentity",
        "Vault",
        "Workspace",  # of Azure ML and of Log Analytics
    }


def test_trap_what_is_not_auto_named_is_deleted_before_it_is_replaced(whole: Graph) -> None:
    for type_ in (
        f"{ML}Compute",
        f"{ML}OnlineEndpoint",
        f"{ML}BatchEndpoint",
        "azure-native:authorization:RoleAssignment",
    ):
        assert whole.of(type_) and all(r.options.get("deleteBeforeReplace") for r in whole.of(type_)), type_
