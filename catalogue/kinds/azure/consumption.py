"""Budgets: who hears of the bill before it is due."""

from catalogue.answers import by_scope
from catalogue.behaviour import extending
from catalogue.kind import Acts, Apart, Kind, No, Renders, StandsApart, documented, from_source, setting
from catalogue.kinds.azure import CHECKED, REPLACED
from catalogue.rendering import ArmType

BUDGET = "azure-native:consumption:Budget"
_SDK = from_source("https://www.pulumi.com/registry/packages/azure-native/api-docs/consumption/budget/", "2026-11-26")
_FREE = documented("https://azure.microsoft.com/pricing/details/cost-management/", "2026-11-26")

KINDS: tuple[Kind, ...] = (
    setting(
        BUDGET,
        "a resource group",
        _SDK,
        bills=No("budgets are free", _FREE),
        acts=Acts(by_scope("Microsoft.Consumption/budgets", "budgetName"), extending("budgetName"), REPLACED),
        renders=Renders(ArmType("Microsoft.Consumption/budgets", "2024-08-01", "budgetName"), CHECKED),
        apart=StandsApart((Apart("timePeriod", "a budget keeps the month in which it began"),), _SDK),
    ),
)
