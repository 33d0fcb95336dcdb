"""How long and how short a schedule pauses, how far back an alarm of CloudWatch looks, and what summer time takes."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise, takewhile
from zoneinfo import ZoneInfo

from cronsim import CronSim

LOOKS_BACK_HOURS = 7 * 24
"""How far back an alarm looks at most: evaluation periods times period, PutMetricAlarm,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""


def is_watched(pause_hours: float) -> bool:
    """Whether an alarm of CloudWatch can tell that a run was due and did not succeed: one looks back for the pause
    between two starts, for the run, and for a day beside both.
    """
    return pause_hours < LOOKS_BACK_HOURS - 24


def longest_pause_hours(cron: str) -> int:
    """The longest time between two starts of a five-field cron(5), rounded up, with an hour for summer time.

    A week or more, and some months alone, are `LOOKS_BACK_HOURS`. Raises CronSimError for what is no cron(5).
    """
    minute, hour, day, month, weekday = cron.split()
    if month != "*":
        return LOOKS_BACK_HOURS
    starts = CronSim(f"{minute} {hour} {day} * {weekday}", datetime(2026, 1, 1))
    # A long month and the shortest, each to its end, hold every pause below a week.
    times = takewhile(lambda at: at < datetime(2026, 3, 9), starts)
    pause = max((later - at for at, later in pairwise(times)), default=timedelta(hours=LOOKS_BACK_HOURS))
    return min(math.ceil(pause / timedelta(hours=1)) + 1, LOOKS_BACK_HOURS)


@cache
def shortest_pause_minutes(cron: str) -> float:
    """The shortest time between two starts of a five-field cron(5). Raises CronSimError for what is no cron(5)."""
    minute, hour, _, _, weekday = cron.split()
    starts = CronSim(f"{minute} {hour} * * {weekday}", datetime(2026, 1, 1))
    times = takewhile(lambda at: at < datetime(2026, 1, 15), islice(starts, 5000))
    pause = min((later - at for at, later in pairwise(times)), default=timedelta(days=7))
    return pause / timedelta(minutes=1)


@cache
def longest_pause_minutes(cron: str) -> float:
    """The longest time between two starts of a five-field cron(5) in a fortnight, whose end counts as a start. Raises
    CronSimError for what is no cron(5).
    """
    begin, end = datetime(2026, 1, 1), datetime(2026, 1, 15)
    times = [begin, *takewhile(lambda at: at < end, islice(CronSim(cron, begin), 30_000)), end]
    return max(later - at for at, later in pairwise(times)) / timedelta(minutes=1)


@dataclass(frozen=True)
class Jump:
    """When the clock of a time zone jumps: from `begins` to `ends` it shows times that it skips, or shows twice."""

    begins: datetime
    ends: datetime
    skips: bool

    def __str__(self) -> str:
        does = "skips" if self.skips else "shows twice"
        return f"{does} {self.begins:%H:%M} to {self.ends:%H:%M} on {self.begins:%Y-%m-%d}"


@cache
def jumps(timezone: str) -> Sequence[Jump]:
    """Each jump of a zone's clock in two years. The years are fixed, so that a file is judged the same on every day."""
    zone, minute = ZoneInfo(timezone), timedelta(minutes=1)

    def shown(at: datetime) -> datetime:
        return at.astimezone(zone).replace(tzinfo=None)

    found: list[Jump] = []
    for days in range(2 * 365):
        early = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=days)
        late = early + timedelta(days=1)
        if shown(late) - shown(early) == late - early:
            continue
        while late - early > minute:
            middle = early + (late - early) // 2 // minute * minute
            if shown(middle) - shown(early) == middle - early:
                early = middle
            else:
                late = middle
        before, after = shown(early) + minute, shown(late)
        found.append(Jump(min(before, after), max(before, after), skips=after > before))
    return found


def lost_to(cron: str, timezone: str, twice: bool) -> Jump | None:
    """The first jump of the clock in which a five-field cron(5) has a start; None where there is none.

    `twice` says whether times that the clock shows twice count as well. What starts in each hour of a day loses nothing
    that it does not make up in the next. Raises CronSimError for what is no cron(5).
    """
    if len(CronSim(cron, datetime(2026, 1, 1)).hours) == 24:
        return None
    for jump in jumps(timezone):
        start = next(CronSim(cron, jump.begins - timedelta(minutes=1)))
        if start < jump.ends and (jump.skips or twice):
            return jump
    return None
