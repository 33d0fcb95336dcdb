"""The budget on Azure."""

from collections.abc import Mapping
from typing import Any

from components.azure.budget import Budget, BudgetArgs
from stacks.azure.ground import Ground
from stacks.model import StackConfig
from stacks.sections import budget


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register the budget, which has no output."""
    Budget(
        f"{ground.stack}-budget",
        BudgetArgs(
            budget_name=ground.stack,
            group_id=ground.group_id,
            monthly_usd=budget.of(config).monthly_usd,
            owner=config.owner,
            action_group_id=ground.action_group_id,
        ),
        opts=ground.opts,
    )
    return {}
