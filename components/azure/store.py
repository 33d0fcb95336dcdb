"""Where bytes are kept: one storage account and one container registry, private and encrypted with our key."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerregistry, storage

from components.azure.audit import log_everything
from components.azure.encryption import Encryption
from components.azure.names import AUTO_NAME, compact
from components.azure.network import Reached, private_endpoint

REACH = ("blob", "file", "registry")
"""Datastores, the workspace's file share and own images, for people of the network. Machines of the managed network
have private endpoints of their own, which Azure ML makes for the workspace's storage, vault and registry by itself."""

CONTAINER = "artifacts"
KEEP_DAYS = 30


@dataclass
class StoreArgs:
    """`reached` are the private endpoints' places, by the groups in REACH."""

    group_name: pulumi.Input[str]
    region: str
    encryption: Encryption
    reached: Mapping[str, Reached]
    log_workspace_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Store(pulumi.ComponentResource):
    """Creates the storage account with the artifact container, and the Premium registry for own images.

    Neither has a public address, an account key or an anonymous reader. Deleted blobs, shares and containers and old
    versions stay 30 days. Untagged images go after a week and none can be exported. Content trust is off, because a
    registry with a customer-managed key cannot have it, and so is quarantine, which waits for a scanner that nobody
    runs here. Whether a registry's user-assigned identity passes a closed vault as a trusted service, Azure's pages
    leave open (issue 61064 of MicrosoftDocs/azure-docs): the first deployment has to prove it. Rules: Azure Storage
    and Container Registry security baselines (Microsoft cloud security benchmark).
    """

    storage_id: pulumi.Output[str]
    storage_name: pulumi.Output[str]
    container_id: pulumi.Output[str]
    registry_id: pulumi.Output[str]
    login_server: pulumi.Output[str]

    def __init__(self, name: str, args: StoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Store", name, None, opts)
        self._child = pulumi.ResourceOptions(parent=self)
        self._kept = pulumi.ResourceOptions(parent=self, protect=True)
        self.storage_id, self.storage_name, self.container_id = self._storage(name, args)
        self.registry_id, self.login_server = self._registry(name, args)
        self.register_outputs({"storage_id": self.storage_id, "registry_id": self.registry_id})

    def _storage(self, name: str, args: StoreArgs) -> tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[str]]:
        account = storage.StorageAccount(
            compact(name, 24 - AUTO_NAME),
            resource_group_name=args.group_name,
            location=args.region,
            kind="StorageV2",
            sku={"name": "Standard_ZRS"},
            allow_blob_public_access=False,
            allow_cross_tenant_replication=False,
            allow_shared_key_access=False,
            allowed_copy_scope="AAD",  # nothing is copied to another directory
            default_to_o_auth_authentication=True,
            enable_https_traffic_only=True,
            is_local_user_enabled=False,
            minimum_tls_version="TLS1_2",
            public_network_access="Disabled",
            network_rule_set={"default_action": storage.DefaultAction.DENY, "bypass": "AzureServices"},
            identity={"type": "UserAssigned", "user_assigned_identities": [args.encryption.identity_id]},
            encryption={
                "key_source": "Microsoft.Keyvault",
                "key_vault_properties": {
                    "key_name": args.encryption.key_name,  # without a version: storage follows the rotation
                    "key_vault_uri": args.encryption.vault_uri,
                },
                "encryption_identity": {"encryption_user_assigned_identity": args.encryption.identity_id},
                "require_infrastructure_encryption": True,
            },
            tags=args.tags,
            opts=self._kept,
        )
        kept = storage.DeleteRetentionPolicyArgs(enabled=True, days=KEEP_DAYS)
        blobs = storage.BlobServiceProperties(
            f"{name}-blobs",
            blob_services_name="default",
            account_name=account.name,
            resource_group_name=args.group_name,
            is_versioning_enabled=True,
            delete_retention_policy=kept,
            container_delete_retention_policy=kept,
            opts=self._child,
        )
        storage.FileServiceProperties(
            f"{name}-files",
            file_services_name="default",
            account_name=account.name,
            resource_group_name=args.group_name,
            share_delete_retention_policy=kept,
            opts=self._child,
        )
        storage.ManagementPolicy(
            f"{name}-clean-up",
            management_policy_name="default",
            account_name=account.name,
            resource_group_name=args.group_name,
            policy={"rules": [_old_versions()]},
            opts=pulumi.ResourceOptions(parent=self, depends_on=[blobs]),
        )
        container = storage.BlobContainer(
            f"{name}-{CONTAINER}",
            container_name=CONTAINER,
            account_name=account.name,
            resource_group_name=args.group_name,
            public_access=storage.PublicAccess.NONE,
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=[blobs]),
        )
        log_everything(
            f"{name}-blobs-audit",
            pulumi.Output.concat(account.id, "/blobServices/default"),
            args.log_workspace_id,
            self._child,
        )
        reachable = [self._reach(name, group, account.id, args) for group in ("blob", "file")]
        # Whoever uses the storage waits until it can be reached.
        id_ = pulumi.Output.all(account.id, *reachable).apply(lambda a: a[0])
        return id_, account.name, container.id

    def _registry(self, name: str, args: StoreArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        registry = containerregistry.Registry(
            compact(f"{name}-images", 50 - AUTO_NAME),
            resource_group_name=args.group_name,
            location=args.region,
            sku={"name": "Premium"},  # private endpoints, a key of our own and retention are Premium's
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            data_endpoint_enabled=True,
            zone_redundancy="Enabled",
            public_network_access="Disabled",
            network_rule_bypass_options="AzureServices",
            identity=containerregistry.IdentityPropertiesArgs(
                type=containerregistry.ResourceIdentityType.USER_ASSIGNED,
                user_assigned_identities=args.encryption.identity_id.apply(_alone),
            ),
            encryption={
                "status": "enabled",
                "key_vault_properties": {
                    "identity": args.encryption.identity_client_id,
                    "key_identifier": args.encryption.key_uri,
                },
            },
            policies={
                "export_policy": {"status": "disabled"},
                "retention_policy": {"status": "enabled", "days": 7},
            },
            tags=args.tags,
            opts=self._kept,
        )
        log_everything(f"{name}-images-audit", registry.id, args.log_workspace_id, self._child)
        reachable = self._reach(name, "registry", registry.id, args)
        return pulumi.Output.all(registry.id, reachable).apply(lambda a: a[0]), registry.login_server

    def _reach(self, name: str, group: str, to: pulumi.Output[str], args: StoreArgs) -> pulumi.Output[str]:
        place = (args.group_name, args.region, args.tags)
        return private_endpoint(f"{name}-{group}", to, args.reached[group], place, self._child).id


def _alone(identity_id: str) -> dict[str, pulumi.Input[containerregistry.UserIdentityPropertiesArgs]]:
    """The registry's own manner of naming one identity: a key with nothing to it."""
    return {identity_id: containerregistry.UserIdentityPropertiesArgs()}


def _old_versions() -> storage.ManagementPolicyRuleArgsDict:
    gone: storage.DateAfterCreationArgsDict = {"days_after_creation_greater_than": KEEP_DAYS}
    return {
        "name": "old-versions",
        "enabled": True,
        "type": "Lifecycle",
        "definition": {
            "filters": {"blob_types": ["blockBlob"]},
            "actions": {"version": {"delete": gone}, "snapshot": {"delete": gone}},
        },
    }
