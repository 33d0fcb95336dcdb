"""Storage accounts, their containers and what they keep of what is deleted."""

from catalogue.graph import Resource
from catalogue.kind import At, Bills, Holds, KeyAt, Keys, Kind, No, documented, from_source, setting
from catalogue.pricing import Bill, Pricing

_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/storage"
_ACCOUNT = from_source(f"{_API}/storageaccount/", "2026-11-26")
_CONTAINER = from_source(f"{_API}/blobcontainer/", "2026-11-26")
_BLOBS = from_source(f"{_API}/blobserviceproperties/", "2026-11-26")
_FILES = from_source(f"{_API}/fileserviceproperties/", "2026-11-26")
_LIFECYCLE = from_source(f"{_API}/managementpolicy/", "2026-11-26")
_KEY = documented("https://learn.microsoft.com/en-us/azure/storage/common/customer-managed-keys-overview", "2026-11-26")
_PRICING = documented("https://azure.microsoft.com/pricing/details/storage/blobs/", "2026-11-26")


def _price(pricing: Pricing, resource: Resource) -> Bill:
    redundancy = resource.props.text_or_empty("sku.name").rpartition("_")[2].lower()
    amount, operations = pricing.assume("artifact-gb"), pricing.assume("storage-operations") / 10_000
    kept = amount * pricing.of(f"storage-blob-hot-{redundancy}")
    calls = operations * (pricing.of("storage-blob-reads") + pricing.of("storage-blob-writes"))
    return Bill("storage", kept, kept + calls, f"{amount:g} GB kept, traffic or not; operations in the ceiling")


KINDS: tuple[Kind, ...] = (
    setting(
        "azure-native:storage:BlobContainer",
        "a storage account",
        _CONTAINER,
        keys=No("its blobs rest under the key of its account", _KEY),
        holds=Holds("data", _CONTAINER),
        bills=No("a container is free; what it holds bills in its account", _PRICING),
        keeps=No("blobs are kept until somebody deletes them; old versions expire by a lifecycle", _LIFECYCLE),
    ),
    setting("azure-native:storage:BlobServiceProperties", "a storage account", _BLOBS),
    setting("azure-native:storage:FileServiceProperties", "a storage account", _FILES),
    setting("azure-native:storage:ManagementPolicy", "a storage account", _LIFECYCLE),
    setting(
        "azure-native:storage:StorageAccount",
        "a resource group",
        _ACCOUNT,
        tags=At("tags", _ACCOUNT),
        keys=Keys((KeyAt("encryption.keyVaultProperties.keyName"),), _KEY),
        holds=Holds("data", _ACCOUNT),
        reaches=No("whoever reads from it or writes to it reaches it, not it them", _ACCOUNT),
        bills=Bills(_price, _PRICING),
        stands=At("location", _ACCOUNT),
        keeps=No("files are kept until somebody deletes them; old versions expire by its lifecycle", _LIFECYCLE),
    ),
)
