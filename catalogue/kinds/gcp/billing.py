"""Cloud Billing: the budget of a team."""

from catalogue.answers import numbered
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import Apis, No, assumed, from_source, setting
from catalogue.kinds.gcp import CHANNEL, PRICED, READ, acting, in_terraform, registry

BUDGET = "gcp:billing/budget:Budget"
_ACCOUNT = from_source(
    "https://github.com/hashicorp/terraform-provider-google/blob/main/google/services/resourcemanager/"
    "resource_google_project.go",
    READ,
)

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
        apis=Apis(("cloudbilling",), _ACCOUNT),  # off, the look-up of the project leaves its billing account empty
    ),
)
