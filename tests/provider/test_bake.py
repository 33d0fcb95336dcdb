"""The bake: what it judges by, how long it goes on without figures, and what it says of both."""

import math

import pytest

from provider.bake import BLIND_SECONDS, GIVE_BACK_SECONDS, Bounds, Measured, Rejected, bake, given_back
from provider.clock import InstantClock
from provider.errors import Cancelled, CloudError, ProviderError

HALF_AN_HOUR = Bounds(30, 250, 1.5)
GOOD = Measured(90.0, 0.5)
UNREADABLE = [
    ProviderError("metrics: no answer"),
    CloudError("metrics: forbidden", 403),
    KeyError("points"),
    TypeError("'str' is no number"),
    Measured(math.nan, None),
    Measured(90.0, math.inf),
]


class Metrics:
    """Answers one after the other, and the last one from then on. `asked` is when, in seconds since the start."""

    def __init__(self, *answers):
        self.clock = InstantClock()
        self.start = self.clock.now()
        self.answers = list(answers)
        self.asked = []

    def __call__(self, start, end):
        assert start == self.start
        self.asked.append(end - self.start)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def bake(self, bounds=HALF_AN_HOUR):
        return bake(self.clock, bounds, self)


def test_the_last_measurement_is_of_the_whole_bake():
    metrics = Metrics(GOOD, GOOD, Measured(100.0, 1.0))
    assert metrics.bake() == Measured(100.0, 1.0)
    assert metrics.asked == [60.0 * minute for minute in range(1, 31)]


@pytest.mark.parametrize("error", UNREADABLE, ids=repr)
def test_metrics_that_cannot_be_read_for_a_while_are_read_again(error):
    assert Metrics(GOOD, error, error, error, GOOD).bake() == GOOD


@pytest.mark.parametrize("error", UNREADABLE, ids=repr)
def test_a_canary_that_nobody_can_judge_does_not_serve_on(error):
    metrics = Metrics(GOOD, error)
    with pytest.raises(Rejected, match=r"^its metrics could not be read "):
        metrics.bake()
    assert metrics.asked[-1] == 60 + BLIND_SECONDS


def test_a_bake_whose_last_minute_is_unread_is_not_passed():
    with pytest.raises(Rejected, match=r"its metrics could not be read \(metrics: no answer\)"):
        Metrics(*[GOOD] * 29, UNREADABLE[0]).bake()


def test_a_login_that_has_ended_ends_the_bake_at_once():
    metrics = Metrics(CloudError("metrics: token expired", 401))
    with pytest.raises(Rejected, match="token expired"):
        metrics.bake()
    assert metrics.asked == [60]


def test_a_cancel_is_no_unread_metric():
    with pytest.raises(Cancelled):
        Metrics(Cancelled("cancelled while waiting")).bake()


@pytest.mark.parametrize(
    ("measured", "said"),
    [
        (GOOD, "its p95 latency was 90 ms and 0.5 % of its answers were errors"),
        (Measured(None, 0.0), "0 % of its answers were errors"),
        (Measured(None, None), "nobody called it, so no figure judged it"),
    ],
)
def test_figures_are_said_and_so_is_that_there_are_none(measured, said):
    assert str(measured) == said


def test_giving_back_is_tried_for_minutes_and_then_left_to_a_person():
    clock, tries = InstantClock(), []

    def fails():
        tries.append(clock.now())
        raise CloudError("endpoint e: traffic: no", 403)

    error = given_back(Rejected("it was slow"), clock, "endpoint e: with 10 %", fails, pytest.fail, "cloud undo")
    assert str(error) == (
        "endpoint e: with 10 %, it was slow; giving the traffic back failed too, so it may still have traffic "
        "(endpoint e: traffic: no): do it by hand, `cloud undo`"
    )
    assert GIVE_BACK_SECONDS <= tries[-1] - tries[0] <= GIVE_BACK_SECONDS + 60
    assert len(tries) == 21


def test_a_bug_of_our_own_gives_the_traffic_back_too():
    back = []
    error = given_back(
        ZeroDivisionError("division"), InstantClock(), "e", lambda: back.append(1), lambda: "old serves", ""
    )
    assert back == [1]
    assert (
        str(error) == "e, a bug in the mlplatform provider ended the update: ZeroDivisionError('division'); old serves"
    )
