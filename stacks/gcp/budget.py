"""The budget on Google Cloud."""

from collections.abc import Mapping
from typing import Any

from components.gcp.budget import Budget, BudgetArgs
from stacks.gcp.ground import Ground
from stacks.model import StackConfig
from stacks.sections import budget


def deploy(ground: Ground, config: StackConfig) -> Mapping[str, Any]:
    """Register the budget, which has no output.

    The project's billing account may change; then the budget has to be made anew in the other one, for it would watch
    nothing where it is, and nobody's work is in it.
    """
    Budget(
        f"{ground.stack}-budget",
        BudgetArgs(
            billing_account=ground.billing_account,
            project_number=ground.project_number,
            monthly_usd=budget.of(config).monthly_usd,
            channel_id=ground.channel_id,
        ),
        opts=ground.opts,
    )
    return {}
