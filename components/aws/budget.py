"""What the team may spend, and who hears of it."""

from dataclasses import dataclass

import pulumi
from pulumi_aws import budgets

from components.given import Args, Tags, Text

ACTUAL_PERCENT = (50, 80, 100)
FORECAST_PERCENT = 100


@dataclass(kw_only=True)
class BudgetArgs(Args):
    """Whose spend is watched, how much of it is agreed, and where alerts go."""

    account: Text
    """The AWS account whose bill is watched."""
    team: Text
    """The team whose spend counts: that of everything that carries the tag `team` with this value."""
    monthly_usd: pulumi.Input[float]
    """The budget in US dollars a month."""
    topic_arn: Text
    """The SNS topic that alerts go to; Budgets must be allowed to publish there."""
    tags: Tags
    """The tags of the budget."""


class Budget(pulumi.ComponentResource):
    """Creates a monthly cost budget on the team's tag.

    Alerts go out at 50, 80 and 100 percent of actual spend, and at 100 percent of the forecast. AWS counts a tag only
    from the day the payer account activates it as a cost-allocation tag. A member account cannot do that, so a person
    must. https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html
    """

    budget_name: pulumi.Output[str]
    """The name of the budget."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-aws:index:Budget", name, None, opts)
        alerts = [*(("ACTUAL", percent) for percent in ACTUAL_PERCENT), ("FORECASTED", FORECAST_PERCENT)]
        budget = budgets.Budget(
            name,
            name=name,
            account_id=args.account,
            budget_type="COST",
            time_unit="MONTHLY",
            limit_amount=pulumi.Output.from_input(args.monthly_usd).apply(lambda usd: f"{usd:.2f}"),
            limit_unit="USD",
            cost_filters=[{"name": "TagKeyValue", "values": [pulumi.Output.concat("user:team$", args.team)]}],
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
