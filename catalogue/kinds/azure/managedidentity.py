"""Managed identities: as whom workloads act."""

from catalogue.kind import At, Kind, No, documented, from_source, setting

_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/managedidentity"
_IDENTITY = from_source(f"{_API}/userassignedidentity/", "2026-11-26")
_CREDENTIAL = from_source(f"{_API}/federatedidentitycredential/", "2026-11-26")
_FREE = documented(
    "https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/overview", "2026-11-26"
)

KINDS: tuple[Kind, ...] = (
    setting(
        "azure-native:managedidentity:FederatedIdentityCredential",
        "an identity",
        _CREDENTIAL,
        bills=No("identities are free", _FREE),
    ),
    setting(
        "azure-native:managedidentity:UserAssignedIdentity",
        "a resource group",
        _IDENTITY,
        tags=At("tags", _IDENTITY),
        bills=No("identities are free", _FREE),
        stands=At("location", _IDENTITY),
    ),
)
