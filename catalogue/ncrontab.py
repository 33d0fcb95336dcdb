"""When a job runs, in the words of Azure ML's schedules: NCRONTAB and Windows' time zones."""

import re

from tzlocal.windows_tz import tz_win

_DAYS = re.compile(r"\*|0?[0-7](-0?[0-7])?(,0?[0-7](-0?[0-7])?)*")


def ncrontab(cron: str) -> str:
    """A five-field cron(5) expression as Azure ML's schedules read it.

    They count the days of the week from 0 (Sunday) to 6. They ignore day-of-month and month: what asks for one would
    run every day of every month. Raises ValueError for that, for another number of fields, and for days of the week
    that are no numbers and ranges of numbers.

    Source: https://learn.microsoft.com/en-us/azure/machine-learning/how-to-schedule-pipeline-job
    """
    fields = cron.split(" ")
    if len(fields) != 5 or not _DAYS.fullmatch(fields[4]):
        raise ValueError(
            f"found {cron!r}, allowed: five fields, the last of them '*' or days from 0 to 7, such as '0 2 * * 1-5'"
        )
    minute, hour, day, month, weekday = fields
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


def windows_timezone(timezone: str) -> str:
    """Windows' name of an IANA time zone; Azure ML's schedules know no other. Raises ValueError for one without.

    The names are Unicode CLDR's, windowsZones.xml, as tzlocal keeps them.
    """
    windows = tz_win.get(timezone) if timezone else None  # the table has a row for no zone at all
    if windows is None:
        raise ValueError(
            f"found {timezone!r}, which has no name in Windows, by which Azure ML's schedules go; "
            "allowed: one that has, such as Europe/Berlin"
        )
    return windows
