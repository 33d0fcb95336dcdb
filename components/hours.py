"""The hours of the week in which something may run, and when they begin and end."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from catalogue.week import DAY, DAYS, WEEK, minutes_of, together, wrong
from components.given import Args, BadArgument


@dataclass(frozen=True)
class Moment:
    """A time of day on days of the week, and how many minutes what begins then lasts where that matters."""

    hour: int
    minute: int
    days: Sequence[str]
    lasts: int = 0

    @property
    def clock(self) -> str:
        """The time in four digits: 0730."""
        return f"{self.hour:02}{self.minute:02}"

    @property
    def short_days(self) -> str:
        """The days as cron expressions of AWS write them: MON,TUE."""
        return ",".join(day[:3].upper() for day in self.days)


@dataclass
class Hours(Args):
    """When something may run, by the clock of a time zone. The program must know it.

    Raises BadArgument for a day or a range that is none, for no range at all, and for the whole week.
    """

    days: Mapping[str, str]
    """A range of hours such as 07:00-19:00, by the day on which it begins, such as monday.

    One that ends at or before the time it begins ends on the next day. 24:00 is the end of a day.
    """
    timezone: str
    """The IANA time zone of the hours, such as Europe/Berlin."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for day, text in self.days.items():
            if day not in DAYS:
                raise BadArgument(f"Hours.days: found {day!r}; give days such as monday")
            try:
                minutes_of(text)
            except ValueError as error:
                raise BadArgument(f"Hours.days[{day!r}]: found {text!r}; give {error}") from None
        if sentence := wrong(self.days):
            raise BadArgument(f"Hours.days: {sentence}")

    @property
    def begin(self) -> Sequence[Moment]:
        """When it begins that something may run."""
        return _moments([(begins, 0) for begins, _ in together(self.days)])

    @property
    def end(self) -> Sequence[Moment]:
        """When it ends."""
        return _moments([(ends, 0) for _, ends in together(self.days)])

    def quiet(self, settles: int) -> Sequence[Moment]:
        """When it ends, and for how many minutes nobody is to be told what waits.

        That is until `settles` minutes after it begins again, or half of the hours that follow where these are short.
        """
        ranges = together(self.days)
        after = [*ranges[1:], (ranges[0][0] + WEEK, ranges[0][1] + WEEK)]
        return _moments(
            [
                (ends, begins - ends + min(settles, (stops - begins) // 2))
                for (_, ends), (begins, stops) in zip(ranges, after, strict=True)
            ]
        )


def _moments(times: Sequence[tuple[int, int]]) -> Sequence[Moment]:
    """Minutes of the week, each with how long it lasts, as times of day: one for all days that are alike."""
    found: dict[tuple[int, int], list[int]] = {}
    for at, lasts in times:
        found.setdefault((at % DAY, lasts), []).append(at // DAY % 7)
    return [
        Moment(at // 60, at % 60, [DAYS[day] for day in sorted(days)], lasts) for (at, lasts), days in found.items()
    ]
