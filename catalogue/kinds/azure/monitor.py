"""Azure Monitor: alarms, whom they reach, autoscaling, and where logs are sent."""

from catalogue.durations import minutes_or_none
from catalogue.graph import Resource
from catalogue.kind import At, Bills, Kind, No, documented, from_source, setting
from catalogue.pricing import Bill, Pricing

_API = "https://www.pulumi.com/registry/packages/azure-native/api-docs/monitor"
_GROUP = from_source(f"{_API}/actiongroup/", "2026-11-26")
_SCALING = from_source(f"{_API}/autoscalesetting/", "2026-11-26")
_SENT = from_source(f"{_API}/diagnosticsetting/", "2026-11-26")
_ALERT = from_source(f"{_API}/metricalert/", "2026-11-26")
_QUERY = from_source(f"{_API}/scheduledqueryrule/", "2026-11-26")
_PRICING = documented("https://azure.microsoft.com/pricing/details/monitor/", "2026-11-26")


def _metric_alert(pricing: Pricing, resource: Resource) -> Bill:
    """Each condition watches one time series; an alert without conditions is counted as one."""
    watched = list(resource.props.each_section("criteria.allOf"))
    series = max(1, len(watched)) * pricing.of("metric-alert")
    return Bill("alarm", series, series, f"${series:g} a month")


def _log_alert(pricing: Pricing, resource: Resource) -> Bill:
    """What is asked at most every 15 minutes is priced as if every 15; what does not say how often, as if every 5."""
    every = minutes_or_none(resource.props, "evaluationFrequency") or 0
    month = pricing.of("log-alert-5-minutes" if every < 15 else "log-alert-15-minutes")
    return Bill("alarm", month, month, f"${month:g} a month")


KINDS: tuple[Kind, ...] = (
    setting(
        "azure-native:monitor:ActionGroup",
        "a resource group",
        _GROUP,
        tags=At("tags", _GROUP),
        bills=No("a thousand e-mails a month are free", _PRICING),
        stands=No("an action group is global", _GROUP),
    ),
    setting(
        "azure-native:monitor:AutoscaleSetting",
        "what it scales",
        _SCALING,
        tags=At("tags", _SCALING),
        runs=No("it sets how many machines run; what it scales says on which", _SCALING),
        bills=No("autoscaling is free", _PRICING),
        stands=At("location", _SCALING),
    ),
    setting(
        "azure-native:monitor:DiagnosticSetting",
        "what it records",
        _SENT,
        bills=No("a setting is free; what it sends bills in the log workspace", _PRICING),
    ),
    setting(
        "azure-native:monitor:MetricAlert",
        "what it watches",
        _ALERT,
        tags=At("tags", _ALERT),
        bills=Bills(_metric_alert, _PRICING),
        stands=No("a metric alert is global", _ALERT),
    ),
    setting(
        "azure-native:monitor:ScheduledQueryRule",
        "a log workspace",
        _QUERY,
        tags=At("tags", _QUERY),
        bills=Bills(_log_alert, _PRICING),
        stands=At("location", _QUERY),
    ),
)
