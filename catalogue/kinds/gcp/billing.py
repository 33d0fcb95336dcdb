"""Cloud Billing: the budget of a team."""

from catalogue.answers import numbered
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import No, assumed, setting
from catalogue.kinds.gcp import CHANNEL, PRICED, acting, in_terraform, registry

BUDGET = "gcp:billing/budget:Budget"

KINDS = (
    setting(
        BUDGET,
        "a billing account",
        registry("billing/budget"),
        bills=No("budgets are free", assumed("no price list names a price of a budget", PRICED)),
        acts=acting(
            "billingbudgets",
            numbered("billingAccounts/{billingAccount}/budgets/{hex}"),
            Behaviour(
                refs=(Ref("allUpdatesRule.monitoringNotificationChannels[]", (CHANNEL,)),),
            ),
        ),
        renders=in_terraform("google_billing_budget"),
    ),
)
