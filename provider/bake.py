"""Judges a canary: measures it for a while and compares the figures with bounds."""

from collections.abc import Callable
from dataclasses import dataclass

from provider.clock import Clock

MEASURE_EVERY = 60.0
"""Seconds between two measurements. Both clouds publish these metrics once a minute."""


@dataclass(frozen=True)
class Measured:
    """The figures of a canary since it began. A figure is None where no request was measured."""

    p95_ms: float | None
    error_percent: float | None


@dataclass(frozen=True)
class Bounds:
    """The bounds of a canary, and how long it must keep them."""

    bake_minutes: int
    p95_latency_ms: int
    error_rate_percent: float


def bake(clock: Clock, bounds: Bounds, measure: Callable[[float, float], Measured]) -> str | None:
    """Measure from now until the bake is over. Returns the first breach as a sentence, or None.

    `measure` gets start and end in seconds since 1970. A canary that nobody called has breached nothing; alarms on AWS
    treat missing data so too. A figure breaches a bound when it is above it, not when it is equal.
    """
    start = clock.now()
    end = start + bounds.bake_minutes * 60
    while clock.now() < end:
        clock.sleep(min(MEASURE_EVERY, end - clock.now()))
        breach = breach_of(measure(start, clock.now()), bounds)
        if breach is not None:
            return breach
    return None


def breach_of(measured: Measured, bounds: Bounds) -> str | None:
    """The bound that was passed, with the measured figure. None if no bound was."""
    if measured.error_percent is not None and measured.error_percent > bounds.error_rate_percent:
        return f"{measured.error_percent:.4g} % of its answers were errors, above {bounds.error_rate_percent:g} %"
    if measured.p95_ms is not None and measured.p95_ms > bounds.p95_latency_ms:
        return f"its p95 latency was {measured.p95_ms:.0f} ms, above {bounds.p95_latency_ms} ms"
    return None
