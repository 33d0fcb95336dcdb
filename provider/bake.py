"""Judges a canary: measures it for a while, compares the figures with bounds, and gives its traffic back."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from provider.clock import Clock
from provider.errors import Cancelled, CloudError, ProviderError

MEASURE_EVERY = 60.0
"""Seconds between two measurements. Both clouds publish these metrics once a minute."""
BLIND_SECONDS = 300.0
"""How long a canary serves while its metrics cannot be read, within its bake. Then nobody judges it."""
GIVE_BACK_SECONDS, GIVE_BACK_EVERY = 600.0, 30.0
"""How long giving the traffic back is tried, and the seconds between two tries. After that a person does it."""
MOST_PERCENT = 49
"""The largest share of a canary. So what has more traffic is the old version, whoever looks after a killed run."""


@dataclass(frozen=True)
class Measured:
    """The figures of a canary since it began. A figure is None where no request was measured."""

    p95_ms: float | None
    error_percent: float | None

    def __str__(self) -> str:
        """The figures as a clause, or that there are none."""
        said = [
            f"its p95 latency was {self.p95_ms:.0f} ms" if self.p95_ms is not None else "",
            f"{self.error_percent:.4g} % of its answers were errors" if self.error_percent is not None else "",
        ]
        return " and ".join(one for one in said if one) or "nobody called it, so no figure judged it"


@dataclass(frozen=True)
class Bounds:
    """The bounds of a canary, and how long it must keep them."""

    bake_minutes: int
    p95_latency_ms: int
    error_rate_percent: float


class Rejected(ProviderError):
    """A canary may not serve on. `str()` is a clause that says why."""


def bake(clock: Clock, bounds: Bounds, measure: Callable[[float, float], Measured]) -> Measured:
    """Measure from now until the bake is over. Returns the figures of the whole bake.

    `measure` gets start and end in seconds since 1970. A canary that nobody called has breached nothing; alarms on AWS
    treat missing data so too. A figure breaches a bound when it is above it, not when it is equal.

    Raises Rejected where a bound is passed. A measurement that fails is taken again a minute later. Raises Rejected
    where all fail for BLIND_SECONDS, where the last one of the bake does, and at once where the login has ended (401).
    """
    start = seen = clock.now()
    end = start + bounds.bake_minutes * 60
    while True:
        clock.sleep(min(MEASURE_EVERY, end - clock.now()))
        now = clock.now()
        try:
            measured = _readable(measure(start, now))
        except Cancelled:
            raise
        except (ProviderError, LookupError, TypeError, ValueError, AttributeError) as error:
            if clock.now() >= end or now - seen >= BLIND_SECONDS or _logged_out(error):
                why = str(error) if isinstance(error, ProviderError) else f"they have no known form, {error!r}"
                raise Rejected(f"its metrics could not be read ({why})") from None
            continue
        seen = now
        breach = breach_of(measured, bounds)
        if breach is not None:
            raise Rejected(breach)
        if clock.now() >= end:
            return measured


def breach_of(measured: Measured, bounds: Bounds) -> str | None:
    """The bound that was passed, with the measured figure. None if no bound was."""
    if measured.error_percent is not None and measured.error_percent > bounds.error_rate_percent:
        return f"{measured.error_percent:.4g} % of its answers were errors, above {bounds.error_rate_percent:g} %"
    if measured.p95_ms is not None and measured.p95_ms > bounds.p95_latency_ms:
        return f"its p95 latency was {measured.p95_ms:.0f} ms, above {bounds.p95_latency_ms} ms"
    return None


def _readable(measured: Measured) -> Measured:
    # Not-a-number is above no bound.
    if not all(math.isfinite(figure) for figure in (measured.p95_ms, measured.error_percent) if figure is not None):
        raise ValueError(str(measured))
    return measured


def _logged_out(error: Exception) -> bool:
    return isinstance(error, CloudError) and error.status == 401


def given_back(
    error: Exception,
    clock: Clock,
    situation: str,
    give_back: Callable[[], object],
    then: Callable[[], str],
    by_hand: str,
) -> ProviderError:
    """Give the traffic back after `error` ended an update while a canary had a share. Returns the error to raise.

    Its sentence says the `situation`, why it ended, and what serves now, which is what `then` returns. Giving back is
    tried for GIVE_BACK_SECONDS. Where it fails too, the sentence has the command `by_hand`. The `clock` must be a
    steadfast one, for the engine may have cancelled.
    """
    begun = f"{situation}, {_clause(error)}"
    end = clock.now() + GIVE_BACK_SECONDS
    while True:
        try:
            give_back()
            break
        except Exception as failed:
            if clock.now() >= end:
                return ProviderError(
                    f"{begun}; giving the traffic back failed too, so it may still have traffic "
                    f"({failed if isinstance(failed, ProviderError) else repr(failed)}): do it by hand, `{by_hand}`"
                )
            clock.sleep(GIVE_BACK_EVERY)
    kind = Cancelled if isinstance(error, Cancelled) else ProviderError
    return kind(f"{begun}; {then()}")


def _clause(error: Exception) -> str:
    if isinstance(error, Rejected):
        return str(error)
    if isinstance(error, Cancelled):
        return "the update was cancelled"
    if isinstance(error, ProviderError):
        return f"the update could not go on: {error}"
    return f"a bug in the mlplatform provider ended the update: {error!r}"
