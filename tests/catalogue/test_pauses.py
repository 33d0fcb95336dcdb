"""What a zone's own clock takes of a schedule, twice a year."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalogue.pauses import jumps, lost_to
from tests import sharing

ZONES = ("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Africa/Cairo", "Asia/Tokyo", "America/Santiago")


@pytest.mark.parametrize(
    ("cron", "timezone", "skipped", "twice"),
    [
        ("30 2 * * *", "Europe/Berlin", "skips 02:00 to 03:00 on 2026-03-29", "skips 02:00 to 03:00 on 2026-03-29"),
        ("30 1 * * *", "America/New_York", None, "shows twice 01:00 to 02:00 on 2026-11-01"),
        (
            "10 2 * * 0",
            "Australia/Lord_Howe",
            "skips 02:00 to 02:30 on 2026-10-04",
            "skips 02:00 to 02:30 on 2026-10-04",
        ),
        ("40 2 * * *", "Australia/Lord_Howe", None, None),
        ("0 3 * * *", "Europe/Berlin", None, None),
        ("0 2 * * 1-5", "Europe/Berlin", None, None),  # Europe's clocks jump on Sundays
        ("0 0 * * 5", "Africa/Cairo", "skips 00:00 to 01:00 on 2026-04-24", "skips 00:00 to 01:00 on 2026-04-24"),
        ("0 2 * 7 *", "Europe/Berlin", None, None),
        ("*/15 * * * *", "Europe/Berlin", None, None),
        ("0 */2 * * *", "Europe/Berlin", "skips 02:00 to 03:00 on 2026-03-29", "skips 02:00 to 03:00 on 2026-03-29"),
        ("30 2 * * *", "UTC", None, None),
    ],
)
def test_a_start_that_the_clock_skips_or_shows_twice_is_found(
    cron: str, timezone: str, skipped: str | None, twice: str | None
) -> None:
    found = [lost_to(cron, timezone, twice=both) for both in (False, True)]
    assert [jump and str(jump) for jump in found] == [skipped, twice]


@settings(max_examples=sharing.examples(60), deadline=None)
@given(timezone=st.sampled_from(ZONES), minutes=st.integers(0, 2 * 365 * 24 * 60 - 1))
def test_a_time_is_skipped_or_shown_twice_exactly_where_the_zone_says_so(timezone: str, minutes: int) -> None:
    """PEP 495: a time that is skipped comes back as another, and one that is shown twice has two offsets."""
    zone, time = ZoneInfo(timezone), datetime(2026, 1, 1) + timedelta(minutes=minutes)
    offsets = {time.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}
    back = time.replace(tzinfo=zone).astimezone(UTC).astimezone(zone).replace(tzinfo=None)
    wanted = None if len(offsets) == 1 else back != time
    found = [jump.skips for jump in jumps(timezone) if jump.begins <= time < jump.ends]
    assert found == ([] if wanted is None else [wanted])


@pytest.mark.parametrize("timezone", ZONES)
def test_each_edge_of_a_jump_is_exact(timezone: str) -> None:
    zone, minute = ZoneInfo(timezone), timedelta(minutes=1)
    for jump in jumps(timezone):
        for time, inside in ((jump.begins, 2), (jump.ends - minute, 2), (jump.begins - minute, 1), (jump.ends, 1)):
            assert len({time.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1)}) == inside
