"""Azure RBAC, which says who may do what, and Azure Policy, which says what nobody may do."""

from catalogue.answers import Answer, Request, by_scope, guid
from catalogue.behaviour import Behaviour, extending
from catalogue.kind import Acts, Holds, Kind, No, Renders, Ripens, Settles, documented, from_source, setting
from catalogue.kinds.azure import CHECKED, REPLACED
from catalogue.rendering import ArmType

POLICY_ASSIGNMENT = "azure-native:authorization:PolicyAssignment"
POLICY_DEFINITION = "azure-native:authorization:PolicyDefinition"
ROLE_ASSIGNMENT = "azure-native:authorization:RoleAssignment"
ROLE_DEFINITION = "azure-native:authorization:RoleDefinition"
_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/authorization"
_DENIES = from_source(f"{_API}/policyassignment/", "2026-11-26")
_DEFINED = from_source(f"{_API}/policydefinition/", "2026-11-27")
_GIVEN = from_source(f"{_API}/roleassignment/", "2026-11-26")
_ROLE = from_source(f"{_API}/roledefinition/", "2026-11-26")
_POLICY_PRICE = documented("https://azure.microsoft.com/pricing/details/azure-policy/", "2026-11-26")
_RBAC = documented("https://learn.microsoft.com/en-us/azure/role-based-access-control/overview", "2026-11-26")
_READ_LATE = documented("https://github.com/hashicorp/terraform-provider-azurerm/issues/5038", "2026-11-27")
_LAGS = documented(
    "https://learn.microsoft.com/en-us/azure/role-based-access-control/troubleshooting", "2026-11-26"
)  # "Role assignment changes are not being detected"


def _policy_definition(request: Request) -> Answer:
    """The id of a definition of a subscription."""
    name = str(request.inputs.get("policyDefinitionName") or request.name)
    return Answer(f"/subscriptions/{request.account}/providers/Microsoft.Authorization/policyDefinitions/{name}", {})


def _role_definition(request: Request) -> Answer:
    """The id of a role definition. It begins with the subscription's id, whatever its scope is."""
    name = str(request.inputs.get("roleDefinitionId") or guid(request.hex(32)))
    id_ = f"/subscriptions/{request.account}/providers/Microsoft.Authorization/roleDefinitions/{name}"
    return Answer(id_, {"name": name})


KINDS: tuple[Kind, ...] = (
    setting(
        POLICY_ASSIGNMENT,
        "what it is assigned to",
        _DENIES,
        holds=Holds("guard", _DENIES),
        bills=No("Azure Policy is free", _POLICY_PRICE),
        stands=No("its location is that of an identity that remediates, which a denial does not need", _DENIES),
        acts=Acts(
            by_scope("Microsoft.Authorization/policyAssignments", "policyAssignmentName"),
            extending("policyAssignmentName"),
            REPLACED,
        ),
        renders=Renders(
            ArmType("Microsoft.Authorization/policyAssignments", "2025-01-01", "policyAssignmentName"), CHECKED
        ),
    ),
    setting(
        POLICY_DEFINITION,
        "a subscription",
        _DEFINED,
        holds=Holds("guard", _DEFINED),
        bills=No("Azure Policy is free", _POLICY_PRICE),
        acts=Acts(
            _policy_definition,
            Behaviour(
                frozenset({"policyDefinitionName"}),
                name="policyDefinitionName",
                identity=frozenset({"policyDefinitionName"}),
            ),
            REPLACED,
        ),
        renders=Renders(
            ArmType("Microsoft.Authorization/policyDefinitions", "2025-01-01", "policyDefinitionName"), CHECKED
        ),
    ),
    setting(
        ROLE_ASSIGNMENT,
        "a role",
        _GIVEN,
        bills=No("roles are free", _RBAC),
        ripens=Ripens(10, 10, _LAGS, member="principalId", on="scope", of="principalId"),
        acts=Acts(
            by_scope("Microsoft.Authorization/roleAssignments", "roleAssignmentName"),
            extending("roleAssignmentName"),
            REPLACED,
        ),
        renders=Renders(
            ArmType("Microsoft.Authorization/roleAssignments", "2022-04-01", "roleAssignmentName"), CHECKED
        ),
    ),
    setting(
        ROLE_DEFINITION,
        "a directory",
        _ROLE,
        bills=No("roles are free", _RBAC),
        settles=Settles(
            5,
            'Status=400 Code="RoleDefinitionDoesNotExist" Message="The specified role definition with ID'
            " '{name}' does not exist.\"",
            _READ_LATE,
            askers=(ROLE_ASSIGNMENT,),
            at="roleDefinitionId",
        ),
        acts=Acts(_role_definition, extending("roleDefinitionId"), REPLACED),
        renders=Renders(
            ArmType(
                "Microsoft.Authorization/roleDefinitions",
                "2022-05-01-preview",
                "roleDefinitionId",
                {"roleType": "type"},
            ),
            CHECKED,
        ),
    ),
)
