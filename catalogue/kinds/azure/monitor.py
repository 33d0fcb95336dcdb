"""Azure Monitor: alarms, their receivers, autoscaling, and the destinations of logs."""

from catalogue.answers import by_path, by_scope
from catalogue.behaviour import Ref, extending
from catalogue.durations import minutes_or_none
from catalogue.graph import Resource
from catalogue.kind import Acts, At, Bills, Kind, No, Renders, Watches, documented, from_source, setting
from catalogue.kinds.azure import CHECKED, DIAGNOSTIC_SETTING, NAMED, REPLACED, lies, operationalinsights
from catalogue.pricing import Bill, Pricing
from catalogue.rendering import ArmType

ACTION_GROUP = "azure-native:monitor:ActionGroup"
AUTOSCALE_SETTING = "azure-native:monitor:AutoscaleSetting"
METRIC_ALERT = "azure-native:monitor:MetricAlert"
QUERY_RULE = "azure-native:monitor:ScheduledQueryRule"
_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/monitor"
_GROUP = from_source(f"{_API}/actiongroup/", "2026-11-26")
_SCALING = from_source(f"{_API}/autoscalesetting/", "2026-11-26")
_SENT = from_source(f"{_API}/diagnosticsetting/", "2026-11-26")
_ALERT = from_source(f"{_API}/metricalert/", "2026-11-26")
_QUERY = from_source(f"{_API}/scheduledqueryrule/", "2026-11-26")
_PRICING = documented("https://azure.microsoft.com/pricing/details/monitor/", "2026-11-26")


def _metric_alert(pricing: Pricing, resource: Resource) -> Bill:
    """Each condition watches one time series. An alert without conditions counts as one."""
    watched = list(resource.props.each_section("criteria.allOf"))
    series = max(1, len(watched)) * pricing.of("metric-alert")
    return Bill("alarm", series, series, f"${series:g} a month")


def _log_alert(pricing: Pricing, resource: Resource) -> Bill:
    """A query that runs every 15 minutes or less often has the price for 15 minutes.

    By default it is the price for 5.
    """
    every = minutes_or_none(resource.props, "evaluationFrequency") or 0
    month = pricing.of("log-alert-5-minutes" if every < 15 else "log-alert-15-minutes")
    return Bill("alarm", month, month, f"${month:g} a month")


_NAME = r"[^*#&+:<>?@%{}\\/|]{1,260}"


KINDS: tuple[Kind, ...] = (
    setting(
        ACTION_GROUP,
        "a resource group",
        _GROUP,
        tags=At("tags", _GROUP),
        bills=No("a thousand e-mails a month are free", _PRICING),
        stands=No("an action group is global", _GROUP),
        acts=Acts(
            by_path("Microsoft.Insights/actionGroups", "actionGroupName"), lies("actionGroupName", pattern=_NAME), NAMED
        ),
        renders=Renders(ArmType("Microsoft.Insights/actionGroups", "2024-10-01-preview", "actionGroupName"), CHECKED),
    ),
    setting(
        AUTOSCALE_SETTING,
        "what it scales",
        _SCALING,
        tags=At("tags", _SCALING),
        runs=No("it sets how many machines run; what it scales says on which", _SCALING),
        bills=No("autoscaling is free", _PRICING),
        stands=At("location", _SCALING),
        acts=Acts(
            by_path("Microsoft.Insights/autoscaleSettings", "autoscaleSettingName"),
            lies("autoscaleSettingName", pattern=_NAME),
            NAMED,
        ),
        renders=Renders(
            ArmType(
                "Microsoft.Insights/autoscalesettings",
                "2021-05-01-preview",
                "autoscaleSettingName",
                {
                    "dimensions.dimensionName": "DimensionName",
                    "dimensions.values": "Values",
                    "dimensions.operator": "Operator",
                },
            ),
            CHECKED,
        ),
    ),
    setting(
        DIAGNOSTIC_SETTING,
        "what it records",
        _SENT,
        bills=No("a setting is free; what it sends bills in the log workspace", _PRICING),
        acts=Acts(
            by_scope("Microsoft.Insights/diagnosticSettings", "name", "resourceUri"),
            extending(
                "name",
                scope="resourceUri",
                copies_name=True,
                refs=(Ref("workspaceId", (operationalinsights.WORKSPACE,)),),
            ),
            REPLACED,
        ),
        renders=Renders(
            ArmType("Microsoft.Insights/diagnosticSettings", "2021-05-01-preview", "name", {"resourceUri": "scope"}),
            CHECKED,
        ),
    ),
    setting(
        METRIC_ALERT,
        "what it watches",
        _ALERT,
        tags=At("tags", _ALERT),
        bills=Bills(_metric_alert, _PRICING, ("Azure Monitor",)),
        stands=No("a metric alert is global", _ALERT),
        acts=Acts(
            by_path("Microsoft.Insights/metricAlerts", "ruleName"),
            lies("ruleName", pattern=_NAME, refs=(Ref("actions.actionGroupId", (ACTION_GROUP,)),)),
            NAMED,
        ),
        renders=Renders(
            ArmType("Microsoft.Insights/metricAlerts", "2018-03-01", "ruleName", {"criteria.odataType": "odata.type"}),
            CHECKED,
        ),
        watches=Watches(("scopes",), _ALERT),
    ),
    setting(
        QUERY_RULE,
        "a log workspace",
        _QUERY,
        tags=At("tags", _QUERY),
        bills=Bills(_log_alert, _PRICING, ("Azure Monitor",)),
        stands=At("location", _QUERY),
        acts=Acts(
            by_path("Microsoft.Insights/scheduledQueryRules", "ruleName"),
            lies("ruleName", pattern=_NAME, refs=(Ref("actions.actionGroups[]", (ACTION_GROUP,)),)),
            NAMED,
        ),
        renders=Renders(ArmType("Microsoft.Insights/scheduledQueryRules", "2025-01-01-preview", "ruleName"), CHECKED),
        watches=Watches(("criteria",), _QUERY),
    ),
)
