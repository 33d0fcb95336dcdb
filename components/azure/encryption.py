"""Customer-managed keys: one vault, one rotated key, and the identity that may wrap with it and nothing else."""

from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault, managedidentity, network

from components.azure.audit import log_everything
from components.azure.identity import IN_FORCE_MINUTES, grant
from components.azure.ids import Ids
from components.azure.names import AUTO_NAME, short
from components.azure.network import private_endpoint
from components.given import Args, Tags, Text
from provider.azure.roles import RolesInForce

REACH = ("vault",)
"""People of the network manage the workspace's secrets through it; services come as trusted ones."""


@dataclass(kw_only=True)
class GivenKeyArgs(Args):
    """A key that is there already, and the identity that wraps with it. Nothing of either is made or changed."""

    vault_id: Text
    """The id of the key's vault."""
    vault_uri: Text
    """The address of the key's vault."""
    name: Text
    """The name of the key."""
    version: Text
    """The version of the key that the ML workspace is made with. Azure ML does not follow a rotation."""
    identity_id: Text
    """The id of the identity. It must have Key Vault Crypto Service Encryption User on the key."""
    identity_client_id: Text
    """The client id of the identity."""


@dataclass(kw_only=True)
class EncryptionArgs(Args):
    """Where the vault stands, who it knows, and how it is reached."""

    subscription: Text
    """The id of the subscription, whose role definition the wrapping identity gets."""
    group_name: Text
    """The name of the resource group in which everything is created."""
    region: Text
    """The Azure region of vault and key, such as eastus2."""
    tenant_id: Text
    """The id of the Entra directory whose identities the vault knows."""
    subnet_id: Text
    """The id of the subnet in which the vault's private endpoint stands."""
    zone_ids: Ids
    """The ids of private DNS zones by their names. privatelink.vaultcore.azure.net must be among them."""
    log_workspace_id: Text
    """The id of the log workspace that the vault logs to."""
    given: GivenKeyArgs | None = None
    """The key that is there. The vault is made all the same, for the secrets of the ML workspace."""
    tags: Tags
    """The tags of everything that is created."""


class Encryption(pulumi.ComponentResource):
    """Creates a Key Vault, its private endpoint, an RSA key that rotates yearly, and the identity that wraps with it.

    The vault refuses the public network, but for Azure's trusted services, which wrap with the key. It knows roles and
    refuses access policies. It purges nothing for 90 days. A deleted vault keeps its name for as long, so the name ends
    in random digits. Vault and key are protected, with the identity, its role and the log of
    the vault. Storage and registry follow the rotation. Azure ML supports neither a
    key that rotates nor one in a closed vault, so this key is not for the ML workspace
    (docs/adr/0014-a-workspace-has-a-key-of-ones-own-where-azure-ml-supports-it.md).

    The key goes with its vault. A delete of the key alone is a call to the vault itself, which refuses whoever stands
    outside the network or has no role on its keys; so Pulumi forgets the key and calls nothing.

    Where a key is given, vault and private endpoint alone are made, for the secrets of the ML workspace.
    Whoever takes the identity from here waits until its role is in force, ten minutes after it was given. Storage that
    is made sooner fails with KeyVaultAuthenticationFailure (issue 16601 of Azure/bicep). The wait is the work of the
    resource RolesInForce, whose provider `mlplatform` your project names under `plugins`.

    The key waits for the private endpoint and so goes before it: on destroy the vault is reached to the last (issue 214
    of Azure/terraform-azurerm-avm-res-keyvault-vault).

    Sources: https://learn.microsoft.com/en-us/azure/storage/common/customer-managed-keys-overview,
    https://learn.microsoft.com/en-us/azure/key-vault/keys/how-to-configure-key-rotation and
    https://github.com/pulumi/pulumi-azure-native/blob/master/provider/pkg/resources/customresources/custom_keyvault.go
    """

    vault_id: pulumi.Output[str]
    """The id of the vault, for the ML workspace's secrets and for roles on the vault."""
    vault_uri: pulumi.Output[str]
    """The address of the vault in which the key is, for the storage account."""
    key_name: pulumi.Output[str]
    """The name of the key in the vault, for the storage account."""
    key_uri: pulumi.Output[str]
    """The address of the key without a version, for what follows its rotation."""
    key_identity_id: pulumi.Output[str]
    """The id of the identity that wraps with the key. It is known only when its role is in force."""
    key_identity_client_id: pulumi.Output[str]
    """The client id of that identity, by which the container registry names it."""

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Encryption", name, None, opts)
        child, kept = pulumi.ResourceOptions(parent=self), pulumi.ResourceOptions(parent=self, protect=True)
        vault = keyvault.Vault(
            short(name, 24 - AUTO_NAME),
            resource_group_name=args.group_name,
            location=args.region,
            properties={
                "tenant_id": args.tenant_id,
                "sku": {"family": "A", "name": keyvault.SkuName.PREMIUM},
                "enable_rbac_authorization": True,
                "enable_soft_delete": True,
                "soft_delete_retention_in_days": 90,
                "enable_purge_protection": True,
                "public_network_access": "Disabled",
                "network_acls": {"default_action": "Deny", "bypass": "AzureServices"},
            },
            tags=args.tags,
            opts=kept,
        )
        log_everything(f"{name}-vault-audit", vault.id, args.log_workspace_id, kept)
        _, reachable = private_endpoint(f"{name}-vault", vault.id, "vault", args, child)
        self.vault_id = vault.id
        if args.given is None:
            self._made(name, args, vault, reachable)
        else:
            self._given(args.given)
            # Without a key of its own that waits for it, whoever uses the vault waits until it can be reached.
            self.vault_id = pulumi.Output.all(vault.id, reachable.id).apply(lambda both: both[0])
        self.register_outputs(
            {
                "vault_id": self.vault_id,
                "vault_uri": self.vault_uri,
                "key_name": self.key_name,
                "key_uri": self.key_uri,
                "key_identity_id": self.key_identity_id,
                "key_identity_client_id": self.key_identity_client_id,
            }
        )

    def _given(self, given: GivenKeyArgs) -> None:
        """Take what is there."""
        self.vault_uri, self.key_name = map(pulumi.Output.from_input, (given.vault_uri, given.name))
        self.key_uri = pulumi.Output.concat(self.vault_uri, "keys/", given.name)
        self.key_identity_id = pulumi.Output.from_input(given.identity_id)
        self.key_identity_client_id = pulumi.Output.from_input(given.identity_client_id)

    def _made(
        self, name: str, args: EncryptionArgs, vault: keyvault.Vault, reachable: network.PrivateDnsZoneGroup
    ) -> None:
        """Make the key, and the identity that wraps with it."""
        kept = pulumi.ResourceOptions(parent=self, protect=True)
        key = keyvault.Key(
            f"{name}-data",
            key_name="data",
            vault_name=vault.name,
            resource_group_name=args.group_name,
            properties={
                "kty": "RSA",
                "key_size": 3072,
                "key_ops": ["unwrapKey", "wrapKey"],
                "rotation_policy": {
                    "lifetime_actions": [
                        {
                            "action": {"type": keyvault.KeyRotationPolicyActionType.ROTATE},
                            "trigger": {"time_after_create": "P365D"},
                        }
                    ]
                },
            },
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True, depends_on=[reachable]),
        )
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-wraps",
            resource_group_name=args.group_name,
            location=args.region,
            tags=args.tags,
            opts=kept,
        )
        granted = grant(
            f"{name}-wraps-data",
            args.subscription,
            identity.principal_id,
            "wrap",
            pulumi.Output.concat(vault.id, "/keys/", key.name),
            kept,
        )
        in_force = RolesInForce(
            f"{name}-in-force",
            assignments=[granted.id],
            minutes=IN_FORCE_MINUTES,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.vault_uri = vault.properties.apply(lambda p: p.vault_uri or "")
        self.key_name, self.key_uri = key.name, key.key_uri
        # Whoever encrypts with the key waits until the identity's role is in force: each service tries the key at once.
        self.key_identity_id = pulumi.Output.all(identity.id, in_force.id).apply(lambda both: both[0])
        self.key_identity_client_id = identity.client_id
