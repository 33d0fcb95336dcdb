"""Resource groups: where everything of a stack stands."""

from catalogue.kind import At, Holds, Kind, No, documented, from_source, setting

_SDK = from_source(
    "https://www.pulumi.com/registry/packages/azure-native/api-docs/resources/resourcegroup/", "2026-11-26"
)
_DELETED = documented(
    "https://learn.microsoft.com/en-us/azure/azure-resource-manager/management/delete-resource-group", "2026-11-26"
)

KINDS: tuple[Kind, ...] = (
    setting(
        "azure-native:resources:ResourceGroup",
        "a subscription",
        _SDK,
        tags=At("tags", _SDK),
        holds=Holds("guard", _DELETED),
        bills=No("a resource group is free", _SDK),
        stands=At("location", _SDK),
    ),
)
