"""A charge of a bill: what FOCUS says of it, summed with those that are alike."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

COSTS = ("billed", "effective", "list", "contracted")
"""FOCUS's four costs, as the fields of a charge."""


@dataclass(frozen=True)
class Charge:
    """What is summed of charges that are alike. A cost is in dollars, and None where it is not known in dollars.

    `stack` and `team` are of the tags, None where there is none. `resource`, in lower case, and `meter` are empty for
    what is of no stack that was asked for. `category` is FOCUS's word; `correction` says that it corrects a period
    that was invoiced, as a refund does; `negative` that each of them takes something off. `said` is what was billed in
    the currency of the bill.
    """

    stack: str | None
    team: str | None
    account: str
    month: datetime
    service: str
    meter: str
    resource: str
    category: str
    correction: bool
    negative: bool
    currency: str
    since: datetime
    until: datetime
    rows: int
    said: float
    billed: float | None
    effective: float | None
    list: float | None
    contracted: float | None


def total(charges: Sequence[Charge], cost: str) -> float | None:
    """The sum of one cost in dollars. None where one of them is not known in dollars."""
    amounts: list[Any] = [getattr(one, cost) for one in charges]
    return None if None in amounts else float(sum(amounts))
