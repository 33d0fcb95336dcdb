"""Storage accounts, their containers and what they keep of what is deleted."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import Request, by_path
from catalogue.graph import Resource
from catalogue.kind import (
    Acts,
    At,
    Bills,
    Guarded,
    Holds,
    KeyAt,
    Keys,
    Kind,
    No,
    Renders,
    documented,
    from_source,
    setting,
)
from catalogue.kinds.azure import CHECKED, DIAGNOSTIC_SETTING, IDENTITY, NAMED, REPLACED, lies
from catalogue.kinds.azure.keyvault import KEY
from catalogue.pricing import Bill, Pricing
from catalogue.rendering import ArmType

ACCOUNT = "azure-native:storage:StorageAccount"
CONTAINER = "azure-native:storage:BlobContainer"
BLOB_SERVICE = "azure-native:storage:BlobServiceProperties"
FILE_SERVICE = "azure-native:storage:FileServiceProperties"
MANAGEMENT_POLICY = "azure-native:storage:ManagementPolicy"
_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/storage"
_ACCOUNT = from_source(f"{_API}/storageaccount/", "2026-11-26")
_CONTAINER = from_source(f"{_API}/blobcontainer/", "2026-11-26")
_BLOBS = from_source(f"{_API}/blobserviceproperties/", "2026-11-26")
_FILES = from_source(f"{_API}/fileserviceproperties/", "2026-11-26")
_LIFECYCLE = from_source(f"{_API}/managementpolicy/", "2026-11-26")
_KEY = documented("https://learn.microsoft.com/en-us/azure/storage/common/customer-managed-keys-overview", "2026-11-26")
_KEY_AT = KeyAt(
    "encryption.keyVaultProperties.keyName",
    by="encryption.encryptionIdentity.encryptionUserAssignedIdentity",
    in_="encryption.keyVaultProperties.keyVaultUri",
)
_PRICING = documented("https://azure.microsoft.com/pricing/details/storage/blobs/", "2026-11-26")


def _price(pricing: Pricing, resource: Resource) -> Bill:
    redundancy = resource.props.text_or_empty("sku.name").rpartition("_")[2].lower()
    amount, operations = pricing.assume("artifact-gb"), pricing.assume("storage-operations") / 10_000
    kept = amount * pricing.of(f"storage-blob-hot-{redundancy}")
    calls = operations * (
        pricing.of(f"storage-blob-reads-{redundancy}") + pricing.of(f"storage-blob-writes-{redundancy}")
    )
    return Bill("storage", kept, kept + calls, f"{amount:g} GB kept, traffic or not; operations in the ceiling")


_ACCOUNTS, _IN_ACCOUNT = "Microsoft.Storage/storageAccounts", "Microsoft.Storage/storageAccounts/{accountName}"
_VERSION = "2024-01-01"
_RENAMED = {
    "enableHttpsTrafficOnly": "supportsHttpsTrafficOnly",
    "enableNfsV3": "isNfsV3Enabled",
    "networkRuleSet": "networkAcls",
    "ipRules.iPAddressOrRange": "value",
    "virtualNetworkRules.virtualNetworkResourceId": "id",
    "encryption.encryptionIdentity": "identity",
    "encryptionIdentity.encryptionFederatedIdentityClientId": "federatedIdentityClientId",
    "encryptionIdentity.encryptionUserAssignedIdentity": "userAssignedIdentity",
    "encryption.keyVaultProperties": "keyvaultproperties",
    "keyVaultProperties.keyName": "keyname",
    "keyVaultProperties.keyVaultUri": "keyvaulturi",
    "keyVaultProperties.keyVersion": "keyversion",
}


def _answer(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    hosts = {kind: f"https://{name}.{kind}.core.windows.net/" for kind in ("blob", "file", "queue", "table")}
    return {"primaryEndpoints": hosts, "primaryLocation": request.inputs["location"]}


KINDS: tuple[Kind, ...] = (
    setting(
        CONTAINER,
        "a storage account",
        _CONTAINER,
        keys=No("its blobs rest under the key of its account", _KEY),
        holds=Holds("data", _CONTAINER),
        bills=No("a container is free; what it holds bills in its account", _PRICING),
        keeps=No("blobs are kept until somebody deletes them; old versions expire by a lifecycle", _LIFECYCLE),
        acts=Acts(
            by_path(f"{_IN_ACCOUNT}/blobServices/default/containers", "containerName"),
            lies("containerName", "accountName", pattern=r"[a-z0-9](-?[a-z0-9]){2,62}"),
            NAMED,
        ),
        renders=Renders(
            ArmType(f"{_ACCOUNTS}/blobServices/containers", _VERSION, "accountName 'default' containerName"), CHECKED
        ),
    ),
    setting(
        BLOB_SERVICE,
        "a storage account",
        _BLOBS,
        holds=Holds("guard", _BLOBS),
        acts=Acts(
            by_path(f"{_IN_ACCOUNT}/blobServices", "blobServicesName"),
            lies("blobServicesName", "accountName", second="changes"),
            REPLACED,
        ),
        renders=Renders(ArmType(f"{_ACCOUNTS}/blobServices", _VERSION, "accountName blobServicesName"), CHECKED),
    ),
    setting(
        FILE_SERVICE,
        "a storage account",
        _FILES,
        holds=Holds("guard", _FILES),
        acts=Acts(
            by_path(f"{_IN_ACCOUNT}/fileServices", "fileServicesName"),
            lies("fileServicesName", "accountName", second="changes"),
            REPLACED,
        ),
        renders=Renders(ArmType(f"{_ACCOUNTS}/fileServices", _VERSION, "accountName fileServicesName"), CHECKED),
    ),
    setting(
        MANAGEMENT_POLICY,
        "a storage account",
        _LIFECYCLE,
        holds=Holds("guard", _LIFECYCLE),
        acts=Acts(
            by_path(f"{_IN_ACCOUNT}/managementPolicies", "managementPolicyName"),
            lies("managementPolicyName", "accountName", second="changes"),
            REPLACED,
        ),
        renders=Renders(
            ArmType(f"{_ACCOUNTS}/managementPolicies", _VERSION, "accountName managementPolicyName"), CHECKED
        ),
    ),
    setting(
        ACCOUNT,
        "a resource group",
        _ACCOUNT,
        tags=At("tags", _ACCOUNT),
        keys=Keys((_KEY_AT,), _KEY),
        holds=Holds("data", _ACCOUNT),
        reaches=No("whoever reads from it or writes to it reaches it, not it them", _ACCOUNT),
        bills=Bills(_price, _PRICING, ("Storage Accounts",)),
        stands=At("location", _ACCOUNT),
        keeps=No("files are kept until somebody deletes them; old versions expire by its lifecycle", _LIFECYCLE),
        acts=Acts(
            by_path(_ACCOUNTS, "accountName", _answer),
            lies("accountName", pattern=r"[a-z0-9]{3,24}", unique="{name}"),
            NAMED,
        ),
        renders=Renders(ArmType(_ACCOUNTS, _VERSION, "accountName", _RENAMED), CHECKED),
        # Its identity wraps with the key: without one nobody reads what it holds.
        guarded=Guarded((BLOB_SERVICE, FILE_SERVICE, MANAGEMENT_POLICY, DIAGNOSTIC_SETTING, KEY, IDENTITY), _KEY),
    ),
)
