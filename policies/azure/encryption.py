"""Encryption: the pilot's own rotated key wherever data rests, Azure's where no key can be named, TLS on the way.

`encryption-endpoint-volumes` is `encryption-scratch-disks` here: no machine of Azure ML takes a key for its disks, but
a workspace of high business impact has their scratch space encrypted. `encryption-batch` is `encryption-datastore`: a
run writes to a datastore, so the datastore must lie on the pilot's own storage. Logs rest under Microsoft's keys: a key
for them takes a dedicated cluster of 100 GB a day ("Azure Monitor customer-managed keys").
"""

from collections.abc import Iterator, Mapping
from typing import Any

from pulumi_policy import Severity

from policies.azure.reading import not_before, said
from policies.rule import Stack, get, given, known, refers, resource_rule, section, stack_rule

_WORKSPACE = "azure-native:machinelearningservices:Workspace"
_DATASTORE = "azure-native:machinelearningservices:Datastore"
_VAULT, _KEY = "azure-native:keyvault:Vault", "azure-native:keyvault:Key"
_REGISTRY = "azure-native:containerregistry:Registry"
_IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
_ASSIGNMENT = "azure-native:authorization:RoleAssignment"
_ENDPOINT, _ZONE_GROUP = "azure-native:network:PrivateEndpoint", "azure-native:network:PrivateDnsZoneGroup"
_ACCOUNT, _CONTAINER = "azure-native:storage:StorageAccount", "azure-native:storage:BlobContainer"
_BLOBS, _FILES = "azure-native:storage:BlobServiceProperties", "azure-native:storage:FileServiceProperties"
_CRYPTO_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"  # Key Vault Crypto Service Encryption User

# By type: where the key stands, the switch beside it and how it stands when the key is used.
_KEY_AT: Mapping[str, tuple[str, str, str]] = {
    _WORKSPACE: ("encryption.keyVaultProperties.keyIdentifier", "encryption.status", "Enabled"),
    _ACCOUNT: ("encryption.keyVaultProperties.keyName", "encryption.keySource", "Microsoft.Keyvault"),
    _REGISTRY: ("encryption.keyVaultProperties.keyIdentifier", "encryption.status", "enabled"),
}

_ACTS_AS: Mapping[str, str] = {
    _WORKSPACE: "encryption.identity.userAssignedIdentity",
    _ACCOUNT: "encryption.encryptionIdentity.encryptionUserAssignedIdentity",
    _REGISTRY: "encryption.keyVaultProperties.identity",
}


@stack_rule(
    "encryption-customer-key",
    severity=Severity.HIGH,
    says="What rests, rests under the pilot's own key: workspace, storage and registry.",
    remedy="Pass the encryption component's key and identity.",
)
def customer_key(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Azure Policy ba769a63-b8cc-4b2d-abf6-ac33c7204be8 (workspace), 6fac406b-40ca-413b-bf8e-0bf964659c25 (storage),
    5b9159ae-1701-4a6f-9a7a-aa9c8ddd0580 (registry); MCSB DP-5. Storage follows the rotation where no version is named.
    """
    for type_, (path, switch, wanted) in _KEY_AT.items():
        for resource in stack.of(type_):
            if not given(resource.props, path) or not refers(resource, "encryption", _KEY):
                yield resource.urn, f"has no customer-managed key of the stack at {path}"
            if known(resource.props, switch).lower() not in ("", wanted.lower()):
                yield resource.urn, f"does not use its key ({switch})"
    for account in stack.of(_ACCOUNT):
        if said(account.props, "encryption.keyVaultProperties.keyVersion"):
            yield account.urn, "names a version of its key, so it does not follow the rotation"


@stack_rule(
    "encryption-key-granted",
    severity=Severity.HIGH,
    says="Whoever encrypts with the key does so as an identity that may wrap with it, and may before it is needed.",
    remedy="Pass the encryption component's identity, which carries its role on the key.",
)
def key_granted(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Each service tries the key while it makes the resource ("Configure customer-managed keys", each service's)."""
    wrapping = [r for r in stack.of(_ASSIGNMENT) if known(r.props, "roleDefinitionId").endswith(_CRYPTO_USER)]
    for resource in stack.of(*_KEY_AT):
        identities = {i.urn for i in refers(resource, "encryption", _IDENTITY)}
        keys = {k.urn for k in refers(resource, "encryption", _KEY)}
        granted = [
            role
            for role in wrapping
            if identities & {i.urn for i in refers(role, "principalId", _IDENTITY)}
            and keys & {k.urn for k in refers(role, "scope", _KEY)}
        ]
        if not granted:
            yield resource.urn, "encrypts as an identity that has no role on its key"
        for role in not_before(resource, granted):
            yield resource.urn, f"may be made before {role.name}"
        if not given(resource.props, _ACTS_AS[resource.resource_type]) or not refers(resource, "identity", _IDENTITY):
            yield resource.urn, f"does not say as whom it reaches its key ({_ACTS_AS[resource.resource_type]})"


@resource_rule(
    "encryption-key",
    _KEY,
    severity=Severity.HIGH,
    says="A key is long, rotates every year, wraps and does nothing else, and does not leave its vault.",
    remedy="Set kty RSA or RSA-HSM of 3072 bits, key_ops wrapKey and unwrapKey, and a rotation policy.",
)
def key(props: Mapping[str, Any]) -> Iterator[str]:
    """Azure Policy d8cf8476-a2ec-4916-896e-992351803c44 (rotation) and 75c4f823-d65c-4f29-a733-01d0077fdbcb (type); Key
    Vault, "Configure cryptographic key auto-rotation"; MCSB DP-6. Storage takes RSA keys of 2048 bits and more.
    """
    properties = section(props, "properties")
    if properties.get("kty") not in ("RSA", "RSA-HSM") or (properties.get("keySize") or 0) < 3072:
        yield "is no RSA key of at least 3072 bits"
    if not properties.get("keyOps") or set(properties["keyOps"]) - {"wrapKey", "unwrapKey"}:
        yield "does more than wrap other keys"
    if given(properties, "releasePolicy") or section(properties, "attributes").get("exportable"):
        yield "may leave its vault"
    actions: Any = section(properties, "rotationPolicy").get("lifetimeActions") or ()
    due = [get(a, "trigger.timeAfterCreate") for a in actions if str(get(a, "action.type")).lower() == "rotate"]
    if not any(
        after in ("P1Y", "P12M") or (str(after).endswith("D") and int(str(after)[1:-1]) <= 366) for after in due
    ):
        yield "is not rotated every year"


@resource_rule(
    "encryption-vault",
    _VAULT,
    severity=Severity.HIGH,
    says="What a vault keeps cannot be purged for 90 days, and services of Azure reach it past its closed door.",
    remedy="Set enable_soft_delete, soft_delete_retention_in_days=90, enable_purge_protection, bypass='AzureServices'.",
)
def vault(props: Mapping[str, Any]) -> Iterator[str]:
    """Azure Policy 0b60c0b2-2dc2-4e1c-b5c9-abbed971de53 and 1e66c121-a66a-4b1f-9b83-0fd99bf0fc2d; MCSB DP-8. Without
    the bypass a service cannot unwrap with a key of a closed vault ("Network security for Azure Key Vault").
    """
    if get(props, "properties.enablePurgeProtection") is not True:
        yield "lets a deleted key be purged, and with it all that it encrypts"
    if get(props, "properties.enableSoftDelete") is not True:
        yield "does not say that it keeps what is deleted"
    if (get(props, "properties.softDeleteRetentionInDays") or 0) < 90:
        yield "forgets a deleted key in less than 90 days"
    if get(props, "properties.networkAcls.bypass") != "AzureServices":
        yield "keeps Azure's own services from the key"
    for switch in ("enabledForDeployment", "enabledForDiskEncryption", "enabledForTemplateDeployment"):
        if get(props, f"properties.{switch}"):
            yield f"opens to machines or templates besides ({switch})"


@stack_rule(
    "encryption-vault-reachable",
    severity=Severity.MEDIUM,
    says="A vault's private endpoint is made before what keeps things in it, and so outlives that on destroy.",
    remedy="Let keys and the workspace depend on the vault's DNS zone group.",
)
def vault_reachable(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Else destroy closes the vault before what uses it is gone, and fails: issue 33 of Azure/terraform-azurerm-avm-
    res-machinelearningservices-workspace, issue 214 of Azure/terraform-azurerm-avm-res-keyvault-vault.
    """
    for item in stack.of(_VAULT):
        doors = stack.referring(_ENDPOINT, "privateLinkServiceConnections", item)
        ways = [*doors, *(g for door in doors for g in stack.referring(_ZONE_GROUP, "privateEndpointName", door))]
        users = [*stack.referring(_KEY, "vaultName", item), *stack.referring(_WORKSPACE, "keyVault", item)]
        for user in users:
            for way in not_before(user, ways):
                yield user.urn, f"does not wait for {way.name}, so the vault would close before it on destroy"


@resource_rule(
    "encryption-scratch-disks",
    _WORKSPACE,
    severity=Severity.HIGH,
    says="The scratch disks of a workspace's machines are encrypted, and what Microsoft collects of it is little.",
    remedy="Set hbi_workspace=True; it cannot be changed later.",
)
def scratch_disks(props: Mapping[str, Any]) -> Iterator[str]:
    """Azure ML, "Data encryption": the temporary disk of a cluster's nodes is encrypted where hbi_workspace is true."""
    if props.get("hbiWorkspace") is not True:
        yield "leaves the scratch disks of its machines unencrypted"


@stack_rule(
    "encryption-datastore",
    severity=Severity.HIGH,
    says="A datastore lies on the pilot's own storage, and is read and written over HTTPS.",
    remedy="Name the stack's storage account, and protocol https.",
)
def datastore(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Runs read and write through datastores, so what they write rests under the key of the account they lie on."""
    for item in stack.of(_DATASTORE):
        if not refers(item, "properties", _ACCOUNT):
            yield item.urn, "lies on storage that is not the stack's"
        if get(item.props, "properties.protocol") != "https":
            yield item.urn, "is not read over HTTPS"


_PARTS = {
    _BLOBS: "blob service with versions",
    _FILES: "file service that keeps what is deleted",
    "azure-native:storage:ManagementPolicy": "lifecycle",
}


@stack_rule(
    "encryption-bucket-whole",
    severity=Severity.HIGH,
    says="Every storage account says what its blob and file services keep, and has a lifecycle.",
    remedy="Build storage with the Store component, which makes all three.",
)
def bucket_whole(stack: Stack) -> Iterator[tuple[str | None, str]]:
    """Each part belongs to the account by reference."""
    for account in stack.of(_ACCOUNT):
        for type_, what in _PARTS.items():
            if not stack.referring(type_, "accountName", account):
                yield account.urn, f"has no {what}"


@resource_rule(
    "encryption-bucket-public",
    _ACCOUNT,
    _CONTAINER,
    severity=Severity.CRITICAL,
    says="No blob and no container can be made public.",
    remedy="Set allow_blob_public_access=False on the account and public_access='None' on the container.",
)
def bucket_public(props: Mapping[str, Any]) -> Iterator[str]:
    """Azure Policy 4fa4b6c0-31ca-4c0d-b10d-24b96f62a751."""
    if given(props, "containerName") or given(props, "publicAccess"):
        if props.get("publicAccess") != "None":
            yield "is public, or does not say that it is not"
    elif props.get("allowBlobPublicAccess") is not False:
        yield "lets a container be made public"


@resource_rule(
    "encryption-bucket-tls",
    _ACCOUNT,
    severity=Severity.HIGH,
    says="Storage answers over TLS 1.2 only.",
    remedy="Set enable_https_traffic_only=True and minimum_tls_version='TLS1_2'; leave NFS and SFTP off.",
)
def bucket_tls(props: Mapping[str, Any]) -> Iterator[str]:
    """Azure Policy 404c3081-a854-4457-ae30-26a93ef643f9 and fe83a0eb-a853-422d-aac2-1bffd182c5d0; MCSB DP-3."""
    if props.get("enableHttpsTrafficOnly") is not True:
        yield "answers without TLS"
    if props.get("minimumTlsVersion") not in ("TLS1_2", "TLS1_3"):
        yield "answers with TLS older than 1.2"
    if props.get("enableNfsV3") or props.get("isSftpEnabled"):
        yield "answers over NFS or SFTP"


@resource_rule(
    "encryption-bucket-settings",
    _ACCOUNT,
    _BLOBS,
    _FILES,
    severity=Severity.MEDIUM,
    says="Storage keeps versions and what was deleted, and encrypts twice.",
    remedy="Set is_versioning_enabled, the three delete retention policies and require_infrastructure_encryption.",
)
def bucket_settings(props: Mapping[str, Any]) -> Iterator[str]:
    """By type. Azure Policy 4733ea7b-a883-42fe-8cac-97454c2a9e4a; Azure Storage, "Data protection overview"."""
    if given(props, "fileServicesName"):
        kept: tuple[str, ...] = ("shareDeleteRetentionPolicy",)
    elif given(props, "blobServicesName"):
        kept = ("deleteRetentionPolicy", "containerDeleteRetentionPolicy")
        if props.get("isVersioningEnabled") is not True:
            yield "keeps no versions"
    else:
        kept = ()
        if get(props, "encryption.requireInfrastructureEncryption") is not True:
            yield "encrypts once only"
    for path in kept:
        if get(props, f"{path}.enabled") is not True or not get(props, f"{path}.days"):
            yield f"forgets at once what is deleted ({path})"


RULES = [
    customer_key,
    key_granted,
    key,
    vault,
    vault_reachable,
    scratch_disks,
    datastore,
    bucket_whole,
    bucket_public,
    bucket_tls,
    bucket_settings,
]
