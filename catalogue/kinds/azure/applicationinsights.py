"""Application Insights: what a model's containers and the workspace tell of themselves."""

from collections.abc import Mapping
from typing import Any

from catalogue.answers import Request, by_path, guid
from catalogue.behaviour import Ref
from catalogue.kind import Acts, At, Kind, No, Renders, documented, from_source, setting
from catalogue.kinds.azure import CHECKED, NAMED, lies, operationalinsights
from catalogue.rendering import ArmType

COMPONENT = "azure-native:applicationinsights:Component"
_SDK = from_source(
    "https://www.pulumi.com/registry/packages/azure-native/api-docs/applicationinsights/component/", "2026-11-26"
)
_BASED = documented("https://learn.microsoft.com/en-us/azure/azure-monitor/app/create-workspace-resource", "2026-11-26")

_RENAMED = {
    "applicationType": "Application_Type",
    "disableIpMasking": "DisableIpMasking",
    "disableLocalAuth": "DisableLocalAuth",
    "flowType": "Flow_Type",
    "forceCustomerStorageForProfiler": "ForceCustomerStorageForProfiler",
    "hockeyAppId": "HockeyAppId",
    "immediatePurgeDataOn30Days": "ImmediatePurgeDataOn30Days",
    "ingestionMode": "IngestionMode",
    "requestSource": "Request_Source",
    "retentionInDays": "RetentionInDays",
    "samplingPercentage": "SamplingPercentage",
    "workspaceResourceId": "WorkspaceResourceId",
}


def _answer(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {"appId": guid(request.hex(32, "app")), "instrumentationKey": guid(request.hex(32, "key"))}


KINDS: tuple[Kind, ...] = (
    setting(
        COMPONENT,
        "a log workspace",
        _SDK,
        tags=At("tags", _SDK),
        keys=No("its data rest in the log workspace it stands on", _BASED),
        holds=No("its data rest in the log workspace it stands on", _BASED),
        bills=No("its data bill in the log workspace it stands on", _BASED),
        stands=At("location", _SDK),
        keeps=No("its data rest in the log workspace it stands on, for as long as that keeps them", _BASED),
        acts=Acts(
            by_path("Microsoft.Insights/components", "resourceName", _answer),
            lies(
                "resourceName",
                pattern=r"[^%&\\?/]{0,259}[^%&\\?/. ]",
                refs=(Ref("workspaceResourceId", (operationalinsights.WORKSPACE,)),),
            ),
            NAMED,
        ),
        renders=Renders(ArmType("Microsoft.Insights/components", "2020-02-02", "resourceName", _RENAMED), CHECKED),
    ),
)
