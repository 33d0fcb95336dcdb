"""Writes FOCUS exports as each cloud does: its own columns, its own way to write tags, as CSV or Parquet.

AWS: https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-focus-1-0-aws-columns.html and -1-2-; Azure:
https://learn.microsoft.com/azure/cost-management-billing/dataset-schema/cost-usage-details-focus; Google:
https://docs.cloud.google.com/billing/docs/how-to/export-data-bigquery-tables/focus-export.
"""

import csv
import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

_EVERYWHERE = [
    "BilledCost",
    "BillingAccountId",
    "BillingAccountName",
    "BillingCurrency",
    "BillingPeriodEnd",
    "BillingPeriodStart",
    "ChargeCategory",
    "ChargeClass",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountCategory",
    "CommitmentDiscountId",
    "CommitmentDiscountName",
    "CommitmentDiscountStatus",
    "CommitmentDiscountType",
    "ConsumedQuantity",
    "ConsumedUnit",
    "ContractedCost",
    "ContractedUnitPrice",
    "EffectiveCost",
    "InvoiceIssuerName",
    "ListCost",
    "ListUnitPrice",
    "PricingCategory",
    "PricingQuantity",
    "PricingUnit",
    "ProviderName",
    "PublisherName",
    "RegionId",
    "RegionName",
    "ResourceId",
    "ResourceName",
    "ResourceType",
    "ServiceCategory",
    "ServiceName",
    "SkuId",
    "SkuPriceId",
    "SubAccountId",
    "SubAccountName",
    "Tags",
]
_PRICING = ["PricingCurrency", "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost"]
_OF_1_2 = ["CapacityReservationId", "SkuMeter", "SkuPriceDetails", *_PRICING, "PricingCurrencyListUnitPrice"]
COLUMNS: Mapping[str, Sequence[str]] = {
    "aws 1.0": ["AvailabilityZone", *_EVERYWHERE, "x_CostCategories", "x_Discounts", "x_Operation", "x_UsageType"],
    "aws 1.2": ["AvailabilityZone", *_EVERYWHERE, *_OF_1_2, "x_Operation", "x_ServiceCode"],
    "azure": [
        *_EVERYWHERE,
        *(f"x_{cost}InUsd" for cost in ("BilledCost", "ContractedCost", "EffectiveCost", "ListCost")),
        *("x_ResourceGroupName", "x_SkuMeterCategory", "x_SkuMeterName"),
    ],
    # Google's export has no Tags, and its view has no x_Labels.
    "gcp": [*(name for name in _EVERYWHERE if name != "Tags"), *_PRICING, "x_CurrencyConversionRate", "x_Labels"],
    "gcp view": _EVERYWHERE,
}
BEGINS = datetime(2026, 10, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Row:
    """One charge of a day. `more` are columns that only one cloud has."""

    service: str = "Amazon SageMaker"
    cost: float = 1.0
    tags: Mapping[str, str] = field(default_factory=dict[str, str])
    resource: str = ""
    account: str = "111122223333"
    category: str = "Usage"
    correction: bool = False
    currency: str = "USD"
    since: datetime = BEGINS
    hours: float = 24
    off: float = 0.0
    """The share of the list cost that a discount takes."""
    more: Mapping[str, str] = field(default_factory=dict[str, str])

    def written(self) -> dict[str, str]:
        less = self.cost * (1 - self.off)
        month = self.since.replace(day=1, hour=0)
        return {
            "BilledCost": f"{less:.10f}",
            "EffectiveCost": f"{less:.10f}",
            "ListCost": f"{self.cost:.10f}",
            "ContractedCost": f"{less:.10f}",
            "BillingCurrency": self.currency,
            "BillingPeriodStart": f"{month:%Y-%m-%dT%H:%M:%SZ}",
            "ChargePeriodStart": f"{self.since:%Y-%m-%dT%H:%M:%SZ}",
            "ChargePeriodEnd": f"{self.since + timedelta(hours=self.hours):%Y-%m-%dT%H:%M:%SZ}",
            "ChargeCategory": self.category,
            "ChargeClass": "Correction" if self.correction else "",
            "ServiceName": self.service,
            "SubAccountId": self.account,
            "ResourceId": self.resource,
            **self.more,
        }


def tags_in_text(cloud: str, tags: Mapping[str, str]) -> str:
    """Tags as a cloud writes them into CSV: an object, one without braces, or a list."""
    if cloud == "gcp":
        return json.dumps([{"Key": key, "Value": value} for key, value in tags.items()])
    return json.dumps(tags)[1:-1] if cloud == "azure" else json.dumps(tags)


_TAGS = {
    "gcp": 'CAST(CAST({0} AS JSON) AS STRUCT("Key" VARCHAR, "Value" VARCHAR)[])',
    "azure": "'{{' || {0} || '}}'",
    "aws": "CAST(CAST({0} AS JSON) AS MAP(VARCHAR, VARCHAR))",
}


def write(path: Path, cloud: str, rows: Sequence[Row]) -> Path:
    """Write an export. The name of the file says whether it is CSV, zipped or not, or Parquet."""
    text = path if path.suffix != ".parquet" else path.with_name("text")
    provider, tags = cloud.partition(" ")[0], "x_Labels" if cloud == "gcp" else "Tags"
    with gzip.open(text, "wt", newline="") if text.suffix == ".gz" else text.open("w", newline="") as written:
        sheet = csv.DictWriter(written, COLUMNS[cloud], restval="", extrasaction="ignore")
        sheet.writeheader()
        for row in rows:
            sheet.writerow(row.written() | {tags: tags_in_text(provider, row.tags) if row.tags else ""})
    if text != path:
        costs = ", ".join(f"CAST({c} AS DOUBLE) AS {c}" for c in ("BilledCost", "EffectiveCost", "ListCost"))
        times = ", ".join(f"CAST({c} AS TIMESTAMP) AS {c}" for c in ("ChargePeriodStart", "ChargePeriodEnd"))
        with duckdb.connect() as base:
            base.execute(
                f"COPY (SELECT * REPLACE ({costs}, {times}, {_TAGS[provider].format(tags)} AS {tags}) FROM "
                f"read_csv('{text}', all_varchar = true, nullstr = '')) TO '{text}.parquet' (FORMAT parquet)"
            )
        text.with_name("text.parquet").rename(path)
    return path
