"""What Vertex AI cannot show of a new version while it bakes. A rollout that is blind is refused, for it looks safe."""

from collections.abc import Iterator
from typing import Literal

from components.shapes import Rollout

LEAST_BAKE_MINUTES = 9
"""The shortest bake that its figures can end: the minute that had begun, the one that is sampled, six until its figures
are shown, and one until they are measured. Cloud Monitoring, "Google Cloud metrics", aiplatform, says so of the family
prediction/online/private, the slower of the two that an endpoint may write: "Sampled every 60 seconds. After sampling,
data is not visible for up to 360 seconds",
https://cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform
"""

Blind = Literal["bake", "errors"]


def blind(rollout: Rollout) -> Iterator[tuple[Blind, str]]:
    """What keeps the canary from being seen, each with what is found and what is allowed. Nothing where it is seen."""
    if rollout.bake_minutes < LEAST_BAKE_MINUTES:
        yield (
            "bake",
            f"{rollout.bake_minutes}, allowed: {LEAST_BAKE_MINUTES} or more, for Google shows the figures of a minute "
            "up to six minutes later",
        )
    if (wide := rollout.wide_bound) is not None:
        yield "errors", wide
