"""The budget on AWS."""

from collections.abc import Mapping
from typing import Any

from components.aws.budget import Budget, BudgetArgs
from stacks.aws.ground import Ground
from stacks.model import StackConfig
from stacks.sections import budget


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register the budget, which has no output."""
    Budget(
        f"{ground.stack}-budget",
        BudgetArgs(
            account=ground.account,
            team=config.team,
            monthly_usd=budget.of(config).monthly_usd,
            topic_arn=ground.topic_arn,
            tags=ground.tags,
        ),
        opts=ground.opts,
    )
    return {}
