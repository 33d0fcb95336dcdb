"""Customer-managed keys: one vault, one rotated key, and the identity that may wrap with it and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_azure_native import keyvault, managedidentity

from components.azure.audit import log_everything
from components.azure.identity import grant
from components.azure.names import AUTO_NAME, short
from components.azure.network import Reached, private_endpoint

REACH = ("vault",)
"""People of the network manage the workspace's secrets through it; services come as trusted ones."""


@dataclass
class EncryptionArgs:
    """`tenant_id` is the directory whose identities the vault knows."""

    subscription: str
    group_name: pulumi.Input[str]
    region: str
    tenant_id: pulumi.Input[str]
    vault_reached: Reached
    log_workspace_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Encryption(pulumi.ComponentResource):
    """Creates a Key Vault, its private endpoint, an RSA key that rotates yearly, and the identity that wraps with it.

    The vault is closed to the public network but for Azure's trusted services, which wrap with the key; it knows roles
    and no access policies, and purges nothing for 90 days. A deleted vault keeps its name for as long, so the name ends
    in random digits. The key waits for the private endpoint and so goes before it: on destroy the vault is reached to
    the last (issue 214 of Azure/terraform-azurerm-avm-res-keyvault-vault). Rules: Azure Storage, "Customer-managed
    keys"; Key Vault, "Configure cryptographic key auto-rotation".
    """

    vault_id: pulumi.Output[str]
    vault_uri: pulumi.Output[str]
    key_name: pulumi.Output[str]
    key_uri: pulumi.Output[str]
    key_version_uri: pulumi.Output[str]
    identity_id: pulumi.Output[str]
    identity_client_id: pulumi.Output[str]

    def __init__(self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Encryption", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
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
            opts=pulumi.ResourceOptions(parent=self, protect=True),
        )
        log_everything(f"{name}-vault-audit", vault.id, args.log_workspace_id, child)
        reachable = private_endpoint(
            f"{name}-vault", vault.id, args.vault_reached, (args.group_name, args.region, args.tags), child
        )
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
            opts=pulumi.ResourceOptions(parent=self, protect=True, depends_on=[reachable]),
        )
        identity = managedidentity.UserAssignedIdentity(
            f"{name}-wraps",
            resource_group_name=args.group_name,
            location=args.region,
            tags=args.tags,
            opts=child,
        )
        granted = grant(
            f"{name}-wraps-data",
            args.subscription,
            identity.principal_id,
            "wrap",
            pulumi.Output.concat(vault.id, "/keys/", key.name),
            child,
        )
        self.vault_id, self.vault_uri = vault.id, vault.properties.apply(lambda p: p.vault_uri or "")
        self.key_name, self.key_uri, self.key_version_uri = key.name, key.key_uri, key.key_uri_with_version
        # Whoever encrypts with the key waits for the identity's role: each service tries the key at once.
        self.identity_id = pulumi.Output.all(identity.id, granted.id).apply(lambda both: both[0])
        self.identity_client_id = identity.client_id
        self.register_outputs({"vault_id": self.vault_id, "key_uri": self.key_uri, "identity_id": self.identity_id})
