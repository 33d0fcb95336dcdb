"""Cloud Billing: the budget of a team."""

from catalogue.kind import No, assumed, setting
from catalogue.kinds.gcp import PRICED, registry

KINDS = (
    setting(
        "gcp:billing/budget:Budget",
        "a billing account",
        registry("billing/budget"),
        bills=No("budgets are free", assumed("no price list names a price of a budget", PRICED)),
    ),
)
