"""How long a schedule pauses, and how far back an alarm of CloudWatch looks for a run."""

import math
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from cronsim import CronSim

LOOKS_BACK_HOURS = 7 * 24
"""How far back an alarm looks at most: evaluation periods times period, PutMetricAlarm,
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""


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
