"""What the team may spend, and who hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_gcp import billing

ACTUAL_PERCENT = (50, 80, 100)
FORECAST_PERCENT = 100
_NANOS = 1_000_000_000


@dataclass
class BudgetArgs:
    """`monthly_usd` counts what carries the label `team` in the project; alerts go to the channel.

    The billing account must be kept in dollars: Google refuses a budget in another currency than its account's.
    """

    billing_account: pulumi.Input[str]
    project_number: pulumi.Input[str]
    monthly_usd: float
    channel_id: pulumi.Input[str]
    tags: Mapping[str, str]


class Budget(pulumi.ComponentResource):
    """Creates a monthly budget on the project and the team's label, with alerts on actual and forecast spend.

    A budget filters by one label pair, takes the project by its number, and carries no labels itself. Whoever deploys
    needs the right to make budgets on the billing account, which no role on the project gives.
    """

    budget_name: pulumi.Output[str]

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:gcp:Budget", name, None, opts)
        alerts = [*(("CURRENT_SPEND", percent) for percent in ACTUAL_PERCENT), ("FORECASTED_SPEND", FORECAST_PERCENT)]
        units, nanos = divmod(round(args.monthly_usd * _NANOS), _NANOS)
        budget = billing.Budget(
            name,
            billing_account=args.billing_account,
            display_name=name,
            amount={"specified_amount": {"currency_code": "USD", "units": str(units), "nanos": nanos}},
            budget_filter={
                "projects": [pulumi.Output.concat("projects/", args.project_number)],
                "labels": {"team": args.tags["team"]},
                "calendar_period": "MONTH",
                "credit_types_treatment": "INCLUDE_ALL_CREDITS",
            },
            threshold_rules=[{"threshold_percent": percent / 100, "spend_basis": basis} for basis, percent in alerts],
            all_updates_rule={
                "monitoring_notification_channels": [args.channel_id],
                "disable_default_iam_recipients": True,
            },
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.budget_name = budget.name
        self.register_outputs({"budget_name": self.budget_name})
