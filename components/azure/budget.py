"""What the team may spend, and who hears of it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi
from pulumi_azure_native import consumption

ACTUAL_PERCENT = (50, 80, 100)
FORECAST_PERCENT = 100


@dataclass
class BudgetArgs:
    """`monthly_usd` counts what stands in the resource group; alerts reach `owner` and the action group."""

    budget_name: str
    group_id: pulumi.Input[str]
    monthly_usd: float
    owner: str
    action_group_id: pulumi.Input[str]


class Budget(pulumi.ComponentResource):
    """Creates a monthly budget on the resource group, with alerts on actual and forecast cost.

    A budget counts in the currency of the subscription's bill, so a pilot billed in euros has euros here. It must begin
    on the first day of a month that is not past when it is created; afterwards the beginning is let be. A budget
    carries no tags. Source: Consumption API, "Budgets - Create or update".
    """

    budget_name: pulumi.Output[str]

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:azure:Budget", name, None, opts)
        alerts = [*(("Actual", percent) for percent in ACTUAL_PERCENT), ("Forecasted", FORECAST_PERCENT)]
        budget = consumption.Budget(
            name,
            budget_name=args.budget_name,
            scope=args.group_id,
            category="Cost",
            amount=args.monthly_usd,
            time_grain="Monthly",
            time_period={"start_date": datetime.now(UTC).strftime("%Y-%m-01T00:00:00Z")},
            notifications={
                f"{kind.lower()}-{percent}": {
                    "enabled": True,
                    "operator": "GreaterThan",
                    "threshold": percent,
                    "threshold_type": kind,
                    "contact_emails": [args.owner],
                    "contact_groups": [args.action_group_id],
                }
                for kind, percent in alerts
            },
            opts=pulumi.ResourceOptions(parent=self, ignore_changes=["timePeriod"]),
        )
        self.budget_name = budget.name
        self.register_outputs({"budget_name": self.budget_name})
