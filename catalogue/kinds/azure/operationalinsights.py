"""Log Analytics workspaces, which record everything."""

from collections.abc import Iterator, Mapping
from typing import Any

from catalogue.answers import Request, by_path, guid
from catalogue.graph import Graph, Resource
from catalogue.kind import Acts, At, Bills, Holds, Keeps, Kind, No, Renders, Stays, documented, from_source, setting
from catalogue.kinds.azure import CHECKED, NAMED, lies
from catalogue.pricing import Bill, Pricing
from catalogue.rendering import ArmType

WORKSPACE = "azure-native:operationalinsights:Workspace"
_SDK = from_source(
    "https://www.pulumi.com/registry/packages/azure-native/api-docs/operationalinsights/workspace/", "2026-11-26"
)
_KEPT = documented("https://learn.microsoft.com/en-us/azure/azure-monitor/logs/data-retention-configure", "2026-11-26")
_KEY = documented("https://learn.microsoft.com/en-us/azure/azure-monitor/logs/customer-managed-keys", "2026-11-26")
_RECOVERED = documented("https://learn.microsoft.com/en-us/azure/azure-monitor/logs/delete-workspace", "2026-11-26")
_PRICING = documented("https://azure.microsoft.com/pricing/details/monitor/", "2026-11-26")


def _days(graph: Graph, resource: Resource) -> Iterator[float | None]:
    yield resource.props.number_or_none("retentionInDays")


def _price(pricing: Pricing, resource: Resource) -> Bill:
    """What is taken in, and kept beyond the 31 days that are included. Without a number of days it keeps 30."""
    amount = pricing.assume("audit-log-gb")
    days = resource.props.number_or_none("retentionInDays") or 30
    beyond = max(0.0, days - 31) * 12 / 365
    cost = amount * (pricing.of("log-analytics-ingestion") + beyond * pricing.of("log-analytics-retention"))
    basis = f"{amount:g} GB taken in and kept {days:g} days, of which 31 are included, in the ceiling"
    return Bill("audit log", 0.0, cost, basis)


def _answer(request: Request, id_: str, name: str) -> Mapping[str, Any]:
    return {"customerId": guid(request.hex(32))}


KINDS: tuple[Kind, ...] = (
    setting(
        WORKSPACE,
        "a resource group",
        _SDK,
        tags=At("tags", _SDK),
        keys=No("a key of one's own takes a dedicated cluster of 100 GB a day", _KEY),
        holds=Holds("data", _SDK),
        bills=Bills(_price, _PRICING, ("Azure Monitor",)),
        stands=At("location", _SDK),
        keeps=Keeps(_days, _KEPT),
        acts=Acts(
            by_path("Microsoft.OperationalInsights/workspaces", "workspaceName", _answer),
            lies("workspaceName", pattern=r"[A-Za-z0-9][A-Za-z0-9-]{2,61}[A-Za-z0-9]"),
            NAMED,
        ),
        # For fourteen days a create of the same name, group and place recovers it. After that the name is free.
        stays=Stays(14, "", _RECOVERED, back=14),
        renders=Renders(
            ArmType(
                "Microsoft.OperationalInsights/workspaces", "2023-09-01", "workspaceName", inside=frozenset({"sku"})
            ),
            CHECKED,
        ),
    ),
)
