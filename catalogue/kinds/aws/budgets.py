"""AWS Budgets: who hears of the bill before it is due."""

from catalogue.kind import No, documented, setting
from catalogue.kinds.aws import READ, registry, tagged

BUDGET = "aws:budgets/budget:Budget"

_PRICING = documented("https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/", READ)

KINDS = (
    setting(
        BUDGET,
        "the account",
        registry(BUDGET),
        tags=tagged(BUDGET),
        bills=No("budgets without actions are free", _PRICING),
    ),
)
