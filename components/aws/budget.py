"""What the team may spend, and who hears of it."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
from pulumi_aws import budgets

ACTUAL_PERCENT = (50, 80, 100)
FORECAST_PERCENT = 100


@dataclass
class BudgetArgs:
    """`monthly_usd` counts what carries the tag `team`; alerts go to the topic."""

    account: str
    team: str
    monthly_usd: float
    topic_arn: pulumi.Input[str]
    tags: Mapping[str, str]


class Budget(pulumi.ComponentResource):
    """Creates a monthly cost budget on the team's tag, with alerts on actual and forecast spend.

    AWS counts a tag only from the day the payer account activates it as a cost-allocation tag; a member account
    cannot do that, so it stays a manual step of the pilot.
    """

    budget_name: pulumi.Output[str]

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform:aws:Budget", name, None, opts)
        alerts = [*(("ACTUAL", percent) for percent in ACTUAL_PERCENT), ("FORECASTED", FORECAST_PERCENT)]
        budget = budgets.Budget(
            name,
            name=name,
            account_id=args.account,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=f"{args.monthly_usd:.2f}",
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": [f"user:team${args.team}"]}],
            notifications=[
                {
                    "comparison_operator": "GREATER_THAN",
                    "notification_type": kind,
                    "threshold": percent,
                    "threshold_type": "PERCENTAGE",
                    "subscriber_sns_topic_arns": [args.topic_arn],
                }
                for kind, percent in alerts
            ],
            tags=args.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.budget_name = budget.name
        self.register_outputs({"budget_name": self.budget_name})
