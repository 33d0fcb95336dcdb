"""Decides whether something is idle, from figures alone: idle, busy, asleep, new or unknown.

Silence is no evidence. A cloud publishes no figure where there was no request, and none where its monitoring failed
either. So a second figure is asked for, which standing machines publish by themselves, such as how many there are.
Only an hour that has this one and no request is an idle hour. Where it is missing too, nothing is known.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from math import ceil

HOUR = timedelta(hours=1)
LATE = timedelta(minutes=15)
"""How long a figure may be on its way. The slowest say six minutes: Vertex AI's,
https://docs.cloud.google.com/monitoring/api/metrics_gcp_a_b#gcp-aiplatform."""
SKEW = timedelta(minutes=10)
"""How far a cloud's stamps may be ahead of its own clock before neither is believed."""
LEAST = 3
"""What was off for most of a window is judged once its machines stood for one part in so many of it."""


class State(StrEnum):
    """What is known of a part."""

    IDLE = "idle"
    BUSY = "busy"
    ASLEEP = "asleep"
    """No machine of it stands, so nothing burns."""
    NEW = "new"
    """It was made within the time that nobody may have asked anything of what is idle."""
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Unread:
    """Nobody could read what was asked of a part. `why` says it in a clause."""

    why: str


@dataclass(frozen=True)
class Figures:
    """What a cloud's monitoring says of one part, by the hour at whose start the figure stands.

    `asked` are requests, `waiting` those in a queue. `stood` is the figure of machines that stand, which `control`
    names; zero says that none did. `made` is when the part was made, `replicas` how many machines stand now. Both are
    None where the cloud did not say. With `sleeps` the platform itself takes the last machine away, and hours without
    any are nothing strange.
    """

    asked: Mapping[datetime, float]
    stood: Mapping[datetime, float]
    control: str
    waiting: Mapping[datetime, float] = field(default_factory=dict[datetime, float])
    made: datetime | None = None
    replicas: int | None = None
    sleeps: bool = False


@dataclass(frozen=True)
class LastUse:
    """What a cloud says of a person's machine, or of anything that has no requests to count.

    `at` is when somebody last used it, None where the cloud does not say. `stops_after` are the idle minutes after
    which the platform stops it by itself, None where it does not.
    """

    runs: bool
    at: datetime | None = None
    made: datetime | None = None
    stops_after: float | None = None


Evidence = Figures | LastUse | Unread


@dataclass(frozen=True)
class Judged:
    """What is known of a part, and why.

    `since` is the moment from which it has been so. With `at_least` it may be longer: nobody looked further back.
    `hours` is how long machines stood since then, of what is idle.
    """

    state: State
    says: str
    since: datetime | None = None
    at_least: bool = False
    hours: int = 0


def decide(evidence: Evidence, now: datetime, since_hours: int) -> Judged:
    """Judge a part. It is idle where its machines stood and nobody asked anything for `since_hours`.

    `now` is by the cloud's clock. Evidence may reach further back than `since_hours`: then it says since when.
    """
    if isinstance(evidence, Unread):
        return Judged(State.UNKNOWN, evidence.why)
    if isinstance(evidence, LastUse):
        return _used(evidence, now, since_hours)
    return _counted(evidence, now, since_hours)


def _counted(figures: Figures, now: datetime, since_hours: int) -> Judged:
    end = (now - LATE).replace(minute=0, second=0, microsecond=0)
    window = [end - HOUR * back for back in range(since_hours, 0, -1)]
    called = sorted(hour for hour, count in figures.asked.items() if count > 0 and hour <= now)
    if called and called[-1] >= window[0]:
        return Judged(State.BUSY, f"was asked within the hour from {told(called[-1])}", called[-1])
    queued = sorted(hour for hour, count in figures.waiting.items() if count > 0 and hour <= now)
    if queued and queued[-1] >= window[0]:
        return Judged(State.BUSY, f"had requests in its queue within the hour from {told(queued[-1])}", queued[-1])
    ahead = max((*figures.asked, *figures.stood, *figures.waiting), default=now)
    if ahead > now + SKEW:
        return Judged(State.UNKNOWN, f"has a figure of {told(ahead)}, later than the cloud's own clock, {told(now)}")
    if figures.replicas == 0:
        return Judged(State.ASLEEP, "has no machine now, and burns nothing")
    if figures.made is not None and figures.made > window[0]:
        return _new(figures.made, since_hours)
    return _silent(figures, window, called)


def _silent(figures: Figures, window: list[datetime], called: list[datetime]) -> Judged:
    """Judge what nobody asked anything in the window, by the hours in which its machines are known to have stood."""
    seen = [hour for hour in window if hour in figures.stood]
    stood = [hour for hour in seen if figures.stood[hour] > 0]
    unseen = len(window) - len(seen)
    if not seen:
        return Judged(
            State.UNKNOWN,
            f"has no figure at all of the last {len(window)} hours, not even of {figures.control}, "
            "so its silence says nothing",
        )
    if unseen:
        sleeps = ", which are hours without a machine or without monitoring" if figures.sleeps else ""
        return Judged(State.UNKNOWN, f"has no figure of {figures.control} for {unseen} of {len(window)} hours{sleeps}")
    if not stood:
        return Judged(State.ASLEEP, f"had no machine for {len(window)} hours, and burns nothing")
    if len(stood) < (least := ceil(len(window) / LEAST)):
        return Judged(
            State.UNKNOWN, f"stood for {len(stood)} of the last {len(window)} hours only, and is judged from {least} on"
        )
    since, at_least = _since(figures, window, called)
    hours = sum(1 for hour, value in figures.stood.items() if value > 0 and since <= hour < window[-1] + HOUR)
    return Judged(State.IDLE, f"nobody asked anything of it while it stood for {hours} hours", since, at_least, hours)


def _since(figures: Figures, window: list[datetime], called: list[datetime]) -> tuple[datetime, bool]:
    """From when on nobody asked, and whether it may be from longer ago. An unseen hour before the window ends it."""
    since = window[0]
    floor = called[-1] + HOUR if called and called[-1] < window[0] else None
    while since - HOUR in figures.stood and (floor is None or since > floor):
        since -= HOUR
    if figures.made is not None and since <= figures.made.replace(minute=0, second=0, microsecond=0) + HOUR:
        return figures.made, False
    return since, floor is None or since > floor


def _used(use: LastUse, now: datetime, since_hours: int) -> Judged:
    start = now - HOUR * since_hours
    if not use.runs:
        return Judged(State.ASLEEP, "is stopped; only its disk bills")
    if use.at is not None and use.at > now + SKEW:
        return Judged(State.UNKNOWN, f"was used at {told(use.at)}, later than the cloud's own clock, {told(now)}")
    if use.at is not None and use.at >= start:
        return Judged(State.BUSY, f"was used at {told(use.at)}", use.at)
    if use.at is None and use.stops_after is not None and use.stops_after <= since_hours * 60:
        return Judged(State.BUSY, f"runs, and would have stopped after {use.stops_after:g} idle minutes")
    if use.made is not None and use.made > start:
        return _new(use.made, since_hours)
    if use.at is None:
        return Judged(State.UNKNOWN, "runs, never stops by itself, and the cloud does not say who uses it")
    hours = int((now - use.at) / HOUR)
    return Judged(State.IDLE, f"nobody has used it for {hours} hours", use.at, False, hours)


def _new(made: datetime, since_hours: int) -> Judged:
    return Judged(State.NEW, f"was made at {told(made)}, and is judged from {told(made + HOUR * since_hours)} on")


def told(moment: datetime) -> str:
    """A moment as people read it, in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M UTC")
