"""AWS Budgets: who hears of the bill before it is due."""

from catalogue.answers import by_name
from catalogue.behaviour import Behaviour, Ref
from catalogue.kind import No, documented, setting
from catalogue.kinds.aws import READ, acts, asks, registry, tagged, terraform
from catalogue.kinds.aws.sns import TOPIC

BUDGET = "aws:budgets/budget:Budget"

_PRICING = documented("https://aws.amazon.com/aws-cost-management/aws-budgets/pricing/", READ)

_ACTS = acts(
    "budgets",
    by_name("arn:aws:budgets::{account}:budget/{name}"),
    Behaviour(
        name="name",
        pattern=r"[^:\\]{1,100}",
        refs=(Ref("notifications.subscriberSnsTopicArns[]", (TOPIC,)),),
    ),
)

KINDS = (
    setting(
        BUDGET,
        "the account",
        registry(BUDGET),
        tags=tagged(BUDGET),
        bills=No("budgets without actions are free", _PRICING),
        acts=_ACTS,
        renders=terraform("budgets_budget"),
        rights=asks("awsbudgetservice", "budgets:ModifyBudget"),
    ),
)
