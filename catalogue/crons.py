"""The cron expressions of AWS in six fields, as cron(5) has them in five."""

import re

from catalogue.work import cron_in_words


def unix_cron(expression: str) -> str:
    """The text inside of AWS's `cron(…)` in five fields; the year is left out.

    AWS counts the days of the week from 1 (Sunday), cron(5) from 0; names stay. Raises ValueError for another number
    of fields. Whether each field can be read is not judged.
    """
    fields = expression.split()
    if len(fields) != 6:
        raise ValueError(f"has {len(fields)} fields, and a cron of AWS's has six")
    minute, hour, day, month, weekday, _ = fields
    return f"{minute} {hour} {_any(day)} {month} {_unix(weekday)}"


def _any(day: str) -> str:
    return "*" if day == "?" else day


def _unix(weekday: str) -> str:
    """A week or a step stays as it is."""
    return ",".join(_days(part) for part in _any(weekday).split(","))


def _days(part: str) -> str:
    days = re.split(r"[#/]", part, maxsplit=1)[0]
    return re.sub(r"\d+", lambda day: str(int(day[0]) - 1), days) + part.removeprefix(days)


def expression_in_words(expression: str, zone: str) -> str:
    """When an expression of AWS's schedules fires, in words: `cron(…)` in six fields, `rate(…)` or `at(…)`.

    Raises ValueError where a cron has another number of fields.
    """
    kind, _, inner = expression.rstrip(")").partition("(")
    if kind != "cron":
        return f"every {inner}" if kind == "rate" else f"once, at {inner}, {zone}"
    year = inner.split()[-1:]
    return cron_in_words(unix_cron(inner), zone) + ("" if year in (["*"], ["?"]) else f", in {year[0]} alone")
