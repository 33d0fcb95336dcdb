"""Budgets: who hears of the bill before it is due."""

from catalogue.kind import Kind, No, documented, from_source, setting

_SDK = from_source("https://www.pulumi.com/registry/packages/azure-native/api-docs/consumption/budget/", "2026-11-26")
_FREE = documented("https://azure.microsoft.com/pricing/details/cost-management/", "2026-11-26")

KINDS: tuple[Kind, ...] = (
    setting("azure-native:consumption:Budget", "a resource group", _SDK, bills=No("budgets are free", _FREE)),
)
