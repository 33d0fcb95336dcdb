"""Resource groups, which contain everything of a stack."""

from catalogue.answers import Answer, Request
from catalogue.behaviour import Behaviour
from catalogue.kind import Acts, At, Guarded, Holds, Kind, No, Renders, documented, from_source, setting
from catalogue.kinds.azure import CHECKED, NAMED
from catalogue.kinds.azure.authorization import POLICY_ASSIGNMENT
from catalogue.rendering import ArmType

GROUP = "azure-native:resources:ResourceGroup"
_SDK = from_source(
    "https://www.pulumi.com/registry/packages/azure-native/api-docs/resources/resourcegroup/", "2026-11-26"
)
_DELETED = documented(
    "https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/delete-resource-group", "2026-11-26"
)
_DENIES = documented("https://learn.microsoft.com/en-us/azure/governance/policy/overview", "2026-11-26")


def _group(request: Request) -> Answer:
    name = str(request.inputs.get("resourceGroupName") or f"{request.name}{request.hex(8)}")
    return Answer(f"/subscriptions/{request.account}/resourceGroups/{name}", {"name": name})


KINDS: tuple[Kind, ...] = (
    setting(
        GROUP,
        "a subscription",
        _SDK,
        tags=At("tags", _SDK),
        holds=Holds("guard", _DELETED),
        bills=No("a resource group is free", _SDK),
        stands=At("location", _SDK),
        acts=Acts(
            _group,
            Behaviour(
                frozenset({"resourceGroupName", "location"}),
                name="resourceGroupName",
                pattern=r"[\w.()-]{0,89}[\w()-]",
                identity=frozenset({"resourceGroupName"}),
                nests=True,
            ),
            NAMED,
        ),
        renders=Renders(ArmType("Microsoft.Resources/resourceGroups", "2024-03-01", "resourceGroupName"), CHECKED),
        guarded=Guarded((POLICY_ASSIGNMENT,), _DENIES),
    ),
)
