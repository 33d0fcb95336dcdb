"""The judgement of a canary: what is measured, against which bounds, for how long."""

from collections.abc import Callable
from dataclasses import dataclass

from provider.clock import Clock

MEASURE_EVERY = 60.0
"""Seconds; both clouds publish these metrics once a minute."""


@dataclass(frozen=True)
class Measured:
    """What a canary showed since it began. None: no request was measured."""

    p95_ms: float | None
    error_percent: float | None


@dataclass(frozen=True)
class Bounds:
    """The bounds of a canary, and how long it must keep them."""

    bake_minutes: int
    p95_latency_ms: int
    error_rate_percent: float


def bake(clock: Clock, bounds: Bounds, measure: Callable[[float, float], Measured]) -> str | None:
    """Measure from now until the bake is over; the first breach, in words, or None.

    `measure` gets start and end in seconds since 1970. A canary nobody called has breached nothing: no data is taken as
    on AWS, whose alarms treat missing data as not breaching. A bound is breached above it, not at it.
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
    """Which bound was passed, with the figure measured; None if none was."""
    if measured.error_percent is not None and measured.error_percent > bounds.error_rate_percent:
        return f"{measured.error_percent:.4g} % of its answers were errors, above {bounds.error_rate_percent:g} %"
    if measured.p95_ms is not None and measured.p95_ms > bounds.p95_latency_ms:
        return f"its p95 latency was {measured.p95_ms:.0f} ms, above {bounds.p95_latency_ms} ms"
    return None
