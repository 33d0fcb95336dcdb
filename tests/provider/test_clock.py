"""A wait ends when the engine cancels, and what metrics are asked for is the clouds' own notation of time."""

import pytest

from provider.clock import WallClock, stamp
from provider.errors import Cancelled


def test_a_cancelled_wait_ends_with_a_sentence():
    clock = WallClock()
    clock.cancelled.set()
    with pytest.raises(Cancelled, match="cancelled while waiting"):
        clock.sleep(3600)


def test_a_stamp_is_rfc_3339_in_utc():
    assert stamp(1_800_000_000.9) == "2027-01-15T08:00:00Z"
