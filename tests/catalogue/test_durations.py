"""Spans of time: ISO 8601 and nothing else."""

import pytest

from catalogue.durations import minutes_or_none
from catalogue.marks import UNKNOWN
from catalogue.properties import Malformed, NotKnown, Properties


@pytest.mark.parametrize(
    ("text", "minutes"), [("PT2H", 120), ("P1D", 1440), ("PT90S", 1.5), ("P1W", 10_080), ("", None), (None, None)]
)
def test_a_duration_is_read_in_minutes(text: str | None, minutes: float | None) -> None:
    assert minutes_or_none(Properties({"limits": {"timeout": text}}), "limits.timeout") == minutes


@pytest.mark.parametrize("text", ["2:00", "120", "PT", "soon", "-P1D", 120])
def test_what_is_no_duration_is_said(text: object) -> None:
    with pytest.raises(Malformed, match=r"^limits\.timeout is .* no ISO 8601 duration$"):
        minutes_or_none(Properties({"timeout": text}, "limits"), "timeout")


def test_what_is_not_known_waits() -> None:
    with pytest.raises(NotKnown):
        minutes_or_none(Properties({"timeout": UNKNOWN}), "timeout")
