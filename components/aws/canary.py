"""What SageMaker cannot show of a new version while it bakes. A rollout that is blind is refused, for it looks safe."""

from collections.abc import Iterator
from typing import Literal

from components.shapes import Rollout

FEWEST = 2
"""The fewest replicas of an endpoint with a canary, which is at most half of the new fleet.

"Use canary traffic shifting", https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-blue-green-canary.html
"""
PERIODS, PERIOD_SECONDS = 3, 60
"""How long a bound must be broken before an alarm takes a version back."""
LEAST_BAKE_MINUTES = PERIODS * PERIOD_SECONDS // 60 + 2
"""The shortest bake that such an alarm can end: its periods, the one that had begun, and a minute to be evaluated."""

Blind = Literal["replicas", "bake", "errors", "machine"]


def blind(machine_type: str, least: int = FEWEST, rollout: Rollout | None = None) -> Iterator[tuple[Blind, str]]:
    """What keeps the canary from being seen, each with what is found and what is allowed. Nothing where it is seen.

    Without a rollout, as where an endpoint answers through a queue, the machine alone is judged. Inf1 falls back to
    all traffic at once and no bake: "Exclusions",
    https://docs.aws.amazon.com/sagemaker/latest/dg/deployment-guardrails-exclusions.html
    """
    if machine_type.startswith("ml.inf1."):
        yield (
            "machine",
            f"{machine_type}, whose new versions SageMaker lets in all at once and never takes back, "
            "allowed: a machine of another family",
        )
    if rollout is None:
        return
    if least < FEWEST:
        yield "replicas", f"{least}, allowed: {FEWEST} or more, for SageMaker's canary is at most half of the replicas"
    if rollout.bake_minutes < LEAST_BAKE_MINUTES:
        yield (
            "bake",
            f"{rollout.bake_minutes}, allowed: {LEAST_BAKE_MINUTES} or more, for an alarm rings after {PERIODS} whole "
            "minutes at the earliest",
        )
    if (wide := rollout.wide_bound) is not None:
        yield "errors", wide
