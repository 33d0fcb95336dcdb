"""Cloud Billing: the budget of a team."""

from catalogue.answers import numbered
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import No, assumed, setting
from catalogue.kinds.gcp import CHANNELS, PRICED, acting, in_terraform, registry

KINDS = (
    setting(
        "gcp:billing/budget:Budget",
        "a billing account",
        registry("billing/budget"),
        bills=No("budgets are free", assumed("no price list names a price of a budget", PRICED)),
        acts=acting(
            "billing",
            numbered("billingAccounts/{billingAccount}/budgets/{hex}"),
            Behaviour(
                frozenset({"billingAccount"}),
                refs=(Ref("allUpdatesRule.monitoringNotificationChannels[]", CHANNELS),),
            ),
        ),
        renders=in_terraform("google_billing_budget"),
    ),
)
