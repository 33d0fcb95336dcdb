"""Application Insights: what a model's containers and the workspace tell of themselves."""

from catalogue.kind import At, Kind, No, documented, from_source, setting

_SDK = from_source(
    "https://www.pulumi.com/registry/packages/azure-native/api-docs/applicationinsights/component/", "2026-11-26"
)
_BASED = documented("https://learn.microsoft.com/en-us/azure/azure-monitor/app/create-workspace-resource", "2026-11-26")

KINDS: tuple[Kind, ...] = (
    setting(
        "azure-native:applicationinsights:Component",
        "a log workspace",
        _SDK,
        tags=At("tags", _SDK),
        keys=No("its data rest in the log workspace it stands on", _BASED),
        holds=No("its data rest in the log workspace it stands on", _BASED),
        bills=No("its data bill in the log workspace it stands on", _BASED),
        stands=At("location", _SDK),
        keeps=No("its data rest in the log workspace it stands on, for as long as that keeps them", _BASED),
    ),
)
