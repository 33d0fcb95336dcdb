"""Changes that the next run can go on with: look for the result, and act only if it is missing."""

from collections.abc import Callable
from typing import TypeVar

from provider.errors import CloudError, ProviderError, Unsure

TRIES = 6
"""How often one call is tried, and how often one step (look, act, look again)."""

T = TypeVar("T")


def step(goal: Callable[[], T | None], act: Callable[[], object]) -> T:
    """Look for the goal. While it is missing, act and look again. So nothing is done twice.

    Raises what `act` raises. Raises Unsure if the goal is still missing after TRIES.
    """
    doubt: ProviderError = Unsure("the cloud reports success, but the result is not there; run the update again")
    for _ in range(TRIES):
        found = goal()
        if found is not None:
            return found
        try:
            act()
        except Unsure as error:
            doubt = error
    found = goal()
    if found is not None:
        return found
    raise doubt


def remove(gone: Callable[[], bool | None], act: Callable[[], object]) -> None:
    """Act until it is gone. A 404 of the cloud is no error."""

    def act_if_there() -> None:
        try:
            act()
        except CloudError as error:
            if error.status != 404:
                raise

    step(gone, act_if_there)
