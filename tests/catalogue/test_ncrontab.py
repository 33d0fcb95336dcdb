"""Azure ML's cron and time zones say what the stack file's say."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from cronsim import CronSim

from catalogue.ncrontab import ncrontab, windows_timezone
from stacks.fields import timezones


@pytest.mark.parametrize(
    ("cron", "translated"),
    [
        ("30 2 * * *", "30 2 * * *"),
        ("*/15 1-5 * * *", "*/15 1-5 * * *"),
        ("0 2 * * 0", "0 2 * * 0"),
        ("0 2 * * 7", "0 2 * * 0"),
        ("0 2 * * 1-5", "0 2 * * 1,2,3,4,5"),
        ("0 2 * * 5-7", "0 2 * * 0,5,6"),
        ("0 2 * * 0,7", "0 2 * * 0"),
    ],
)
def test_translation(cron: str, translated: str) -> None:
    assert ncrontab(cron) == translated
    begin = datetime(2026, 1, 1)
    first, second = CronSim(cron, begin), CronSim(translated, begin)
    assert [next(first) for _ in range(50)] == [next(second) for _ in range(50)]


@pytest.mark.parametrize("cron", ["0 2 1 * *", "0 2 * 6 *", "0 2 */2 * *"])
def test_trap_day_of_month_and_month_are_ignored_by_azure_ml(cron: str) -> None:
    """Schedule pipeline jobs: "Not supported. The value will be ignored and treat as *"."""
    with pytest.raises(ValueError, match="would run every day"):
        ncrontab(cron)


@pytest.mark.parametrize("cron", ["0 2 * *", "@daily", "0 2 * * MON", "0 2 * * 1-8", "0 2 * * */2", "0 2 * * 1 "])
def test_what_is_no_cron_expression_is_refused(cron: str) -> None:
    with pytest.raises(
        ValueError, match=r"^found '.*', allowed: five fields, the last of them '\*' or days from 0 to 7"
    ):
        ncrontab(cron)


@pytest.mark.parametrize(
    ("timezone", "windows"),
    [
        ("Europe/Berlin", "W. Europe Standard Time"),
        ("America/New_York", "Eastern Standard Time"),
        ("Asia/Kolkata", "India Standard Time"),
        ("UTC", "UTC"),
    ],
)
def test_trap_time_zones_have_windows_names(timezone: str, windows: str) -> None:
    assert windows_timezone(timezone) == windows


def test_zones_of_one_windows_name_have_one_clock_but_for_a_few() -> None:
    """CLDR's table maps each zone to the nearest of Windows'; nearly all agree with its fellows today."""
    now = datetime(2026, 7, 1, tzinfo=UTC)
    by_windows: dict[str, set[object]] = {}
    known = 0
    for zone in timezones():
        try:
            windows = windows_timezone(zone)
        except ValueError:
            continue
        known += 1
        by_windows.setdefault(windows, set()).add(now.astimezone(ZoneInfo(zone)).utcoffset())
    assert known > 550
    assert sum(len(offsets) == 1 for offsets in by_windows.values()) / len(by_windows) > 0.9


@pytest.mark.parametrize("timezone", ["Antarctica/Troll", ""])
def test_a_zone_windows_has_no_name_for_is_refused(timezone: str) -> None:
    with pytest.raises(ValueError, match=f"'{timezone}', which has no name in Windows"):
        windows_timezone(timezone)
