"""What a resource runs, and when: jobs and the steps of pipelines, what starts them, and a schedule in words.

A kind's record tells it (`Runs.work`). Nothing here is of one platform.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from catalogue.graph import Resource
from catalogue.machines import Machines
from catalogue.week import DAYS
from catalogue.wording import in_words

PEOPLE = "people"
"""Who starts what no schedule does, where its tag says how often."""


@dataclass(frozen=True)
class Part:
    """One job of a run: the machines of it that run at once, and for how many hours of a run they bill at most.

    `name` is that of a step of a pipeline, empty of what is no step. `hours` are those of all its attempts, without
    what it waits for Spot machines, and None where nothing of the job says it. `attempts` is how often a run may start
    it, one after the other, and None where nothing says that. One that is `beside` stands beside all others, from the
    begin of a run to its end.
    """

    name: str
    does: str
    machines: tuple[Machines, ...]
    hours: float | None
    attempts: int | None = 1
    beside: bool = False


@dataclass(frozen=True)
class Start:
    """What starts a run: the schedule `by` this name, or `PEOPLE`; when, in words; and how often in a month."""

    by: str
    when: str
    a_month: float


@dataclass(frozen=True)
class Work:
    """What one resource runs. `waits` are the parts that each part waits for, by name.

    `hours` is when all of a run has ended, where the run as a whole has a bound. `others` are resources that an alarm
    watches in its place, such as the schedule that starts it. `called` are the words by which logs call it, where these
    are not the resource's own name.
    """

    parts: tuple[Part, ...]
    waits: Mapping[str, Collection[str]]
    starts: tuple[Start, ...]
    hours: float | None = None
    others: tuple[Resource, ...] = ()
    called: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """What it is in words: what its one job does, a batch job where all score, and otherwise a pipeline."""
        done = {part.does for part in self.parts}
        return done.pop() if len(self.parts) == 1 or done == {"batch job"} else "pipeline"


def by_people(runs: float | None) -> tuple[Start, ...]:
    """What people start, by the number of runs in a month that a tag says; none where there is no tag."""
    return (Start(PEOPLE, f"at most {runs:g} times a month", runs),) if runs else ()


_SHORT = {name[:3].upper(): number for number, name in enumerate(DAYS)}


def days_in_words(days: Collection[int]) -> str:
    """Days of the week by their numbers from Monday (0) on: `every day`, `every Sunday`, `Monday to Friday`."""
    runs = list[list[int]]()
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    if [len(run) for run in runs] == [7]:
        return "every day"
    said = list[str]()
    for first, *more in runs:
        names = [DAYS[day].capitalize() for day in (first, *more)]
        said += [f"{names[0]} to {names[-1]}"] if len(names) > 2 else names
    return f"every {said[0]}" if len(days) == 1 else in_words(said)


def cron_in_words(cron: str, zone: str) -> str:
    """When a five-field cron(5) fires: `every day at 02:30, Europe/Berlin`.

    What is no time of the day on days of the week or of the month is shown as it stands, for a sentence about it would
    be longer than it.
    """
    at = f", {zone}" if zone else ""
    fields = cron.split()
    if len(fields) == 5 and fields[0].isdecimal() and fields[3] == "*":
        minute, hour, day, _, week = fields
        when = _days(day, week)
        if when and hour.isdecimal():
            return f"{when} at {int(hour):02}:{int(minute):02}{at}"
        if when and hour == "*":
            return f"{'every hour' if when == 'every day' else f'every hour of {when}'} at minute {int(minute)}{at}"
    return f"cron {cron}{at}"


def _days(day: str, week: str) -> str:
    """The days in words; empty where they are neither days of the week nor one day of the month."""
    if day == "*" and week == "*":
        return "every day"
    if week == "*":
        return f"on day {int(day)} of each month" if day.isdecimal() else ""
    if day != "*":
        return ""
    found = set[int]()
    for part in week.split(","):
        ends = [_SHORT.get(end[:3].upper(), (int(end) - 1) % 7 if end in _NUMBERS else None) for end in part.split("-")]
        if None in ends or len(ends) > 2:
            return ""
        first, last = ends[0] or 0, ends[-1] or 0
        if last < first:  # from one week into the next
            last += 7
        found |= {day % 7 for day in range(first, last + 1)}
    return days_in_words(found)


_NUMBERS = frozenset("01234567")
"""The days of the week in cron(5), in which both 0 and 7 are Sunday."""
