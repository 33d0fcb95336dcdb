"""At how much a replica of an endpoint may be full: a stack file is held to it, and a rule judges the target by it."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Full:
    """The least and the most at which a replica may count as full, of what, and why no other number is."""

    least: int
    most: int
    of: str
    why: str


FULL: Mapping[tuple[str, str], Full] = {
    # A request lasts a minute at most: https://docs.aws.amazon.com/sagemaker/latest/APIReference/API_runtime_InvokeEndpoint.html
    ("aws", "online"): Full(
        5,
        60_000,
        "requests a minute",
        "a request lasts a minute at most, and what is full at fewer than five leaves its machine idle",
    ),
    # The queue counts what is being answered too: https://docs.aws.amazon.com/sagemaker/latest/dg/async-inference-monitor.html
    ("aws", "async"): Full(2, 1_000, "requests in the queue", "the queue counts the request that is being answered"),
    # A replica goes below half of the target (components/azure/scaling.py); catalogue/inputs/azure.yaml bounds both.
    ("azure", "online"): Full(
        2, 100_000, "requests a minute", "a replica goes at half of it, and below one a minute none ever would"
    ),
}
"""By platform and kind of endpoint. What is not here has no bound of its own."""
