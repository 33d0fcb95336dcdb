"""Hours as ranges of days, and as the moments at which they begin and end."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.week import DAYS, minutes_of, together, wrong
from components.given import BadArgument
from components.hours import Hours, Moment

WEEK = 7 * 24 * 60
WORK = dict.fromkeys(DAYS[:5], "07:00-19:00")


def said(moments: Sequence[Moment]) -> list[tuple[str, str, int]]:
    return [(moment.clock, moment.short_days, moment.lasts) for moment in moments]


def test_office_hours_begin_and_end_on_five_days_and_are_quiet_for_two_lengths() -> None:
    hours = Hours(WORK, "Europe/Berlin")
    assert said(hours.begin) == [("0700", "MON,TUE,WED,THU,FRI", 0)]
    assert said(hours.end) == [("1900", "MON,TUE,WED,THU,FRI", 0)]
    # Twelve hours of a night and two more; from Friday evening to Monday morning 60, and two more.
    assert said(hours.quiet(120)) == [("1900", "MON,TUE,WED,THU", 14 * 60), ("1900", "FRI", 62 * 60)]


@pytest.mark.parametrize(
    ("days", "begin", "end"),
    [
        ({"saturday": "22:00-04:00"}, [("2200", "SAT", 0)], [("0400", "SUN", 0)]),
        ({"sunday": "22:00-04:00"}, [("2200", "SUN", 0)], [("0400", "MON", 0)]),
        ({"sunday": "22:00-24:00", "monday": "00:00-09:30"}, [("2200", "SUN", 0)], [("0930", "MON", 0)]),
        ({"friday": "20:00-06:00", "saturday": "05:00-08:00"}, [("2000", "FRI", 0)], [("0800", "SAT", 0)]),
        (dict.fromkeys(DAYS[:5], "00:00-24:00"), [("0000", "MON", 0)], [("0000", "SAT", 0)]),
        (
            {"monday": "07:00-19:00", "friday": "07:00-15:30"},
            [("0700", "MON,FRI", 0)],
            [("1900", "MON", 0), ("1530", "FRI", 0)],
        ),
    ],
)
def test_what_touches_is_one_range_over_midnight_and_over_sunday(days: Any, begin: Any, end: Any) -> None:
    hours = Hours(days, "UTC")
    assert (said(hours.begin), said(hours.end)) == (begin, end)


def test_after_short_hours_the_quiet_ends_in_the_middle_of_them() -> None:
    hourly = Hours(dict.fromkeys(DAYS, "06:00-07:00"), "UTC")
    assert said(hourly.quiet(120)) == [("0700", "MON,TUE,WED,THU,FRI,SAT,SUN", 23 * 60 + 30)]


def on(days: Mapping[str, str]) -> set[int]:
    """Every minute of the week in which something may run, counted one by one."""
    at = {day: number * 24 * 60 for number, day in enumerate(DAYS)}
    ranges = [(at[day], *minutes_of(text)) for day, text in days.items()]
    return {(day + minute) % WEEK for day, begins, ends in ranges for minute in range(begins, ends)}


clock = st.tuples(st.integers(0, 23), st.sampled_from([0, 1, 30, 59])).map(lambda at: f"{at[0]:02}:{at[1]:02}")
text = st.tuples(clock, clock | st.just("24:00")).filter(lambda ends: ends[0] != ends[1]).map("-".join)
weeks = st.dictionaries(st.sampled_from(DAYS), text, min_size=1)


@settings(max_examples=15, deadline=None, derandomize=True, database=None)
@given(days=weeks)
def test_the_ranges_together_hold_each_minute_once_and_their_ends_are_the_ends_of_all(days: dict[str, str]) -> None:
    minutes = on(days)
    assert sum(ends - begins for begins, ends in together(days)) == len(minutes)
    assert {minute % WEEK for begins, ends in together(days) for minute in range(begins, ends)} == minutes
    assert (wrong(days) is not None) == (len(minutes) == WEEK)
    if len(minutes) < WEEK:
        hours = Hours(days, "UTC")
        begins = {(DAYS.index(day) * 24 + one.hour) * 60 + one.minute for one in hours.begin for day in one.days}
        ends = {(DAYS.index(day) * 24 + one.hour) * 60 + one.minute for one in hours.end for day in one.days}
        assert begins == {minute for minute in minutes if (minute - 1) % WEEK not in minutes}
        assert ends == {minute for minute in set(range(WEEK)) - minutes if (minute - 1) % WEEK in minutes}
        assert sum(one.lasts * len(one.days) for one in hours.quiet(0)) == WEEK - len(minutes)


@pytest.mark.parametrize(
    ("days", "sentence"),
    [
        ({}, "Hours.days: no day is named"),
        (dict.fromkeys(DAYS, "00:00-24:00"), "Hours.days: these are all hours of the week; leave them out"),
        (dict.fromkeys(DAYS, "12:00-11:59") | {"sunday": "12:00-12:30"}, None),
        ({"mondays": "07:00-19:00"}, "Hours.days: found 'mondays'; give days such as monday"),
        ({"monday": "07:00-07:00"}, "found '07:00-07:00'; give a range that is not empty"),
        ({"monday": "7-19"}, "found '7-19'; give a range of hours such as 07:00-19:00"),
        ({"monday": "24:00-06:00"}, "give a range of hours"),
        ({"monday": "07:00-24:01"}, "give a range of hours"),
        ({"monday": "٠٧:00-19:00"}, "give a range of hours"),
    ],
)
def test_what_is_no_range_of_hours_is_one_sentence(days: dict[str, str], sentence: str | None) -> None:
    if sentence is None:
        assert Hours(days, "UTC").days == days
        return
    with pytest.raises(BadArgument) as refused:
        Hours(days, "UTC")
    assert sentence in str(refused.value) and "\n" not in str(refused.value)
