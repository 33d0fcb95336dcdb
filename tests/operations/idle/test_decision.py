"""Whether something is idle, case by case, on any figures."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from operations.idle.decision import HOUR, Evidence, Figures, Judged, LastUse, State, Unread, decide
from tests.rows import rows

NOW = datetime(2026, 11, 26, 10, 40, tzinfo=UTC)
END = datetime(2026, 11, 26, 10, tzinfo=UTC)
"""The start of the hour in which it is now, which is the end of the window."""
LONG_AGO = END - timedelta(days=400)


def ago(*hours: int, value: float = 1) -> dict[datetime, float]:
    """A figure in each of these hours; 1 is the last whole one, 0 the one that runs."""
    return {END - HOUR * hour: value for hour in hours}


def of(
    asked: Mapping[datetime, float] | None = None,
    stood: Mapping[datetime, float] | None = None,
    waiting: Mapping[datetime, float] | None = None,
    made: datetime | None = LONG_AGO,
    replicas: int | None = None,
    sleeps: bool = False,
) -> Figures:
    standing = ago(*range(1, 101)) if stood is None else stood
    return Figures(asked or {}, standing, "its machines", waiting or {}, made, replicas, sleeps)


NIGHTS = {END - HOUR * back: float((END - HOUR * back).hour in range(7, 19)) for back in range(1, 101)}
"""Off from seven in the evening to seven in the morning: the cloud says that there were no machines then."""

CASES: Mapping[str, tuple[Evidence, State, str]] = {
    "its machines stood and nobody called": (of(), State.IDLE, "stood for 100 hours"),
    "a figure of no requests is none": (of(asked=ago(3, value=0)), State.IDLE, ""),
    "a call within the window": (of(asked=ago(70)), State.BUSY, "was asked"),
    "a call in the hour that runs": (of(asked=ago(0)), State.BUSY, "was asked"),
    "a call before the window": (of(asked=ago(73)), State.IDLE, "stood for 72 hours"),
    "a call of an hour in which nobody saw the machines": (of(asked=ago(5), stood={}), State.BUSY, ""),
    "no figure at all": (of(stood={}), State.UNKNOWN, "not even of its machines"),
    "no figure at all, of what may sleep": (of(stood={}, sleeps=True), State.UNKNOWN, "says nothing"),
    "a gap of an hour": (of(stood=ago(1, 2, 3, *range(5, 101))), State.UNKNOWN, "for 1 of 72 hours"),
    "a gap before the window": (of(stood=ago(*range(1, 73), *range(80, 101))), State.IDLE, "stood for 72 hours"),
    "a longer gap": (of(stood=ago(*range(1, 20), *range(23, 101))), State.UNKNOWN, "for 3 of 72 hours"),
    "monitoring that ended": (of(stood=ago(*range(30, 101))), State.UNKNOWN, "for 29 of 72 hours"),
    "new": (of(made=NOW - timedelta(hours=5), stood=ago(*range(1, 5))), State.NEW, "was made"),
    "new, and called": (of(made=NOW - timedelta(hours=5), asked=ago(2), stood=ago(1)), State.BUSY, ""),
    "made when nobody knows": (of(made=None, stood=ago(*range(1, 10))), State.UNKNOWN, "for 63 of 72"),
    "made when nobody knows, and seen long enough": (of(made=None), State.IDLE, ""),
    "a queue with requests": (of(waiting=ago(9, value=4), replicas=0, sleeps=True), State.BUSY, "queue"),
    "a queue that ran empty before the window": (of(waiting=ago(90, value=4)), State.IDLE, ""),
    "asleep at zero": (of(stood={}, replicas=0, sleeps=True), State.ASLEEP, "burns nothing"),
    "sleeps, but stood the whole window": (of(replicas=1, sleeps=True), State.IDLE, ""),
    "sleeps, and stood for a part": (
        of(stood=ago(*range(1, 30)), replicas=1, sleeps=True),
        State.UNKNOWN,
        "without a machine or without monitoring",
    ),
    "off at night": (of(stood=NIGHTS), State.IDLE, ""),
    "off the whole window": (of(stood=ago(*range(1, 101), value=0)), State.ASLEEP, "no machine for 72 hours"),
    "just woken": (of(stood={**ago(*range(4, 101), value=0), **ago(1, 2, 3)}), State.UNKNOWN, "judged from 24 on"),
    "a stamp of tomorrow": (of(asked=ago(-24)), State.UNKNOWN, "later than the cloud's own clock"),
    "machines of tomorrow": (of(stood=ago(*range(-24, 101))), State.UNKNOWN, "later than the cloud's own clock"),
    "a right is missing": (Unread("it takes a right"), State.UNKNOWN, "it takes a right"),
    "a stopped machine": (LastUse(runs=False, at=LONG_AGO), State.ASLEEP, "stopped"),
    "a machine in use": (LastUse(runs=True, at=NOW - HOUR), State.BUSY, "was used"),
    "a machine that nobody uses": (LastUse(runs=True, at=NOW - 90 * HOUR), State.IDLE, "for 90 hours"),
    "a machine that nobody uses, which should have stopped": (
        LastUse(runs=True, at=NOW - 90 * HOUR, stops_after=60),
        State.IDLE,
        "",
    ),
    "a machine that stops by itself": (LastUse(runs=True, stops_after=60), State.BUSY, "after 60 idle minutes"),
    "a machine that stops too late to tell": (LastUse(runs=True, stops_after=9999), State.UNKNOWN, ""),
    "a machine of which nothing is known": (LastUse(runs=True), State.UNKNOWN, "does not say who uses it"),
    "a new machine": (LastUse(runs=True, made=NOW - HOUR), State.NEW, "was made"),
    "a use of tomorrow": (LastUse(runs=True, at=NOW + 24 * HOUR), State.UNKNOWN, "clock"),
}


@rows("case", CASES)
def test_each_case(case: str) -> None:
    evidence, state, says = CASES[case]
    found = decide(evidence, NOW, 72)
    assert found.state is state and says in found.says


def test_a_silent_variant_beside_a_busy_one_is_judged_by_itself() -> None:
    live, shadow = (decide(of(asked=asked), NOW, 72).state for asked in (ago(1, 2, 3), None))
    assert (live, shadow) == (State.BUSY, State.IDLE)


def test_since_when_it_is_idle() -> None:
    def since(figures: Figures) -> tuple[datetime | None, bool, int]:
        found = decide(figures, NOW, 72)
        return found.since, found.at_least, found.hours

    assert since(of()) == (END - 100 * HOUR, True, 100), "nobody looked further back"
    assert since(of(asked=ago(90))) == (END - 89 * HOUR, False, 89), "the hour after the last call"
    assert since(of(made=END - 80 * HOUR, stood=ago(*range(1, 81)))) == (END - 80 * HOUR, False, 80), "when it was made"
    broken = ago(*range(1, 85), *range(90, 101))
    assert since(of(stood=broken, asked=ago(95))) == (END - 84 * HOUR, True, 84), "nobody saw the hours before"
    nightly = decide(of(stood=NIGHTS), NOW, 72)
    assert nightly.hours == sum(NIGHTS.values()), "an hour off burns nothing"


@given(
    asked=st.sets(st.integers(-1, 100)),
    stood=st.sets(st.integers(0, 100)),
    made=st.none() | st.integers(0, 500),
    sleeps=st.booleans(),
)
def test_it_is_idle_only_where_its_machines_were_seen_and_nobody_asked(
    asked: set[int], stood: set[int], made: int | None, sleeps: bool
) -> None:
    since = None if made is None else END - made * HOUR
    found: Judged = decide(of(ago(*asked), ago(*stood), made=since, sleeps=sleeps), NOW, 72)
    window = set(range(1, 73))
    if found.state is State.IDLE:
        assert not asked & window and 0 not in asked and -1 not in asked
        assert window <= stood and (made is None or made >= 72)
        assert found.since is not None and found.since <= END - 72 * HOUR and 0 < found.hours <= 101
    if asked & window:
        assert found.state is State.BUSY
