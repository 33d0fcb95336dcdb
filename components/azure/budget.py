"""What the team may spend, and who hears of it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pulumi
from pulumi_azure_native import consumption

from components.given import Args, Text

ACTUAL_PERCENT = (50, 80, 100)
FORECAST_PERCENT = 100


@dataclass(kw_only=True)
class BudgetArgs(Args):
    """How much may be spent, on what, and who hears of it."""

    budget_name: Text
    """The name of the budget, which the resource group has once."""
    group_id: Text
    """The id of the resource group whose cost is counted."""
    monthly_usd: pulumi.Input[float]
    """How much the group may cost in a calendar month, in dollars."""
    owner: Text
    """The e-mail address that the alerts reach."""
    action_group_id: Text
    """The id of the action group that the alerts reach too."""


class Budget(pulumi.ComponentResource):
    """Creates a monthly budget on the resource group.

    It alerts at 50, 80 and 100 percent of actual cost, and where the forecast is above 100 percent. It stops nothing.

    A budget counts in the currency of the subscription's bill: where that is billed in euros, the number means euros. A
    new budget must begin on the first day of this month or a later one, so it begins with this month; afterwards its
    beginning is left as it is. A budget carries no tags.

    Source: https://learn.microsoft.com/en-us/rest/api/consumption/budgets/create-or-update
    """

    budget_name: pulumi.Output[str]
    """The name of the budget, by which Azure's cost pages list it."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-azure:index:Budget", name, None, opts)
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
