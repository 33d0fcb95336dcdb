"""What the checks of several sections share: addresses and hardware of the stack's own platform."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from difflib import get_close_matches

from catalogue.hardware import catalogue
from catalogue.hardware.catalogue import Catalogue, Use
from catalogue.pauses import lost_to
from catalogue.platforms import PLATFORMS, Form
from catalogue.wording import found_word
from stacks.fields import Machine, Unsaid
from stacks.model import Path, Problem, StackConfig

Check = Callable[[StackConfig], Iterator[Problem]]


def one_by_one(*checks: Check) -> Check:
    """The checks as one. Where one cannot be made, for what it reads is wrong, the others still are."""

    def check(config: StackConfig) -> Iterator[Problem]:
        for each in checks:
            with suppress(Unsaid):
                yield from each(config)

    return check


def address(config: StackConfig, path: Path, uri: str, further: Form | None = None) -> Iterator[Problem]:
    """The address is one of the platform, and has the further form where one is given, whose example is then told."""
    own = PLATFORMS[config.platform].uri
    if not re.fullmatch(own.pattern or "", uri):
        example = (further.example if further else "") or own.example
        yield Problem(path, f"found {found_word(uri)}, allowed: {own.such_as(example)}")
    elif further and not re.fullmatch(further.pattern or "", uri):
        yield Problem(path, f"found {found_word(uri)}, allowed: {further.words}")


def expires(
    path: Path, folder: str, days: int, stays: Iterable[str], others: Iterable[tuple[str, int]]
) -> Iterator[Problem]:
    """Nothing that stays lies below a folder whose files are deleted after some days, nor what stays there longer.

    `others` are the folders that expire too, with their days: a file goes as soon as one of its folders says so.
    """
    for uri in sorted({uri for uri in stays if uri.startswith(folder)}):
        yield Problem(
            path,
            f"found {found_word(folder)}, whose files are deleted after {days} days, {found_word(uri)} among them; "
            "allowed: a folder in which nothing else lies",
        )
    for other, longer in sorted({one for one in others if one[0].startswith(folder) and one[1] > days}):
        yield Problem(
            path,
            f"found {found_word(folder)}, whose files are deleted after {days} days, and {found_word(other)} in it is "
            f"to keep its own for {longer}; allowed: folders apart, or the same keep_days",
        )


def pulled(config: StackConfig, path: Path, image: str) -> Iterator[Problem]:
    """The platform can pull the image: its registry is one that the ML service reads, and of a region that it reads."""
    form = PLATFORMS[config.platform].image
    # A region that is none is a mistake of its own, and no second one of each image.
    region = config.region if config.region in catalogue.region_names(config.platform) else "[a-z0-9-]+"
    if not re.fullmatch((form.pattern or "").replace("{region}", region), image):
        yield Problem(path, f"found {found_word(image)}, allowed: {form.words.replace('{region}', config.region)}")


def kept_time(config: StackConfig, path: Path, schedule: str, timezone: str) -> Iterator[Problem]:
    """The platform keeps the schedule of the item at `path`, and the clock of its time zone neither skips nor repeats
    a start, unless each hour has one.

    Azure ML's schedules know neither days of a month nor every time zone; their own reader says which.
    EventBridge Scheduler skips the run in spring and runs it once in autumn: "Daylight savings time",
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html
    Cloud Scheduler follows the clock, so that a job may run or not: "Time zone",
    https://cloud.google.com/scheduler/docs/configuring/cron-job-schedules
    Of Azure ML's schedules no page says what they do; they are taken to do as Cloud Scheduler does.
    """
    if config.platform == "azure":
        from catalogue.ncrontab import ncrontab, windows_timezone

        for key, said, read in (("schedule", schedule, ncrontab), ("timezone", timezone, windows_timezone)):
            try:
                read(said)
            except ValueError as error:
                yield Problem((*path, key), str(error))
    if (jump := lost_to(schedule, timezone, twice=config.platform != "aws")) is not None:
        lost = "no run starts then" if jump.skips else "a run may start twice"
        yield Problem(
            (*path, "schedule"),
            f"found {schedule!r} in {timezone}, whose clock {jump}, so {lost}; allowed: a time outside of it, or "
            "timezone UTC",
        )


def offered(config: StackConfig, path: Path, asked: Machine, use: Use) -> Iterator[Problem]:
    """The platform has the machine that an item asks for, by its family or its type, and offers it for this use."""
    if asked.machine_type is not None:
        yield from _offered_type(config, (*path, "machine_type"), asked, use)
    elif asked.family is not None:
        yield from _offered_family(config, (*path, "family"), asked.family, use)
    else:
        sentence = "is missing; add one such as cpu-small, or a machine type of the platform under machine_type"
        yield Problem((*path, "family"), sentence)


def _offered_family(config: StackConfig, path: Path, family: str, use: Use) -> Iterator[Problem]:
    families = catalogue.load(config.platform).families
    if absent := families[family].absent:
        yield Problem(path, f"found {family!r}, which {config.platform} lacks: {absent}")
    elif use not in families[family].uses:
        allowed = ", ".join(name for name, figures in families.items() if use in figures.uses)
        yield Problem(path, f"found {family!r}, which {config.platform} does not offer for {use}, allowed: {allowed}")


def _offered_type(config: StackConfig, path: Path, asked: Machine, use: Use) -> Iterator[Problem]:
    known, name = catalogue.load(config.platform), str(asked.machine_type)
    if asked.family is not None:
        yield Problem(path, f"found {found_word(name)} beside family {asked.family!r}, allowed: one of the two")
    elif (machine := known.machine_types.get(name)) is None:
        near = _meant(name, known, use)
        listed = f"catalogue/hardware/machines/{config.platform}.csv lists them"
        hint = f"did you mean {' or '.join(near)}?" if near else listed
        product = PLATFORMS[config.platform].product
        yield Problem(path, f"found {found_word(name)}, allowed: a machine type of {product}; {hint}")
    elif machine.retires and machine.retires <= known.dated:
        yield Problem(
            path, f"found {name!r}, which {config.platform} has no more since {machine.retires}, {_take(use)}"
        )
    elif use not in machine.uses:
        offers = ", ".join(machine.uses)
        sentence = f"found {name!r}, which {config.platform} does not offer for {use}, only for {offers}, {_take(use)}"
        yield Problem(path, sentence)


def _meant(name: str, known: Catalogue, use: Use) -> list[str]:
    """The machine types that a wrong name may mean: the one that differs in case alone, else those that are close.

    None of them is refused in turn.
    """
    on_offer = {
        _bare(each): each
        for each, machine in known.machine_types.items()
        if use in machine.uses and not (machine.retires and machine.retires <= known.dated)
    }
    said = _bare(name)
    same = [on_offer[said]] if said in on_offer else []
    return same or [on_offer[near] for near in get_close_matches(said, on_offer, n=3, cutoff=0.75)]


def _bare(machine_type: str) -> str:
    """The name without what every name of its platform begins with, which makes no two of them close."""
    return machine_type.lower().removeprefix("standard_").removeprefix("ml.")


def _take(use: Use) -> str:
    return f"allowed: a machine type for {use}, or a family under family"
