"""When a job runs, in the words of Azure ML's schedules: NCRONTAB and Windows' time zones."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml


def ncrontab(cron: str) -> str:
    """A five-field cron(5) expression as Azure ML's schedules read it.

    They count the days of the week from 0 (Sunday) to 6, and ignore day-of-month and month: what asks for one would run
    every day of every month, so it is refused with a ValueError. Source: "Schedule pipeline jobs", cron expressions.
    """
    minute, hour, day, month, weekday = cron.split(" ")
    if (day, month) != ("*", "*"):
        raise ValueError(
            f"found {cron!r}, allowed: day-of-month and month left open with '*'; "
            "Azure ML ignores both and would run every day"
        )
    if weekday != "*":
        days = sorted({value % 7 for part in weekday.split(",") for value in _days(part)})
        weekday = ",".join(map(str, days))
    return f"{minute} {hour} * * {weekday}"


def _days(part: str) -> range:
    first, _, last = part.partition("-")
    return range(int(first), int(last or first) + 1)


@cache
def _zones() -> Mapping[str, str]:
    text = (Path(__file__).parent / "timezones.yaml").read_text(encoding="utf-8")
    return {zone: windows for windows, zones in yaml.safe_load(text).items() for zone in zones}


def windows_timezone(timezone: str) -> str:
    """Windows' name of an IANA time zone; Azure ML's schedules know no other. Raises ValueError for one without."""
    windows = _zones().get(timezone)
    if windows is None:
        raise ValueError(
            f"found {timezone!r}, which has no name in Windows, by which Azure ML's schedules go; "
            "allowed: one that has, such as Europe/Berlin"
        )
    return windows
