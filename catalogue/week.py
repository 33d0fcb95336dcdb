"""The hours of the week in which something may run, in minutes of the week from Monday on."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
KINDS_OF_DAY: Mapping[str, Sequence[str]] = {"weekdays": DAYS[:5], "weekends": DAYS[5:]}
"""The days that a word names together."""
DAY, WEEK = 24 * 60, 7 * 24 * 60
_RANGE = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]|24):([0-5]\d)", re.ASCII)


def minutes_of(text: str) -> tuple[int, int]:
    """Begin and end of a range in minutes of its day; the end is later than the begin.

    Raises ValueError, which says what is allowed, for a text that is no range and for a range that is empty.
    """
    found = _RANGE.fullmatch(text)
    numbers = [int(number) for number in found.groups()] if found else []
    if not numbers or (numbers[2] == 24 and numbers[3]):
        raise ValueError("a range of hours such as 07:00-19:00")
    begins, ends = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
    if begins == ends:
        raise ValueError("a range that is not empty, such as 07:00-19:00; a whole day is 00:00-24:00")
    return begins, ends if ends > begins else ends + DAY


def wrong(days: Mapping[str, str]) -> str | None:
    """What is wrong with ranges that each are right by themselves; None where nothing is."""
    if not days:
        return "no day is named; name weekdays, weekends or a day, with its range such as 07:00-19:00"
    (begins, ends), *more = together(days)
    if not more and ends - begins >= WEEK:
        return "these are all hours of the week; leave them out, for without them it may run at any hour"
    return None


def together(days: Mapping[str, str]) -> Sequence[tuple[int, int]]:
    """The ranges in minutes from Monday on, those that touch or overlap as one. The last may end in the next week."""
    ranges = list[tuple[int, int]]()
    for at, day in enumerate(DAYS):
        if day in days:
            begins, ends = (at * DAY + minute for minute in minutes_of(days[day]))
            if ranges and begins <= ranges[-1][1]:
                begins, ends = ranges[-1][0], max(ranges.pop()[1], ends)
            ranges.append((begins, ends))
    begins, ends = ranges[-1]
    if len(ranges) > 1 and ends >= WEEK + ranges[0][0]:  # Sunday's ends where Monday's begins
        return [*ranges[1:-1], (begins, max(ends, ranges[0][1] + WEEK))]
    return ranges


def share(days: Mapping[str, str]) -> float:
    """Which part of the week lies in the ranges: 60 of 168 hours are 0.357."""
    return sum(ends - begins for begins, ends in together(days)) / WEEK


def pauses(days: Mapping[str, str]) -> Sequence[int]:
    """How many minutes lie between the end of each range and the begin of the next."""
    ranges = together(days)
    after = [*ranges[1:], (ranges[0][0] + WEEK, ranges[0][1] + WEEK)]
    return [begins - ends for (_, ends), (begins, _) in zip(ranges, after, strict=True)]


def off_until(days: Mapping[str, str], timezone: str, now: float, settles: int = 0) -> str:
    """When the next range begins, by the clock of the zone: `monday 07:00`. Empty while one holds.

    A range holds only once it has lasted for `settles` minutes. `now` is in seconds since 1970.
    """
    local = datetime.fromtimestamp(now, UTC).astimezone(ZoneInfo(timezone))
    minute = local.weekday() * DAY + local.hour * 60 + local.minute
    ranges = [(begins + turn, ends + turn) for turn in (-WEEK, 0, WEEK) for begins, ends in together(days)]
    if any(begins + settles <= minute < ends for begins, ends in ranges):
        return ""
    begins = next(begins for begins, ends in sorted(ranges) if ends > minute) % WEEK
    return f"{DAYS[begins // DAY]} {begins % DAY // 60:02}:{begins % 60:02}"
