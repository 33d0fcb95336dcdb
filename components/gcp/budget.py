"""What may be spent in the project, and who hears of it."""

from dataclasses import dataclass

import pulumi
from pulumi_gcp import billing

from components.given import Args, Text

ACTUAL_PERCENT = (50, 80, 100)
FORECAST_PERCENT = 100
_NANOS = 1_000_000_000


@dataclass(kw_only=True)
class BudgetArgs(Args):
    """What may be spent, and who hears of it."""

    billing_account: Text
    """The id of the billing account that pays for the project. It must be kept in US dollars, because Google refuses a
    budget in another currency than its account's."""
    project_number: Text
    """The number of the project whose spend is counted."""
    monthly_usd: pulumi.Input[float]
    """US dollars a calendar month."""
    channel_id: Text
    """The notification channel that alerts go to, of Alerts."""


class Budget(pulumi.ComponentResource):
    """Creates a monthly budget on all that a project spends, with alerts.

    Alerts go out at 50, 80 and 100 % of actual spend and at a forecast of 100 %. A budget stops nothing. It filters by
    the project and by no label, which would miss what people start without one. It carries no labels itself. Whoever
    deploys it needs the right to make budgets on the billing account, which no role on the project gives.
    Rule: Cloud Billing, "Create, edit, or delete budgets and budget alerts",
    https://cloud.google.com/billing/docs/how-to/budgets
    """

    budget_name: pulumi.Output[str]
    """The budget, `billingAccounts/ACCOUNT/budgets/ID`."""

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("mlplatform-gcp:index:Budget", name, None, opts)
        alerts = [*(("CURRENT_SPEND", percent) for percent in ACTUAL_PERCENT), ("FORECASTED_SPEND", FORECAST_PERCENT)]
        amount = pulumi.Output.from_input(args.monthly_usd).apply(_money)
        budget = billing.Budget(
            name,
            billing_account=args.billing_account,
            display_name=name,
            amount={"specified_amount": amount},
            budget_filter={
                "projects": [pulumi.Output.concat("projects/", args.project_number)],
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


def _money(usd: float) -> billing.BudgetAmountSpecifiedAmountArgsDict:
    """Dollars as Google writes them: whole units, and billionths of one."""
    units, nanos = divmod(round(usd * _NANOS), _NANOS)
    return {"currency_code": "USD", "units": str(units), "nanos": nanos}
