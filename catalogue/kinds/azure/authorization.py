"""Who may do what (Azure RBAC), and what nobody may (Azure Policy)."""

from catalogue.kind import Kind, No, documented, from_source, setting

_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/authorization"
_DENIES = from_source(f"{_API}/policyassignment/", "2026-11-26")
_GIVEN = from_source(f"{_API}/roleassignment/", "2026-11-26")
_ROLE = from_source(f"{_API}/roledefinition/", "2026-11-26")
_POLICY_PRICE = documented("https://azure.microsoft.com/pricing/details/azure-policy/", "2026-11-26")
_RBAC = documented("https://learn.microsoft.com/en-us/azure/role-based-access-control/overview", "2026-11-26")

KINDS: tuple[Kind, ...] = (
    setting(
        "azure-native:authorization:PolicyAssignment",
        "what it is assigned to",
        _DENIES,
        bills=No("Azure Policy is free", _POLICY_PRICE),
        stands=No("its location is that of an identity that remediates, which a denial does not need", _DENIES),
    ),
    setting("azure-native:authorization:RoleAssignment", "a role", _GIVEN, bills=No("roles are free", _RBAC)),
    setting("azure-native:authorization:RoleDefinition", "a directory", _ROLE, bills=No("roles are free", _RBAC)),
)
