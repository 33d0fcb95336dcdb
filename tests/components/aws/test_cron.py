"""EventBridge's cron says what the stack file's cron says."""

import re
from datetime import datetime
from itertools import islice

import pytest
from cronsim import CronSim
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from components.aws.runs import eventbridge_cron
from stacks.fields import Cron
from tests import sharing

CRON: TypeAdapter[str] = TypeAdapter(Cron)
FIELD = r"\*(/\d+)?|\d+(-\d+)?(/\d+)?(,\d+(-\d+)?(/\d+)?)*"
steady = settings(max_examples=sharing.examples(400), deadline=None, derandomize=True, database=None)


def accepted(cron: str) -> bool:
    try:
        CRON.validate_python(cron)
    except ValidationError:
        return False
    return True


def ranges(low: int, high: int) -> st.SearchStrategy[str]:
    number = st.integers(low, high)
    pair = st.tuples(number, number).map(lambda ends: f"{min(ends)}-{max(ends)}")
    return st.lists(number.map(str) | pair, min_size=1, max_size=4).map(",".join)


def steps(low: int, high: int) -> st.SearchStrategy[str]:
    stepped = st.tuples(ranges(low, high), st.integers(1, high - 1)).map(lambda both: f"{both[0]}/{both[1]}")
    return st.just("*") | st.integers(1, high - 1).map("*/{}".format) | ranges(low, high) | stepped


weekdays = st.just("*") | ranges(0, 7)
crons = st.tuples(steps(0, 59), steps(0, 23), steps(1, 31), steps(1, 12), weekdays).map(" ".join)
anything = st.lists(st.text("0123456789*/,-?L#", min_size=1, max_size=5), min_size=4, max_size=6).map(" ".join)


@pytest.mark.parametrize(
    ("cron", "translated"),
    [
        ("30 2 * * *", "cron(30 2 * * ? *)"),
        ("*/15 * * * *", "cron(*/15 * * * ? *)"),
        ("0 0 1,15 */3 *", "cron(0 0 1,15 */3 ? *)"),
        ("0 2 * * 0", "cron(0 2 ? * 1 *)"),
        ("0 2 * * 7", "cron(0 2 ? * 1 *)"),
        ("0 2 * * 1", "cron(0 2 ? * 2 *)"),
        ("0 2 * * 6", "cron(0 2 ? * 7 *)"),
        ("0 2 * * 1-5", "cron(0 2 ? * 2,3,4,5,6 *)"),
        ("0 2 * * 5-7", "cron(0 2 ? * 1,6,7 *)"),
        ("0 2 * * 0,6", "cron(0 2 ? * 1,7 *)"),
        ("0 2 * * 0,7", "cron(0 2 ? * 1 *)"),
        ("0 2 * * 1-2,4", "cron(0 2 ? * 2,3,5 *)"),
        ("0 2 * * 0-7", "cron(0 2 ? * 1,2,3,4,5,6,7 *)"),
    ],
)
def test_translation(cron: str, translated: str) -> None:
    assert accepted(cron)
    assert eventbridge_cron(cron) == translated


@pytest.mark.parametrize(
    "cron", ["0 2 * * 6-0", "0 2 * * 5-1", "0 2 * * 8", "0 2 * * 1,*", "0 2 *,1 * *", "0 2 * * */2", "0 2 * * 1/2"]
)
def test_what_cannot_be_translated_right_is_refused(cron: str) -> None:
    assert not accepted(cron)


@steady
@given(crons | anything)
@example("0 2 1 * 1")
@example("0 0 29 2 *")
def test_what_is_accepted_has_six_fields_and_one_open_day(cron: str) -> None:
    if not accepted(cron):
        return
    translated = eventbridge_cron(cron)
    inner = re.fullmatch(r"cron\((.*)\)", translated)
    assert inner is not None
    minute, hour, day, month, weekday, year = inner.group(1).split(" ")
    assert [day, weekday].count("?") == 1
    assert year == "*"
    assert all(re.fullmatch(FIELD, field) for field in (minute, hour, month)), translated
    assert weekday == "?" or re.fullmatch(r"[1-7](,[1-7])*", weekday)
    assert len(translated) <= 256


@steady
@given(ranges(0, 7))
def test_a_weekday_is_the_same_day_to_both(weekday: str) -> None:
    assert accepted(f"0 0 * * {weekday}")
    translated = eventbridge_cron(f"0 0 * * {weekday}")
    runs = islice(CronSim(f"0 0 * * {weekday}", datetime(2026, 1, 1)), 14)
    fired = sorted({run.isoweekday() % 7 + 1 for run in runs})  # EventBridge: 1 is Sunday
    assert translated == f"cron(0 0 ? * {','.join(map(str, fired))} *)"


@steady
@given(crons)
def test_well_formed_cron_is_refused_only_for_a_reason(cron: str) -> None:
    """Both day fields, a day no month has, or a step no field has: nothing else that cron(5) takes is refused."""
    if not accepted(cron):
        _, _, day, _, weekday = cron.split(" ")
        never = "29" in day or "30" in day or "31" in day
        assert (day != "*" and weekday != "*") or never or "/" in cron
