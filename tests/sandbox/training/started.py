"""What the steps of a run start, each asked for once those before it have been."""

from catalogue.order import in_order
from sandbox.training import Launch, Steps


def launched(steps: Steps) -> dict[str, Launch]:
    """The container of each step that has one, in an order in which a run does them."""
    begun = {name: steps.starts(name) for name in in_order(steps.waits)}
    return {name: one for name, one in begun.items() if isinstance(one, Launch)}
