"""Encryption: the pilot's own rotated key wherever data rests, Azure's where no key can be named, TLS on the way.

Where a key stands is in the catalogue, and `encryption-customer-key` asks whether one does; `encryption-key-used` holds
that it is the stack's and that the service uses it. `encryption-endpoint-volumes` is `encryption-scratch-disks` here:
no machine of Azure ML takes a key for its disks, but a workspace of high business impact has their scratch space
encrypted. `encryption-batch` is `encryption-datastore`: a run writes to a datastore, so the datastore must lie on the
pilot's own storage. Logs rest under Microsoft's keys: a key for them takes a dedicated cluster of 100 GB a day ("Azure
Monitor customer-managed keys"). The metadata of a workspace rests under Microsoft's key too, unless the stack names one
that Azure ML supports (docs/adr/0014-a-workspace-has-a-key-of-ones-own-where-azure-ml-supports-it.md).
"""

import re
from collections.abc import Iterator, Mapping

from catalogue.arm import compared, same
from catalogue.durations import minutes_or_none
from catalogue.graph import Graph, Resource
from catalogue.kinds.azure import IDENTITY, authorization, containerregistry, keyvault, storage
from catalogue.kinds.azure.machinelearningservices import DATASTORE, WORKSPACE
from catalogue.kinds.azure.network import PRIVATE_ENDPOINT, ZONE_GROUP
from catalogue.landing_zones import AzureKeys, AzureZone
from catalogue.properties import Properties
from policies import given
from policies.azure.reading import encrypts_a_workspace, not_before
from policies.rule import KEPT_FOR_EVER, OPEN_TO_OTHERS, resource_rule, stack_rule

_CRYPTO_USER = "e147488a-f6f5-4113-8e2d-b22465e65bf6"  # Key Vault Crypto Service Encryption User
_YEAR_AND_A_DAY = 366 * 24 * 60

# By type: the switch beside its key, the switch's value when the key is used, and the property that names the identity
# with which the service reaches the key.
_SWITCHES: Mapping[str, tuple[str, str, str]] = {
    WORKSPACE: ("encryption.status", "Enabled", "encryption.identity.userAssignedIdentity"),
    storage.ACCOUNT: (
        "encryption.keySource",
        "Microsoft.Keyvault",
        "encryption.encryptionIdentity.encryptionUserAssignedIdentity",
    ),
    containerregistry.REGISTRY: ("encryption.status", "enabled", "encryption.keyVaultProperties.identity"),
}


@stack_rule(
    "encryption-key-used",
    *_SWITCHES,
    severity="high",
    says="Workspace, storage and registry use the stack's own key, in its newest version.",
    remedy="Pass the encryption component's key, switch it on, and name no version of it for storage.",
    never_waived=KEPT_FOR_EVER,
)
def key_used(graph: Graph, resource: Resource) -> Iterator[str]:
    """Azure Policy ba769a63-b8cc-4b2d-abf6-ac33c7204be8 (workspace), 6fac406b-40ca-413b-bf8e-0bf964659c25 (storage),
    5b9159ae-1701-4a6f-9a7a-aa9c8ddd0580 (registry); MCSB DP-5. Storage follows the rotation where no version is named.
    """
    if _asks_for_none(graph, resource):
        return
    switch, wanted, _ = _SWITCHES[resource.type]
    if not graph.refers(resource, "encryption", keyvault.KEY) and not _given(graph, resource):
        yield "is encrypted with a key that is not the stack's"
    if resource.props.text_or_empty(switch).lower() != wanted.lower():
        yield f"does not use its key ({switch})"
    if resource.type == storage.ACCOUNT and resource.props.is_given("encryption.keyVaultProperties.keyVersion"):
        yield "names a version of its key (keyVersion), so it does not follow the rotation"
    named = resource.props.text_if_known("encryption.keyVaultProperties.keyIdentifier")
    if resource.type == containerregistry.REGISTRY and _VERSION.search(named):
        yield "names a version of its key (keyIdentifier), so it does not follow the rotation"


@stack_rule(
    "encryption-key-granted",
    *_SWITCHES,
    severity="high",
    says="A resource uses the key through an identity, which has its role on the key before the resource is made.",
    remedy="Pass the encryption component's identity, which carries its role on the key.",
)
def key_granted(graph: Graph, resource: Resource) -> Iterator[str]:
    """Each service uses the key when it makes the resource ("Configure customer-managed keys" of each service).

    A landing zone's identity has its role on the landing zone's key already, or a manual step of the verdict gives it.
    """
    if _asks_for_none(graph, resource) or _given(graph, resource):
        return
    identities = graph.refers(resource, "encryption", IDENTITY)
    keys = {key.urn for key in graph.refers(resource, "encryption", keyvault.KEY)}
    granted = [
        role
        for identity in identities
        for role in graph.referring(authorization.ROLE_ASSIGNMENT, "principalId", identity)
        if compared(role.props.text_if_known("roleDefinitionId")).endswith(_CRYPTO_USER)
        and keys & {key.urn for key in graph.refers(role, "scope", keyvault.KEY)}
    ]
    if not granted:
        yield "encrypts as an identity that has no role on its key"
    for role in not_before(graph, resource, granted):
        yield f"may be made before {role.name}"
    acts_as = _SWITCHES[resource.type][2]
    if not resource.props.is_given(acts_as) or not graph.refers(resource, "identity", IDENTITY):
        yield f"does not say as whom it reaches its key ({acts_as})"


_VERSION = re.compile(r"/keys/[^/]+/.")
"""A version behind the name of a key. With one the registry stays on it until somebody rotates it by hand:
https://learn.microsoft.com/en-us/azure/container-registry/tutorial-rotate-revoke-customer-managed-keys"""


def _asks_for_none(graph: Graph, resource: Resource) -> bool:
    """Whether it leaves all under Microsoft's key. Of other programs `encryption-customer-key` alone says so.

    A workspace whose landing zone gives keys asks for one.
    """
    if resource.type == WORKSPACE:
        return not resource.props.is_given("encryption") and _keys(graph) is None
    if graph.ours:
        return False
    switch, wanted, acts_as = _SWITCHES[resource.type]
    asked = resource.props.text_if_known(switch).lower() == wanted.lower()
    return not asked and not any(resource.props.is_given(at) for at in ("encryption.keyVaultProperties", acts_as))


def _keys(graph: Graph) -> AzureKeys | None:
    """The keys that the landing zone gives."""
    zone = given.zone(graph)
    return zone.keys if isinstance(zone, AzureZone) else None


def _given(graph: Graph, resource: Resource) -> bool:
    """Whether the resource uses the landing zone's key, through the landing zone's identity."""
    keys = _keys(graph)
    if keys is None:
        return False
    own = resource.props.section_or_empty("encryption.keyVaultProperties")
    said = (
        own.text_or_empty("keyIdentifier") or f"{own.text_or_empty('keyVaultUri')}keys/{own.text_or_empty('keyName')}"
    )
    acts_as = resource.props.text_or_empty(_SWITCHES[resource.type][2])
    identity = same(acts_as, keys.identity_id) or acts_as.casefold() == keys.identity_client_id.casefold()
    return said in (keys.data, keys.data.rpartition("/")[0]) and identity


@stack_rule(
    "encryption-workspace-key",
    WORKSPACE,
    severity="high",
    says="A workspace is made with a key that Azure ML supports, or with none of one's own.",
    remedy="Name a key that does not rotate, in a vault of its own with a public endpoint that its firewall closes to "
    "all but trusted services; or leave encryption out.",
)
def workspace_key(graph: Graph, workspace: Resource) -> Iterator[str]:
    """Azure ML, "Customer-managed keys": encryption inside the service supports neither rotation nor a vault that has
    public network access disabled. The vault of a landing zone is not in the graph; a manual step has it looked at.
    """
    if not workspace.props.flag_or_none("enableServiceSideCMKEncryption"):
        return
    named = graph.refers(workspace, "encryption", keyvault.KEY)
    for item in named:
        if _rotations(item.props.section_or_empty("properties")):
            yield f"is encrypted with {item.name}, which rotates; Azure ML would not follow"
    vaults = [*graph.refers(workspace, "encryption", keyvault.VAULT)]
    vaults += [vault for item in named for vault in graph.refers(item, "vaultName", keyvault.VAULT)]
    for item in {vault.urn: vault for vault in vaults}.values():
        if item.props.text_or_empty("properties.publicNetworkAccess").lower() == "disabled":
            yield f"is encrypted with a key of {item.name}, whose public access is disabled; Azure ML supports none"


@stack_rule(
    "encryption-key",
    keyvault.KEY,
    severity="high",
    says="A key is long, rotates every year, wraps and does nothing else, and does not leave its vault.",
    remedy="Set kty RSA or RSA-HSM of 3072 bits, key_ops wrapKey and unwrapKey, and a rotation policy.",
)
def key(graph: Graph, item: Resource) -> Iterator[str]:
    """Azure Policy d8cf8476-a2ec-4916-896e-992351803c44 (rotation) and 75c4f823-d65c-4f29-a733-01d0077fdbcb (type); Key
    Vault, "Configure cryptographic key auto-rotation"; MCSB DP-6. Storage takes RSA keys of 2048 bits and more. The key
    of a workspace may not rotate (`encryption-workspace-key`).
    """
    own = item.props.section_or_empty("properties")
    if own.text_or_empty("kty") not in ("RSA", "RSA-HSM") or (own.number_or_none("keySize") or 0) < 3072:
        yield "is no RSA key of at least 3072 bits"
    operations = set(own.each_text("keyOps"))
    if operations != {"wrapKey", "unwrapKey"}:
        yield "does not wrap and unwrap other keys alone"
    if own.is_given("releasePolicy") or own.flag_or_none("attributes.exportable"):
        yield "may leave its vault"
    in_time = any(after is not None and 0 < after <= _YEAR_AND_A_DAY for after in _rotations(own))
    if not in_time and not encrypts_a_workspace(graph, item):
        yield "is not rotated every year"


def _rotations(key: Properties) -> list[float | None]:
    """After how many minutes the key rotates, by each of its actions; None where that cannot be read."""
    return [
        minutes_or_none(action, "trigger.timeAfterCreate")
        for action in key.each_section("rotationPolicy.lifetimeActions")
        if action.text_or_empty("action.type").lower() == "rotate"
    ]


@resource_rule(
    "encryption-vault",
    keyvault.VAULT,
    severity="high",
    says="Nothing in a vault can be purged for 90 days, and trusted services of Azure pass its firewall.",
    remedy="Set enable_soft_delete, soft_delete_retention_in_days=90, enable_purge_protection, bypass='AzureServices'.",
)
def vault(props: Properties) -> Iterator[str]:
    """Azure Policy 0b60c0b2-2dc2-4e1c-b5c9-abbed971de53 and 1e66c121-a66a-4b1f-9b83-0fd99bf0fc2d; MCSB DP-8. Without
    the bypass a service cannot unwrap with a key of a closed vault ("Network security for Azure Key Vault").
    """
    own = props.section_or_empty("properties")
    if own.flag_or_none("enablePurgeProtection") is not True:
        yield "lets a deleted key be purged, and with it all that it encrypts"
    if own.flag_or_none("enableSoftDelete") is not True:
        yield "does not say that it keeps what is deleted"
    if (own.number_or_none("softDeleteRetentionInDays") or 0) < 90:
        yield "forgets a deleted key in less than 90 days"
    if own.text_or_empty("networkAcls.bypass").lower() != "azureservices":
        yield "keeps Azure's own services from the key"
    for switch in ("enabledForDeployment", "enabledForDiskEncryption", "enabledForTemplateDeployment"):
        if own.flag_or_none(switch):
            yield f"opens to machines or templates besides ({switch})"


@stack_rule(
    "encryption-vault-reachable",
    keyvault.KEY,
    WORKSPACE,
    severity="medium",
    says="A vault's private endpoint is made before the resources that use the vault, and is removed after them.",
    remedy="Let keys and the workspace depend on the vault's DNS zone group.",
)
def vault_reachable(graph: Graph, user: Resource) -> Iterator[str]:
    """Otherwise destroy closes the vault before what uses it is deleted, and fails. This is issue 33 of
    Azure/terraform-azurerm-avm-res-machinelearningservices-workspace and issue 214 of
    Azure/terraform-azurerm-avm-res-keyvault-vault.
    """
    for item in graph.refers(user, "vaultName" if user.type == keyvault.KEY else "keyVault", keyvault.VAULT):
        doors = graph.referring(PRIVATE_ENDPOINT, "privateLinkServiceConnections", item)
        ways = [*doors, *(g for door in doors for g in graph.referring(ZONE_GROUP, "privateEndpointName", door))]
        for way in not_before(graph, user, ways):
            yield f"does not wait for {way.name}, so a destroy would close the vault too early"


@resource_rule(
    "encryption-scratch-disks",
    WORKSPACE,
    severity="high",
    says="A workspace's machines encrypt their scratch disks, and Microsoft collects less diagnostic data.",
    remedy="Set hbi_workspace=True; it cannot be changed later.",
)
def scratch_disks(props: Properties) -> Iterator[str]:
    """Azure ML, "Data encryption": the temporary disk of a cluster's nodes is encrypted where hbi_workspace is true."""
    if (said := props.flag_or_none("hbiWorkspace")) is not True:
        how = "not said" if said is None else said
        yield f"leaves the scratch disks of its machines unencrypted (hbiWorkspace {how})"


@stack_rule(
    "encryption-datastore",
    DATASTORE,
    severity="high",
    says="A datastore lies on the pilot's own storage, and is read and written over HTTPS.",
    remedy="Name the stack's storage account, and protocol https.",
)
def datastore(graph: Graph, item: Resource) -> Iterator[str]:
    """Runs read and write through datastores, so their output is encrypted with the key of the datastore's account."""
    if not graph.refers(item, "properties", storage.ACCOUNT):
        yield "lies on storage that is not the stack's"
    if item.props.text_or_empty("properties.protocol") != "https":
        yield "is not read over HTTPS"
    container = item.props.text_if_known("properties.containerName")
    made = {one.props.text_if_known("containerName") for one in graph.of(storage.CONTAINER)}
    if container and made and container not in made:
        yield f"lies in the container {container}, which is not the stack's"


_PARTS = {
    storage.BLOB_SERVICE: "blob service with versions",
    storage.FILE_SERVICE: "file service that keeps what is deleted",
    storage.MANAGEMENT_POLICY: "lifecycle",
}


@stack_rule(
    "encryption-bucket-whole",
    storage.ACCOUNT,
    severity="high",
    says="Every storage account declares the settings of its blob and file services, and a lifecycle.",
    remedy="Build storage with the Store component, which makes all three.",
)
def bucket_whole(graph: Graph, account: Resource) -> Iterator[str]:
    """Each part belongs to the account by reference."""
    for type_, what in _PARTS.items():
        if not graph.referring(type_, "accountName", account):
            yield f"has no {what}"


@resource_rule(
    "encryption-bucket-public",
    storage.ACCOUNT,
    storage.CONTAINER,
    severity="critical",
    says="No blob and no container can be made public.",
    remedy="Set allow_blob_public_access=False on the account and public_access='None' on the container.",
    never_waived=OPEN_TO_OTHERS,
)
def bucket_public(props: Properties) -> Iterator[str]:
    """Azure Policy 4fa4b6c0-31ca-4c0d-b10d-24b96f62a751."""
    if props.is_given("containerName") or props.is_given("publicAccess"):
        if props.text_or_empty("publicAccess") != "None":
            yield "is public, or does not say that it is not"
    elif props.flag_or_none("allowBlobPublicAccess") is not False:
        yield "lets a container be made public"


@resource_rule(
    "encryption-bucket-tls",
    storage.ACCOUNT,
    severity="high",
    says="Storage answers over TLS 1.2 only.",
    remedy="Set enable_https_traffic_only=True and minimum_tls_version='TLS1_2'; leave NFS and SFTP off.",
)
def bucket_tls(props: Properties) -> Iterator[str]:
    """Azure Policy 404c3081-a854-4457-ae30-26a93ef643f9 and fe83a0eb-a853-422d-aac2-1bffd182c5d0; MCSB DP-3."""
    if props.flag_or_none("enableHttpsTrafficOnly") is not True:
        yield "answers without TLS"
    if props.text_or_empty("minimumTlsVersion") not in ("TLS1_2", "TLS1_3"):
        yield "answers with TLS older than 1.2"
    if props.flag_or_none("enableNfsV3") or props.flag_or_none("isSftpEnabled"):
        yield "answers over NFS or SFTP"


@resource_rule(
    "encryption-bucket-settings",
    storage.ACCOUNT,
    storage.BLOB_SERVICE,
    storage.FILE_SERVICE,
    severity="medium",
    says="Storage keeps versions and what was deleted, and encrypts twice.",
    remedy="Set is_versioning_enabled, the three delete retention policies and require_infrastructure_encryption.",
)
def bucket_settings(props: Properties) -> Iterator[str]:
    """By type. Azure Policy 4733ea7b-a883-42fe-8cac-97454c2a9e4a; Azure Storage, "Data protection overview"."""
    if props.is_given("fileServicesName"):
        kept: tuple[str, ...] = ("shareDeleteRetentionPolicy",)
    elif props.is_given("blobServicesName"):
        kept = ("deleteRetentionPolicy", "containerDeleteRetentionPolicy")
        if props.flag_or_none("isVersioningEnabled") is not True:
            yield "keeps no versions"
    else:
        kept = ()
        if (twice := props.flag_or_none("encryption.requireInfrastructureEncryption")) is not True:
            yield f"encrypts once only (requireInfrastructureEncryption {'is not said' if twice is None else twice})"
    for path in kept:
        if props.flag_or_none(f"{path}.enabled") is not True or not props.number_or_none(f"{path}.days"):
            yield f"forgets at once what is deleted ({path})"


RULES = [
    key_used,
    key_granted,
    workspace_key,
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
