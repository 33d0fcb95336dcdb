"""The search of a run: which values its trials try, and which of them is the best.

No service says how it draws. The sandbox spreads the trials evenly over the ranges, whatever the strategy: each
hyperparameter goes through the fractions of a van der Corput sequence, one with a prime of its own (Halton,
https://doi.org/10.1145/355588.365104), so that the same run tries the same.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89, 97)
"""Of more hyperparameters the first primes are taken again."""


@dataclass(frozen=True)
class Range:
    """What a hyperparameter may be: from `low` to `high`, or one of `values`."""

    low: float = 0.0
    high: float = 0.0
    log: bool = False
    integer: bool = False
    values: Sequence[str] = ()

    def at(self, share: float) -> str:
        """The value at a share of the range, from 0 to 1, as the program is told it."""
        if self.values:
            return self.values[min(int(share * len(self.values)), len(self.values) - 1)]
        if self.integer and not self.log:
            return str(int(self.low) + min(int(share * (self.high - self.low + 1)), int(self.high - self.low)))
        if self.log:
            found = math.exp(math.log(self.low) + share * (math.log(self.high) - math.log(self.low)))
        else:
            found = self.low + share * (self.high - self.low)
        return str(round(found)) if self.integer else f"{found:.10g}"


@dataclass(frozen=True)
class Search:
    """What a run searches. `maximize` says whether more of the figure `metric` is better."""

    metric: str
    maximize: bool
    total: int
    at_once: int
    ranges: Mapping[str, Range]

    def values(self, number: int) -> Mapping[str, str]:
        """What the trial of a number tries, counted from 1."""
        shares = {name: _share(number, _PRIMES[at % len(_PRIMES)]) for at, name in enumerate(sorted(self.ranges))}
        return {name: self.ranges[name].at(share) for name, share in shares.items()}

    def better(self, one: float, other: float) -> bool:
        """Whether one figure is better than another."""
        return one > other if self.maximize else one < other


@dataclass(frozen=True)
class Trial:
    """A trial: its number, counted from 1, and what it tries."""

    number: int
    values: Mapping[str, str]


def _share(number: int, base: int) -> float:
    """The fraction of a van der Corput sequence: the digits of the number, behind the point and in reverse."""
    found, place = 0.0, 1.0
    while number:
        number, digit = divmod(number, base)
        place /= base
        found += digit * place
    return found
