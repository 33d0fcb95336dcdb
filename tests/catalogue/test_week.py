"""The hours of the week: which part of it they are, how long they pause, and until when they are off."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.week import DAYS, WEEK, off_until, pauses, share, wrong

WORK: dict[str, str] = dict.fromkeys(DAYS[:5], "07:00-19:00")


def test_office_hours_are_60_of_168_and_pause_for_four_nights_and_a_weekend() -> None:
    assert share(WORK) == pytest.approx(60 / 168)
    assert pauses(WORK) == [720, 720, 720, 720, 3600]


@pytest.mark.parametrize(
    ("now", "until"),
    [
        ("2026-11-27T06:59", "friday 07:00"),
        ("2026-11-27T07:10", "friday 07:00"),  # the hours begin, and nothing stands yet
        ("2026-11-27T07:30", ""),
        ("2026-11-27T18:59", ""),
        ("2026-11-27T19:00", "monday 07:00"),
        ("2026-11-29T12:00", "monday 07:00"),
    ],
)
def test_off_is_told_by_the_clock_of_the_zone(now: str, until: str) -> None:
    seconds = (datetime.fromisoformat(now) - timedelta(hours=9)).replace(tzinfo=UTC).timestamp()
    assert off_until(WORK, "Asia/Tokyo", seconds, settles=30) == until


RANGES = st.tuples(st.integers(0, 23), st.integers(0, 23)).filter(lambda both: both[0] != both[1])


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.sampled_from(DAYS), RANGES.map(lambda both: f"{both[0]:02}:00-{both[1]:02}:00"), min_size=1))
def test_the_hours_of_a_week_that_are_on_are_its_share_and_the_rest_are_pauses(days: dict[str, str]) -> None:
    if wrong(days):
        return
    monday = datetime(2026, 11, 30, tzinfo=UTC).timestamp()
    off = sum(bool(off_until(days, "UTC", monday + 3600 * hour)) for hour in range(WEEK // 60))
    assert off * 60 == sum(pauses(days)) == round(WEEK * (1 - share(days)))
