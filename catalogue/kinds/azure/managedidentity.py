"""Managed identities, under which workloads act."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import TENANT, Request, by_path, guid
from catalogue.kind import Acts, At, Kind, No, Renders, Settles, documented, from_source, setting
from catalogue.kinds.azure import CHECKED, IDENTITY, NAMED, UNMADE, lies
from catalogue.kinds.azure.authorization import ROLE_ASSIGNMENT
from catalogue.rendering import ArmType

CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"
_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/managedidentity"
_IDENTITY = from_source(f"{_API}/userassignedidentity/", "2026-11-26")
_CREDENTIAL = from_source(f"{_API}/federatedidentitycredential/", "2026-11-26")
_REPLICATED = documented(
    "https://learn.microsoft.com/en-us/azure/role-based-access-control/role-assignments-rest#new-service-principal",
    "2026-11-27",
)  # with no number; for five minutes azurerm tries again (pull request 1647 of terraform-provider-azurerm)
_FREE = documented(
    "https://learn.microsoft.com/en-us/entra/identity/managed-identities-azure-resources/overview", "2026-11-26"
)


def _answer(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {
        "clientId": guid(request.hex(32, "client")),
        "principalId": guid(request.hex(32, "principal")),
        "tenantId": TENANT,
    }


KINDS: tuple[Kind, ...] = (
    setting(
        CREDENTIAL,
        "an identity",
        _CREDENTIAL,
        bills=No("identities are free", _FREE),
        acts=UNMADE,
        renders=Renders(
            ArmType(
                "Microsoft.ManagedIdentity/userAssignedIdentities/federatedIdentityCredentials",
                "2023-01-31",
                "resourceName federatedIdentityCredentialResourceName",
            ),
            CHECKED,
        ),
    ),
    setting(
        IDENTITY,
        "a resource group",
        _IDENTITY,
        tags=At("tags", _IDENTITY),
        bills=No("identities are free", _FREE),
        stands=At("location", _IDENTITY),
        settles=Settles(
            5,
            'Status=400 Code="PrincipalNotFound" Message="Principal {name} does not exist in the directory."',
            _REPLICATED,
            askers=(ROLE_ASSIGNMENT,),
            at="principalId",
            of="principalId",
            unless="principalType",
        ),
        acts=Acts(
            by_path("Microsoft.ManagedIdentity/userAssignedIdentities", "resourceName", _answer),
            lies("resourceName", pattern=r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}"),
            NAMED,
        ),
        renders=Renders(
            ArmType("Microsoft.ManagedIdentity/userAssignedIdentities", "2023-01-31", "resourceName"), CHECKED
        ),
    ),
)
