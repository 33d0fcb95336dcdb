"""Where bytes are kept: one storage account and one container registry, private and encrypted with our key."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import containerregistry, network, storage

from components.azure.audit import log_everything
from components.azure.ids import Ids
from components.azure.lifecycle import KEEP_DAYS
from components.azure.names import AUTO_NAME, compact
from components.azure.network import private_endpoint
from components.given import Args, Tags, Text

REACH = ("blob", "file", "registry")
"""Datastores, the workspace's file share and own images, for people of the network. Machines of the managed network
have private endpoints of their own, which Azure ML makes for the workspace's storage, vault and registry by itself."""

CONTAINER = "artifacts"
"""The name of the blob container in which model artifacts are kept."""


@dataclass(kw_only=True)
class StoreArgs(Args):
    """Where storage and registry stand, the key they are encrypted with, and how they are reached."""

    group_name: Text
    """The name of the resource group in which everything is created."""
    region: Text
    """The Azure region of storage and registry, such as eastus2."""
    zones: bool = True
    """Whether the region has availability zones. Azure refuses copies in several zones where there are none.

    The program must know it: it decides how the account and the registry are copied.
    """
    vault_uri: Text
    """The address of the vault that holds the key, such as https://vault.vault.azure.net/."""
    key_name: Text
    """The name of the RSA key in that vault."""
    key_uri: Text
    """The address of the same key without a version, such as https://vault.vault.azure.net/keys/data."""
    key_identity_id: Text
    """The id of the user-assigned identity that may wrap and unwrap with the key. It must have its role by then."""
    key_identity_client_id: Text
    """The client id of the same identity."""
    subnet_id: Text
    """The id of the subnet in which the private endpoints stand."""
    zone_ids: Ids
    """The ids of private DNS zones by their names.

    privatelink.blob.core.windows.net, privatelink.file.core.windows.net and privatelink.azurecr.io must be among them.
    """
    log_workspace_id: Text
    """The id of the log workspace that storage and registry log to."""
    registry_name: Text | None = None
    """The name of the registry, 5 to 50 letters and digits that no other registry of Azure has. With it, images can be
    named before the registry stands. Where none is given, Azure's provider chooses one."""
    tags: Tags
    """The tags of everything that is created."""


class Store(pulumi.ComponentResource):
    """Creates a storage account with the container of the artifacts, and a Premium registry for images of one's own.

    Both refuse the public network, account keys and anonymous readers. Both are encrypted with the key that is given,
    and both are protected, with what they keep of what is deleted and with their logs.

    Where the region has availability zones, three of them hold a copy of the account, and the registry spans them.
    Where it has none, the account keeps three copies in one data centre.

    Deleted blobs, shares and containers stay 30 days. Old versions stay until a lifecycle deletes them, which the
    workspace on this storage has (Workspace). Untagged images go after a week, and no
    image can be exported. Content trust is off, for a registry with a customer-managed key cannot have it. Quarantine
    is off, for it waits for a scanner that this component does not bring. Azure's pages leave open whether a registry's
    user-assigned identity passes a closed vault as a trusted service (issue 61064 of MicrosoftDocs/azure-docs): the
    first deployment has to prove it.

    Sources: https://learn.microsoft.com/en-us/security/benchmark/azure/baselines/storage-security-baseline,
    https://learn.microsoft.com/en-us/security/benchmark/azure/baselines/container-registry-security-baseline and
    https://learn.microsoft.com/en-us/azure/reliability/regions-list
    """

    storage_id: pulumi.Output[str]
    """The id of the storage account. It is known only when the account can be reached in private."""
    storage_name: pulumi.Output[str]
    """The name of the storage account, for datastores."""
    container_id: pulumi.Output[str]
    """The id of the blob container of the artifacts, for roles on it."""
    endpoint_ids: dict[str, pulumi.Output[str]]
    """The ids of the storage account's private endpoints, `blob` and `file`, for roles on them."""
    registry_id: pulumi.Output[str]
    """The id of the container registry. It is known only when the registry can be reached in private."""
    login_server: pulumi.Output[str]
    """The address of the container registry, with which the names of its images begin."""

    def __init__(self, name: str, args: StoreArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Store", name, None, opts)
        self._kept = pulumi.ResourceOptions(parent=self, protect=True)
        self.storage_id, self.storage_name, self.container_id = self._storage(name, args)
        self.registry_id, self.login_server = self._registry(name, args)
        self.register_outputs(
            {
                "storage_id": self.storage_id,
                "storage_name": self.storage_name,
                "container_id": self.container_id,
                "endpoint_ids": self.endpoint_ids,
                "registry_id": self.registry_id,
                "login_server": self.login_server,
            }
        )

    def _storage(self, name: str, args: StoreArgs) -> tuple[pulumi.Output[str], pulumi.Output[str], pulumi.Output[str]]:
        account = storage.StorageAccount(
            compact(name, 24 - AUTO_NAME),
            resource_group_name=args.group_name,
            location=args.region,
            kind="StorageV2",
            sku={"name": "Standard_ZRS" if args.zones else "Standard_LRS"},
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
            identity={"type": "UserAssigned", "user_assigned_identities": [args.key_identity_id]},
            encryption={
                "key_source": "Microsoft.Keyvault",
                "key_vault_properties": {
                    "key_name": args.key_name,  # without a version: storage follows the rotation
                    "key_vault_uri": args.vault_uri,
                },
                "encryption_identity": {"encryption_user_assigned_identity": args.key_identity_id},
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
            opts=self._kept,
        )
        files = storage.FileServiceProperties(
            f"{name}-files",
            file_services_name="default",
            account_name=account.name,
            resource_group_name=args.group_name,
            share_delete_retention_policy=kept,
            opts=self._kept,
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
            self._kept,
        )
        doors = dict[str, tuple[network.PrivateEndpoint, network.PrivateDnsZoneGroup]]()
        before: list[pulumi.Resource] = [container, files]
        for group in ("blob", "file"):
            # A storage account takes one such change at a time. A second one fails (StorageAccountOperationInProgress)
            # and stays behind as an endpoint that Failed: https://github.com/Azure/bicep-registry-modules/issues/6001
            doors[group] = self._reach(name, group, account.id, args, before)
            before = [doors[group][0]]
        self.endpoint_ids = {group: endpoint.id for group, (endpoint, _) in doors.items()}
        # Whoever uses the storage waits until it can be reached.
        id_ = pulumi.Output.all(account.id, *(zones.id for _, zones in doors.values())).apply(lambda a: a[0])
        return id_, account.name, container.id

    def _registry(self, name: str, args: StoreArgs) -> tuple[pulumi.Output[str], pulumi.Output[str]]:
        registry = containerregistry.Registry(
            compact(f"{name}-images", 50 - AUTO_NAME),
            registry_name=args.registry_name,
            resource_group_name=args.group_name,
            location=args.region,
            sku={"name": "Premium"},  # private endpoints, a key of our own and retention are Premium's
            admin_user_enabled=False,
            anonymous_pull_enabled=False,
            data_endpoint_enabled=True,
            zone_redundancy="Enabled" if args.zones else "Disabled",
            public_network_access="Disabled",
            network_rule_bypass_options="AzureServices",
            identity=containerregistry.IdentityPropertiesArgs(
                type=containerregistry.ResourceIdentityType.USER_ASSIGNED,
                user_assigned_identities=pulumi.Output.from_input(args.key_identity_id).apply(_alone),
            ),
            encryption={
                "status": "enabled",
                "key_vault_properties": {
                    "identity": args.key_identity_client_id,
                    "key_identifier": args.key_uri,
                },
            },
            policies={
                "export_policy": {"status": "disabled"},
                "retention_policy": {"status": "enabled", "days": 7},
            },
            tags=args.tags,
            opts=self._kept,
        )
        log_everything(f"{name}-images-audit", registry.id, args.log_workspace_id, self._kept)
        _, reachable = self._reach(name, "registry", registry.id, args, [])
        return pulumi.Output.all(registry.id, reachable.id).apply(lambda a: a[0]), registry.login_server

    def _reach(
        self, name: str, group: str, to: pulumi.Output[str], args: StoreArgs, before: Sequence[pulumi.Resource]
    ) -> tuple[network.PrivateEndpoint, network.PrivateDnsZoneGroup]:
        waiting = pulumi.ResourceOptions(parent=self, depends_on=list(before))
        return private_endpoint(f"{name}-{group}", to, group, args, waiting)


def _alone(identity_id: str) -> dict[str, pulumi.Input[containerregistry.UserIdentityPropertiesArgs]]:
    """The registry's own manner of naming one identity: a key with nothing to it."""
    return {identity_id: containerregistry.UserIdentityPropertiesArgs()}
